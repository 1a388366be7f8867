//! The last stage of a forecast (§8.10): a small least squares that weighs the combiner's forecast together
//! with what is no input of the combiner: its own latest errors, those of its partner,
//! and with long-term prediction.
//!
//! What is left of a channel by a good predictor still correlates with what is left of its partner, and
//! with its own past over thousands of samples. Both are small, so they are learnt on the errors alone:
//! on the signal itself they would drown. Sac's last stage does the same with one filter (Sac 0.7,
//! "bias stage"); here several filters are inputs of one least squares that finds out what each is worth.

use super::least_squares::{LeastSquares, LeastSquaresConfig};
use super::long_term::Correction;
use super::nlms::{Nlms, NlmsConfig, update_all};
use crate::math::limited;

/// Latest errors of a channel that are inputs themselves.
pub const RECENT: usize = 2;
/// The latest errors of a channel, newest first.
pub type Errors = [f64; RECENT];

/// Composition of the stage.
#[derive(Clone, Copy, Debug)]
pub struct PolishConfig {
    /// Weighs the inputs.
    pub least_squares: LeastSquaresConfig,
    /// Filters over the channel's own errors.
    pub own: &'static [NlmsConfig],
    /// Filters over the errors of its partner.
    pub partner: &'static [NlmsConfig],
}

/// The last stage of one channel.
#[derive(Clone, Debug)]
pub struct Polish {
    least_squares: LeastSquares,
    own: ErrorFilters,
    partner: ErrorFilters,
    has_partner: bool,
    /// Errors of the combiner, newest first.
    errors: Errors,
    /// `(1 + 2 * RECENT + filters + 2)`, without the partner's where there is none.
    inputs: Vec<f64>,
    /// The combiner's forecast of the sample at hand.
    combined: f64,
}

impl Polish {
    /// A stage that has seen nothing: it passes the combiner's forecast on.
    pub fn new(config: &PolishConfig, has_partner: bool) -> Self {
        let partner: &[NlmsConfig] = if has_partner { config.partner } else { &[] };
        let recent = if has_partner { 2 * RECENT } else { RECENT };
        let mut prior = vec![0.0; 1 + recent + config.own.len() + partner.len() + 2];
        prior[0] = 1.0;
        Polish {
            own: ErrorFilters::new(config.own),
            partner: ErrorFilters::new(partner),
            has_partner,
            errors: [0.0; RECENT],
            inputs: vec![0.0; prior.len()],
            combined: 0.0,
            least_squares: LeastSquares::new(config.least_squares, prior),
        }
    }

    /// Errors of the combiner, newest first.
    pub fn errors(&self) -> Errors {
        self.errors
    }

    /// The final forecast, no further from 0 than `bound`. `combined` is the combiner's, `partner` the
    /// partner's latest errors, ignored without one, and `correction` what long-term prediction would add.
    pub fn predict(
        &mut self,
        combined: f64,
        partner: &Errors,
        correction: Correction,
        bound: f64,
    ) -> f64 {
        self.combined = combined;
        if self.has_partner {
            // The partner's newest error has come since the forecast before: only now can its filters learn.
            self.partner.update(self.errors[0], partner[0]);
        }
        let mut inputs = self.inputs.iter_mut();
        let mut put = |x: f64| {
            if let Some(input) = inputs.next() {
                *input = x;
            }
        };
        put(combined);
        self.errors.iter().for_each(|&error| put(error));
        if self.has_partner {
            partner.iter().for_each(|&error| put(error));
        }
        self.own.predict(bound).for_each(&mut put);
        self.partner.predict(bound).for_each(&mut put);
        put(correction.least_squares);
        put(correction.all);
        self.least_squares.predict(&self.inputs, &[]).clamp(-bound, bound)
    }

    /// Learns the sample that was forecast.
    pub fn update(&mut self, sample: f64) {
        self.least_squares.update(sample);
        let error = sample - self.combined;
        self.errors.rotate_right(1);
        self.errors[0] = error;
        self.own.update(error, error);
    }
}

