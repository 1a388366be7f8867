//! Recursive least squares (§8.4), weighted so that loud and surprising passages do not drown out
//! the rest.
//!
//! The plain exponentially weighted normal equations (Haykin, "Adaptive Filter Theory") are
//! the best estimate when the error has one variance. Audio has bursts, and synthesised audio
//! has jumps: after one, plain least squares is busy with it for a whole window. Here each
//! sample counts in inverse proportion to how large errors have been just before, as in
//! iteratively reweighted least squares.

use super::cholesky::System;
use crate::math::{LANES_F64, Vector, add_outer_products, dot_f64, vectorized};

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

impl LeastSquaresConfig {
    /// The same, but with `factor` times as much forgotten with each sample.
    pub fn forgetting(self, factor: f64) -> Self {
        LeastSquaresConfig { lambda: 1.0 - (1.0 - self.lambda) * factor, ..self }
    }
}

/// Samples between two solutions at first, and the share of the samples learnt that lies between two until
/// that is the interval of the configuration, as a divisor.
const FIRST_INTERVAL: usize = 4;
/// See [`FIRST_INTERVAL`].
const LEARNING: usize = 8;

/// Most samples taken into the covariance together: each of its elements is then read and written
/// once for all of them.
const BATCH: usize = 4;

/// Forecasts a target as a weighted sum of `n` inputs.
#[derive(Clone, Debug)]
pub struct LeastSquares {
    config: LeastSquaresConfig,
    n: usize,
    /// Vectors in a row of inputs, target and padding.
    width: usize,
    /// Samples learnt, up to a bound, and those left until the next solution.
    learnt: usize,
    until_solve: usize,
    /// `(n, width)`: weighted sums of products of inputs, upper triangle, and of inputs with the
    /// target in column `n`.
    covariance: Vec<Vector>,
    /// `(BATCH, width)`: inputs and target of samples that the covariance does not have yet, then
    /// those of the sample at hand, whose target is zero.
    pending: Vec<Vector>,
    /// Weights of the pending samples.
    gains: [f64; BATCH],
    /// `(BATCH, width)`
    scratch: Vec<Vector>,
    pending_len: usize,
    system: System,
    /// `(n)`: weights before anything is known, towards which the solution is drawn.
    prior: Vec<f64>,
    /// `(width)`
    weights: Vec<Vector>,
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
        let width = System::width(n);
        let zeros = Vector::ZERO;
        let mut weights = vec![zeros; width];
        Vector::flatten_mut(&mut weights)[..n].copy_from_slice(&prior);
        LeastSquares {
            config,
            n,
            width,
            learnt: 0,
            until_solve: config.interval.min(FIRST_INTERVAL),
            covariance: vec![zeros; n * width],
            pending: vec![zeros; BATCH * width],
            gains: [0.0; BATCH],
            scratch: vec![zeros; BATCH * width],
            pending_len: 0,
            system: System::new(n),
            prior,
            weights,
            output: 0.0,
            deviation: 0.0,
            seen: 0.0,
        }
    }

    /// The weighted sum of the inputs: `own`, then as many of `partner` as are left.
    pub fn predict(&mut self, own: &[f64], partner: &[f64]) -> f64 {
        vectorized(Predict { least_squares: self, own, partner })
    }

    /// Adapts to the value that was forecast.
    pub fn update(&mut self, target: f64) {
        vectorized(Update { least_squares: self, target });
    }

    #[inline(always)]
    fn predict_inline(&mut self, own: &[f64], partner: &[f64]) -> f64 {
        let (n, width) = (self.n, self.width);
        let row = &mut self.pending[self.pending_len * width..][..width];
        let inputs = Vector::flatten_mut(row);
        inputs[..own.len()].copy_from_slice(own);
        inputs[own.len()..n].copy_from_slice(&partner[..n - own.len()]);
        inputs[n] = 0.0;
        self.output = dot_f64(&self.weights, row);
        self.output
    }

    #[inline(always)]
    fn update_inline(&mut self, target: f64) {
        let error = (target - self.output).abs();
        self.seen = (self.seen + 1.0).min(1.0 / self.config.rate);
        self.deviation += (error - self.deviation) / self.seen;
        let mut gain = 1.0;
        for _ in 0..self.config.power {
            gain /= self.deviation + LEAST_DEVIATION;
        }
        let (n, width) = (self.n, self.width);
        Vector::flatten_mut(&mut self.pending)[self.pending_len * width * LANES_F64 + n] = target;
        for earlier in &mut self.gains[..self.pending_len] {
            *earlier *= self.config.lambda;
        }
        self.gains[self.pending_len] = gain;
        self.pending_len += 1;
        self.until_solve -= 1;
        self.learnt = (self.learnt + 1).min(LEARNING * self.config.interval);
        if self.pending_len == BATCH || self.until_solve == 0 {
            match self.pending_len {
                1 => self.absorb::<1>(),
                2 => self.absorb::<2>(),
                3 => self.absorb::<3>(),
                _ => self.absorb::<BATCH>(),
            }
            self.pending_len = 0;
        }
        if self.until_solve == 0 {
            // At first, every few samples are much of what is known.
            let interval = (self.learnt / LEARNING).max(FIRST_INTERVAL);
            self.until_solve = interval.min(self.config.interval);
            self.solve();
        }
    }

    /// Takes `N` pending samples into the covariance.
    #[inline(always)]
    fn absorb<const N: usize>(&mut self) {
        let mut decay = self.config.lambda;
        for _ in 1..N {
            decay *= self.config.lambda;
        }
        let mut gains = [0.0; N];
        gains.copy_from_slice(&self.gains[..N]);
        let samples = &self.pending[..N * self.width];
        let rows = 0..self.n;
        add_outer_products(&mut self.covariance, rows, decay, gains, samples, &mut self.scratch);
    }

    #[inline(always)]
    fn solve(&mut self) {
        let (n, stride) = (self.n, self.width * LANES_F64);
        self.system.rows.copy_from_slice(&self.covariance);
        let rows = Vector::flatten_mut(&mut self.system.rows);
        let mut trace = 0.0;
        for i in 0..n {
            trace += rows[i * stride + i];
        }
        let common = self.config.common_ridge * (trace / n as f64) + 1e-9;
        for i in 0..n {
            let row = &mut rows[i * stride..(i + 1) * stride];
            let load = self.config.ridge * row[i] + common;
            row[i] += load;
            row[n] += load * self.prior[i];
        }
        if self.system.solve() {
            self.weights.copy_from_slice(&self.system.solution);
        }
    }
}

struct Predict<'a> {
    least_squares: &'a mut LeastSquares,
    own: &'a [f64],
    partner: &'a [f64],
}

impl pulp::NullaryFnOnce for Predict<'_> {
    type Output = f64;

    #[inline(always)]
    fn call(self) -> f64 {
        self.least_squares.predict_inline(self.own, self.partner)
    }
}

struct Update<'a> {
    least_squares: &'a mut LeastSquares,
    target: f64,
}

impl pulp::NullaryFnOnce for Update<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        self.least_squares.update_inline(self.target);
    }
}

#[cfg(test)]
#[path = "least_squares_tests.rs"]
mod tests;
