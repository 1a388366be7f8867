//! Least squares followed by a chain of NLMS filters, each on what the one before left over.

use super::history::History;
use super::least_squares::{LeastSquares, LeastSquaresConfig};
use super::nlms::{Nlms, NlmsConfig};

/// Composition of one cascade.
#[derive(Clone, Copy, Debug)]
pub struct CascadeConfig {
    /// First stage.
    pub least_squares: LeastSquaresConfig,
    /// Later stages, in order.
    pub nlms: &'static [NlmsConfig],
}

/// One cascade for one channel.
#[derive(Clone, Debug)]
pub struct Cascade {
    least_squares: LeastSquares,
    nlms: Vec<Nlms>,
    /// `(1 + nlms)`: what each stage adds to the forecast of the next sample.
    outputs: Vec<f64>,
}

impl Cascade {
    /// A cascade that has seen nothing; `partner_known` as in [`LeastSquares::new`].
    pub fn new(config: &CascadeConfig, partner_known: bool) -> Self {
        Cascade {
            least_squares: LeastSquares::new(config.least_squares, partner_known),
            nlms: config.nlms.iter().map(|&config| Nlms::new(config)).collect(),
            outputs: vec![0.0; 1 + config.nlms.len()],
        }
    }

    /// Computes the forecast of the next sample, stage by stage. No stage may claim more than
    /// `bound`, the largest magnitude among the samples: so nothing can diverge.
    #[inline(always)]
    pub fn predict(&mut self, own: &[f64], partner: &[f64], bound: f64) {
        self.outputs[0] = self.least_squares.predict(own, partner).clamp(-bound, bound);
        for (output, stage) in self.outputs[1..].iter_mut().zip(&self.nlms) {
            *output = f64::from(stage.predict()).clamp(-bound, bound);
        }
    }

    /// What each stage adds to the forecast; their sum is the forecast.
    pub fn outputs(&self) -> &[f64] {
        &self.outputs
    }

    /// Adapts the NLMS stages to the sample.
    #[inline(always)]
    pub fn update(&mut self, sample: f64) {
        let mut target = sample - self.outputs[0];
        for (stage, output) in self.nlms.iter_mut().zip(&self.outputs[1..]) {
            let error = target - output;
            stage.update(error as f32, target as f32);
            target = error;
        }
    }

    /// Adapts the least-squares stage, once all channels of the frame are known.
    #[inline(always)]
    pub fn end_frame(&mut self, own: &History<f64>, partner: &History<f64>) {
        self.least_squares.update(own, partner);
    }
}
