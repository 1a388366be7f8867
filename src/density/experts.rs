//! Logistic distributions around several forecasts, evaluated side by side (§9.5).

use crate::math::{exp_neg, ln, sum};

/// Number of distributions evaluated together: two 256-bit vectors.
pub const EXPERTS: usize = 16;

/// Largest logit, either sign, of an expert.
pub const MAX_LOGIT: f32 = 12.0;

/// Locations and scales of the experts for one sample.
#[derive(Clone, Copy, Debug)]
pub struct Experts {
    /// Locations, relative to the sample's reference point.
    pub location: [f32; EXPERTS],
    /// Reciprocals of the scales.
    pub inverse_scale: [f32; EXPERTS],
}

/// The experts' distribution functions at one threshold, from below and from above.
///
/// Both tails are kept because the difference of two values close to 1 has no digits left.
#[derive(Clone, Copy, Debug)]
pub struct Edge {
    /// P(x < threshold)
    below: [f32; EXPERTS],
    /// P(x >= threshold)
    above: [f32; EXPERTS],
}

impl Edge {
    /// The threshold below all values.
    pub const BOTTOM: Edge = Edge { below: [0.0; EXPERTS], above: [1.0; EXPERTS] };
    /// The threshold above all values.
    pub const TOP: Edge = Edge { below: [1.0; EXPERTS], above: [0.0; EXPERTS] };
}

impl Experts {
    /// Evaluates all experts at `threshold`, relative to the reference point.
    #[inline(always)]
    pub fn edge(&self, threshold: f32) -> Edge {
        let mut edge = Edge::BOTTOM;
        for i in 0..EXPERTS {
            let z = (threshold - self.location[i]) * self.inverse_scale[i];
            let e = exp_neg(z.abs().min(60.0));
            let small = e / (1.0 + e);
            let large = 1.0 / (1.0 + e);
            edge.below[i] = if z < 0.0 { small } else { large };
            edge.above[i] = if z < 0.0 { large } else { small };
        }
        edge
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
    pub fn halves(&self, middle: &Edge) -> Halves {
        Halves { lower: mass(&self.low, middle), upper: mass(middle, &self.high) }
    }

    /// Leaves the half above `middle`, or the one below.
    #[inline(always)]
    pub fn narrow(&mut self, upper: bool, middle: Edge) {
        *if upper { &mut self.low } else { &mut self.high } = middle;
    }

    /// The experts' probabilities of all of it.
    #[inline(always)]
    pub fn mass(&self) -> [f32; EXPERTS] {
        mass(&self.low, &self.high)
    }
}

/// The experts' probabilities of the two halves of an interval.
#[derive(Clone, Copy, Debug)]
pub struct Halves {
    /// P(low <= x < middle)
    pub lower: [f32; EXPERTS],
    /// P(middle <= x < high)
    pub upper: [f32; EXPERTS],
}

impl Halves {
    /// Logits of the upper half.
    #[inline(always)]
    pub fn logits(&self) -> [f32; EXPERTS] {
        let mut logits = [0.0; EXPERTS];
        for (i, logit) in logits.iter_mut().enumerate() {
            *logit = odds(self.upper[i], self.lower[i]);
        }
        logits
    }

    /// What mixers read (§9.6): each expert's logit of the upper half less their mean, then the mean. What
    /// all agree on then has one weight, and which expert is right is learnt apart from it. Writes the first
    /// `EXPERTS + 1` of `inputs`.
    #[inline(always)]
    pub fn inputs<const N: usize>(&self, inputs: &mut [f32; N]) {
        let logits = self.logits();
        let mean = sum(logits) * (1.0 / EXPERTS as f32);
        for (input, logit) in inputs.iter_mut().zip(logits) {
            *input = logit - mean;
        }
        inputs[EXPERTS] = mean;
    }
}

/// Logit of `upper` against `lower`.
#[inline(always)]
pub fn odds(upper: f32, lower: f32) -> f32 {
    /// Keeps the logarithm away from zero; far below any probability that matters.
    const TINY: f32 = 1e-30;
    ln((upper + TINY) / (lower + TINY)).clamp(-MAX_LOGIT, MAX_LOGIT)
}

/// The experts' probabilities of the interval from `low` to `high`: differences in the tail in which
/// `low` or `high` leaves them digits.
#[inline(always)]
fn mass(low: &Edge, high: &Edge) -> [f32; EXPERTS] {
    let mut mass = [0.0; EXPERTS];
    for (i, mass) in mass.iter_mut().enumerate() {
        let from_below = high.below[i] - low.below[i];
        let from_above = low.above[i] - high.above[i];
        // By bits: of an `if`, the compiler makes a branch for each expert.
        let upper = u32::from(low.below[i] > 0.5).wrapping_neg();
        let difference = (from_above.to_bits() & upper) | (from_below.to_bits() & !upper);
        *mass = f32::from_bits(difference).max(0.0);
    }
    mass
}

#[cfg(test)]
#[path = "experts_tests.rs"]
mod tests;
