//! Work that goes on to its end even when whoever waits for it gives up.
//!
//! sqlx cannot tell how many answers a connection still owes when a COPY is dropped midway: back in the pool, that
//! connection gives the next statement the answer to the one before. So what holds a COPY is never dropped.

use tokio::task::JoinError;

/// Runs `work` in a task of its own and waits for it. Dropping the wait leaves the task running.
///
/// # Errors
/// When the work panicked, or the runtime is going down.
pub async fn to_the_end<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> Result<T, JoinError> {
    tokio::spawn(work).await
}
