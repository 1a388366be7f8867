"""From forecasts to the decisions of a sample (§9.3 to §9.6)."""

from .f32 import clamp, exp_neg, f32, ln, logistic, row, total
from .language import opinion
from .mixer import MAP_START, Mixer, combine, learn_map, mix, mix_few, place, refine
from .posterior import Posterior, log_likelihoods

EXPERTS = range(16)
_Q = (0.0, 0.125163142954006, 0.251314428280906, 0.379489621704904, 0.510825623765991,
      0.646627164925052, 0.788457360364270, 0.938269639259416, 1.09861228866811, 1.272965675812887,
      1.466337068793427, 1.686398953570227, 1.945910149055313, 2.268683541318364, 2.70805020110221,
      3.433987204485146)
QUANTILE = [None] + [-q for q in _Q[:0:-1]] + list(_Q)

TRENDS = row((0.4, 0.6, 0.8, 1.0, 1.25, 1.6, 2.4)).tolist()
SURPRISES = row((0.2, 0.5, 0.9, 1.4, 2.0, 3.0, 5.0)).tolist()
DISAGREEMENTS = row((0.05, 0.1, 0.2, 0.35, 0.6, 1.0, 2.0)).tolist()
COARSENESS = row((0.3, 0.7, 1.5, 3.0, 8.0, 24.0, 100.0)).tolist()
_TO_SCALE = f32(1.3862944)
_LEAST = f32(0.02)
_TINY = f32(1e-30)
_BIAS = f32(0.3)
_PLAIN_RATE, _FIRST_RATE, _SECOND_RATE, _ALONE_RATE = row((0.0015, 0.003, 0.002, 0.003)).tolist()
_SHARE_RATE = f32(0.01)
_SHARE_LOW = f32(1e-4)
_SHARE_HIGH = f32(1.0 - _SHARE_LOW)
_P_LOW = 2.0 ** -20
# Weights at the start: of the plain layer, of a set of it that works alone, of the first of two layers, and
# of the second.
_PLAIN = [0.0] * 16 + [f32(1.0 / 3.0)] + [0.0] * 3 + [f32(f32(0.4) / 3.0), 0.0, 0.0]
_PLAIN_ALONE = [0.0] * 16 + [1.0] + [0.0] * 3 + [f32(0.4), 0.0, 0.0]
_WEIGHTS = [0.0] * 16 + [0.5] + [0.0] * 3 + [f32(0.4), 0.25, 0.25]
_EVENLY = [f32(0.2)] * 5
_OWN = f32(0.6)
_REFINED = f32(0.2)
LOWEST = ([0.0] * 16, [1.0] * 16)
HIGHEST = ([1.0] * 16, [0.0] * 16)


def is_late(node):
    return 8 <= node < 32 or node >= 48


def kind_of(node):
    """Kind of an early decision."""
    return node.bit_length() - 1 if node < 32 else 3


class Forecast:
    """What the experts say of one sample."""

    def __init__(self, values, combined, locations, deviations, surprise):
        spacing = f32(values.spacing)
        low, high = float(values.first), float(values.last)
        self.reference = clamp(combined, low, high)
        self.at = [f32(clamp(at, low, high) - self.reference) for at in locations]
        least = f32(_LEAST * spacing)
        scales = self.scales = [max(f32(d / _TO_SCALE), least) for d in deviations]
        self.inverse = [f32(1.0 / s) for s in scales]
        self.scale = f32(0.5 * f32(scales[0] + scales[1]))
        threshold = f32(12.0 * spacing)
        least = min([self.scale] + [f32(4.0 * s) for s in scales])
        self.k = 0
        while (self.k < 24 and least > f32(threshold * (1 << self.k))
               and 2 << self.k <= values.len):
            self.k += 1
        ratio = f32(scales[0] / scales[2])
        self.trend = sum(t < ratio for t in TRENDS)
        if self.scale < f32(2.0 * spacing):
            self.trend += 8
        self.surprise_class = sum(t < surprise for t in SURPRISES)
        apart = f32(f32(total(row(map(abs, self.at))) * 0.0625) / self.scale)
        self.disagreement = (8 * sum(t < apart for t in DISAGREEMENTS)
                             + sum(f32(t * spacing) < self.scale for t in COARSENESS))

    def edge(self, t):
        """Shares of each expert's distribution below and above `t` (§9.5)."""
        below, above = [], []
        for at, inverse in zip(self.at, self.inverse):
            z = f32(f32(t - at) * inverse)
            g = exp_neg(min(abs(z), 60.0))
            sum_ = f32(1.0 + g)
            small, large = f32(g / sum_), f32(1.0 / sum_)
            below.append(small if z < 0.0 else large)
            above.append(large if z < 0.0 else small)
        return below, above


def mass(low, high):
    """What each expert expects between two edges."""
    return [max(f32(low[1][e] - high[1][e]) if low[0][e] > 0.5 else f32(high[0][e] - low[0][e]), 0.0)
            for e in EXPERTS]


def halves(low, middle, high):
    return mass(low, middle), mass(middle, high)


def logits(lower, upper):
    return [clamp(ln(f32(f32(u + _TINY) / f32(l + _TINY))), -12.0, 12.0)
            for l, u in zip(lower, upper)]


