"""A block of kind 4 to its integers (§8.3)."""

from . import values as value_sets
from .density import Decisions, Forecast
from .entropy import LowBits, Tokens
from .f32 import f32
from .forecaster import HISTORY, Forecaster


class Channel:
    """All that is learnt about one channel, in the order of coding."""

    def __init__(self, level, channels, values, tokens, low_bits):
        self.values = values
        self.bound = float(max(abs(values.first), abs(values.last), 1))
        self.forecaster = Forecaster(level, channels > 1)
        self.decisions = Decisions(values, tokens, low_bits)

    def sample(self, own, partner, surprise):
        """Decodes one sample; returns it and the surprise for the next channel."""
        combined, locations = self.forecaster.predict(own, partner, self.bound)
        forecast = Forecast(self.values, combined, locations, self.forecaster.deviations, surprise)
        x = self.values.value(self.decisions.rank(forecast))
        self.forecaster.learn(float(x))
        return x, f32(abs(x - forecast.reference) / forecast.scale)


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
