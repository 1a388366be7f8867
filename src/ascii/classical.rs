//! The classical expert (`characters.md`, section 5): each bit as the main codec's predictor forecasts it.
//!
//! The bits known so far leave an interval of values; the mass of each half under the
//! forecaster's distributions is a probability of the next bit.

use pulp::Simd;

use super::layout::Layout;
use super::scale::Scale;
use crate::codec::{Expectation, Forecaster, HISTORY, Level, profile};
use crate::density::{Edge, Interval, MAX_LOGIT, Mixer};
use crate::math::Lanes;
use crate::predict::{Errors, Pace};
use crate::wav::WavFormat;

/// Inputs of the mixers: each expert's logit less the mean of all, then the mean; the last ones are
/// zero.
type Inputs = [Lanes; 2];
/// Width classes of the interval over the scale, see [`Classical::width_class`].
pub const WIDTHS: usize = 16;
/// Least bound of a forecast.
const LEAST_BOUND: f64 = 16.0;

/// The forecasters of a segment, and the interval that the sample at hand lies in.
pub struct Classical<S> {
    simd: S,
    scale: Scale,
    /// Bits of a sample.
    bits: u32,
    frames: usize,
    forecasters: Vec<Forecaster<'static>>,
    /// Samples of each channel, newest first: that of frame `t` is at `frames - 1 - t`, and zeros
    /// follow those of frame 0.
    signals: Vec<Vec<f64>>,
    /// Largest magnitude so far.
    peak: f64,
    by_depth: Mixer<2>,
    by_width: Mixer<2>,
    sample: Sample,
    node: Node,
}

/// The sample at hand.
struct Sample {
    frame: usize,
    channel: usize,
    expectation: Expectation,
    trend: usize,
    /// Bits known so far, and how many are left.
    key: u64,
    left: u32,
    /// Lowest rank in the interval.
    low: u64,
    interval: Interval,
}

/// The bit at hand.
struct Node {
    /// Bits left when it was looked at; 0 for none.
    left: u32,
    middle: u64,
    edge: Edge,
    /// A 1 means the upper half.
    one_is_upper: bool,
    inputs: Inputs,
}

impl<S: Simd> Classical<S> {
    /// Forecasters for `frames` frames; `None` for a format without samples.
    pub fn new(
        simd: S,
        format: &WavFormat,
        layout: &Layout,
        frames: usize,
        blocking: usize,
        level: Level,
    ) -> Option<Self> {
        let scale = Scale::new(format)?;
        let interleaved = blocking == 1;
        let forecasters: Vec<Forecaster<'static>> = (0..layout.channels)
            .map(|channel| {
                // In blocks, the first channel runs ahead of the others.
                let has_partner = channel > 0 || (layout.channels > 1 && interleaved);
                // Channels in blocks have no errors at the same time.
                Forecaster::new(
                    &profile(level).composition,
                    Pace::CONFIGURED,
                    1.0,
                    has_partner,
                    false,
                )
            })
            .collect();
        // Two mixers are summed.
        let initial = [Lanes::ZERO, Lanes::from_slice(&[0.5])];
        let rate = 0.002;
        let expectation = forecasters[0].expectation(0.0, 0.0);
        Some(Classical {
            simd,
            scale,
            bits: 8 * layout.width as u32,
            frames,
            signals: vec![vec![0.0; frames + HISTORY]; layout.channels],
            forecasters,
            peak: 0.0,
            by_depth: Mixer::new(64, initial, rate),
            by_width: Mixer::new(WIDTHS * Expectation::TRENDS, initial, rate),
            sample: Sample {
                frame: 0,
                channel: 0,
                expectation,
                trend: 0,
                key: 0,
                left: 0,
                low: 0,
                interval: Interval::ALL,
            },
            node: Node {
                left: 0,
                middle: 0,
                edge: Edge::BOTTOM,
                one_is_upper: true,
                inputs: [Lanes::ZERO; 2],
            },
        })
    }

