"""The file header (§4) and the fingerprint of a language model (lm-metadata.md, section 6)."""

import struct
from collections import namedtuple

from . import byte_model
from .errors import Damaged, Unsupported
from .fields import Reader, reserved
from .primer import RAW
from .samples import BINARY32, BINARY64, INTEGER, OPAQUE

SIGNATURE = bytes.fromhex("894C4D5A0D0A1A0A")
PROLOGUE = 24
BODY = 34
VERSION, DRAFT = 1, 10
CODED_FINGERPRINT = 2
MAX_BYTES = 1 << 26
MAX_SAMPLES = 1 << 23

Header = namedtuple("Header", "length level format segment_frames fingerprint body")
Format = namedtuple("Format", "tag channels rate byte_rate valid_bits mask kind width variant container")
# Of the two engines; lm-metadata.md, section 6. That of the exact one begins with 1 and has this length.
EXACT_BYTES = 34
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
    prologue = reader.checked(PROLOGUE, "the prologue")
    _, version, draft, required, _, length = prologue.unpack("8sHHHHI")
    if (version, draft) != (VERSION, DRAFT):
        raise Unsupported(f"version {version}, draft {draft}")
    if required:
        raise Unsupported(f"required features {required:#06x}")
    if not PROLOGUE + BODY <= length <= PROLOGUE + BODY + 4096:
        raise Damaged(f"a header of {length} bytes")
    body = reader.checked(length - PROLOGUE, "the file header")
    level, flags = body.unpack("BB")
    fmt = body.unpack("HHIIHIBBH")
    segment_frames, fingerprint_length = body.unpack("IH")
    if level > 2:
        raise Unsupported(f"level {level}")
    reserved(flags & ~CODED_FINGERPRINT, "a flag of the header")
    if fingerprint_length != length - PROLOGUE - BODY:
        raise Damaged("the lengths of header and fingerprint disagree")
    fmt = _audio_format(fmt, segment_frames)
    if flags & CODED_FINGERPRINT:
        fingerprint = _fingerprint(_decoded(body, fingerprint_length))
    else:
        fingerprint = _fingerprint(body) if fingerprint_length else None
    return Header(length, level, fmt, segment_frames, fingerprint, body.data)


def _audio_format(fields, segment_frames):
    if not any(fields):
        if segment_frames:
            raise Damaged("segment frames without an audio format")
        return None
    tag, channels, rate, byte_rate, valid_bits, mask, kind, width, variant = fields
    container, kind = divmod(kind, 16)
    if container > RAW:
        raise Unsupported(f"container {container}")
    fmt = SampleFormat(tag, channels, rate, byte_rate, valid_bits, mask, kind, width, variant, container)
    if fmt.channels == 0:
        raise Damaged("an audio format without channels")
    known = {0: (1, 2, 3, 4), 1: (1,), 2: (1,), 3: (4,), 4: (8,), 5: (0,), 6: (1,)}
    variants = {1: (0,), 2: (0,), 5: range(1, 1 << 16), 6: (0,)}
    if fmt.width not in known.get(fmt.kind, ()) or fmt.variant not in variants.get(fmt.kind, (0, 1)):
        raise Unsupported(f"sample format {fmt.kind}, {fmt.width}, {fmt.variant}")
    if segment_frames == 0:
        raise Damaged("an audio format without segment frames")
    if segment_frames * fmt.frame_bytes > MAX_BYTES:
        raise Damaged("segments of too many bytes")
    if fmt.kind != OPAQUE and segment_frames * fmt.channels > MAX_SAMPLES:
        raise Damaged("segments of too many samples")
    return fmt


def _decoded(body, stored):
    """The fingerprint behind its length and the byte model (§4.4)."""
    (length,) = body.unpack("H")
    if not 0 < length <= 4096:
        raise Damaged(f"a coded fingerprint of {length} bytes")
    coded = body.take(stored - 2, "the fingerprint")
    return Reader(byte_model.decode(coded, length, 1, _fingerprint_primer()))


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
        _, arithmetic, model_hash = body.unpack("BB32s")
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
