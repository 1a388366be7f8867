//! Logistic distributions around several forecasts, evaluated side by side.

use crate::math::{exp_neg, ln};

/// Number of distributions evaluated together: two 256-bit vectors.
pub const EXPERTS: usize = 16;

/// Largest logit, either sign, that an expert may claim.
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

/// Logits of `x >= middle`, given that x lies between `low` and `high`.
#[inline(always)]
pub fn logits(low: &Edge, middle: &Edge, high: &Edge) -> [f32; EXPERTS] {
    /// Keeps the logarithm away from zero; far below any probability that matters.
    const TINY: f32 = 1e-30;
    let mut logits = [0.0; EXPERTS];
    for (i, claim) in logits.iter_mut().enumerate() {
        let in_lower_half = middle.below[i] < middle.above[i];
        let lower = if in_lower_half {
            middle.below[i] - low.below[i]
        } else {
            low.above[i] - middle.above[i]
        };
        let upper = if in_lower_half {
            high.below[i] - middle.below[i]
        } else {
            middle.above[i] - high.above[i]
        };
        let logit = ln((upper.max(0.0) + TINY) / (lower.max(0.0) + TINY));
        *claim = logit.clamp(-MAX_LOGIT, MAX_LOGIT);
    }
    logits
}

#[cfg(test)]
#[path = "experts_tests.rs"]
mod tests;
