"""Long files: looked into, coded or decoded in parts by whichever workers are free, and joined by one.

The output is that of a file done as a whole (`src/pipeline/parts.rs` and `decoded_parts.rs` say why).
The parts are Ray's objects: in memory, or spilled to the disks of the nodes, until they are joined.
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

#: Bytes of the original in a part, unless a segment has more: some minutes of music.
PART_BYTES = 32 << 20


def is_long(job: Job) -> bool:
    """Whether a file has more than two parts."""
    return job.size > 2 * PART_BYTES


class Attempt:
    """One try at a long file, step by step; `whole` is for a file that cannot be cut."""

    def __init__(self, settings: Settings, job: Job, whole: Step) -> None:
        self._settings = settings
        self._jobs = [job]
        self._whole = whole
        #: Of each part, a reference to what has become of it.
        self._parts: list[Any] = []
        self._missing = 0
        self._seconds = 0.0

    def first(self) -> Step:
        return Step(self._jobs, layout, (self._jobs[0],), self._cut)

    def _cut(self, found: tuple[bytes, tuple[int, int, int, int]] | None) -> list[Record | Step]:
        places = ranges(*found[1]) if found else []
        if not found or not places:
            return [self._whole]
        (job,) = self._jobs
        head = ray.put(found[0])
        self._parts, self._missing = [None] * len(places), len(places)
        return [
            Step(self._jobs, code, (job, head, start, end), functools.partial(self._coded, number),
                 results=2, attempt=self)
            for number, (start, end) in enumerate(places)
        ]

    def _coded(self, number: int, results: list[Any]) -> list[Record | Step]:
        self._seconds += results[0]
        self._parts[number] = results[1]
        self._missing -= 1
        if self._missing:
            return []
        reads_back = self._settings.verify or self._settings.delete_source
        decodes = reads_back and self._settings.task == "compress"
        cpus = self._whole.cpus if decodes else 1
        arguments = (self._jobs[0], self._parts, cpus)
        return [Step(self._jobs, join, arguments, self._joined, cpus, urgent=True)]

    def _joined(self, record: Record) -> list[Record | Step]:
        record.seconds = round(record.seconds + self._seconds, 4)
        return [record]


def ranges(first: int, end: int, segment: int, segment_bytes: int) -> list[tuple[int, int]]:
    """Start and end of each part: whole segments, and for the last what is left."""
    length = max(PART_BYTES // segment_bytes, 1) * segment
    return [(start, min(start + length, end)) for start in range(first, end, length)]


def layout(settings: Settings, job: Job) -> tuple[bytes, tuple[int, int, int, int]] | None:
    """What is before the samples, and what `ranges` takes; None if the file cannot be cut.

    Samples are counted in bytes of a file to compress, and in frames of one to decode.
    """
    with fsspec.core.url_to_fs(settings.source)[0].open(job.source, "rb") as source:
        if settings.task == "compress":
            cut = _lmz.cut(source, _options(settings))
            return cut and (cut[0], (len(cut[0]), job.size, cut[1], cut[1]))
        found = _lmz.audio(source)
        if not found["channels"]:
            return None
        segment = found["segment_frames"]
        return b"", (0, found["frames"], segment, segment * found["frame_bytes"])


def code(settings: Settings, job: Job, head: bytes, start: int, end: int) -> tuple[float, bytes]:
    """The seconds it took, and the part, coded or decoded."""
    begun = time.perf_counter()
    with fsspec.core.url_to_fs(settings.source)[0].open(job.source, "rb") as source:
        if settings.task == "compress":
            source.seek(start)
            part = _lmz.encode_part(head, source, end - start, _options(settings))
        else:
            part = _lmz.decode_part(source, start, end)
    return time.perf_counter() - begun, part


def join(settings: Settings, job: Job, parts: list[Any], threads: int) -> Record:
    """Does the file, whose parts are done."""
    return work.do(settings, job, threads, (ray.get(part) for part in parts))


def _options(settings: Settings) -> dict[str, Any]:
    return _api._settings(settings.level, settings.lm, settings.segment, threads=1)
