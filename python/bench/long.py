"""One long file on two workers, beside the program.

    python bench/long.py HOURS WORK PROGRAM      # the file is made: 8 kHz, mono, 16 bits; WORK is emptied

Compresses it and restores it, at the level fast; prints wall time, processor time and the peak memory of the
driver and of each worker, and fails unless the bytes are those of PROGRAM and of the original. Needs Linux's /proc.
"""

from __future__ import annotations

import filecmp
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import soundfile
from corpus import Watched, peaks

RATE = 8_000


def voice(rng: np.random.Generator, seconds: int) -> np.ndarray:
    """Something like a voice: four tones of a moving pitch, noise, and pauses."""
    frames = seconds * RATE
    knots = np.arange(0, frames + RATE, RATE // 4)

    def curve(low: float, high: float) -> np.ndarray:
        return np.interp(np.arange(frames), knots, rng.uniform(low, high, len(knots))).astype("float32")

    phase = np.cumsum(curve(90, 220) * np.float32(2 * np.pi / RATE), dtype="float64")
    tones = sum(curve(0, 0.3 / n) * np.sin(n * phase) for n in (1, 2, 3, 5))
    loud = np.maximum(curve(-0.3, 1), 0)
    return tones * loud + rng.standard_normal(frames, "float32") * (0.002 + 0.02 * loud)


def make(path: Path, hours: float) -> None:
    with soundfile.SoundFile(path, "w", RATE, 1, "PCM_16") as file:
        for minute in range(round(hours * 60)):
            file.write(np.clip(voice(np.random.default_rng(minute), 60), -1, 1))


def watched(*arguments: object) -> None:
    run = Watched(*arguments, "--workers", 2)
    done = run.summary()
    busy = sum(seconds for _, seconds in run.workers.values())
    print(
        f"{arguments[0]}: {done['done_bytes']:,} to {done['output_bytes']:,} bytes in {done['seconds']:.0f} s; workers "
        f"{busy:.0f} s of processor time, peak memory {', '.join(f'{kb / 1024:.0f}' for kb in peaks(run))} MiB; "
        f"driver {run.driver[1]:.0f} s, {run.driver[0] / 1024:.0f} MiB",
        flush=True,
    )


def main(hours: float, work: Path, program: str) -> None:
    shutil.rmtree(work, ignore_errors=True)
    (work / "in").mkdir(parents=True)
    make(work / "in/long.wav", hours)
    watched("compress", work / "in", work / "out", "--level", "fast")
    command = [program, "compress", "--fast", str(work / "in/long.wav"), "-o", str(work / "program.lmz")]
    subprocess.run(command, check=True)
    assert filecmp.cmp(work / "out/long.lmz", work / "program.lmz", shallow=False)
    watched("decompress", work / "out", work / "back")
    assert filecmp.cmp(work / "in/long.wav", work / "back/long.wav", shallow=False)
    print("the same bytes as the program's, and as the original's")


if __name__ == "__main__":
    main(float(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
