//! `import FILE`: the main job from a terminal, by the same engine. It needs no worker beside it.
//!
//! The file is read where it is. Imports that wait before it in the queue are merged on the way, should nobody
//! else do it.

use super::engine::{Engine, Outcome, Source, TO_MERGE, TerminalImport};
use super::import::{Import, Phase};
use super::queries;
use crate::platform::database::Database;
use std::path::Path;
use std::time::Duration;

const LOOK_EVERY: Duration = Duration::from_millis(100);
const RETRY_AFTER: Duration = Duration::from_millis(500);

/// Imports a file of this machine and returns the import when it is over. `watch` is told how far it is.
///
/// # Errors
/// When the file cannot be opened, or the database stays away. An import that fails for what is in the file is
/// no error here: its state says so.
pub async fn import_file(
    engine: &Engine,
    database: &Database,
    path: &Path,
    options: &TerminalImport<'_>,
    watch: impl Fn(&Import) + Send,
) -> anyhow::Result<Import> {
    let id = engine.start_terminal(options).await?;
    let work = work(engine, database, path, id);
    tokio::pin!(work);
    loop {
        tokio::select! {
            over = &mut work => return over,
            () = tokio::time::sleep(LOOK_EVERY) => {
                if let Ok(Some(import)) = queries::find(&database.orm, id).await {
                    watch(&import);
                }
            }
        }
    }
}

/// Reads, then merges whatever is due until this import is over.
async fn work(engine: &Engine, database: &Database, path: &Path, id: i64) -> anyhow::Result<Import> {
    let mut source = Source::file(path);
    let mut ears = engine.doorbell.listen(TO_MERGE);
    loop {
        let import = match queries::find(&database.orm, id).await {
            Ok(Some(import)) => import,
            Ok(None) => anyhow::bail!("the import has been removed"),
            Err(error) => {
                tracing::warn!(%error, "the database is away; trying again");
                tokio::time::sleep(RETRY_AFTER).await;
                continue;
            }
        };
        if import.is_over() {
            return Ok(import);
        }
        if import.attempts > 0 {
            tokio::time::sleep(RETRY_AFTER).await;
        }
        let outcome = match import.phase {
            Phase::Reading if import.read_at.is_none() => {
                engine.read_file(id, &mut source).await.map(|()| Outcome::Worked)
            }
            _ => engine.merge_next().await,
        };
        match outcome {
            Ok(Outcome::Worked) => {}
            Ok(Outcome::Idle) => ears.wait(RETRY_AFTER).await,
            Err(error) => {
                tracing::warn!(%error, "the database is away; trying again");
                tokio::time::sleep(RETRY_AFTER).await;
            }
        }
    }
}
