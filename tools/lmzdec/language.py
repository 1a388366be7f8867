"""The language model's part in decoding a block (codec.md, §9.7)."""

from .exact_engine import START, ExactEngine
from .f32 import exp_neg, f32, ln
from .features import features

ERRORS = 4
_TINY = f32(1e-6)


class Voice:
    """A model that reads the samples of one block, in the order of coding, and speaks before each."""

    def __init__(self, model, level):
        self.engine = ExactEngine(model)
        self.level = level
        self.last_bin = None
        self.last_error = 0.0

    def shares(self, forecast, values, own, partner, errors, second):
        """What the model gives to the bins below each, summed up: `B` of §9.7."""
        if self.last_bin is None:
            logits = self.engine.step(START)
        else:
            told = features(self.level, forecast, values, own, partner, errors, self.last_error, second)
            logits = self.engine.step(self.last_bin, told)
        largest = max(logits)
        below = [0.0]
        for logit in logits:
            below.append(f32(below[-1] + exp_neg(min(f32(largest - logit), 40.0))))
        return below

    def learn(self, last_bin, error):
        self.last_bin, self.last_error = last_bin, error


def opinion(below, first, middle, end):
    """The logit of one decision among the bins; 0 without a model."""
    if below is None:
        return 0.0
    upper = f32(f32(below[end] - below[middle]) + _TINY)
    lower = f32(f32(below[middle] - below[first]) + _TINY)
    return ln(f32(upper / lower))
