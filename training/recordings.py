"""Recordings in public repositories: `recordings.tsv` names each with commit, path and licence.

A source reads `owner/name@commit:path`, and ` 1.77s` behind it where the clip starts later in its file.
"""

from __future__ import annotations

import csv
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

LIST = Path(__file__).with_name("recordings.tsv")


@dataclass(frozen=True)
class Recording:
    """One row of the list."""

    clip: str
    kind: str
    source: str
    licence: str
    seconds: float

    @property
    def repository(self) -> str:
        """`owner/name`."""
        return self.source.partition("@")[0]

    def place(self) -> tuple[str, str, float]:
        """Commit, path, and the second it starts at."""
        found = re.fullmatch(r"[^@]+@([0-9a-f]+):(.+?)(?: ([0-9.]+)s)?", self.source)
        assert found, self.source
        return found[1], found[2], float(found[3] or 0)


def listed() -> list[Recording]:
    with LIST.open(newline="") as file:
        rows = csv.DictReader(file, delimiter="\t")
        return [
            Recording(r["clip"], r["kind"], r["source"], r["licence"], float(r["seconds"]))
            for r in rows
        ]


def fetched(recording: Recording, work: Path) -> Path:
    """The recording's file, checked out alone at its commit."""
    commit, path, _ = recording.place()
    tree = work / recording.repository.replace("/", "+")
    if not tree.exists():
        url = f"https://github.com/{recording.repository}"
        command = ["git", "clone", "-q", "--filter=blob:none", "--no-checkout", url, str(tree)]
        subprocess.run(command, check=True)
    subprocess.run(["git", "-C", str(tree), "checkout", "-q", commit, "--", path], check=True)
    return tree / path


def wav_files(folder: Path | None, work: Path) -> Iterator[tuple[Recording, bytes]]:
    """Every recording as the bytes of a WAV: from `folder`, where FLACs lie under the names of the list,
    or from its repository."""
    for recording in listed():
        local = folder and folder / f"{recording.clip}.flac"
        if local and local.exists():
            command = ["flac", "-dcs", str(local)]
        else:
            path, start = fetched(recording, work), recording.place()[2]
            command = ["sox", "-D", str(path), "-t", "wav", "-"]
            command += ["trim", str(start), str(recording.seconds)]
        yield recording, subprocess.run(command, capture_output=True, check=True).stdout
