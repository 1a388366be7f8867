"""Functions with soundfile's names and arguments."""

from __future__ import annotations

import contextlib
import io
import operator
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _files, _lmz, _samples
from ._files import Source, Target
from .errors import OutOfRangeError, UnsupportedError

Progress: TypeAlias = Callable[[int, "int | None"], object]

#: Seconds of a segment at the level 'training', which is 'fast' otherwise: a crop costs little to reach.
TRAINING_SEGMENT = 5


def _settings(level: str, lm: str, segment: int | None, threads: int) -> dict[str, Any]:
    """Options for the compiled half."""
    if segment is not None:
        segment = operator.index(segment)
        if not 1 <= segment <= 3600:
            raise ValueError(f"segment {segment}; 1 to 3600 seconds")
    if level == "training":
        level, segment = "fast", TRAINING_SEGMENT if segment is None else segment
    return {"level": level, "lm": lm, "segment": segment, "threads": threads}


@dataclass(frozen=True)
class Summary:
    """Result of a run over a whole file.

    `blake3` is the hash of the original WAV file, in hexadecimal.
    """

    original_bytes: int
    compressed_bytes: int
    segments: int
    blake3: str


def compress(
    src: Source,
    dst: Target,
    level: str = "default",
    lm: str = "auto",
    *,
    segment: int | None = None,
    threads: int = 0,
    progress: Progress | None = None,
) -> Summary:
    """Compress a whole WAV file; `decompress` restores it byte for byte.

    Args:
        src: path, bytes or binary file object (also of fsspec), read to its end.
        dst: path, which appears when complete and replaces an existing file, or a binary file object.
        level: 'fast', 'default' or 'best'; or 'training', which is 'fast' with segments of 5 s.
        lm: when to use the embedded language model: 'on' wherever it saves anything, 'off'
            never, 'auto' like the program: 'off' at 'fast', where it saves 1 % at 'default',
            'on' at 'best'.
        segment: length of segments in seconds; by default that of the level. To reach a position in
            the file, its segment has to be decoded from the start. In any case, a segment has
            131,072 to 8,388,608 samples, counting all channels.
        threads: 0 for one per processor. It does not affect the result.
        progress: called with (bytes read, their total or None), up to 50 times a second.

    Raises:
        NotWavError: `src` is not a WAV file.
        ValueError: an unknown level or `lm`, or an impossible `segment`.
        OSError: reading or writing failed.
    """
    settings = _settings(level, lm, segment, threads)
    source = _files.source(src)
    call = _files.progress_of(progress, source)
    with _files.target(dst) as target:
        return Summary(**_lmz.compress(source, target, settings, call))


def decompress(
    src: Source,
    dst: Target | None,
    *,
    threads: int = 0,
    max_output: int | None = None,
    progress: Progress | None = None,
) -> Summary:
    """Restore a WAV file, byte for byte; every checksum is checked.

    Args:
        src: path, bytes or binary file object.
        dst: as for `compress`; None decodes and checks everything, and writes nothing.
        max_output: largest number of bytes to restore, because a small file can expand into a large one.

    Raises:
        NotLmzError, UnsupportedError, CorruptError, LimitError: about `src`.
        OSError: reading or writing failed.
    """
    return _restore(src, dst, threads, max_output, progress)


def _restore(
    src: Source,
    dst: Target | None,
    threads: int,
    max_output: int | None = None,
    progress: Progress | None = None,
    parts: Iterator[bytes] | None = None,
) -> Summary:
    """`decompress`, of a file whose `parts` may be decoded already."""
    source = _files.source(src)
    call = _files.progress_of(progress, source)
    with contextlib.nullcontext() if dst is None else _files.target(dst) as target:
        return Summary(**_lmz.decompress(source, target, threads, max_output, call, parts))


def encode_wav(wav: bytes, level: str = "default", lm: str = "auto", **options: Any) -> bytes:
    """A WAV file as lmz, in memory. `options` are those of `compress`."""
    out = io.BytesIO()
    compress(wav, out, level, lm, **options)
    return out.getvalue()


def decode_wav(lmz: bytes, **options: Any) -> bytes:
    """The WAV file of an lmz file, in memory. `options` are those of `decompress`."""
    out = io.BytesIO()
    decompress(lmz, out, **options)
    return out.getvalue()