class Decisions:
    """The coder of one channel's decisions, and what it has learnt."""

    def __init__(self, layered, values, stream, low_bits):
        self.layered = layered
        self.values, self.stream, self.low_bits = values, stream, low_bits
        self.first = [Mixer(_WEIGHTS if layered else _PLAIN) for _ in range(5 if layered else 3)]
        self.alone = Mixer(_WEIGHTS if layered else _PLAIN_ALONE)
        self.second = Mixer(_EVENLY)
        self.posteriors = [Posterior(0.9), Posterior(0.98)]
        self.shares = ({}, {})
        self.maps = ({}, {})
        self.last_bin = 16

    def rank(self, forecast, below=None):
        """Rank of the next sample; §9.4. `below` is what a language model says, §9.7."""
        self.forecast, self.below = forecast, below
        self.lo, self.hi = 0, self.values.len
        self.edge_lo, self.edge_hi = LOWEST, HIGHEST
        block = 1 << forecast.k
        first = self._bin()
        if first in (0, 31):
            self._outer(first == 31, block)
        while self.hi - self.lo > block:
            width = (self.hi - self.lo) >> forecast.k
            middle = max(self.lo + ((width // 2) << forecast.k), self.lo + block)
            depth = min(width.bit_length() - 1, 7)
            self._ask(middle, 48 + 4 * depth + first // 8)
        if self.layered:
            likelihoods = log_likelihoods(mass(self.edge_lo, self.edge_hi))
            for posterior in self.posteriors:
                posterior.learn(likelihoods)
        self.last_bin = first
        return min(self.lo + self.low_bits.raw(forecast.k), self.values.len - 1)

    def _bin(self):
        forecast = self.forecast
        first, end, node = 0, 32, 1
        while end - first > 1:
            middle = (first + end) // 2
            t = forecast.reference + forecast.scale * QUANTILE[middle]
            language = opinion(self.below, first, middle, end)
            above = self._ask(self.values.count_below(t), node, language)
            if above:
                first = middle
            else:
                end = middle
            node = 2 * node + above
        return first

    def _outer(self, upper, block):
        forecast = self.forecast
        distance = QUANTILE[31]
        step = 0
        while self.hi - self.lo > block:
            distance *= 1.5 if step < 8 else 4.0
            offset = (distance if upper else -distance) * forecast.scale
            r = self.values.count_below(forecast.reference + offset) & -block
            if upper and r >= self.hi or not upper and r <= self.lo:
                break
            if self._ask(r, 32 + 8 * upper + min(step, 7)) != upper:
                break
            step += 1

    def _ask(self, r, node, language=0.0):
        r &= -1 << self.forecast.k
        if r <= self.lo:
            return True
        if r >= self.hi:
            return False
        edge = self.forecast.edge(f32(self.values.edge(r) - self.forecast.reference))
        above = self._decide(*halves(self.edge_lo, edge, self.edge_hi), language, node)
        if above:
            self.lo, self.edge_lo = r, edge
        else:
            self.hi, self.edge_hi = r, edge
        return above

    def _decide(self, lower, upper, language, node):
        if is_late(node):
            return self._decide_late(lower, upper, language, node)
        forecast = self.forecast
        contexts = (96 * (self.last_bin // 4) + node, 96 * forecast.surprise_class + node)
        kind = kind_of(node)
        selected = (node, 4 * forecast.trend + kind, 4 * forecast.surprise_class + kind,
                    4 * self.posteriors[0].best + kind, 4 * forecast.disagreement + kind)
        sets = [mixer[index] for mixer, index in zip(self.first, selected)]
        shares = [table.get(c, 0.5) for table, c in zip(self.shares, contexts)]
        inputs = self._inputs(lower, upper, language, [ln(f32(s / f32(1.0 - s))) for s in shares])
        points = [table.setdefault(c, MAP_START[:]) for table, c in zip(self.maps, contexts)]
        if self.layered:
            opinions = row([mix(used, inputs) for used in sets])
            y = mix_few(self.second[kind], opinions)
        else:
            y = combine(sets, inputs)
        index, fraction = place(y)
        refined = [refine(used, index, fraction) for used in points]
        final = f32(f32(_OWN * logistic(y)) + f32(_REFINED * f32(refined[0] + refined[1])))
        true = self._decision(final)

        outcome = 1.0 if true else 0.0
        miss = f32(outcome - logistic(y))
        if self.layered:
            for used, opinion in zip(sets, opinions):
                used.learn(_FIRST_RATE, f32(outcome - logistic(opinion)), inputs)
            self.second[kind].learn(_SECOND_RATE, miss, opinions)
        else:
            for used in sets:
                used.learn(_PLAIN_RATE, miss, inputs)
        for used in points:
            learn_map(used, index, fraction, outcome)
        for table, c, s in zip(self.shares, contexts, shares):
            s = f32(s + f32(f32(outcome - s) * _SHARE_RATE))
            table[c] = clamp(s, _SHARE_LOW, _SHARE_HIGH)
        return true

    def _decide_late(self, lower, upper, language, node):
        inputs = self._inputs(lower, upper, language, [0.0, 0.0])
        used = self.alone[node]
        final = logistic(mix(used, inputs))
        true = self._decision(final)
        used.learn(_ALONE_RATE, f32((1.0 if true else 0.0) - final), inputs)
        return true

    def _decision(self, final):
        p = clamp(final, _P_LOW, 1.0 - _P_LOW) if final == final else _P_LOW
        return self.stream.decision(int(p * 4294967296.0))

    def _inputs(self, lower, upper, language, shares):
        """What the mixers weigh; `shares` as logits."""
        experts = logits(lower, upper)
        mean = f32(total(row(experts)) * 0.0625)
        mixtures = [0.0, 0.0]
        if self.layered:
            mixtures = [posterior.logit(lower, upper) for posterior in self.posteriors]
        return row([logit - mean for logit in experts] + [mean]
                   + shares + [_BIAS, language] + mixtures)
