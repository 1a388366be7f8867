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
_E = row((1.0, 0.693147, 0.24022242, 0.055507336, 0.009671513, 0.0013264727)).tolist()


def _polynomial(c, x):
    """(c0 + c1 x) + x^2 ((c2 + c3 x) + x^2 (c4 + c5 x))."""
    cell = _cell
    cell[0] = x * x
    y = cell[0]
    result = 0.0
    for low, high in ((c[4], c[5]), (c[2], c[3]), (c[0], c[1])):
        cell[0] = y * result
        above = cell[0]
        cell[0] = x * high
        cell[0] = low + cell[0]
        cell[0] = cell[0] + above
        result = cell[0]
    return result


def exp_neg(a):
    """exp(-a), 0 <= a <= 80. Adding to the exponent bits is a multiplication by a power of two."""
    cell = _cell
    cell[0] = a * _LOG2E
    t = cell[0]
    cell[0] = t + 12582912.0
    whole = cell[0] - 12582912.0
    return ldexp(_polynomial(_E, t - whole), int(whole))


_SPLIT = f32(2.0 / 3.0)  # 0x3F2AAAAB
_L = row((1.0000229, -0.50006473, 0.33160722, -0.24721761, 0.23073839, -0.20171335)).tolist()
_LN2 = f32(0.6931472)


def ln(x):
    """Natural logarithm of a positive normal number; the mantissa lies in [_SPLIT, 2 * _SPLIT)."""
    cell = _cell
    m, e = frexp(x)
    if m < _SPLIT:
        m *= 2.0
        e -= 1
    t = m - 1.0
    cell[0] = t * _polynomial(_L, t)
    s = cell[0]
    cell[0] = e * _LN2
    cell[0] = cell[0] + s
    return cell[0]


def logistic(x):
    e = exp_neg(min(abs(x), 80.0))
    small = f32(e / f32(1.0 + e))
    return small if x < 0.0 else f32(1.0 - small)
