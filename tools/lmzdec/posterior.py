"""Bayesian mixtures of the experts (§9.5)."""

from .f32 import clamp, exp_neg, f32, ln, row, total

FLOOR = f32(0.001)
_TINY = f32(1e-30)
_LEAST = f32(1e-9)


class Posterior:
    def __init__(self, decay):
        self.decay = f32(decay)
        self.scores = [0.0] * 16
        self.weights = [0.0625] * 16
        self.best = 0

    def logit(self, lower, upper):
        """Logit of the upper half under the mixture."""
        low = total(row([w * p for w, p in zip(self.weights, lower)]))
        high = total(row([w * p for w, p in zip(self.weights, upper)]))
        return clamp(ln(f32(f32(high + _TINY) / f32(low + _TINY))), -12.0, 12.0)

    def learn(self, likelihoods):
        kept = row([self.decay * s for s in self.scores])
        self.scores = row([s + p for s, p in zip(kept, likelihoods)]).tolist()
        top = max(self.scores)
        self.best = self.scores.index(top)
        weights = row([exp_neg(min(f32(top - s), 60.0)) + FLOOR for s in self.scores])
        inverse = f32(1.0 / total(weights))
        self.weights = row([w * inverse for w in weights]).tolist()


def log_likelihoods(masses):
    return [ln(f32(p + _LEAST)) for p in masses]
