//! Where long-term prediction looks, in the token stream: the encoder searches, the file tells.

use crate::entropy::{AdaptiveBit, Coder, code_uniform};
use crate::predict::{LEAST_LAG, Lags};

/// Frames between two places where lags can change.
pub const PERIOD: usize = 2048;

/// The lags of a segment, one set for each [`PERIOD`].
pub type LagTable = Vec<Lags>;

/// Codes sets of lags, each from the one before.
#[derive(Debug, Default)]
pub struct LagCoder {
    kept: AdaptiveBit,
    given_up: AdaptiveBit,
}

impl LagCoder {
    /// Codes the lags from frame `frame` on; `lags` is ignored when decoding. `current` is those up to
    /// there, and then the new ones.
    pub fn code(&mut self, coder: &mut dyn Coder, frame: usize, lags: &Lags, current: &mut Lags) {
        let bits = usize::BITS - frame.leading_zeros();
        for (current, &lag) in current.iter_mut().zip(lags) {
            if self.kept.code(coder, lag == *current) {
                continue;
            }
            *current = if self.given_up.code(coder, lag == 0) {
                0
            } else {
                LEAST_LAG + code_uniform(coder, lag.wrapping_sub(LEAST_LAG), bits)
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::{RangeDecoder, RangeEncoder};

    #[test]
    fn lags_come_back() {
        let frames = [0, 2_048, 4_096, 6_144, 1 << 21];
        let kept = [0, 2_048, 0, 17];
        let table = [[0; 4], [16, 2_048, 0, 0], kept, kept, [2_000_000; 4]];
        let (mut lags, mut current) = (LagCoder::default(), Lags::default());
        let mut encoder = RangeEncoder::default();
        for (frame, told) in frames.into_iter().zip(table) {
            lags.code(&mut encoder, frame, &told, &mut current);
            assert_eq!(current, told);
        }
        let bytes = encoder.finish();
        assert!(bytes.len() < 30, "{} bytes", bytes.len());
        let (mut lags, mut current) = (LagCoder::default(), Lags::default());
        let mut decoder = RangeDecoder::new(&bytes);
        for (frame, told) in frames.into_iter().zip(table) {
            lags.code(&mut decoder, frame, &Lags::default(), &mut current);
            assert_eq!(current, told);
        }
        decoder.finish().unwrap();
    }
}
