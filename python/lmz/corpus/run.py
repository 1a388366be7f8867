"""The loop over a corpus: a bounded number of Ray tasks under way, results as they come."""

from __future__ import annotations

import functools
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import ray

from ..errors import LmzError
from . import long, work
from .manifest import Manifest, Record
from .plan import Job, Settings
from .step import Step, whole

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
    # Once for each function: Ray stores every function that it is given.
    remote: Callable[[Any], Any] = functools.cache(ray.remote)
    under_way: dict[Any, tuple[Step, list[Any]]] = {}
    waiting: deque[Step] = deque()
    attempts: dict[str, int] = {}
    again: list[Job] = []
    batches = Finder(found, totals).batches()

    def take() -> Step | None:
        if waiting:
            return waiting.popleft()
        batch = next(batches, None)
        if batch is None:
            if not again:
                return None
            batch = [again.pop()]
        width = max(1, min(widest, sum(job.size for job in batch) // BYTES_PER_CPU))
        step = whole(batch, width, do_all)
        if len(batch) == 1 and long.is_long(batch[0]):
            return long.Attempt(settings, batch[0], step).first()
        return step

    def settle(job: Job, record: Record) -> None:
        if record.retryable and attempts.get(job.name, 0) < retries:
            attempts[job.name] = attempts.get(job.name, 0) + 1
            again.append(job)
            return
        totals.count(record)
        if manifest is not None:
            manifest.add(record)

    def abandon(attempt: object) -> None:
        for step in [step for step in waiting if step.attempt is attempt]:
            waiting.remove(step)
        for reference in [of for of, (step, _) in under_way.items() if step.attempt is attempt]:
            del under_way[reference]
            ray.cancel(reference)

    while True:
        while len(under_way) < 2 * max(cpus, 1) and (step := take()) is not None:
            task = remote(step.call).options(
                num_cpus=step.cpus, num_returns=step.results, max_retries=retries
            )
            references = task.remote(settings, *step.arguments)
            if step.results == 1:
                references = [references]
            under_way[references[0]] = (step, references[1:])
        if not under_way:
            break
        ready, _ = ray.wait(list(under_way), timeout=0.5)
        for reference in ready:
            if reference not in under_way:
                continue  # just abandoned
            step, others = under_way.pop(reference)
            try:
                result = ray.get(reference)
            except ray.exceptions.RayError as error:
                outcome: list[Record | Step] = [*failures(settings, step, error)]
                if step.attempt is not None:
                    abandon(step.attempt)
            else:
                outcome = step.then([result, *others] if others else result)
            jobs = {job.name: job for job in step.jobs}
            for follows in outcome:
                if isinstance(follows, Record):
                    settle(jobs[follows.name], follows)
                elif follows.urgent:
                    waiting.appendleft(follows)
                else:
                    waiting.append(follows)
        show(totals)
    return totals


def failures(settings: Settings, step: Step, error: ray.exceptions.RayError) -> list[Record]:
    """Of a task that has failed, or that Ray has given up, each file's failure."""
    cause = getattr(error, "cause", None) or error
    reason = str(cause).strip().partition("\n")[0]
    failed = [work.record_of(settings, job) for job in step.jobs]
    for record in failed:
        record.error = f"{type(cause).__name__}: {reason}"
        # What a function raised, unless it is about the file; and one of several files may have
        # brought the worker down: each comes again, alone.
        raised = cause is not error and not isinstance(cause, LmzError)
        record.retryable = raised or len(failed) > 1
    return failed
