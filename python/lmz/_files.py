"""Paths, bytes and file objects as inputs and outputs."""

from __future__ import annotations

import contextlib
import io
import os
import tempfile
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO, TypeAlias

Source: TypeAlias = "str | os.PathLike[str] | bytes | bytearray | memoryview | BinaryIO"
Target: TypeAlias = "str | os.PathLike[str] | BinaryIO"


def is_path(file: object) -> bool:
    return isinstance(file, (str, os.PathLike))


def source(file: Any) -> Any:
    """A path as `str`, anything else as a binary file object."""
    if is_path(file):
        return os.fspath(file)
    if isinstance(file, (bytes, bytearray, memoryview)):
        return io.BytesIO(file)
    if not hasattr(file, "read"):
        raise TypeError(f"a path, bytes or a binary file object is needed, not {type(file).__name__}")
    return file


def length(file: Any) -> int | None:
    """Bytes of a source, if that is known without reading it."""
    if isinstance(file, str):
        return os.stat(file).st_size
    try:
        here = file.tell()
        end = file.seek(0, io.SEEK_END)
        file.seek(here)
    except (AttributeError, OSError, io.UnsupportedOperation):
        return None
    return None if end is None else int(end) - int(here)


def progress_of(
    progress: Callable[[int, int | None], object] | None, file: Any
) -> Callable[[int], object] | None:
    """The callback that the compiled half makes, of the user's."""
    if progress is None:
        return None
    call, total = progress, length(file)
    return lambda done: call(done, total)


@contextlib.contextmanager
def target(file: Any) -> Iterator[Any]:
    """An output. At a path, it appears when it is complete, and replaces what was there."""
    if not is_path(file):
        if not hasattr(file, "write"):
            raise TypeError(f"a path or a binary file object is needed, not {type(file).__name__}")
        yield file
        return
    path = os.fspath(file)
    folder, name = os.path.split(path)
    handle, part = tempfile.mkstemp(prefix=f".{name}.", suffix=".part", dir=folder or ".")
    os.close(handle)
    try:
        yield part
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(part, 0o666 & ~umask)
        os.replace(part, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(part)
        raise
