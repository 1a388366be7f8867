"""Cuts a corpus of one-second clips out of longer recordings.

    python bench/clips.py FOLDER OUT [COUNT] [PATTERN]

Starts are spread evenly over all files of FOLDER that fit PATTERN (`*.wav`) and are long enough, so
that clips of a file overlap where it takes that to make COUNT of them (3,000). Each keeps rate,
channels and format.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import soundfile

SECONDS = 1


def cut(source: Path, out: Path, count: int, pattern: str) -> int:
    """Writes the clips, a folder for each file; returns their bytes."""
    files = []
    for path in sorted(source.glob(pattern)):
        with soundfile.SoundFile(path) as file:
            room = file.frames - SECONDS * file.samplerate
            if room >= 0:
                files.append((path, room, file.samplerate))
    places = np.cumsum([room / rate + SECONDS for _, room, rate in files])
    owners = np.searchsorted(places, np.linspace(0, places[-1], count, endpoint=False), side="right")
    written = 0
    for number, (path, room, rate) in enumerate(files):
        clips = int(np.count_nonzero(owners == number))
        folder = out / f"{number:02}-{path.stem[:32]}"
        folder.mkdir(parents=True, exist_ok=True)
        for clip, start in enumerate(np.linspace(0, room, clips).astype(int)):
            with soundfile.SoundFile(path) as file:
                file.seek(start)
                kind = "float64" if file.subtype == "DOUBLE" else "float32" if file.subtype == "FLOAT" else "int32"
                data = file.read(SECONDS * rate, dtype=kind)
                name = folder / f"{clip:04}.wav"
                soundfile.write(name, data, rate, subtype=file.subtype)
            written += name.stat().st_size
    return written


if __name__ == "__main__":
    folder, out, wanted, pattern = (*sys.argv[1:], *("3000", "*.wav")[len(sys.argv) - 3 :])
    print(f"{wanted} clips, {cut(Path(folder), Path(out), int(wanted), pattern):,} bytes")