    /// Starts a sample.
    #[inline(always)]
    pub fn start(&mut self, frame: usize, channel: usize) {
        let channels = self.forecasters.len();
        // The first channel is forecast from the second one's past, each later one from the
        // channel before it, whose sample of this frame is known.
        let (partner, newest) = match channel {
            0 => (1.min(channels - 1), self.frames - frame),
            _ => (channel - 1, self.frames - 1 - frame),
        };
        let from = self.frames - frame;
        let own = &self.signals[channel][from..from + HISTORY];
        let other = &self.signals[partner][newest..newest + HISTORY];
        let bound = (2.0 * self.peak).max(LEAST_BOUND);
        let forecaster = &mut self.forecasters[channel];
        forecaster.combine(own, other, bound);
        forecaster.polish(&Errors::default(), None, bound);
        let expectation = forecaster.expectation(-bound, bound);
        self.sample = Sample {
            frame,
            channel,
            expectation,
            trend: expectation.trend(),
            key: 0,
            left: self.bits,
            low: 0,
            interval: Interval::ALL,
        };
        self.node.left = 0;
    }

    /// Logit of the next bit.
    #[inline(always)]
    pub fn logit(&mut self) -> f32 {
        self.look();
        let Sample { interval, left, trend, .. } = &self.sample;
        let (experts, mean) = interval.halves(self.simd, &self.node.edge).inputs();
        self.node.inputs = [experts, Lanes::from_slice(&[mean])];
        let depth = (self.bits - left) as usize;
        let width = self.width_class() * Expectation::TRENDS + trend;
        let upper = self.by_depth.mix(self.simd, depth, &self.node.inputs)
            + self.by_width.mix(self.simd, width, &self.node.inputs);
        let upper = upper.clamp(-MAX_LOGIT, MAX_LOGIT);
        if self.node.one_is_upper { upper } else { -upper }
    }

    /// Learns the bit that `logit` was computed for; `p` is the probability that was made of it.
    #[inline(always)]
    pub fn learn(&mut self, bit: bool, p: f32) {
        let error = f32::from(u8::from(bit)) - p;
        let error = if self.node.one_is_upper { error } else { -error };
        self.by_depth.update(self.simd, &self.node.inputs, error);
        self.by_width.update(self.simd, &self.node.inputs, error);
    }

    /// Narrows the interval to the half of this bit. Its logit need not have been computed.
    #[inline(always)]
    pub fn narrow(&mut self, bit: bool) {
        self.look();
        let Node { middle, edge, one_is_upper, .. } = &self.node;
        let sample = &mut self.sample;
        sample.left -= 1;
        sample.key |= u64::from(bit) << sample.left;
        let upper = bit == *one_is_upper;
        sample.interval.narrow(upper, *edge);
        if upper {
            sample.low = *middle;
        }
    }

    /// Learns the sample, all of whose bits are known.
    #[inline(always)]
    pub fn finish(&mut self) {
        let Sample { frame, channel, key, .. } = self.sample;
        let value = self.scale.value(self.scale.rank(key));
        self.signals[channel][self.frames - 1 - frame] = value;
        self.peak = self.peak.max(value.abs());
        self.forecasters[channel].update(value);
    }

    /// Class of how wide the interval is, in scales: from less than 1/8 (0) by factors of 2.
    #[inline(always)]
    pub fn width_class(&self) -> usize {
        let Sample { low, left, expectation, .. } = &self.sample;
        let last = low + (u64::MAX >> (64 - left.max(&1)));
        let width = self.scale.value(last) - self.scale.value(*low) + 1.0;
        let ratio = width / f64::from(expectation.scale[0]);
        // The exponent of a positive double.
        let exponent = (ratio.to_bits() >> 52) as i32 - 1023;
        (exponent + 4).clamp(0, WIDTHS as i32 - 1) as usize
    }

    /// Finds the middle of the interval, once per bit.
    #[inline(always)]
    fn look(&mut self) {
        let Sample { key, left, low, expectation, .. } = &self.sample;
        if self.node.left == *left {
            return;
        }
        let half = 1u64 << (left - 1);
        let middle = low + half;
        let threshold = self.scale.edge(middle) - expectation.reference;
        self.node.left = *left;
        self.node.middle = middle;
        self.node.edge = expectation.experts.edge(self.simd, threshold as f32);
        self.node.one_is_upper = self.scale.rank(key | half) >= middle;
    }
}
