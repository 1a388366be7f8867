"""The classical expert of blocks of characters (characters.md, §5)."""

import struct
from collections import namedtuple
from math import frexp, isnan

from .density import HIGHEST, LOWEST, Forecast, halves, logits
from .f32 import clamp, f32, row, total
from .forecaster import HISTORY, Forecaster
from .levels import PACES
from .mixer import Mixer, two_sets
from .samples import A_LAW, INTEGER, MU_LAW, SIGNED_BYTE, law_values

_RATE = f32(0.002)
_WEIGHTS = [0.0] * 16 + [0.5]

# What a forecast has to know of a set of values (codec.md §9.3).
Span = namedtuple("Span", "first last spacing len")


class Integers:
    def __init__(self, width, signed):
        self.half = 1 << 8 * width - 1
        self.flip = self.half if signed else 0

    def rank(self, key):
        return key ^ self.flip

    def value(self, rank):
        return float(rank - self.half)


class Codes:
    """A-law and mu-law."""

    def __init__(self, kind):
        values = law_values(kind)
        self.values = sorted(map(float, values))
        self.ranks = [self.values.index(value) for value in values]

    def rank(self, key):
        return self.ranks[key]

    def value(self, rank):
        return self.values[rank]


class Floats:
    def __init__(self, width):
        self.half = 1 << 8 * width - 1
        self.width = width
        self.unpack = struct.Struct(">f" if width == 4 else ">d").unpack

    def rank(self, key):
        return self.half - 1 - (key - self.half) if key & self.half else key + self.half

    def value(self, rank):
        if rank >= self.half:
            return self._magnitude(rank - self.half)
        return -self._magnitude(self.half - 1 - rank)

    def _magnitude(self, key):
        (x,) = self.unpack(key.to_bytes(self.width, "big"))
        return 2.0 ** 40 if isnan(x) else min(x * 2.0 ** 23, 2.0 ** 40)


def _values(fmt):
    if fmt.kind in (INTEGER, SIGNED_BYTE):
        return Integers(fmt.width, fmt.width > 1 or fmt.kind == SIGNED_BYTE)
    return Codes(fmt.kind) if fmt.kind in (A_LAW, MU_LAW) else Floats(fmt.width)


class Channel:
    """What is learnt about one channel, and its values so far."""

    def __init__(self, level, has_partner):
        self.forecaster = Forecaster(level, PACES[0], has_partner, False)
        self.values = []

    def latest(self, end):
        """The values of the frames before `end`, newest first, and zeros."""
        found = self.values[max(end - HISTORY, 0):end][::-1]
        return found + [0.0] * (HISTORY - len(found))


class Classical:
    """The predictor of the codec as a forecast of bits."""

    def __init__(self, fmt, level, channels, blocking):
        self.bits = 8 * fmt.width
        self.values = _values(fmt)
        self.backwards = blocking == 1 and channels > 1
        self.channels = [Channel(level, c > 0 or self.backwards) for c in range(channels)]
        self.by_depth, self.by_width = Mixer(_WEIGHTS), Mixer(_WEIGHTS)
        self.largest = 0.0

    def start_sample(self, channel, frame):
        self.channel = self.channels[channel]
        own, partner = self.channel.latest(frame), []
        if channel > 0:
            partner = self.channels[channel - 1].latest(frame + 1)
        elif self.backwards:
            partner = self.channels[1].latest(frame)
        bound = max(2.0 * self.largest, 16.0)
        forecaster = self.channel.forecaster
        forecaster.combine(own, partner, bound)
        final, locations = forecaster.finish(None, None, bound)
        span = Span(-bound, bound, 1.0, 1)
        self.forecast = Forecast(span, final, locations, forecaster.deviations, 0.0)
        self.low, self.left, self.key = 0, self.bits, 0
        self.edge_low, self.edge_high = LOWEST, HIGHEST
        self._next_bit()

    def end_sample(self):
        value = self.values.value(self.low)
        self.channel.forecaster.learn(value)
        self.channel.values.append(value)
        self.largest = max(self.largest, abs(value))

    def _next_bit(self):
        """The threshold that the next bit decides about."""
        half = 1 << self.left - 1
        middle = self.low + half
        value = self.values.value
        edge = (value(middle - 1) + value(middle)) * 0.5
        self.edge = self.forecast.edge(f32(edge - self.forecast.reference))
        self.one_is_upper = self.values.rank((2 * self.key + 1) * half) >= middle
        share = (value(self.low + 2 * half - 1) - value(self.low) + 1.0) / self.forecast.scales[0]
        self.class_ = clamp(frexp(share)[1] - 1 + 4, 0, 15)

    def logit(self):
        """The logit of a 1."""
        experts = logits(*halves(self.edge_low, self.edge, self.edge_high))
        mean = f32(total(row(experts)) * 0.0625)
        self.inputs = row([logit - mean for logit in experts] + [mean])
        self.used = (self.by_depth[self.bits - self.left],
                     self.by_width[8 * self.class_ + self.forecast.trend % 8])
        y = clamp(two_sets(*self.used, self.inputs), -12.0, 12.0)
        return y if self.one_is_upper else -y

    def learn(self, miss):
        for used in self.used:
            used.learn(_RATE, miss if self.one_is_upper else -miss, self.inputs)

    def advance(self, bit):
        """Leaves the ranks that go with `bit`."""
        self.left -= 1
        self.key = 2 * self.key + bit
        if bool(bit) == self.one_is_upper:
            self.low += 1 << self.left
            self.edge_low = self.edge
        else:
            self.edge_high = self.edge
        if self.left:
            self._next_bit()
