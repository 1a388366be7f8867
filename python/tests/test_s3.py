"""A corpus in a bucket: a server of S3's protocol of the tests' own, and Ray workers as its clients."""

from __future__ import annotations

import soundfile
from test_corpus import corpus, summary

import lmz


def test_a_bucket_there_and_back(bucket, tone, tmp_path):
    wavs = {}
    for number in range(20):
        name = f"speaker{number % 3}/{number:03}.wav"
        (tmp_path / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(tmp_path / "in" / name, tone(4_000, 1, seed=number), 8_000)
        wavs[name] = (tmp_path / "in" / name).read_bytes()
        bucket.pipe_file(f"bucket/raw/{name}", wavs[name])
    command = ["compress", "s3://bucket/raw", "s3://bucket/out", "--level", "fast", "--workers", 2, "--json"]
    first = summary(corpus(*command, "--verify", check=0))
    assert (first["done"], first["failed"]) == (20, 0)
    bucket.invalidate_cache()
    for name, wav in wavs.items():
        assert bucket.cat(f"bucket/out/{name[:-4]}.lmz") == lmz.encode_wav(wav, "fast")
    assert bucket.ls("bucket/out/.lmz-corpus")
    # Again: nothing; a file that is new in the bucket: that one.
    assert summary(corpus(*command, check=0))["skipped"] == 20
    bucket.pipe_file("bucket/raw/new.wav", wavs["speaker0/000.wav"])
    again = summary(corpus(*command, check=0))
    assert (again["done"], again["skipped"]) == (1, 20)

    corpus("verify", "s3://bucket/out", "--workers", 2, check=0)
    corpus("decompress", "s3://bucket/out", tmp_path / "back", "--workers", 2, check=0)
    for name, wav in wavs.items():
        assert (tmp_path / "back" / name).read_bytes() == wav
    corpus(*command, "--delete-source", check=0)
    bucket.invalidate_cache()
    assert not bucket.find("bucket/raw")
    with bucket.open("bucket/out/speaker1/001.lmz", "rb") as packed:
        assert len(lmz.read(packed, 100, start=50)[0]) == 100
