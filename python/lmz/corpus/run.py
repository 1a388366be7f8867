"""The loop over a corpus: a bounded number of Ray tasks under way, results as they come."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import ray

from . import work
from .manifest import Manifest, Record
from .plan import Job, Settings

#: A task is so many small files, or bytes, so that starting it costs little of its time.
BATCH_FILES = 16
BATCH_BYTES = 8 << 20
#: Bytes of a file for which it gets one more processor of its node: some segments.
BYTES_PER_CPU = 16 << 20
#: Files found ahead of the work: for totals and the time left, in bounded memory.
AHEAD = 200_000


@dataclass
class Totals:
    """How far a run has come."""

    files: int = 0
    bytes: int = 0
    listed: bool = False
    skipped: int = 0
    done: int = 0
    failed: int = 0
    done_bytes: int = 0
    output_bytes: int = 0
    began: float = field(default_factory=time.monotonic)
    failures: list[Record] = field(default_factory=list)

    def count(self, record: Record) -> None:
        self.done_bytes += record.source_bytes
        if record.error:
            self.failed += 1
            if len(self.failures) < 1000:
                self.failures.append(record)
        else:
            self.done += 1
            self.output_bytes += record.output_bytes


class Finder:
    """Lists the files on a thread of its own."""

    def __init__(self, found: Iterator[tuple[Job, bool]], totals: Totals) -> None:
        self._queue: queue.Queue[Job | BaseException | None] = queue.Queue(AHEAD)
        self._totals = totals
        threading.Thread(target=self._list, args=(found,), daemon=True).start()

    def _list(self, found: Iterator[tuple[Job, bool]]) -> None:
        try:
            for job, done in found:
                if done:
                    self._totals.skipped += 1
                    continue
                self._totals.files += 1
                self._totals.bytes += job.size
                self._queue.put(job)
        except BaseException as error:
            self._queue.put(error)
        self._totals.listed = True
        self._queue.put(None)

    def batches(self) -> Iterator[list[Job]]:
        batch: list[Job] = []
        size = 0
        while (job := self._queue.get()) is not None:
            if isinstance(job, BaseException):
                raise job
            if batch and (len(batch) == BATCH_FILES or size + job.size > BATCH_BYTES):
                yield batch
                batch, size = [], 0
            batch.append(job)
            size += job.size
        if batch:
            yield batch


def run(
    settings: Settings,
    found: Iterator[tuple[Job, bool]],
    manifest: Manifest | None,
    *,
    retries: int = 2,
    show: Callable[[Totals], None] = lambda totals: None,
    do_all: Callable[[Settings, list[Job], int], list[Record]] = work.do_all,
) -> Totals:
    """Does all files that are found and not done. Ray has been initialised.

    A task that loses its worker is run again by Ray, `retries` times; a file that could not be
    read or written comes again at the end, as often. What is no WAV or lmz file does not.
    """
    totals = Totals()
    nodes = [node["Resources"].get("CPU", 0) for node in ray.nodes()  # type: ignore[no-untyped-call]
        if node["Alive"]]
    widest, cpus = int(max(nodes, default=1)), int(sum(nodes))
    task = ray.remote(do_all)
    under_way: dict[Any, list[Job]] = {}
    attempts: dict[str, int] = {}
    again: list[Job] = []
    batches = Finder(found, totals).batches()

    def take() -> list[Job] | None:
        batch = next(batches, None)
        if batch is None and again:
            return [again.pop()]
        return batch

    exhausted = False
    while True:
        while not exhausted and len(under_way) < 2 * max(cpus, 1):
            batch = take()
            if batch is None:
                exhausted = True
                break
            size = sum(job.size for job in batch)
            width = max(1, min(widest, size // BYTES_PER_CPU))
            options = task.options(num_cpus=width, max_retries=retries)
            under_way[options.remote(settings, batch, width)] = batch
        if not under_way:
            break
        ready, _ = ray.wait(list(under_way), timeout=0.5)
        for reference in ready:
            batch = under_way.pop(reference)
            for job, record in zip(batch, results(reference, batch, settings), strict=True):
                if record.retryable and attempts.get(job.name, 0) < retries:
                    attempts[job.name] = attempts.get(job.name, 0) + 1
                    again.append(job)
                    exhausted = False
                    continue
                totals.count(record)
                if manifest is not None:
                    manifest.add(record)
        show(totals)
    return totals


def results(reference: Any, batch: list[Job], settings: Settings) -> list[Record]:
    """Records of a task; of one that Ray has given up, each file's failure."""
    try:
        found: list[Record] = ray.get(reference)
        return found
    except ray.exceptions.RayError as error:
        reason = str(error).strip().splitlines()[0]
        failed = [work.record_of(settings, job) for job in batch]
        for record in failed:
            record.error = f"{type(error).__name__}: {reason}"
            # One of them may have brought the worker down: each comes again, alone.
            record.retryable = len(batch) > 1
        return failed