class LmzFile:
    """An lmz file open for reading samples.

    Only the segments that are read are decoded. The rest of the last one is kept, so that it is
    not decoded again. Opening reads both ends of the file. Not thread-safe.

    Args:
        file: path, bytes or seekable binary file object (also of fsspec).
        threads: 0 for one per processor.

    Raises:
        NotLmzError, UnsupportedError, CorruptError: about the file.
        OutOfRangeError: the file has no samples.
    """

    def __init__(self, file: Source, threads: int = 0) -> None:
        self.name = file if _files.is_path(file) else None
        self._source = _files.source(file)
        self._threads = threads
        self._position = 0
        self._closed = False
        found = self._on_source(_lmz.audio)
        if not found["channels"]:
            raise OutOfRangeError("the file has no samples")
        self.frames: int = found["frames"]
        self.samplerate: int = found["samplerate"]
        self.channels: int = found["channels"]
        self.subtype: str = found["subtype"]
        #: Frames that are decoded to reach one of them.
        self.segment_frames: int = found["segment_frames"]
        # Frames decoded beyond what was asked for, and the number of the first of them.
        native = {"FLOAT": np.float32, "DOUBLE": np.float64}.get(self.subtype, np.int32)
        self._held: NDArray[Any] = np.empty((0, self.channels), native)
        self._held_at = 0

    def _on_source(self, call: Callable[[Any], Any]) -> Any:
        if self._closed:
            raise ValueError("the file is closed")
        return call(self._source)

    def __enter__(self) -> LmzFile:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __len__(self) -> int:
        return self.frames

    def __repr__(self) -> str:
        return (
            f"LmzFile({self.name!r}, samplerate={self.samplerate}, channels={self.channels}, "
            f"frames={self.frames}, subtype={self.subtype!r})"
        )

    @property
    def closed(self) -> bool:
        return self._closed

    def close(self) -> None:
        """Close the file. A file object that was passed in stays open."""
        self._closed = True
        self._held = self._held[:0]

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        """Number of the next frame to be read."""
        return self._position

    def seek(self, frames: int, whence: int = io.SEEK_SET) -> int:
        """Go to a frame, counted from the start, the current position (1) or the end (2)."""
        if whence not in (io.SEEK_SET, io.SEEK_CUR, io.SEEK_END):
            raise ValueError(f"whence {whence}; 0, 1 or 2")
        base = (0, self._position, self.frames)[whence]
        position = base + frames
        if not 0 <= position <= self.frames:
            raise OutOfRangeError(f"frame {position}; the file has {self.frames}")
        if self._closed:
            raise ValueError("the file is closed")
        self._position = position
        return position

    def read(
        self, frames: int = -1, dtype: Any = "float64", always_2d: bool = False
    ) -> NDArray[Any]:
        """Read up to `frames` frames from the current position, or all remaining ones if negative.

        Returns:
            An array of `dtype` ('int16', 'int32', 'float32', 'float64') with shape (frames,) for
            one channel and (frames, channels) otherwise. Floats have a full scale of 1, integers
            that of their dtype, as in soundfile.

        Raises:
            CorruptError: a segment is damaged.
            UnsupportedError: the format of the samples is unknown.
        """
        return self._read(frames, dtype, always_2d, ahead=1)

    def _read(self, frames: int, dtype: Any, always_2d: bool, ahead: int) -> NDArray[Any]:
        """`ahead`: the number of segments to decode at once, 0 for no frame too many."""
        name = _samples.dtype_of(dtype)
        left = self.frames - self._position
        count = left if frames < 0 else min(frames, left)
        data = _samples.from_native(self._native(count, ahead), self.subtype, name)
        self._position += count
        if self.channels == 1 and not always_2d:
            return data.reshape(count)
        return data.reshape(count, self.channels)

    def blocks(
        self,
        blocksize: int,
        overlap: int = 0,
        frames: int = -1,
        dtype: Any = "float64",
        always_2d: bool = False,
        fill_value: float | None = None,
    ) -> Iterator[NDArray[Any]]:
        """Yield blocks of `blocksize` frames from the current position; the last is shorter, unless filled up.

        As many segments are decoded at a time as there are threads.
        """
        if blocksize < 1 or not 0 <= overlap < blocksize:
            raise ValueError("blocksize is at least 1, and overlap less than blocksize")
        left = self.frames - self._position
        end = self._position + (left if frames < 0 else min(frames, left))
        threads = self._threads or os.cpu_count() or 1
        kept: NDArray[Any] | None = None
        while self._position < end:
            fresh = blocksize - (0 if kept is None else len(kept))
            block = self._read(min(fresh, end - self._position), dtype, always_2d, threads)
            if kept is not None:
                block = np.concatenate((kept, block))
            kept = block[len(block) - overlap :].copy() if overlap else None
            if fill_value is not None and len(block) < blocksize:
                missing = (blocksize - len(block), *block.shape[1:])
                block = np.concatenate((block, np.full(missing, fill_value, block.dtype)))
            yield block

    def _native(self, count: int, ahead: int) -> NDArray[Any]:
        if self._closed:
            raise ValueError("the file is closed")
        if self.subtype == "UNKNOWN":
            raise UnsupportedError("the format of the samples is not known: see lmz.decompress")
        first, end = self._position, self._position + count
        held_end = self._held_at + len(self._held)
        parts = []
        if count and self._held_at <= first < held_end:
            parts.append(self._held[first - self._held_at : end - self._held_at])
            first = min(end, held_end)
        if first < end:
            stop = end
            if ahead:
                stop = (-(-end // self.segment_frames) + ahead - 1) * self.segment_frames
                stop = min(stop, self.frames)
            wav = self._on_source(lambda source: _lmz.extract(source, first, stop, self._threads))
            fresh = _samples.of_wav(wav)
            parts.append(fresh[: end - first])
            self._held, self._held_at = fresh[end - first :].copy(), end
        return np.concatenate(parts) if parts else self._held[:0]


def read(
    file: Source,
    frames: int = -1,
    start: int = 0,
    stop: int | None = None,
    dtype: Any = "float64",
    always_2d: bool = False,
    fill_value: float | None = None,
    *,
    threads: int = 0,
) -> tuple[NDArray[Any], int]:
    """Read the samples of a whole file or of a part; only the segments needed are decoded.

    Args:
        file: path, bytes or seekable binary file object (also of fsspec).
        frames: number of frames; negative for all up to `stop` or the end.
        start: first frame; negative ones count from the end.
        stop: first frame not to read; negative ones count from the end. Not with `frames`.
        dtype: 'int16', 'int32', 'float32' or 'float64'.
        always_2d: shape (frames, 1) even for one channel.
        fill_value: with `frames`, the value of frames past the end.

    Returns:
        (data, samplerate). See `LmzFile.read` for shape and scale.

    Raises:
        TypeError: both `frames` and `stop` are given, or another dtype.
        NotLmzError, CorruptError, UnsupportedError: about the file.
    """
    if frames >= 0 and stop is not None:
        raise TypeError("only one of frames and stop may be used")
    with LmzFile(file, threads) as opened:
        first, last, _ = slice(start, stop).indices(opened.frames)
        count = max(last - first, 0)
        if frames >= 0:
            count = min(frames, count)
        opened.seek(first)
        data = opened._read(count, dtype, always_2d, ahead=0)
        if fill_value is not None and count < frames:
            missing = (frames - count, *data.shape[1:])
            data = np.concatenate((data, np.full(missing, fill_value, data.dtype)))
        return data, opened.samplerate


def write(
    file: Target,
    data: ArrayLike,
    samplerate: int,
    subtype: str | None = None,
    level: str = "default",
    lm: str = "auto",
    *,
    segment: int | None = None,
    threads: int = 0,
    progress: Progress | None = None,
) -> Summary:
    """Write samples.

    Args:
        file: path, which appears when complete and replaces an existing file, or a binary file object.
        data: int16, int32, float32 or float64 of any byte order, with shape (frames,) or
            (frames, channels).
        samplerate: in Hz.
        subtype: 'PCM_U8', 'PCM_16', 'PCM_24', 'PCM_32', 'FLOAT' or 'DOUBLE'. By default that of
            the dtype, so that nothing is lost (soundfile makes 16 bits of floats).
        level, lm, segment, threads, progress: as for `compress`.

    Raises:
        TypeError: another dtype.
        ValueError: a shape or subtype that cannot be written.
    """
    array = np.asarray(data)
    name = _samples.dtype_of(array.dtype)
    if array.ndim not in (1, 2) or (array.ndim == 2 and array.shape[1] == 0):
        raise ValueError(f"shape {array.shape}; (frames,) or (frames, channels) is needed")
    kind = _samples.SUBTYPE_OF[name] if subtype is None else subtype.upper()
    if kind not in _samples.WIDTH:
        raise ValueError(f"subtype {subtype!r}; there are {', '.join(_samples.WIDTH)}")
    wav = _samples.wav_of(array, int(samplerate), kind)
    return compress(
        wav, file, level, lm, segment=segment, threads=threads, progress=progress
    )


@dataclass(frozen=True)
class Info:
    """Result of `info`; the first six fields are those of soundfile."""

    name: str | None
    samplerate: int
    channels: int
    frames: int
    duration: float
    subtype: str
    level: str
    segments: int
    segments_with_lm: int
    segment_frames: int
    original_bytes: int
    compressed_bytes: int
    blake3: str


def info(file: Source) -> Info:
    """What a file says of itself, without decoding it. Reads all of the file.

    Without samples (an lmz file of a WAV file that has none) `channels`, `samplerate` and `frames`
    are 0 and `subtype` is empty.

    Raises:
        NotLmzError, CorruptError, UnsupportedError: about the file.
    """
    found = _lmz.info(_files.source(file))
    frames, samplerate = found["frames"], found["samplerate"]
    return Info(
        name=os.fspath(file) if _files.is_path(file) else None,
        duration=frames / samplerate if samplerate else 0.0,
        **found,
    )
