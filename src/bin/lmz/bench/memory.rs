//! Peak memory of processes: the most that was ever resident, in bytes. `None` where the system
//! does not tell, or what it tells is not about the coder alone.

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
