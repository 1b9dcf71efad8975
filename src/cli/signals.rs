//! Ctrl-C and SIGTERM: the first asks everything to end, a second one ends the process at once.

use crate::platform::stopping::{self, Stopping};
use anyhow::Context as _;
use std::process::ExitCode;
use std::sync::{Arc, OnceLock};
use tokio::signal::unix::{SignalKind, signal};

/// The exit codes that shells give for these signals.
const INTERRUPTED: u8 = 130;
const TERMINATED: u8 = 143;

/// Whether and by which signal the process was asked to end.
pub struct Asked {
    pub stopping: Stopping,
    code: Arc<OnceLock<u8>>,
}

impl Asked {
    /// The exit code that tells the signal, if there was one.
    pub fn exit_code(&self) -> Option<ExitCode> {
        self.code.get().copied().map(ExitCode::from)
    }
}

/// Listens for signals from now on.
pub fn listen() -> anyhow::Result<Asked> {
    let (stop, stopping) = stopping::stopping();
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot listen for signals")?;
    let mut terminate = signal(SignalKind::terminate()).context("cannot listen for signals")?;
    let code = Arc::new(OnceLock::new());
    let first = Arc::clone(&code);
    tokio::spawn(async move {
        loop {
            let code = tokio::select! {
                _ = interrupt.recv() => INTERRUPTED,
                _ = terminate.recv() => TERMINATED,
            };
            if first.set(code).is_err() {
                end_at_once(code);
            }
            tracing::info!("stopping");
            stop.now();
        }
    });
    Ok(Asked { stopping, code })
}

#[expect(
    clippy::disallowed_methods,
    reason = "whoever asks twice does not want to wait; the private PostgreSQL stops when its parent is gone"
)]
fn end_at_once(code: u8) -> ! {
    std::process::exit(i32::from(code))
}
