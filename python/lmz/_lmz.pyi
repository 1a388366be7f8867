from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

_Progress = Callable[[int], object] | None

def compress(
    source: str | BinaryIO,
    target: str | BinaryIO,
    settings: dict[str, Any],
    progress: _Progress,
) -> dict[str, Any]: ...
def decompress(
    source: str | BinaryIO,
    target: str | BinaryIO | None,
    threads: int,
    max_output: int | None,
    progress: _Progress,
    parts: Iterator[bytes] | None,
) -> dict[str, Any]: ...
def audio(source: str | BinaryIO) -> dict[str, Any]: ...
def info(source: str | BinaryIO) -> dict[str, Any]: ...
def blake3(source: str | BinaryIO) -> str: ...
def extract(source: str | BinaryIO, start: int, stop: int, threads: int) -> bytes: ...
def cut(source: str | BinaryIO, settings: dict[str, Any]) -> tuple[bytes, int] | None: ...
def encode_part(
    head: bytes,
    source: str | BinaryIO,
    length: int,
    settings: dict[str, Any],
) -> bytes: ...
def join(
    source: str | BinaryIO,
    target: str | BinaryIO,
    settings: dict[str, Any],
    parts: Iterator[bytes],
) -> dict[str, Any]: ...
def decode_part(source: str | BinaryIO, start: int, end: int) -> bytes: ...
