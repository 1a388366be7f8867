"""What floats are besides their integers (§9.8)."""

import struct

from .entropy import AdaptiveBit, CodedStream
from .errors import Damaged
from .layout import source_of


class Precision:
    """Bit patterns of binary32 or binary64 as places in ascending order."""

    def __init__(self, mantissa, exponent, code):
        self.mantissa, self.exponent = mantissa, exponent
        self.bits = 1 + exponent + mantissa
        self.float, self.word = struct.Struct("<" + code[0]), struct.Struct("<" + code[1])

    def nearest(self, n, factor):
        """Bits of the float nearest to n * factor."""
        product = n * factor
        try:
            packed = self.float.pack(product)
        except OverflowError:
            packed = self.float.pack(float("inf") if product > 0.0 else float("-inf"))
        return self.word.unpack(packed)[0]

    def flipped(self, word):
        """Bits to a place modulo the number of all bit patterns, and back."""
        top = 1 << self.bits - 1
        return word ^ (top - 1) if word & top else word

    def moved(self, bits, distance):
        return self.flipped((self.flipped(bits) + distance) & ((1 << self.bits) - 1))

    def finer(self, bits, factor):
        mask = (1 << self.exponent) - 1
        field = max(bits >> self.mantissa & mask, 1)
        coarse = struct.unpack("<Q", struct.pack("<d", factor))[0] >> 52 & 0x7FF
        return min(max(coarse - 1023 - (field - mask // 2 - self.mantissa), 0), 63)


SINGLE = Precision(23, 8, "fI")
DOUBLE = Precision(52, 11, "dQ")


def split(stream):
    """The stream of floats and that of the integers."""
    length = int.from_bytes(stream[:4], "little")
    if len(stream) < 4 or length > len(stream) - 4:
        raise Damaged("a stream of floats is longer than its block")
    return stream[4:4 + length], stream[4 + length:]


def _factor(stream):
    exponent = stream.uniform(11)
    mantissa = stream.uniform(52) if stream.uniform(1) else 0
    if exponent in (0, 0x7FF):
        raise Damaged("the factor of a segment of floats is no normal number")
    return struct.unpack("<d", struct.pack("<Q", exponent << 52 | mantissa))[0]


def _bits(count):
    return [AdaptiveBit() for _ in range(count)]


class _Model:
    def __init__(self, precision, factor, channels, stream):
        self.precision, self.factor, self.stream = precision, factor, stream
        self.fitting = [3] * channels
        self.exact = [_bits(4) for _ in range(65)]
        self.lengths = [_bits(64) for _ in range(64)]
        self.zeros = [_bits(64) for _ in range(64)]
        self.signs = _bits(2)
        self.sign = AdaptiveBit()
        self.exponent = _bits(1 << precision.exponent)
        self.mantissa = _bits(64)

    def read(self, channel, n):
        """Bits of the next sample, whose integer is n."""
        nearest = self.precision.nearest(n, self.factor)
        finer = self.precision.finer(nearest, self.factor) if n else 64
        fitting = self.fitting[channel]
        exact = self.stream.adaptive(self.exact[finer][fitting])
        self.fitting[channel] = (fitting * 2 + exact) & 3
        if exact:
            return nearest
        if n == 0:
            return self._anew()
        length = self._tree(self.lengths[finer], 6)
        negative = self.stream.adaptive(self.signs[n > 0])
        distance = 1 << length | self._mantissa(self.zeros[finer], length)
        return self.precision.moved(nearest, -distance if negative else distance)

    def _anew(self):
        sign = self.stream.adaptive(self.sign)
        field = self._tree(self.exponent, self.precision.exponent)
        low = self._mantissa(self.mantissa, self.precision.mantissa)
        return (sign << self.precision.exponent | field) << self.precision.mantissa | low

    def _tree(self, nodes, bits):
        node = 1
        for _ in range(bits):
            node = 2 * node + self.stream.adaptive(nodes[node])
        return node - (1 << bits)

    def _mantissa(self, zeros, bits):
        low = 0
        while low < bits and self.stream.adaptive(zeros[low]):
            low += 1
        if low == bits:
            return 0
        return (2 * self.stream.uniform(bits - low - 1) + 1) << low


def decode(stream, precision, integers, channels):
    """Bits of all samples."""
    stream = CodedStream(stream)
    factor = _factor(stream)
    sources = [source_of(stream, channel) for channel in range(channels)]
    model = _Model(precision, factor, channels, stream)
    result = []
    for i, n in enumerate(integers):
        channel = i % channels
        source = sources[channel]
        result.append(model.read(channel, n) if source is None else result[i - channel + source])
    stream.finish()
    return result
