//! What the system tells of this process: memory, time, files. Linux only; elsewhere nothing is told.

use std::fs;

/// The kernel counts in hundredths of a second for all programs, whatever it is built with.
const TICKS_PER_SECOND: f64 = 100.0;
const PAGE_BYTES: u64 = 4096;

/// This process at this moment.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ProcessFigures {
    pub resident_bytes: u64,
    pub cpu_seconds: f64,
    pub open_files: u64,
    pub most_files: u64,
    /// Since 1970.
    pub started_seconds: f64,
    pub threads: u64,
}

impl ProcessFigures {
    /// Asks the system.
    pub fn read() -> Option<Self> {
        let stat = fs::read_to_string("/proc/self/stat").ok()?;
        let boot = fs::read_to_string("/proc/stat").ok()?;
        let boot = boot
            .lines()
            .find_map(|line| line.strip_prefix("btime "))?
            .trim()
            .parse::<f64>();
        Some(Self {
            open_files: fs::read_dir("/proc/self/fd").ok()?.count() as u64,
            most_files: most_files(&fs::read_to_string("/proc/self/limits").ok()?)?,
            ..Self::of_stat(&stat, boot.ok()?)?
        })
    }

    /// The numbers after the name, which may contain anything; the manual (`man 5 proc`) counts from 1.
    fn of_stat(stat: &str, boot_seconds: f64) -> Option<Self> {
        let fields: Vec<&str> = stat.rsplit_once(") ")?.1.split(' ').collect();
        let field = |number: usize| fields.get(number - 3)?.trim().parse::<u64>().ok();
        let seconds = |number| Some(field(number)? as f64 / TICKS_PER_SECOND);
        Some(Self {
            cpu_seconds: seconds(14)? + seconds(15)?,
            threads: field(20)?,
            started_seconds: boot_seconds + seconds(22)?,
            resident_bytes: field(24)? * PAGE_BYTES,
            ..Self::default()
        })
    }
}

fn most_files(limits: &str) -> Option<u64> {
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    let soft = line.split_whitespace().next()?;
    Some(soft.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_process_may_contain_anything() {
        let stat = "7 (a) b (c) S 1 7 7 0 -1 4194560 100 0 0 0 150 50 0 0 20 0 9 0 1000 104857600 2560 1 2";
        let figures = ProcessFigures::of_stat(stat, 1_700_000_000.0).unwrap();
        assert_eq!((figures.cpu_seconds as i64, figures.threads), (2, 9));
        assert_eq!(figures.resident_bytes, 10 * 1024 * 1024);
        assert!((figures.started_seconds - 1_700_000_010.0).abs() < 1e-6);
        assert_eq!(ProcessFigures::of_stat("7 (a) S 1", 0.0), None);
    }

    #[test]
    fn files_may_be_without_limit() {
        assert_eq!(
            most_files("Max open files            1024       4096       files"),
            Some(1024)
        );
        assert_eq!(
            most_files("Max open files            unlimited  unlimited  files"),
            Some(u64::MAX)
        );
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn this_process_is_told_of() {
        let figures = ProcessFigures::read().unwrap();
        assert!(figures.resident_bytes > 1_000_000 && figures.open_files > 2 && figures.threads > 0);
    }
}
