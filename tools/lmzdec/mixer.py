"""Mixers and maps of probabilities (§9.6)."""

from operator import add

from .f32 import clamp, dot, f32, logistic, row


class WeightSet:
    """The weights of a mixer; those of inputs that are always zero are not kept."""

    __slots__ = ("weights", "seen")

    def __init__(self, weights):
        self.weights = weights
        self.seen = 0.0

    def learn(self, rate, miss, inputs):
        boost = f32(1.0 + f32(8.0 * f32(1.0 - f32(self.seen / 400.0))))
        if self.seen < 400.0:
            self.seen += 1.0
        gain = f32(f32(rate * boost) * miss)
        self.weights = row(map(add, self.weights, row([gain * x for x in inputs])))


class Mixer:
    """Sets of weights, made when they are first used."""

    def __init__(self, start):
        self.start = row(start)
        self.sets = {}

    def __getitem__(self, index):
        found = self.sets.get(index)
        if found is None:
            found = self.sets[index] = WeightSet(self.start)
        return found


MAP_START = row(logistic(f32((i - 12) * 0.5)) for i in range(25))
_MAP_LIMIT = f32(6.0 - f32(1e-3))
_MAP_RATE = f32(0.005)


def place(y):
    """Index and fraction at which a map is read for `y`."""
    q = f32(f32(clamp(y, -_MAP_LIMIT, _MAP_LIMIT) + 6.0) * 2.0)
    index = int(q)
    return index, f32(q - index)


def refine(points, index, fraction):
    return f32(f32(points[index] * f32(1.0 - fraction)) + f32(points[index + 1] * fraction))


def learn_map(points, index, fraction, outcome):
    for i, share in ((index, f32(1.0 - fraction)), (index + 1, fraction)):
        change = f32(f32(outcome - points[i]) * f32(_MAP_RATE * share))
        points[i] = points[i] + change


def mix(used, inputs):
    """Sum of the products of a set and the inputs, within -12 to 12."""
    return clamp(dot(used.weights, inputs), -12.0, 12.0)


def combine(sets, inputs):
    """Sum of the products of all sets used, in the same lanes, within -12 to 12."""
    # Inputs may be fewer than a multiple of the lanes; zeros follow those of each set.
    filling = [0.0] * (-len(inputs) % 16)
    padded = list(inputs) + filling
    weights = [w for used in sets for w in (*used.weights, *filling)]
    return clamp(dot(weights, padded * len(sets)), -12.0, 12.0)


def mix_few(used, inputs):
    """The same of a few inputs, summed one after the other."""
    products = row([w * x for w, x in zip(used.weights, inputs)])
    y = products[0]
    for product in products[1:]:
        y = f32(y + product)
    return clamp(y, -12.0, 12.0)


def two_sets(a, b, inputs):
    """Sum of the products with two sets of weights, each summed by itself."""
    return f32(dot(a.weights, inputs) + dot(b.weights, inputs))
