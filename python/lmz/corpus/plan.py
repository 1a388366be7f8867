"""Which files are still to do, found folder by folder while the first are being worked on."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
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


def is_done(record: Record | None, job: Job, there: dict[str, int], settings: Settings) -> bool:
    """Whether a run before has finished this version of the file in this way."""
    if record is None or record.error or record.key != job.key or record.task != settings.task:
        return False
    if settings.delete_source or (settings.verify and not record.verified):
        return False
    if (record.level, record.lm, record.segment) != (settings.level, settings.lm, settings.segment or 0):
        return False
    return not job.target or there.get(job.target) == record.output_bytes


def plan(
    source: tuple[Any, str], target: tuple[Any, str], records: dict[str, Record], settings: Settings
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
            yield job, is_done(records.get(name), job, there, settings)


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
