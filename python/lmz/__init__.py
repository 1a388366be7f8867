"""Lossless audio compression, with the names and arguments of soundfile.

    data, samplerate = lmz.read("song.lmz", start=441_000, stop=529_200)
    lmz.write("song.lmz", data, samplerate)
    lmz.compress("song.wav", "song.lmz")        # a whole WAV file,
    lmz.decompress("song.lmz", "copy.wav")      # and back, byte for byte

Arrays have the shape (frames,) or (frames, channels) and the dtype int16, int32, float32 or
float64. Files are paths, bytes or binary file objects, those of fsspec included. Errors are
subclasses of `LmzError`, or `OSError`. While lmz computes, other threads of Python run, and ^C
stops it.

`python -m lmz.corpus` compresses folders and buckets on a Ray cluster; `lmz.ray`, `lmz.zarr`,
`lmz.numcodecs` and `lmz.webdataset` are for those packages.
"""

from ._api import (
    Info,
    LmzFile,
    Summary,
    compress,
    decode_wav,
    decompress,
    encode_wav,
    info,
    read,
    write,
)
from .errors import (
    CorruptError,
    LimitError,
    LmzError,
    ModelError,
    NotLmzError,
    NotWavError,
    OutOfRangeError,
    UnsupportedError,
)

__all__ = [
    "CorruptError",
    "Info",
    "LimitError",
    "LmzError",
    "LmzFile",
    "ModelError",
    "NotLmzError",
    "NotWavError",
    "OutOfRangeError",
    "Summary",
    "UnsupportedError",
    "compress",
    "decode_wav",
    "decompress",
    "encode_wav",
    "info",
    "read",
    "write",
]
