//! One channel: its forecasts and its decisions (§8.3, §9.3).

use std::future::poll_fn;

use super::alphabet::Alphabet;
use super::features::{ERRORS, Known, View};
use super::forecaster::{Expectation, FAST_SCALE, Forecaster, SHORT_MEMORY, SLOW_SCALE};
use super::profile::{FeatureExperts, Profile};
use crate::density::{BinForecast, Contexts, EXPERTS, Experts, Forecast, SampleCoder, Values};
use crate::entropy::Coder;
use crate::error::Result;
use crate::lm::{AudioToken, BINS, Input, LanguageModel};
use crate::math::sum;
use crate::predict::{Errors, LongTerm, Pace, Past};

/// Raw bits are bounded by this many times the smallest scale of an expert.
const SHARPEST: f32 = 4.0;
/// Boundaries between classes of the signed distance, in scales.
const APART: [f32; 7] = [-1.0, -0.4, -0.12, 0.0, 0.12, 0.4, 1.0];

/// What the channels of a segment share.
pub struct Shared<'a> {
    /// Language model, if one takes part.
    pub lm: Option<&'a mut dyn LanguageModel>,
    /// The last sample coded, of any channel.
    pub last: Option<Outcome>,
    /// Absolute error over its scale of the channel before in this frame.
    pub surprise: f32,
    /// For long-term prediction, if it takes part.
    pub past: Option<Past>,
    /// `(channels)`, in the order of coding: the latest errors of each.
    pub errors: Vec<Errors>,
}

/// How a sample turned out.
#[derive(Clone, Copy, Debug)]
pub struct Outcome {
    /// Its quantile bin.
    bin: u8,
    /// Its error over the scale that was expected.
    error: f32,
}

/// The coding state of one channel.
#[derive(Clone, Debug)]
pub struct Channel<'a> {
    /// Place in the order of coding.
    index: usize,
    partner: Option<usize>,
    forecaster: Forecaster<'a>,
    /// If it takes part in the segment.
    long_term: Option<LongTerm>,
    /// Mean distance between two values of the segment, and their largest magnitude.
    spacing: f32,
    bound: f64,
    coder: SampleCoder,
    last_bin: u8,
    /// Errors of the latest samples over their scales, newest first.
    errors: [f32; ERRORS],
    /// Experts that the features of language models are taken from.
    feature_experts: &'a FeatureExperts,
}

impl<'a> Channel<'a> {
    /// The channel that is coded as number `index` of each frame, and has seen nothing.
    pub fn new(
        profile: &'a Profile<'a>,
        pace: Pace,
        alphabet: &Alphabet,
        index: usize,
        partner: Option<usize>,
        long_term: bool,
    ) -> Self {
        let values = &alphabet.values;
        let composition = &profile.composition;
        let has_partner = partner.is_some();
        Channel {
            index,
            partner,
            forecaster: Forecaster::new(
                composition,
                pace,
                values.spacing(),
                has_partner,
                has_partner,
            ),
            long_term: long_term.then(|| LongTerm::new(&composition.long_term, index, partner)),
            spacing: values.spacing() as f32,
            bound: values.bound(),
            coder: SampleCoder::new(&composition.mixing),
            last_bin: (BINS / 2) as u8,
            errors: [0.0; ERRORS],
            feature_experts: &composition.features,
        }
    }

    /// Codes one sample; `sample` is ignored when decoding. Waits where the model has others step as well.
    ///
    /// # Errors
    /// Those of the model.
    pub async fn code(
        &mut self,
        coder: &mut dyn Coder,
        known: Known<'_>,
        shared: &mut Shared<'_>,
        sample: i32,
    ) -> Result<i32> {
        let values = known.values;
        let forecast = self.forecast(known, shared);
        let bins = match &mut shared.lm {
            Some(lm) => {
                let token = self.input(&forecast, known, shared.last);
                Some(BinForecast::new(&poll_fn(|_| lm.poll_step(token)).await?))
            }
            None => None,
        };
        let target = values.rank(sample);
        let (rank, bin) = self.coder.code(coder, values, &forecast, bins.as_ref(), target);
        let sample = values.value(rank);
        self.learn(&forecast, f64::from(sample), bin, shared);
        Ok(sample)
    }

    /// The forecast of the next sample, in which a language model has no part.
    fn forecast(&mut self, known: Known<'_>, shared: &Shared<'_>) -> Forecast {
        let combined = self.forecaster.combine(known.own, known.partner, self.bound);
        let correction = match (&mut self.long_term, &shared.past) {
            (Some(long_term), Some(past)) => Some(long_term.correction(past, combined, self.bound)),
            _ => None,
        };
        let errors = self.partner.map_or_else(Errors::default, |i| shared.errors[i]);
        self.forecaster.polish(&errors, correction, self.bound);
        self.distribution(known.values, shared.surprise)
    }

