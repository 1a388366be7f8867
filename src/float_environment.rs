//! The processor's settings for floating-point numbers, which belong to the thread and so to the host.
//!
//! Audio programs often have the smallest numbers taken for zero (flush-to-zero, denormals-are-zero), and
//! a program may round otherwise than to the nearest. Either changes what is coded, and what is decoded
//! from it. A new thread has the settings of the one that started it. So whatever computes goes through
//! [`standard`]: the worker threads, and what the calling thread computes itself.
//!
//! Covered are x86 with SSE (the register MXCSR) and AArch64 (FPCR); elsewhere the host's settings have to
//! be the usual ones. Both are read and written by assembly, because compilers know no other setting than
//! the standard one, and the intrinsics for MXCSR are deprecated for that reason.

#![allow(unsafe_code)]

/// Runs `work` with rounding to the nearest, the smallest numbers as they are and no traps, and puts the
/// thread's settings back, also when `work` panics.
pub(crate) fn standard<T>(work: impl FnOnce() -> T) -> T {
    let before = register::read();
    // Flags of what has happened are no settings, but are put back as well.
    if before & !register::FLAGS == register::STANDARD {
        return call(work);
    }
    let _restored = Restored(before);
    register::write(register::STANDARD);
    call(work)
}

/// Not inlined: the compiler may move arithmetic past assembly, but not out of a function.
#[inline(never)]
fn call<T>(work: impl FnOnce() -> T) -> T {
    work()
}

struct Restored(register::Register);

impl Drop for Restored {
    fn drop(&mut self) {
        register::write(self.0);
    }
}

#[cfg(any(target_arch = "x86_64", all(target_arch = "x86", target_feature = "sse")))]
mod register {
    use std::arch::asm;

    pub(super) type Register = u32;
    /// All exceptions masked, rounding to the nearest, neither DAZ nor FTZ.
    pub(super) const STANDARD: Register = 0x1f80;
    /// Exceptions that have happened.
    pub(super) const FLAGS: Register = 0x3f;

    pub(super) fn read() -> Register {
        let mut value = 0;
        // SAFETY: writes the four bytes that the pointer is to.
        unsafe { asm!("stmxcsr [{}]", in(reg) &raw mut value, options(nostack, preserves_flags)) };
        value
    }

    pub(super) fn write(value: Register) {
        // SAFETY: reads the four bytes that the pointer is to; they are standard or come from `read`, so
        // no reserved bit is set.
        unsafe {
            asm!("ldmxcsr [{}]", in(reg) &raw const value, options(nostack, preserves_flags))
        };
    }
}

#[cfg(target_arch = "aarch64")]
mod register {
    use std::arch::asm;

    pub(super) type Register = u64;
    /// Rounding to the nearest, no flush to zero, no traps.
    pub(super) const STANDARD: Register = 0;
    /// Those are in another register here.
    pub(super) const FLAGS: Register = 0;

    pub(super) fn read() -> Register {
        let value;
        // SAFETY: reads a register that every program may read.
        unsafe { asm!("mrs {}, fpcr", out(reg) value, options(nomem, nostack, preserves_flags)) };
        value
    }

    pub(super) fn write(value: Register) {
        // SAFETY: every program may write it, and `value` is standard or comes from `read`.
        unsafe { asm!("msr fpcr, {}", in(reg) value, options(nostack, preserves_flags)) };
    }
}

#[cfg(not(any(
    target_arch = "x86_64",
    all(target_arch = "x86", target_feature = "sse"),
    target_arch = "aarch64"
)))]
mod register {
    pub(super) type Register = u32;
    pub(super) const STANDARD: Register = 0;
    pub(super) const FLAGS: Register = 0;

    pub(super) fn read() -> Register {
        STANDARD
    }

    pub(super) fn write(_: Register) {}
}

#[cfg(all(test, any(target_arch = "x86_64", target_arch = "aarch64")))]
mod tests {
    use std::hint::black_box;

    use super::*;

    /// Rounds up, and takes the smallest numbers for zero.
    const STRANGE: register::Register =
        if cfg!(target_arch = "x86_64") { 0x1f80 | 0x8040 | 0x4000 } else { 1 << 24 | 1 << 22 };

    /// Whether the sum is rounded up, and the smallest number taken for zero.
    #[inline(never)]
    fn is_strange() -> (bool, bool) {
        let up = black_box(1.0_f32) + black_box(f32::EPSILON / 4.0) > black_box(1.0);
        let zero = black_box(f32::from_bits(1)) * black_box(16.0) == black_box(0.0);
        (up, zero)
    }

    #[test]
    fn work_has_the_standard_and_the_host_its_own() {
        let before = register::read();
        register::write(STRANGE);
        let strange = is_strange();
        let inside = standard(is_strange);
        let caught = std::panic::catch_unwind(|| standard(|| panic!("on purpose")));
        let after = register::read() & !register::FLAGS;
        let inherited = std::thread::spawn(is_strange).join();
        register::write(before);
        assert_eq!(strange, (true, true));
        assert_eq!(inside, (false, false));
        assert!(caught.is_err());
        assert_eq!(after, STRANGE);
        // Which is why workers need it, too.
        if cfg!(target_os = "linux") {
            assert_eq!(inherited.unwrap(), (true, true));
        }
        assert_eq!(standard(is_strange), (false, false));
    }
}
