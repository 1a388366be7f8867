#!/usr/bin/env python3
"""Dumps the tokens of a corpus with `lmz dev-tokens`; goes on where it stopped when started again.

    python dump.py --lmz ../target/release/lmz --out TOKENS --gigabytes 0.4 CORPUS/clips

Recordings that validate come first, so that the validation set is complete from the start; then
kinds take turns by bytes, so that training may begin at any time on an even mixture, and a limit
leaves out what there is most of.
"""

from __future__ import annotations

import argparse
import random
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from train import held_out


def take_turns(clips: list[Path]) -> list[Path]:
    """In random but fixed order, always of the kind with the fewest bytes so far."""
    clips = sorted(clips, key=lambda p: p.name)
    random.Random(1).shuffle(clips)
    kinds: dict[str, list[Path]] = {}
    for clip in clips:
        kinds.setdefault(clip.name.split("__")[0], []).append(clip)
    taken, order = dict.fromkeys(kinds, 0), []
    while kinds:
        kind = min(kinds, key=lambda k: taken[k])
        order.append(clip := kinds[kind].pop())
        taken[kind] += clip.stat().st_size
        if not kinds[kind]:
            del kinds[kind]
    return order


def main() -> None:
    args = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    args.add_argument("clips", type=Path, nargs="+", help="folders of clips")
    args.add_argument("--lmz", required=True, help="binary; any build has dev-tokens")
    args.add_argument("--out", type=Path, required=True)
    args.add_argument("--gigabytes", type=float, default=1e9, help="stop after so much audio")
    args.add_argument("--jobs", type=int, default=1)
    a = args.parse_args()
    a.out.mkdir(parents=True, exist_ok=True)
    clips = [p for folder in a.clips for p in folder.glob("*.wav")]
    order = take_turns([p for p in clips if held_out(p)])
    order += take_turns([p for p in clips if not held_out(p)])

    def dump(clip: Path) -> None:
        done = a.out / (clip.stem + ".tok")
        part = done.with_suffix(".part")
        if not done.exists():
            subprocess.run([a.lmz, "dev-tokens", str(clip), str(part)], check=True)
            part.replace(done)

    size, chosen = 0.0, []
    for clip in order:
        size += clip.stat().st_size
        if size > a.gigabytes * 1e9:
            break
        chosen.append(clip)
    with ThreadPoolExecutor(a.jobs) as pool:
        for _ in pool.map(dump, chosen):
            pass
    print(f"{len(chosen)} of {len(order)} clips")


if __name__ == "__main__":
    main()
