"""What has been done, one JSON object a line, in `DST/.lmz-corpus/*.jsonl`."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any

FOLDER = ".lmz-corpus"

#: Seconds between two objects in stores that cannot append to one.
UPLOAD_EVERY = 5.0


@dataclass
class Record:
    """One file.

    `key` tells one version of the source from another (size, and time or tag where the store has
    one). `blake3` is the hash of the WAV file. `seconds` is the time that the work took. A record
    with an `error` is of a file that has failed.
    """

    name: str
    key: str = ""
    task: str = ""
    level: str = ""
    lm: str = ""
    segment: int = 0
    source_bytes: int = 0
    output_bytes: int = 0
    blake3: str = ""
    verified: bool = False
    deleted: bool = False
    seconds: float = 0.0
    error: str = ""
    retryable: bool = False


class Manifest:
    """Records of a destination; a crash loses those of the last seconds at most."""

    def __init__(self, fs: Any, root: str) -> None:
        self._fs = fs
        self._folder = f"{root.rstrip('/')}/{FOLDER}"
        self._local = "file" in ((fs.protocol,) if isinstance(fs.protocol, str) else fs.protocol)
        self._run = f"{time.time_ns():020d}-{os.getpid()}"
        self._pending: list[str] = []
        self._parts = 0
        self._uploaded = time.monotonic()
        self._file: Any = None

    def read(self) -> Iterator[Record]:
        """The records of all runs, in order. A torn last line, of a run that was killed, is left out."""
        if not self._fs.exists(self._folder):
            return
        known = {field.name for field in fields(Record)}
        for path in sorted(self._fs.find(self._folder)):
            with self._fs.open(path, "rb") as lines:
                for line in lines:
                    try:
                        found = json.loads(line)
                        record = Record(**{k: v for k, v in found.items() if k in known})
                    except (ValueError, TypeError, AttributeError):
                        continue
                    yield record

    def add(self, record: Record) -> None:
        line = json.dumps(vars(record), ensure_ascii=False) + "\n"
        if self._local:
            if self._file is None:
                os.makedirs(self._folder, exist_ok=True)
                self._file = open(f"{self._folder}/{self._run}.jsonl", "a", encoding="utf-8")
            self._file.write(line)
            self._file.flush()
            return
        self._pending.append(line)
        if time.monotonic() - self._uploaded >= UPLOAD_EVERY:
            self._upload()

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
        self._upload()

    def _upload(self) -> None:
        self._uploaded = time.monotonic()
        if not self._pending:
            return
        path = f"{self._folder}/{self._run}-{self._parts:06d}.jsonl"
        self._fs.makedirs(self._folder, exist_ok=True)
        self._fs.pipe_file(path, "".join(self._pending).encode())
        self._parts += 1
        self._pending.clear()
