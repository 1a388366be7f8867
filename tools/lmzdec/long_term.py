"""Passages that were heard before, and what is predicted from them (§8.9)."""

from .entropy import AdaptiveBit
from .f32 import f32
from .predict import Cascade, CascadeConfig, LsConfig

PERIOD = 2048
SLOTS = 4
LEAST_LAG = 16
DIFFERENCES = 6

LEAST_SQUARES = LsConfig(0.997, 32, 1e-6, 0.0, 0.15, 2)
FILTERS = ((256, 0.005), (16, 0.005))


class Lags:
    """Where to look back to, as the coded stream tells it with the first group of channels."""

    def __init__(self, stream):
        self.stream = stream
        self.kept, self.given_up = AdaptiveBit(), AdaptiveBit()
        self.current = [0] * SLOTS
        self.table, self.finished = [], False

    def at(self, frame):
        """The lags of a frame; frames come in order."""
        if frame % PERIOD == 0 and not self.finished:
            self._read(frame)
            self.table.append(self.current[:])
        return self.table[frame // PERIOD]

    def finish(self):
        """All lags have been read: from now on they are looked up."""
        self.finished = True

    def _read(self, frame):
        for slot in range(SLOTS):
            if self.stream.adaptive(self.kept):
                continue
            if self.stream.adaptive(self.given_up):
                self.current[slot] = 0
            else:
                self.current[slot] = LEAST_LAG + self.stream.uniform(frame.bit_length())


class Past:
    """Samples and short-term residuals of a channel."""

    def __init__(self):
        self.samples = []
        self.residuals = []

    def append(self, sample, residual):
        self.samples.append(f32(sample))
        self.residuals.append(f32(residual))


class LongTerm:
    def __init__(self, index, partner, past):
        self.own = past[index]
        self.told = [self.own] if partner is None else [self.own, past[partner]]
        self.per_lag = 4 + DIFFERENCES * len(self.told)
        config = CascadeConfig(SLOTS * self.per_lag, 0, LEAST_SQUARES, FILTERS)
        self.cascade = Cascade(config, False)

    def predict(self, lags, short_term, bound):
        """What the first stage and what all of them add to the short-term forecast."""
        inputs = []
        for lag in lags:
            inputs += self._inputs(lag, short_term)
        self.cascade.predict(inputs, [], bound)
        total = 0.0
        for output in self.cascade.output:
            total += output
        return self.cascade.output[0], total

    def update(self, residual):
        self.cascade.update(residual)

    def _inputs(self, lag, short_term):
        now = len(self.own.samples)
        if lag == 0 or lag + DIFFERENCES > now:
            return [0.0] * self.per_lag
        at = now - lag
        inputs = [self.own.samples[at] - short_term] + self.own.residuals[at - 1:at + 2]
        for past in self.told:
            newest = len(past.samples) - 1
            inputs += [past.samples[newest - j] - past.samples[newest - j - lag]
                       for j in range(DIFFERENCES)]
        return inputs
