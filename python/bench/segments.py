"""What short segments cost in bytes; bench/read.py measures what they save.

    python bench/segments.py FILE.wav...      # sizes at several lengths of segments

Prints a Markdown table.
"""

from __future__ import annotations

import io
import sys
from pathlib import Path

import soundfile

import lmz

SECONDS = (1, 2, 5, 10, 20, 60)


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


if __name__ == "__main__":
    price(sys.argv[1:])
