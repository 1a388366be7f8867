"""Long files, whose parts are coded and decoded by different workers."""

from __future__ import annotations

import io

import fsspec
import pytest
import soundfile

import lmz
from lmz.corpus import long
from lmz.corpus.manifest import Manifest
from lmz.corpus.plan import Finished, Settings, plan
from lmz.corpus.run import run


@pytest.fixture
def folders(tmp_path, monkeypatch):
    # Every part is one segment, and every file of some is long.
    monkeypatch.setattr(long, "PART_BYTES", 1)
    (tmp_path / "in").mkdir()
    return tmp_path / "in", tmp_path / "out"


def records_of(source, target, task="compress", **options):
    settings = Settings(task, str(source), str(target), "training", **options)
    ends = [fsspec.core.url_to_fs(end) for end in (settings.source, settings.target)]
    manifest = Manifest(*ends[1])
    totals = run(settings, plan(*ends, Finished(), settings), manifest)
    manifest.close()
    return totals, {record.name: record for record in manifest.read()}


def test_parts_join_to_the_bytes_of_a_whole_file(cluster, folders, tone):
    source, target = folders
    wavs = {}
    for name, channels, subtype in (("a", 1, "PCM_16"), ("b", 2, "PCM_24"), ("c", 1, "FLOAT")):
        soundfile.write(source / f"{name}.wav", tone(400_000 // channels, channels), 8_000, subtype=subtype)
        wavs[name] = (source / f"{name}.wav").read_bytes() + b"LIST\x04\0\0\0tail"
        (source / f"{name}.wav").write_bytes(wavs[name])
    totals, records = records_of(source, target, delete_source=True)
    assert (totals.done, totals.failed) == (3, 0) and not list(source.iterdir())
    for name, wav in wavs.items():
        packed = (target / f"{name}.lmz").read_bytes()
        assert packed == lmz.encode_wav(wav, "training")
        record = records[f"{name}.wav"]
        assert record.verified and record.output_bytes == len(packed)
        # The parts take longer than the join.
        assert record.seconds > 0.1 and record.blake3 == lmz.info(packed).blake3
    assert lmz.info(target / "a.lmz").segments == 4


def test_parts_are_restored_to_the_bytes_of_a_whole_file(cluster, folders, tone, tmp_path):
    _, packed = folders
    packed.mkdir()
    wavs = {}
    for name, channels, subtype in (("a", 1, "PCM_16"), ("b", 2, "PCM_24"), ("c", 1, "FLOAT")):
        soundfile.write(wav := io.BytesIO(), tone(400_000 // channels, channels), 8_000, subtype=subtype, format="WAV")
        wavs[name] = wav.getvalue() + b"LIST\x04\0\0\0tail"
        lmz.compress(wavs[name], packed / f"{name}.lmz", "training")
    # Without samples there are no parts.
    wavs["no samples"], wavs["no frames"] = b"RIFF\x04\0\0\0WAVE", wavs["a"][:40] + bytes(4)
    for name in ("no samples", "no frames"):
        lmz.compress(wavs[name], packed / f"{name}.lmz")
        assert lmz.info(packed / f"{name}.lmz").frames == 0
    for task, end in (("verify", tmp_path / "records"), ("decompress", tmp_path / "back")):
        totals, records = records_of(packed, end, task)
        assert (totals.done, totals.failed) == (5, 0)
        assert all(records[f"{name}.lmz"].blake3 == lmz.info(packed / f"{name}.lmz").blake3 for name in wavs)
    for name, wav in wavs.items():
        assert (tmp_path / f"back/{name}.wav").read_bytes() == wav

    damaged = bytearray((packed / "a.lmz").read_bytes())
    damaged[len(damaged) // 2] ^= 1
    (packed / "a.lmz").write_bytes(damaged)
    for task in ("verify", "decompress"):
        totals, records = records_of(packed, tmp_path / task, task)
        assert (totals.done, totals.failed) == (4, 1)
        assert records["a.lmz"].error.startswith("CorruptError: ")
    assert not (tmp_path / "decompress/a.wav").exists()


def test_what_cannot_be_cut_is_coded_as_a_whole_or_fails(cluster, folders, tone):
    source, target = folders
    soundfile.write(source / "turned.wav", tone(2_000, 1), 8_000)
    wav = (source / "turned.wav").read_bytes()
    # The format behind the samples.
    turned = wav[:12] + wav[36:] + wav[12:36]
    (source / "turned.wav").write_bytes(turned)
    (source / "text.wav").write_bytes(b"no WAV file at all")
    totals, records = records_of(source, target)
    assert (totals.done, totals.failed) == (1, 1)
    assert records["text.wav"].error.startswith("NotWavError: not a WAV")
    assert (target / "turned.lmz").read_bytes() == lmz.encode_wav(turned, "training")


def test_a_part_that_cannot_be_read_fails_its_file_alone(cluster, folders, tone, tmp_path):
    source, target = folders
    for name in "ab":
        soundfile.write(source / f"{name}.wav", tone(300_000, 1), 8_000)
    settings = Settings("compress", str(source), str(target), "training")
    ends = [fsspec.core.url_to_fs(end) for end in (settings.source, settings.target)]
    found = list(plan(*ends, Finished(), settings))
    # Gone between its listing and its work.
    (source / "a.wav").unlink()
    totals = run(settings, iter(found), None, retries=1)
    assert (totals.done, totals.failed) == (1, 1)
    assert "FileNotFoundError" in totals.failures[0].error
    wav = (source / "b.wav").read_bytes()
    assert (target / "b.lmz").read_bytes() == lmz.encode_wav(wav, "training")


def test_a_step_that_fails_takes_its_attempt_with_it(cluster, folders, tone, monkeypatch):
    source, target = folders
    soundfile.write(source / "a.wav", tone(500_000, 1), 8_000)
    real = long.code

    def failing(settings, job, head, start, end):
        if start > 300_000:
            raise OSError("the store is gone")
        return real(settings, job, head, start, end)

    monkeypatch.setattr(long, "code", failing)
    totals, records = records_of(source, target)
    assert (totals.done, totals.failed, len(records)) == (0, 1, 1)
    assert records["a.wav"].error == "OSError: the store is gone"
    monkeypatch.setattr(long, "code", real)
    totals, _ = records_of(source, target)
    assert totals.done == 1 and (target / "a.lmz").exists()


def test_parts_are_whole_segments():
    segment = 7 << 20
    parts = long.ranges(44, 100 << 20, segment, segment)
    length = 4 * segment
    assert [start for start, _ in parts] == [44, 44 + length, 44 + 2 * length, 44 + 3 * length]
    assert [end for _, end in parts] == [*(start for start, _ in parts[1:]), 100 << 20]
    assert long.ranges(44, 44 + 3 * (50 << 20), 50 << 20, 50 << 20) == [
        (44 + number * (50 << 20), 44 + (number + 1) * (50 << 20)) for number in range(3)
    ]
    # Of frames, of two bytes each.
    assert long.ranges(0, 50 << 20, 5 << 20, 10 << 20) == [
        (start << 20, min(start + 15, 50) << 20) for start in range(0, 50, 15)
    ]
