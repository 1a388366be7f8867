#!/usr/bin/env python3
"""Dumps the tokens of a corpus with `lmz dev-tokens`; goes on where it stopped when started again.

    python dump.py --lmz ../target/release/lmz --out TOKENS --gigabytes 0.4 CORPUS/clips

Recordings that validate come first, so that the validation set is complete from the start; then
kinds take turns by bytes, so that training may begin at any time on the same mixture, and a limit
leaves out what there is most of.
"""

from __future__ import annotations

import argparse
import random
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from train import group_of, held_out


# What a kind gets for each byte of the others; speech is what models help most.
SHARES = {"speech": 4, "music": 2, "instrument": 1.5, "rendered": 1.5}


def take_turns(clips: list[Path], limit: float) -> list[Path]:
    """Clips of so many bytes, in random but fixed order, always of the group that is furthest behind its
    share of the bytes."""
    clips = sorted(clips, key=lambda p: p.name)
    random.Random(1).shuffle(clips)
    groups: dict[str, list[Path]] = {}
    for clip in clips:
        groups.setdefault(group_of(clip), []).append(clip)
    taken, order = dict.fromkeys(groups, 0), []
    while groups and sum(taken.values()) < limit:
        group = min(groups, key=lambda g: taken[g] / SHARES.get(g, 1))
        order.append(clip := groups[group].pop())
        taken[group] += clip.stat().st_size
        if not groups[group]:
            del groups[group]
    return order


def main() -> None:
    args = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    args.add_argument("clips", type=Path, nargs="+", help="folders of clips")
    args.add_argument("--lmz", required=True, help="binary; any build has dev-tokens")
    args.add_argument("--out", type=Path, required=True)
    args.add_argument("--gigabytes", type=float, default=1e9, help="of audio to train on")
    args.add_argument("--validate", type=float, default=1e9, metavar="GIGABYTES", help="the same")
    args.add_argument("--jobs", type=int, default=1)
    a = args.parse_args()
    a.out.mkdir(parents=True, exist_ok=True)
    clips = [p for folder in a.clips for p in folder.glob("*.wav")]
    chosen = take_turns([p for p in clips if held_out(p)], 1e9 * a.validate)
    chosen += take_turns([p for p in clips if not held_out(p)], 1e9 * a.gigabytes)

    def dump(clip: Path) -> None:
        done = a.out / (clip.stem + ".tok")
        part = done.with_suffix(".part")
        if not done.exists():
            subprocess.run([a.lmz, "dev-tokens", str(clip), str(part)], check=True)
            part.replace(done)

    with ThreadPoolExecutor(a.jobs) as pool:
        for _ in pool.map(dump, chosen):
            pass
    print(f"{len(chosen)} of {len(clips)} clips")


if __name__ == "__main__":
    main()
