//! One sample as a path of binary decisions.
//!
//! Five decisions find the quantile bin of the sample under a reference distribution, a few
//! more unfold the two outer bins, and the rest bisect what is left down to blocks of 2^k
//! values, whose low bits are noise and go to the packed LSB block. Every decision asks
//! "is the sample at or above this threshold?", and its probability is mixed from the
//! experts' distribution functions at that threshold.

use super::apm::Apm;
use super::experts::{EXPERTS, Edge, Experts, MAX_LOGIT, logits};
use super::mixer::Mixer;
use crate::codec::Values;
use crate::entropy::Coder;
use crate::lm::BINS;
use crate::math::{LANES, exp_neg, ln, logistic, sum};

/// Quantiles of the standard logistic distribution: `ln(j / (32 - j))`, j = 1 to 31.
/// Literals, so that no libm takes part.
#[rustfmt::skip]
const QUANTILES: [f64; BINS] = [
    f64::NEG_INFINITY, -3.433987204485146, -2.70805020110221, -2.268683541318364,
    -1.945910149055313, -1.686398953570227, -1.466337068793427, -1.272965675812887,
    -1.09861228866811, -0.938269639259416, -0.788457360364270, -0.646627164925052,
    -0.510825623765991, -0.379489621704904, -0.251314428280906, -0.125163142954006,
    0.0, 0.125163142954006, 0.251314428280906, 0.379489621704904,
    0.510825623765991, 0.646627164925052, 0.788457360364270, 0.938269639259416,
    1.09861228866811, 1.272965675812887, 1.466337068793427, 1.686398953570227,
    1.945910149055313, 2.268683541318364, 2.70805020110221, 3.433987204485146,
];

/// Kinds of decisions, for contexts: 32 token nodes, 8 steps in each tail, 32 fine ones.
const NODES: usize = 96;
const TAIL_NODES: usize = 32;
const FINE_NODES: usize = 48;

/// Inputs of the mixers; the last ones are zero, for [`crate::math::add_products`].
const INPUTS: usize = 32;
/// Mixer inputs after the experts': the mean of their logits, two shares, a constant, and the language
/// model's logit. The experts' own inputs are distances from the mean: what all agree on then
/// has one weight, and whom to trust is learnt apart from it.
const MEAN: usize = EXPERTS;
const SHARES: usize = EXPERTS + 1;
const BIAS: usize = EXPERTS + 3;
const LANGUAGE: usize = EXPERTS + 4;
/// Trust in the language model before it is known how good it is on this segment.
const LANGUAGE_WEIGHT: f32 = 0.4;

/// A language model's forecast of the quantile bin.
#[derive(Clone, Debug)]
pub struct BinForecast {
    /// `(BINS + 1)`: sums of the weights of all bins below each one.
    below: [f32; BINS + 1],
}

impl BinForecast {
    /// From a model's logits, which must be finite.
    #[inline(always)]
    pub fn new(logits: &[f32; BINS]) -> Self {
        let mut largest = logits[0];
        for &logit in logits {
            largest = largest.max(logit);
        }
        let mut below = [0.0; BINS + 1];
        for (i, logit) in logits.iter().enumerate() {
            below[i + 1] = below[i] + exp_neg((largest - logit).min(40.0));
        }
        BinForecast { below }
    }

    /// Logit of a bin from `middle` on, given that it lies in `first..end`.
    #[inline(always)]
    fn logit(&self, first: usize, middle: usize, end: usize) -> f32 {
        let lower = self.below[middle] - self.below[first];
        let upper = self.below[end] - self.below[middle];
        ln((upper + 1e-6) / (lower + 1e-6))
    }
}

/// Everything known about a sample before it is coded.
#[derive(Clone, Copy, Debug)]
pub struct Forecast {
    /// The experts, relative to `reference`.
    pub experts: Experts,
    /// Reference point, in sample values.
    pub reference: f64,
    /// Location and scale of the distribution whose quantiles are the bins.
    pub location: f64,
    /// See `location`.
    pub scale: f64,
    /// Low bits of the rank that are coded raw.
    pub raw_bits: u32,
    /// Bin of the previous sample of this channel.
    pub last_bin: u8,
    /// Context of the second weight set, below [`SampleCoder::SPREADS`].
    pub spread: usize,
    /// Context, below [`SampleCoder::OTHERS`].
    pub other: usize,
}

