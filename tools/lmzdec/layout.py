"""What a segment of kind 4 says before its samples: pace, alphabets, order of channels (§8.3)."""

from . import values as value_sets
from .errors import Damaged
from .levels import PACES

GROUP = 64


def _signed(number):
    word = number & 0xFFFFFFFF
    return word - (1 << 32) if word >> 31 else word


class Alphabet:
    """A grid, and the numbers on it that occur."""

    def __init__(self, step, offset, values):
        self.step, self.offset, self.values = step, offset, values
        self.only = self.sample(values.first) if values.len == 1 else None

    def sample(self, number):
        return _signed(self.offset + number * self.step)


class Place:
    """A channel in the order of coding, and whom it is predicted from."""

    def __init__(self, channel, partner, alphabet):
        self.channel, self.partner = channel, partner
        self.values, self.only, self.sample = alphabet.values, alphabet.only, alphabet.sample


def read(stream, level, channels, samples):
    """The level whose composition is used, the pace, and the places in the order of coding."""
    composition = level - stream.uniform(level)
    if composition < 0:
        raise Damaged("a composition below the lowest level")
    pace = PACES[stream.uniform(2)]
    alphabets = _alphabets(stream, channels, samples)
    return composition, pace, [Place(channel, partner, alphabets[channel])
                               for channel, partner in _order(stream, alphabets)]


def _alphabets(stream, channels, samples):
    result, last = [], Alphabet(1, 0, value_sets.Dense(-(1 << 31), (1 << 31) - 1))
    for _ in range(channels):
        if stream.uniform(1):
            value = _signed(stream.uniform(32))
            result.append(Alphabet(1, 0, value_sets.Dense(value, value)))
            continue
        if not stream.uniform(1):
            last = _alphabet(stream, samples)
        result.append(last)
    return result


def _alphabet(stream, samples):
    step, offset = 1, 0
    if stream.uniform(1):
        step, offset = max(1, stream.uniform(32)), stream.uniform(32)
    return Alphabet(step, offset, value_sets.read(stream, samples))


def _order(stream, alphabets):
    channels = len(alphabets)
    backwards = channels > 1 and stream.uniform(1)
    if not backwards and channels >= 3 and stream.uniform(1):
        return _listed(stream, alphabets)
    order = list(range(channels))
    if backwards:
        order.reverse()
    places = []
    for first in range(0, channels, GROUP):
        group = order[first:first + GROUP]
        moving = [i for i, channel in enumerate(group) if alphabets[channel].only is None]
        partners = dict(zip(moving[1:], moving))
        if len(moving) > 1:
            partners[moving[0]] = moving[1]
        places += [(channel, partners.get(i)) for i, channel in enumerate(group)]
    return places


def _listed(stream, alphabets):
    channels = len(alphabets)
    order, partners = [], []
    for i in range(channels):
        size = min(GROUP, channels - i // GROUP * GROUP)
        order.append(stream.uniform((channels - 1).bit_length()))
        partners.append(stream.uniform((size - 1).bit_length()))
        if partners[-1] >= size:
            raise Damaged("a channel is predicted from one that there is not")
    if sorted(order) != list(range(channels)):
        raise Damaged("the order of channels is none")
    moves = [alphabets[channel].only is None for channel in order]
    first = [i // GROUP * GROUP for i in range(channels)]
    return [(order[i], partner if partner != i % GROUP and moves[i] and moves[first[i] + partner] else None)
            for i, partner in enumerate(partners)]
