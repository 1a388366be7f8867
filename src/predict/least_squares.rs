//! Recursive least squares, weighted so that loud and surprising passages do not drown out
//! the rest.
//!
//! The plain exponentially weighted normal equations (Haykin, "Adaptive Filter Theory") are
//! the best estimate when the error has one variance. Audio has bursts, and synthesised audio
//! has jumps: after one, plain least squares is busy with it for a whole window. Here each
//! sample counts in inverse proportion to how large errors have been just before, as in
//! iteratively reweighted least squares.

use super::cholesky::System;
use crate::math::dot_f64;

/// Added to the running error, so that silence does not count infinitely much.
const LEAST_DEVIATION: f64 = 0.1;

/// Memory and shape of one least-squares predictor.
#[derive(Clone, Copy, Debug)]
pub struct LeastSquaresConfig {
    /// Forgetting factor per sample.
    pub lambda: f64,
    /// Samples between two solutions.
    pub interval: usize,
    /// Pull of each weight towards its prior, relative to the power of its own input.
    pub ridge: f64,
    /// Pull of all weights, relative to the mean power of the inputs.
    pub common_ridge: f64,
    /// Weight of the newest error in the running error that the weighting goes by.
    pub rate: f64,
    /// Power of that running error by which a sample counts less: 1 or 2.
    pub power: u32,
}

/// Forecasts a target as a weighted sum of `n` inputs.
#[derive(Clone, Debug)]
pub struct LeastSquares {
    config: LeastSquaresConfig,
    n: usize,
    until_solve: usize,
    /// `(n, n)`, upper triangle: weighted sum of products of inputs.
    covariance: Vec<f64>,
    /// `(n)`: weighted sum of input times target.
    correlation: Vec<f64>,
    system: System,
    /// `(n)`: weights before anything is known, towards which the solution is drawn.
    prior: Vec<f64>,
    /// `(n)`
    weights: Vec<f64>,
    output: f64,
    /// Running mean of the absolute error.
    deviation: f64,
    /// Errors seen, up to the length of the running mean.
    seen: f64,
}

impl LeastSquares {
    /// A predictor whose weights start at `prior`.
    pub fn new(config: LeastSquaresConfig, prior: Vec<f64>) -> Self {
        let n = prior.len();
        LeastSquares {
            config,
            n,
            until_solve: config.interval,
            covariance: vec![0.0; n * n],
            correlation: vec![0.0; n],
            system: System::new(n),
            weights: prior.clone(),
            prior,
            output: 0.0,
            deviation: 0.0,
            seen: 0.0,
        }
    }

    /// The weighted sum of `inputs`, which `update` expects again.
    #[inline(always)]
    pub fn predict(&mut self, inputs: &[f64]) -> f64 {
        self.output = dot_f64(&self.weights, inputs);
        self.output
    }

    /// Adapts to the value that `inputs` were to forecast.
    #[inline(always)]
    pub fn update(&mut self, inputs: &[f64], target: f64) {
        let error = (target - self.output).abs();
        self.seen = (self.seen + 1.0).min(1.0 / self.config.rate);
        self.deviation += (error - self.deviation) / self.seen;
        let mut gain = 1.0;
        for _ in 0..self.config.power {
            gain /= self.deviation + LEAST_DEVIATION;
        }
        let lambda = self.config.lambda;
        let n = self.n;
        for (i, &x) in inputs.iter().enumerate() {
            let x = gain * x;
            self.correlation[i] = lambda * self.correlation[i] + x * target;
            let row = &mut self.covariance[i * n + i..(i + 1) * n];
            for (r, y) in row.iter_mut().zip(&inputs[i..]) {
                *r = lambda * *r + x * *y;
            }
        }
        self.until_solve -= 1;
        if self.until_solve == 0 {
            self.until_solve = self.config.interval;
            self.solve();
        }
    }

    #[inline(always)]
    fn solve(&mut self) {
        let n = self.n;
        self.system.a.copy_from_slice(&self.covariance);
        let mut trace = 0.0;
        for i in 0..n {
            trace += self.covariance[i * n + i];
        }
        let common = self.config.common_ridge * (trace / n as f64) + 1e-9;
        for i in 0..n {
            let load = self.config.ridge * self.covariance[i * n + i] + common;
            self.system.a[i * n + i] += load;
            self.system.b[i] = self.correlation[i] + load * self.prior[i];
        }
        if self.system.solve() {
            self.weights.copy_from_slice(&self.system.b);
        }
    }
}

#[cfg(test)]
#[path = "least_squares_tests.rs"]
mod tests;
