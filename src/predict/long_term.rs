//! Long-term prediction (§8.9): the next sample from earlier passages that it repeats.
//!
//! Speech codecs and MPEG-4's AAC-LTP and ALS look back by one period of a voice. Samplers, trackers
//! and loops repeat whole bars to the sample, together with something new; so here the lag reaches back
//! to the start of the segment, and there are several at a time. An earlier passage is like another
//! channel whose present and future are known: its difference from the current one is a signal of its own,
//! which is predicted like any other.

use super::cascade::{Cascade, CascadeConfig};
use super::least_squares::LeastSquaresConfig;
use super::nlms::NlmsConfig;

/// Passages that are looked back to at a time.
pub const SLOTS: usize = 4;
/// Distance of each passage in frames; 0 where there is none.
pub type Lags = [u32; SLOTS];
/// Least lag: nearer samples are what the other predictors are for.
pub const LEAST_LAG: u32 = 16;

/// Latest differences from a passage that are inputs, for each of two channels. Less than the least lag.
const DIFFERENCES: usize = 6;
/// Residuals on either side of the one at the lag that are inputs.
const REACH: usize = 1;

/// Composition of the predictor, as of a [`Cascade`].
#[derive(Clone, Copy, Debug)]
pub struct LongTermConfig {
    /// First stage.
    pub least_squares: LeastSquaresConfig,
    /// Later stages, in order.
    pub nlms: &'static [NlmsConfig],
}

/// What the channels of a segment were so far, and where in it to look.
#[derive(Clone, Debug)]
pub struct Past {
    channels: Vec<ChannelPast>,
    /// Where to look.
    pub lags: Lags,
}

/// `(frames)` each.
#[derive(Clone, Debug, Default)]
struct ChannelPast {
    samples: Vec<f32>,
    /// Sample less short-term forecast.
    residuals: Vec<f32>,
}

impl Past {
    /// Nothing of `channels` channels.
    pub fn new(channels: usize) -> Self {
        Past { channels: vec![ChannelPast::default(); channels], lags: [0; SLOTS] }
    }

    /// Adds the newest sample of a channel, and its residual.
    pub fn push(&mut self, channel: usize, sample: f64, residual: f64) {
        let past = &mut self.channels[channel];
        past.samples.push(sample as f32);
        past.residuals.push(residual as f32);
    }
}

impl ChannelPast {
    /// The latest samples less those `lag` frames before, newest first.
    fn differences(&self, lag: usize, differences: &mut [f64]) {
        let now = self.samples.len();
        let count = differences.len();
        let (newer, older) = (&self.samples[now - count..], &self.samples[now - lag - count..]);
        for (difference, (new, old)) in differences.iter_mut().rev().zip(newer.iter().zip(older)) {
            *difference = f64::from(*new) - f64::from(*old);
        }
    }
}

/// What long-term prediction adds to a forecast.
#[derive(Clone, Copy, Debug, Default)]
pub struct Correction {
    /// By least squares alone.
    pub least_squares: f64,
    /// By all stages.
    pub all: f64,
}

/// The long-term predictor of one channel.
#[derive(Clone, Debug)]
pub struct LongTerm {
    channel: usize,
    partner: Option<usize>,
    cascade: Cascade,
    /// `(SLOTS, inputs per lag)`; zeros for slots without a passage.
    inputs: Vec<f64>,
    /// What the other predictors made of the sample at hand.
    short_term: f64,
}

impl LongTerm {
    /// A predictor that has seen nothing, of a channel that may have a partner.
    pub fn new(config: &LongTermConfig, channel: usize, partner: Option<usize>) -> Self {
        let channels = if partner.is_some() { 2 } else { 1 };
        let n = SLOTS * (1 + 2 * REACH + 1 + channels * DIFFERENCES);
        let LongTermConfig { least_squares, nlms } = *config;
        let cascade = CascadeConfig { own: n, partner: 0, least_squares, nlms };
        let cascade = Cascade::new(&cascade, false);
        LongTerm { channel, partner, cascade, inputs: vec![0.0; n], short_term: 0.0 }
    }

    /// What is to be added to `short_term`, the other predictors' forecast; no stage adds more than
    /// `bound`.
    pub fn correction(&mut self, past: &Past, short_term: f64, bound: f64) -> Correction {
        self.short_term = short_term;
        let per_lag = self.inputs.len() / SLOTS;
        for (inputs, &lag) in self.inputs.chunks_exact_mut(per_lag).zip(&past.lags) {
            let own = &past.channels[self.channel];
            let frames = own.samples.len();
            let lag = lag as usize;
            // All that is looked at must lie within the segment.
            if lag == 0 || lag + DIFFERENCES > frames {
                inputs.fill(0.0);
                continue;
            }
            let (there, inputs) = inputs.split_at_mut(1);
            there[0] = f64::from(own.samples[frames - lag]) - short_term;
            let (around, inputs) = inputs.split_at_mut(2 * REACH + 1);
            for (input, residual) in around.iter_mut().zip(&own.residuals[frames - lag - REACH..]) {
                *input = f64::from(*residual);
            }
            let (own_differences, partners) = inputs.split_at_mut(DIFFERENCES);
            own.differences(lag, own_differences);
            if let Some(partner) = self.partner {
                past.channels[partner].differences(lag, partners);
            }
        }
        self.cascade.predict(&self.inputs, &[], bound);
        let stages = self.cascade.outputs();
        Correction { least_squares: stages[0], all: stages.iter().sum() }
    }

