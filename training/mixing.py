#!/usr/bin/env python3
"""Measures ways of adding a model's logits to the codec's, on sources that training has none of.

    python mixing.py --tokens TOKENS MODEL.gguf > table.md

Each clip is read from its start, as a decoder does it, and whatever is learnt is learnt on the way. The codec's
own logits are those that it has without a model. All clips take their steps together, so that NumPy does the work.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from exclusions import UNSEEN
from gguf_model import BINS, read_gguf
from model import Llama
from train import FREE, LN2, ROW, TRUST, UNIT, source_of

DEPTHS = 5
ENTROPIES = 8
SHARPEST = 2.2  # nats; fewer are rare


@dataclass
class Decision:
    """One decision of all clips: arrays of (clips,), `state` (clips, width)."""

    node: np.ndarray  # 1 to 31: which halves have been taken
    depth: int
    entropy: np.ndarray  # class of the entropy of the model's bins
    codec: np.ndarray  # logits
    model: np.ndarray
    state: np.ndarray  # what the model's head reads, of length 1


class Learnt:
    """Weights of some inputs, a set for each context, that follow the gradient of the cost."""

    def __init__(self, clips: int, contexts: int, start: list[float], rate: float,
                 context: Callable[[Decision], np.ndarray],
                 inputs: Callable[[Decision], list[np.ndarray]]) -> None:  # fmt: skip
        self.weights = np.tile(np.array(start), (clips, contexts, 1))
        self.rate, self.context, self.inputs = rate, context, inputs
        self.clips = np.arange(clips)

    def logit(self, d: Decision) -> np.ndarray:
        self.at = self.context(d)
        self.now = np.stack(self.inputs(d), -1)
        return (self.weights[self.clips, self.at] * self.now).sum(-1)

    def learn(self, error: np.ndarray) -> None:
        self.weights[self.clips, self.at] += self.rate * error[:, None] * self.now


class Way:
    """A sum of fixed and learnt parts, and what it has cost."""

    def __init__(self, name: str, fixed: Callable[[Decision], np.ndarray], *parts: Learnt) -> None:
        self.name, self.fixed, self.parts, self.bits = name, fixed, parts, 0.0

    def code(self, d: Decision, upper: np.ndarray, counts: np.ndarray) -> None:
        logit = self.fixed(d) + sum(part.logit(d) for part in self.parts)
        self.bits += float((np.logaddexp(0, np.where(upper, -logit, logit)) * counts).sum()) / LN2
        error = (upper - 1 / (1 + np.exp(-logit))) * counts
        for part in self.parts:
            part.learn(error)


def ways(clips: int, width: int, rate: float, head_rate: float) -> list[Way]:
    nodes, entropies = 2**DEPTHS, ENTROPIES

    def learnt(contexts: int, context: Callable[[Decision], np.ndarray]) -> Learnt:
        return Learnt(clips, contexts, [TRUST], rate, context, lambda d: [d.model])

    def codec(d: Decision) -> np.ndarray:
        return d.codec

    both = Learnt(clips, nodes, [1.0, TRUST], rate, lambda d: d.node, lambda d: [d.codec, d.model])
    head = Learnt(clips, nodes, [0.0] * width, head_rate, lambda d: d.node, lambda d: list(d.state.T))
    return [
        Way("without the model", codec),
        Way(f"always {TRUST}", lambda d: d.codec + TRUST * d.model),
        Way("a weight for each decision", codec, learnt(nodes, lambda d: d.node)),
        Way("for each decision and entropy", codec,
            learnt(nodes * entropies, lambda d: d.node * entropies + d.entropy)),
        Way("for each depth and entropy", codec,
            learnt(DEPTHS * entropies, lambda d: d.depth * entropies + d.entropy)),
        Way("weights of both for each decision", lambda d: np.zeros(clips), both),
        Way("for each decision, and a head that learns", codec,
            learnt(nodes, lambda d: d.node), head),
    ]  # fmt: skip


@torch.no_grad()
def answers(model: Llama, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities of the bins, (samples, BINS), and the states behind them, (samples, width)."""
    states: list[torch.Tensor] = []
    hook = model.head.register_forward_pre_hook(lambda _, inputs: states.append(inputs[0]))
    window, logits, kept = model.shape.window, [], []
    for at in range(0, len(rows), window):
        seen = rows[max(0, at - window) : at + window]
        last = torch.from_numpy(seen["last"].astype(np.int64))
        answer = model(last[None], torch.from_numpy(seen["features"].copy())[None])[0]
        new = slice(min(at, window), None)
        logits.append(answer[new])
        kept.append(states.pop()[0, new])
    hook.remove()
    p = torch.softmax(torch.cat(logits).double(), -1).numpy()
    state = torch.cat(kept).numpy()
    return p, state / np.linalg.norm(state, axis=1, keepdims=True)