    /// Learns the sample that `forecast` was of.
    fn learn(&mut self, forecast: &Forecast, sample: f64, bin: u8, shared: &mut Shared<'_>) {
        self.forecaster.update(sample);
        shared.errors[self.index] = self.forecaster.errors();
        if let (Some(long_term), Some(past)) = (&mut self.long_term, &mut shared.past) {
            past.push(self.index, sample, long_term.update(sample));
        }
        self.last_bin = bin;
        let error = ((sample - forecast.location) / forecast.scale) as f32;
        self.errors.rotate_right(1);
        self.errors[0] = error;
        shared.last = Some(Outcome { bin, error });
        shared.surprise = error.abs();
    }

    /// Coded after its partner in each frame.
    fn second(&self) -> bool {
        self.index > 0
    }

    fn distribution(&self, values: &Values, surprise: f32) -> Forecast {
        let (low, high) = (f64::from(values.value(0)), f64::from(values.value(values.len() - 1)));
        let expectation = self.forecaster.expectation(low, high);
        let Expectation { reference, scale, experts } = expectation;
        let bin_scale = 0.5 * (scale[FAST_SCALE] + scale[SLOW_SCALE]);
        // Blocks of 2^k values are at most 1/6 of the scale wide, over which any density is
        // flat enough, and at most half the set. Where an expert with a much smaller scale may be right,
        // as between rare jumps of a signal that is otherwise predicted well, its scale counts.
        let mut least = bin_scale;
        for scale in scale {
            least = least.min(SHARPEST * scale);
        }
        let mut raw_bits = 0;
        while least > 12.0 * self.spacing * (1u32 << raw_bits) as f32
            && raw_bits < 24
            && 2 << raw_bits <= values.len()
        {
            raw_bits += 1;
        }
        let trend = expectation.trend() + if bin_scale < 2.0 * self.spacing { 8 } else { 0 };
        Forecast {
            experts,
            reference,
            location: reference,
            scale: f64::from(bin_scale),
            raw_bits,
            contexts: Contexts {
                last_bin: self.last_bin,
                trend,
                surprise: SURPRISES.iter().filter(|&&s| surprise > s).count(),
                disagreement: disagreement(&experts, bin_scale, self.spacing),
            },
        }
    }

    /// What a language model reads before the sample at hand is coded.
    fn input(&self, forecast: &Forecast, known: Known<'_>, last: Option<Outcome>) -> Input {
        let Some(Outcome { bin, error }) = last else { return Input::Start };
        let view = View {
            forecast,
            experts: self.feature_experts,
            known,
            errors: &self.errors,
            last_error: error,
            second: self.second(),
        };
        Input::After(AudioToken { bin, class: self.class(forecast), features: view.features() })
    }

    /// Context class of the sample at hand: where the final forecast lies from a single
    /// expert's, whether errors are growing, and which channel it is.
    fn class(&self, forecast: &Forecast) -> u8 {
        let apart = forecast.experts.location.0[SHORT_MEMORY] / forecast.scale as f32;
        let apart = APART.iter().filter(|&&boundary| apart > boundary).count() as u8;
        let growing = u8::from(forecast.contexts.trend % 8 >= 4);
        apart * 4 + growing * 2 + u8::from(self.second())
    }
}

/// Boundaries between classes of the surprise of the channel before.
const SURPRISES: [f32; 7] = [0.2, 0.5, 0.9, 1.4, 2.0, 3.0, 5.0];

/// Boundaries between classes of how far apart the experts are on average, in scales.
const DISAGREEMENTS: [f32; 7] = [0.05, 0.1, 0.2, 0.35, 0.6, 1.0, 2.0];
/// Boundaries between classes of the scale, in distances between two values.
const COARSENESS: [f32; 7] = [0.3, 0.7, 1.5, 3.0, 8.0, 24.0, 100.0];

/// Context: by how much the experts differ, and how fine the values are.
fn disagreement(experts: &Experts, scale: f32, spacing: f32) -> usize {
    let mut distances = experts.location.0;
    for distance in &mut distances {
        *distance = distance.abs();
    }
    let apart = sum(distances) * (1.0 / EXPERTS as f32) / scale;
    let apart = DISAGREEMENTS.iter().filter(|&&boundary| apart > boundary).count();
    apart * 8 + COARSENESS.iter().filter(|&&boundary| scale > boundary * spacing).count()
}
