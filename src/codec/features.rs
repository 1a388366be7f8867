//! What is known of a sample before it is coded (§9.7), as the small numbers that language models of
//! interface 2 read. `format-spec/lm-metadata.md` lists them; a change here is a new interface.

use super::forecaster::{FAST_SCALE, VERY_SLOW_SCALE};
use super::profile::FeatureExperts;
use crate::density::{Forecast, Values};
use crate::lm::Features;

/// Errors of the channel's latest samples that are features.
pub const ERRORS: usize = 4;
/// What 1 is in a feature.
const UNIT: f32 = 127.0;

/// What a channel's next sample is forecast from.
#[derive(Clone, Copy, Debug)]
pub struct Known<'a> {
    /// What it can be.
    pub values: &'a Values,
    /// The latest samples of the channel, newest first.
    pub own: &'a [f64],
    /// Those of its partner.
    pub partner: &'a [f64],
}

/// What features are made of.
#[derive(Debug)]
pub struct View<'a> {
    /// Forecasts of the sample.
    pub forecast: &'a Forecast,
    /// Which experts stand for what.
    pub experts: &'a FeatureExperts,
    /// What they were made from.
    pub known: Known<'a>,
    /// Errors of the channel's latest samples over their scales, newest first.
    pub errors: &'a [f32; ERRORS],
    /// That of the last sample coded, of any channel.
    pub last_error: f32,
    /// Whether the channel is coded after its partner.
    pub second: bool,
}

/// An odd function with values between -1 and 1 and slope 1 at 0.
fn squash(x: f32) -> f32 {
    x / (1.0 + x.abs())
}

/// How far apart two positive numbers are, between -1 and 1: tanh(ln(a / b) / 2).
fn ratio(a: f32, b: f32) -> f32 {
    (a - b) / (a + b)
}

impl View<'_> {
    /// The numbers, in the order of the specification.
    pub fn features(&self) -> Features {
        let mut features = Features::default();
        let mut next = features.0.iter_mut();
        let mut put = |x: f32| {
            if let Some(feature) = next.next() {
                // Rounds towards zero; NaN becomes 0.
                *feature = (UNIT * x) as i8;
            }
        };
        let (forecast, Known { values, own, partner }) = (self.forecast, self.known);
        let scale = forecast.scale as f32;
        let inverse = 1.0 / scale;
        let distance = |x: f64| (x - forecast.location) as f32 * inverse;
        let experts = &forecast.experts;

        for expert in self.experts.locations {
            put(squash(experts.location.0[expert] * inverse * 2.0));
        }
        let scales = experts.inverse_scale.0.map(|inverse| 1.0 / inverse);
        for expert in self.experts.scales {
            put(ratio(scales[expert], scale));
        }
        put(ratio(scales[FAST_SCALE], scales[VERY_SLOW_SCALE]));

        for &error in self.errors {
            put(squash(error));
        }
        put(squash(self.last_error));

        let spacing = values.spacing() as f32;
        put(ratio(scale, spacing));
        put(squash(scale * 0.05 / spacing));
        put(squash(scale * 0.002 / spacing));

        // The values next to the forecast, and the ends of their range.
        let last = values.len() - 1;
        let above = values.count_below(forecast.location).min(last);
        put(squash(distance(f64::from(values.value(above)))));
        put(squash(distance(f64::from(values.value(above.saturating_sub(1))))));
        put(squash(distance(f64::from(values.value(last))) * 0.05));
        put(squash(distance(f64::from(values.value(0))) * 0.05));

        put(squash(distance(own[0]) * 0.25));
        put(squash(distance(own[1]) * 0.25));
        put(squash(distance(2.0 * own[0] - own[1]) * 0.25));
        put(squash((own[0] - own[2]) as f32 * inverse * 0.25));
        put(squash((partner[0] - partner[1]) as f32 * inverse * 0.25));
        put(if self.second { 1.0 } else { 0.0 });
        features
    }
}

#[cfg(test)]
#[path = "features_tests.rs"]
mod tests;
