//! `import FILE`: the main job from a terminal, by the same engine. It needs no worker beside it.
//!
//! The file is read where it is. Imports that wait before it in the queue are merged on the way, should nobody
//! else do it. Asked to stop, it cancels its import: nobody else has the file, or waits for it.

use super::engine::{Engine, Outcome, Source, TO_MERGE, TerminalImport};
use super::import::{Import, Phase};
use super::{queries, staging};
use crate::platform::database::Database;
use anyhow::Context as _;
use std::fs::File;
use std::time::Duration;

const LOOK_EVERY: Duration = Duration::from_millis(100);
const RETRY_AFTER: Duration = Duration::from_millis(500);
/// Nobody at a terminal waits longer than this for others' leftovers to go.
const TIDY_PATIENCE: Duration = Duration::from_secs(2);

/// Imports an open file and returns the import when it is over; `engine.stopping` cancels it. `watch` is told how
/// far it is.
///
/// # Errors
/// When the database stays away. An import that fails for what is in the file is no error here: its state says so.
pub async fn import_file(
    engine: &Engine,
    database: &Database,
    file: File,
    options: &TerminalImport<'_>,
    watch: impl Fn(&Import) + Send,
) -> anyhow::Result<Import> {
    let id = engine.start_terminal(options).await?;
    let mut work = Box::pin(work(engine, database, file, id));
    let import = loop {
        tokio::select! {
            over = &mut work => break over?,
            () = tokio::time::sleep(LOOK_EVERY) => {
                if let Ok(Some(import)) = queries::find(&database.orm, id).await {
                    watch(&import);
                }
            }
        }
    };
    tidy(engine).await;
    Ok(import)
}

/// Reads, then merges whatever is due until this import is over.
async fn work(engine: &Engine, database: &Database, file: File, id: i64) -> anyhow::Result<Import> {
    let mut source = Source::file(file);
    let mut ears = engine.doorbell.listen(TO_MERGE);
    loop {
        if engine.stopping.is_wished() {
            return cancel(database, id).await;
        }
        let import = match queries::find(&database.orm, id).await {
            Ok(Some(import)) => import,
            Ok(None) => anyhow::bail!("the import has been removed"),
            Err(error) => {
                tracing::warn!(%error, "the database is away; trying again");
                pause(engine, tokio::time::sleep(RETRY_AFTER)).await;
                continue;
            }
        };
        if import.is_over() {
            return Ok(import);
        }
        if import.attempts > 0 {
            pause(engine, tokio::time::sleep(RETRY_AFTER)).await;
        }
        let outcome = match import.phase {
            Phase::Reading if import.read_at.is_none() => {
                engine.read_file(id, &mut source).await.map(|()| Outcome::Worked)
            }
            _ => engine.merge_next().await,
        };
        match outcome {
            Ok(Outcome::Worked) => {}
            Ok(Outcome::Idle) => pause(engine, ears.wait(RETRY_AFTER)).await,
            Err(error) => {
                tracing::warn!(%error, "the database is away; trying again");
                pause(engine, tokio::time::sleep(RETRY_AFTER)).await;
            }
        }
    }
}

/// Waits for it, or to be asked to stop.
async fn pause(engine: &Engine, wait: impl Future<Output = ()>) {
    let mut stopping = engine.stopping.clone();
    tokio::select! {
        () = wait => {}
        () = stopping.wait() => {}
    }
}

/// Ends the import, unless it is over, and gives it as it is then.
async fn cancel(database: &Database, id: i64) -> anyhow::Result<Import> {
    let ended = async {
        queries::cancel(&database.pool, id).await?;
        anyhow::Ok(queries::find(&database.orm, id).await?)
    };
    let import = ended.await.context("the import could not be cancelled")?;
    import.context("the import has been removed")
}

/// Removes what killed terminals left, for where no worker runs that would. The next import may as well do it.
async fn tidy(engine: &Engine) {
    let tidying = async {
        queries::fail_orphans(&engine.pool).await?;
        staging::sweep(&engine.pool).await
    };
    match tokio::time::timeout(TIDY_PATIENCE, tidying).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!(%error, "could not tidy up"),
        Err(_) => tracing::debug!("could not tidy up in time"),
    }
}
