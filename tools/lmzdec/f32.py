"""IEEE 754 binary32 on top of Python's binary64 (§8.1, §8.2).

Rounding the binary64 result of one `+ - * /` of binary32 numbers to binary32 gives the correctly
rounded binary32 result, because 53 >= 2 * 24 + 2. So each operation is followed by one rounding,
which an `array('f')` does: `row` for many numbers, `f32` for one.
"""

from array import array
from math import frexp, ldexp
from operator import add, mul

_cell = array("f", [0.0])


def f32(x):
    """`x` rounded to binary32."""
    _cell[0] = x
    return _cell[0]


def row(values):
    """Binary32 numbers from an iterable, each rounded."""
    return array("f", values)


def clamp(x, low, high):
    return low if x < low else high if x > high else x


def dot(a, b):
    """Sum of products in 16 lanes. May be given fewer values than a multiple of 16: zeros follow."""
    products = row(map(mul, a, b))
    acc = products[:16]
    for i in range(16, len(products), 16):
        part = products[i:i + 16]
        acc[:len(part)] = row(map(add, acc, part))
    if len(acc) < 16:
        acc.extend([0.0] * (16 - len(acc)))
    return total(acc)


def total(values):
    """Sum of 16 values, by halves."""
    for w in (8, 4, 2, 1):
        values = row(map(add, values[:w], values[w:2 * w]))
    return values[0]


_LOG2E = f32(-1.44269504)
_E = row((0.0001540353, 0.0013333558, 0.009618129, 0.05550411, 0.2402265, 0.6931472, 1.0)).tolist()


def exp_neg(a):
    """exp(-a), 0 <= a <= 80. Adding to the exponent bits is a multiplication by a power of two."""
    cell = _cell
    cell[0] = a * _LOG2E
    t = cell[0]
    cell[0] = t + 12582912.0
    whole = cell[0] - 12582912.0
    f = t - whole
    p = _E[0]
    for constant in _E[1:]:
        cell[0] = f * p
        cell[0] = constant + cell[0]
        p = cell[0]
    return ldexp(p, int(whole))


_SPLIT = f32(2.0 / 3.0)  # 0x3F2AAAAB
_L = row((0.11111111, 0.14285715, 0.2, 0.33333334, 1.0)).tolist()
_LN2 = f32(0.6931472)


def ln(x):
    """Natural logarithm of a positive normal number; the mantissa lies in [_SPLIT, 2 * _SPLIT)."""
    cell = _cell
    m, e = frexp(x)
    if m < _SPLIT:
        m *= 2.0
        e -= 1
    cell[0] = m + 1.0
    cell[0] = (m - 1.0) / cell[0]
    z = cell[0]
    cell[0] = z * z
    y = cell[0]
    p = _L[0]
    for constant in _L[1:]:
        cell[0] = y * p
        cell[0] = constant + cell[0]
        p = cell[0]
    cell[0] = 2.0 * z * p
    s = cell[0]
    cell[0] = e * _LN2
    cell[0] = cell[0] + s
    return cell[0]


def logistic(x):
    e = exp_neg(min(abs(x), 80.0))
    small = f32(e / f32(1.0 + e))
    return small if x < 0.0 else f32(1.0 - small)
