//! Standard output, and whether there is one.
//!
//! If it is closed when a program starts (`>&-`), Rust opens `/dev/null` in its place before `main`, and
//! results would be lost without an error. So the look at it comes earlier, among the initialisers that
//! the system's loader runs.

// Unsafe for the name of the section that the loader looks into, and one call of the C library.
#![allow(unsafe_code)]

use std::io::{self, StdoutLock};
use std::sync::atomic::{AtomicBool, Ordering};

/// Set before `main`, and never again.
static CLOSED: AtomicBool = AtomicBool::new(false);

#[cfg(unix)]
mod before_main {
    use std::ffi::c_int;
    use std::sync::atomic::Ordering;

    unsafe extern "C" {
        fn fcntl(descriptor: c_int, command: c_int, ...) -> c_int;
    }

    const STANDARD_OUTPUT: c_int = 1;
    /// Reads a descriptor's flags, and fails only where there is no descriptor; 1 on every Unix.
    const F_GETFD: c_int = 1;

    extern "C" fn look() {
        // SAFETY: the call takes no pointer and changes nothing.
        let flags = unsafe { fcntl(STANDARD_OUTPUT, F_GETFD) };
        crate::stdout::CLOSED.store(flags == -1, Ordering::Relaxed);
    }

    // SAFETY: the section is a list of pointers to such functions. This one needs nothing of Rust's
    // runtime, which is not set up yet.
    #[used]
    #[cfg_attr(target_vendor = "apple", unsafe(link_section = "__DATA,__mod_init_func"))]
    #[cfg_attr(not(target_vendor = "apple"), unsafe(link_section = ".init_array"))]
    static LOOK: extern "C" fn() = look;
}

/// Standard output, to write results to.
///
/// # Errors
/// When it was closed before the program began.
pub fn open() -> io::Result<StdoutLock<'static>> {
    match CLOSED.load(Ordering::Relaxed) {
        true => Err(io::Error::other("standard output is closed: name an output file with -o")),
        false => Ok(io::stdout().lock()),
    }
}
