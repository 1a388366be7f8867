#!/usr/bin/env python3
"""Trains the Llama that lmz embeds, on tokens that lmz dumps.

    lmz dev-tokens CLIP.wav TOKENS/CLIP.tok        (for each clip of the corpus)
    python train.py --tokens TOKENS --run RUN --minutes 180
    python export.py RUN/checkpoint.pt model.gguf

A token file holds little-endian u16 pairs (input id, bin of the sample) in coding order, with
the ids of a model of 32 classes; a model with fewer hears the leading bits of the class. Names
are KIND__SOURCE__NAME__PART.tok: parts of one recording never lie on both sides of the
validation split. A run that was cut off goes on from its last checkpoint when started again. With
--from-gguf a new run starts from the weights and the shape of an exported model.

The log (RUN/log.csv) gives bits per token on the validation set over the second half of each
context, which is what coding sees, by kind and as the mean of all kinds. Its row "table" is what a
table of bins given the input token alone would need: what lies below that is the model's use of
the past.
"""

from __future__ import annotations

import argparse
import csv
import dataclasses
import hashlib
import math
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from gguf_model import BINS, CLASSES, Shape, read_gguf
from model import Llama

START = CLASSES * BINS + BINS  # the start token in token files
LN2 = math.log(2)
CONTEXTS = 128  # of each kind, to validate


