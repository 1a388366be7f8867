"""A model of the exact engine, as it is read from its file (exact-engine.md, §2 and §3)."""

import struct
from collections import namedtuple
from math import isfinite, sqrt
from operator import mul

from .errors import WrongModel
from .f32 import f32, row
from .gguf import BLOCK, BLOCK_BYTES, F32, Q8_0, Gguf
from .packed import Packed

BINS = 32
FEATURES = 43

Shape = namedtuple("Shape", "layers width heads kv_heads head ffn window eps base")
Layer = namedtuple("Layer", "attn_norm q k v output ffn_norm gate up down")


def _shape(file):
    """Metadata and limits; §2.2."""
    if file.text("general.architecture", "") != "llama":
        raise WrongModel("a model of another architecture than llama")
    for key, only in (("lmz.interface", 2), ("lmz.bins", BINS), ("lmz.features", FEATURES)):
        if (found := file.number(key)) != only:
            raise WrongModel(f"a model with {key} {found} instead of {only}")
    if file.number("llama.expert_count", 0):
        raise WrongModel("a mixture of experts")
    scaling = [key for key in file.metadata if key.startswith("llama.rope.scaling.")]
    if scaling and (scaling != ["llama.rope.scaling.type"] or file.text(scaling[0]) != "none"):
        raise WrongModel("a model with scaled RoPE")
    width, heads = file.number("llama.embedding_length"), file.number("llama.attention.head_count")
    _require("the number of heads", 1 <= heads <= 32)
    head = file.number("llama.attention.key_length", width // heads)
    for key in ("llama.attention.value_length", "llama.rope.dimension_count"):
        _require(key, file.number(key, head) == head)
    shape = Shape(
        layers=file.number("llama.block_count"),
        width=width,
        heads=heads,
        kv_heads=file.number("llama.attention.head_count_kv", heads),
        head=head,
        ffn=file.number("llama.feed_forward_length"),
        window=file.number("lmz.window"),
        eps=file.real("llama.attention.layer_norm_rms_epsilon"),
        base=file.real("llama.rope.freq_base", 10000.0),
    )
    _require("the number of layers", 1 <= shape.layers <= 32)
    _require("the width", 96 <= width <= 1024 and width % 32 == 0)
    _require("the size of a head", head in (16, 32, 64, 128))
    _require("the number of K/V heads", 1 <= shape.kv_heads and heads % shape.kv_heads == 0)
    _require("the size of all heads", heads * head <= 1024 and heads * head % 32 == 0)
    _require("the FFN's width", 32 <= shape.ffn <= 4096 and shape.ffn % 32 == 0)
    _require("the window", 16 <= shape.window <= 512 and shape.window % 16 == 0)
    _require("the norm's epsilon", 2.0 ** -40 <= shape.eps <= 1.0)
    _require("RoPE's base", 1.0 <= shape.base <= 2.0 ** 30)
    return shape


def _require(what, holds):
    if not holds:
        raise WrongModel(f"a model for which {what} is not within the limits")


def _expected(shape):
    """Dimensions of the matrices of a layer: columns, rows; §2.3."""
    width, query, key = shape.width, shape.heads * shape.head, shape.kv_heads * shape.head
    return {"attn_norm": (width,), "attn_q": (width, query), "attn_k": (width, key),
            "attn_v": (width, key), "attn_output": (query, width), "ffn_norm": (width,),
            "ffn_gate": (width, shape.ffn), "ffn_up": (width, shape.ffn), "ffn_down": (shape.ffn, width)}


class ExactModel:
    def __init__(self, data):
        self._file = Gguf(data)
        self.shape = _shape(self._file)
        self._check_tensors()
        self.layers = [self._layer(i) for i in range(self.shape.layers)]
        self.norm = self._norm("output_norm.weight")
        # The first is refused if it is not finite, even if another takes its place.
        self.head = [self._matrix(name, BINS) for name in self._heads][-1]
        self.cos, self.sin = rope_tables(self.shape)
        del self._file

    def _check_tensors(self):
        expected = {"output_norm.weight": (self.shape.width,)}
        for i in range(self.shape.layers):
            expected |= {f"blk.{i}.{name}.weight": d for name, d in _expected(self.shape).items()}
        found = self._file.tensors
        self._heads = [name for name in ("token_embd.weight", "output.weight") if name in found]
        if "token_embd.weight" not in self._heads:
            raise WrongModel("a model without tensor 'token_embd.weight'")
        for name in self._heads:
            rows = found[name].dimensions[-1]
            _require("the vocabulary", 32 <= rows <= 1 << 16)
            expected[name] = (self.shape.width, rows)
        if expected.keys() != found.keys():
            raise WrongModel(f"a model with other tensors: {sorted(expected.keys() ^ found.keys())[0]!r}")
        for name, dimensions in expected.items():
            kind = F32 if len(dimensions) == 1 else Q8_0
            if found[name].dimensions != dimensions or found[name].type != kind:
                raise WrongModel(f"tensor {name!r} has another type or shape than it should")
            self._file.bytes_of(name)

    def _norm(self, name):
        data = self._file.bytes_of(name)
        values = row(struct.unpack(f"<{len(data) // 4}f", data))
        if not all(map(isfinite, values)):
            raise WrongModel(f"tensor {name!r} has a value that is not finite")
        return values

    def _matrix(self, name, rows=None):
        columns, all_rows = self._file.tensors[name].dimensions
        data = self._file.bytes_of(name)
        length = columns // BLOCK * BLOCK_BYTES
        lines = [_row(name, data[i * length:(i + 1) * length]) for i in range(rows or all_rows)]
        return Packed([w for _, w in lines], [scale for scale, _ in lines])

    def _layer(self, i):
        return Layer(*(
            (self._norm if name.endswith("norm") else self._matrix)(f"blk.{i}.{name}.weight")
            for name in _expected(self.shape)
        ))


def _row(name, data):
    """Scale and integers of one row of a matrix; §3.1."""
    values = []
    for d, *q in struct.iter_unpack("<e32b", data):
        if not isfinite(d):
            raise WrongModel(f"tensor {name!r} has a scale that is not finite")
        values += [d * x for x in q]
    largest = max(map(abs, values))
    if largest == 0.0:
        return 0.0, [0] * len(values)
    inverse = f32(127.0 / largest)
    return f32(largest / 127.0), list(map(round, row([v * inverse for v in values])))


def _series(z, first):
    """Sum of (-z)^k / (2k + first)!, the terms of lowest order last; §3.2."""
    top = 17 + (1 - first)
    factorial = [1.0]
    for n in range(1, top + 1):
        factorial.append(factorial[-1] * n)
    total = 0.0
    for n in range(top, -1, -2):
        coefficient = 1.0 / factorial[n]
        total = total * z + (-coefficient if n & 2 else coefficient)
    return total


def rope_tables(shape):
    """Cosines and sines of every position, one row for each; §3.2."""
    half = shape.head // 2
    ratio = float(shape.base)
    for _ in range(half.bit_length() - 1):
        ratio = sqrt(ratio)
    angles = [1.0]
    for _ in range(half - 1):
        angles.append(angles[-1] / ratio)
    squares = list(map(mul, angles, angles))
    cos1 = [_series(z, 0) for z in squares]
    sin1 = [x * _series(z, 1) for x, z in zip(angles, squares)]
    cos, sin = [1.0] * half, [0.0] * half
    all_cos, all_sin = [row(cos)], [row(sin)]
    for _ in range(2 * shape.window - 1):
        turned = [(c * c1 - s * s1, s * c1 + c * s1) for c, s, c1, s1 in zip(cos, sin, cos1, sin1)]
        cos, sin = map(list, zip(*turned))
        all_cos.append(row(cos))
        all_sin.append(row(sin))
    return all_cos, all_sin
