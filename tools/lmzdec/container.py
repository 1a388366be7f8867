"""Blocks, trailer and footer (§5, §6): a whole file to its original."""

import zlib
from collections import namedtuple

from . import byte_model, characters, floats, samples, segment
from .blake3 import blake3
from .errors import Damaged, NeedsModel, Unsupported
from .fields import Reader, reserved
from .header import MAX_BYTES, Exact, read_header
from .primer import primer

BLOCK_MARKER = bytes.fromhex("B76C620A")
TRAILER_MARKER = bytes.fromhex("B76C740A")
END_MARKER = bytes.fromhex("B76C7A0A")
FOREIGN_STORED, FOREIGN_CODED, AUDIO_STORED, AUDIO_CODED, AUDIO_BYTES, AUDIO_CHARACTERS = range(1, 7)
MODEL_FLAG = 0x10
LONG_TERM_FLAG = 0x20
MAX_CODED_CHANNELS = 1024
HASH = 16

Block = namedtuple("Block", "kind flags mapping at length frames coded lsb crc_payload crc_original")


def decode(data, models):
    """The original of an lmz file, and a word on it."""
    reader = Reader(data)
    header = read_header(reader)
    original = bytearray()
    table, frames, missing = [], 0, []
    while (marker := _peek(reader)) == BLOCK_MARKER:
        start = reader.at
        block, payload = _read_block(reader, header, len(original))
        table.append((reader.at - start, block.frames, block.crc_original))
        try:
            model = _model(header, block, models)
        except NeedsModel as reason:
            # What is damaged further on matters more.
            missing.append(reason)
            original += bytes(block.length)
        else:
            decoded = _decode_payload(header, block, model, payload)
            if zlib.crc32(decoded) != block.crc_original:
                raise Damaged(f"the block at {start} does not decode to what its CRC-32 says")
            original += decoded
        frames += block.frames
    if marker != TRAILER_MARKER:
        raise Damaged(f"neither a block nor the trailer at {reader.at}")
    found_hash = _read_trailer(reader, header, table, len(original))
    if missing:
        raise NeedsModel(f"{len(missing)} of {len(table)} blocks: {missing[0]}")
    if blake3(bytes(original))[:HASH] != found_hash:
        raise Damaged("the hash of the original is wrong")
    return bytes(original), f"{len(table)} blocks, {frames} frames, {len(original)} bytes"


def _model(header, block, models):
    """The model that a block needs, if any."""
    if not block.flags & MODEL_FLAG:
        return None
    named = header.fingerprint
    if isinstance(named, Exact):
        return models.by_hash(named.hash)
    raise NeedsModel(
        f"model {named.name!r} ({named.hash.hex()[:16]}), window {named.window}, lanes {named.lanes}, "
        f"{named.version!r}, back end {named.back_end!r}, canary {named.canary.hex()}")


def _peek(reader):
    marker = reader.data[reader.at:reader.at + 4]
    if len(marker) < 4:
        raise Damaged("the file ends before its trailer")
    return marker


