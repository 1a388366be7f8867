#!/usr/bin/env python3
"""What a model saves, by class of clip, at the default level.

    cargo build --release --example lm_probe
    python measure_lm.py ../target/release/examples/lm_probe MODEL.gguf CLIPS --class speech

Bytes are those of the coded segments with the model and without, even where it saves nothing. A
file that uses a model has to name it, too: see `docs/measurements.md`. A clip's class is what stands
before `__` in its name. Prints the clips, then a Markdown table.
"""

from __future__ import annotations

import argparse
import subprocess
from pathlib import Path


def main() -> None:
    args = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    args.add_argument("probe", help="the built example lm_probe")
    args.add_argument("model")
    args.add_argument("clips", type=Path)
    args.add_argument("--class", dest="classes", action="append", help="only these; all if absent")
    a = args.parse_args()

    rows: dict[str, list[tuple[int, int]]] = {}
    for clip in sorted(a.clips.glob("*.wav")):
        name = clip.stem.split("__")[0]
        if a.classes and name not in a.classes:
            continue
        done = subprocess.run([a.probe, "gain", a.model, str(clip)],
                              capture_output=True, text=True, check=True)  # fmt: skip
        print(done.stdout, end="", flush=True)
        _, without, with_model = done.stdout.split("\t")
        rows.setdefault(name, []).append((int(without), int(with_model)))

    print("\n| Class (clips) | Bytes without | Saved | | Least and most |")
    print("|---|---|---|---|---|")
    every = [row for clips in rows.values() for row in clips]
    for name, clips in [*sorted(rows.items()), ("all", every)]:
        without, with_model = (sum(column) for column in zip(*clips, strict=True))
        saved = without - with_model
        each = [100 * (before - after) / before for before, after in clips]
        print(f"| {name} ({len(clips)}) | {without:,} | {saved:,} | {100 * saved / without:.2f} % "
              f"| {min(each):.2f} to {max(each):.2f} % |")  # fmt: skip


if __name__ == "__main__":
    main()
