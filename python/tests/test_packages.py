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
from lmz.zarr import LmzCodec


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
@pytest.mark.parametrize("options", [
    {"zarr_format": 2, "compressors": Lmz("fast")},
    {"zarr_format": 3, "compressors": None, "serializer": LmzCodec("fast")},
])
def test_a_zarr_store_holds_audio(tone, tmp_path, dtype, options):
    data = tone(10_000, 2, dtype)
    store = tmp_path / "a.zarr"
    array = zarr.create_array(store=str(store), shape=data.shape, chunks=(4_096, 2), dtype=dtype, **options)
    array[:] = data
    np.testing.assert_array_equal(array[5_000:6_000], data[5_000:6_000])
    files = [file.read_bytes() for file in store.rglob("*") if file.is_file()]
    assert sum(content.startswith(b"\x89LMZ") for content in files) == 3
    # Another process finds the codec by its name alone.
    read = "import sys, zarr, numpy; numpy.save(sys.argv[2], zarr.open_array(sys.argv[1], mode='r')[:])"
    subprocess.run([sys.executable, "-c", read, store, tmp_path / "back.npy"], check=True)
    np.testing.assert_array_equal(np.load(tmp_path / "back.npy"), data)


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
