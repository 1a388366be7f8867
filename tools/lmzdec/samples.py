"""Integers of a segment to the bytes of its samples (§7)."""

import struct

from . import floats
from .errors import Damaged

INTEGER, A_LAW, MU_LAW, BINARY32, BINARY64, OPAQUE, SIGNED_BYTE = range(7)
OFFSET, ZERO_EXTENDED = 5, 0x20


def _a_law_value(code):
    code ^= 0x55
    exponent, mantissa = code >> 4 & 7, code & 15
    value = 2 * mantissa + 1 if exponent == 0 else 2 * mantissa + 33 << exponent - 1
    return value if code & 0x80 else -value


def _mu_law_value(code):
    code ^= 0xFF
    value = ((2 * (code & 15) + 33) << (code >> 4 & 7)) - 33
    if code & 0x80:
        return -value if value else -1
    return value


def law_values(kind):
    """The linear values of all codes of A-law or mu-law."""
    return [(_a_law_value if kind == A_LAW else _mu_law_value)(code) for code in range(256)]


_CODES = {kind: {value: code for code, value in enumerate(law_values(kind))} for kind in (A_LAW, MU_LAW)}


def _integers(fmt, mapping):
    """The bytes of one integer; the mapping says what became of its sign."""
    width, order = fmt.width, fmt.order
    bits = mapping - ZERO_EXTENDED if mapping > ZERO_EXTENDED else 8 * width
    unsigned = mapping == OFFSET
    if fmt.kind == INTEGER and width == 1:
        unsigned = not unsigned
    top = 1 << bits - 1

    def encode(n):
        if not -top <= n < top:
            raise OverflowError
        return ((n + top if unsigned else n) & 2 * top - 1).to_bytes(width, order)

    return encode


def _is_of_integers(fmt, mapping):
    if fmt.kind == SIGNED_BYTE:
        return mapping in (0, OFFSET)
    extended = ZERO_EXTENDED + 2 <= mapping < ZERO_EXTENDED + 8 * fmt.width
    return fmt.kind == INTEGER and (mapping in (0, OFFSET) or fmt.width > 1 and extended)


def precision(fmt, mapping):
    """That of the floats, if the mapping is one of floats."""
    if mapping == 3 and fmt.kind in (BINARY32, BINARY64):
        return floats.SINGLE
    return floats.DOUBLE if mapping == 4 and fmt.kind == BINARY64 else None


def _float_bits(fmt, bits_of):
    """Bits of floats to bytes; binary32 in a file of binary64 is widened."""
    widened = fmt.kind == BINARY64 and bits_of is floats.SINGLE
    wide = struct.Struct(("<" if fmt.order == "little" else ">") + "d").pack

    def encode(bits):
        if not widened:
            return bits.to_bytes(fmt.width, fmt.order)
        value = struct.unpack("<f", struct.pack("<I", bits))[0]
        if value != value:
            raise OverflowError
        return wide(value)

    return encode


def encoder(fmt, mapping):
    """The function that turns one integer, or the bits of one float, into the bytes of one sample."""
    kind = fmt.kind
    if _is_of_integers(fmt, mapping):
        return _integers(fmt, mapping)
    if mapping == 1 and kind == A_LAW or mapping == 2 and kind == MU_LAW:
        return lambda n: bytes((_CODES[kind][n],))
    if bits_of := precision(fmt, mapping):
        return _float_bits(fmt, bits_of)
    raise Damaged(f"mapping {mapping} does not go with samples of kind {kind}")


def to_bytes(fmt, mapping, integers):
    encode = encoder(fmt, mapping)
    try:
        return b"".join(map(encode, integers))
    except (OverflowError, KeyError, struct.error) as error:
        raise Damaged("a value does not fit its sample format") from error
