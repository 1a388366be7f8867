"""The Llama that lmz embeds, in PyTorch: RMSNorm, RoPE, grouped queries, SwiGLU.

Only what is read out is trained: the head has one row per bin. The embedding of an input is
the sum of one for its bin, one for its class and one for the pair, so that rare pairs start from
what their parts have learnt; the sum is what is exported.
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
        self.shape = s = shape
        self.bins = nn.Embedding(s.bins, s.width)
        self.classes = nn.Embedding(s.classes, s.width)
        self.tokens = nn.Embedding(s.vocab, s.width)  # pairs, and the start token
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

    def embedding(self) -> Tensor:
        """(vocab, width): the table that is exported."""
        pairs = (self.classes.weight[:, None] + self.bins.weight[None]).flatten(0, 1)
        rest = self.shape.vocab - len(pairs)
        return self.tokens.weight + F.pad(pairs, (0, 0, 0, rest))

    def forward(self, tokens: Tensor) -> Tensor:
        """tokens: (batch, time) -> logits of the bins (batch, time, bins)"""
        time = tokens.shape[1]
        x = F.embedding(tokens, self.embedding())
        for block in self.blocks:
            x = block(x, self.cos[:time], self.sin[:time])
        return self.head(self.output_norm(x))

    def weights(self) -> dict[str, np.ndarray]:
        """In llama.cpp's naming; rows of the head that are never read are zero."""
        s = self.shape
        head = torch.zeros(s.vocab, s.width)
        head[s.readout_base : s.readout_base + s.bins] = self.head.weight.detach().cpu()
        out = {
            "token_embd.weight": self.embedding(),
            "output_norm.weight": self.output_norm.weight,
            "output.weight": head,
        }
        for i, block in enumerate(self.blocks):
            out |= {f"blk.{i}.{name}": p for name, p in block.named_parameters()}
        return {name: p.detach().float().cpu().numpy() for name, p in out.items()}

    @classmethod
    def from_weights(cls, shape: Shape, weights: dict[str, np.ndarray]) -> Llama:
        """The reverse of `weights`."""
        model = cls(shape)
        w = {name: torch.from_numpy(value.copy()) for name, value in weights.items()}
        state = {name: torch.zeros_like(p) for name, p in model.state_dict().items()}
        state["tokens.weight"] = w["token_embd.weight"]
        state["output_norm.weight"] = w["output_norm.weight"]
        base = shape.readout_base
        state["head.weight"] = w["output.weight"][base : base + shape.bins]
        for name, value in w.items():
            if name.startswith("blk."):
                state["blocks." + name.removeprefix("blk.")] = value
        model.load_state_dict(state)
        return model
