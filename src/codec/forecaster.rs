//! Forecasts of one channel's next sample (§8.7), and how far each has been off (§9.3).

use super::profile::{Centre, Composition};
use crate::density::{EXPERTS, Experts};
use crate::math::Lanes;
use crate::predict::{Cascade, Correction, Errors, LeastSquares, Pace, Polish};

/// Mean of |x| over the scale, for the logistic distribution: 2 ln 2.
const MEAN_PER_SCALE: f32 = 1.386_294_4;
/// Scales stay above this share of the distance between two values.
const LEAST_SCALE: f32 = 0.02;

/// Experts with a task beside that in the mixer: the final forecast with a fast, a slow and a very slow
/// scale, and a cascade with a short memory.
pub const FAST_SCALE: usize = 0;
/// See [`FAST_SCALE`].
pub const SLOW_SCALE: usize = 1;
/// See [`FAST_SCALE`].
pub const VERY_SLOW_SCALE: usize = 2;
/// See [`FAST_SCALE`].
pub const SHORT_MEMORY: usize = 3;

/// The experts of one sample.
#[derive(Clone, Copy, Debug)]
pub struct Expectation {
    /// The final forecast, which the experts' locations are relative to.
    pub reference: f64,
    /// Scale of each expert, in sample values.
    pub scale: [f32; EXPERTS],
    /// The experts.
    pub experts: Experts,
}

/// Predictors of one channel and the scales of its experts.
#[derive(Clone, Debug)]
pub struct Forecaster<'a> {
    composition: &'a Composition<'a>,
    cascades: Vec<Cascade>,
    combiner: LeastSquares,
    /// Outputs of all stages, cascade by cascade.
    stages: Vec<f64>,
    /// The combiner's forecast of the sample at hand.
    combined: f64,
    polish: Polish,
    /// The final forecast of the sample at hand.
    polished: f64,
    /// Forecast of each expert for the sample at hand.
    locations: [f64; EXPERTS],
    /// Running mean of each expert's absolute error.
    deviations: [f32; EXPERTS],
    /// Samples seen, up to a bound: means start as plain averages.
    seen: f32,
    /// Mean distance between two values that samples can take.
    spacing: f32,
}

impl<'a> Forecaster<'a> {
    /// A forecaster that has seen nothing, and forgets at `pace`. Samples are multiples of `spacing` on average. With a partner,
    /// `shares_errors` says whether its latest errors are at hand too.
    pub fn new(
        composition: &'a Composition<'a>,
        pace: Pace,
        spacing: f64,
        has_partner: bool,
        shares_errors: bool,
    ) -> Self {
        let cascades: Vec<Cascade> = composition
            .cascades
            .iter()
            .map(|config| Cascade::at_pace(config, has_partner, pace))
            .collect();
        let stages: usize = cascades.iter().map(|c| c.outputs().len()).sum();
        let prior = vec![1.0 / cascades.len() as f64; stages];
        Forecaster {
            composition,
            cascades,
            combiner: LeastSquares::new(composition.combiner.forgetting(pace.forgetting), prior),
            stages: vec![0.0; stages],
            combined: 0.0,
            polish: Polish::new(&composition.polish, shares_errors),
            polished: 0.0,
            locations: [0.0; EXPERTS],
            deviations: [0.0; EXPERTS],
            seen: 0.0,
            spacing: spacing as f32,
        }
    }

    /// Combines the forecasts of the next sample from the latest ones, newest first, of the channel and of
    /// its partner; no forecast lies further from 0 than `bound`. [`Forecaster::polish`] has to follow.
    pub fn combine(&mut self, own: &[f64], partner: &[f64], bound: f64) -> f64 {
        let mut next = 0;
        for cascade in &mut self.cascades {
            cascade.predict(own, partner, bound);
            let outputs = cascade.outputs();
            self.stages[next..next + outputs.len()].copy_from_slice(outputs);
            next += outputs.len();
        }
        self.combined = self.combiner.predict(&self.stages, &[]).clamp(-bound, bound);
        self.combined
    }

    /// Finishes the forecast with what the combiner could not see: its partner's latest errors, and what
    /// long-term prediction would add, if it takes part.
    ///
    /// For where the latter errs, the experts that are centred on least-squares stages then stand for the
    /// combiner's forecast.
    pub fn polish(&mut self, partner: &Errors, correction: Option<Correction>, bound: f64) {
        let added = correction.unwrap_or_default();
        let polished = self.polish.predict(self.combined, partner, added, bound);
        for (location, expert) in self.locations.iter_mut().zip(&self.composition.experts) {
            *location = match expert.centre {
                Centre::Polished => polished,
                Centre::Cascade(i) => self.cascades[i].outputs().iter().sum(),
                Centre::LeastSquares(_) if correction.is_some() => self.combined,
                Centre::LeastSquares(i) => self.cascades[i].outputs()[0],
            };
        }
        self.polished = polished;
    }

    /// What the combiner left of the latest samples, newest first.
    pub fn errors(&self) -> Errors {
        self.polish.errors()
    }

    /// What was forecast, for a sample between `low` and `high`.
    pub fn expectation(&self, low: f64, high: f64) -> Expectation {
        let reference = self.polished.clamp(low, high);
        let mut location = [0.0; EXPERTS];
        let mut scale = [0.0; EXPERTS];
        for i in 0..EXPERTS {
            location[i] = (self.locations[i].clamp(low, high) - reference) as f32;
            scale[i] = (self.deviations[i] / MEAN_PER_SCALE).max(LEAST_SCALE * self.spacing);
        }
        let inverse_scale = Lanes(scale.map(|s| 1.0 / s));
        let experts = Experts { location: Lanes(location), inverse_scale };
        Expectation { reference, scale, experts }
    }

    /// Learns the sample that was forecast.
    pub fn update(&mut self, value: f64) {
        if self.seen < 1000.0 {
            self.seen += 1.0;
        }
        for i in 0..EXPERTS {
            let error = (value - self.locations[i]).abs() as f32;
            let rate = self.composition.experts[i].rate.max(1.0 / self.seen);
            self.deviations[i] += (error - self.deviations[i]) * rate;
        }
        self.polish.update(value);
        self.combiner.update(value);
        for cascade in &mut self.cascades {
            cascade.update(value);
        }
    }
}

/// Boundaries between classes of the ratio of the fast scale to the slow one.
const RATIOS: [f32; 7] = [0.4, 0.6, 0.8, 1.0, 1.25, 1.6, 2.4];

impl Expectation {
    /// Number of values of [`Expectation::trend`].
    pub const TRENDS: usize = RATIOS.len() + 1;

    /// Class of how errors have changed recently: fallen (0) to risen.
    pub fn trend(&self) -> usize {
        let ratio = self.scale[FAST_SCALE] / self.scale[VERY_SLOW_SCALE];
        RATIOS.iter().filter(|&&r| ratio > r).count()
    }
}
