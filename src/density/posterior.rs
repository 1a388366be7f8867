//! Bayesian mixture of the experts, with forgetting (§9.5).
//!
//! Each expert is weighed by how probable it made the latest samples (dynamic model averaging: Raftery,
//! Kárný, Ettler 2010). The mixers learn which expert is right over thousands of decisions; this follows a change
//! within ten or fifty samples.

use super::experts::EXPERTS;
use crate::math::{exp_neg, sum};

/// Added to each weight, so that no expert is given up.
const FLOOR: f32 = 0.001;
/// Weights of the experts.
#[derive(Clone, Debug)]
pub struct Posterior {
    /// Share of the past that is kept with each sample.
    decay: f32,
    /// Discounted log likelihoods.
    scores: [f32; EXPERTS],
    /// Their sum is 1.
    weights: [f32; EXPERTS],
    best: usize,
}

impl Posterior {
    /// All experts alike.
    pub fn new(decay: f32) -> Self {
        let weights = [1.0 / EXPERTS as f32; EXPERTS];
        Posterior { decay, scores: [0.0; EXPERTS], weights, best: 0 }
    }

    /// The expert with the largest weight, the first of several.
    #[inline(always)]
    pub fn best(&self) -> usize {
        self.best
    }

    /// The experts' probabilities times their weights; the sum is the mixture's.
    #[inline(always)]
    pub fn weighed(&self, probabilities: &[f32; EXPERTS]) -> [f32; EXPERTS] {
        let mut weighed = [0.0; EXPERTS];
        for i in 0..EXPERTS {
            weighed[i] = self.weights[i] * probabilities[i];
        }
        weighed
    }

    /// Learns a sample from the logarithms of the probabilities that the experts gave it.
    #[inline(always)]
    pub fn learn(&mut self, log_likelihoods: &[f32; EXPERTS]) {
        let mut top = f32::MIN;
        for (score, likelihood) in self.scores.iter_mut().zip(log_likelihoods) {
            *score = self.decay * *score + likelihood;
            top = top.max(*score);
        }
        for i in (0..EXPERTS).rev() {
            self.best = if self.scores[i] == top { i } else { self.best };
        }
        for (weight, score) in self.weights.iter_mut().zip(&self.scores) {
            *weight = exp_neg((top - score).min(60.0)) + FLOOR;
        }
        let inverse = 1.0 / sum(self.weights);
        for weight in &mut self.weights {
            *weight *= inverse;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_likelier_expert_takes_over_and_gives_way() {
        let mut posterior = Posterior::new(0.9);
        let mut probabilities = [0.5; EXPERTS];
        probabilities[3] = 0.9;
        let mixture = |posterior: &Posterior| sum(posterior.weighed(&probabilities));
        assert!((mixture(&posterior) - (0.5 + 0.4 / 16.0)).abs() < 1e-6);
        let mut likelihoods = [-4.0; EXPERTS];
        likelihoods[3] = -1.0;
        (0..30).for_each(|_| posterior.learn(&likelihoods));
        assert_eq!(posterior.best(), 3);
        assert!(mixture(&posterior) > 0.88);
        likelihoods[5] = -0.5;
        (0..60).for_each(|_| posterior.learn(&likelihoods));
        assert_eq!(posterior.best(), 5);
        assert!((posterior.weights.iter().sum::<f32>() - 1.0).abs() < 1e-5);
        assert!(posterior.weights.iter().all(|&weight| weight > 0.0005), "none is given up");
    }
}