class Tokens:
    """Token files as two flat arrays, and where each file lies in them."""

    def __init__(self, files: list[Path], shape: Shape, length: int) -> None:
        self.length = length
        parts = [np.fromfile(f, dtype="<u2").reshape(-1, 2) for f in files]
        keep = [i for i, p in enumerate(parts) if len(p) > length]
        self.kinds = [files[i].name.split("__")[0] for i in keep]
        parts = [parts[i] for i in keep]
        assert parts, "no token file is longer than a context"
        self.sizes = np.array([len(p) for p in parts])
        self.starts = np.concatenate(([0], np.cumsum(self.sizes)[:-1]))
        both = np.concatenate(parts)
        ids, self.bins = both[:, 0].astype(np.int32), both[:, 1].astype(np.int16)
        assert self.bins.max() < BINS and ids.max() <= START, "not a token file"
        fold = (ids // BINS * shape.classes // CLASSES) * BINS + ids % BINS
        self.inputs = np.where(ids == START, shape.start, fold).astype(np.int16)
        # Square roots keep long recordings from drowning short ones, and kinds with many recordings
        # from drowning the others.
        weights = np.sqrt(self.sizes)
        for kind in set(self.kinds):
            of_kind = np.array(self.kinds) == kind
            weights[of_kind] /= np.sqrt(weights[of_kind].sum())
        self.weights = weights / weights.sum()

    def batch(self, rng: np.random.Generator, size: int) -> tuple[np.ndarray, np.ndarray]:
        """Random stretches; one in 32 starts where its segment does."""
        files = rng.choice(len(self.sizes), size, p=self.weights)
        at = (rng.random(size) * (self.sizes[files] - self.length)).astype(np.int64)
        at[rng.random(size) < 1 / 32] = 0
        index = (self.starts[files] + at)[:, None] + np.arange(self.length)
        return self.inputs[index], self.bins[index]

    def fixed(self, count: int) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """As many stretches of each kind, always the same."""
        rng = np.random.default_rng(1)
        chosen = {}
        for kind in sorted(set(self.kinds)):
            of_kind = np.flatnonzero(np.array(self.kinds) == kind)
            files = np.resize(rng.permutation(of_kind), count)
            at = (rng.random(count) * (self.sizes[files] - self.length)).astype(np.int64)
            index = (self.starts[files] + at)[:, None] + np.arange(self.length)
            chosen[kind] = self.inputs[index], self.bins[index]
        return chosen

    def table_bits(self, other: Tokens, vocab: int) -> tuple[float, dict[str, float]]:
        """What `validate` gives, for this set's counts of bins per input token."""
        counts = np.full((vocab, BINS), 0.5)
        np.add.at(counts, (self.inputs, self.bins), 1)
        bits = -np.log2(counts / counts.sum(1, keepdims=True))
        half = other.length // 2
        total = {
            kind: float(bits[inputs[:, half:], bins[:, half:]].mean())
            for kind, (inputs, bins) in other.fixed(CONTEXTS).items()
        }
        return mean_of(total), total


def mean_of(kinds: dict[str, float]) -> float:
    return sum(kinds.values()) / len(kinds)


def shown(kinds: dict[str, float]) -> str:
    return " ".join(f"{k}={v:.4f}" for k, v in kinds.items())


def held_out(path: Path) -> bool:
    """One recording in twenty validates."""
    recording = path.stem.rsplit("__", 1)[0]
    return hashlib.sha256(recording.encode()).digest()[0] % 20 == 0


@torch.no_grad()
def validate(model: Llama, data: Tokens, device: str) -> tuple[float, dict[str, float]]:
    """Bits per token over the second half of fixed contexts: mean of all kinds, and per kind."""
    model.eval()
    half = data.length // 2
    total = {}
    for kind, (inputs, bins) in data.fixed(CONTEXTS).items():
        x = torch.from_numpy(inputs.astype(np.int64)).to(device)
        y = torch.from_numpy(bins[:, half:].astype(np.int64)).to(device)
        logits = torch.cat([model(part)[:, half:] for part in x.split(64)])
        total[kind] = float(F.cross_entropy(logits.flatten(0, 1), y.flatten())) / LN2
    model.train()
    return mean_of(total), total


def main() -> None:
    args = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    args.add_argument("--tokens", type=Path, required=True, help="folder of token files")
    args.add_argument("--run", type=Path, required=True, help="folder for checkpoint and log")
    args.add_argument("--minutes", type=float, default=60, help="time budget, all starts together")
    args.add_argument("--max-tokens", type=float, help="stop by tokens instead: reproducible")
    args.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    args.add_argument("--threads", type=int, default=0)
    args.add_argument("--bf16", action="store_true", help="matrix products in bfloat16, as on GPUs")
    args.add_argument("--compile", action="store_true", help="fused; needs a C++ compiler")
    args.add_argument("--batch", type=int, default=64, help="contexts per step")
    args.add_argument("--rate", type=float, default=3e-3, help="peak learning rate")
    args.add_argument("--seed", type=int, default=1)
    args.add_argument("--from-gguf", help="model to start from; its shape counts, not the options'")
    args.add_argument("--validate-every", type=int, default=500, help="steps")
    for field in dataclasses.fields(Shape):
        if isinstance(field.default, int) and field.name != "bins":
            args.add_argument("--" + field.name.replace("_", "-"), type=int, default=field.default)
    a = args.parse_args()
    if a.threads:
        torch.set_num_threads(a.threads)
    names = [f.name for f in dataclasses.fields(Shape)]
    shape = Shape(**{n: v for n, v in vars(a).items() if n in names})
    if a.from_gguf:
        shape, weights = read_gguf(a.from_gguf)
    a.run.mkdir(parents=True, exist_ok=True)
    saved = a.run / "checkpoint.pt"

    files = sorted(a.tokens.glob("*.tok"))
    train = Tokens([f for f in files if not held_out(f)], shape, shape.context)
    valid = Tokens([f for f in files if held_out(f)], shape, shape.context)
    print(f"{len(train.inputs)} tokens to train on, {len(valid.inputs)} to validate")
    print(f"{shape}: {shape.parameters()} parameters in the GGUF")
    table_bits, table_kinds = train.table_bits(valid, shape.vocab)
    print(f"a table of bins given the input: {table_bits:.4f} {shown(table_kinds)}", flush=True)

    torch.manual_seed(a.seed)
    model = Llama.from_weights(shape, weights) if a.from_gguf else Llama(shape)
    model.to(a.device)
    matrices = [p for p in model.parameters() if p.ndim == 2]
    vectors = [p for p in model.parameters() if p.ndim == 1]
    optimiser = torch.optim.AdamW(
        [{"params": matrices, "weight_decay": 0.02}, {"params": vectors, "weight_decay": 0.0}],
        lr=a.rate, betas=(0.9, 0.98),
    )  # fmt: skip
    step, before = 0, 0.0
    if saved.exists():
        state = torch.load(saved, map_location=a.device, weights_only=True)
        assert state["shape"] == dataclasses.asdict(shape), "the checkpoint has another shape"
        model.load_state_dict(state["model"])
        optimiser.load_state_dict(state["optimiser"])
        step, before = state["step"], state["seconds"]
        print(f"going on from step {step}, {before / 60:.1f} minutes")

    log = (a.run / "log.csv").open("a", newline="")
    table = csv.writer(log)
    if step == 0:
        table.writerow(["step", "tokens", "seconds", "rate", "train_bits", "valid_bits", "kinds"])
        table.writerow(["table", "", "", "", "", f"{table_bits:.4f}", shown(table_kinds)])
    begin = time.monotonic()
    per_step = a.batch * shape.context
    mean, done = math.log(BINS), False
    forward = torch.compile(model) if a.compile else model
    fast = a.bf16 or a.device.startswith("cuda")

    def save(seconds: float) -> None:
        part = saved.with_suffix(".part")
        torch.save({"shape": dataclasses.asdict(shape), "model": model.state_dict(), "step": step,
                    "optimiser": optimiser.state_dict(), "seconds": seconds,
                    "tokens": step * per_step}, part)  # fmt: skip
        part.replace(saved)

    while not done:
        seconds = before + time.monotonic() - begin
        progress = seconds / (60 * a.minutes)
        if a.max_tokens:
            progress = step * per_step / a.max_tokens
        done = progress >= 1
        if step % a.validate_every == 0 or done:
            bits, kinds = validate(model, valid, a.device)
            rate = optimiser.param_groups[0]["lr"]
            table.writerow([step, step * per_step, round(seconds, 1), f"{rate:.2e}",
                            f"{mean / LN2:.4f}", f"{bits:.4f}", shown(kinds)])  # fmt: skip
            log.flush()
            print(f"{step} {seconds:.0f} s train {mean / LN2:.4f} valid {bits:.4f} "
                  f"{shown(kinds)}", flush=True)  # fmt: skip
            save(seconds)
        if done:
            break
        # Warm-up, then a cosine down to a fiftieth.
        rate = a.rate * min(1, (step + 1) / 200)
        rate *= 0.02 + 0.98 * (1 + math.cos(math.pi * min(progress, 1))) / 2
        for group in optimiser.param_groups:
            group["lr"] = rate
        # A generator per step, so that a resumed run sees what an unbroken one would.
        x, y = train.batch(np.random.default_rng((a.seed, step)), a.batch)
        x = torch.from_numpy(x.astype(np.int64)).to(a.device)
        y = torch.from_numpy(y.astype(np.int64)).to(a.device)
        with torch.autocast(model.cos.device.type, torch.bfloat16, enabled=fast):
            logits = forward(x)
        loss = F.cross_entropy(logits.float().flatten(0, 1), y.flatten())
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        mean += (loss.item() - mean) * max(0.01, 1 / (step + 1))
        step += 1
    log.close()


if __name__ == "__main__":
    main()
