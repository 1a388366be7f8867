"""The set of values that occur in a channel (§9.1)."""

from bisect import bisect_left
from math import ceil

from .entropy import AdaptiveBit
from .errors import Damaged


def _signed(stream, count):
    """`count` numbers, and before them how many bits they have."""
    bits = stream.uniform(5) + 1
    words = [stream.uniform(bits) for _ in range(count)]
    return [word - (1 << bits) if word >> bits - 1 else word for word in words]


def read(stream, limit):
    """Reads the set of a channel of a segment of at most `limit` samples."""
    sparse = stream.uniform(1)
    if not sparse:
        low, high = _signed(stream, 2)
        if high < low:
            raise Damaged("a set of values ends before it starts")
        return Dense(low, high)
    low, = _signed(stream, 1)
    count = stream.uniform(32)
    if not 1 <= count <= limit:
        raise Damaged("a set of values is larger than its segment")
    return Sparse(_listed(stream, low, count))


def _listed(stream, low, count):
    unary = [[[AdaptiveBit() for _ in range(12)] for _ in range(8)] for _ in range(8)]
    lengths = [AdaptiveBit() for _ in range(31)]
    values = [low]
    last = before = 1
    for _ in range(count - 1):
        bits = unary[min(last, 7)][min(before, 7)]
        gap = 1
        while gap <= 12 and stream.adaptive(bits[gap - 1]):
            gap += 1
        if gap == 13:
            length = 0
            while length < 31 and stream.adaptive(lengths[length]):
                length += 1
            gap += (1 << length) + stream.uniform(length) - 1
        values.append(values[-1] + gap)
        if gap >= 1 << 32 or values[-1] >= 1 << 31:
            raise Damaged("a set of values goes beyond 32 bits")
        before, last = last, gap
    return values


class Dense:
    """Every integer of a range."""

    def __init__(self, first, last):
        self.first, self.last = first, last
        self.len = last - first + 1
        self.spacing = 1.0

    def value(self, rank):
        return self.first + rank

    def edge(self, rank):
        return self.first + rank - 0.5

    def count_below(self, t):
        distance = t - self.first
        if not distance > 0.0:
            return 0
        return self.len if distance >= self.len else ceil(distance)


class Sparse:
    """Integers that are listed."""

    def __init__(self, values):
        self.values = values
        self.first, self.last = values[0], values[-1]
        self.len = len(values)
        self.spacing = max((self.last - self.first) / max(self.len - 1, 1), 1.0)

    def value(self, rank):
        return self.values[rank]

    def edge(self, rank):
        return (self.values[rank - 1] + self.values[rank]) * 0.5

    def count_below(self, t):
        return bisect_left(self.values, t)
