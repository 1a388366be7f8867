//! What processes have used: peak memory (the most that was ever resident, in bytes) and processor time.
//! `None` where the system does not say, or what it says is not about the coder alone.

use std::time::Duration;

/// Of this process, so far.
#[cfg(target_os = "linux")]
pub fn own_peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}

/// Of the largest program that this process has run and waited for.
///
/// Linux counts what the parent held when it started the child as the child's, too, so a figure
/// that is not above that says nothing of the child.
#[cfg(target_os = "linux")]
pub fn children_peak() -> Option<u64> {
    use nix::sys::resource::{UsageWho, getrusage};
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).ok()?;
    let peak = u64::try_from(usage.max_rss()).ok()? * 1024;
    (peak > own_peak()?).then_some(peak)
}

#[cfg(not(target_os = "linux"))]
pub fn own_peak() -> Option<u64> {
    None
}

#[cfg(not(target_os = "linux"))]
pub fn children_peak() -> Option<u64> {
    None
}

/// Processor time of this process and of all programs that it has run and waited for: of all
/// their threads, in the program and in the system.
#[cfg(unix)]
pub fn processor_time() -> Option<Duration> {
    use nix::sys::resource::{UsageWho, getrusage};
    use nix::sys::time::TimeValLike;
    let mut sum = Duration::ZERO;
    for who in [UsageWho::RUSAGE_SELF, UsageWho::RUSAGE_CHILDREN] {
        let usage = getrusage(who).ok()?;
        for time in [usage.user_time(), usage.system_time()] {
            sum += Duration::from_micros(u64::try_from(time.num_microseconds()).ok()?);
        }
    }
    Some(sum)
}

#[cfg(not(unix))]
pub fn processor_time() -> Option<Duration> {
    None
}
