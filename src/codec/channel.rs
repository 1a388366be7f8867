//! One channel: its predictors, the scales of its experts and its decisions.

use super::profile::{Profile, Source};
use super::values::Values;
use crate::density::{BinForecast, EXPERTS, Experts, Forecast, SampleCoder};
use crate::entropy::Coder;
use crate::error::Result;
use crate::lm::{BINS, InputToken, LanguageModel};
use crate::predict::{Cascade, LeastSquares};

/// Mean of |x| over the scale, for the logistic distribution: 2 ln 2.
const MEAN_PER_SCALE: f32 = 1.386_294_4;
/// Scales stay above this share of the distance between two values.
const LEAST_SCALE: f32 = 0.02;

/// Experts with a task beside their vote: the combined forecast with a fast, a slow and a very slow
/// scale, and a cascade with a short memory.
const FAST_SCALE: usize = 0;
const SLOW_SCALE: usize = 1;
const VERY_SLOW_SCALE: usize = 2;
const SHORT_MEMORY: usize = 3;

/// Boundaries between classes of the signed distance, in scales.
const APART: [f32; 7] = [-1.0, -0.4, -0.12, 0.0, 0.12, 0.4, 1.0];

/// What the channels of a segment share.
pub struct Shared<'a> {
    /// Language model, if one takes part.
    pub lm: Option<&'a mut dyn LanguageModel>,
    /// Bin of the last sample coded, of any channel.
    pub last_bin: Option<u8>,
    /// Absolute error of that sample over its scale.
    pub surprise: f32,
}

impl Shared<'_> {
    /// The model's forecast of the next bin, given the class of what is known of it.
    fn bins(&mut self, class: u8) -> Result<Option<BinForecast>> {
        let Some(lm) = &mut self.lm else { return Ok(None) };
        let token = match self.last_bin {
            Some(bin) => InputToken::Bin { bin, class },
            None => InputToken::Start,
        };
        Ok(Some(BinForecast::new(&lm.step(token)?)))
    }
}

/// The coding state of one channel.
#[derive(Clone, Debug)]
pub struct Channel<'a> {
    profile: &'a Profile<'a>,
    cascades: Vec<Cascade>,
    combiner: LeastSquares,
    /// Outputs of all stages, cascade by cascade.
    stages: Vec<f64>,
    /// The combiner's forecast of the sample at hand.
    combined: f64,
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
    /// Coded after its partner in each frame.
    second: bool,
}

impl<'a> Channel<'a> {
    /// A channel that has seen nothing.
    pub fn new(profile: &'a Profile<'a>, values: &Values, has_partner: bool, second: bool) -> Self {
        let cascades: Vec<Cascade> =
            profile.cascades.iter().map(|config| Cascade::new(config, has_partner)).collect();
        let stages: usize = cascades.iter().map(|c| c.outputs().len()).sum();
        let prior = vec![1.0 / cascades.len() as f64; stages];
        Channel {
            profile,
            cascades,
            combiner: LeastSquares::new(profile.combiner, prior),
            stages: vec![0.0; stages],
            combined: 0.0,
            locations: [0.0; EXPERTS],
            deviations: [0.0; EXPERTS],
            seen: 0.0,
            spacing: values.spacing() as f32,
            bound: values.bound(),
            coder: SampleCoder::new(),
            last_bin: (BINS / 2) as u8,
            second,
        }
    }

    /// Codes one sample; `sample` is ignored when decoding.
    ///
    /// # Errors
    /// Those of the model.
    #[inline(always)]
    pub fn code(
        &mut self,
        coder: &mut impl Coder,
        values: &Values,
        own: &[f64],
        partner: &[f64],
        shared: &mut Shared<'_>,
        sample: i32,
    ) -> Result<i32> {
        self.predict(own, partner);
        let forecast = self.forecast(values, shared.surprise);
        let bins = shared.bins(self.class(&forecast))?;
        let target = values.rank(sample);
        let (rank, bin) = self.coder.code(coder, values, &forecast, bins.as_ref(), target);
        let sample = values.value(rank);
        self.update(sample, bin);
        shared.last_bin = Some(bin);
        shared.surprise = ((f64::from(sample) - forecast.location).abs() / forecast.scale) as f32;
        Ok(sample)
    }

    #[inline(always)]
    fn predict(&mut self, own: &[f64], partner: &[f64]) {
        let bound = self.bound;
        let mut next = 0;
        for cascade in &mut self.cascades {
            cascade.predict(own, partner, bound);
            let outputs = cascade.outputs();
            self.stages[next..next + outputs.len()].copy_from_slice(outputs);
            next += outputs.len();
        }
        self.combined = self.combiner.predict(&self.stages).clamp(-bound, bound);
        for (location, expert) in self.locations.iter_mut().zip(&self.profile.experts) {
            *location = match expert.source {
                Source::Combined => self.combined,
                Source::Cascade(i) => self.cascades[i].outputs().iter().sum(),
                Source::LeastSquares(i) => self.cascades[i].outputs()[0],
            };
        }
    }

    #[inline(always)]
    fn forecast(&self, values: &Values, other: f32) -> Forecast {
        let (low, high) = (f64::from(values.value(0)), f64::from(values.value(values.len() - 1)));
        let reference = self.combined.clamp(low, high);
        let mut location = [0.0; EXPERTS];
        let mut scale = [0.0; EXPERTS];
        for i in 0..EXPERTS {
            location[i] = (self.locations[i].clamp(low, high) - reference) as f32;
            scale[i] = (self.deviations[i] / MEAN_PER_SCALE).max(LEAST_SCALE * self.spacing);
        }
        let bin_scale = 0.5 * (scale[FAST_SCALE] + scale[SLOW_SCALE]);
        // Blocks of 2^k values are at most 1/12 of the scale wide, over which any density is
        // flat enough, and at most half the set.
        let mut raw_bits = 0;
        while bin_scale > 24.0 * self.spacing * (1u32 << raw_bits) as f32
            && raw_bits < 24
            && 2 << raw_bits <= values.len()
        {
            raw_bits += 1;
        }
        let ratio = scale[FAST_SCALE] / scale[VERY_SLOW_SCALE];
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

    /// What a language model is told of the sample at hand: where the combined forecast lies
    /// from a single expert's, whether errors are growing, and which channel it is.
    #[inline(always)]
    fn class(&self, forecast: &Forecast) -> u8 {
        let apart = forecast.experts.location[SHORT_MEMORY] / forecast.scale as f32;
        let apart = APART.iter().filter(|&&boundary| apart > boundary).count() as u8;
        let growing = u8::from(forecast.spread % 8 >= 4);
        apart * 4 + growing * 2 + u8::from(self.second)
    }

    #[inline(always)]
    fn update(&mut self, sample: i32, bin: u8) {
        let value = f64::from(sample);
        if self.seen < 1000.0 {
            self.seen += 1.0;
        }
        for i in 0..EXPERTS {
            let error = (value - self.locations[i]).abs() as f32;
            let rate = self.profile.experts[i].rate.max(1.0 / self.seen);
            self.deviations[i] += (error - self.deviations[i]) * rate;
        }
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
