//! Recursive least squares over a channel's own past and its partner channel.
//!
//! The exponentially weighted covariance of delayed samples has shift structure: with
//! `C_d(t) = sum over s <= t of lambda^(t - s) x(s) x(s - d)`, the covariance of the delays `i`
//! and `i + d` at time `t` is `C_d(t - i)`. So it is enough to update one row of lags per
//! sample and to keep the rows of the last few samples: O(order) instead of O(order^2) per
//! sample, and the matrix is put together only when the weights are solved for.

use super::cholesky::System;
use super::history::History;
use crate::math::dot_f64;

/// Shape and memory of one least-squares predictor.
#[derive(Clone, Copy, Debug)]
pub struct LeastSquaresConfig {
    /// Regressors from the channel's own past.
    pub own: usize,
    /// Regressors from the partner channel.
    pub partner: usize,
    /// Forgetting factor per sample.
    pub lambda: f64,
    /// Samples between two solutions.
    pub interval: usize,
    /// Added to the diagonal, relative to the signal's power per regressor.
    pub ridge: f64,
}

/// Lags of one pair of signals at one time.
#[derive(Clone, Debug, Default)]
struct Lags {
    /// `[d]`: own(s) own(s - d)
    own_own: Vec<f64>,
    /// `[d]`: partner(s) partner(s - d)
    partner_partner: Vec<f64>,
    /// `[d]`: own(s) partner(s - d)
    own_partner: Vec<f64>,
    /// `[d]`: partner(s) own(s - d)
    partner_own: Vec<f64>,
}

/// The predictor of one channel.
#[derive(Clone, Debug)]
pub struct LeastSquares {
    config: LeastSquaresConfig,
    /// Delay of the newest partner sample that is known: 0 when the partner is coded first.
    first_delay: usize,
    /// Ring of the lags of the last samples; `newest` is that of the last update.
    ring: Vec<Lags>,
    newest: usize,
    system: System,
    /// `(own + partner)`: own delays 1.., then partner delays `first_delay`...
    weights: Vec<f64>,
    until_solve: usize,
}

impl LeastSquares {
    /// A predictor with zero weights. `partner_known` tells that the partner's sample of the
    /// same frame is known when this channel is predicted.
    pub fn new(config: LeastSquaresConfig, partner_known: bool) -> Self {
        let lags = config.own.max(config.partner) + 1;
        let row = Lags {
            own_own: vec![0.0; lags],
            partner_partner: vec![0.0; if config.partner > 0 { lags } else { 0 }],
            own_partner: vec![0.0; if config.partner > 0 { lags } else { 0 }],
            partner_own: vec![0.0; if config.partner > 0 { lags } else { 0 }],
        };
        let n = config.own + config.partner;
        LeastSquares {
            config,
            first_delay: usize::from(!partner_known),
            ring: vec![row; lags + 1],
            newest: 0,
            system: System::new(n),
            weights: vec![0.0; n],
            until_solve: config.interval,
        }
    }

    /// Predicts the next sample. `own` starts with the last sample of this channel,
    /// `partner` with the newest one known of the other.
    #[inline(always)]
    pub fn predict(&self, own: &[f64], partner: &[f64]) -> f64 {
        let (w_own, w_partner) = self.weights.split_at(self.config.own);
        dot_f64(w_own, &own[..w_own.len()]) + dot_f64(w_partner, &partner[..w_partner.len()])
    }

    /// Takes in a complete frame: both histories now start with the frame's samples.
    #[inline(always)]
    pub fn update(&mut self, own: &History<f64>, partner: &History<f64>) {
        let previous = self.newest;
        self.newest = if previous + 1 == self.ring.len() { 0 } else { previous + 1 };
        let (from, to) = if previous < self.newest {
            let (a, b) = self.ring.split_at_mut(self.newest);
            (&a[previous], &mut b[0])
        } else {
            let (a, b) = self.ring.split_at_mut(previous);
            (&b[0], &mut a[0])
        };
        let lambda = self.config.lambda;
        let (x, y) = (own.window(), partner.window());
        decay_add(&mut to.own_own, &from.own_own, lambda, x[0], x);
        if self.config.partner > 0 {
            decay_add(&mut to.partner_partner, &from.partner_partner, lambda, y[0], y);
            decay_add(&mut to.own_partner, &from.own_partner, lambda, x[0], y);
            decay_add(&mut to.partner_own, &from.partner_own, lambda, y[0], x);
        }
        self.until_solve -= 1;
        if self.until_solve == 0 {
            self.until_solve = self.config.interval;
            self.solve();
        }
    }

    /// The lags as they were `delay` samples ago.
    #[inline(always)]
    fn lags(&self, delay: usize) -> &Lags {
        let slot = if delay <= self.newest {
            self.newest - delay
        } else {
            self.newest + self.ring.len() - delay
        };
        &self.ring[slot]
    }

    #[inline(always)]
    fn solve(&mut self) {
        let LeastSquaresConfig { own, partner, ridge, .. } = self.config;
        let n = own + partner;
        let mut system = std::mem::replace(&mut self.system, System::new(0));
        for i in 0..own {
            let delay = i + 1;
            let lags = self.lags(delay);
            system.a[i * n + i..i * n + own].copy_from_slice(&lags.own_own[..own - i]);
            let row = &mut system.a[i * n + own..(i + 1) * n];
            for (j, value) in row.iter_mut().enumerate() {
                let other = j + self.first_delay;
                *value = if other >= delay {
                    lags.own_partner[other - delay]
                } else {
                    self.lags(other).partner_own[delay - other]
                };
            }
        }
        for j in 0..partner {
            let lags = self.lags(j + self.first_delay);
            let i = own + j;
            system.a[i * n + i..(i + 1) * n].copy_from_slice(&lags.partner_partner[..partner - j]);
        }
        let now = self.lags(0);
        system.b[..own].copy_from_slice(&now.own_own[1..=own]);
        for j in 0..partner {
            system.b[own + j] = now.own_partner[j + self.first_delay];
        }
        let mut trace = 0.0;
        for i in 0..n {
            trace += system.a[i * n + i];
        }
        let load = crate::tune::tune(8, ridge) * (trace / n as f64) + crate::tune::tune(9, 1e-3);
        for i in 0..n {
            system.a[i * n + i] += load;
        }
        if system.solve() {
            self.weights.copy_from_slice(&system.b);
        }
        self.system = system;
    }
}

/// `to[d] = lambda * from[d] + a * x[d]`
#[inline(always)]
fn decay_add(to: &mut [f64], from: &[f64], lambda: f64, a: f64, x: &[f64]) {
    for ((to, from), x) in to.iter_mut().zip(from).zip(x) {
        *to = lambda * *from + a * *x;
    }
}
