#!/usr/bin/env python3
"""Writes a model with random weights: test fixtures and timing of shapes.

    python random_model.py --preset tiny ../fixtures/models/tiny.gguf
    python random_model.py --preset numbers ../fixtures/models/numbers.gguf
    python random_model.py --preset grouped ../fixtures/models/grouped.gguf
    python random_model.py --layers 2 --width 128 --heads 2 --ffn 384 /tmp/shape.gguf
"""

import argparse

from gguf_model import Shape, random_weights, write_gguf

# Small enough to live in the repository, with every part of the real interfaces but their size.
PRESETS = {
    "tiny": Shape(layers=1, width=32, heads=2, head_dim=16, ffn=32, window=32, features=0, classes=8),
    "numbers": Shape(layers=1, width=96, heads=2, head_dim=16, ffn=32, window=32),
    # Whatever the embedded model's shape does not show of the exact engine.
    "grouped": Shape(layers=2, width=96, heads=4, kv_heads=2, head_dim=16, ffn=64, window=48,
                     rope_base=500000.0, norm_eps=1e-6, own_head=True),  # fmt: skip
}

SIZES = ("layers", "width", "heads", "head_dim", "kv_heads", "ffn", "window", "features", "classes")


def main() -> None:
    args = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    args.add_argument("out")
    args.add_argument("--preset", choices=PRESETS)
    args.add_argument("--seed", type=int, default=1)
    args.add_argument("--f32", action="store_true", help="no quantisation")
    for field in SIZES:
        args.add_argument("--" + field.replace("_", "-"), type=int)
    a = args.parse_args()
    if a.preset:
        shape = PRESETS[a.preset]
    else:
        given = {n: getattr(a, n) for n in SIZES if getattr(a, n) is not None}
        shape = Shape(**given)
    write_gguf(a.out, shape, random_weights(shape, a.seed), f"random-{a.seed}", quantised=not a.f32)
    print(f"{a.out}: {shape.parameters()} parameters, vocabulary {shape.vocab}")


if __name__ == "__main__":
    main()
