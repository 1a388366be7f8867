"""Blocks, trailer and footer (§5, §6): a whole file to its original."""

import struct
import zlib
from collections import namedtuple

from . import byte_model, samples, segment
from .blake3 import blake3
from .errors import Damaged, NeedsModel, Unsupported
from .fields import Reader, reserved
from .header import MAX_BYTES, read_header

BLOCK_MARKER = bytes.fromhex("B76C620A")
TRAILER_MARKER = bytes.fromhex("B76C740A")
END_MARKER = bytes.fromhex("B76C7A0A")
BLOCK_HEADER = 52
FOREIGN_STORED, FOREIGN_CODED, AUDIO_STORED, AUDIO_CODED, AUDIO_BYTES = range(1, 6)
MODEL_FLAG = 1
MAX_CODED_CHANNELS = 64

Block = namedtuple(
    "Block", "kind flags mapping index at length frames tokens lsb crc_payload crc_original")


def decode(data):
    """The original of an lmz file, and a word on it."""
    reader = Reader(data)
    header = read_header(reader)
    original = bytearray()
    places, frames, with_model = [], 0, 0
    while (marker := _peek(reader)) == BLOCK_MARKER:
        places.append((reader.at, frames))
        block, payload = _read_block(reader, header, len(places) - 1, original, with_model)
        if block.flags & MODEL_FLAG:
            with_model += 1
            original += bytes(block.length)
        else:
            decoded = _decode_payload(header, block, payload)
            if zlib.crc32(decoded) != block.crc_original:
                raise Damaged(f"block {block.index} does not decode to what its CRC-32 says")
            original += decoded
        frames += block.frames
    if marker != TRAILER_MARKER:
        raise Damaged(f"neither a block nor the trailer at {reader.at}")
    found_hash = _read_trailer(reader, places, len(original), frames)
    if with_model:
        raise NeedsModel(f"{with_model} of {len(places)} blocks need {describe(header.fingerprint)}")
    if blake3(bytes(original)) != found_hash:
        raise Damaged("the BLAKE3 of the original is wrong")
    return bytes(original), f"{len(places)} blocks, {frames} frames, {len(original)} bytes"


def describe(fingerprint):
    return (f"model {fingerprint.name!r} ({fingerprint.hash.hex()[:16]}), window {fingerprint.window}, "
            f"lanes {fingerprint.lanes}, engine {fingerprint.engine!r}, back end {fingerprint.back_end!r}, "
            f"canary {fingerprint.canary.hex()}")


def _peek(reader):
    marker = reader.data[reader.at:reader.at + 4]
    if len(marker) < 4:
        raise Damaged("the file ends before its trailer")
    return marker


def _read_block(reader, header, index, original, _):
    fields = reader.checked(BLOCK_HEADER, "a block header").unpack("4sBBBBIQIIIIIII")
    _, kind, flags, mapping, zero, found_index, at, length, frames, tokens, lsb, without = fields[:12]
    block = Block(kind, flags, mapping, found_index, at, length, frames, tokens, lsb, *fields[12:])
    reserved(zero, "a reserved field of a block")
    reserved(flags & ~MODEL_FLAG, "the unknown part of a block's flags")
    if not FOREIGN_STORED <= kind <= AUDIO_BYTES:
        raise Unsupported(f"a block of kind {kind}")
    if found_index != index or at != len(original):
        raise Damaged(f"block {index} is not where it says it is")
    if not 1 <= length <= MAX_BYTES or tokens + lsb > length:
        raise Damaged(f"block {index} has impossible lengths")
    if without and not flags & MODEL_FLAG:
        raise Damaged(f"block {index} has a length without the model, but no model")
    if flags & MODEL_FLAG and not header.fingerprint:
        raise Damaged(f"block {index} needs a model and the header names none")
    _check_kind(header, block)
    payload = reader.take(tokens + lsb, "a payload")
    if zlib.crc32(payload) != block.crc_payload:
        raise Damaged(f"the payload of block {index} is damaged")
    if kind == AUDIO_CODED:
        samples.encoder(header.format, mapping)
    return block, payload


def _check_kind(header, block):
    kind = block.kind
    if kind in (FOREIGN_STORED, AUDIO_STORED) and block.tokens != block.length:
        raise Damaged("a stored block whose lengths differ")
    if kind != AUDIO_CODED and (block.lsb or block.mapping or block.flags):
        raise Damaged("a block that is not predicted has fields of one that is")
    if kind in (FOREIGN_STORED, FOREIGN_CODED):
        if block.frames:
            raise Damaged("a foreign block with frames")
        return
    fmt = header.format
    if fmt is None:
        raise Damaged("an audio block in a file without audio format")
    if not 1 <= block.frames <= header.segment_frames:
        raise Damaged("an audio block of too many or no frames")
    if block.frames * fmt.frame_bytes != block.length:
        raise Damaged("an audio block whose frames and length disagree")
    if kind == AUDIO_CODED and fmt.channels > MAX_CODED_CHANNELS:
        raise Damaged("a predicted block of too many channels")


def _decode_payload(header, block, payload):
    if block.kind in (FOREIGN_STORED, AUDIO_STORED):
        return payload
    if block.kind == FOREIGN_CODED:
        return byte_model.decode(payload, block.length, 1)
    if block.kind == AUDIO_BYTES:
        return byte_model.decode(payload, block.length, header.format.frame_bytes)
    integers = segment.decode(header.level, block.frames, header.format.channels,
                              payload[:block.tokens], payload[block.tokens:])
    return samples.to_bytes(header.format, block.mapping, integers)


def _read_trailer(reader, places, length, frames):
    start = reader.at
    trailer = reader.checked(60 + 16 * len(places), "the trailer")
    _, count, found_length, found_frames, found_hash = trailer.unpack("4sIQQ32s")
    table = [trailer.unpack("QQ") for _ in places]
    if (count, found_length, found_frames, table) != (len(places), length, frames, places):
        raise Damaged("the trailer does not agree with the blocks")
    trailer_length = reader.at - start
    footer = reader.checked(16, "the footer")
    if footer.unpack("QI") != (start, trailer_length):
        raise Damaged("the footer does not agree with the trailer")
    if reader.take(4, "the end marker") != END_MARKER:
        raise Damaged("the end marker is wrong")
    if not reader.done():
        raise Damaged("bytes after the footer")
    return found_hash
