"""Blocks of characters, kind 6, without a language model (characters.md, §1 to §3)."""

import struct
from collections import namedtuple

from .character_experts import Adaptive, Mixture, Silent
from .classical import Classical
from .entropy import LowBits, CodedStream
from .errors import Damaged, Unsupported
from .samples import OPAQUE

LM, ADAPTIVE, CLASSICAL, RAW_LSBS = 1, 2, 4, 8
MAX_CHANNELS = 64
_FIELDS = struct.Struct("<BBII")

Params = namedtuple("Params", "flags favoured chunk blocking")


def read_params(coded, with_model, lsb_length):
    """The parameters at the start of a coded stream, if it may have them."""
    if len(coded) < _FIELDS.size:
        raise Damaged("a block of characters without parameters")
    params = Params(*_FIELDS.unpack(coded[:_FIELDS.size]))
    if params.flags & ~(LM | ADAPTIVE | CLASSICAL | RAW_LSBS):
        raise Unsupported(f"flags {params.flags:#04x} of a block of characters")
    if not params.flags & (LM | ADAPTIVE | CLASSICAL):
        raise Damaged("a block of characters without experts")
    if bool(params.flags & LM) != with_model:
        raise Damaged("a block and its characters disagree on the language model")
    if not 1 <= params.favoured <= 128 or params.chunk == 0 or params.blocking == 0:
        raise Damaged("impossible parameters of characters")
    if lsb_length and not params.flags & RAW_LSBS:
        raise Damaged("an LSB block that nothing reads")
    return params


def _shape(fmt, length):
    """Channels, width and frames of a block; §2."""
    channels, width = fmt.channels, fmt.width
    if fmt.kind == OPAQUE:
        channels, width = 1, 1
    elif channels > MAX_CHANNELS:
        channels = 1
    return channels, width, length // (channels * width)


def decode(fmt, level, length, coded, lsb_block):
    """The bytes of a block."""
    params = read_params(coded, False, len(lsb_block))
    stream, low_bits = CodedStream(coded[_FIELDS.size:]), LowBits(lsb_block)
    channels, width, frames = _shape(fmt, length)
    adaptive = Adaptive(length) if params.flags & ADAPTIVE else None
    # Of an opaque format the classical expert says nothing, but it is a member.
    classical = None
    if params.flags & CLASSICAL:
        classical = Silent() if fmt.kind == OPAQUE else Classical(fmt, level, channels, params.blocking)
    sample = Sample(width, adaptive, classical, stream, low_bits if params.flags & RAW_LSBS else None)
    keys = [[] for _ in range(channels)]
    for start in range(0, frames, params.blocking):
        for channel in range(channels):
            for frame in range(start, min(start + params.blocking, frames)):
                keys[channel].append(sample.decode(channel, frame, _neighbours(keys, channel, frame)))
    stream.finish()
    low_bits.finish()
    return b"".join(keys[c][f].to_bytes(width, fmt.order) for f in range(frames) for c in range(channels))


def _neighbours(keys, channel, frame):
    """The keys p1, p2 and q of §4."""
    own = keys[channel]
    return (
        own[frame - 1] if frame > 0 else 0,
        own[frame - 2] if frame > 1 else 0,
        keys[channel - 1][frame] if channel > 0 else 0,
    )


class Sample:
    """Decodes the bits of one sample after the other; §3."""

    def __init__(self, width, adaptive, classical, stream, raw):
        self.width, self.adaptive, self.classical, self.raw = width, adaptive, classical, raw
        self.mixture = Mixture(adaptive, classical, stream)

    def decode(self, channel, frame, neighbours):
        """The key of a sample."""
        key = 0
        if self.classical:
            self.classical.start_sample(channel, frame)
        for k in range(self.width):
            if self.adaptive:
                self.adaptive.start_byte(k, key, [x >> 8 * (self.width - 1 - k) for x in neighbours])
            byte = self._byte(k)
            if self.adaptive:
                self.adaptive.end_byte(byte)
            key = key << 8 | byte
        if self.classical:
            self.classical.end_sample()
        return key

    def _byte(self, k):
        partial = 1
        for depth in range(8):
            if depth == 7 and self.raw:
                bit = self.raw.raw(1)
            else:
                bit = self.mixture.decide(k, depth, partial)
            if self.classical:
                self.classical.advance(bit)
            partial = 2 * partial + bit
        return partial - 256
