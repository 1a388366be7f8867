#!/usr/bin/env python3
"""Turns a checkpoint of train.py into a GGUF with lmz's metadata.

    python export.py RUN/checkpoint.pt ../models/lmz.gguf --name lmz-1
"""

import argparse

import torch

from gguf_model import Shape, write_gguf
from model import Llama


def main() -> None:
    args = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    args.add_argument("checkpoint")
    args.add_argument("out")
    args.add_argument("--name", default="lmz")
    args.add_argument("--f32", action="store_true", help="no quantisation, to look for bugs")
    a = args.parse_args()
    state = torch.load(a.checkpoint, map_location="cpu", weights_only=True)
    model = Llama(Shape(**state["shape"]))
    model.load_state_dict(state["model"])
    write_gguf(a.out, model.shape, model.weights(), a.name, quantised=not a.f32)
    print(f"{a.out}: {model.shape}, {state['tokens']} tokens in {state['seconds'] / 60:.0f} minutes")


if __name__ == "__main__":
    main()
