"""The packages that lmz has a hook for, themselves."""

from __future__ import annotations

import io
import subprocess
import sys
import tarfile
from pathlib import Path

import numcodecs
import numpy as np
import pytest
import webdataset
import zarr

import lmz
from lmz.numcodecs import Lmz
from lmz.webdataset import decoder


@pytest.mark.parametrize("dtype", ["int16", "int32", "float32"])
@pytest.mark.parametrize("shape", [(1000,), (500, 3), (10, 50, 4), (0,), (3, 1)])
def test_chunks_come_back(tone, dtype, shape):
    data = tone(int(np.prod(shape)), 1, dtype).reshape(shape)
    codec = numcodecs.get_codec({"id": "lmz", "level": "fast"})
    assert isinstance(codec, Lmz)
    packed = codec.encode(data)
    np.testing.assert_array_equal(np.asarray(codec.decode(packed)).reshape(shape), data)
    out = np.empty_like(data)
    codec.decode(packed, out)
    np.testing.assert_array_equal(out, data)
    with pytest.raises(TypeError):
        codec.encode(data.astype("float64"))


def test_chunks_may_come_as_bytes(tone):
    data = tone(500, 3, "float32")
    codec = Lmz("fast", channels=3, dtype="float32")
    packed = codec.encode(data.tobytes())
    assert packed == Lmz("fast").encode(data)
    np.testing.assert_array_equal(codec.decode(packed).reshape(500, 3), data)


@pytest.mark.parametrize("dtype", ["int16", "int32", "float32"])
def test_a_zarr_store_of_format_2_holds_audio(tone, tmp_path, dtype):
    data = tone(10_000, 2, dtype)
    array = zarr.create_array(
        store=str(tmp_path / "a.zarr"), shape=data.shape, chunks=(4_096, 2), dtype=dtype,
        zarr_format=2, compressors=Lmz("fast"),
    )
    array[:] = data
    np.testing.assert_array_equal(zarr.open_array(str(tmp_path / "a.zarr"), mode="r")[:], data)
    np.testing.assert_array_equal(array[5_000:6_000], data[5_000:6_000])


def test_webdataset_decodes_shards(tone, tmp_path):
    shard = tmp_path / "a.tar"
    clips = [tone(800, 1, seed=seed) for seed in range(3)]
    with tarfile.open(shard, "w") as tar:
        for number, clip in enumerate(clips):
            out = io.BytesIO()
            lmz.write(out, clip, 8_000, level="fast")
            member = tarfile.TarInfo(f"{number:03}.lmz")
            member.size = out.tell()
            out.seek(0)
            tar.addfile(member, out)
    found = list(webdataset.WebDataset(str(shard), shardshuffle=False).decode(decoder))
    assert len(found) == 3
    for sample, clip in zip(found, clips, strict=True):
        data, rate = sample["lmz"]
        assert rate == 8_000 and data.dtype == np.float32
        np.testing.assert_array_equal(data, clip[:, 0] / np.float32(32_768))
    assert decoder("a.txt", b"") is None


def test_the_stubs_hold():
    mypy = [sys.executable, "-m", "mypy"]
    run = subprocess.run(mypy, cwd=Path(__file__).parents[1], capture_output=True, text=True)
    assert run.returncode == 0, run.stdout
