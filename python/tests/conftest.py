"""Inputs of the tests."""

from __future__ import annotations

from pathlib import Path

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
def cluster():
    import ray

    context = ray.init("local", num_cpus=2, include_dashboard=False, log_to_driver=False)
    yield context.address_info["address"]
    ray.shutdown()
