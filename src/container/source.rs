//! Reading with a position, so that every error can say where in the file it happened.

use std::io::{self, Read};

use crate::error::{Error, Result};

/// A reader that counts, and that reports an early end of file as damage.
pub(super) struct Source<R> {
    inner: R,
    /// Bytes read so far: offset of the next byte in the lmz file.
    pub(super) position: u64,
}

impl<R: Read> Source<R> {
    pub(super) fn new(inner: R) -> Self {
        Source::at(inner, 0)
    }

    /// Reads on from `position` of the lmz file, where `inner` stands.
    pub(super) fn at(inner: R, position: u64) -> Self {
        Source { inner, position }
    }

    pub(super) fn into_inner(self) -> R {
        self.inner
    }

    /// Fills `buffer`; `what` names the structure being read, for the message.
    pub(super) fn fill(&mut self, buffer: &mut [u8], what: &str) -> Result<()> {
        let got = self.fill_up_to(buffer)?;
        if got < buffer.len() {
            return Err(ends_early(self.position, what));
        }
        Ok(())
    }

    /// Reads until `buffer` is full or the file ends; returns the number of bytes read.
    pub(super) fn fill_up_to(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let mut got = 0;
        while got < buffer.len() {
            match self.inner.read(&mut buffer[got..]) {
                Ok(0) => break,
                Ok(n) => got += n,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e.into()),
            }
        }
        self.position += got as u64;
        Ok(got)
    }

    /// Reads `length` bytes. Memory grows with what the file really holds, not with what a
    /// length field holds.
    pub(super) fn take(&mut self, length: usize, what: &str) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let got = self.inner.by_ref().take(length as u64).read_to_end(&mut bytes)?;
        self.position += got as u64;
        if got < length {
            return Err(ends_early(self.position, what));
        }
        Ok(bytes)
    }
}

fn ends_early(position: u64, what: &str) -> Error {
    Error::corrupt(position, format!("the file ends inside the {what}"))
}

/// Compares a stored with a computed CRC-32.
pub(super) fn check_crc(offset: u64, what: &str, stored: u32, computed: u32) -> Result<()> {
    if stored == computed || codes_ignored() {
        return Ok(());
    }
    Err(Error::corrupt(
        offset,
        format!("CRC-32 of the {what}: stored {stored:08x}, computed {computed:08x}"),
    ))
}

#[cfg(any(test, fuzzing))]
thread_local! {
    static IGNORED: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
}

/// Runs `action` on this thread as if every CRC-32 were right, and with fingerprints that stand as
/// they are: bytes that a fuzzer makes up would otherwise be refused before they reach what is to be
/// tested, or keep the byte model busy.
#[cfg(any(test, fuzzing))]
pub(crate) fn without_codes<T>(action: impl FnOnce() -> T) -> T {
    IGNORED.set(true);
    let result = action();
    IGNORED.set(false);
    result
}

#[cfg(any(test, fuzzing))]
pub(super) fn codes_ignored() -> bool {
    IGNORED.get()
}

#[cfg(not(any(test, fuzzing)))]
pub(super) fn codes_ignored() -> bool {
    false
}
