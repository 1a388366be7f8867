//! Adaptive probability of one kind of decision (§9.2).

use super::Coder;

/// A probability that follows the decisions seen: a plain average at first, then a running
/// one. All integers.
#[derive(Clone, Copy, Debug)]
pub struct AdaptiveBit {
    /// P(true) in units of 2^-32, kept in 2^-22 .. 1 - 2^-22.
    p: u32,
    /// Decisions seen, up to the limit at which the average becomes a running one.
    seen: u32,
}

/// Number of decisions after which the newest keeps a constant weight.
const MEMORY: u32 = 250;
const LEAST: i64 = 1 << 10;

impl Default for AdaptiveBit {
    fn default() -> Self {
        AdaptiveBit { p: 1 << 31, seen: 0 }
    }
}

impl AdaptiveBit {
    /// Codes one decision and learns from it.
    #[inline(always)]
    pub fn code(&mut self, coder: &mut dyn Coder, decision: bool) -> bool {
        let decision = coder.code(decision, self.p);
        self.learn(decision);
        decision
    }

    /// P(true) in units of 2^-32.
    #[inline(always)]
    pub fn p(&self) -> u32 {
        self.p
    }

    /// Moves the probability towards the decision.
    #[inline(always)]
    pub fn learn(&mut self, decision: bool) {
        let target = if decision { (1i64 << 32) - 1 } else { 0 };
        let p = i64::from(self.p);
        // 32 bits over at least 3/2, so no overflow.
        let moved = p + (target - p) * 2 / (2 * i64::from(self.seen) + 3);
        self.p = moved.clamp(LEAST, (1 << 32) - LEAST) as u32;
        self.seen = (self.seen + 1).min(MEMORY);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::{RangeDecoder, RangeEncoder};

    fn after(decisions: impl IntoIterator<Item = bool>) -> f64 {
        let mut bit = AdaptiveBit::default();
        for decision in decisions {
            bit.learn(decision);
        }
        f64::from(bit.p()) / 2f64.powi(32)
    }

    #[test]
    fn the_start_is_an_average() {
        assert_eq!(after([]), 0.5);
        // (trues + 1/4) / (decisions + 1/2) in any order, up to where the average becomes a running one.
        for (trues, falses) in [(1, 0), (0, 1), (3, 1), (20, 60)] {
            let learnt = after([vec![true; trues], vec![false; falses]].concat());
            let expected = (trues as f64 + 0.25) / ((trues + falses) as f64 + 0.5);
            assert!((learnt - expected).abs() < 1e-6, "{trues}, {falses}: {learnt}");
        }
    }

    #[test]
    fn it_follows_a_share_and_a_change_of_it() {
        let every = |n: usize| (0..5_000).map(move |i| i % n == 0);
        assert!((after(every(10)) - 0.1).abs() < 0.02);
        assert!((after(every(10).chain(every(2))) - 0.5).abs() < 0.02);
    }

    #[test]
    fn it_is_never_certain() {
        let least = 2f64.powi(-22);
        assert_eq!(after([false; 100_000]), least);
        assert_eq!(after([true; 100_000]), 1.0 - least);
        // And comes back from there.
        assert!(after([true; 100_000].into_iter().chain([false; 3_000])) < 0.01);
    }

    #[test]
    fn both_directions_learn_alike() {
        let decisions: Vec<bool> = (0..3_000).map(|i| i * i % 7 == 0 || i % 1_000 > 900).collect();
        let (mut bit, mut encoder) = (AdaptiveBit::default(), RangeEncoder::default());
        for &decision in &decisions {
            assert_eq!(bit.code(&mut encoder, decision), decision);
        }
        let bytes = encoder.finish();
        assert!(bytes.len() < 3_000 / 8, "{} bytes", bytes.len());
        let (mut other, mut decoder) = (AdaptiveBit::default(), RangeDecoder::new(&bytes));
        for &decision in &decisions {
            assert_eq!(other.code(&mut decoder, !decision), decision);
        }
        assert_eq!(other.p(), bit.p());
        decoder.finish().unwrap();
    }
}
