"""The exact engine: the logits of a model, with the same bits everywhere (exact-engine.md)."""

from array import array
from math import ldexp, sqrt
from operator import add, mul, sub

from .errors import WrongModel
from .exact_model import BINS, FEATURES
from .f32 import f32, row, total
from .packed import FIELD, pack, weighted

START = BINS
_TOLD = 2.0
_FEATURE = f32(2.0 / 127.0)
_LARGEST = 2.0 ** 40
_SMALLEST = 2.0 ** -100
BYTES, WEIGHTS = 127.0, 16383.0

_LOG2E, _LN2_HIGH, _LN2_LOW = row((1.44269504, 0.693359375, -2.1219444e-4))
_MAGIC = 12582912.0
_EXP = row((1 / 720, 1 / 120, 1 / 24, 1 / 6, 0.5, 1.0, 1.0)).tolist()


def summed(values):
    """Sum in 16 lanes; §4.1."""
    acc = row([0.0] * 16)
    for i in range(0, len(values), 16):
        part = values[i:i + 16]
        acc[:len(part)] = row(map(add, acc, part))
    return total(acc)


def exp(values):
    """§4.5"""
    x = [min(max(v, -87.0), 87.0) for v in values]
    t = row([v + _MAGIC for v in row([v * _LOG2E for v in x])])
    n = [v - _MAGIC for v in t]
    r = row(map(sub, x, row([v * _LN2_HIGH for v in n])))
    r = row(map(sub, r, row([v * _LN2_LOW for v in n])))
    p = [_EXP[0]] * len(x)
    for constant in _EXP[1:]:
        p = row([v + constant for v in row(map(mul, p, r))])
    return row(ldexp(p, int(n)) if v >= -87.0 else 0.0 for v, p, n in zip(values, p, n))


def quantise(values, top):
    """What an integer is worth, and the integers; §4.2."""
    largest = max(map(abs, values))
    if top == BYTES:
        everything = sum(values)
        if everything != everything or not largest <= _LARGEST:
            raise WrongModel("a model whose numbers grow beyond 2^40")
    if not largest > _SMALLEST:
        return 0.0, [0] * len(values)
    inverse = f32(top / largest)
    return f32(largest / top), list(map(round, row([v * inverse for v in values])))


def product(matrix, quantised):
    """A matrix times a vector; §4.3."""
    scale, integers = quantised
    sums = row(matrix.sums(integers))
    return row(map(mul, row([s * scale for s in sums]), matrix.scales))


def rotated(values, cos, sin):
    """Pairs of neighbours, turned; §5.2."""
    even, odd = values[0::2], values[1::2]
    out = array("f", values)
    out[0::2] = row(map(sub, row(map(mul, even, cos)), row(map(mul, odd, sin))))
    out[1::2] = row(map(add, row(map(mul, even, sin)), row(map(mul, odd, cos))))
    return out


class Keys:
    """Quantised keys of a K/V head: of each dimension, those of all cells packed."""

    def __init__(self, head):
        self.dimensions = [0] * head
        self.scales = row(())

    def append(self, key):
        scale, integers = quantise(key, BYTES)
        shift = FIELD * len(self.scales)
        self.dimensions = [d + (k << shift) for d, k in zip(self.dimensions, integers)]
        self.scales.append(scale)

    def scores(self, query, factor):
        scale, integers = quantise(query, BYTES)
        scale = f32(scale * factor)
        sums = row(weighted(integers, self.dimensions, len(self.scales)))
        return row(map(mul, row([s * scale for s in sums]), self.scales))


class Cells:
    """Keys and values of one K/V head of a layer; §6."""

    def __init__(self, head):
        self.head = head
        self.keys, self.next = Keys(head), Keys(head)
        self.values, self.value_scales = [], row(())

    def append_value(self, value):
        scale, integers = quantise(value, BYTES)
        self.values.append(pack(integers))
        self.value_scales.append(scale)

    def move(self, window):
        self.keys, self.next = self.next, Keys(self.head)
        del self.values[:window]
        del self.value_scales[:window]

    def attend(self, query, factor):
        """§5.3"""
        scores = self.keys.scores(query, factor)
        largest = max(scores)
        shares = exp(row([s - largest for s in scores]))
        whole = summed(shares)
        scale, weights = quantise(row(map(mul, shares, self.value_scales)), WEIGHTS)
        scale = f32(scale / whole)
        sums = row(weighted(weights, self.values, self.head))
        return row([s * scale for s in sums])


class ExactEngine:
    """One sequence."""

    def __init__(self, model):
        self.model = model
        self.factor = f32(1.0 / f32(sqrt(model.shape.head)))
        self.reset()

    def reset(self):
        """Forgets all: the next step starts a segment."""
        shape = self.model.shape
        self.used = 0
        self.cells = [[Cells(shape.head) for _ in range(shape.kv_heads)] for _ in range(shape.layers)]

    def step(self, last, features=()):
        """Logits after the bin `last`, or `START`, and the features."""
        shape, model = self.model.shape, self.model
        if self.used == 2 * shape.window:
            self._move()
        x = row([0.0]) * shape.width
        x[last] = _TOLD
        for i, feature in enumerate(features, start=BINS + 1):
            x[i] = feature * _FEATURE
        for layer, cells in zip(model.layers, self.cells):
            y = self._attention(layer, cells, self._normed(x, layer.attn_norm))
            x = row(map(add, x, product(layer.output, quantise(y, BYTES))))
            z = _gated(layer, self._normed(x, layer.ffn_norm))
            x = row(map(add, x, product(layer.down, quantise(z, BYTES))))
        self.used += 1
        return product(model.head, self._normed(x, model.norm))

    def _move(self):
        for layer in self.cells:
            for cells in layer:
                cells.move(self.model.shape.window)
        self.used = self.model.shape.window

    def _normed(self, x, weights):
        """Root mean square norm, quantised; §4.4."""
        shape = self.model.shape
        mean = f32(summed(row(map(mul, x, x))) / shape.width)
        r = f32(1.0 / f32(sqrt(f32(mean + shape.eps))))
        return quantise(row(map(mul, row([v * r for v in x]), weights)), BYTES)

    def _attention(self, layer, all_cells, quantised):
        shape, model, position = self.model.shape, self.model, self.used
        q, k, v = (product(matrix, quantised) for matrix in (layer.q, layer.k, layer.v))
        head = shape.head
        for i, cells in enumerate(all_cells):
            key = k[i * head:(i + 1) * head]
            cells.keys.append(rotated(key, model.cos[position], model.sin[position]))
            if position >= shape.window:
                again = position - shape.window
                cells.next.append(rotated(key, model.cos[again], model.sin[again]))
            cells.append_value(v[i * head:(i + 1) * head])
        y = row(())
        for j in range(shape.heads):
            query = rotated(q[j * head:(j + 1) * head], model.cos[position], model.sin[position])
            y += all_cells[j * shape.kv_heads // shape.heads].attend(query, self.factor)
        return y


def _gated(layer, quantised):
    """SiLU of the gate times the rest; §5.4."""
    gate, up = product(layer.gate, quantised), product(layer.up, quantised)
    divisors = row([1.0 + e for e in exp([0.0 - g for g in gate])])
    return row(map(mul, row([g / d for g, d in zip(gate, divisors)]), up))



