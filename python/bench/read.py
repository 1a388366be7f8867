"""How long reading takes: crops of a long file beside FLAC, and whole files beside the program.

    python bench/read.py long CLIPS LONG.wav        # ten minutes, joined of stereo clips at 44.1 kHz
    python bench/read.py crops LONG.wav FOLDER      # 2-second crops; packed files are kept in FOLDER
    python bench/read.py whole FILE.wav FOLDER LMZ  # lmz.read and LMZ, the program, on one thread each

`crops` compares with FLAC through soundfile. Times are of the processor, on one thread, and the best
of some tries, because others may compute on the machine; all data is in the page cache.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import soundfile

import lmz

CROPS, TRIES = 12, 2
LEVELS = {
    "`training`": {"level": "training"},
    "`fast`": {"level": "fast"},
    "`default`": {"level": "default"},
}


def make_long(clips: Path, out: Path, seconds: int = 600) -> None:
    found = [soundfile.read(path, dtype="int16") for path in sorted(clips.glob("music_stereo*.wav"))]
    parts = [data for data, rate in found if rate == 44_100 and data.ndim == 2]
    once = np.concatenate(parts)
    whole = np.concatenate([once] * -(-seconds * 44_100 // len(once)))[: seconds * 44_100]
    soundfile.write(out, whole, 44_100)


def packed(name: Path, folder: Path, level: str) -> Path:
    out = folder / f"{name.stem}-{LEVELS[level]['level']}.lmz"
    if not out.exists():
        lmz.compress(name, out, **LEVELS[level])
    return out


def crops(name: Path, folder: Path) -> None:
    data, rate = soundfile.read(name, dtype="int16", always_2d=True)
    flac = folder / f"{name.stem}.flac"
    soundfile.write(flac, data, rate, compression_level=1.0)
    rows = [("FLAC, soundfile", flac, soundfile.read, {})]
    rows += [(f"lmz {level}", packed(name, folder, level), lmz.read, {"threads": 1}) for level in LEVELS]
    length = 2 * rate
    starts = np.random.default_rng(0).integers(0, len(data) - length, CROPS)
    print(f"{len(data) / rate:.0f} s, {data.shape[1]} channels, {rate} Hz; {CROPS} crops of 2 s, best of {TRIES}\n")
    print("| | bytes | median crop | slowest | segment |\n|---|---|---|---|---|")
    for title, path, read, options in rows:
        times = []
        for start in starts:
            tries = []
            for _ in range(TRIES):
                begun = time.process_time()
                part, _ = read(path, start=int(start), frames=length, dtype="int16", **options)
                tries.append(time.process_time() - begun)
            times.append(min(tries))
            np.testing.assert_array_equal(part, data[start : start + length])
        info = lmz.info(path) if path.suffix == ".lmz" else None
        segment = f"{info.segment_frames / rate:.1f} s, {info.segments_with_lm} with the model" if info else ""
        print(f"| {title} | {path.stat().st_size:,} | {1000 * np.median(times):.3g} ms "
              f"| {1000 * max(times):.3g} ms | {segment} |", flush=True)


def whole(name: Path, folder: Path, program: Path) -> None:
    back = folder / "back.wav"
    data, rate = soundfile.read(name, dtype="int16")
    flac = folder / f"{name.stem}.flac"
    soundfile.write(flac, data, rate, compression_level=1.0)
    begun = time.process_time()
    for _ in range(TRIES):
        soundfile.read(flac, dtype="int16")
    length = len(data) / rate
    print(f"{length:.0f} s; FLAC with soundfile: {length * TRIES / (time.process_time() - begun):.0f} x real time\n")
    print("| level | lmz.read | the program | ratio | x real time |\n|---|---|---|---|---|")
    for level in LEVELS:
        path = packed(name, folder, level)
        ours, theirs = [], []
        for _ in range(TRIES):
            begun = time.process_time()
            data, _ = lmz.read(path, dtype="int16", threads=1)
            ours.append(time.process_time() - begun)
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            subprocess.run([program, "decompress", "-q", "-f", "-j1", path, "-o", back], check=True)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            theirs.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
        np.testing.assert_array_equal(data, soundfile.read(back, dtype="int16")[0])
        print(f"| {level} | {min(ours):.2f} s | {min(theirs):.2f} s | {min(ours) / min(theirs):.3f} "
              f"| {length / min(ours):.1f} |", flush=True)
    print("\nprocessor time on one thread, best of", TRIES)


if __name__ == "__main__":
    task, *paths = sys.argv[1:]
    {"long": make_long, "crops": crops, "whole": whole}[task](*map(Path, paths))
