//! Entropy coding (§10): decisions and their probabilities to bytes and back.

mod adaptive;
mod lsb;
mod range;
mod streams;

pub use adaptive::AdaptiveBit;
pub use lsb::{LsbReader, LsbWriter};
pub use range::{RangeDecoder, RangeEncoder};
pub use streams::{StreamDecoder, StreamEncoder};

/// Probability of a decision being `true`, in units of 2^-32; 0 is not legal.
pub type Probability = u32;

/// What a [`Probability`] counts: 1 is as many.
const ONE: f64 = 4_294_967_296.0;

/// A probability above 0 and below 1 as it is coded.
#[inline(always)]
pub fn to_probability(p: f32) -> Probability {
    (f64::from(p) * ONE) as Probability
}

/// Inverse of [`to_probability`], exact.
#[inline(always)]
pub fn from_probability(p: Probability) -> f64 {
    f64::from(p) / ONE
}

/// A sink or source of coded decisions.
///
/// The codec is written once, against this trait. An encoder codes the value it is given and
/// returns it; a decoder ignores that value and returns the one it has read. So both
/// directions run the same code and cannot drift apart.
pub trait Coder {
    /// Codes one decision that is `true` with probability `p` / 2^32.
    fn code(&mut self, decision: bool, p: Probability) -> bool;

    /// Codes the low `bits` (0 to 32) bits of `value` as they are, in the packed LSB block.
    fn raw(&mut self, value: u32, bits: u32) -> u32;

    /// True when more was read than there is, so that going on makes no sense.
    fn overrun(&self) -> bool {
        false
    }

    /// Called when the channels of a group have been coded in frame `number`; for those that keep accounts.
    fn end_frame(&mut self, _number: usize) {}

    /// Called when one of the five decisions about a quantile bin has been made, whether it had
    /// to be coded or not; for training data.
    fn end_bin_decision(&mut self) {}
}

/// Codes the low `bits` bits of `value`, most significant first, all values equally likely.
pub fn code_uniform(coder: &mut dyn Coder, value: u32, bits: u32) -> u32 {
    let mut decoded = 0;
    for shift in (0..bits).rev() {
        let bit = coder.code(value >> shift & 1 != 0, 1 << 31);
        decoded = decoded << 1 | u32::from(bit);
    }
    decoded
}

/// Codes one of `count` numbers from 0 on, at least 1, in as many bits as the largest takes; `None` if a damaged
/// stream has a larger one.
pub fn code_index(coder: &mut dyn Coder, index: usize, count: usize) -> Option<usize> {
    let bits = usize::BITS - (count - 1).leading_zeros();
    let index = code_uniform(coder, index as u32, bits) as usize;
    (index < count).then_some(index)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uniform_values_cost_their_bits() {
        let values = [(0, 0), (1, 1), (0xFFFF_FFFF, 32), (0x1234_5678, 32), (5, 3), (0, 32)];
        let mut encoder = RangeEncoder::default();
        for (value, bits) in values {
            assert_eq!(code_uniform(&mut encoder, value, bits), value);
        }
        let bytes = encoder.finish();
        assert!(bytes.len() <= 100_usize.div_ceil(8) + 1, "{}", bytes.len());
        let mut decoder = RangeDecoder::new(&bytes);
        for (value, bits) in values {
            assert_eq!(code_uniform(&mut decoder, 0, bits), value);
        }
        decoder.finish().unwrap();
    }
}
