//! Every process says every few seconds that it is there.

use super::queries;
use crate::platform::claim;
use crate::platform::stopping::Stopping;
use sqlx::PgPool;
use std::time::Duration;

const SEEN_EVERY: Duration = Duration::from_secs(5);
/// A database that is away must not hold up the end.
const LEAVE_WITHIN: Duration = Duration::from_secs(1);

/// Says so until the process is to stop, and then that it is gone.
pub async fn be_present(pool: &PgPool, role: &'static str, mut stopping: Stopping) {
    let host = nix::unistd::gethostname().map_or_else(|_| String::new(), |name| name.to_string_lossy().into_owned());
    let tag = claim::own_tag();
    while !stopping.is_wished() {
        let seen = async {
            queries::be_seen(pool, tag, role, &host).await?;
            queries::forget_silent(pool).await
        };
        let said = async {
            if let Err(error) = seen.await {
                tracing::debug!(%error, "cannot say that this process is there");
            }
            tokio::time::sleep(SEEN_EVERY).await;
        };
        tokio::select! {
            () = stopping.wait() => {}
            () = said => {}
        }
    }
    // Whoever cannot say goodbye is forgotten in a minute.
    let _ = tokio::time::timeout(LEAVE_WITHIN, queries::leave(pool, tag)).await;
}
