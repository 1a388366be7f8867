#!/usr/bin/env python3
"""Makes a larger model that computes what a smaller one does, to train on from there.

    python grow.py ../models/lmz.gguf larger.gguf --layers 4 --width 192 --ffn 576
    python train.py --from-gguf larger.gguf ...

After Net2Net (Chen, Goodfellow and Shlens, 2015): whatever is new writes zeros, so that the logits
stay, and reads with small random weights, so that it can learn.

--window and --rope-base give it another window. That does change the logits, but a higher base turns the
keys so slowly that few positions look new (NTK-aware scaling, bloc97 2023).
"""

from __future__ import annotations

import argparse
import dataclasses
import math

import numpy as np

from gguf_model import Shape, read_gguf, write_gguf

Weights = dict[str, np.ndarray]
SIZES = ("layers", "width", "ffn", "heads")  # what may grow
REACH = ("window", "rope_base")  # what may change with other logits
# What adds to the residual stream.
WRITERS = ("attn_output.weight", "ffn_down.weight")


def grow(shape: Shape, weights: Weights, larger: Shape, seed: int = 1) -> Weights:
    """Weights of `larger` with the logits of `weights`."""
    for field in dataclasses.fields(Shape):
        old, new = getattr(shape, field.name), getattr(larger, field.name)
        assert new >= old if field.name in SIZES else new == old, f"{field.name}: {old} to {new}"
    rng = np.random.Generator(np.random.PCG64(seed))
    # The mean square of a stream with zeros added is smaller, so what it is divided by is, too.
    narrower = math.sqrt(shape.width / larger.width)
    grown: Weights = {}
    for name, dims in larger.tensors().items():
        old = weights.get(name)
        if len(dims) == 1:
            grown[name] = np.ones(dims, np.float32)
            if old is not None:
                grown[name][: len(old)] = old * narrower
        elif name.endswith(WRITERS):
            grown[name] = np.zeros(dims, np.float32)
        else:
            grown[name] = rng.normal(0, 0.02, dims).astype(np.float32)
        if old is not None and len(dims) == 2:
            grown[name][: old.shape[0], : old.shape[1]] = old
    return grown


def main() -> None:
    args = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    args.add_argument("model")
    args.add_argument("out")
    for name in SIZES:
        args.add_argument("--" + name, type=int)
    args.add_argument("--window", type=int, help="tokens; context twice as long")
    args.add_argument("--rope-base", type=float)
    a = args.parse_args()
    shape, weights = read_gguf(a.model)
    reach = {name: value for name in REACH if (value := getattr(a, name))}
    shape = dataclasses.replace(shape, **reach)
    sizes = {name: size for name in SIZES if (size := getattr(a, name))}
    larger = dataclasses.replace(shape, **sizes)
    write_gguf(a.out, larger, grow(shape, weights, larger), "grown", quantised=False)
    print(f"{shape.parameters()} to {larger.parameters()} parameters")


if __name__ == "__main__":
    main()
