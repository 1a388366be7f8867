"""What is done to one file, on whichever machine."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from typing import Any, BinaryIO, cast

import fsspec

from .. import _api, _files, _lmz
from ..errors import LmzError
from .manifest import Record
from .plan import Job, Settings, key_of

#: Bytes of an output that are kept in memory until it is complete.
SPOOL = 32 << 20


def do_all(settings: Settings, jobs: list[Job], threads: int) -> list[Record]:
    """Does some files, one after the other. One that fails does not stop the others."""
    return [do(settings, job, threads) for job in jobs]


def record_of(settings: Settings, job: Job) -> Record:
    """What is known of a file before it is done."""
    return Record(
        job.name, job.key, settings.task, settings.level, settings.lm, settings.segment or 0, job.size
    )


def do(settings: Settings, job: Job, threads: int, parts: Iterator[bytes] | None = None) -> Record:
    """Does one file; `parts` are those of it that are coded, or decoded, already."""
    begun = time.perf_counter()
    record = record_of(settings, job)
    try:
        source_fs = fsspec.core.url_to_fs(settings.source)[0]
        if settings.task == "verify":
            with source_fs.open(job.source, "rb") as source:
                summary = _api._restore(source, None, threads, parts=parts)
            record.verified = True
        else:
            target_fs = fsspec.core.url_to_fs(settings.target)[0]
            summary, record.output_bytes = convert(
                settings, job, threads, source_fs, target_fs, parts
            )
            if settings.verify or settings.delete_source:
                check(settings, job, threads, target_fs, summary.blake3)
                record.verified = True
            if settings.delete_source:
                # Not what was put in its place meanwhile.
                if key_of(source_fs.info(job.source)) != job.key:
                    raise OSError("the source has changed meanwhile; it is kept")
                source_fs.rm_file(job.source)
                record.deleted = True
        record.blake3 = summary.blake3
    except LmzError as error:
        record.error = f"{type(error).__name__}: {error}"
    except Exception as error:  # whatever a store raises: the others must go on
        record.error = f"{type(error).__name__}: {error}"
        record.retryable = True
    record.seconds = round(time.perf_counter() - begun, 4)
    return record


def convert(
    settings: Settings,
    job: Job,
    threads: int,
    source_fs: Any,
    target_fs: Any,
    parts: Iterator[bytes] | None,
) -> tuple[_api.Summary, int]:
    """Writes the output, which appears when it is complete; returns its length, too."""
    with (
        source_fs.open(job.source, "rb") as source,
        tempfile.SpooledTemporaryFile(max_size=SPOOL) as spool,
    ):
        output = cast(BinaryIO, spool)
        if settings.task == "decompress":
            summary = _api._restore(source, output, threads, parts=parts)
        elif parts is None:
            summary = _api.compress(
                source, output, settings.level, settings.lm,
                segment=settings.segment, threads=threads,
            )
        else:
            options = _api._settings(settings.level, settings.lm, settings.segment, threads)
            summary = _api.Summary(**_lmz.join(source, output, options, parts))
        length = spool.tell()
        spool.seek(0)
        store(target_fs, job.target, output)
    return summary, length


def store(fs: Any, path: str, content: BinaryIO) -> None:
    """Puts a complete file in its place. Object stores show it when all of it is there."""
    folder = path.rsplit("/", 1)[0]
    if "file" in ((fs.protocol,) if isinstance(fs.protocol, str) else fs.protocol):
        os.makedirs(folder, exist_ok=True)
        with _files.complete(path) as part, open(part, "wb") as out:
            shutil.copyfileobj(content, out, 1 << 20)
        return
    out = fs.open(path, "wb")
    try:
        shutil.copyfileobj(content, out, 8 << 20)
    except BaseException:
        # Closing it would publish what is there.
        out.discard()
        raise
    out.close()


def check(settings: Settings, job: Job, threads: int, fs: Any, blake3: str) -> None:
    """Reads what was written back from its store and compares."""
    fs.invalidate_cache()
    with fs.open(job.target, "rb") as written:
        if settings.task == "compress":
            found = _api.decompress(written, None, threads=threads).blake3
            if found != blake3:
                raise OSError(f"the stored file has the hash {found}, the original {blake3}")
            return
        if _lmz.blake3(written) != blake3:
            raise OSError(f"the stored file has another hash than the original, {blake3}")
