"""The file header (§4) and the fingerprint of a language model (lm-metadata.md, section 6)."""

import struct
from collections import namedtuple

from . import byte_model
from .errors import Damaged, Unsupported
from .fields import Reader, reserved
from .primer import RAW
from .samples import A_LAW, BINARY32, BINARY64, INTEGER, MU_LAW, OPAQUE, SIGNED_BYTE

SIGNATURE = bytes.fromhex("894C4D5A0D0A1A0A")
VERSION, DRAFT = 1, 12
HAS_AUDIO, CODED_FINGERPRINT = 1, 2
MAX_FINGERPRINT = 4096
MAX_BODY = 35 + MAX_FINGERPRINT
MAX_BYTES = 1 << 26
MAX_SAMPLES = 1 << 23

Header = namedtuple("Header", "level format segment_frames fingerprint body")
Format = namedtuple("Format", "tag channels rate byte_rate valid_bits mask kind width variant container")
# Of the two engines; lm-metadata.md, section 6. That of the exact one begins with 1 and has this length.
EXACT_BYTES = 10
ARITHMETIC = 1
Exact = namedtuple("Exact", "hash")
LlamaCpp = namedtuple("LlamaCpp", "name hash interface window lanes version back_end gpu_layers canary")


class SampleFormat(Format):
    """The audio format, with what follows from it."""

    @property
    def order(self):
        return "big" if self.kind in (INTEGER, BINARY32, BINARY64) and self.variant == 1 else "little"

    @property
    def frame_bytes(self):
        return self.variant if self.kind == OPAQUE else self.channels * self.width


def read_header(reader):
    if reader.data[:8] != SIGNATURE:
        if reader.data[:4] == SIGNATURE[:4] and len(reader.data) >= 8:
            raise Damaged("the signature was altered, as by a transfer in text mode")
        raise Damaged("this is not an lmz file: it does not start with the signature")
    _, version, draft, length = reader.unpack("8sBBH")
    body = reader.take(length, "the file header")
    reader.check(0, "the file header")
    if (version, draft) != (VERSION, DRAFT):
        raise Unsupported(f"version {version}, draft {draft}")
    if length > MAX_BODY:
        raise Damaged(f"a file header with a body of {length} bytes")
    fields = Reader(body)
    level, flags = fields.unpack("BB")
    if level > 2:
        raise Unsupported(f"level {level}")
    reserved(flags & ~(HAS_AUDIO | CODED_FINGERPRINT), "a flag of the header")
    fmt, segment_frames = _audio(fields) if flags & HAS_AUDIO else (None, 0)
    stored = fields.rest()
    if len(stored) > MAX_FINGERPRINT:
        raise Damaged(f"a fingerprint of {len(stored)} bytes")
    if flags & CODED_FINGERPRINT:
        fingerprint = _fingerprint(_decoded(stored))
    else:
        fingerprint = _fingerprint(Reader(stored)) if stored else None
    return Header(level, fmt, segment_frames, fingerprint, body)


def _sample_format(fields, number):
    """Kind, width and variant of a sample format (§4.3)."""
    if number < 8:
        return INTEGER, number % 4 + 1, number // 4
    if number == 15:
        stride = fields.number(16)
        if stride == 0:
            raise Damaged("blocks of no bytes")
        return OPAQUE, 0, stride
    return {8: (A_LAW, 1, 0), 9: (MU_LAW, 1, 0), 10: (BINARY32, 4, 0), 11: (BINARY32, 4, 1),
            12: (BINARY64, 8, 0), 13: (BINARY64, 8, 1), 14: (SIGNED_BYTE, 1, 0)}[number]


