"""Bytes that are not predicted as samples (§10.5)."""

from .entropy import AdaptiveBit, CodedStream
from .f32 import f32, ln, logistic, row
from .mixer import Mixer, combine

_RATE = f32(0.01)
_HASH = 0x9E3779B97F4A7C15
_MASK = 0xFFFFFFFFFFFFFFFF


class _Known:
    """Decisions of a byte that is known, in the place of a coded stream."""

    def __init__(self, byte):
        self.bits = [byte >> shift & 1 for shift in range(8)]

    def decision(self, _):
        return self.bits.pop() == 1


def decode(data, n, stride, primer=b""):
    """`n` bytes from the coded bytes `data`; with a primer, its length is the stride."""
    stream = CodedStream(data)
    stride = len(primer) or stride
    primer *= 2
    table_bits = min(max((16 * (len(primer) + n)).bit_length() - 1, 10), 18)
    tables = [{} for _ in range(7)]
    mixer = Mixer([f32(0.3)] * 7)
    out = bytearray()
    for i in range(len(primer) + n):
        source = _Known(primer[i]) if i < len(primer) else stream
        out.append(_byte(source, mixer, tables, table_bits, _contexts(out, i, stride)))
    stream.finish()
    return bytes(out[len(primer):])


def _contexts(out, i, stride):
    def back(distance):
        return out[i - distance] if distance <= i else 0

    phase = i % stride
    b1, b2, b3, b4 = back(1), back(2), back(3), back(4)
    near, far = back(stride), back(2 * stride)
    return (
        phase,
        b1,
        b1 << 8 | b2,
        b1 << 16 | b2 << 8 | b3,
        b1 << 24 | b2 << 16 | b3 << 8 | b4,
        near << 16 | phase,
        near << 32 | far << 24 | b1 << 16 | phase,
    )


def _byte(stream, mixer, tables, table_bits, contexts):
    partial = 1
    while partial < 256:
        bits = []
        for t, context in enumerate(contexts):
            slot = ((context << 8 | partial) + t) * _HASH & _MASK
            slot >>= 64 - table_bits
            bit = tables[t].get(slot)
            if bit is None:
                bit = tables[t][slot] = AdaptiveBit()
            bits.append(bit)
        shares = [f32(f32(bit.p) / 4294967296.0) for bit in bits]
        inputs = row([ln(f32(q / f32(1.0 - q))) for q in shares])
        used = mixer[partial]
        m = logistic(combine((used,), inputs))
        true = stream.decision(int(m * 4294967296.0))
        used.learn(_RATE, f32((1.0 if true else 0.0) - m), inputs)
        for bit in bits:
            bit.learn(true)
        partial = 2 * partial + true
    return partial - 256
