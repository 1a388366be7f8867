"""What predicts the samples of one channel and learns from them (§8.3, §8.6, §8.7, §8.10, §9.3)."""

from .f32 import clamp, f32, row
from .polish import Polish
from .levels import LEVELS
from .predict import Cascade, LeastSquares

HISTORY = 32


def _forgetting(config, factor):
    return config._replace(lam=1.0 - (1.0 - config.lam) * factor)


def _paced(config, forgetting, step):
    filters = tuple((taps, f32(f32(s) * step)) for taps, s in config.filters)
    return config._replace(least_squares=_forgetting(config.least_squares, forgetting), filters=filters)


class Forecaster:
    """Cascades, combiner and deviations of one channel. `bound` may change between samples."""

    def __init__(self, level, pace, has_partner, shares_errors):
        config = LEVELS[level]
        forgetting, step = pace
        self.cascades = [Cascade(_paced(c, forgetting, step), has_partner) for c in config.cascades]
        stages = sum(1 + len(c.filters) for c in config.cascades)
        self.combiner = LeastSquares(stages, _forgetting(config.combiner, forgetting), 1.0 / len(config.cascades))
        self.polish = Polish(config.polish, shares_errors)
        self.centres = [(where, cascade) for where, cascade, _ in config.experts]
        self.rates = row(rate for _, _, rate in config.experts).tolist()
        self.deviations = [0.0] * 16
        self.seen = 0.0

    def combine(self, own, partner, bound):
        """The combiner's forecast."""
        for cascade in self.cascades:
            cascade.predict(own, partner, bound)
        self.stages = [output for cascade in self.cascades for output in cascade.output]
        self.combined = clamp(self.combiner.predict(self.stages), -bound, bound)
        return self.combined

    def finish(self, partner_errors, correction, bound):
        """The final forecast, and where the experts are centred; `correction` is None, or what
        long-term prediction would add (§8.9)."""
        final = self.polish.predict(self.combined, partner_errors, correction or (0.0, 0.0), bound)
        self.locations = [self._location(where, cascade, final, correction)
                          for where, cascade in self.centres]
        return final, self.locations

    def learn(self, x):
        self._learn_deviations(x)
        self.polish.update(x)
        self.combiner.update(self.stages, x)
        for cascade in self.cascades:
            cascade.update(x)

    def _location(self, where, cascade, final, correction):
        if where == "final":
            return final
        output = self.cascades[cascade].output
        if where == "first":
            return self.combined if correction else output[0]
        total = 0.0
        for stage in output:
            total += stage
        return total

    def _learn_deviations(self, x):
        if self.seen < 1000.0:
            self.seen += 1.0
        least = f32(1.0 / self.seen)
        for e, location in enumerate(self.locations):
            error = f32(abs(x - location))
            change = f32(f32(error - self.deviations[e]) * max(self.rates[e], least))
            self.deviations[e] = f32(self.deviations[e] + change)
