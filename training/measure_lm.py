#!/usr/bin/env python3
"""What a model saves, by class of clip: `lmz compress --lm on` against `--lm off`.

    python measure_lm.py ../target/release/lmz CLIPS --class speech --class bits8
    python measure_lm.py ../target/release/lmz CLIPS --model RUN/model.gguf

A clip's class is what stands before `__` in its name. Bytes are those of whole files, so the name
of the model that each file carries counts against it. Prints a Markdown table.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
import time
from pathlib import Path


def compress(command: list[str], clip: Path, folder: str) -> tuple[int, int, float]:
    """Bytes of the file, bytes that the model saved in its segments, seconds."""
    begin = time.monotonic()
    out = str(Path(folder) / "out.lmz")
    done = subprocess.run([*command, str(clip), "-o", out, "-f", "--json"],
                          capture_output=True, text=True, check=True)  # fmt: skip
    summary = json.loads(done.stdout)
    return summary["compressed_bytes"], summary["lm_saved_bytes"], time.monotonic() - begin


def main() -> None:
    args = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    args.add_argument("lmz", help="a build with llama.cpp")
    args.add_argument("clips", type=Path)
    args.add_argument("--class", dest="classes", action="append", help="only these; all if absent")
    args.add_argument("--model", help="a GGUF other than the embedded one")
    args.add_argument("--threads", default="1")
    a = args.parse_args()
    common = [a.lmz, "compress", "--threads", a.threads]
    model = ["--model", a.model] if a.model else []

    rows: dict[str, list[tuple[int, int, int]]] = {}
    print(f"{'clip':<60} {'without':>9} {'with':>9} {'saved':>7}  in segments")
    with tempfile.TemporaryDirectory() as folder:
        for clip in sorted(a.clips.glob("*.wav")):
            name = clip.stem.split("__")[0]
            if a.classes and name not in a.classes:
                continue
            off, _, _ = compress([*common, "--lm", "off"], clip, folder)
            on, saved, seconds = compress([*common, "--lm", "on", *model], clip, folder)
            rows.setdefault(name, []).append((off, on, saved))
            print(f"{clip.stem:<60} {off:>9} {on:>9} {100 * (off - on) / off:>6.2f}%  "
                  f"{saved} ({seconds:.0f} s)", flush=True)  # fmt: skip

    print("\n| Class (clips) | Bytes without | Bytes with | Saved | Least and most |")
    print("|---|---|---|---|---|")
    every = [row for clips in rows.values() for row in clips]
    for name, clips in [*sorted(rows.items()), ("all", every)]:
        off, on, _ = (sum(column) for column in zip(*clips, strict=True))
        each = [100 * (off - on) / off for off, on, _ in clips]
        print(f"| {name} ({len(clips)}) | {off:,} | {on:,} | {100 * (off - on) / off:.2f} % "
              f"| {min(each):.2f} to {max(each):.2f} % |")  # fmt: skip


if __name__ == "__main__":
    main()
