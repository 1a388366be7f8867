//! Bayesian mixture of the experts, with forgetting (§9.5).
//!
//! Each expert is weighed by how probable it made the latest samples (dynamic model averaging: Raftery,
//! Kárný, Ettler 2010). The mixers learn which expert is right over thousands of decisions; this follows a change
//! within ten or fifty samples.

use pulp::Simd;

use super::experts::EXPERTS;
use crate::math::{F32x16, Lanes};

/// Added to each weight, so that no expert is given up.
const FLOOR: f32 = 0.001;
/// Weights of the experts.
#[derive(Clone, Debug)]
pub struct Posterior {
    /// Share of the past that is kept with each sample.
    decay: f32,
    /// Discounted log likelihoods.
    scores: Lanes,
    /// Their sum is 1.
    weights: Lanes,
    best: usize,
}

impl Posterior {
    /// All experts alike.
    pub fn new(decay: f32) -> Self {
        let weights = Lanes([1.0 / EXPERTS as f32; EXPERTS]);
        Posterior { decay, scores: Lanes::ZERO, weights, best: 0 }
    }

    /// The expert with the largest weight, the first of several.
    #[inline(always)]
    pub fn best(&self) -> usize {
        self.best
    }

    /// The mixture's probability of what the experts give `probabilities`.
    #[inline(always)]
    pub fn mixture<S: Simd>(&self, simd: S, probabilities: F32x16<S>) -> f32 {
        (self.weights.on(simd) * probabilities).sum()
    }

    /// Learns a sample from the logarithms of the probabilities that the experts gave it.
    #[inline(always)]
    pub fn learn<S: Simd>(&mut self, simd: S, log_likelihoods: F32x16<S>) {
        let scores = self.scores.on(simd) * self.decay + log_likelihoods;
        self.scores = scores.lanes();
        let top = scores.top();
        self.best = scores.first(top);
        let weights = (F32x16::splat(simd, top) - scores).min(60.0).exp_neg() + FLOOR;
        self.weights = (weights * (1.0 / weights.sum())).lanes();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_likelier_expert_takes_over_and_gives_way() {
        let simd = pulp::Scalar::new();
        let mut posterior = Posterior::new(0.9);
        let mut probabilities = Lanes([0.5; EXPERTS]);
        probabilities.0[3] = 0.9;
        let mixture = |posterior: &Posterior| posterior.mixture(simd, probabilities.on(simd));
        assert!((mixture(&posterior) - (0.5 + 0.4 / 16.0)).abs() < 1e-6);
        let mut likelihoods = Lanes([-4.0; EXPERTS]);
        likelihoods.0[3] = -1.0;
        (0..30).for_each(|_| posterior.learn(simd, likelihoods.on(simd)));
        assert_eq!(posterior.best(), 3);
        assert!(mixture(&posterior) > 0.88);
        likelihoods.0[5] = -0.5;
        (0..60).for_each(|_| posterior.learn(simd, likelihoods.on(simd)));
        assert_eq!(posterior.best(), 5);
        let weights = posterior.weights.0;
        assert!((weights.iter().sum::<f32>() - 1.0).abs() < 1e-5);
        assert!(weights.iter().all(|&weight| weight > 0.0005), "none is given up");
    }
}
