"""Long files: looked into, coded in parts by whichever workers are free, and joined by one.

The output is that of a file coded as a whole (`src/pipeline/parts.rs` says why). The parts are
Ray's objects: in memory, or spilled to the disks of the nodes, until they are joined.
"""

from __future__ import annotations

import functools
import time
from typing import Any

import fsspec
import ray

from .. import _api, _lmz
from . import work
from .manifest import Record
from .plan import Job, Settings
from .step import Step

#: Bytes of a part, unless a segment has more: some minutes of music.
PART_BYTES = 32 << 20


def is_long(settings: Settings, job: Job) -> bool:
    """Whether a file has more than two parts."""
    return settings.task == "compress" and job.size > 2 * PART_BYTES


class Attempt:
    """One try at a long file, step by step; `whole` is for a file that cannot be cut."""

    def __init__(self, settings: Settings, job: Job, whole: Step) -> None:
        self._settings = settings
        self._jobs = [job]
        self._whole = whole
        #: Of each part, a reference to its coded form.
        self._parts: list[Any] = []
        self._missing = 0
        self._seconds = 0.0

    def first(self) -> Step:
        return Step(self._jobs, layout, (self._jobs[0],), self._cut)

    def _cut(self, found: tuple[bytes, int] | None) -> list[Record | Step]:
        if found is None:
            return [self._whole]
        (job,) = self._jobs
        head, places = ray.put(found[0]), ranges(job.size, len(found[0]), found[1])
        self._parts, self._missing = [None] * len(places), len(places)
        return [
            Step(self._jobs, code, (job, head, start, length), functools.partial(self._coded, number),
                 results=2, attempt=self)
            for number, (start, length) in enumerate(places)
        ]

    def _coded(self, number: int, results: list[Any]) -> list[Record | Step]:
        self._seconds += results[0]
        self._parts[number] = results[1]
        self._missing -= 1
        if self._missing:
            return []
        reads_back = self._settings.verify or self._settings.delete_source
        cpus = self._whole.cpus if reads_back else 1
        arguments = (self._jobs[0], self._parts, cpus)
        return [Step(self._jobs, join, arguments, self._joined, cpus, urgent=True)]

    def _joined(self, record: Record) -> list[Record | Step]:
        record.seconds = round(record.seconds + self._seconds, 4)
        return [record]


def ranges(size: int, head: int, segment: int) -> list[tuple[int, int]]:
    """Start and length of each part: whole segments, and for the last what is left."""
    length = max(PART_BYTES // segment, 1) * segment
    return [(start, min(length, size - start)) for start in range(head, size, length)]


def layout(settings: Settings, job: Job) -> tuple[bytes, int] | None:
    """What is before the samples, and bytes of a segment; None if the file cannot be cut."""
    with fsspec.core.url_to_fs(settings.source)[0].open(job.source, "rb") as source:
        return _lmz.cut(source, _options(settings))


def code(settings: Settings, job: Job, head: bytes, start: int, length: int) -> tuple[float, bytes]:
    """The seconds it took, and the part."""
    begun = time.perf_counter()
    with fsspec.core.url_to_fs(settings.source)[0].open(job.source, "rb") as source:
        source.seek(start)
        part = _lmz.encode_part(head, source, length, _options(settings))
    return time.perf_counter() - begun, part


def join(settings: Settings, job: Job, parts: list[Any], threads: int) -> Record:
    """Does the file, of which parts are coded."""
    return work.do(settings, job, threads, (ray.get(part) for part in parts))


def _options(settings: Settings) -> dict[str, Any]:
    return _api._settings(settings.level, settings.lm, settings.segment, threads=1)
