#!/usr/bin/env python3
"""Compares llama.cpp's logits with PyTorch's, through lmz itself.

    cargo build --release --example lm_probe
    python check_logits.py ../target/release/examples/lm_probe RUN/checkpoint.pt --tokens TOKENS/*.tok

Without a checkpoint, random weights are compared. Two exports are checked, over one full context from
the middle of each token file; without any, over one of random numbers, which a codec never says.
llama.cpp attends in half precision, and so does PyTorch here, so that with F32 weights only the
order of sums differs; with Q8_0, llama.cpp also quantises activations, so it is the difference in bits
per token that counts.
"""

import argparse
import math
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from gguf_model import BINS, Shape, random_weights, write_gguf
from model import Llama
from train import ROW

Inputs = tuple[np.ndarray, np.ndarray]  # bins before (time), features (time, features)

# Mean Kullback-Leibler divergence in bits per token: what a file would grow by.
F32_TOLERANCE = 1e-5
Q8_TOLERANCE = 0.002
# Largest difference of a log-probability, F32, random inputs: on others it grows with the logits of
# bins that are all but impossible.
LARGEST = 0.01


def attention(q: Tensor, k: Tensor, v: Tensor, is_causal: bool) -> Tensor:
    """As llama.cpp does it: queries, the cache and attention weights in half precision."""
    assert is_causal

    def half(x: Tensor) -> Tensor:
        return x.half().float()

    time = q.shape[-2]
    scores = half(q) @ half(k).transpose(-1, -2) / math.sqrt(q.shape[-1])
    future = torch.ones(time, time, dtype=torch.bool).triu(1)
    return half(torch.softmax(scores.masked_fill(future, -math.inf), -1)) @ half(v)


def random_inputs(shape: Shape) -> Inputs:
    rng = np.random.default_rng(1)
    last = rng.integers(BINS, size=shape.context)
    features = rng.integers(-127, 128, size=(shape.context, shape.features)).astype(np.int8)
    last[0], features[0] = BINS, 0
    return last, features


def from_file(path: Path, shape: Shape) -> Inputs:
    """From the middle of a token file."""
    rows = np.memmap(path, ROW, "r")
    assert len(rows) > 2 * shape.context, f"{path} is too short"
    rows = rows[len(rows) // 2 :][: shape.context]
    return rows["last"].astype(np.int64), rows["features"].copy()


def expected(model: Llama, inputs: Inputs) -> np.ndarray:
    """PyTorch's log-probabilities: (time, bins)."""
    last, features = (torch.from_numpy(part)[None] for part in inputs)
    with torch.no_grad():
        return torch.log_softmax(model(last, features)[0].double(), -1).numpy()


def found(probe: str, gguf: str, inputs: Inputs) -> np.ndarray:
    """llama.cpp's, through lmz."""
    steps = zip(*inputs, strict=True)
    lines = ["start" if b == BINS else " ".join(map(str, (b, *f))) for b, f in steps]
    done = subprocess.run([probe, "logits", gguf], input="\n".join(lines) + "\n",
                          capture_output=True, text=True, check=True)  # fmt: skip
    rows = np.array([[float(v) for v in line.split()] for line in done.stdout.splitlines()])
    return torch.log_softmax(torch.from_numpy(rows), -1).numpy()


def main() -> None:
    args = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    args.add_argument("probe", help="the built example lm_probe")
    args.add_argument("checkpoint", nargs="?")
    args.add_argument("--tokens", type=Path, nargs="+", help="files of `lmz dev-tokens`")
    a = args.parse_args()
    if a.checkpoint:
        state = torch.load(a.checkpoint, map_location="cpu", weights_only=True)
        model = Llama(Shape(**state["shape"]))
        model.load_state_dict(state["model"])
    else:
        shape = Shape()
        model = Llama.from_weights(shape, random_weights(shape, 1))
    shape = model.shape
    inputs = [from_file(p, shape) for p in a.tokens] if a.tokens else [random_inputs(shape)]
    F.scaled_dot_product_attention = attention
    ours = np.concatenate([expected(model, i) for i in inputs])

    failed = False
    for quantised, tolerance in ((False, F32_TOLERANCE), (True, Q8_TOLERANCE)):
        with tempfile.TemporaryDirectory() as folder:
            path = str(Path(folder) / "check.gguf")
            write_gguf(path, shape, model.weights(), "check", quantised=quantised)
            theirs = np.concatenate([found(a.probe, path, i) for i in inputs])
        apart = float(np.abs(theirs - ours).max())
        divergence = float((np.exp(ours) * (ours - theirs)).sum(1).mean() / np.log(2))
        bad = divergence > tolerance or (not quantised and not a.tokens and apart > LARGEST)
        failed |= bad
        print(f"{'Q8_0' if quantised else 'F32'}: log-probabilities differ by at most {apart:.5f}, "
              f"divergence {divergence:.7f} bits: {'TOO MUCH' if bad else 'ok'}")  # fmt: skip
    if failed:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
