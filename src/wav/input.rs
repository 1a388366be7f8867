//! A byte source that can look ahead.

use std::io::{self, Read};

/// Least number of bytes read from the source at once when looking ahead.
const READ_AHEAD: usize = 16 << 10;

/// `R` with unlimited look-ahead; memory grows only with bytes that did arrive.
pub(super) struct Input<R> {
    source: R,
    /// Bytes read ahead; those before `position` are used up.
    buffer: Vec<u8>,
    position: usize,
    ended: bool,
    /// Number of bytes used up.
    taken: u64,
}

impl<R: Read> Input<R> {
    pub(super) fn new(source: R) -> Self {
        Input { source, buffer: Vec::new(), position: 0, ended: false, taken: 0 }
    }

    /// Number of bytes used up so far.
    pub(super) fn taken(&self) -> u64 {
        self.taken
    }

    /// The next `count` bytes, without using them up; fewer only where the source ends.
    pub(super) fn peek(&mut self, count: usize) -> io::Result<&[u8]> {
        let held = self.buffer.len() - self.position;
        if held < count && !self.ended {
            self.buffer.drain(..self.position);
            self.position = 0;
            let missing = (count - held).max(READ_AHEAD);
            let got = (&mut self.source).take(missing as u64).read_to_end(&mut self.buffer)?;
            self.ended = got < missing;
        }
        let held = &self.buffer[self.position..];
        Ok(&held[..count.min(held.len())])
    }

    /// Moves the next `count` bytes to the end of `out`; returns how many, which is fewer
    /// only where the source ends.
    pub(super) fn take_into(&mut self, count: usize, out: &mut Vec<u8>) -> io::Result<usize> {
        let held = &self.buffer[self.position..];
        let from_buffer = count.min(held.len());
        out.extend_from_slice(&held[..from_buffer]);
        self.position += from_buffer;
        self.taken += from_buffer as u64;
        if self.position == self.buffer.len() && !self.buffer.is_empty() {
            // A long look-ahead is rare; its memory is not kept for the rest of the file.
            self.buffer = Vec::new();
            self.position = 0;
        }
        let missing = count - from_buffer;
        if missing == 0 || self.ended {
            return Ok(from_buffer);
        }
        let got = (&mut self.source).take(missing as u64).read_to_end(out)?;
        self.ended = got < missing;
        self.taken += got as u64;
        Ok(from_buffer + got)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looking_ahead_does_not_use_up() {
        let bytes: Vec<u8> = (0..100_000_u32).map(|i| i as u8).collect();
        let mut input = Input::new(bytes.as_slice());
        let mut out = Vec::new();
        assert_eq!(input.peek(3).unwrap(), &bytes[..3]);
        assert_eq!(input.peek(40_000).unwrap(), &bytes[..40_000]);
        assert_eq!(input.take_into(39_999, &mut out).unwrap(), 39_999);
        assert_eq!(input.peek(2).unwrap(), &bytes[39_999..40_001]);
        assert_eq!(input.take_into(50_000, &mut out).unwrap(), 50_000);
        assert_eq!(input.peek(20_000).unwrap(), &bytes[89_999..]);
        assert_eq!(input.take_into(20_000, &mut out).unwrap(), 10_001);
        assert_eq!(input.take_into(1, &mut out).unwrap(), 0);
        assert!(input.peek(1).unwrap().is_empty());
        assert_eq!(input.taken(), 100_000);
        assert_eq!(out, bytes);
    }
}
