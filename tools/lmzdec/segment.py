"""A block of kind 4 to its integers (§8.3)."""

from . import values as value_sets
from .density import Decisions, Forecast
from .entropy import LowBits, Tokens
from .f32 import clamp, f32, row
from .predict import LEVELS, Cascade, LeastSquares

HISTORY = 32


class Channel:
    """All that is learnt about one channel, in the order of coding."""

    def __init__(self, level, channels, values, tokens, low_bits):
        config = LEVELS[level]
        self.values = values
        self.bound = float(max(abs(values.first), abs(values.last), 1))
        self.cascades = [Cascade(c, channels, self.bound) for c in config.cascades]
        stages = sum(1 + len(c.filters) for c in config.cascades)
        self.combiner = LeastSquares(stages, config.combiner, 1.0 / len(config.cascades))
        self.centres = [(where, cascade) for where, cascade, _ in config.experts]
        self.rates = row(rate for _, _, rate in config.experts).tolist()
        self.deviations = [0.0] * 16
        self.seen = 0.0
        self.decisions = Decisions(values, tokens, low_bits)

    def sample(self, own, partner, surprise):
        """Decodes one sample; returns it and the surprise for the next channel."""
        for cascade in self.cascades:
            cascade.predict(own, partner)
        stages = [output for cascade in self.cascades for output in cascade.output]
        combined = clamp(self.combiner.predict(stages), -self.bound, self.bound)
        locations = [self._location(where, cascade, combined) for where, cascade in self.centres]
        forecast = Forecast(self.values, combined, locations, self.deviations, surprise)
        x = self.values.value(self.decisions.rank(forecast))
        self._learn_deviations(x, locations)
        self.combiner.update(stages, float(x))
        for cascade in self.cascades:
            cascade.update(float(x))
        return x, f32(abs(x - forecast.reference) / forecast.scale)

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

    def _learn_deviations(self, x, locations):
        if self.seen < 1000.0:
            self.seen += 1.0
        least = f32(1.0 / self.seen)
        for e, location in enumerate(locations):
            error = f32(abs(x - location))
            change = f32(f32(error - self.deviations[e]) * max(self.rates[e], least))
            self.deviations[e] = f32(self.deviations[e] + change)


def _signed(number):
    word = number & 0xFFFFFFFF
    return word - (1 << 32) if word >> 31 else word


def decode(level, frames, channels, token_stream, lsb_block):
    """The interleaved integers of a block of kind 4."""
    tokens, low_bits = Tokens(token_stream), LowBits(lsb_block)
    backwards = tokens.uniform(1)
    step, offset = 1, 0
    if tokens.uniform(1):
        step, offset = max(1, tokens.uniform(32)), tokens.uniform(32)
    values = value_sets.read(tokens, frames * channels)
    if values.len == 1:
        # No decision is coded, so nothing that is predicted matters.
        tokens.finish()
        low_bits.finish()
        return [_signed(offset + values.first * step)] * (frames * channels)
    states = [Channel(level, channels, values, tokens, low_bits) for _ in range(channels)]
    histories = [[0.0] * HISTORY for _ in range(channels)]
    result = []
    for _ in range(frames):
        surprise = 0.0
        frame = []
        for i, state in enumerate(states):
            partner = i - 1 if i > 0 else min(1, channels - 1)
            x, surprise = state.sample(histories[i], histories[partner], surprise)
            frame.append(_signed(offset + x * step))
            histories[i] = [float(x)] + histories[i][:-1]
        result += reversed(frame) if backwards else frame
    tokens.finish()
    low_bits.finish()
    return result
