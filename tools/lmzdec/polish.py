"""The last stage of a forecast (§8.10)."""

from collections import namedtuple

from .f32 import clamp, f32
from .predict import LeastSquares, Nlms

PolishConfig = namedtuple("PolishConfig", "least_squares own partner")
RECENT = 2


class Polish:
    def __init__(self, config, has_partner):
        self.has_partner = has_partner
        self.own = [Nlms(*filter_) for filter_ in config.own]
        self.partner = [Nlms(*filter_) for filter_ in config.partner] if has_partner else []
        self.own_output = [0.0] * len(self.own)
        self.partner_output = [0.0] * len(self.partner)
        self.errors = [0.0] * RECENT
        recent = 2 * RECENT if has_partner else RECENT
        count = 1 + recent + len(self.own) + len(self.partner) + 2
        self.least_squares = LeastSquares(count, config.least_squares, 0.0)
        self.least_squares.prior[0] = self.least_squares.weights[0] = 1.0

    def predict(self, combined, partner_errors, correction, bound):
        """The final forecast; `correction` is what long-term prediction would add: first, and in all."""
        self.combined = combined
        if self.has_partner:
            _learn(self.partner, self.partner_output, self.errors[0], partner_errors[0])
        self.own_output = [_limited(f.predict(), bound) for f in self.own]
        self.partner_output = [_limited(f.predict(), bound) for f in self.partner]
        self.inputs = [combined, *self.errors]
        if self.has_partner:
            self.inputs += partner_errors
        self.inputs += [*self.own_output, *self.partner_output, *correction]
        return clamp(self.least_squares.predict(self.inputs), -bound, bound)

    def update(self, x):
        self.least_squares.update(self.inputs, x)
        error = x - self.combined
        self.errors = [error, *self.errors[:-1]]
        _learn(self.own, self.own_output, error, error)


def _limited(x, bound):
    return clamp(x, -bound, bound) if x == x else 0.0


def _learn(filters, outputs, error, newest):
    for filter_, output in zip(filters, outputs):
        filter_.update(f32(error - output), f32(newest))
