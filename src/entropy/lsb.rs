//! Packed LSB block (§10.4): bits that are as good as noise, stored as they are.

use crate::error::Result;
use crate::fault::Fault;

/// Packs bit fields, first field in the most significant bits of the first byte.
#[derive(Debug, Default)]
pub struct LsbWriter {
    out: Vec<u8>,
    /// Bits not yet written, right-aligned.
    buffer: u64,
    buffered: u32,
}

impl LsbWriter {
    /// Appends the low `bits` (0 to 32) bits of `value`.
    #[inline(always)]
    pub fn push(&mut self, value: u32, bits: u32) {
        // At most 7 bits wait, so 39 of the 64 are used.
        self.buffer = self.buffer << bits | u64::from(value) & ((1 << bits) - 1);
        self.buffered += bits;
        while self.buffered >= 8 {
            self.buffered -= 8;
            self.out.push((self.buffer >> self.buffered) as u8);
        }
    }

    /// Pads the last byte with zero bits and returns the block.
    pub fn finish(mut self) -> Vec<u8> {
        if self.buffered > 0 {
            self.push(0, 8 - self.buffered);
        }
        self.out
    }
}

/// Reads what [`LsbWriter`] wrote.
#[derive(Debug)]
pub struct LsbReader<'a> {
    bytes: &'a [u8],
    /// Position of the next bit.
    bit: usize,
}

impl<'a> LsbReader<'a> {
    /// Starts at the first bit of `bytes`.
    pub fn new(bytes: &'a [u8]) -> Self {
        LsbReader { bytes, bit: 0 }
    }

    /// Takes the next `bits` (0 to 32) bits; zeros beyond the end, which `finish` reports.
    #[inline(always)]
    pub fn pull(&mut self, bits: u32) -> u32 {
        let mut value = 0u64;
        let first = self.bit / 8;
        for i in 0..5 {
            value = value << 8 | u64::from(self.bytes.get(first + i).copied().unwrap_or(0));
        }
        let skip = (self.bit % 8) as u32;
        self.bit += bits as usize;
        ((value >> (40 - skip - bits)) & ((1 << bits) - 1)) as u32
    }

    /// Checks that exactly the whole block was read and that the padding is zero.
    ///
    /// # Errors
    /// [`Fault::LsbLength`], [`Fault::LsbPadding`].
    pub fn finish(mut self) -> Result<()> {
        if self.bit.div_ceil(8) != self.bytes.len() {
            return Err(Fault::LsbLength { bytes: self.bytes.len(), bits: self.bit }.into());
        }
        let padding = (8 - self.bit % 8) % 8;
        if self.pull(padding as u32) != 0 {
            return Err(Fault::LsbPadding { at: self.bit / 8 }.into());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_first_field_is_in_the_high_bits() {
        let mut writer = LsbWriter::default();
        writer.push(0b101, 3);
        writer.push(0, 0);
        writer.push(0xFFFF_FF01, 8); // only the low bits count
        assert_eq!(writer.finish(), [0b1010_0000, 0b0010_0000]);
    }

    #[test]
    fn the_end_is_checked() {
        let read = |bytes: &[u8], bits| {
            let mut reader = LsbReader::new(bytes);
            reader.pull(bits);
            reader.finish().is_ok()
        };
        assert!(read(&[], 0));
        assert!(read(&[0xFF, 0xF8], 13));
        assert!(read(&[0xFF; 4], 32));
        assert!(!read(&[0xFF, 0xFC], 13), "padding");
        assert!(!read(&[0xFF], 13), "too short");
        assert!(!read(&[0xFF, 0xF8, 0], 13), "too long");
        assert!(!read(&[0], 0), "a byte that is not read");
    }

    #[test]
    fn beyond_the_end_there_are_zeros_and_an_error() {
        let mut reader = LsbReader::new(&[0xFF]);
        assert_eq!(reader.pull(12), 0xFF0);
        assert_eq!(reader.pull(32), 0);
        assert!(reader.finish().is_err());
    }

    proptest! {
        #[test]
        fn fields_round_trip(
            fields in proptest::collection::vec((any::<u32>(), 0..=32_u32), 0..200),
        ) {
            let mut writer = LsbWriter::default();
            for &(value, bits) in &fields {
                writer.push(value, bits);
            }
            let bytes = writer.finish();
            let bits: u32 = fields.iter().map(|(_, bits)| bits).sum();
            prop_assert_eq!(bytes.len(), bits.div_ceil(8) as usize);
            let mut reader = LsbReader::new(&bytes);
            for &(value, bits) in &fields {
                let low = (u64::from(value) & ((1 << bits) - 1)) as u32;
                prop_assert_eq!(reader.pull(bits), low);
            }
            reader.finish().unwrap();
        }
    }
}
