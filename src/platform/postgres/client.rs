//! The first caller of a started server: does it answer, and is our database there.
//!
//! Called from the supervisor's own thread, which is not part of any runtime; hence one of its own here.

use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};
use sqlx::{ConnectOptions, Connection, PgConnection, postgres::PgConnectOptions};

use super::cluster::DATABASE;
use super::error::StartError;
use super::folders::PORT;

/// Everything in a path that might mean something to an address.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'/')
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// PostgreSQL's codes for "no such database", "it exists already", and "starting or stopping, come back".
const NO_SUCH_DATABASE: &str = "3D000";
const DATABASE_EXISTS: [&str; 2] = ["42P04", "23505"];
const NOT_NOW: [&str; 3] = ["57P03", "57P01", "57P02"];

/// The address of our database on the server whose socket lies in `socket`, as `sqlx` and `psql` both understand it.
pub(super) fn url(socket: &Path) -> String {
    let path = percent_encode(socket.as_os_str().as_bytes(), ESCAPED);
    format!("postgres:///{DATABASE}?host={path}&port={PORT}&user={DATABASE}&sslmode=disable")
}

/// Whether our database answers at `url`; made when it is missing. An error is one that waiting will not heal.
pub(super) fn answers(url: &str) -> Result<bool, StartError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let asked = runtime
        .map_err(sqlx::Error::Io)
        .and_then(|runtime| runtime.block_on(open(url)));
    match asked {
        Ok(()) => Ok(true),
        Err(sqlx::Error::Database(refusal)) if !has_code(refusal.as_ref(), &NOT_NOW) => Err(StartError::Failed {
            step: "be opened",
            detail: refusal.message().to_owned(),
            log: None,
        }),
        Err(_) => Ok(false),
    }
}

async fn open(url: &str) -> Result<(), sqlx::Error> {
    let options: PgConnectOptions = url.parse()?;
    match PgConnection::connect_with(&options).await {
        Err(sqlx::Error::Database(refusal)) if has_code(refusal.as_ref(), &[NO_SUCH_DATABASE]) => {
            create(&options).await
        }
        connection => connection?.close().await,
    }
}

async fn create(options: &PgConnectOptions) -> Result<(), sqlx::Error> {
    let mut connection = options
        .clone()
        .database("postgres")
        .disable_statement_logging()
        .connect()
        .await?;
    let created = sqlx::raw_sql("CREATE DATABASE product_importer")
        .execute(&mut connection)
        .await;
    connection.close().await?;
    match created {
        // Another process was quicker.
        Err(sqlx::Error::Database(refusal)) if has_code(refusal.as_ref(), &DATABASE_EXISTS) => Ok(()),
        created => created.map(|_| ()),
    }
}

fn has_code(refusal: &dyn sqlx::error::DatabaseError, codes: &[&str]) -> bool {
    refusal.code().is_some_and(|code| codes.contains(&code.as_ref()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_odd_path_survives_in_the_address() {
        let folder = Path::new("/home/zoë & co/100%/socket");
        let options: PgConnectOptions = url(folder).parse().unwrap();
        assert_eq!(options.get_socket().map(std::path::PathBuf::as_path), Some(folder));
        assert_eq!(
            (options.get_database(), options.get_username()),
            (Some(DATABASE), DATABASE)
        );
    }
}
