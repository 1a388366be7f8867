"""What predicts the samples of one channel and learns from them (§8.3, §8.6, §8.7, §9.3)."""

from .f32 import clamp, f32, row
from .predict import LEVELS, Cascade, LeastSquares

HISTORY = 32


class Forecaster:
    """Cascades, combiner and deviations of one channel. `bound` may change between samples."""

    def __init__(self, level, has_partner):
        config = LEVELS[level]
        self.cascades = [Cascade(c, has_partner) for c in config.cascades]
        stages = sum(1 + len(c.filters) for c in config.cascades)
        self.combiner = LeastSquares(stages, config.combiner, 1.0 / len(config.cascades))
        self.centres = [(where, cascade) for where, cascade, _ in config.experts]
        self.rates = row(rate for _, _, rate in config.experts).tolist()
        self.deviations = [0.0] * 16
        self.seen = 0.0

    def predict(self, own, partner, bound):
        """The combined forecast, and where the experts are centred."""
        for cascade in self.cascades:
            cascade.predict(own, partner, bound)
        self.stages = [output for cascade in self.cascades for output in cascade.output]
        self.combined = clamp(self.combiner.predict(self.stages), -bound, bound)
        self.locations = [self._location(where, cascade, self.combined)
                          for where, cascade in self.centres]
        return self.combined, self.locations

    def correct(self, first, correction, bound):
        """The same after long-term prediction has added to them (§8.9)."""
        combined = clamp(self.combined + correction, -bound, bound)
        moved = {"combined": lambda _: combined, "sum": lambda at: at + first,
                 "first": lambda _: self.combined}
        self.locations = [moved[where](at)
                          for (where, _), at in zip(self.centres, self.locations)]
        return combined, self.locations

    def learn(self, x):
        self._learn_deviations(x)
        self.combiner.update(self.stages, x)
        for cascade in self.cascades:
            cascade.update(x)

    def _location(self, where, cascade, combined):
        if where == "combined":
            return combined
        output = self.cascades[cascade].output
        if where == "first":
            return output[0]
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