/// The adaptive state behind the decisions of one channel.
#[derive(Clone, Debug)]
pub struct SampleCoder {
    by_node: Mixer<INPUTS>,
    by_spread: Mixer<INPUTS>,
    by_other: Mixer<INPUTS>,
    last_map: Apm,
    other_map: Apm,
    /// Share of `true` per node: `(2, contexts, NODES)`.
    shares: [Vec<f32>; 2],
}

/// The interval that the sample is known to lie in.
struct Interval {
    low: u64,
    high: u64,
    low_edge: Edge,
    high_edge: Edge,
}

impl SampleCoder {
    /// Number of values of [`Forecast::spread`].
    pub const SPREADS: usize = 16;
    /// Number of values of [`Forecast::other`].
    pub const OTHERS: usize = 8;

    /// A coder that trusts all experts alike.
    pub fn new() -> Self {
        let mut initial = [0.0; INPUTS];
        // Three mixers are summed.
        initial[MEAN] = 1.0 / 3.0;
        initial[LANGUAGE] = LANGUAGE_WEIGHT / 3.0;
        let rate = 0.0015;
        SampleCoder {
            by_node: Mixer::new(NODES, initial, rate),
            by_spread: Mixer::new(Self::SPREADS * 16, initial, rate),
            by_other: Mixer::new(Self::OTHERS * 16, initial, rate),
            last_map: Apm::new(NODES * 8, 0.005),
            other_map: Apm::new(NODES * Self::OTHERS, 0.005),
            shares: [vec![0.5; NODES * 8], vec![0.5; NODES * Self::OTHERS]],
        }
    }

    /// Codes the sample of rank `target` (ignored when decoding); returns rank and bin.
    #[inline(always)]
    pub fn code(
        &mut self,
        coder: &mut impl Coder,
        values: &Values,
        forecast: &Forecast,
        bins: Option<&BinForecast>,
        target: u64,
    ) -> (u64, u8) {
        let mut interval =
            Interval { low: 0, high: values.len(), low_edge: Edge::BOTTOM, high_edge: Edge::TOP };
        let (mut first, mut end) = (0, BINS);
        let mut node = 1;
        while end - first > 1 {
            let middle = (first + end) / 2;
            let threshold = forecast.location + forecast.scale * QUANTILES[middle];
            let language = bins.map_or(0.0, |bins| bins.logit(first, middle, end));
            let above = self.ask(
                coder,
                values,
                forecast,
                target,
                &mut interval,
                values.count_below(threshold),
                node,
                language,
            );
            coder.end_bin_decision();
            if above {
                first = middle;
            } else {
                end = middle;
            }
            node = node * 2 + usize::from(above);
        }
        let block = 1u64 << forecast.raw_bits;
        if first == 0 || end == BINS {
            let upper = end == BINS;
            let mut distance = QUANTILES[BINS - 1];
            let mut step = 0;
            while interval.high - interval.low > block {
                distance *= if step < 8 { 1.5 } else { 4.0 };
                let offset = if upper { distance } else { -distance } * forecast.scale;
                let rank = values.count_below(forecast.location + offset);
                let rank = rank >> forecast.raw_bits << forecast.raw_bits;
                let outside = if upper { rank >= interval.high } else { rank <= interval.low };
                if outside {
                    break;
                }
                let node = TAIL_NODES + 8 * usize::from(upper) + step.min(7);
                if self.ask(coder, values, forecast, target, &mut interval, rank, node, 0.0)
                    != upper
                {
                    break;
                }
                step += 1;
            }
        }
        while interval.high - interval.low > block {
            let width = (interval.high - interval.low) >> forecast.raw_bits;
            let middle = interval.low + ((width / 2) << forecast.raw_bits);
            let depth = (63 - width.leading_zeros().min(63)).min(7) as usize;
            // A block at the top of the set may be cut short, so that half of a width of
            // one and a bit is nothing.
            let middle = middle.max(((interval.low >> forecast.raw_bits) + 1) << forecast.raw_bits);
            self.ask(
                coder,
                values,
                forecast,
                target,
                &mut interval,
                middle,
                FINE_NODES + depth * 4 + first / 8,
                0.0,
            );
        }
        let raw = coder.raw(target as u32, forecast.raw_bits);
        ((interval.low + u64::from(raw)).min(values.len() - 1), first as u8)
    }

