"""Inputs of the tests."""

from __future__ import annotations

from pathlib import Path
from urllib.request import Request, urlopen

import fsspec
import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def song() -> Path:
    return ROOT / "fixtures/wav/guitar_stereo.wav"


@pytest.fixture
def tone():
    def make(frames: int, channels: int, dtype: str = "int16", seed: int = 0) -> np.ndarray:
        rng = np.random.default_rng(seed)
        time = np.arange(frames)[:, None] * (0.01 + 0.001 * np.arange(channels)[None])
        wave = 0.5 * np.sin(time) + 0.01 * rng.standard_normal((frames, channels))
        if dtype.startswith("int"):
            wave = wave * np.iinfo(dtype).max
        return wave.astype(dtype)

    return make


@pytest.fixture(scope="module")
def bucket():
    """A file system with s3://bucket, on a server in this process; workers started later reach it."""
    pytest.importorskip("s3fs", reason="NOT CHECKED: S3, because s3fs is not installed")
    server = pytest.importorskip("moto.server", reason="NOT CHECKED: S3, because moto[server] is not installed")
    moto = server.ThreadedMotoServer(port=0, verbose=False)
    moto.start()
    host, port = moto.get_host_and_port()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in (("AWS_ACCESS_KEY_ID", "test"), ("AWS_SECRET_ACCESS_KEY", "test"),
                            ("AWS_DEFAULT_REGION", "us-east-1"), ("AWS_ENDPOINT_URL", f"http://{host}:{port}")):
            patch.setenv(name, value)
        fs = fsspec.filesystem("s3", skip_instance_cache=True)
        fs.mkdir("bucket")
        yield fs
    # What it holds is the process's, not the server's.
    urlopen(Request(f"http://{host}:{port}/moto-api/reset", method="POST")).close()
    moto.stop()


@pytest.fixture(scope="module")
def cluster():
    import ray

    from lmz.corpus.cli import configure_ray

    configure_ray(retries=2)
    context = ray.init("local", num_cpus=2, include_dashboard=False, log_to_driver=False)
    yield context.address_info["address"]
    ray.shutdown()
