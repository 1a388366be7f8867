"""Shape of lmz's Llama and its GGUF form, shared by training, export and test models.

Only numpy and `gguf` are needed here, so that test models can be made without PyTorch.
The metadata keys are specified in format-spec/lm-metadata.md.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import gguf
import numpy as np

# The codec's side of the interfaces (src/lm/mod.rs): change both or neither.
BINS = 32
CLASSES = 32  # interface 1
FEATURES = 43  # interface 2


@dataclasses.dataclass(frozen=True)
class Shape:
    """Hyperparameters of one model. Row lengths must be multiples of 32 for Q8_0."""

    layers: int = 3
    width: int = 128
    heads: int = 2
    kv_heads: int = 1
    ffn: int = 384
    head_dim: int = 32  # heads need not fill the width: attention's cost is heads * head_dim
    window: int = 128  # tokens kept when the context is full; it holds twice as many
    bins: int = BINS
    features: int = FEATURES  # 0: interface 1, which has classes
    classes: int = 0
    rope_base: float = 10000.0
    norm_eps: float = 1e-5
    own_head: bool = False  # interface 2: output.weight apart from token_embd.weight

    @property
    def context(self) -> int:
        return 2 * self.window

    @property
    def interface(self) -> int:
        return 2 if self.features else 1

    @property
    def readout_base(self) -> int:
        return self.classes * self.bins

    @property
    def start(self) -> int:
        """Interface 1's start token."""
        return self.readout_base + self.bins

    @property
    def vocab(self) -> int:
        # Interface 2 reads out 32; the others make it fit to serve for characters, too.
        return 128 if self.features else self.start + 1

    def check(self) -> None:
        assert self.heads % self.kv_heads == 0
        assert self.head_dim % 2 == 0, "RoPE rotates pairs"
        assert not (self.features and self.classes), "one interface only"
        assert self.bins + 1 + self.features <= self.width or not self.features, "too narrow"
        for row in (self.width, self.ffn, self.heads * self.head_dim):
            assert row % 32 == 0, "Q8_0 blocks hold 32 weights"

    def tensors(self) -> dict[str, tuple[int, ...]]:
        """Name -> shape (rows, columns) in llama.cpp's naming; all matrices act as W @ x."""
        d, q, kv = self.width, self.heads * self.head_dim, self.kv_heads * self.head_dim
        shapes: dict[str, tuple[int, ...]] = {"token_embd.weight": (self.vocab, d)}
        for i in range(self.layers):
            shapes |= {
                f"blk.{i}.attn_norm.weight": (d,),
                f"blk.{i}.attn_q.weight": (q, d),
                f"blk.{i}.attn_k.weight": (kv, d),
                f"blk.{i}.attn_v.weight": (kv, d),
                f"blk.{i}.attn_output.weight": (d, q),
                f"blk.{i}.ffn_norm.weight": (d,),
                f"blk.{i}.ffn_gate.weight": (self.ffn, d),
                f"blk.{i}.ffn_up.weight": (self.ffn, d),
                f"blk.{i}.ffn_down.weight": (d, self.ffn),
            }
        shapes["output_norm.weight"] = (d,)
        # Else the read-out is token_embd, which nothing else reads.
        if self.interface == 1 or self.own_head:
            shapes["output.weight"] = (self.vocab, d)
        return shapes

    def parameters(self) -> int:
        return sum(int(np.prod(s)) for s in self.tensors().values())


def add_interface(out: gguf.GGUFWriter, shape: Shape) -> None:
    """Metadata of an audio model."""
    numbers = {"interface": shape.interface, "bins": shape.bins}
    if shape.interface == 1:
        numbers |= {"classes": shape.classes, "window": shape.window, "input_base": 0,
                    "readout_base": shape.readout_base, "start": shape.start}  # fmt: skip
    else:
        numbers |= {"features": shape.features, "window": shape.window}
    for key, number in numbers.items():
        out.add_uint32(f"lmz.{key}", number)


def add_vocabulary(out: gguf.GGUFWriter, vocabulary: list[tuple[str, gguf.TokenType]]) -> None:
    """Metadata of a text model: texts and their types, by id."""
    out.add_token_list([text.encode() for text, _ in vocabulary])
    out.add_token_scores([-float(i) for i in range(len(vocabulary))])
    out.add_token_types([kind for _, kind in vocabulary])
    out.add_bos_token_id(1)
    out.add_eos_token_id(2)
    out.add_unk_token_id(0)