def _audio(fields):
    """The audio format and the segment frames."""
    container, number = divmod(fields.unpack("B")[0], 16)
    if container > RAW:
        raise Unsupported(f"container {container}")
    kind, width, variant = _sample_format(fields, number)
    tag, channels, rate, more_bytes, valid_bits, mask = (fields.number(bits) for bits in (16, 16, 32, 32, 16, 32))
    fmt = SampleFormat(tag, channels, rate, 0, valid_bits, mask, kind, width, variant, container)
    fmt = fmt._replace(byte_rate=(rate * fmt.frame_bytes + more_bytes) % (1 << 32))
    segment_frames = fields.number(32)
    if fmt.channels == 0:
        raise Damaged("an audio format without channels")
    if segment_frames == 0:
        raise Damaged("an audio format without segment frames")
    if segment_frames * fmt.frame_bytes > MAX_BYTES:
        raise Damaged("segments of too many bytes")
    if fmt.kind != OPAQUE and segment_frames * fmt.channels > MAX_SAMPLES:
        raise Damaged("segments of too many samples")
    return fmt, segment_frames


def _decoded(stored):
    """The fingerprint behind its length and the byte model (§4.4)."""
    body = Reader(stored)
    (length,) = body.unpack("H")
    if not 0 < length <= MAX_FINGERPRINT:
        raise Damaged(f"a coded fingerprint of {length} bytes")
    return Reader(byte_model.decode(body.rest(), length, 1, _fingerprint_primer()))


def _fingerprint_primer():
    """§10.7"""
    arm = "aarch64 macos CPU NEON ARM_FMA FP16_VA DOTPROD LLAMAFILE REPACK"
    x86 = "x86_64 linux CPU SSE3 SSSE3 AVX AVX2 F16C FMA BMI2 LLAMAFILE REPACK"
    words = (
        "aarch64 macos linux CPU NEON ARM_FMA FP16_VA MATMUL_INT8 SVE DOTPROD SVE_CNT SME LLAMAFILE "
        "ACCELERATE KLEIDIAI OPENMP REPACK; MTL0 Apple M; CUDA0 NVIDIA GeForce RTX; Vulkan0 AMD Radeon",
        "x86_64 windows macos linux CPU SSE3 SSSE3 AVX AVX_VNNI AVX2 F16C FMA BMI2 AVX512 AVX512_VBMI "
        "AVX512_VNNI AVX512_BF16 AMX_INT8 LLAMAFILE OPENMP REPACK",
    )

    def string(text):
        return struct.pack("<H", len(text)) + text.encode()

    def usual(back_end):
        model = string("lmz-3") + string("audio 2: 32 bins, 43 features") + struct.pack("<II", 128, 1)
        engine = string("llama-cpp-2 0.1.160 / llama-cpp-sys-2 0.1.161")
        return model + engine + string(back_end) + bytes(4)

    return b"".join([*map(string, words), usual(arm), usual(x86), usual(x86)])


def _fingerprint(body):
    if body.data[body.at:body.at + 1] == b"\x01" and len(body.data) - body.at == EXACT_BYTES:
        _, arithmetic, model_hash = body.unpack("BB8s")
        if arithmetic != ARITHMETIC:
            raise Unsupported(f"arithmetic {arithmetic} of the exact engine")
        return Exact(model_hash)
    return _llama_cpp(body)


def _llama_cpp(body):
    def string():
        (length,) = body.unpack("H")
        try:
            text = body.take(length, "a name in the fingerprint").decode("utf-8")
        except UnicodeDecodeError as error:
            raise Damaged("a name in the fingerprint is not UTF-8") from error
        if length > 512 or any(ord(c) < 32 or 127 <= ord(c) < 160 for c in text):
            raise Damaged("a name in the fingerprint is too long or has control characters")
        return text

    name = string()
    model_hash = body.take(32, "the fingerprint")
    interface = string()
    window, lanes = body.unpack("II")
    version, back_end = string(), string()
    (gpu_layers,) = body.unpack("I")
    canary = body.take(16, "the fingerprint")
    if not body.done():
        raise Damaged("bytes after the fingerprint")
    return LlamaCpp(name, model_hash, interface, window, lanes, version, back_end, gpu_layers, canary)
