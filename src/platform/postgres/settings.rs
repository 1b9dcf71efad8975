//! How the private PostgreSQL is set: durable, on a socket only, and modest towards the machine it shares.
//!
//! Settings go on the command line at every start, so that those of a new version of the program take effect.

use std::path::Path;

use super::folders::PORT;
use crate::platform::memory::machine_bytes;

const MB: u64 = 1024 * 1024;

/// The settings as `name=value`, for a server whose socket lies in `socket`.
pub(super) fn settings(socket: &Path) -> Vec<String> {
    let mut settings = fixed();
    settings.extend(memory(machine_bytes()));
    // A list of folders in PostgreSQL's eyes: quoted, so that a comma in the path does not split it.
    let socket = socket.to_string_lossy().replace('"', "\"\"");
    settings.push(format!("unix_socket_directories=\"{socket}\""));
    if shared_memory_is_scarce() {
        settings.push("dynamic_shared_memory_type=sysv".to_owned());
    }
    settings
}

fn fixed() -> Vec<String> {
    let port = PORT.to_string();
    let settings = [
        ("listen_addresses", ""),
        ("port", &port),
        ("unix_socket_permissions", "0700"),
        ("max_connections", "100"),
        // Durable: what was answered "done" survives a power cut.
        ("fsync", "on"),
        ("synchronous_commit", "on"),
        ("full_page_writes", "on"),
        // Nobody replicates it, and with the minimal log loading a new table costs half the writes.
        ("wal_level", "minimal"),
        ("max_wal_senders", "0"),
        // One import of 500,000 rows fits between two checkpoints.
        ("max_wal_size", "2GB"),
        ("checkpoint_timeout", "15min"),
        ("checkpoint_completion_target", "0.9"),
        // The default compression costs more time than it saves in writes on a desk's disk.
        ("wal_compression", "off"),
        // Compiling short queries costs more than running them.
        ("jit", "off"),
        ("random_page_cost", "1.1"),
        ("timezone", "UTC"),
        ("log_timezone", "UTC"),
        ("log_destination", "stderr"),
        ("logging_collector", "off"),
        ("log_line_prefix", "%m [%p] "),
        ("log_checkpoints", "off"),
        ("log_autovacuum_min_duration", "-1"),
        // Statements carry customers' data, which has no place in a log.
        ("log_min_error_statement", "panic"),
    ];
    settings.iter().map(|(name, value)| format!("{name}={value}")).collect()
}

/// A share of the machine's memory, within bounds: it is somebody's laptop as often as a server.
fn memory(machine_bytes: u64) -> Vec<String> {
    let share = |divisor: u64, least_mb: u64, most_mb: u64| (machine_bytes / divisor / MB).clamp(least_mb, most_mb);
    let shared_buffers = share(8, 64, 1024);
    [
        ("shared_buffers", shared_buffers),
        ("wal_buffers", (shared_buffers / 8).min(16)),
        ("work_mem", share(256, 4, 32)),
        ("maintenance_work_mem", share(16, 64, 512)),
        ("effective_cache_size", share(2, 256, 64 * 1024)),
    ]
    .iter()
    .map(|(name, size_mb)| format!("{name}={size_mb}MB"))
    .collect()
}

/// Containers often have 64 MB in /dev/shm, where a parallel query would fail for want of space.
fn shared_memory_is_scarce() -> bool {
    cfg!(target_os = "linux")
        && nix::sys::statvfs::statvfs("/dev/shm").map_or(true, |disk| {
            u128::from(disk.blocks()) * u128::from(disk.fragment_size()) <= u128::from(128 * MB)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_stays_within_bounds() {
        let small = memory(512 * MB);
        assert!(small.contains(&"shared_buffers=64MB".to_owned()) && small.contains(&"work_mem=4MB".to_owned()));
        let large = memory(256 * 1024 * MB);
        assert!(large.contains(&"shared_buffers=1024MB".to_owned()) && large.contains(&"wal_buffers=16MB".to_owned()));
    }

    #[test]
    fn a_comma_in_the_path_does_not_split_the_list() {
        assert!(settings(Path::new("/a,b")).contains(&"unix_socket_directories=\"/a,b\"".to_owned()));
    }
}
