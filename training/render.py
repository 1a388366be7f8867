"""Renders scores, songs and instruments to WAV with the programs that they were made for."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

MODULES = (".mod", ".xm", ".s3m", ".it")
LONGEST = {".csd": 20}  # seconds that a render may take; some programs play for ever


def command(song: Path, out: Path, font: Path | None) -> list[str] | None:
    """What renders `song` to `out`; None for what is no song. `font`: of MIDI."""
    ending = song.suffix.lower()
    if ending in (".mid", ".midi") and font:
        return ["fluidsynth", "-niq", "-r", "44100", "-F", str(out), str(font), str(song)]
    if ending in MODULES:
        return ["openmpt123", "--batch", "--no-float", "--samplerate", "44100", "--force",
                "--output", str(out), str(song)]  # fmt: skip
    if ending == ".csd":
        return ["csound", "-d", "-W", "-s", "-m0", "-o", str(out), str(song)]
    if ending in (".mmp", ".mmpz"):
        display = ["xvfb-run", "-a"] if shutil.which("xvfb-run") else []
        return [*display, "lmms", "--allowroot", "render", str(song), "-f", "wav", "-o", str(out)]
    return None


def render(song: Path, out: Path, font: Path | None) -> bytes | None:
    """The WAV file of a song; None where it is none, needs what is not there, or fails.

    What is there when the time is over is used, if the program closes its file when interrupted.
    """
    run = command(song, out, font)
    if not run or not shutil.which(run[0]):
        return None
    out.unlink(missing_ok=True)
    limit = str(LONGEST.get(song.suffix.lower(), 150))
    subprocess.run(["timeout", "-k", "10", "-s", "INT", limit, *run], cwd=song.parent, check=False,
                   capture_output=True, stdin=subprocess.DEVNULL)  # fmt: skip
    return out.read_bytes() if out.exists() else None