    /// Learns the sample; returns what the other predictors left of it, for [`Past::push`].
    pub fn update(&mut self, sample: f64) -> f64 {
        let residual = sample - self.short_term;
        self.cascade.update(residual);
        residual
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIG: LongTermConfig = LongTermConfig {
        least_squares: LeastSquaresConfig {
            lambda: 0.997,
            interval: 32,
            ridge: 1e-6,
            common_ridge: 0.0,
            rate: 0.15,
            power: 2,
        },
        nlms: &[NlmsConfig { taps: 256, step: 0.005 }, NlmsConfig { taps: 16, step: 0.005 }],
    };

    /// A bar of noise, again and again, one channel after the other in each frame.
    fn noise(frames: usize, bar: usize) -> Vec<[f64; 2]> {
        let mut state = 1_u32;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            f64::from(state >> 20) - 2_048.0
        };
        let first: Vec<[f64; 2]> = (0..bar).map(|_| [next(), next()]).collect();
        first.into_iter().cycle().take(frames).collect()
    }

    /// Mean error of both channels over the last thousand frames.
    fn mean_error(frames: &[[f64; 2]], lags: Lags) -> f64 {
        let mut past = Past::new(2);
        past.lags = lags;
        let mut channels = [LongTerm::new(&CONFIG, 0, Some(1)), LongTerm::new(&CONFIG, 1, Some(0))];
        let mut errors = Vec::new();
        for frame in frames {
            for (i, (channel, &sample)) in channels.iter_mut().zip(frame).enumerate() {
                errors.push((sample - channel.correction(&past, 0.0, 1e6).all).abs());
                let residual = channel.update(sample);
                assert_eq!(residual, sample);
                past.push(i, sample, residual);
            }
        }
        errors[errors.len() - 2_000..].iter().sum::<f64>() / 2_000.0
    }

    #[test]
    fn what_repeats_is_predicted() {
        let frames = noise(5_000, 700);
        // The noise is of numbers up to 2,048.
        assert!(mean_error(&frames, [0; SLOTS]) > 900.0);
        assert!(mean_error(&frames, [0, 0, 0, 1_400]) < 1.0);
        assert!(mean_error(&frames, [701, 0, 0, 0]) < 20.0, "one frame beside it is in reach");
        assert!(mean_error(&frames, [650, 0, 0, 0]) > 900.0);
    }

    #[test]
    fn nothing_reaches_before_the_segment() {
        let mut past = Past::new(1);
        let mut channel = LongTerm::new(&CONFIG, 0, None);
        for frame in 0..60 {
            let least = LEAST_LAG as usize;
            for lag in [0, LEAST_LAG, 30, 60, u32::MAX] {
                past.lags = [0, 0, lag, 0];
                channel.correction(&past, 0.0, 100.0);
                // Samples are all different from each other, so inputs differ from 0 where there are any.
                let is_used = channel.inputs.iter().any(|&input| input != 0.0);
                let reaches = lag != 0 && lag as usize + DIFFERENCES <= frame;
                assert_eq!(is_used, reaches, "lag {lag} at frame {frame}");
                assert!(frame >= least || !is_used);
            }
            let residual = channel.update(f64::from((frame * frame) as u32));
            past.push(0, f64::from((frame * frame) as u32), residual);
        }
    }

    #[test]
    fn differences_are_from_the_passage() {
        let mut past = Past::new(2);
        for frame in 0..40 {
            past.push(0, f64::from(frame * frame), 1.0);
            past.push(1, 7.0, 2.0);
        }
        past.lags = [20, 0, 0, 0];
        let mut channel = LongTerm::new(&CONFIG, 0, Some(1));
        channel.correction(&past, 100.0, 1e6);
        // Sample 20 less 100, residuals, 39² - 19² and so on, and a channel that does not change.
        let expected = [300.0, 1.0, 1.0, 1.0, 1_160.0, 1_120.0, 1_080.0, 1_040.0, 1_000.0, 960.0];
        assert_eq!(channel.inputs[..10], expected);
        assert!(channel.inputs[10..].iter().all(|&input| input == 0.0));
    }
}
