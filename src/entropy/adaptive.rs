//! Adaptive probability of one kind of decision.

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
    pub fn code(&mut self, coder: &mut impl Coder, decision: bool) -> bool {
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
