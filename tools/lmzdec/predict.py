"""Least squares, NLMS and cascades (§8.4 to §8.6)."""

from array import array
from collections import namedtuple
from operator import add, mul

from .f32 import clamp, dot, f32, row

LsConfig = namedtuple("LsConfig", "lam interval ridge common rate power")
CascadeConfig = namedtuple("CascadeConfig", "own partner least_squares filters")


def dot64(a, b):
    """Sum of products in 8 lanes of binary64."""
    acc = [0.0] * 8
    products = list(map(mul, a, b))
    for i in range(0, len(products), 8):
        part = products[i:i + 8]
        acc[:len(part)] = map(add, acc, part)
    return (((acc[0] + acc[4]) + (acc[2] + acc[6]))
            + ((acc[1] + acc[5]) + (acc[3] + acc[7])))


class LeastSquares:
    def __init__(self, n, config, prior):
        self.config = config
        self.prior = [prior] * n
        self.weights = [prior] * n
        # Row i of R holds columns i .. n.
        self.r = [[0.0] * (n + 1 - i) for i in range(n)]
        self.gains = []
        self.pending = []
        self.deviation = 0.0
        self.seen = 0.0
        self.learnt = 0
        self.left = min(4, config.interval)
        self.output = 0.0

    def predict(self, inputs):
        self.output = dot64(self.weights, inputs)
        return self.output

    def update(self, inputs, target):
        config = self.config
        self.seen = min(self.seen + 1.0, 1.0 / config.rate)
        self.deviation += (abs(target - self.output) - self.deviation) / self.seen
        gain = 1.0
        for _ in range(config.power):
            gain = gain / (self.deviation + 0.1)
        self.gains = [g * config.lam for g in self.gains] + [gain]
        self.pending.append(list(inputs) + [target])
        self.learnt += 1
        self.left -= 1
        if self.left == 0 or len(self.pending) == 4:
            self._absorb()
        if self.left == 0:
            self._solve()
            self.left = min(max(4, self.learnt // 8), config.interval)

    def _absorb(self):
        decay = self.config.lam
        for _ in self.pending[1:]:
            decay *= self.config.lam
        for i, line in enumerate(self.r):
            line = [r * decay for r in line]
            for g, z in zip(self.gains, self.pending):
                f = g * z[i]
                line = [r + f * v for r, v in zip(line, z[i:])]
            self.r[i] = line
        self.gains, self.pending = [], []

    def _solve(self):
        n = len(self.r)
        trace = 0.0
        for r in self.r:
            trace += r[0]
        load0 = self.config.common * (trace / n) + 1e-9
        a = [r[:] for r in self.r]
        for i in range(n):
            load = self.config.ridge * a[i][0] + load0
            a[i][0] += load
            a[i][-1] += load * self.prior[i]
        inverse = []
        for k in range(n):
            pivot_row = a[k]
            if not pivot_row[0] > 1e-30:
                return
            inverse.append(1.0 / pivot_row[0])
            for i in range(k + 1, n):
                factor = pivot_row[i - k] * inverse[k]
                a[i] = [x - factor * y for x, y in zip(a[i], pivot_row[i - k:])]
        x = [0.0] * n
        for first in range((n - 1) // 8 * 8, -1, -8):
            end = min(first + 8, n)
            rest = [a[k][-1] - dot64(a[k][end - k:-1], x[end:]) for k in range(first, end)]
            for k in range(end - 1, first - 1, -1):
                x[k] = rest[k - first] * inverse[k]
                for i in range(first, k):
                    rest[i - first] -= a[i][k - i] * x[k]
        if all(abs(value) < 1e6 for value in x):
            self.weights = x


_DECAY = f32(0.01)
_FLOOR = f32(0.03)


class Nlms:
    """Weights and history hold only as many values as have come: those beyond are zero, and stay.

    The history's first value is the place of the next one, which is zero (§8.5).
    """

    def __init__(self, taps, step):
        self.taps = taps
        self.step = f32(step)
        self.floor = f32(_FLOOR * taps)
        self.weights = array("f")
        self.history = array("f", [0.0])
        self.pending = None
        self.output = self.partial = 0.0
        self.energy = self.correlation = 0.0
        self.passes = 0
        self.deviation = 1.0

    def predict(self):
        return self.output

    def update(self, error, value):
        limit = f32(3.0 * self.deviation)
        self.deviation = f32(self.deviation + f32(f32(abs(error) - self.deviation) * _DECAY))
        error = clamp(error, -limit, limit)
        divisor = f32(f32(f32(self.energy) + 1.0) + self.floor)
        gain = f32(f32(self.step * error) / divisor)
        before = self.energy
        self._take(value)
        if self.pending is None:
            first = self.weights[0] if self.weights else 0.0
            known = f32(self.partial + f32(first * value))
            most = 0.5 * (before + self.energy)
            correlation = f32(clamp(self.correlation, -most, most))
            self.output = f32(known + f32(gain * correlation))
            self.pending = gain
        else:
            self._learn(self.pending, gain)
            self.pending = None

    def _take(self, value):
        x, taps = self.history, self.taps
        x.insert(1, value)
        del x[taps + 3:]
        before, oldest, older = (x[i] if len(x) > i else 0.0 for i in (2, taps + 1, taps + 2))
        self.energy = max(self.energy + (value * value - oldest * oldest), 0.0)
        self.correlation += value * before - oldest * older

    def _learn(self, first, gain):
        """Both samples' gains; the next forecast, and what is known of the one after it."""
        x = self.history
        w = self.weights
        w.extend([0.0] * (min(self.taps, len(x) - 2) - len(w)))
        for g, window in ((first, x[3:3 + self.taps]), (gain, x[2:2 + self.taps])):
            changes = row([g * h for h in window])
            w[:len(changes)] = row(map(add, w, changes))
        self.output = dot(w, x[1:1 + self.taps])
        self.partial = dot(w, x[:self.taps])
        self.passes += 1
        if self.passes == 1024:
            self.passes = 0
            self.correlation = dot(x[1:1 + self.taps], x[2:2 + self.taps])


class Cascade:
    def __init__(self, config, has_partner):
        self.own = config.own
        self.partner = config.partner if has_partner else 0
        self.least_squares = LeastSquares(self.own + self.partner, config.least_squares, 0.0)
        self.filters = [Nlms(taps, step) for taps, step in config.filters]

    def predict(self, own, partner, bound):
        self.inputs = own[:self.own] + partner[:self.partner]
        self.output = [clamp(self.least_squares.predict(self.inputs), -bound, bound)]
        for stage in self.filters:
            forecast = stage.predict()
            self.output.append(clamp(forecast, -bound, bound) if forecast == forecast else 0.0)

    def update(self, x):
        self.least_squares.update(self.inputs, x)
        target = x - self.output[0]
        for stage, output in zip(self.filters, self.output[1:]):
            error = target - output
            stage.update(f32(error), f32(target))
            target = error