def _read_block(reader, header, expected_at):
    start = reader.at
    _, count = reader.unpack("4sB")
    fields = Reader(reader.take(count, "a block header"))
    reader.check(start, "a block header")
    (first,) = fields.unpack("B")
    kind, flags = first & 15, first & ~15
    reserved(flags & ~(MODEL_FLAG | LONG_TERM_FLAG), "the unknown part of a block's flags")
    if not FOREIGN_STORED <= kind <= AUDIO_CHARACTERS:
        raise Unsupported(f"a block of kind {kind}")
    stored = kind in (FOREIGN_STORED, AUDIO_STORED)
    modelled = kind in (AUDIO_CODED, AUDIO_CHARACTERS)
    mapping = fields.unpack("B")[0] if kind == AUDIO_CODED else 0
    at, length = fields.number(64), fields.number(32)
    coded = length if stored else fields.number(32)
    lsb = fields.number(32) if modelled else 0
    if flags & MODEL_FLAG:
        fields.number(32)  # the length without the model
    crcs = fields.unpack("I") * 2 if stored else fields.unpack("II")
    if not fields.done():
        raise Unsupported(f"the header of the block at {start} has more fields")
    if at != expected_at:
        raise Damaged(f"the block at {start} says that it belongs elsewhere in the original")
    if not 1 <= length <= MAX_BYTES or coded + lsb > length:
        raise Damaged(f"the block at {start} has impossible lengths")
    if flags & MODEL_FLAG and not header.fingerprint:
        raise Damaged(f"the block at {start} needs a model and the header names none")
    block = Block(kind, flags, mapping, at, length, 0, coded, lsb, *crcs)
    block = block._replace(frames=_check_kind(header, block))
    payload = reader.take(coded + lsb, "a payload")
    if zlib.crc32(payload) != block.crc_payload:
        raise Damaged(f"the payload of the block at {start} is damaged")
    if kind == AUDIO_CODED:
        samples.encoder(header.format, mapping)
    if kind == AUDIO_CHARACTERS:
        if flags & MODEL_FLAG and isinstance(header.fingerprint, Exact):
            raise Damaged("a block of characters with the exact engine")
        characters.read_params(payload[:coded], bool(flags & MODEL_FLAG), lsb)
    return block, payload


def _check_kind(header, block):
    """Rules of §5.2; returns the number of frames."""
    kind = block.kind
    if kind not in (AUDIO_CODED, AUDIO_CHARACTERS) and block.flags & MODEL_FLAG:
        raise Damaged("a block that is not predicted with a language model")
    if kind != AUDIO_CODED and block.flags & LONG_TERM_FLAG:
        raise Damaged("a block that is not mapped to integers with long-term prediction")
    if kind in (FOREIGN_STORED, FOREIGN_CODED):
        return 0
    fmt = header.format
    if fmt is None:
        raise Damaged("an audio block in a file without audio format")
    frames, rest = divmod(block.length, fmt.frame_bytes)
    if rest or frames > header.segment_frames:
        raise Damaged("an audio block of too many or no whole frames")
    if kind == AUDIO_CODED and fmt.channels > MAX_CODED_CHANNELS:
        raise Damaged("a predicted block of too many channels")
    return frames


def _decode_payload(header, block, model, payload):
    if block.kind in (FOREIGN_STORED, AUDIO_STORED):
        return payload
    if block.kind == FOREIGN_CODED:
        first = block.at == 0 and header.format is not None
        return byte_model.decode(payload, block.length, 1, primer(header.format) if first else b"")
    if block.kind == AUDIO_BYTES:
        return byte_model.decode(payload, block.length, header.format.frame_bytes)
    if block.kind == AUDIO_CHARACTERS:
        return characters.decode(header.format, header.level, block.length,
                                 payload[:block.coded], payload[block.coded:])
    long_term = bool(block.flags & LONG_TERM_FLAG)
    coded, channels = payload[:block.coded], header.format.channels
    precision = samples.precision(header.format, block.mapping)
    if precision:
        of_floats, coded = floats.split(coded)
    values = segment.decode(header.level, block.frames, channels, long_term, model, coded,
                            payload[block.coded:])
    if precision:
        values = floats.decode(of_floats, precision, values, channels)
    return samples.to_bytes(header.format, block.mapping, values)


def _read_trailer(reader, header, table, length):
    start = reader.at
    _, count = reader.unpack("4sH")
    fields = Reader(reader.take(count, "the trailer"))
    found_table = [(reader.number(32), reader.number(32), *reader.unpack("I")) for _ in table]
    reader.check(start, "the trailer")
    totals = (fields.number(32), fields.number(64))
    found_hash = fields.take(HASH, "the hash of the original")
    if (totals, fields.rest(), found_table) != ((len(table), length), header.body, table):
        raise Damaged("the trailer does not agree with the blocks or the header")
    if reader.unpack("I") != (reader.at - 4 - start,):
        raise Damaged("the footer does not agree with the trailer")
    if reader.take(4, "the end marker") != END_MARKER:
        raise Damaged("the end marker is wrong")
    if not reader.done():
        raise Damaged("bytes after the footer")
    return found_hash
