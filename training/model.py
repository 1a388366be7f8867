"""The Llama that lmz embeds, in PyTorch: RMSNorm, RoPE, grouped queries, SwiGLU.

It has no table of embeddings: what it reads are numbers, and the first of the residual stream are
these numbers themselves.
"""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gguf_model import Shape


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """RoPE on neighbouring pairs, as llama.cpp does it for this architecture.

    x: (batch, heads, time, head_dim); cos, sin: (time, head_dim / 2)
    """
    even, odd = x[..., 0::2], x[..., 1::2]
    return torch.stack((even * cos - odd * sin, even * sin + odd * cos), -1).flatten(-2)


class Block(nn.Module):
    def __init__(self, s: Shape) -> None:
        super().__init__()
        self.s = s
        q, kv = s.heads * s.head_dim, s.kv_heads * s.head_dim
        self.attn_norm = nn.RMSNorm(s.width, eps=s.norm_eps)
        self.attn_q = nn.Linear(s.width, q, bias=False)
        self.attn_k = nn.Linear(s.width, kv, bias=False)
        self.attn_v = nn.Linear(s.width, kv, bias=False)
        self.attn_output = nn.Linear(q, s.width, bias=False)
        self.ffn_norm = nn.RMSNorm(s.width, eps=s.norm_eps)
        self.ffn_gate = nn.Linear(s.width, s.ffn, bias=False)
        self.ffn_up = nn.Linear(s.width, s.ffn, bias=False)
        self.ffn_down = nn.Linear(s.ffn, s.width, bias=False)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        batch, time, _ = x.shape
        h = self.attn_norm(x)

        def heads(y: Tensor, count: int) -> Tensor:
            return y.view(batch, time, count, self.s.head_dim).transpose(1, 2)

        q = rotate(heads(self.attn_q(h), self.s.heads), cos, sin)
        k = rotate(heads(self.attn_k(h), self.s.kv_heads), cos, sin)
        v = heads(self.attn_v(h), self.s.kv_heads)
        if self.s.kv_heads != self.s.heads:
            k = k.repeat_interleave(self.s.heads // self.s.kv_heads, 1)
            v = v.repeat_interleave(self.s.heads // self.s.kv_heads, 1)
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.attn_output(y.transpose(1, 2).reshape(batch, time, -1))
        h = self.ffn_norm(x)
        return x + self.ffn_down(F.silu(self.ffn_gate(h)) * self.ffn_up(h))


class Llama(nn.Module):
    def __init__(self, shape: Shape) -> None:
        super().__init__()
        shape.check()
        assert shape.interface == 2
        self.shape = s = shape
        self.blocks = nn.ModuleList(Block(s) for _ in range(s.layers))
        self.output_norm = nn.RMSNorm(s.width, eps=s.norm_eps)
        self.head = nn.Linear(s.width, s.bins, bias=False)
        for name, p in self.named_parameters():
            if p.ndim == 2:
                # Residual branches start small, so that depth does not change the scale.
                last = name.endswith(("attn_output.weight", "ffn_down.weight"))
                nn.init.normal_(p, std=0.02 / (2 * s.layers) ** 0.5 if last else 0.02)
        nn.init.zeros_(self.head.weight)  # the first prediction is uniform
        angles = torch.outer(
            torch.arange(s.context).float(),
            s.rope_base ** (-torch.arange(0, s.head_dim, 2).float() / s.head_dim),
        )
        self.register_buffer("cos", angles.cos(), persistent=False)
        self.register_buffer("sin", angles.sin(), persistent=False)

    def embedding(self, last: Tensor, features: Tensor) -> Tensor:
        """What llama.cpp is fed; format-spec/lm-metadata.md, section 3."""
        one_hot = 2.0 * F.one_hot(last, self.shape.bins + 1)
        x = torch.cat((one_hot, features.float() * (2 / 127)), -1)
        return F.pad(x, (0, self.shape.width - x.shape[-1]))

    def forward(self, last: Tensor, features: Tensor) -> Tensor:
        """last: (batch, time); features: (batch, time, features) -> logits (batch, time, bins)"""
        time = last.shape[1]
        x = self.embedding(last, features)
        for block in self.blocks:
            x = block(x, self.cos[:time], self.sin[:time])
        return self.head(self.output_norm(x))

    def weights(self) -> dict[str, np.ndarray]:
        """In llama.cpp's naming."""
        rest = self.shape.vocab - self.shape.bins
        out = {
            "token_embd.weight": F.pad(self.head.weight, (0, 0, 0, rest)),
            "output_norm.weight": self.output_norm.weight,
        }
        for i, block in enumerate(self.blocks):
            out |= {f"blk.{i}.{name}": p for name, p in block.named_parameters()}
        return {name: p.detach().float().cpu().numpy() for name, p in out.items()}

    @classmethod
    def from_weights(cls, shape: Shape, weights: dict[str, np.ndarray]) -> Llama:
        """The reverse of `weights`."""
        model = cls(shape)
        state = {}
        for name, value in weights.items():
            if name == "token_embd.weight":
                name, value = "head.weight", value[: shape.bins]
            name = "blocks." + name.removeprefix("blk.") if name.startswith("blk.") else name
            state[name] = torch.from_numpy(value.copy())
        model.load_state_dict(state)
        return model
