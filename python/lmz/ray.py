"""lmz files as a Ray Dataset."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import fsspec
import ray.data

from . import LmzFile

Crop = tuple[str, float, "float | None"]


def read_lmz(
    paths: str | Iterable[str | Crop],
    columns: Iterable[str] = ("audio", "samplerate", "path"),
    *,
    dtype: str = "float32",
    **options: Any,
) -> ray.data.Dataset:
    """Read files, or parts of them: each is one row.

    Args:
        paths: a path, folder or fsspec URL, or several; or triples (path, offset, duration) in
            seconds, duration None for all that follows: only the segments touched are decoded.
        columns: of 'audio' (array of `dtype`, shape (frames, channels)), 'samplerate', 'path',
            'offset' (the first frame) and 'frames'.
        options: passed on to `ray.data.Dataset.map`, such as `num_cpus` or `concurrency`.

    Raises:
        ValueError: an unknown column.
    """
    wanted = list(columns)
    unknown = set(wanted) - {"audio", "samplerate", "path", "offset", "frames"}
    if unknown:
        raise ValueError(f"no such columns: {', '.join(sorted(unknown))}")
    rows = [row for item in ([paths] if isinstance(paths, str) else paths) for row in _rows(item)]

    def load(row: dict[str, Any]) -> dict[str, Any]:
        with fsspec.open(row["path"], "rb") as source, LmzFile(source, threads=1) as file:
            rate = file.samplerate or 1
            first = min(round(row["offset"] * rate), file.frames)
            count = -1 if row["duration"] is None else round(row["duration"] * rate)
            file.seek(first)
            found: dict[str, Any] = {"path": row["path"], "offset": first, "samplerate": rate}
            if "audio" in wanted:
                found["audio"] = file.read(count, dtype, always_2d=True)
            left = file.frames - first
            found["frames"] = left if count < 0 else min(count, left)
        return {column: found[column] for column in wanted}

    return ray.data.from_items(rows).map(load, **options)


def _rows(item: str | Crop) -> Iterable[dict[str, Any]]:
    path, offset, duration = (item, 0.0, None) if isinstance(item, str) else item
    fs, inside = fsspec.core.url_to_fs(path)
    found = [path]
    if fs.isdir(inside):
        found = [fs.unstrip_protocol(name) for name in fs.find(inside) if name.endswith(".lmz")]
    for name in sorted(found):
        yield {"path": name, "offset": float(offset), "duration": duration}


__all__ = ["read_lmz"]
