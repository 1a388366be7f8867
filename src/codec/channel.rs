//! One channel: its predictors, the scales of its experts and its decisions.

use super::profile::{Profile, Source};
use super::values::Values;
use crate::density::{EXPERTS, Experts, Forecast, SampleCoder};
use crate::entropy::Coder;
use crate::predict::{Cascade, LeastSquares};

/// Mean of |x| over the scale, for the logistic distribution: 2 ln 2.
const MEAN_PER_SCALE: f32 = 1.386_294_4;
/// Scales stay above this share of the distance between two values.
const LEAST_SCALE: f32 = 0.02;

/// The coding state of one channel.
#[derive(Clone, Debug)]
pub struct Channel {
    profile: &'static Profile,
    cascades: Vec<Cascade>,
    combiner: LeastSquares,
    /// Outputs of all stages, cascade by cascade.
    stages: Vec<f64>,
    /// Forecast of each expert for the sample at hand.
    locations: [f64; EXPERTS],
    /// Running mean of each expert's absolute error.
    deviations: [f32; EXPERTS],
    /// Samples seen, up to a bound: means start as plain averages.
    seen: f32,
    /// Mean distance between two values of the segment, and their largest magnitude.
    spacing: f32,
    bound: f64,
    coder: SampleCoder,
    last_bin: u8,
    /// Absolute error of the last sample over its scale: context for the channels after.
    pub surprise: f32,
}

impl Channel {
    /// A channel that has seen nothing.
    pub fn new(profile: &'static Profile, values: &Values, has_partner: bool) -> Self {
        let cascades: Vec<Cascade> =
            profile.cascades.iter().map(|config| Cascade::new(config, has_partner)).collect();
        let stages: usize = cascades.iter().map(|c| c.outputs().len()).sum();
        let prior = vec![1.0 / cascades.len() as f64; stages];
        Channel {
            profile,
            cascades,
            combiner: LeastSquares::new(profile.combiner, prior),
            stages: vec![0.0; stages],
            locations: [0.0; EXPERTS],
            deviations: [0.0; EXPERTS],
            seen: 0.0,
            spacing: values.spacing() as f32,
            bound: values.bound(),
            coder: SampleCoder::new(),
            last_bin: 16,
            surprise: 0.0,
        }
    }

    /// Codes one sample; `sample` is ignored when decoding. `other` is the surprise of the
    /// channel coded before this one in the same frame.
    #[inline(always)]
    pub fn code(
        &mut self,
        coder: &mut impl Coder,
        values: &Values,
        own: &[f64],
        partner: &[f64],
        other: f32,
        sample: i32,
    ) -> i32 {
        let combined = self.predict(own, partner);
        let forecast = self.forecast(values, combined, other);
        let target = values.rank(sample);
        let (rank, bin) = self.coder.code(coder, values, &forecast, target);
        let sample = values.value(rank);
        self.update(sample, &forecast, bin);
        sample
    }

    #[inline(always)]
    fn predict(&mut self, own: &[f64], partner: &[f64]) -> f64 {
        let bound = self.bound;
        let mut next = 0;
        for cascade in &mut self.cascades {
            cascade.predict(own, partner, bound);
            let outputs = cascade.outputs();
            self.stages[next..next + outputs.len()].copy_from_slice(outputs);
            next += outputs.len();
        }
        let combined = self.combiner.predict(&self.stages).clamp(-bound, bound);
        for (location, expert) in self.locations.iter_mut().zip(&self.profile.experts) {
            *location = match expert.source {
                Source::Combined => combined,
                Source::Cascade(i) => self.cascades[i].outputs().iter().sum(),
                Source::LeastSquares(i) => self.cascades[i].outputs()[0],
            };
        }
        combined
    }

    #[inline(always)]
    fn forecast(&self, values: &Values, combined: f64, other: f32) -> Forecast {
        let (low, high) = (f64::from(values.value(0)), f64::from(values.value(values.len() - 1)));
        let reference = combined.clamp(low, high);
        let mut location = [0.0; EXPERTS];
        let mut scale = [0.0; EXPERTS];
        for i in 0..EXPERTS {
            location[i] = (self.locations[i].clamp(low, high) - reference) as f32;
            scale[i] = (self.deviations[i] / MEAN_PER_SCALE).max(LEAST_SCALE * self.spacing);
        }
        let bin_scale = 0.5 * (scale[0] + scale[1]);
        // Blocks of 2^k values are at most 1/32 of the scale wide.
        let mut raw_bits = 0;
        while bin_scale > 24.0 * self.spacing * (1u32 << raw_bits) as f32 && raw_bits < 24 {
            raw_bits += 1;
        }
        let ratio = scale[0] / scale[2];
        let spread = RATIOS.iter().filter(|&&r| ratio > r).count()
            + if bin_scale < 2.0 * self.spacing { 8 } else { 0 };
        Forecast {
            experts: Experts { location, inverse_scale: scale.map(|s| 1.0 / s) },
            reference,
            location: reference,
            scale: f64::from(bin_scale),
            raw_bits,
            last_bin: self.last_bin,
            spread,
            other: SURPRISES.iter().filter(|&&s| other > s).count(),
        }
    }

    #[inline(always)]
    fn update(&mut self, sample: i32, forecast: &Forecast, bin: u8) {
        let value = f64::from(sample);
        if self.seen < 1000.0 {
            self.seen += 1.0;
        }
        for i in 0..EXPERTS {
            let error = (value - self.locations[i]).abs() as f32;
            let rate = self.profile.experts[i].rate.max(1.0 / self.seen);
            self.deviations[i] += (error - self.deviations[i]) * rate;
        }
        self.surprise = ((value - forecast.location).abs() / forecast.scale) as f32;
        self.last_bin = bin;
        self.combiner.update(&self.stages, value);
        for cascade in &mut self.cascades {
            cascade.update(value);
        }
    }
}

/// Boundaries between classes of the ratio of the fast scale to the slow one.
const RATIOS: [f32; 7] = [0.4, 0.6, 0.8, 1.0, 1.25, 1.6, 2.4];
/// Boundaries between classes of the surprise of the channel before.
const SURPRISES: [f32; 7] = [0.2, 0.5, 0.9, 1.4, 2.0, 3.0, 5.0];