/// Filters side by side, each of which forecasts a channel's error from a history of errors.
#[derive(Clone, Debug)]
struct ErrorFilters {
    filters: Vec<Nlms>,
    /// `(filters)`: what each forecast last.
    outputs: Vec<f64>,
}

impl ErrorFilters {
    fn new(configs: &[NlmsConfig]) -> Self {
        ErrorFilters {
            filters: configs.iter().map(|&config| Nlms::new(config)).collect(),
            outputs: vec![0.0; configs.len()],
        }
    }

    fn predict(&mut self, bound: f64) -> impl Iterator<Item = f64> {
        for (output, filter) in self.outputs.iter_mut().zip(&self.filters) {
            *output = limited(f64::from(filter.forecast()), bound);
        }
        self.outputs.iter().copied()
    }

    /// Learns the error that was forecast, and takes `newest` into the history.
    fn update(&mut self, error: f64, newest: f64) {
        update_all(&mut self.filters, &self.outputs, error, newest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIG: PolishConfig = PolishConfig {
        least_squares: LeastSquaresConfig {
            lambda: 0.998,
            interval: 8,
            ridge: 1e-4,
            common_ridge: 0.0,
            rate: 0.15,
            power: 2,
        },
        own: &[NlmsConfig { taps: 32, step: 0.02 }],
        partner: &[NlmsConfig { taps: 32, step: 0.02 }],
    };

    /// Numbers between -1,000 and 1,000.
    fn noise(count: usize) -> Vec<f64> {
        let mut state = 1_u32;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            f64::from(state >> 8) / f64::from(1 << 23) * 1_000.0 - 1_000.0
        };
        (0..count).map(|_| next()).collect()
    }

    /// Mean error over the last thousand samples, where the combiner forecasts 0, the partner's newest
    /// error is `partner(i)` and long-term prediction would add `added(i)`.
    fn mean_error(
        samples: &[f64],
        partner: impl Fn(usize) -> f64,
        added: impl Fn(usize) -> f64,
    ) -> f64 {
        let mut polish = Polish::new(&CONFIG, true);
        let mut total = 0.0;
        for (i, &sample) in samples.iter().enumerate() {
            let errors = [partner(i), if i > 0 { partner(i - 1) } else { 0.0 }];
            let correction = Correction { least_squares: added(i), all: added(i) };
            let forecast = polish.predict(0.0, &errors, correction, 1e6);
            if i + 1_000 >= samples.len() {
                total += (sample - forecast).abs();
            }
            polish.update(sample);
        }
        total / 1_000.0
    }

    #[test]
    fn it_learns_from_whatever_helps_and_from_nothing_else() {
        let samples = noise(6_000);
        let alone = mean_error(&samples, |_| 0.0, |_| 0.0);
        assert!((480.0..520.0).contains(&alone), "{alone}: noise cannot be predicted");
        let shared = mean_error(&samples, |i| samples[i] * 0.5, |_| 0.0);
        assert!(shared < 5.0, "{shared}: the partner's error predicts it");
        let repeated = mean_error(&samples, |_| 0.0, |i| samples[i] * 2.0);
        assert!(repeated < 5.0, "{repeated}: half of the correction is right");
        let misled = mean_error(&samples, |_| 0.0, |i| samples[(i + 3_000) % 6_000]);
        assert!(misled < alone * 1.02, "{misled}: a wrong correction is left aside");
    }

    #[test]
    fn a_late_echo_of_an_error_is_found() {
        let mut samples = noise(12_000);
        for i in 20..samples.len() {
            samples[i] = 0.3 * samples[i] + 0.9 * samples[i - 20];
        }
        let size = samples[11_000..].iter().map(|x| x.abs()).sum::<f64>() / 1_000.0;
        let error = mean_error(&samples, |_| 0.0, |_| 0.0);
        assert!(error < 0.8 * size, "{error} of {size}");
    }

    #[test]
    fn at_first_the_combiner_counts() {
        let mut polish = Polish::new(&CONFIG, false);
        let none = Correction::default();
        assert_eq!(polish.predict(123.0, &[5.0, 6.0], none, 1e6), 123.0);
        assert_eq!(polish.predict(123.0, &[5.0, 6.0], none, 100.0), 100.0);
    }
}
