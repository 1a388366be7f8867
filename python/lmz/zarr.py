"""A codec for zarr: chunks of arrays of format 3 as lmz. Those of format 2 take `lmz.numcodecs`.

Chunks are (frames,) or (frames, channels) of int16, int32 or float32; with more dimensions, the
last is taken for the channels. Registered as `lmz` where zarr is installed.
"""

from __future__ import annotations

import asyncio
from dataclasses import asdict, dataclass
from typing import Any

from zarr.abc.codec import ArrayBytesCodec
from zarr.registry import register_codec

from .numcodecs import Lmz


@dataclass(frozen=True)
class LmzCodec(ArrayBytesCodec):
    """Lossless coding of audio chunks: the `serializer` of an array, without compressors.

    Args:
        level: 'fast', 'default' or 'best'.
        lm: as for `lmz.write`; 'off' by default, because the model takes long.
    """

    is_fixed_size = False

    level: str = "default"
    lm: str = "off"

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> LmzCodec:
        return cls(**data.get("configuration", {}))

    def to_dict(self) -> dict[str, Any]:
        return {"name": Lmz.codec_id, "configuration": asdict(self)}

    def compute_encoded_size(self, input_byte_length: int, chunk_spec: Any) -> int:
        raise NotImplementedError("it depends on the samples")

    async def _encode_single(self, chunk_data: Any, chunk_spec: Any) -> Any:
        codec = Lmz(self.level, lm=self.lm)
        packed = await asyncio.to_thread(codec.encode, chunk_data.as_numpy_array())
        return chunk_spec.prototype.buffer.from_bytes(packed)

    async def _decode_single(self, chunk_data: Any, chunk_spec: Any) -> Any:
        samples = await asyncio.to_thread(Lmz().decode, chunk_data.to_bytes())
        return chunk_spec.prototype.nd_buffer.from_numpy_array(samples.reshape(chunk_spec.shape))


register_codec(Lmz.codec_id, LmzCodec)
