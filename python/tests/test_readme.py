"""Every example and command of the README, in its order, in one folder."""

from __future__ import annotations

import io
import os
import re
import shlex
import shutil
import subprocess
import sys
import tarfile
import venv
from pathlib import Path

import numpy as np
import pytest
import soundfile
from conftest import ROOT
from datasets import Audio, Dataset

import lmz

README = (ROOT / "python/README.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def commands() -> list[list[str]]:
    lines = [line for block in blocks("sh") for line in block.splitlines()]
    return [shlex.split(line, comments=True) for line in lines]


@pytest.fixture(scope="module")
def folder(bucket, cluster, tmp_path_factory):
    """What the README takes for granted."""
    path = tmp_path_factory.mktemp("readme")
    shutil.copy(ROOT / "fixtures/wav/guitar_stereo.wav", path / "song.wav")
    (path / "recordings/deep").mkdir(parents=True)
    for name in ("a.wav", "deep/b.wav"):
        shutil.copy(ROOT / "fixtures/lm/song.wav", path / "recordings" / name)
    bucket.pipe_file("bucket/in/c.wav", (path / "song.wav").read_bytes())
    with tarfile.open(path / "shard.tar", "w") as tar:
        packed = lmz.encode_wav((path / "recordings/a.wav").read_bytes())
        (member := tarfile.TarInfo("a.lmz")).size = len(packed)
        tar.addfile(member, io.BytesIO(packed))
    before = Path.cwd()
    os.chdir(path)
    yield path
    os.chdir(before)


def test_the_commands(folder, bucket, cluster):
    run = [words for words in commands() if words[0] == "python"]
    assert len(run) >= 4
    for words in run:
        words = [sys.executable if word == "python" else word.replace("head:6379", cluster) for word in words]
        done = subprocess.run(words, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, (words, done.stderr)
    bucket.invalidate_cache()
    assert bucket.exists("bucket/archive/deep/b.lmz") and bucket.exists("bucket/out/c.lmz")
    assert (folder / "back/c.wav").read_bytes() == (folder / "song.wav").read_bytes()


def test_the_examples(folder, bucket, tone):
    if not bucket.exists("bucket/archive"):
        bucket.pipe_file("bucket/archive/a.lmz", lmz.encode_wav((folder / "recordings/a.wav").read_bytes()))
    lmz.write("a.lmz", tone(8_000 * 20, 1), 8_000, level="fast")
    names = {"data": tone(44_100 * 13, 1), "wav": (folder / "song.wav").read_bytes()}
    examples = [example for example in blocks("python") if "lhotse" not in example]
    assert len(examples) >= 4
    for example in examples:
        exec(compile(example, "README.md", "exec"), names)
    assert names["part"].shape == (88_200,) and names["part"].dtype == "float32"
    assert names["wav"] == (folder / "song.wav").read_bytes() == (folder / "copy.wav").read_bytes()
    assert soundfile.info("copy.wav").samplerate == 44_100
    # What the example only describes is read here.
    rows = lmz.ray.read_lmz("s3://bucket/archive/a.lmz", ["audio"], dtype="int16").take_all()
    original = soundfile.read("recordings/a.wav", dtype="int16", always_2d=True)[0]
    np.testing.assert_array_equal(rows[0]["audio"], original)
    expected = lmz.read("a.lmz", 24_000, 100_000, dtype="float32")[0]
    np.testing.assert_array_equal(names["clips"][0]["audio"], expected)
    # Files within a table.
    rows = {"audio": [Path("a.lmz").read_bytes()], "start": [100_000], "frames": [24_000]}
    Dataset.from_dict(rows).to_parquet("clips.parquet")
    clips = Dataset.from_parquet("clips.parquet").cast_column("audio", Audio(decode=False))
    np.testing.assert_array_equal(clips.with_transform(names["load"])[0]["audio"], expected)


def test_the_example_of_lhotse(tone, tmp_path, monkeypatch):
    reason = "NOT CHECKED: the example of lhotse, because it is not installed; README.md says how"
    lhotse = pytest.importorskip("lhotse", reason=reason)
    (example,) = [example for example in blocks("python") if "lhotse" in example]
    monkeypatch.chdir(tmp_path)
    data = tone(8_000 * 20, 2)
    lmz.write("a.lmz", data, 8_000, level="fast")
    soundfile.write("b.wav", data, 8_000)
    exec(compile(example, "README.md", "exec"), names := {"lmz": lmz})
    ours, theirs = names["recording"], lhotse.Recording.from_file("b.wav")
    assert (ours.num_samples, ours.sampling_rate, ours.duration) == (160_000, 8_000, 20.0)
    np.testing.assert_array_equal(ours.load_audio(), theirs.load_audio())
    for channels in (None, 1):
        crop = {"channels": channels, "offset": 12.5, "duration": 3.0}
        np.testing.assert_array_equal(ours.load_audio(**crop), theirs.load_audio(**crop))
    cuts = [recording.to_cut().truncate(offset=12.5, duration=3.0) for recording in (ours, theirs)]
    np.testing.assert_array_equal(*(cut.load_audio() for cut in cuts))


@pytest.mark.skipif("LMZ_TEST_INSTALL" not in os.environ,
                    reason="NOT CHECKED: pip install ./python, because LMZ_TEST_INSTALL is not set")
def test_the_installation(tmp_path):
    installs = [words for words in commands() if words[0] == "pip"]
    assert len(installs) >= 2
    venv.create(tmp_path / "venv", with_pip=True)
    python = tmp_path / "venv/bin/python"
    for words in installs:
        subprocess.run([python, "-m", *words], cwd=ROOT, check=True)
    subprocess.run([python, "-c", "import lmz; lmz.encode_wav"], cwd=tmp_path, check=True)
    subprocess.run([python, "-m", "lmz.corpus", "--help"], cwd=tmp_path, check=True)


def test_no_command_is_left_out():
    assert {words[0] for words in commands()} == {"pip", "python"}
