//! Least squares (§8.6) followed by a chain of NLMS filters, each on what the one before left over.

use super::least_squares::{LeastSquares, LeastSquaresConfig};
use super::nlms::{Nlms, NlmsConfig, update_chain};
use crate::math::limited;

/// Composition of one cascade.
#[derive(Clone, Copy, Debug)]
pub struct CascadeConfig {
    /// Regressors of the first stage from the channel's own past.
    pub own: usize,
    /// Regressors of the first stage from the partner channel.
    pub partner: usize,
    /// First stage.
    pub least_squares: LeastSquaresConfig,
    /// Later stages, in order.
    pub nlms: &'static [NlmsConfig],
}

/// How fast predictors forget, against what their configuration says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pace {
    /// Factor of what least squares forget with each sample.
    pub forgetting: f64,
    /// Factor of the filters' steps.
    pub step: f32,
}

impl Pace {
    /// As configured.
    pub const CONFIGURED: Pace = Pace { forgetting: 1.0, step: 1.0 };
}

/// One cascade for one channel.
#[derive(Clone, Debug)]
pub struct Cascade {
    own: usize,
    least_squares: LeastSquares,
    nlms: Vec<Nlms>,
    /// `(1 + nlms)`: what each stage adds to the forecast of the next sample.
    outputs: Vec<f64>,
}

impl Cascade {
    /// A cascade that has seen nothing.
    pub fn new(config: &CascadeConfig, has_partner: bool) -> Self {
        Self::at_pace(config, has_partner, Pace::CONFIGURED)
    }

    /// A cascade that has seen nothing, and forgets at another pace.
    pub fn at_pace(config: &CascadeConfig, has_partner: bool, pace: Pace) -> Self {
        let n = config.own + if has_partner { config.partner } else { 0 };
        let least_squares = config.least_squares.forgetting(pace.forgetting);
        let filter = |filter: &NlmsConfig| {
            Nlms::new(NlmsConfig { step: filter.step * pace.step, ..*filter })
        };
        Cascade {
            own: config.own,
            least_squares: LeastSquares::new(least_squares, vec![0.0; n]),
            nlms: config.nlms.iter().map(filter).collect(),
            outputs: vec![0.0; 1 + config.nlms.len()],
        }
    }

    /// Computes the forecast of the next sample, stage by stage, from the newest samples of
    /// this channel and of its partner. No stage's output exceeds `bound`, the largest
    /// magnitude among the samples: so nothing can diverge.
    pub fn predict(&mut self, own: &[f64], partner: &[f64], bound: f64) {
        let first = self.least_squares.predict(&own[..self.own], partner);
        self.outputs[0] = first.clamp(-bound, bound);
        for (output, stage) in self.outputs[1..].iter_mut().zip(&self.nlms) {
            *output = limited(f64::from(stage.forecast()), bound);
        }
    }

    /// What each stage adds to the forecast; their sum is the forecast.
    pub fn outputs(&self) -> &[f64] {
        &self.outputs
    }

    /// Adapts all stages to the sample.
    pub fn update(&mut self, sample: f64) {
        self.least_squares.update(sample);
        let (first, rest) = (self.outputs[0], &self.outputs[1..]);
        update_chain(&mut self.nlms, rest, sample - first);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIG: CascadeConfig = CascadeConfig {
        own: 1,
        partner: 0,
        least_squares: LeastSquaresConfig {
            lambda: 0.99,
            interval: 1,
            ridge: 0.0,
            common_ridge: 1e-6,
            rate: 0.1,
            power: 1,
        },
        nlms: &[NlmsConfig { taps: 16, step: 0.1 }],
    };

    #[test]
    fn a_filter_that_overflowed_claims_nothing() {
        let mut cascade = Cascade::new(&CONFIG, false);
        // Infinite weights times zeros of the history.
        cascade.nlms[0].update(1.0, 1.0);
        cascade.nlms[0].update(f32::INFINITY, f32::INFINITY);
        cascade.nlms[0].update(f32::INFINITY, 0.0);
        assert!(cascade.nlms[0].forecast().is_nan());
        cascade.predict(&[0.0], &[], 100.0);
        assert_eq!(cascade.outputs(), [0.0, 0.0]);
    }
}
