"""Paths, bytes and file objects as inputs and outputs."""

from __future__ import annotations

import contextlib
import io
import os
import secrets
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO, TypeAlias, TypeGuard

Source: TypeAlias = "str | os.PathLike[str] | bytes | bytearray | memoryview | BinaryIO"
Target: TypeAlias = "str | os.PathLike[str] | BinaryIO"


#: How names of files end that are not complete.
PART = ".lmz-part"


def is_path(file: object) -> TypeGuard[str | os.PathLike[str]]:
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
    with complete(os.fspath(file)) as part:
        yield part


@contextlib.contextmanager
def complete(path: str) -> Iterator[str]:
    """A file to write, which becomes `path` when the block ends, on disk, and is gone if that raises."""
    folder, name = os.path.split(path)
    part = os.path.join(folder, f".{name[:80]}.{secrets.token_hex(6)}{PART}")
    os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
    try:
        yield part
        with open(part, "rb+") as written:
            os.fsync(written.fileno())
        os.replace(part, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(part)
        raise
