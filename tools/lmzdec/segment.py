"""A block of kind 4 to its integers (§8.3)."""

from . import layout
from .density import Decisions, Forecast
from .entropy import LowBits, CodedStream
from .f32 import f32
from .forecaster import HISTORY, Forecaster
from .language import ERRORS, Voice
from .levels import LEVELS
from .long_term import Lags, LongTerm, Past


class Channel:
    """All that is learnt about one channel, in the order of coding."""

    def __init__(self, level, pace, index, partner, past, values, stream, low_bits, voice):
        self.values = values
        self.voice = voice
        self.second = index > 0
        self.errors = [0.0] * ERRORS
        self.past = past[index] if past else None
        self.long_term = LongTerm(index, partner, past) if past else None
        self.bound = float(max(abs(values.first), abs(values.last), 1))
        self.forecaster = Forecaster(level, pace, partner is not None, partner is not None)
        self.decisions = Decisions(LEVELS[level].layered, values, stream, low_bits)

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


def decode(level, frames, channels, long_term, model, coded, lsb_block):
    """The interleaved integers of a block of kind 4; `long_term` is the flag of that name."""
    stream, low_bits = CodedStream(coded), LowBits(lsb_block)
    level, pace, places = layout.read(stream, level, channels, frames * channels)
    lags = Lags(stream) if long_term else None
    voice = Voice(model, level) if model else None
    result = [0] * (frames * channels)
    for first in range(0, channels, layout.GROUP):
        group = Group(level, pace, places[first:first + layout.GROUP], lags, stream, low_bits, voice)
        for number in range(frames):
            group.frame(number, result, number * channels)
        if lags:
            lags.finish()
    _copy(places, result, channels)
    stream.finish()
    low_bits.finish()
    return result


def _copy(places, result, channels):
    """Fills in the channels that are copies of others."""
    copies = {place.channel: place.content.source for place in places
              if isinstance(place.content, layout.Copy)}
    for channel, source in sorted(copies.items()):
        result[channel::channels] = result[source::channels]


class Group:
    """Channels that are coded together."""

    def __init__(self, level, pace, places, lags, stream, low_bits, voice):
        self.places, self.lags = places, lags
        self.past = [Past() for _ in places] if lags else None
        self.states = [
            Channel(level, pace, i, place.partner, self.past, place.content.values, stream, low_bits, voice)
            if isinstance(place.content, layout.Alphabet) else None
            for i, place in enumerate(places)]
        self.histories = [[0.0] * HISTORY for _ in places]

    def frame(self, number, result, start):
        """Decodes frame `number` into `result` from `start` on."""
        lags = None
        if self.lags:
            lags = self.lags.at(number)
        surprise = 0.0
        for i, (place, state) in enumerate(zip(self.places, self.states)):
            if isinstance(place.content, layout.Constant):
                result[start + place.channel] = place.content.value
            if state is None:
                continue
            partner, errors = self.histories[i], None
            if place.partner is not None:
                partner = self.histories[place.partner]
                errors = self.states[place.partner].forecaster.polish.errors
            x, surprise = state.sample(self.histories[i], partner, errors, lags, surprise)
            result[start + place.channel] = place.content.sample(x)
            self.histories[i] = [float(x)] + self.histories[i][:-1]
