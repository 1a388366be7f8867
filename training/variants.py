"""A second version of a recording that is as lossless in kind: quieter, at a lower rate, or in fewer bits.

Nothing is dithered, as converters and editors round too.
"""

from __future__ import annotations

import random
import subprocess
from pathlib import Path

# Rates that a rate is brought down to.
LOWER = {
    96000: (48000, 44100),
    48000: (32000, 24000, 16000),
    44100: (32000, 22050, 16000),
    32000: (16000,),
    22050: (16000, 11025),
    16000: (11025, 8000),
}


def command(path: Path, rate: int, bits: int) -> list[str]:
    """sox writing the variant of a WAV to standard output; always the same one for a name."""
    rng = random.Random(path.stem)
    kinds = ["gain", "gain"] + ["rate"] * (rate in LOWER) + ["bits"] * (bits == 24)
    kind = rng.choice(kinds)
    to_bits = 16 if kind == "bits" else bits
    effects = ["gain", f"{-rng.uniform(2, 20):.2f}"] if kind == "gain" else []
    if kind == "rate":
        # Filters overshoot: room for them.
        effects = ["gain", "-1", "rate", "-v", str(rng.choice(LOWER[rate]))]
    return ["sox", "-D", str(path), "-b", str(to_bits), "-t", "wav", "-", *effects]


def variant(path: Path, rate: int, bits: int) -> bytes:
    """The variant as the bytes of a WAV."""
    return subprocess.run(command(path, rate, bits), capture_output=True, check=True).stdout