def write_gguf(
    path: str,
    shape: Shape,
    weights: Mapping[str, np.ndarray],
    name: str,
    *,
    licence: str = "MIT OR Apache-2.0",
    quantised: bool = True,
    vocabulary: list[tuple[str, gguf.TokenType]] | None = None,
) -> None:
    """Writes a GGUF that llama.cpp loads as architecture `llama`.

    llama.cpp rotates neighbouring pairs for this architecture, and so does train.py, so no
    row of attn_q or attn_k is permuted. The tokenizer is `no_vocab`: lmz feeds token ids. With a
    `vocabulary` it is a text model with a SentencePiece tokenizer instead.
    """
    shape.check()
    out = gguf.GGUFWriter(path, "llama")
    out.add_name(name)
    out.add_license(licence)
    out.add_vocab_size(shape.vocab)
    out.add_context_length(shape.context)
    out.add_embedding_length(shape.width)
    out.add_block_count(shape.layers)
    out.add_feed_forward_length(shape.ffn)
    out.add_head_count(shape.heads)
    out.add_head_count_kv(shape.kv_heads)
    out.add_layer_norm_rms_eps(shape.norm_eps)
    out.add_key_length(shape.head_dim)
    out.add_value_length(shape.head_dim)
    out.add_rope_dimension_count(shape.head_dim)
    out.add_rope_freq_base(shape.rope_base)
    out.add_tokenizer_model("no_vocab" if vocabulary is None else "llama")
    kind = gguf.LlamaFileType.MOSTLY_Q8_0 if quantised else gguf.LlamaFileType.ALL_F32
    out.add_file_type(kind)
    if vocabulary is None:
        add_interface(out, shape)
    else:
        add_vocabulary(out, vocabulary)
    for tensor, dims in shape.tensors().items():
        value = np.ascontiguousarray(weights[tensor], dtype=np.float32)
        assert value.shape == dims, (tensor, value.shape, dims)
        if quantised and value.ndim == 2:
            q8 = gguf.GGMLQuantizationType.Q8_0
            out.add_tensor(tensor, gguf.quants.quantize(value, q8), raw_dtype=q8)
        else:
            out.add_tensor(tensor, value)
    out.write_header_to_file()
    out.write_kv_data_to_file()
    out.write_tensors_to_file()
    out.close()


def read_gguf(path: str) -> tuple[Shape, dict[str, np.ndarray]]:
    """The reverse of `write_gguf` for models of interface 2, with the weights as float32.

    Writing them again gives the same Q8_0 blocks: the largest weight of a block is its scale times 127.
    """
    file = gguf.GGUFReader(path)

    def number(key: str) -> float:
        field = file.get_field(key)
        assert field is not None, f"{path} has no {key}: no model of write_gguf"
        return field.contents()

    assert number("lmz.interface") == 2
    shape = Shape(
        layers=number("llama.block_count"),
        width=number("llama.embedding_length"),
        heads=number("llama.attention.head_count"),
        kv_heads=number("llama.attention.head_count_kv"),
        ffn=number("llama.feed_forward_length"),
        head_dim=number("llama.attention.key_length"),
        window=number("lmz.window"),
        bins=number("lmz.bins"),
        features=number("lmz.features"),
        rope_base=number("llama.rope.freq_base"),
        # Stored in single precision; the decimal number is what another shape is compared with.
        norm_eps=float(f"{number('llama.attention.layer_norm_rms_epsilon'):.6g}"),
    )
    stored = {t.name: gguf.quants.dequantize(t.data, t.tensor_type) for t in file.tensors}
    weights = {name: stored[name].reshape(dims) for name, dims in shape.tensors().items()}
    return shape, weights


def random_weights(shape: Shape, seed: int) -> dict[str, np.ndarray]:
    """Weights for tests and timing: lively logits that differ between bins and inputs."""
    rng = np.random.Generator(np.random.PCG64(seed))
    weights = {}
    for tensor, dims in shape.tensors().items():
        if len(dims) == 1:
            weights[tensor] = np.ones(dims, dtype=np.float32)
        else:
            embeddings = tensor == "token_embd.weight" and shape.interface == 1
            scale = 1.0 if embeddings else 1.0 / np.sqrt(dims[1])
            weights[tensor] = (rng.standard_normal(dims) * scale).astype(np.float32)
    return weights
