//! One sample as a path of binary decisions (§9.4).
//!
//! Five decisions find the quantile bin of the sample under a reference distribution, a few
//! more unfold the two outer bins, and the rest bisect what is left down to blocks of 2^k
//! values, whose low bits are noise and go to the packed LSB block. Every decision is
//! whether the sample lies at or above a threshold, and its probability is mixed from the
//! experts' distribution functions at that threshold.

use pulp::{NullaryFnOnce, Simd, WithSimd};

use super::experts::{Experts, Interval};
use super::mixing::{Contexts, FINE_NODES, LANGUAGE_WEIGHT, Mixing, MixingConfig, TAIL_NODES};
use super::values::Values;
use crate::entropy::{Coder, Probability, from_probability, to_probability};
use crate::lm::BINS;
use crate::math::{exp_neg, ln, vectorized};

/// Decisions that find a bin.
pub const DECISIONS: usize = BINS.ilog2() as usize;

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

    /// Bits that it takes off the cost of `bin` with its first weight in the mixers. `decisions` are the probabilities without it of
    /// the upper half, of the decisions that find the bin, 0 where there was nothing to decide.
    pub fn saving(&self, bin: u8, decisions: &[Probability; DECISIONS]) -> f32 {
        let bin = usize::from(bin);
        let (mut first, mut end) = (0, BINS);
        let mut saved = 0.0;
        for &p in decisions {
            let middle = (first + end) / 2;
            let above = bin >= middle;
            if p != 0 {
                let p = from_probability(p) as f32;
                let before = ln(p / (1.0 - p));
                let after = before + LANGUAGE_WEIGHT * self.logit(first, middle, end);
                saved += cost(before, above) - cost(after, above);
            }
            (first, end) = if above { (middle, end) } else { (first, middle) };
        }
        saved
    }
}

/// Bits of a decision whose logit is `logit`.
fn cost(logit: f32, decision: bool) -> f32 {
    let against = if decision { -logit } else { logit };
    let nats = against.max(0.0) + ln(1.0 + exp_neg(against.abs().min(40.0)));
    nats * std::f32::consts::LOG2_E
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
    /// Contexts of its decisions.
    pub contexts: Contexts,
}

/// The coder of the samples of one channel.
#[derive(Clone, Debug)]
pub struct SampleCoder {
    mixing: Mixing,
}

impl SampleCoder {
    /// A coder that has seen nothing.
    pub fn new(config: &MixingConfig) -> Self {
        SampleCoder { mixing: Mixing::new(config) }
    }

    /// Codes the sample of rank `target` (ignored when decoding); returns rank and bin.
    pub fn code(
        &mut self,
        coder: &mut dyn Coder,
        values: &Values,
        forecast: &Forecast,
        bins: Option<&BinForecast>,
        target: u64,
    ) -> (u64, u8) {
        let mixing = &mut self.mixing;
        vectorized(Code { mixing, coder, values, forecast, bins, target })
    }
}

/// What a sample is coded with.
struct Code<'a> {
    mixing: &'a mut Mixing,
    coder: &'a mut dyn Coder,
    values: &'a Values,
    forecast: &'a Forecast,
    bins: Option<&'a BinForecast>,
    target: u64,
}

impl WithSimd for Code<'_> {
    type Output = (u64, u8);

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> (u64, u8) {
        let (low, high, interval) = (0, self.values.len(), Interval::ALL);
        Path { code: self, simd, low, high, interval }.walk()
    }
}

/// The way to one sample.
struct Path<'a, S> {
    code: Code<'a>,
    simd: S,
    /// Ranks from `low` to `high`, the latter not among them, in which the sample is known to lie.
    low: u64,
    high: u64,
    /// The same between values.
    interval: Interval,
}

