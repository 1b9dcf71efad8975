//! As many open files as the system allows: every connection and every viewer of an import is one.

use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// Raises this process's limit as far as it may. The lower one that many systems begin with is for programs that keep
/// open files in a set of bits (`select`), which this one does not.
pub fn allow_most() {
    let raised = getrlimit(Resource::RLIMIT_NOFILE).and_then(|(now, most)| {
        if now < most {
            setrlimit(Resource::RLIMIT_NOFILE, most, most)?;
        }
        Ok(())
    });
    if let Err(error) = raised {
        tracing::debug!(%error, "the limit of open files stays as it is");
    }
}
