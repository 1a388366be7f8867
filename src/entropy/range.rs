//! Binary range coder with carry propagation (§10.1 to §10.3): 56-bit window, 32-bit probabilities.
//!
//! After G. N. N. Martin, "Range encoding" (1979), with the carry handling of the LZMA
//! coder: a byte that a later carry could still change is held back together with the run
//! of 0xFF bytes that follow it.

use super::{Coder, Probability, code_uniform};
use crate::error::Result;
use crate::fault::Fault;

/// Bits in the window of the code value that `low` and `range` describe.
const WINDOW: u32 = 56;
/// The range is kept at 2^48 or above, so a 32-bit probability never rounds to an empty part.
const MIN_RANGE: u64 = 1 << (WINDOW - 8);
const MASK: u64 = (1 << WINDOW) - 1;
/// Zero bytes that a decoder may read beyond the end: the window less the byte that the
/// encoder always has to write.
const WINDOW_BYTES: usize = WINDOW as usize / 8;

/// Part of `range` that belongs to `true`; never 0 and never all of it.
#[inline(always)]
fn split(range: u64, p: Probability) -> u64 {
    // 56 + 32 bits, so the product needs 128-bit arithmetic. p >= 1 and range >= 2^48 give
    // a part of at least 2^16; p < 2^32 leaves at least as much for `false`.
    ((u128::from(range) * u128::from(p)) >> 32) as u64
}

/// Writes decisions.
#[derive(Debug)]
pub struct RangeEncoder {
    low: u64,
    range: u64,
    /// Byte held back because a carry may still change it; `None` before the first.
    held: Option<u8>,
    /// Number of 0xFF bytes that follow the held one.
    pending: usize,
    out: Vec<u8>,
}

impl Default for RangeEncoder {
    fn default() -> Self {
        RangeEncoder { low: 0, range: MASK, held: None, pending: 0, out: Vec::new() }
    }
}

impl RangeEncoder {
    /// Codes one decision that is `true` with probability `p` / 2^32.
    #[inline(always)]
    pub fn code(&mut self, decision: bool, p: Probability) {
        let part = split(self.range, p);
        if decision {
            self.range = part;
        } else {
            self.low += part;
            self.range -= part;
        }
        while self.range < MIN_RANGE {
            self.range <<= 8;
            self.shift_low();
        }
    }

    /// Moves the top byte of the window out, resolving what a carry decides.
    fn shift_low(&mut self) {
        let carry = self.low >> WINDOW != 0;
        let byte = (self.low >> (WINDOW - 8)) as u8;
        if carry || byte != 0xFF {
            if let Some(held) = self.held {
                self.out.push(held.wrapping_add(u8::from(carry)));
            }
            let fill = if carry { 0x00 } else { 0xFF };
            self.out.extend(std::iter::repeat_n(fill, self.pending));
            self.pending = 0;
            self.held = Some(byte);
        } else {
            self.pending += 1;
        }
        self.low = (self.low << 8) & MASK;
    }

    /// Ends the stream with the fewest bytes that identify it and returns all of it.
    pub fn finish(mut self) -> Vec<u8> {
        // The decoder reads zeros beyond the end: of the values in [low, low + range), take
        // the one with the most trailing zero bits and leave its zero bytes out.
        let high = self.low + self.range - 1;
        let differing = 63 - (self.low ^ high).leading_zeros().min(63);
        let value = high >> differing << differing;
        self.low = if self.low == 0 { 0 } else { value };
        let shifted = self.out.len() + self.pending + usize::from(self.held.is_some());
        for _ in 0..=WINDOW_BYTES {
            self.shift_low();
        }
        while self.out.len() > shifted && self.out.last() == Some(&0) {
            self.out.pop();
        }
        self.out
    }
}

/// Without an LSB block: raw bits are decisions, too.
impl Coder for RangeEncoder {
    fn code(&mut self, decision: bool, p: Probability) -> bool {
        RangeEncoder::code(self, decision, p);
        decision
    }

    fn raw(&mut self, value: u32, bits: u32) -> u32 {
        code_uniform(self, value, bits)
    }
}

/// Reads decisions.
#[derive(Debug)]
pub struct RangeDecoder<'a> {
    /// Code value relative to the encoder's `low`.
    code: u64,
    range: u64,
    bytes: &'a [u8],
    /// Bytes taken so far, counting the zeros read beyond the end.
    taken: usize,
}

impl<'a> RangeDecoder<'a> {
    /// Starts reading `bytes`.
    pub fn new(bytes: &'a [u8]) -> Self {
        let mut decoder = RangeDecoder { code: 0, range: MASK, bytes, taken: 0 };
        for _ in 0..WINDOW_BYTES {
            decoder.next_byte();
        }
        decoder
    }

    #[inline(always)]
    fn next_byte(&mut self) {
        let byte = self.bytes.get(self.taken).copied().unwrap_or(0);
        self.taken += 1;
        self.code = self.code << 8 | u64::from(byte);
    }

    /// Reads one decision that is `true` with probability `p` / 2^32.
    #[inline(always)]
    pub fn code(&mut self, p: Probability) -> bool {
        let part = split(self.range, p);
        let decision = self.code < part;
        if decision {
            self.range = part;
        } else {
            self.code -= part;
            self.range -= part;
        }
        while self.range < MIN_RANGE {
            self.range <<= 8;
            self.next_byte();
        }
        decision
    }

    /// True when more has been read than a whole stream can hold: the stream was cut.
    pub fn overrun(&self) -> bool {
        self.taken > self.bytes.len() + WINDOW_BYTES
    }

    /// Checks that the stream was used up and not overrun.
    ///
    /// # Errors
    /// [`Fault::StreamEndsEarly`], [`Fault::StreamLeftOver`].
    pub fn finish(self) -> Result<()> {
        if self.overrun() {
            return Err(Fault::StreamEndsEarly.into());
        }
        if self.taken < self.bytes.len() {
            return Err(Fault::StreamLeftOver { at: self.taken }.into());
        }
        Ok(())
    }
}

/// Without an LSB block: raw bits are decisions, too.
impl Coder for RangeDecoder<'_> {
    fn code(&mut self, _: bool, p: Probability) -> bool {
        RangeDecoder::code(self, p)
    }

    fn raw(&mut self, value: u32, bits: u32) -> u32 {
        code_uniform(self, value, bits)
    }
}

#[cfg(test)]
#[path = "range_tests.rs"]
mod tests;
