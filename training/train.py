#!/usr/bin/env python3
"""Trains the Llama that lmz embeds, on tokens that lmz dumps.

    lmz dev-tokens CLIP.wav TOKENS/CLIP.tok        (for each clip of the corpus)
    python train.py --tokens TOKENS --run RUN --minutes 180
    python export.py RUN/checkpoint.pt model.gguf

A token file holds a row for each sample, in coding order (ROW below): the bin of the sample before,
or BINS at the start of a segment; the bin of the sample; what is known of it before it is coded;
and for each of the five decisions that find the bin the logit of the codec without a model in units
of 1/2048, or -32768 where the decision costs nothing because only one outcome is possible. Names are
KIND__SOURCE__NAME__PART.tok: parts of one recording never lie on both sides of the validation split.

The loss is what the codec would pay for these decisions with TRUST times the model's logit added to
its own, as its mixer does at first: a model learns what the codec does not know. One that is
trained to predict the bins by itself learns mostly what the codec knows better.

A run that was cut off goes on from its last checkpoint when started again. With --from-gguf a new
run starts from the weights and the shape of an exported model. The log (RUN/log.csv) gives bits
per token on the validation set over the second half of each context, which is what coding sees: kinds
of sources that nothing is trained on ("new-"), then the others, and the mean of all. What counts is
the first. The row "codec" is the cost without a model.
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
from torch import Tensor, nn

from exclusions import ONE_VOICE, UNSEEN
from gguf_model import BINS, FEATURES, Shape, read_gguf
from model import Llama

ROW = np.dtype([("last", "u1"), ("bin", "u1"), ("features", "i1", FEATURES), ("logits", "<i2", 5)])
FREE = -32768  # in place of a logit
UNIT = 2048
TRUST = 0.4  # LANGUAGE_WEIGHT in src/density/tree.rs
LN2 = math.log(2)
CONTEXTS = 128  # of each group, to validate
SOURCE_SHARE = 0.10  # most tokens of one package or repository
ONE_VOICE_SHARE = 0.03  # the same of a collection that one person speaks
MANY_VOICES = 4.0  # weight of other speech: what helps new voices is learnt from many

# Bins before, features, bins, the codec's logits.
Batch = tuple[Tensor, Tensor, Tensor, Tensor]


class Tokens:
    """Token files, read from disk as they are needed."""

    def __init__(self, files: list[Path], length: int, muted: list[int], mute_bin: bool) -> None:
        """muted: features fed as 0; mute_bin: the bin before is not told."""
        self.length = length
        self.muted = muted
        self.mute_bin = mute_bin
        files = [f for f in files if f.stat().st_size > length * ROW.itemsize]
        assert files, "no token file is longer than a context"
        self.files = [np.memmap(f, ROW, "r") for f in files]
        self.groups = [group_of(f) for f in files]
        self.sizes = np.array([len(f) for f in self.files])
        # Square roots keep long recordings from drowning short ones, and kinds with many recordings
        # from drowning the others.
        weights = np.sqrt(self.sizes)
        weights[[many_voices(f) for f in files]] *= MANY_VOICES
        for group in set(self.groups):
            of_group = np.array(self.groups) == group
            weights[of_group] /= np.sqrt(weights[of_group].sum())
        self.weights = capped(weights, [source_of(f) for f in files])

    def contexts(self, files: np.ndarray, at: np.ndarray) -> Batch:
        rows = np.stack([self.files[f][t : t + self.length] for f, t in zip(files, at, strict=True)])
        last, bins = (torch.from_numpy(rows[name].astype(np.int64)) for name in ("last", "bin"))
        features, logits = (torch.from_numpy(rows[name].copy()) for name in ("features", "logits"))
        features[..., self.muted] = 0
        if self.mute_bin:
            last[:] = BINS
        return last, features, bins, logits

    def batch(self, rng: np.random.Generator, size: int) -> Batch:
        """Random stretches; one in 32 starts where its segment does."""
        files = rng.choice(len(self.sizes), size, p=self.weights)
        at = (rng.random(size) * (self.sizes[files] - self.length)).astype(np.int64)
        at[rng.random(size) < 1 / 32] = 0
        return self.contexts(files, at)

    def fixed(self, count: int) -> dict[str, Batch]:
        """As many stretches of each group, always the same."""
        rng = np.random.default_rng(1)
        chosen = {}
        for group in sorted(set(self.groups)):
            of_group = np.flatnonzero(np.array(self.groups) == group)
            files = np.resize(rng.permutation(of_group), count)
            at = (rng.random(count) * (self.sizes[files] - self.length)).astype(np.int64)
            chosen[group] = self.contexts(files, at)
        return chosen


def cost(logits: Tensor, bins: Tensor, codec: Tensor) -> Tensor:
    """Bits that the codec pays for the bins, per token.

    logits: (batch, time, BINS) of the model; bins: (batch, time); codec: (batch, time, 5)
    """
    logits, bins, codec = logits.float().flatten(0, 1), bins.flatten(), codec.flatten(0, 1)
    # Weight of each half, quarter, ... of the bins.
    levels = [logits]
    while levels[0].shape[1] > 2:
        levels.insert(0, torch.logaddexp(levels[0][:, 0::2], levels[0][:, 1::2]))
    total = torch.zeros((), device=logits.device)
    for depth, level in enumerate(levels):
        upper = bins >> (4 - depth)
        lower_half = level.gather(1, (upper & ~1)[:, None])[:, 0]
        upper_half = level.gather(1, (upper | 1)[:, None])[:, 0]
        mixed = codec[:, depth] / UNIT + TRUST * (upper_half - lower_half)
        paid = F.softplus(torch.where(upper & 1 == 1, -mixed, mixed))
        total = total + torch.where(codec[:, depth] == FREE, 0.0, paid).sum()
    return total / (LN2 * len(bins))


def mean_of(kinds: dict[str, float]) -> float:
    return sum(kinds.values()) / len(kinds)


def shown(kinds: dict[str, float]) -> str:
    return " ".join(f"{k}={v:.4f}" for k, v in kinds.items())


def kind_of(path: Path) -> str:
    """Speech, music and so on."""
    return path.name.split("__")[0]


def source_of(path: Path) -> str:
    """The package or repository that a clip comes from."""
    return path.name.split("__")[1]


def held_out(path: Path) -> bool:
    """One recording in twenty validates, and whole sources that nothing is trained on."""
    recording = path.stem.rsplit("__", 1)[0]
    return source_of(path) in UNSEEN or hashlib.sha256(recording.encode()).digest()[0] % 20 == 0


def group_of(path: Path) -> str:
    """What is validated together: a kind, apart where its source is one that nothing is trained on."""
    return "new-" * (source_of(path) in UNSEEN) + kind_of(path)


def many_voices(path: Path) -> bool:
    """Speech of a collection that more than one person speaks."""
    return kind_of(path) == "speech" and source_of(path) not in ONE_VOICE


def capped(weights: np.ndarray, sources: list[str]) -> np.ndarray:
    """Shares of the files, such that no source has more than its part."""
    of_source = np.array(sources)
    shares = weights / weights.sum()
    for _ in range(20):
        for source in set(sources):
            most = ONE_VOICE_SHARE if source in ONE_VOICE else SOURCE_SHARE
            part = shares[of_source == source].sum()
            shares[of_source == source] *= min(1.0, most / part)
        shares /= shares.sum()
    return shares


@torch.no_grad()
def validate(model: nn.Module | None, data: Tokens, device: str) -> tuple[float, dict[str, float]]:
    """Bits per token over the second half of fixed contexts: mean of all kinds, and per kind.

    Without a model, what the codec alone pays.
    """
    half = data.length // 2
    total = {}
    for kind, batch in data.fixed(CONTEXTS).items():
        last, features, bins, codec = (part.to(device) for part in batch)
        if model:
            parts = zip(last.split(64), features.split(64), strict=True)
            logits = torch.cat([model(*part)[:, half:] for part in parts])
        else:
            logits = torch.zeros((*bins[:, half:].shape, BINS), device=device)
        total[kind] = float(cost(logits, bins[:, half:], codec[:, half:]))
    return mean_of(total), total


def make_optimisers(model: Llama, rate: float, muon: float) -> list[torch.optim.Optimizer]:
    """AdamW; with `muon`, the blocks' matrices go to Muon (Jordan 2024) at that multiple of the rate."""
    of_blocks = [p for p in model.blocks.parameters() if p.ndim == 2] if muon else []
    others = [p for p in model.parameters() if not any(p is q for q in of_blocks)]
    groups = [
        {"params": [p for p in others if p.ndim == 2], "weight_decay": 0.02},
        {"params": [p for p in others if p.ndim == 1], "weight_decay": 0.0},
    ]
    optimisers = [torch.optim.AdamW(groups, lr=rate, betas=(0.9, 0.98))]
    if muon:
        optimisers.append(torch.optim.Muon(of_blocks, lr=muon * rate, weight_decay=0.02,
                                           adjust_lr_fn="match_rms_adamw"))  # fmt: skip
    return optimisers


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
    args.add_argument("--muon", type=float, default=0.0, metavar="FACTOR",
                      help="matrices of the blocks by Muon, at FACTOR times the rate")  # fmt: skip
    args.add_argument("--seed", type=int, default=1)
    args.add_argument("--from-gguf", help="model to start from; its shape counts, not the options'")
    args.add_argument("--mute", type=int, nargs=2, action="append", default=[],
                      metavar=("FIRST", "LAST"), help="features fed as 0, for ablations")  # fmt: skip
    args.add_argument("--mute-bin", action="store_true", help="the same for the bin before")
    args.add_argument("--validate-every", type=int, default=500, help="steps")
    for field in dataclasses.fields(Shape):
        if isinstance(field.default, int) and field.name not in ("bins", "features", "classes"):
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
    muted = [f for first, last in a.mute for f in range(first, last + 1)]
    train = Tokens([f for f in files if not held_out(f)], shape.context, muted, a.mute_bin)
    valid = Tokens([f for f in files if held_out(f)], shape.context, muted, a.mute_bin)
    print(f"{train.sizes.sum()} tokens to train on, {valid.sizes.sum()} to validate")
    print(f"{shape}: {shape.parameters()} parameters in the GGUF")
    codec_bits, codec_kinds = validate(None, valid, "cpu")
    print(f"the codec alone: {codec_bits:.4f} {shown(codec_kinds)}", flush=True)

    torch.manual_seed(a.seed)
    model = Llama.from_weights(shape, weights) if a.from_gguf else Llama(shape)
    model.to(a.device)
    optimisers = make_optimisers(model, a.rate, a.muon)
    rates = [group["lr"] for o in optimisers for group in o.param_groups]
    step, before = 0, 0.0
    if saved.exists():
        state = torch.load(saved, map_location=a.device, weights_only=True)
        assert state["shape"] == dataclasses.asdict(shape), "the checkpoint has another shape"
        model.load_state_dict(state["model"])
        for optimiser, its_state in zip(optimisers, state["optimisers"], strict=True):
            optimiser.load_state_dict(its_state)
        step, before = state["step"], state["seconds"]
        print(f"going on from step {step}, {before / 60:.1f} minutes")

    log = (a.run / "log.csv").open("a", newline="")
    table = csv.writer(log)
    if step == 0:
        table.writerow(["step", "tokens", "seconds", "rate", "train_bits", "valid_bits", "kinds"])
        table.writerow(["codec", "", "", "", "", f"{codec_bits:.4f}", shown(codec_kinds)])
    begin = time.monotonic()
    per_step = a.batch * shape.context
    warm_up = min(200, a.max_tokens / per_step / 10) if a.max_tokens else 200
    mean, done = codec_bits, False
    forward, price = (torch.compile(f) if a.compile else f for f in (model, cost))
    fast = a.bf16 or a.device.startswith("cuda")

    def save(seconds: float) -> None:
        part = saved.with_suffix(".part")
        torch.save({"shape": dataclasses.asdict(shape), "model": model.state_dict(), "step": step,
                    "optimisers": [o.state_dict() for o in optimisers], "seconds": seconds,
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
            rate = optimisers[0].param_groups[0]["lr"]
            table.writerow([step, step * per_step, round(seconds, 1), f"{rate:.2e}",
                            f"{mean:.4f}", f"{bits:.4f}", shown(kinds)])  # fmt: skip
            log.flush()
            print(f"{step} {seconds:.0f} s train {mean:.4f} valid {bits:.4f} "
                  f"{shown(kinds)}", flush=True)  # fmt: skip
            save(seconds)
        if done:
            break
        # Warm-up, then a cosine down to a fiftieth.
        share = min(1, (step + 1) / warm_up)
        share *= 0.02 + 0.98 * (1 + math.cos(math.pi * min(progress, 1))) / 2
        groups = [group for optimiser in optimisers for group in optimiser.param_groups]
        for group, rate in zip(groups, rates, strict=True):
            group["lr"] = rate * share
        # A generator per step, so that a resumed run sees what an unbroken one would.
        batch = train.batch(np.random.default_rng((a.seed, step)), a.batch)
        last, features, bins, codec = (part.to(a.device) for part in batch)
        with torch.autocast(model.cos.device.type, torch.bfloat16, enabled=fast):
            logits = forward(last, features)
        loss = price(logits, bins, codec)
        model.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for optimiser in optimisers:
            optimiser.step()
        mean += (loss.item() - mean) * max(0.01, 1 / (step + 1))
        step += 1
    log.close()


if __name__ == "__main__":
    main()
