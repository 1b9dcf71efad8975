//! The database as the program opens it: its schema over versions of the program, and what each connection sets.

mod support;

use anyhow::Result;
use product_importer::platform::database::{connect, for_pages, is_current, migrate};
use product_importer::platform::giving_way::{Courtesy, give_way, is_rush};
use sqlx::{PgConnection, PgPool};
use std::time::{Duration, Instant};
use support::database::TestDatabase;
use tokio::task::JoinSet;

async fn setting(pool: &PgPool, name: &str) -> Result<String> {
    Ok(sqlx::query_scalar("SELECT current_setting($1)")
        .bind(name)
        .fetch_one(pool)
        .await?)
}

#[tokio::test]
async fn an_older_program_starts_over_a_newer_schema() -> Result<()> {
    let database = TestDatabase::create().await?;
    let pool = &database.database.pool;
    sqlx::query(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
         VALUES (9999, 'of a newer program', true, 'x', 0)",
    )
    .execute(pool)
    .await?;
    migrate(pool).await?;
    assert!(is_current(pool).await?);
    Ok(())
}

#[tokio::test]
async fn connections_do_not_keep_locks_of_who_is_gone() -> Result<()> {
    let database = TestDatabase::create().await?;
    let pool = connect(&database.url(), 1).await?.pool;
    assert_eq!(setting(&pool, "idle_in_transaction_session_timeout").await?, "10s");
    assert_eq!(setting(&pool, "application_name").await?, "product-importer");
    // Over a Unix socket there is nothing to keep alive, and the server says 0.
    let by_tcp: bool = sqlx::query_scalar("SELECT inet_client_addr() IS NOT NULL")
        .fetch_one(&pool)
        .await?;
    for (name, value) in [("idle", "10"), ("interval", "5"), ("count", "3")] {
        let told = setting(&pool, &format!("tcp_keepalives_{name}")).await?;
        assert_eq!(told, if by_tcp { value } else { "0" }, "{name}");
    }
    Ok(())
}

#[tokio::test]
async fn what_the_address_says_holds() -> Result<()> {
    let database = TestDatabase::create().await?;
    let url = database.url();
    let join = if url.ends_with('?') { "" } else { "&" };
    let stated = "application_name=shop&options=-c%20idle_in_transaction_session_timeout%3D7s";
    let pool = connect(&format!("{url}{join}{stated}"), 1).await?.pool;
    assert_eq!(setting(&pool, "application_name").await?, "shop");
    assert_eq!(setting(&pool, "idle_in_transaction_session_timeout").await?, "7s");
    Ok(())
}

#[tokio::test]
async fn work_gives_way_to_busy_pages_for_a_moment() -> Result<()> {
    let database = TestDatabase::create().await?;
    let pool = &database.database.pool;
    let pages = for_pages(&database.url(), 3, Duration::from_mins(1))?;
    assert_eq!(
        setting(&pages.pool, "application_name").await?,
        "product-importer pages"
    );
    let busy = async || {
        let asleep = "SELECT count(*) FROM pg_stat_activity
                      WHERE datname = current_database() AND query LIKE 'SELECT pg_sleep%' AND state = 'active'";
        sqlx::query_scalar::<_, i64>(asleep).fetch_one(pool).await
    };
    let mut statements = JoinSet::new();
    let mut one_more = async |count| {
        let page = pages.pool.clone();
        statements.spawn(async move { sqlx::query("SELECT pg_sleep(60)").execute(&page).await });
        while busy().await? < count {
            tokio::task::yield_now().await;
        }
        anyhow::Ok(())
    };
    let (moment, minute) = (Duration::from_millis(300), Duration::from_mins(1));
    let waited = async |most| {
        let began = Instant::now();
        give_way(pool, most).await;
        began.elapsed()
    };
    // One is no reason to wait.
    one_more(1).await?;
    assert!(waited(minute).await < minute);
    // Two are one for a moment. Nobody waits who gets no connection at once to ask by, as where this machine is busy.
    one_more(2).await?;
    let deadline = Instant::now() + minute;
    while waited(moment).await < moment {
        assert!(Instant::now() < deadline, "nobody waited");
    }
    // Who has only begun to work goes on with it, and then waits as well.
    let began = Instant::now();
    Courtesy::new(pool.clone(), 10 * minute, minute).show().await;
    assert!(began.elapsed() < minute / 2, "it waited at once");
    let mut courtesy = Courtesy::new(pool.clone(), Duration::ZERO, moment);
    let mut shown = Duration::ZERO;
    while shown < moment {
        assert!(Instant::now() < deadline, "nobody was courteous");
        let began = Instant::now();
        courtesy.show().await;
        shown = began.elapsed();
    }
    Ok(())
}

#[tokio::test]
async fn a_rush_is_told_from_one_person() -> Result<()> {
    let database = TestDatabase::create().await?;
    let pool = &database.database.pool;
    let pages = for_pages(&database.url(), 8, Duration::from_mins(1))?;
    let mut connections = Vec::new();
    for _ in 0..6 {
        connections.push(pages.pool.acquire().await?);
    }
    // However slow this machine is, one round of a few falls within a twentieth of a second.
    let deadline = Instant::now() + Duration::from_mins(1);
    while !is_rush(pool).await {
        assert!(Instant::now() < deadline, "nobody noticed");
        for connection in &mut connections {
            sqlx::query("SELECT 1").execute(&mut **connection).await?;
        }
    }
    let asking = async |connection: &mut PgConnection| sqlx::query("SELECT 1").execute(connection).await;
    let one = &mut connections[0];
    asking(one).await?;
    while is_rush(pool).await {
        assert!(Instant::now() < deadline, "one person is no rush");
        asking(one).await?;
    }
    Ok(())
}
