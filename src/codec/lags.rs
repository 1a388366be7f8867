//! Lags of long-term prediction in the coded stream (§8.9).

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
    /// All sets have been coded.
    finished: bool,
}

impl LagCoder {
    /// Codes the lags from frame `frame` on, which a decoder writes. `current` is those up to there, and
    /// then the new ones.
    pub fn code(
        &mut self,
        coder: &mut dyn Coder,
        frame: usize,
        lags: &mut Lags,
        current: &mut Lags,
    ) {
        if self.finished {
            *current = *lags;
            return;
        }
        let bits = usize::BITS - frame.leading_zeros();
        for (current, lag) in current.iter_mut().zip(lags) {
            if !self.kept.code(coder, *lag == *current) {
                *current = if self.given_up.code(coder, *lag == 0) {
                    0
                } else {
                    LEAST_LAG + code_uniform(coder, lag.wrapping_sub(LEAST_LAG), bits)
                };
            }
            *lag = *current;
        }
    }

    /// All sets have been coded: from now on they are only looked up.
    pub fn finish(&mut self) {
        self.finished = true;
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
        for (frame, mut coded) in frames.into_iter().zip(table) {
            lags.code(&mut encoder, frame, &mut coded, &mut current);
            assert_eq!(current, coded);
        }
        let bytes = encoder.finish();
        assert!(bytes.len() < 30, "{} bytes", bytes.len());
        let (mut lags, mut current) = (LagCoder::default(), Lags::default());
        let mut decoder = RangeDecoder::new(&bytes);
        for (frame, coded) in frames.into_iter().zip(table) {
            let mut read = Lags::default();
            lags.code(&mut decoder, frame, &mut read, &mut current);
            assert_eq!((read, current), (coded, coded));
        }
        lags.finish();
        lags.code(&mut decoder, 0, &mut [1, 2, 3, 4], &mut current);
        assert_eq!(current, [1, 2, 3, 4]);
        decoder.finish().unwrap();
    }
}
