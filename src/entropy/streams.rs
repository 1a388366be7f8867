//! A coded stream (§10.1) and an LSB block (§10.4) together, in both directions.

use super::{Coder, LsbReader, LsbWriter, RangeDecoder, RangeEncoder};
use crate::error::Result;

/// Writes both.
#[derive(Debug, Default)]
pub struct StreamEncoder {
    range: RangeEncoder,
    lsb: LsbWriter,
}

impl StreamEncoder {
    /// Ends both; returns the coded stream and the LSB block.
    pub fn finish(self) -> (Vec<u8>, Vec<u8>) {
        (self.range.finish(), self.lsb.finish())
    }
}

impl Coder for StreamEncoder {
    #[inline(always)]
    fn code(&mut self, decision: bool, p: u32) -> bool {
        self.range.code(decision, p);
        decision
    }

    #[inline(always)]
    fn raw(&mut self, value: u32, bits: u32) -> u32 {
        self.lsb.push(value, bits);
        value & ((1u64 << bits) - 1) as u32
    }
}

/// Reads both.
#[derive(Debug)]
pub struct StreamDecoder<'a> {
    range: RangeDecoder<'a>,
    lsb: LsbReader<'a>,
}

impl<'a> StreamDecoder<'a> {
    /// Starts at the beginning of both.
    pub fn new(stream: &'a [u8], lsb: &'a [u8]) -> Self {
        StreamDecoder { range: RangeDecoder::new(stream), lsb: LsbReader::new(lsb) }
    }

    /// Checks that both were used up and not overrun.
    ///
    /// # Errors
    /// A [`Fault`](crate::Fault) of the one that is wrong.
    pub fn finish(self) -> Result<()> {
        self.range.finish()?;
        self.lsb.finish()
    }
}

impl Coder for StreamDecoder<'_> {
    #[inline(always)]
    fn code(&mut self, _: bool, p: u32) -> bool {
        self.range.code(p)
    }

    #[inline(always)]
    fn raw(&mut self, _: u32, bits: u32) -> u32 {
        self.lsb.pull(bits)
    }

    #[inline(always)]
    fn overrun(&self) -> bool {
        self.range.overrun()
    }
}
