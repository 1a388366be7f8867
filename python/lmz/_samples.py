"""Samples as arrays: conversions after libsndfile's rules, and the WAV file that an array makes."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray

#: Bits of an integer sample, by subtype. µ-law and A-law decode to 14 and 13 bits.
INTEGER_BITS = {"PCM_U8": 8, "PCM_16": 16, "PCM_24": 24, "PCM_32": 32, "ULAW": 14, "ALAW": 13}
SUBTYPE_OF = {"int16": "PCM_16", "int32": "PCM_32", "float32": "FLOAT", "float64": "DOUBLE"}
WIDTH = {"PCM_U8": 1, "PCM_16": 2, "PCM_24": 3, "PCM_32": 4, "FLOAT": 4, "DOUBLE": 8}


def dtype_of(dtype: Any) -> str:
    """The name of one of the four dtypes.

    Raises:
        TypeError: for another one.
    """
    try:
        name = str(np.dtype(dtype).name)
    except TypeError:
        name = str(dtype)
    if name not in SUBTYPE_OF:
        raise TypeError(f"dtype {name!r}; there are {', '.join(map(repr, SUBTYPE_OF))}")
    return name


def from_native(samples: NDArray[Any], subtype: str, dtype: str) -> NDArray[Any]:
    """Samples as the file has them, in the dtype asked for."""
    bits = INTEGER_BITS.get(subtype)
    if bits is None:
        if dtype.startswith("float"):
            return samples.astype(dtype, copy=False)
        limits = np.iinfo(dtype)
        rounded = np.rint(np.nan_to_num(samples.astype(np.float64), nan=0.0))
        return np.clip(rounded, limits.min, limits.max).astype(dtype)
    if dtype == "float64":
        return samples * (1.0 / (1 << (bits - 1)))
    if dtype == "float32":
        return (samples * (1.0 / (1 << (bits - 1)))).astype(np.float32)
    shift = np.iinfo(dtype).bits - bits
    shifted = samples << shift if shift >= 0 else samples >> -shift
    return shifted.astype(dtype, copy=False)


def to_bytes(data: NDArray[Any], subtype: str) -> bytes:
    """Samples of a WAV file's data chunk, for an array of one of the four dtypes."""
    little = data.dtype.newbyteorder("<")
    if SUBTYPE_OF[data.dtype.name] == subtype:
        return data.astype(little, copy=False).tobytes()
    if subtype in ("FLOAT", "DOUBLE"):
        target = np.dtype("<f4" if subtype == "FLOAT" else "<f8")
        if data.dtype.kind == "i":
            scale = 1.0 / (1 << (data.dtype.itemsize * 8 - 1))
            return (data * scale).astype(target).tobytes()
        return data.astype(target).tobytes()
    bits = INTEGER_BITS[subtype]
    if data.dtype.kind == "f":
        if not np.isfinite(data).all():
            raise ValueError(f"samples that are not finite have no place in {subtype}")
        # Rounded to 32 bits, of which these are the upper ones.
        scaled = np.rint(data.astype(np.float64) * 2.0**31)
        wide = np.clip(scaled, -(2.0**31), 2.0**31 - 1).astype(np.int64) >> (32 - bits)
    else:
        shift = bits - data.dtype.itemsize * 8
        wide = data.astype(np.int64)
        wide = wide << shift if shift >= 0 else wide >> -shift
    if bits == 8:
        return (wide + 128).astype(np.uint8).tobytes()
    words = wide.astype("<i4")
    if bits == 32:
        return words.tobytes()
    return words.reshape(-1).view(np.uint8).reshape(-1, 4)[:, : bits // 8].tobytes()


def wav_of(data: NDArray[Any], samplerate: int, subtype: str) -> bytes:
    """The WAV file of an array with shape (frames,) or (frames, channels)."""
    channels = 1 if data.ndim == 1 else data.shape[1]
    width = WIDTH[subtype]
    if not 1 <= channels * width <= 0xFFFF:
        raise ValueError(f"{channels} channels; a WAV file has 1 to {0xFFFF // width} of {subtype}")
    if not 1 <= samplerate <= 0xFFFFFFFF:
        raise ValueError(f"samplerate {samplerate}; 1 to 4294967295 can be written")
    body = to_bytes(data, subtype)
    tag = 3 if subtype in ("FLOAT", "DOUBLE") else 1
    frame = channels * width
    rate = min(samplerate * frame, 0xFFFFFFFF)
    fmt = struct.pack("<HHIIHH", tag, channels, samplerate, rate, frame, width * 8)
    pad = len(body) % 2
    size = 4 + 24 + 8 + len(body) + pad
    if size <= 0xFFFFFFFF:
        head = struct.pack("<4sI4s", b"RIFF", size, b"WAVE")
        declared = len(body)
    else:
        frames = len(body) // frame
        head = struct.pack("<4sI4s", b"RF64", 0xFFFFFFFF, b"WAVE")
        head += struct.pack("<4sIQQQI", b"ds64", 28, size + 36, len(body), frames, 0)
        declared = 0xFFFFFFFF
    head += struct.pack("<4sI", b"fmt ", 16) + fmt + struct.pack("<4sI", b"data", declared)
    return b"".join((head, body, b"\0" * pad))


def of_wav(wav: bytes) -> NDArray[Any]:
    """Samples of a WAV file with a plain header.

    They have the shape (frames, channels), as int32 in the range of the subtype, or as floats. Of an
    unknown format, there are none.
    """
    order = ">" if wav[:4] == b"RIFX" else "<"
    chunks = {}
    at = 12
    while at + 8 <= len(wav) and b"data" not in chunks:
        name, size = struct.unpack_from(f"{order}4sI", wav, at)
        chunks[name] = (at + 8, size)
        at += 8 + size + size % 2
    tag, channels, _, _, frame = struct.unpack_from(f"{order}HHIIH", wav, chunks[b"fmt "][0])
    if tag == 0xFFFE:
        # The GUID's first field has four bytes, in the order of the file.
        (tag,) = struct.unpack_from(f"{order}I", wav, chunks[b"fmt "][0] + 24)
    start, size = chunks[b"data"]
    # A size that does not fit its field: the samples are the last of the file.
    size = min(size, len(wav) - start) if size != 0xFFFFFFFF else len(wav) - start
    body = memoryview(wav)[start : start + size]
    body = body[: len(body) - len(body) % frame] if frame else body[:0]
    samples = _decoded(body, tag, frame // channels if channels else 0, order)
    return samples.reshape(-1, max(channels, 1))


def _decoded(body: memoryview, tag: int, width: int, order: str) -> NDArray[Any]:
    if tag == 3 and width in (4, 8):
        native = f"f{width}"
        return np.frombuffer(body, order + native).astype(native)
    if tag in (6, 7) and width == 1:
        law = _alaw() if tag == 6 else _mulaw()
        return law[np.frombuffer(body, np.uint8)]
    if tag != 1 or not 1 <= width <= 4:
        return np.empty(0, np.int32)
    octets = np.frombuffer(body, np.uint8).reshape(-1, width)
    if width == 1:
        return octets[:, 0].astype(np.int32) - 128
    words = np.zeros((len(octets), 4), np.uint8)
    words[:, 4 - width :] = octets if order == "<" else octets[:, ::-1]
    shifted: NDArray[np.int32] = words.view("<i4").astype(np.int32)[:, 0] >> (32 - 8 * width)
    return shifted


def _alaw() -> NDArray[np.int32]:
    """G.711 A-law codes as 13-bit integers."""
    code = np.arange(256) ^ 0x55
    exponent, mantissa = (code >> 4) & 7, code & 15
    magnitude = np.where(exponent == 0, 2 * mantissa + 1, (2 * mantissa + 33) << np.maximum(exponent - 1, 0))
    return np.where(code & 0x80, magnitude, -magnitude).astype(np.int32)


def _mulaw() -> NDArray[np.int32]:
    """G.711 µ-law codes as 14-bit integers."""
    code = np.arange(256) ^ 0xFF
    exponent, mantissa = (code >> 4) & 7, code & 15
    magnitude = ((2 * mantissa + 33) << exponent) - 33
    return np.where(code & 0x80, -magnitude, magnitude).astype(np.int32)
