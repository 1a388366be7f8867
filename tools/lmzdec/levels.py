"""What each level is made of (§8.8)."""

from collections import namedtuple

from .polish import PolishConfig
from .predict import CascadeConfig, LsConfig

Level = namedtuple("Level", "cascades combiner polish layered experts")

SLOW = (0.005, 1)
ROBUST = (0.3, 2)


def _cascade(own, partner, lam, interval, weighting, *filters):
    return CascadeConfig(own, partner, LsConfig(lam, interval, 0.0, 1e-6, *weighting), filters)


FAST_LONG = _cascade(16, 8, 0.9995, 32, SLOW, (256, 0.1), (16, 0.02))
FAST_QUICK = _cascade(16, 8, 0.995, 32, ROBUST, (16, 0.01))
LONG = _cascade(16, 16, 0.9995, 16, SLOW, (1024, 0.2), (512, 0.1), (256, 0.1), (32, 0.05), (16, 0.03))
LONGER = _cascade(32, 16, 0.9998, 16, SLOW, (1024, 0.2), (512, 0.1), (256, 0.1), (32, 0.05), (16, 0.03))
SHORT = _cascade(16, 8, 0.9985, 16, SLOW, (512, 0.1), (256, 0.1), (32, 0.05), (16, 0.03))
QUICK = _cascade(16, 8, 0.995, 16, ROBUST, (16, 0.005))
NIMBLE = _cascade(12, 4, 0.99, 4, ROBUST)
MIDDLE = _cascade(24, 16, 0.999, 16, ROBUST, (32, 0.01), (16, 0.01))
STEADY = _cascade(16, 8, 0.99975, 64, ROBUST, (2048, 0.01), (256, 0.02), (16, 0.01))
VERY_LONG = _cascade(32, 16, 0.9999, 64, SLOW, (2048, 0.05), (512, 0.02), (32, 0.01), (16, 0.01))
STATIC = _cascade(32, 16, 0.99995, 64, ROBUST, (2048, 0.003), (512, 0.003), (32, 0.003), (16, 0.003))
SLOPE = _cascade(2, 1, 0.995, 16, ROBUST, (1024, 0.02), (256, 0.005), (16, 0.005))


def _combiner(lam, interval):
    return LsConfig(lam, interval, 1e-4, 0.0, 0.15, 2)


OVER_ERRORS = ((2048, 0.02), (256, 0.02), (32, 0.02))
FAST_POLISH = PolishConfig(_combiner(0.998, 16), (), ())
POLISH = PolishConfig(_combiner(0.998, 32), OVER_ERRORS, OVER_ERRORS)

# How fast a segment forgets: factors of 1 - lambda in cascades and combiner, and of the filters' steps.
PACES = ((1.0, 1.0), (2.0, 1.0), (4.0, 2.0), (0.5, 1.0))

# Experts: where each is centred ("final", or "sum" or "first" of a cascade), and its rate.
LEVELS = (
    Level((FAST_LONG, FAST_QUICK), _combiner(0.998, 16), FAST_POLISH, False, (
        ("final", 0, 0.03), ("final", 0, 0.005), ("final", 0, 0.001), ("sum", 1, 0.05),
        ("final", 0, 0.01), ("final", 0, 0.1), ("final", 0, 0.3), ("sum", 0, 0.001),
        ("sum", 0, 0.005), ("sum", 0, 0.03), ("sum", 0, 0.1), ("sum", 1, 0.02),
        ("sum", 1, 0.2), ("first", 0, 0.005), ("first", 0, 0.03), ("first", 0, 0.1))),
    Level((LONG, QUICK, VERY_LONG, SHORT, SLOPE), _combiner(0.999, 32), POLISH, True, (
        ("final", 0, 0.03), ("final", 0, 0.005), ("final", 0, 0.001), ("sum", 1, 0.05),
        ("final", 0, 0.1), ("sum", 0, 0.005), ("sum", 0, 0.02), ("sum", 0, 0.1),
        ("sum", 1, 0.2), ("sum", 2, 0.02), ("sum", 2, 0.1), ("sum", 3, 0.02),
        ("sum", 4, 0.02), ("final", 0, 0.3), ("first", 0, 0.02), ("first", 2, 0.01))),
    Level((LONG, QUICK, VERY_LONG, SHORT, NIMBLE, SLOPE, STEADY, MIDDLE, LONGER, STATIC), _combiner(0.999, 32), POLISH, True, (
        ("final", 0, 0.03), ("final", 0, 0.005), ("final", 0, 0.001), ("sum", 1, 0.05),
        ("final", 0, 0.1), ("sum", 0, 0.02), ("sum", 1, 0.2), ("sum", 2, 0.02),
        ("sum", 3, 0.02), ("sum", 4, 0.02), ("sum", 5, 0.02), ("sum", 6, 0.02),
        ("sum", 7, 0.02), ("sum", 8, 0.02), ("sum", 9, 0.02), ("first", 0, 0.02))),
)
