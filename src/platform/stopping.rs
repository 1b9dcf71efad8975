//! The wish to stop, seen by everything that runs.

use std::time::Duration;
use tokio::sync::watch;

/// Whether the process is to end. Cloning shares the wish.
#[derive(Clone, Debug)]
pub struct Stopping {
    wished: watch::Receiver<bool>,
}

/// Who may say that the process is to end. Dropping it says so too.
#[derive(Debug)]
pub struct Stop {
    wish: watch::Sender<bool>,
}

/// A new wish, not yet uttered.
pub fn stopping() -> (Stop, Stopping) {
    let (wish, wished) = watch::channel(false);
    (Stop { wish }, Stopping { wished })
}

impl Stop {
    /// Asks everything to end.
    pub fn now(&self) {
        self.wish.send_replace(true);
    }
}

impl Stopping {
    /// Waits until the process is to end.
    pub async fn wait(&mut self) {
        // An error means that whoever could ask is gone, which says the same.
        let _ = self.wished.wait_for(|wished| *wished).await;
    }

    /// Waits until the process is to end, and then for that long.
    pub async fn wait_and(&mut self, patience: Duration) {
        self.wait().await;
        tokio::time::sleep(patience).await;
    }

    /// Whether the process is to end.
    pub fn is_wished(&self) -> bool {
        *self.wished.borrow()
    }
}
