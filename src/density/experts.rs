//! Logistic distributions around several forecasts, evaluated side by side (§9.5).

use pulp::Simd;

use crate::math::{F32x16, LANES, Lanes, ln};

/// Number of distributions, evaluated together.
pub const EXPERTS: usize = LANES;

/// Largest logit, either sign, of an expert.
pub const MAX_LOGIT: f32 = 12.0;

/// Locations and scales of the experts for one sample.
#[derive(Clone, Copy, Debug)]
pub struct Experts {
    /// Locations, relative to the sample's reference point.
    pub location: Lanes,
    /// Reciprocals of the scales.
    pub inverse_scale: Lanes,
}

/// The experts' distribution functions at one threshold, from below and from above.
///
/// Both tails are kept because the difference of two values close to 1 has no digits left.
#[derive(Clone, Copy, Debug)]
pub struct Edge {
    /// P(x < threshold)
    below: Lanes,
    /// P(x >= threshold)
    above: Lanes,
}

impl Edge {
    /// The threshold below all values.
    pub const BOTTOM: Edge = Edge { below: Lanes::ZERO, above: Lanes([1.0; EXPERTS]) };
    /// The threshold above all values.
    pub const TOP: Edge = Edge { below: Lanes([1.0; EXPERTS]), above: Lanes::ZERO };
}

impl Experts {
    /// Evaluates all experts at `threshold`, relative to the reference point.
    #[inline(always)]
    pub fn edge<S: Simd>(&self, simd: S, threshold: f32) -> Edge {
        let threshold = F32x16::splat(simd, threshold);
        let z = (threshold - self.location.on(simd)) * self.inverse_scale.on(simd);
        let e = z.abs().min(60.0).exp_neg();
        let one = F32x16::splat(simd, 1.0);
        let (small, large) = (e / (one + e), one / (one + e));
        let zero = F32x16::splat(simd, 0.0);
        Edge {
            below: z.if_less(zero, small, large).lanes(),
            above: z.if_less(zero, large, small).lanes(),
        }
    }
}

/// The experts' distribution functions at the ends of the interval that a sample is known to lie in.
#[derive(Clone, Copy, Debug)]
pub struct Interval {
    low: Edge,
    high: Edge,
}

impl Interval {
    /// All values.
    pub const ALL: Interval = Interval { low: Edge::BOTTOM, high: Edge::TOP };

    /// Its halves below and above `middle`.
    #[inline(always)]
    pub fn halves<S: Simd>(&self, simd: S, middle: &Edge) -> Halves<S> {
        Halves { lower: mass(simd, &self.low, middle), upper: mass(simd, middle, &self.high) }
    }

    /// Leaves the half above `middle`, or the one below.
    #[inline(always)]
    pub fn narrow(&mut self, upper: bool, middle: Edge) {
        *if upper { &mut self.low } else { &mut self.high } = middle;
    }

    /// The experts' probabilities of all of it.
    #[inline(always)]
    pub fn mass<S: Simd>(&self, simd: S) -> F32x16<S> {
        mass(simd, &self.low, &self.high)
    }
}

/// The experts' probabilities of the two halves of an interval.
#[derive(Clone, Copy, Debug)]
pub struct Halves<S> {
    /// P(low <= x < middle)
    pub lower: F32x16<S>,
    /// P(middle <= x < high)
    pub upper: F32x16<S>,
}

impl<S: Simd> Halves<S> {
    /// Logits of the upper half.
    #[inline(always)]
    pub fn logits(&self) -> F32x16<S> {
        ((self.upper + TINY) / (self.lower + TINY)).ln().max(-MAX_LOGIT).min(MAX_LOGIT)
    }

    /// What mixers read (§9.6): each expert's logit of the upper half less their mean, and the mean. What
    /// all agree on then has one weight, and which expert is right is learnt apart from it.
    #[inline(always)]
    pub fn inputs(&self) -> (Lanes, f32) {
        let logits = self.logits();
        let mean = logits.sum() * (1.0 / EXPERTS as f32);
        ((logits - mean).lanes(), mean)
    }
}

/// Keeps the logarithm away from zero; far below any probability that matters.
const TINY: f32 = 1e-30;

/// Logit of `upper` against `lower`.
#[inline(always)]
pub fn odds(upper: f32, lower: f32) -> f32 {
    ln((upper + TINY) / (lower + TINY)).clamp(-MAX_LOGIT, MAX_LOGIT)
}

/// The experts' probabilities of the interval from `low` to `high`: differences in the tail in which
/// `low` or `high` leaves them digits.
#[inline(always)]
fn mass<S: Simd>(simd: S, low: &Edge, high: &Edge) -> F32x16<S> {
    let from_below = high.below.on(simd) - low.below.on(simd);
    let from_above = low.above.on(simd) - high.above.on(simd);
    let half = F32x16::splat(simd, 0.5);
    half.if_less(low.below.on(simd), from_above, from_below).max(0.0)
}

#[cfg(test)]
#[path = "experts_tests.rs"]
mod tests;
