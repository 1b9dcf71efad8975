//! Faults by location, so that tests can stop a process exactly there. Release builds have none.
//!
//! `PRODUCT_IMPORTER_FAULT=merging.batch:3=abort` ends the process, as `kill -9` would, when it comes to that
//! point the third time; `=error` makes the step fail instead, and `=panic` is a bug.

/// A place at which a test may ask for a fault.
#[cfg(not(debug_assertions))]
#[expect(clippy::unnecessary_wraps, reason = "debug builds can fail here")]
pub fn point(_name: &str) -> anyhow::Result<()> {
    Ok(())
}

/// A place at which a test may ask for a fault.
#[cfg(debug_assertions)]
pub fn point(name: &str) -> anyhow::Result<()> {
    let Some(plan) = planned().filter(|plan| plan.name == name) else {
        return Ok(());
    };
    let passes = plan.passes.fetch_add(1, std::sync::atomic::Ordering::SeqCst) + 1;
    match plan.kind.as_str() {
        "abort" if passes == plan.at => {
            // No destructors, no flushing: like kill -9.
            nix::sys::signal::raise(nix::sys::signal::Signal::SIGKILL)?;
            Ok(())
        }
        "error" if passes >= plan.at => anyhow::bail!("a fault was asked for at {name}"),
        "panic" if passes == plan.at => panic!("a panic was asked for at {name}"),
        _ => Ok(()),
    }
}

#[cfg(debug_assertions)]
struct Plan {
    name: String,
    at: u64,
    kind: String,
    passes: std::sync::atomic::AtomicU64,
}

#[cfg(debug_assertions)]
fn planned() -> Option<&'static Plan> {
    static PLAN: std::sync::OnceLock<Option<Plan>> = std::sync::OnceLock::new();
    PLAN.get_or_init(|| parse(&crate::config::fault()?)).as_ref()
}

#[cfg(debug_assertions)]
fn parse(text: &str) -> Option<Plan> {
    let (place, kind) = text.split_once('=')?;
    let (name, at) = place.split_once(':').unwrap_or((place, "1"));
    Some(Plan {
        name: name.to_owned(),
        at: at.parse().ok()?,
        kind: kind.to_owned(),
        passes: 0.into(),
    })
}
