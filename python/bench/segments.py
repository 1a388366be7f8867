"""What short segments cost in bytes, and what they save when a part is read.

    python bench/segments.py price FILE.wav...      # sizes at several lengths of segments
    python bench/segments.py crops FILE.wav FOLDER  # 2-second crops; packed files are kept in FOLDER

Prints Markdown tables. `crops` compares with FLAC through soundfile, with the data in the page cache.
"""

from __future__ import annotations

import io
import sys
import time
from pathlib import Path

import numpy as np
import soundfile

import lmz

SECONDS = (1, 2, 5, 10, 20, 60)
CROPS = 20


def price(names: list[str]) -> None:
    print("| file | FLAC |", " | ".join(f"{seconds} s" for seconds in SECONDS), "| level's own |")
    print("|---" * (len(SECONDS) + 3) + "|")
    for name in names:
        data, rate = soundfile.read(name, dtype="int16")
        flac = io.BytesIO()
        soundfile.write(flac, data, rate, format="FLAC", compression_level=1.0)
        sizes = []
        for segment in (*SECONDS, None):
            packed = io.BytesIO()
            sizes.append(lmz.compress(name, packed, "fast", segment=segment).compressed_bytes)
            frames = lmz.info(packed).segment_frames
            print(f"{name}: {segment} s asked, {frames / rate:.2f} s had, {sizes[-1]} bytes", file=sys.stderr)
        cells = [f"{size / sizes[-1] - 1:+.2%}" for size in sizes[:-1]]
        print("|", Path(name).stem, "|", f"{len(flac.getvalue()) / sizes[-1] - 1:+.2%}", "|", " | ".join(cells),
              "|", f"{sizes[-1]:,}", "|", flush=True)


def crops(name: str, folder: Path) -> None:
    data, rate = soundfile.read(name, dtype="int16", always_2d=True)
    flac = folder / "crops.flac"
    soundfile.write(flac, data, rate, compression_level=1.0)
    rows = [("FLAC, soundfile", flac, soundfile.read)]
    for title, options in (
        ("lmz `training`", {"level": "training"}),
        ("lmz `fast`", {"level": "fast"}),
        ("lmz `default`, no model", {"level": "default", "lm": "off"}),
    ):
        packed = folder / f"crops-{options['level']}.lmz"
        if not packed.exists():
            lmz.compress(name, packed, **options)
        rows.append((title, packed, lmz.read))
    length = 2 * rate
    starts = np.random.default_rng(0).integers(0, len(data) - length, CROPS)
    print(f"{len(data) / rate:.0f} s, {data.shape[1]} channels, {rate} Hz; {CROPS} crops of 2 s\n")
    print("| | bytes | median crop | slowest |\n|---|---|---|---|")
    for title, path, read in rows:
        times = []
        for start in starts:
            begun = time.perf_counter()
            part, _ = read(path, start=int(start), frames=length, dtype="int16")
            times.append(time.perf_counter() - begun)
            np.testing.assert_array_equal(part, data[start : start + length])
        print(f"| {title} | {path.stat().st_size:,} | {1000 * np.median(times):.0f} ms "
              f"| {1000 * max(times):.0f} ms |", flush=True)


if __name__ == "__main__":
    if sys.argv[1] == "price":
        price(sys.argv[2:])
    else:
        crops(sys.argv[2], Path(sys.argv[3]))