    /// Codes whether the rank is at least `rank`, rounded down to a whole block, and narrows
    /// the interval. Costs nothing when the interval already tells.
    #[inline(always)]
    #[allow(clippy::too_many_arguments)]
    fn ask(
        &mut self,
        coder: &mut impl Coder,
        values: &Values,
        forecast: &Forecast,
        target: u64,
        interval: &mut Interval,
        rank: u64,
        node: usize,
        language: f32,
    ) -> bool {
        let rank = rank >> forecast.raw_bits << forecast.raw_bits;
        if rank <= interval.low {
            return true;
        }
        if rank >= interval.high {
            return false;
        }
        let edge = forecast.experts.edge((values.edge(rank) - forecast.reference) as f32);
        let logits = logits(&interval.low_edge, &edge, &interval.high_edge);
        let decision = self.decide(coder, forecast, &logits, language, node, target >= rank);
        if decision {
            (interval.low, interval.low_edge) = (rank, edge);
        } else {
            (interval.high, interval.high_edge) = (rank, edge);
        }
        decision
    }

    /// Codes one decision and learns from it.
    #[inline(always)]
    fn decide(
        &mut self,
        coder: &mut impl Coder,
        forecast: &Forecast,
        logits: &[f32; EXPERTS],
        language: f32,
        node: usize,
        decision: bool,
    ) -> bool {
        let last_context = forecast.last_bin as usize / 4 * NODES + node;
        let other_context = forecast.other * NODES + node;
        let share_contexts = [last_context, other_context];
        let mut inputs = [0.0; INPUTS];
        let mean = sum(*logits) * (1.0 / EXPERTS as f32);
        for (input, logit) in inputs.iter_mut().zip(logits) {
            *input = logit - mean;
        }
        inputs[MEAN] = mean;
        for (i, &context) in share_contexts.iter().enumerate() {
            let p = self.shares[i][context];
            inputs[SHARES + i] = ln(p / (1.0 - p));
        }
        inputs[BIAS] = 0.3;
        inputs[LANGUAGE] = language;

        let kind = match node {
            0..TAIL_NODES => (31 - (node as u32).leading_zeros()) as usize,
            TAIL_NODES..FINE_NODES => 5,
            _ => 6 + (node - FINE_NODES) / 4,
        };
        let mut lanes = [0.0; LANES];
        self.by_node.mix_into(&mut lanes, node, &inputs);
        self.by_spread.mix_into(&mut lanes, forecast.spread * 16 + kind, &inputs);
        self.by_other.mix_into(&mut lanes, forecast.other * 16 + kind, &inputs);
        let logit = sum(lanes).clamp(-MAX_LOGIT, MAX_LOGIT);
        let mixed = logistic(logit);
        let by_last = self.last_map.refine(last_context, logit);
        let by_other = self.other_map.refine(other_context, logit);
        let p = 0.6 * mixed + 0.2 * (by_last + by_other);

        let decision = coder.code(decision, to_probability(p));
        let outcome = if decision { 1.0 } else { 0.0 };
        let error = outcome - mixed;
        self.by_node.update(&inputs, error);
        self.by_spread.update(&inputs, error);
        self.by_other.update(&inputs, error);
        self.last_map.update(outcome);
        self.other_map.update(outcome);
        for (i, &context) in share_contexts.iter().enumerate() {
            let p = &mut self.shares[i][context];
            *p += (outcome - *p) * 0.01;
            *p = p.clamp(1e-4, 1.0 - 1e-4);
        }
        decision
    }
}

/// A probability in units of 2^-32, kept so far from 0 and 1 that a surprise costs at most
/// 20 bits.
#[inline(always)]
pub fn to_probability(p: f32) -> u32 {
    const LEAST: f32 = 1.0 / (1 << 20) as f32;
    // Not `clamp`, which passes NaN on, and 0 is not legal.
    #[allow(clippy::manual_clamp)]
    let p = p.max(LEAST).min(1.0 - LEAST);
    (f64::from(p) * 4_294_967_296.0) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probabilities_are_legal() {
        for p in [f32::NAN, f32::NEG_INFINITY, -1.0, 0.0, 1e-9] {
            assert_eq!(to_probability(p), 1 << 12);
        }
        assert_eq!(to_probability(0.5), 1 << 31);
        for p in [1.0 - f32::EPSILON / 2.0, 1.0, f32::INFINITY] {
            assert_eq!(to_probability(p), u32::MAX - (1 << 12) + 1);
        }
    }
}
