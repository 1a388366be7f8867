"""lmz in WebDataset shards: `WebDataset(urls).decode(lmz.webdataset.decoder)`."""

from __future__ import annotations

from typing import Any

from . import read


def decoder(key: str, data: bytes) -> Any:
    """(array of float32, samplerate) for members named `….lmz`; None, so others try, otherwise."""
    if key.rsplit(".", 1)[-1] != "lmz":
        return None
    return read(data, dtype="float32")
