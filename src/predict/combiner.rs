//! Small recursive least squares that weighs the outputs of all stages.

use super::cholesky::System;
use crate::math::dot_f64;

/// Weighs `n` forecasts of the same sample.
#[derive(Clone, Debug)]
pub struct Combiner {
    n: usize,
    lambda: f64,
    interval: usize,
    until_solve: usize,
    /// `(n, n)`, upper triangle: weighted sum of products of inputs.
    covariance: Vec<f64>,
    /// `(n)`: weighted sum of input times target.
    correlation: Vec<f64>,
    system: System,
    /// `(n)`: weights before anything is known, towards which the solution is drawn.
    prior: Vec<f64>,
    weights: Vec<f64>,
    output: f64,
}

/// Strength of the pull towards the prior weights, relative to the inputs' power.
const RIDGE: f64 = 1e-4;

impl Combiner {
    /// A combiner whose weights start at `prior`; `lambda` is the forgetting factor per
    /// sample, `interval` the number of samples between two solutions.
    pub fn new(prior: Vec<f64>, lambda: f64, interval: usize) -> Self {
        let n = prior.len();
        Combiner {
            n,
            lambda: crate::tune::tune(5, lambda),
            interval,
            until_solve: interval,
            covariance: vec![0.0; n * n],
            correlation: vec![0.0; n],
            system: System::new(n),
            weights: prior.clone(),
            prior,
            output: 0.0,
        }
    }

    /// The weighted sum of `inputs`.
    #[inline(always)]
    pub fn predict(&mut self, inputs: &[f64]) -> f64 {
        self.output = dot_f64(&self.weights, inputs);
        self.output
    }

    /// Adapts to the value that `inputs` were to forecast.
    #[inline(always)]
    pub fn update(&mut self, inputs: &[f64], target: f64) {
        let n = self.n;
        for (i, (&x, c)) in inputs.iter().zip(&mut self.correlation).enumerate() {
            *c = self.lambda * *c + x * target;
            let row = &mut self.covariance[i * n + i..(i + 1) * n];
            for (r, y) in row.iter_mut().zip(&inputs[i..]) {
                *r = self.lambda * *r + x * *y;
            }
        }
        self.until_solve -= 1;
        if self.until_solve == 0 {
            self.until_solve = self.interval;
            self.solve();
        }
    }

    #[inline(always)]
    fn solve(&mut self) {
        let n = self.n;
        self.system.a.copy_from_slice(&self.covariance);
        for i in 0..n {
            // Each weight is drawn by its own input's power, so that the large first stage
            // does not hold the small later ones to their prior.
            let load = crate::tune::tune(6, RIDGE) * self.covariance[i * n + i] + 1e-3;
            self.system.a[i * n + i] += load;
            self.system.b[i] = self.correlation[i] + load * self.prior[i];
        }
        if self.system.solve() {
            self.weights.copy_from_slice(&self.system.b);
        }
    }
}
