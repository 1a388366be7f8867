"""The plainest header for an audio format, from which the byte model starts (codec.md, §10.6)."""

import struct

from .samples import A_LAW, BINARY32, BINARY64, INTEGER, MU_LAW, OPAQUE

WAV, WAVE64, AIFF, AIFF_C, CAF, RAW = range(6)

_GUID_TAIL = bytes.fromhex("F3ACD3118CD100C04F8EDB8A")
_RIFF_TAIL = bytes.fromhex("2E91CF11A5D628DB04C10000")


def primer(fmt):
    """A header of the file's container without samples."""
    return (_wav, _wave64, _aiff, _aiff_c, _caf, lambda fmt: b"")[fmt.container](fmt)


def _fmt_body(fmt, mark):
    masked = fmt.mask != 0
    bits = 8 * fmt.width if masked else fmt.valid_bits
    out = struct.pack(mark + "HHIIHH", 0xFFFE if masked else fmt.tag, fmt.channels, fmt.rate,
                      fmt.byte_rate, fmt.frame_bytes & 0xFFFF, bits)
    if masked:
        out += struct.pack(mark + "HHIIHH", 22, fmt.valid_bits, fmt.mask, fmt.tag, 0, 16)
        out += bytes.fromhex("800000AA00389B71")
    return out


def _wav(fmt):
    big = fmt.order == "big"
    mark = ">" if big else "<"
    body = _fmt_body(fmt, mark)
    start = b"RIFX" if big else b"RIFF"
    out = struct.pack(mark + "4sI4s4sI", start, 20 + len(body), b"WAVE", b"fmt ", len(body))
    return out + body + struct.pack(mark + "4sI", b"data", 0)


def _wave64(fmt):
    body = _fmt_body(fmt, "<")
    chunks = b"fmt " + _GUID_TAIL + struct.pack("<Q", 24 + len(body)) + body
    chunks += b"data" + _GUID_TAIL + struct.pack("<Q", 24)
    return b"riff" + _RIFF_TAIL + struct.pack("<Q", 40 + len(chunks)) + b"wave" + _GUID_TAIL + chunks


def _extended(rate):
    """An integer as an 80-bit float."""
    if not rate:
        return bytes(10)
    log = rate.bit_length() - 1
    return struct.pack(">HQ", 16383 + log, rate << 63 - log)


def _comm(fmt):
    return struct.pack(">HIH", fmt.channels, 0, fmt.valid_bits) + _extended(fmt.rate)


def _form(kind, chunks):
    chunks += struct.pack(">4sIQ", b"SSND", 8, 0)
    return struct.pack(">4sI4s", b"FORM", 4 + len(chunks), kind) + chunks


def _aiff(fmt):
    return _form(b"AIFF", struct.pack(">4sI", b"COMM", 18) + _comm(fmt))


def _compression(fmt):
    if fmt.kind == INTEGER:
        if fmt.width == 1:
            return b"raw "
        return {2: b"sowt", 3: b"42ni", 4: b"23ni"}[fmt.width] if fmt.order == "little" else b"NONE"
    return {BINARY32: b"fl32", BINARY64: b"fl64", A_LAW: b"alaw", MU_LAW: b"ulaw"}.get(fmt.kind, b"NONE")


def _aiff_c(fmt):
    version = struct.pack(">4sI", b"FVER", 4) + bytes.fromhex("A2805140")
    comm = struct.pack(">4sI", b"COMM", 24) + _comm(fmt) + _compression(fmt) + bytes(2)
    return _form(b"AIFC", version + comm)


def _caf(fmt):
    little = 2 if fmt.kind in (INTEGER, BINARY32, BINARY64) and fmt.order == "little" else 0
    floats = 1 if fmt.kind in (BINARY32, BINARY64) else 0
    name = {A_LAW: b"alaw", MU_LAW: b"ulaw", OPAQUE: bytes(4)}.get(fmt.kind, b"lpcm")
    fields = (floats | little, fmt.frame_bytes, 1, fmt.channels, fmt.valid_bits)
    desc = struct.pack(">d4sIIIII", fmt.rate, name, *fields)
    start = b"caff" + bytes((0, 1, 0, 0))
    return start + struct.pack(">4sQ", b"desc", 32) + desc + struct.pack(">4sQI", b"data", 4, 0)