class Clips:
    """Bins, the codec's logits and the model's answers of all clips: (samples of the longest, clips, …)."""

    def __init__(self, model: Llama, clips: list[np.ndarray]) -> None:
        size = max(map(len, clips)), len(clips)
        self.bins = np.zeros(size, np.int64)
        self.codec = np.full((*size, DEPTHS), FREE, np.int16)  # behind the end, nothing to decide
        self.below = np.zeros((*size, BINS + 1), np.float32)  # probability of all bins below each
        self.state = np.zeros((*size, model.shape.width), np.float32)
        for i, rows in enumerate(clips):
            p, self.state[: len(rows), i] = answers(model, rows)
            self.bins[: len(rows), i], self.codec[: len(rows), i] = rows["bin"], rows["logits"]
            self.below[: len(rows), i, 1:] = p.cumsum(1)

    def code(self, t: int, tried: list[Way]) -> None:
        """The decisions of sample `t` of each clip, in every way."""
        below, every = self.below[t], np.arange(len(self.bins[t]))
        p = np.diff(below)
        sharpness = (-(p * np.log(p + 1e-9)).sum(1) - SHARPEST) / (np.log(BINS) - SHARPEST)
        entropy = np.clip(sharpness * ENTROPIES, 0, ENTROPIES - 1).astype(int)
        first, node = np.zeros(len(every), int), np.ones(len(every), int)
        for depth in range(DEPTHS):
            half = BINS >> (depth + 1)
            low, middle, high = (below[every, first + n] for n in (0, half, 2 * half))
            logit = np.log((high - middle + 1e-6) / (middle - low + 1e-6))
            upper = self.bins[t] >= first + half
            counts = self.codec[t, :, depth] != FREE
            codec = np.where(counts, self.codec[t, :, depth] / UNIT, 0.0)
            decision = Decision(node, depth, entropy, codec, logit, self.state[t])
            for way in tried:
                way.code(decision, upper, counts)
            first, node = first + half * upper, 2 * node + upper


def main() -> None:
    args = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    args.add_argument("--tokens", type=Path, required=True, help="folder of token files")
    args.add_argument("--kind", default="speech")
    args.add_argument("--samples", type=int, default=30_000, help="of each clip")
    args.add_argument("--rate", type=float, default=0.003, help="of learning")
    args.add_argument("--head-rate", type=float, default=0.003, help="of the head that learns")
    args.add_argument("--threads", type=int, default=1)
    args.add_argument("model")
    a = args.parse_args()
    torch.set_num_threads(a.threads)
    files = [f for f in sorted(a.tokens.glob(f"{a.kind}__*.tok")) if source_of(f) in UNSEEN]
    rows = [np.fromfile(f, ROW, a.samples) for f in files]
    shape, weights = read_gguf(a.model)
    clips = Clips(Llama.from_weights(shape, weights), rows)
    tried = ways(len(rows), shape.width, a.rate, a.head_rate)
    for t in range(len(clips.bins)):
        clips.code(t, tried)

    samples = sum(map(len, rows))
    alone = tried[0].bits / samples
    print(f"{len(rows)} clips, {samples} samples; without the model {alone:.4f} bits\n")
    print("| The model's logits weigh | bits saved per sample |\n|---|---|")
    for way in tried[1:]:
        print(f"| {way.name} | {alone - way.bits / samples:.4f} |")


if __name__ == "__main__":
    main()
