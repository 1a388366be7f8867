"""Which files are still to do, found folder by folder while the first are being worked on."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from .._files import PART
from .manifest import FOLDER, Record

SUFFIX = {"compress": (".wav", ".lmz"), "decompress": (".lmz", ".wav"), "verify": (".lmz", "")}


@dataclass(frozen=True)
class Settings:
    """What is to be done, the same for all files."""

    task: str
    source: str
    target: str
    level: str = "default"
    lm: str = "auto"
    segment: int | None = None
    verify: bool = False
    delete_source: bool = False


@dataclass(frozen=True)
class Job:
    """A file to do: paths within the two stores."""

    name: str
    source: str
    target: str
    size: int
    key: str


def key_of(info: dict[str, Any]) -> str:
    """What changes when a file is written anew, as far as its store says."""
    stamps = ("mtime", "LastModified", "ETag", "etag", "md5Hash", "generation", "created")
    found = []
    for stamp in stamps:
        value = info.get(stamp)
        if isinstance(value, datetime):
            # Some stores list a number, and tell of a single file with a time.
            value = value.timestamp()
        if value is not None:
            found.append(f"{stamp}={value}")
    return f"{info['size']};" + ";".join(found)


class Finished:
    """Files that earlier runs have finished, in the memory that two numbers take.

    Of two hashes of 64 bits, one stands for the name of a file and one for what was done to which
    version of it. A name that meets another one's hash costs that file's being done again.
    """

    def __init__(self, records: Iterable[Record] = ()) -> None:
        self._known: dict[int, int] = {}
        for record in records:
            name = number(record.name)
            self._known.pop(name, None)
            if not record.error:
                what = state(record.key, record.task, record.level, record.lm, record.segment, record.output_bytes)
                self._known[name] = what | record.verified

    def has(self, job: Job, there: dict[str, int], settings: Settings) -> bool:
        """Whether this version of a file was done in this way, and its output is as it was."""
        known = self._known.get(number(job.name))
        length = there.get(job.target)
        if known is None or length is None or settings.delete_source:
            return False
        what = state(job.key, settings.task, settings.level, settings.lm, settings.segment or 0, length)
        return known == what | 1 or (known == what and not settings.verify)


def number(text: str) -> int:
    """64 bits."""
    hashed = hashlib.blake2b(text.encode("utf-8", "surrogateescape"), digest_size=8)
    return int.from_bytes(hashed.digest(), "little")


def state(*values: object) -> int:
    """An even number: the lowest bit says whether the output was read back."""
    return number(repr(values)) & ~1


def plan(
    source: tuple[Any, str], target: tuple[Any, str], finished: Finished, settings: Settings
) -> Iterator[tuple[Job, bool]]:
    """Each file of the task's kind, and whether it is done already."""
    (source_fs, root), (target_fs, target_root) = source, target
    suffix, new = SUFFIX[settings.task]
    for folder, folders, files in source_fs.walk(root, detail=True):
        folders.pop(FOLDER, None)
        inside = os.path.relpath(folder, root) if folder.rstrip("/") != root.rstrip("/") else "."
        inside = "" if inside == "." else f"{inside}/"
        there: dict[str, int] = {}
        if settings.task != "verify":
            there = listing(target_fs, f"{target_root.rstrip('/')}/{inside}".rstrip("/"))
        for base, info in sorted(files.items()):
            if not base.lower().endswith(suffix) or base.startswith("."):
                continue
            name = f"{inside}{base}"
            output = f"{target_root.rstrip('/')}/{inside}{base[: -len(suffix)]}{new}"
            if settings.task == "verify":
                output = ""
            job = Job(name, info["name"], output, int(info["size"]), key_of(info))
            yield job, finished.has(job, there, settings)


def listing(fs: Any, folder: str) -> dict[str, int]:
    """Sizes of a folder's files; removes what a killed run has left unfinished."""
    sizes = {}
    with contextlib.suppress(FileNotFoundError):
        for info in fs.ls(folder, detail=True):
            base = info["name"].rsplit("/", 1)[-1]
            if base.startswith(".") and base.endswith(PART):
                fs.rm_file(info["name"])
            elif info["type"] == "file":
                sizes[info["name"]] = int(info["size"])
    return sizes
