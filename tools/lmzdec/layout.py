"""What a segment of kind 4 says before its samples: pace, contents and order of channels (§8.3)."""

from . import values as value_sets
from .errors import Damaged
from .levels import PACES

GROUP = 64


def _signed(number):
    word = number & 0xFFFFFFFF
    return word - (1 << 32) if word >> 31 else word


class Constant:
    """A channel of one value."""

    def __init__(self, value):
        self.value = value


class Copy:
    """A channel that is the same as one before it."""

    def __init__(self, source):
        self.source = source


class Alphabet:
    """A channel that is coded: a grid, and the numbers on it that occur."""

    def __init__(self, step, offset, values):
        self.step, self.offset, self.values = step, offset, values

    def sample(self, number):
        return _signed(self.offset + number * self.step)


class Place:
    """A channel in the order of coding, what it holds, and the place that it is predicted from."""

    def __init__(self, channel, partner, content):
        self.channel, self.partner, self.content = channel, partner, content


def read(stream, level, channels, samples):
    """The level whose composition is used, the pace, and the places in the order of coding."""
    composition = level - stream.uniform(level)
    if composition < 0:
        raise Damaged("a composition below the lowest level")
    pace = PACES[stream.uniform(2)]
    contents = _contents(stream, channels, samples)
    is_coded = [isinstance(content, Alphabet) for content in contents]
    return composition, pace, [Place(channel, partner, contents[channel])
                               for channel, partner in _order(stream, is_coded)]


def _contents(stream, channels, samples):
    result, last = [], Alphabet(1, 0, value_sets.Dense(-(1 << 31), (1 << 31) - 1))
    for channel in range(channels):
        if stream.uniform(1):
            result.append(_without_alphabet(stream, channel))
            continue
        if not stream.uniform(1):
            last = _alphabet(stream, samples)
        result.append(last if last.values.len > 1 else Constant(last.sample(last.values.first)))
    return result


def _without_alphabet(stream, channel):
    source = source_of(stream, channel)
    return Constant(_signed(stream.uniform(32))) if source is None else Copy(source)


def source_of(stream, channel):
    """The channel that this one is a copy of, if it is one."""
    if not channel or not stream.uniform(1):
        return None
    source = stream.uniform((channel - 1).bit_length())
    if source >= channel:
        raise Damaged("a copy of a channel that is not before it")
    return source


def _alphabet(stream, samples):
    step, offset = 1, 0
    if stream.uniform(1):
        step, offset = max(1, stream.uniform(32)), stream.uniform(32)
    return Alphabet(step, offset, value_sets.read(stream, samples))


def _order(stream, is_coded):
    channels = len(is_coded)
    backwards = channels > 1 and stream.uniform(1)
    if not backwards and channels >= 3 and stream.uniform(1):
        return _listed(stream, is_coded)
    order = list(range(channels))
    if backwards:
        order.reverse()
    places = []
    for first in range(0, channels, GROUP):
        group = order[first:first + GROUP]
        coded = [i for i, channel in enumerate(group) if is_coded[channel]]
        partners = dict(zip(coded[1:], coded))
        if len(coded) > 1:
            partners[coded[0]] = coded[1]
        places += [(channel, partners.get(i)) for i, channel in enumerate(group)]
    return places


def _listed(stream, is_coded):
    channels = len(is_coded)
    order, partners = [], []
    for i in range(channels):
        size = min(GROUP, channels - i // GROUP * GROUP)
        order.append(stream.uniform((channels - 1).bit_length()))
        partners.append(stream.uniform((size - 1).bit_length()))
        if partners[-1] >= size:
            raise Damaged("a channel is predicted from one that there is not")
    if sorted(order) != list(range(channels)):
        raise Damaged("the order of channels is none")
    coded = [is_coded[channel] for channel in order]
    first = [i // GROUP * GROUP for i in range(channels)]
    return [(order[i], partner if partner != i % GROUP and coded[i] and coded[first[i] + partner] else None)
            for i, partner in enumerate(partners)]
