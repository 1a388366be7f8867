"""A numcodecs codec: chunks of zarr arrays of format 2 as lmz. Those of format 3 take `lmz.zarr`.

Chunks are (frames,) or (frames, channels) of int16, int32 or float32; with more dimensions, the
last is taken for the channels. Registered as `lmz` where numcodecs is installed.
"""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from numcodecs.abc import Codec
from numcodecs.compat import ensure_ndarray, ndarray_copy
from numcodecs.registry import register_codec
from numpy.typing import NDArray

from . import LmzFile, write
from ._samples import WIDTH


class Lmz(Codec):  # type: ignore[misc]
    """Lossless coding of audio chunks.

    Args:
        level: 'fast', 'default' or 'best'.
        channels: samples of a frame, for chunks that arrive flat, as bytes; else the last
            dimension's length.
        dtype: of chunks that arrive as bytes.
        lm: as for `lmz.write`; 'off' by default, because the model takes long.
    """

    codec_id = "lmz"

    def __init__(
        self, level: str = "default", channels: int = 0, dtype: str = "", lm: str = "off"
    ) -> None:
        self.level = level
        self.channels = channels
        self.dtype = dtype
        self.lm = lm

    def encode(self, buf: Any) -> bytes:
        array: NDArray[Any] = ensure_ndarray(buf)
        if self.dtype and array.dtype.itemsize == 1:
            array = np.frombuffer(array.tobytes(), self.dtype)
        if array.dtype.name not in ("int16", "int32", "float32"):
            raise TypeError(f"dtype {array.dtype.name!r}; int16, int32 or float32 is needed")
        channels = self.channels or (array.shape[-1] if array.ndim > 1 else 1)
        if array.size % channels or not 1 <= channels <= 0xFFFF // WIDTH["PCM_32"]:
            # What are no frames is still a run of samples.
            channels = 1
        out = io.BytesIO()
        # The rate is not coded in the samples, and a chunk has none.
        write(out, array.reshape(-1, channels), 48_000, level=self.level, lm=self.lm, threads=1)
        return out.getvalue()

    def decode(self, buf: Any, out: Any = None) -> Any:
        with LmzFile(bytes(buf), threads=1) as file:
            dtype = {"PCM_16": "int16", "PCM_32": "int32", "FLOAT": "float32"}[file.subtype]
            samples = file.read(dtype=dtype).reshape(-1)
        return ndarray_copy(samples, out)


register_codec(Lmz)
