#!/usr/bin/env python3
"""Measures what models save on sources that training has none of, all on the same tokens.

    python unseen.py --tokens TOKENS MODEL.gguf…  > table.md

The weights are those of the GGUF, Q8_0 and all. As in coding, a model that keeps a window of W tokens
sees W to 2 W of them. A model of another window is asked about the same tokens, unlike in the validation of
train.py; --window gives all models one that they were not trained with. The last column is the mean of the kinds.
"""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path

import torch

from exclusions import UNSEEN
from gguf_model import BINS, read_gguf
from model import Llama
from train import Batch, Tokens, cost, mean_of, source_of


@torch.no_grad()
def paid(model: Llama | None, batch: Batch) -> float:
    """Bits per token over the second half of the stretches."""
    last, features, bins, codec = batch
    length = bins.shape[1]
    half = length // 2
    logits = torch.zeros((*bins[:, half:].shape, BINS))
    window = model.shape.window if model else half
    assert window <= half
    for at in range(half, length, window) if model else ():
        seen = slice(at - window, at + window)
        for part in torch.arange(len(bins)).split(64):
            answer = model(last[part, seen], features[part, seen])[:, window:]
            logits[part, at - half : at - half + window] = answer
    return float(cost(logits, bins[:, half:], codec[:, half:]))


def main() -> None:
    args = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    args.add_argument("--tokens", type=Path, required=True, help="folder of token files")
    args.add_argument("--stretches", type=int, default=1024, help="of each kind")
    args.add_argument("--length", type=int, default=256, help="of a stretch; its second half counts")
    args.add_argument("--window", type=int, help="in place of the models' own")
    args.add_argument("--threads", type=int, default=1)
    args.add_argument("models", nargs="+")
    a = args.parse_args()
    torch.set_num_threads(a.threads)
    files = [f for f in sorted(a.tokens.glob("*.tok")) if source_of(f) in UNSEEN]
    batches = Tokens(files, a.length, [], False).fixed(a.stretches)
    alone = {kind: paid(None, batch) for kind, batch in batches.items()}
    kinds = [kind.removeprefix("new-") for kind in batches]
    print(f"| Model | Layers | Width | FFN | Window | Parameters | {' | '.join(kinds)} | all |")
    print("|---" * (len(kinds) + 7) + "|")
    cells = [f"{bits:.4f}" for bits in (*alone.values(), mean_of(alone))]
    print(f"| codec alone | | | | | | {' | '.join(cells)} |", flush=True)
    for path in a.models:
        shape, weights = read_gguf(path)
        shape = dataclasses.replace(shape, window=a.window or shape.window)
        model = Llama.from_weights(shape, weights)
        saved = {kind: alone[kind] - paid(model, batch) for kind, batch in batches.items()}
        cells = [str(n) for n in (shape.layers, shape.width, shape.ffn, shape.window,
                                  shape.parameters())]  # fmt: skip
        cells += [f"{bits:.4f}" for bits in (*saved.values(), mean_of(saved))]
        print(f"| {Path(path).stem} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
