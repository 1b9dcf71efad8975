//! How much memory there is, and giving back what is no longer needed.
//!
//! glibc keeps freed memory in one arena a thread and, once a large buffer has been freed, keeps later ones of that
//! size too. An import uses large buffers for a short time on many threads, so that its peak grew with the file. With a
//! fixed threshold and two arenas it hardly does; README.md ("How fast") has the numbers. What is given back has to be
//! fetched again, page by page and filled with zeros, so each arena keeps some megabytes of what is free.

/// Sets the allocator up; to be called first. Does nothing where the C library is not glibc.
pub fn return_soon() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        const ARENAS: libc::c_int = 2;
        const LARGE_BYTES: libc::c_int = 1 << 20;
        const KEPT_BYTES: libc::c_int = 16 << 20;
        // How much more than is asked for is fetched at once.
        const FETCHED_BYTES: libc::c_int = 1 << 20;
        // SAFETY: mallopt only sets parameters of malloc, and no other thread runs yet.
        #[expect(unsafe_code, reason = "there is no safe way to set glibc's allocator up")]
        unsafe {
            libc::mallopt(libc::M_ARENA_MAX, ARENAS);
            libc::mallopt(libc::M_MMAP_THRESHOLD, LARGE_BYTES);
            libc::mallopt(libc::M_TRIM_THRESHOLD, KEPT_BYTES);
            libc::mallopt(libc::M_TOP_PAD, FETCHED_BYTES);
        }
    }
}

/// What is assumed of a machine that does not tell its memory.
const UNKNOWN_MEMORY: u64 = 2 << 30;

/// Where Linux tells how much a container may take: control groups of version 2, and of version 1 as on Heroku. A limit that
/// is not a number means that there is none.
const CONTAINER_LIMITS: [&str; 2] = [
    "/sys/fs/cgroup/memory.max",
    "/sys/fs/cgroup/memory/memory.limit_in_bytes",
];

/// The machine's memory, or the container's when that is less.
pub fn machine_bytes() -> u64 {
    let machine = machine_memory().unwrap_or(UNKNOWN_MEMORY);
    let limits = CONTAINER_LIMITS.iter().filter_map(|file| {
        let limit = std::fs::read_to_string(file).ok()?;
        limit.trim().parse().ok()
    });
    limits.fold(machine, u64::min)
}

#[cfg(not(target_os = "macos"))]
fn machine_memory() -> Option<u64> {
    let info = std::fs::read_to_string("/proc/meminfo").ok()?;
    let total = info.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kilobytes: u64 = total.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}

#[cfg(target_os = "macos")]
fn machine_memory() -> Option<u64> {
    let answer = std::process::Command::new("/usr/sbin/sysctl")
        .args(["-n", "hw.memsize"])
        .output()
        .ok()?;
    String::from_utf8(answer.stdout).ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_tells_its_memory() {
        assert!(machine_bytes() > 64 << 20);
    }
}