impl<S: Simd> Path<'_, S> {
    /// Codes the sample; its rank and its bin.
    #[inline(always)]
    fn walk(mut self) -> (u64, u8) {
        let bin = self.bin();
        if bin == 0 || bin == BINS - 1 {
            self.tail(bin > 0);
        }
        self.bisect(bin);
        let Path { code: Code { mixing, coder, values, forecast, target, .. }, simd, low, .. } =
            self;
        mixing.learn_sample(simd, self.interval.mass(simd));
        let raw = coder.raw(target as u32, forecast.raw_bits);
        ((low + u64::from(raw)).min(values.len() - 1), bin as u8)
    }

    /// Finds the quantile bin of the reference distribution.
    #[inline(always)]
    fn bin(&mut self) -> usize {
        let (mut first, mut end) = (0, BINS);
        let mut node = 1;
        while end - first > 1 {
            let middle = (first + end) / 2;
            let threshold =
                self.code.forecast.location + self.code.forecast.scale * QUANTILES[middle];
            let language = self.code.bins.map_or(0.0, |bins| bins.logit(first, middle, end));
            let above = self.is_at_least(self.code.values.count_below(threshold), node, language);
            self.code.coder.end_bin_decision();
            if above {
                first = middle;
            } else {
                end = middle;
            }
            node = node * 2 + usize::from(above);
        }
        first
    }

    /// Unfolds an outer bin, in steps that grow.
    #[inline(always)]
    fn tail(&mut self, upper: bool) {
        let Forecast { location, scale, raw_bits, .. } = *self.code.forecast;
        let mut distance = QUANTILES[BINS - 1];
        let mut step = 0;
        while !self.is_block() {
            distance *= if step < 8 { 1.5 } else { 4.0 };
            let offset = if upper { distance } else { -distance } * scale;
            let rank = self.code.values.count_below(location + offset) >> raw_bits << raw_bits;
            let (low, high) = (self.low, self.high);
            if if upper { rank >= high } else { rank <= low } {
                break;
            }
            let node = TAIL_NODES + 8 * usize::from(upper) + step.min(7);
            if self.is_at_least(rank, node, 0.0) != upper {
                break;
            }
            step += 1;
        }
    }

    /// Bisects what is left down to a block.
    #[inline(always)]
    fn bisect(&mut self, bin: usize) {
        let raw_bits = self.code.forecast.raw_bits;
        while !self.is_block() {
            let (low, high) = (self.low, self.high);
            let width = (high - low) >> raw_bits;
            let middle = low + ((width / 2) << raw_bits);
            let depth = (63 - width.leading_zeros().min(63)).min(7) as usize;
            // A block at the top of the set may be cut short, so that half of a width of
            // one and a bit is nothing.
            let middle = middle.max(((low >> raw_bits) + 1) << raw_bits);
            self.is_at_least(middle, FINE_NODES + depth * 4 + bin / 8, 0.0);
        }
    }

    /// What is left of the interval differs by raw bits only.
    #[inline(always)]
    fn is_block(&self) -> bool {
        self.high - self.low <= 1 << self.code.forecast.raw_bits
    }

    /// Codes whether the rank is at least `rank`, rounded down to a whole block, and narrows
    /// the interval. Codes nothing where the interval decides it.
    #[inline(always)]
    fn is_at_least(&mut self, rank: u64, node: usize, language: f32) -> bool {
        let raw_bits = self.code.forecast.raw_bits;
        let rank = rank >> raw_bits << raw_bits;
        if rank <= self.low {
            return true;
        }
        if rank >= self.high {
            return false;
        }
        // A function of its own: it is large, and there are three callers.
        let simd = self.simd;
        simd.vectorize(Decide { path: self, rank, node, language })
    }

    #[inline(always)]
    fn decide(&mut self, rank: u64, node: usize, language: f32) -> bool {
        let forecast = self.code.forecast;
        let (simd, code) = (self.simd, &mut self.code);
        let threshold = (code.values.edge(rank) - forecast.reference) as f32;
        let edge = forecast.experts.edge(simd, threshold);
        let halves = self.interval.halves(simd, &edge);
        let p = code.mixing.probability(simd, &forecast.contexts, node, &halves, language);
        let decision = code.coder.code(code.target >= rank, bounded_probability(p));
        code.mixing.learn(simd, decision);
        self.interval.narrow(decision, edge);
        *if decision { &mut self.low } else { &mut self.high } = rank;
        decision
    }
}

/// One decision, whose outcome is not known yet.
struct Decide<'a, 'p, S> {
    path: &'a mut Path<'p, S>,
    rank: u64,
    node: usize,
    language: f32,
}

impl<S: Simd> NullaryFnOnce for Decide<'_, '_, S> {
    type Output = bool;

    #[inline(always)]
    fn call(self) -> bool {
        self.path.decide(self.rank, self.node, self.language)
    }
}

/// A probability in units of 2^-32, kept so far from 0 and 1 that a surprise costs at most
/// 20 bits.
#[inline(always)]
pub fn bounded_probability(p: f32) -> Probability {
    const LEAST: f32 = 1.0 / (1 << 20) as f32;
    // Not `clamp`, which passes NaN on, and 0 is not legal.
    #[allow(clippy::manual_clamp)]
    let p = p.max(LEAST).min(1.0 - LEAST);
    to_probability(p)
}

#[cfg(test)]
#[path = "tree_tests.rs"]
mod tests;
