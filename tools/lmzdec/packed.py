"""Exact sums of products of small integers, many at once (exact-engine.md, §4.2).

A column of a matrix is one large integer with a field of 32 bits for each row. A sum of columns, each
times a number, is then a few additions and multiplications of large integers, which Python does fast;
no sum reaches 2^31, so fields do not run into each other.
"""

import struct
from operator import mul

FIELD = 32
_HALF = 1 << 31


def pack(values):
    """One integer from small ones, which may be negative; the first is the lowest field."""
    offset = struct.pack(f"<{len(values)}I", *[v + _HALF for v in values])
    return int.from_bytes(offset, "little") - halves(len(values))


_halves = {}


def halves(n):
    """2^31 in each of `n` fields."""
    if n not in _halves:
        _halves[n] = int.from_bytes(struct.pack("<I", _HALF) * n, "little")
    return _halves[n]


def unpack(total, n):
    """The `n` fields of a sum of packed integers."""
    fields = (total + halves(n)).to_bytes(4 * n, "little")
    return [v - _HALF for v in struct.unpack(f"<{n}I", fields)]


def weighted(factors, columns, n):
    """The sums of `columns`, packed integers of `n` fields, each times its factor."""
    return unpack(sum(map(mul, factors, columns)), n)


class Packed:
    """A matrix of signed bytes, with what one is worth in each row."""

    def __init__(self, rows, scales):
        self.rows = len(rows)
        self.columns = [pack(column) for column in zip(*rows)]
        self.scales = scales

    def sums(self, factors):
        return weighted(factors, self.columns, self.rows)
