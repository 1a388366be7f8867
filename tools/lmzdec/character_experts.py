"""The adaptive expert and the mixture of blocks of characters (characters.md, §4 and §7)."""

from .entropy import AdaptiveBit
from .f32 import clamp, dot, f32, ln, logistic, row
from .mixer import Mixer, two_sets

_MASK = 0xFFFFFFFFFFFFFFFF
_HASH = 0x9E3779B97F4A7C15
_ADAPTIVE_RATE = f32(0.01)
_RATE = f32(0.002)
_SHARES = row((0.02, 0.18, 0.8)).tolist()
_P_LOW = 2.0 ** -20


def _mix(x):
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9 & _MASK
    x = (x ^ x >> 27) * 0x94D049BB133111EB & _MASK
    return x ^ x >> 31


def _two(a, b):
    return _mix(a) + b & _MASK


class Adaptive:
    """Counts of what followed seven contexts; §4."""

    def __init__(self, n):
        self.shift = 64 - min(max((8 * n).bit_length() - 1, 10), 18)
        self.tables = [{} for _ in range(7)]
        self.mixer = Mixer([f32(0.3)] * 7)
        self.last = 0

    def start_byte(self, k, above, neighbours):
        p1, p2, q = neighbours
        self.k = k
        self.contexts = [_mix(x) ^ k for x in (
            0,
            _two(above, 1),
            _two(above & 0xFF, p1),
            _two(above, p1),
            _two(_two(above, p1), p2),
            _two(_two(above, q), p1 >> 8),
            self.last,
        )]

    def logit(self, partial):
        self.bits = []
        for t, context in enumerate(self.contexts):
            slot = ((context << 8 & _MASK | partial) + t) * _HASH & _MASK
            self.bits.append(self.tables[t].setdefault(slot >> self.shift, AdaptiveBit()))
        shares = [f32(f32(bit.p) / 4294967296.0) for bit in self.bits]
        self.inputs = row([ln(f32(q / f32(1.0 - q))) for q in shares])
        self.used = self.mixer[256 * self.k + partial]
        return dot(self.used.weights, self.inputs)

    def learn(self, bit, miss):
        self.used.learn(_ADAPTIVE_RATE, miss, self.inputs)
        for seen in self.bits:
            seen.learn(bit)

    def end_byte(self, byte):
        self.last = (self.last << 8 | byte) & 0xFFFFFF


class Silent:
    """An expert that has nothing to say."""

    class_ = 0

    def logit(self):
        return 0.0

    def start_sample(self, channel, frame):
        pass

    learn = advance = lambda self, _: None

    def end_sample(self):
        pass


class Mixture:
    """The members' logits to one decision; §7."""

    def __init__(self, adaptive, classical, stream):
        self.adaptive, self.classical, self.stream = adaptive, classical, stream
        members = (None, adaptive, classical)
        total = 0.0
        for member, share in zip(members, _SHARES):
            if member:
                total = f32(total + share)
        start = [f32(f32(0.5 * share) / total) if member else 0.0 for member, share in zip(members, _SHARES)]
        self.alone = sum(map(bool, members)) == 1
        self.by_node, self.by_class = Mixer(start), Mixer(start)

    def decide(self, k, depth, partial):
        adaptive, classical = self.adaptive, self.classical
        logits = [0.0] * 3
        if adaptive:
            logits[1] = clamp(adaptive.logit(partial), -12.0, 12.0)
        if classical:
            logits[2] = clamp(classical.logit(), -12.0, 12.0)
        if self.alone:
            y = logits[1] if adaptive else logits[2]
        else:
            inputs = row(logits)
            class_ = classical.class_ if classical else 0
            sets = self.by_node[8 * k + depth], self.by_class[8 * class_ + depth]
            y = two_sets(*sets, inputs)
        p = logistic(clamp(y, -12.0, 12.0))
        bit = int(self.stream.decision(int(clamp(p, _P_LOW, 1.0 - _P_LOW) * 4294967296.0)))
        if adaptive:
            adaptive.learn(bit, f32(bit - logistic(logits[1])))
        if classical:
            classical.learn(f32(bit - logistic(logits[2])))
        if not self.alone:
            for used in sets:
                used.learn(_RATE, f32(bit - p), inputs)
        return bit
