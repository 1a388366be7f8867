"""A block of kind 4 to its integers (§8.3)."""

from . import values as value_sets
from .density import Decisions, Forecast
from .entropy import LowBits, Tokens
from .f32 import f32
from .forecaster import HISTORY, Forecaster
from .language import ERRORS, Voice
from .levels import LEVELS
from .long_term import PERIOD, Lags, LongTerm, Past


class Channel:
    """All that is learnt about one channel, in the order of coding."""

    def __init__(self, level, index, partner, past, values, tokens, low_bits, voice):
        self.values = values
        self.voice = voice
        self.second = index > 0
        self.errors = [0.0] * ERRORS
        self.past = past[index] if past else None
        self.long_term = LongTerm(index, partner, past) if past else None
        self.bound = float(max(abs(values.first), abs(values.last), 1))
        self.forecaster = Forecaster(level, partner is not None, partner is not None)
        self.decisions = Decisions(LEVELS[level].layered, values, tokens, low_bits)

    def sample(self, own, partner, partner_errors, lags, surprise):
        """Decodes one sample; returns it and the surprise for the next channel."""
        short_term = self.forecaster.combine(own, partner, self.bound)
        correction = None
        if self.long_term:
            correction = self.long_term.predict(lags, short_term, self.bound)
        final, locations = self.forecaster.finish(partner_errors, correction, self.bound)
        forecast = Forecast(self.values, final, locations, self.forecaster.deviations, surprise)
        below = self._below(forecast, own, partner)
        x = self.values.value(self.decisions.rank(forecast, below))
        self.forecaster.learn(float(x))
        if self.long_term:
            self.long_term.update(float(x) - short_term)
            self.past.append(float(x), float(x) - short_term)
        error = f32((x - forecast.reference) / forecast.scale)
        if self.voice:
            self.errors = [error] + self.errors[:-1]
            self.voice.learn(self.decisions.last_bin, error)
        return x, abs(error)

    def _below(self, forecast, own, partner):
        if self.voice:
            return self.voice.shares(forecast, self.values, own, partner, self.errors, self.second)
        return None


def _signed(number):
    word = number & 0xFFFFFFFF
    return word - (1 << 32) if word >> 31 else word


def decode(level, frames, channels, long_term, model, token_stream, lsb_block):
    """The interleaved integers of a block of kind 4; `long_term` is the flag of that name."""
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
    past = [Past() for _ in range(channels)] if long_term else None
    lags = Lags(tokens)
    partners = [i - 1 if i > 0 else (1 if channels > 1 else None) for i in range(channels)]
    voice = Voice(model, level) if model else None
    states = [Channel(level, i, partner, past, values, tokens, low_bits, voice)
              for i, partner in enumerate(partners)]
    histories = [[0.0] * HISTORY for _ in range(channels)]
    result = []
    for number in range(frames):
        if long_term and number % PERIOD == 0:
            lags.read(number)
        surprise = 0.0
        frame = []
        for i, state in enumerate(states):
            partner = histories[i if partners[i] is None else partners[i]]
            errors = None if partners[i] is None else states[partners[i]].forecaster.polish.errors
            x, surprise = state.sample(histories[i], partner, errors, lags.current, surprise)
            frame.append(_signed(offset + x * step))
            histories[i] = [float(x)] + histories[i][:-1]
        result += reversed(frame) if backwards else frame
    tokens.finish()
    low_bits.finish()
    return result
