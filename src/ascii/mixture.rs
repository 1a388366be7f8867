//! One decision: each expert's probability, and their mixture (`characters.md`, section 7).

use pulp::Simd;

use super::classical::WIDTHS;
use super::params::Experts;
use crate::density::{MAX_LOGIT, Mixer, bounded_probability};
use crate::entropy::Coder;
use crate::math::{Lanes, ln, logistic};

/// Experts, in the order of [`Experts::flags`].
pub const MEMBERS: usize = 3;

/// Weight of each expert at the start, in the same order.
const WEIGHTS: [f32; MEMBERS] = [0.02, 0.18, 0.8];

/// Where a decision stands, for the choice of weights.
#[derive(Clone, Copy, Debug)]
pub struct Node {
    /// Byte of the sample, 0 the most significant.
    pub position: usize,
    /// Bit of the byte, 0 the most significant, 7 the least.
    pub depth: usize,
    /// Class of the interval of values that is left, below [`WIDTHS`].
    pub class: usize,
}

/// Mixes the experts of a segment.
pub struct Mixture<S> {
    simd: S,
    by_node: Mixer<1>,
    by_class: Mixer<1>,
    members: [bool; MEMBERS],
    /// One expert alone: nothing to mix.
    alone: bool,
    /// Bits that each expert would have needed alone, and the number of raw bits.
    costs: [f64; MEMBERS],
}

impl<S: Simd> Mixture<S> {
    /// Weights for samples of `width` bytes.
    pub fn new(simd: S, experts: Experts, width: usize) -> Self {
        let members = experts.flags();
        let mut initial = Lanes::ZERO;
        let sum: f32 = WEIGHTS.iter().zip(members).map(|(w, m)| if m { *w } else { 0.0 }).sum();
        for (i, weight) in WEIGHTS.iter().enumerate() {
            // Two mixers are summed.
            initial.0[i] = if members[i] { 0.5 * weight / sum } else { 0.0 };
        }
        let rate = 0.002;
        Mixture {
            simd,
            by_node: Mixer::new(width * 8, [initial], rate),
            by_class: Mixer::new(WIDTHS * 8, [initial], rate),
            members,
            alone: members.iter().filter(|&&member| member).count() == 1,
            costs: [0.0; MEMBERS],
        }
    }

    /// Codes a decision, given each expert's logit; returns it and what each expert alone made
    /// of it, the probability of a 1, to learn from.
    #[inline(always)]
    pub fn code(
        &mut self,
        coder: &mut dyn Coder,
        bit: bool,
        node: Node,
        logits: [f32; MEMBERS],
    ) -> (bool, [f32; MEMBERS]) {
        let mut inputs = [Lanes::ZERO];
        let mut own = [0.5; MEMBERS];
        let mut logit = 0.0;
        for i in 0..MEMBERS {
            if self.members[i] {
                let clamped = logits[i].clamp(-MAX_LOGIT, MAX_LOGIT);
                inputs[0].0[i] = clamped;
                own[i] = logistic(clamped);
                logit = clamped;
            }
        }
        if !self.alone {
            logit = self.by_node.mix(self.simd, node.position * 8 + node.depth, &inputs)
                + self.by_class.mix(self.simd, node.class * 8 + node.depth, &inputs);
        }
        let p = logistic(logit.clamp(-MAX_LOGIT, MAX_LOGIT));
        let bit = coder.code(bit, bounded_probability(p));
        if !self.alone {
            let error = f32::from(u8::from(bit)) - p;
            self.by_node.update(self.simd, &inputs, error);
            self.by_class.update(self.simd, &inputs, error);
        }
        for (cost, p) in self.costs.iter_mut().zip(own) {
            *cost -= f64::from(ln(if bit { p } else { 1.0 - p }.max(1e-6)));
        }
        (bit, own)
    }

    /// Bytes that each member would have needed alone, raw bits not counted.
    pub fn costs(&self) -> [f64; MEMBERS] {
        self.costs.map(|cost| cost * std::f64::consts::LOG2_E / 8.0)
    }
}
