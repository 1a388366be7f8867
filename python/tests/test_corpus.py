"""`python -m lmz.corpus` and `lmz.ray` on real Ray workers."""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import fsspec
import numpy as np
import pytest
import soundfile

import lmz
from lmz.corpus import work
from lmz.corpus.cli import Line
from lmz.corpus.manifest import Manifest, Record
from lmz.corpus.plan import Finished, Job, Settings, plan
from lmz.corpus.run import Totals


def corpus(*arguments, check=None, **options):
    command = [sys.executable, "-m", "lmz.corpus", *map(str, arguments)]
    run = subprocess.run(command, capture_output=True, text=True, timeout=200, **options)
    if check is not None:
        assert run.returncode == check, run.stderr
    return run


def summary(run):
    return json.loads(run.stdout.strip().splitlines()[-1])


@pytest.fixture
def clips(tone, tmp_path):
    folder = tmp_path / "in"
    for number in range(40):
        path = folder / f"speaker{number % 4}" / f"{number:03}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, tone(8_000, 1, seed=number), 16_000)
    (folder / "speaker0" / "broken.wav").write_bytes(b"no WAV file at all")
    (folder / "notes.txt").write_text("not for us")
    return folder


def outputs(folder: Path) -> dict[str, bytes]:
    found = folder.rglob("*.lmz")
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


def test_a_corpus_there_and_back(clips, tmp_path):
    packed, back = tmp_path / "out", tmp_path / "back"
    first = corpus("compress", clips, packed, "--level", "fast", "--workers", 2, "--json", check=1)
    assert "speaker0/broken.wav: NotWavError" in first.stderr
    assert (summary(first)["done"], summary(first)["failed"]) == (40, 1)
    files = outputs(packed)
    assert len(files) == 40
    for name, content in files.items():
        wav = (clips / name).with_suffix(".wav").read_bytes()
        assert content == lmz.encode_wav(wav, "fast")
    records = manifest(packed)
    assert records["speaker1/001.wav"].blake3 == lmz.info(packed / "speaker1/001.lmz").blake3

    # A second run does nothing but what failed; a changed file and a lost output are done again.
    second = corpus("compress", clips, packed, "--level", "fast", "--workers", 2, "--json", check=1)
    assert (summary(second)["done"], summary(second)["skipped"]) == (0, 40)
    (clips / "speaker0/broken.wav").unlink()
    (packed / "speaker1/001.lmz").unlink()
    soundfile.write(clips / "speaker2/002.wav", np.zeros(5_000, "int16"), 16_000)
    third = corpus("compress", clips, packed, "--level", "fast", "--workers", 2, "--json", check=0)
    assert (summary(third)["done"], summary(third)["skipped"]) == (2, 38)

    corpus("decompress", packed, back, "--verify", "--workers", 2, check=0)
    for wav in clips.rglob("*.wav"):
        assert (back / wav.relative_to(clips)).read_bytes() == wav.read_bytes()
    damaged = packed / "speaker3/003.lmz"
    damaged.write_bytes(damaged.read_bytes()[:-40])
    verified = corpus("verify", packed, "--workers", 2, "--json", check=1)
    assert (summary(verified)["done"], summary(verified)["failed"]) == (39, 1)


def test_originals_go_only_after_a_verified_write(clips, tmp_path):
    packed = tmp_path / "out"
    corpus("compress", clips, packed, "--level", "fast", "--delete-source", "--workers", 2, check=1)
    assert [path.name for path in clips.rglob("*.wav")] == ["broken.wav"]
    assert len(outputs(packed)) == 40
    assert all(record.verified or record.error for record in manifest(packed).values())


def manifest(folder: Path) -> dict[str, Record]:
    return {record.name: record for record in Manifest(fsspec.filesystem("file"), str(folder)).read()}


def records_written(folder: Path) -> list[dict]:
    lines = []
    for part in sorted((folder / ".lmz-corpus").glob("*.jsonl")):
        lines += [json.loads(line) for line in part.read_text().splitlines() if line.endswith("}")]
    return lines


def children(pid: int) -> list[int]:
    found = []
    for task in Path("/proc").glob(f"{pid}/task/*/children"):
        for child in task.read_text().split():
            found += [int(child), *children(int(child))]
    return found


def workers(pids: list[int]) -> dict[int, bytes]:
    """Command lines of those that are Ray's workers, and still alive."""
    found = {}
    for pid in pids:
        with contextlib.suppress(OSError):
            found[pid] = Path(f"/proc/{pid}/cmdline").read_bytes()
    return {pid: command for pid, command in found.items() if b"ray::" in command}


#: Several tasks of several files for each worker.
FILES = 72


@pytest.mark.parametrize("victim", ["worker", "driver", "driver, by ^C"])
def test_a_killed_run_goes_on_where_it_was(tone, tmp_path, victim):
    source, packed = tmp_path / "in", tmp_path / "out"
    source.mkdir()
    for number in range(FILES):
        soundfile.write(source / f"{number:03}.wav", tone(24_000, 1, seed=number), 24_000)
    command = ["compress", source, packed, "--level", "fast", "--workers", "2", "--json"]
    run = subprocess.Popen(
        [sys.executable, "-m", "lmz.corpus", *map(str, command)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )
    try:
        deadline = time.monotonic() + 120
        while len(records_written(packed)) < 16:
            assert run.poll() is None and time.monotonic() < deadline, run.communicate()
            time.sleep(0.05)
        family = children(run.pid)
        if victim == "worker":
            at_work = [pid for pid, command in workers(family).items() if b"do_all" in command]
            assert at_work
            os.kill(at_work[0], signal.SIGKILL)
            out, error = run.communicate(timeout=200)
            assert run.returncode == 0, error
            assert json.loads(out)["done"] == FILES
        else:
            gently = victim.endswith("^C")
            os.kill(run.pid, signal.SIGINT if gently else signal.SIGKILL)
            run.communicate(timeout=200)
            assert run.returncode == (130 if gently else -signal.SIGKILL)
            # Ray ends them after the driver; one that goes on meanwhile may leave an unfinished file after the next
            # run has removed those.
            while workers(family):
                assert time.monotonic() < deadline + 60
                time.sleep(0.05)
            before = {record["name"] for record in records_written(packed)}
            assert 16 <= len(before) < FILES
            again = summary(corpus(*command, check=0))
            assert again["skipped"] == len(before)
            assert again["done"] == FILES - len(before)
    finally:
        if run.poll() is None:
            run.kill()
    names = [record["name"] for record in records_written(packed)]
    assert len(names) == len(set(names)) == FILES
    for wav in source.glob("*.wav"):
        assert lmz.decode_wav((packed / wav.name).with_suffix(".lmz").read_bytes()) == wav.read_bytes()
    assert not list(packed.rglob("*part"))


def test_a_machine_short_of_memory_ends_the_run(clips, tmp_path):
    packed = tmp_path / "out"
    # Ray kills its workers as soon as 1 % of the memory is in use.
    short = {"RAY_memory_usage_threshold": "0.01", "RAY_memory_monitor_refresh_ms": "50",
             "RAY_task_oom_retry_delay_base_ms": "10"}
    command = ["compress", clips, packed, "--level", "fast", "--workers", 2, "--retries", 0, "--json"]
    failed = summary(corpus(*command, check=1, env={**os.environ, **short}))
    assert failed["failed"] > 1
    again = summary(corpus(*command, check=1))
    assert again["done"] == 40 - failed["done"] and again["failed"] == 1


def test_progress_has_speed_and_time_left(capsys):
    totals = Totals(files=4, bytes=4_000_000, listed=True, done=1, done_bytes=1_000_000, began=time.monotonic() - 10)
    Line(quiet=False).show(totals)
    assert "1/4 files, 1 MB of 4 MB, 100 kB/s, 0:00:30 left" in capsys.readouterr().err


def test_wrong_usage_is_2(tmp_path):
    corpus("compress", tmp_path, check=2)
    corpus("compress", tmp_path / "missing", tmp_path / "out", check=2)
    corpus("compress", "nosuch://bucket", tmp_path / "out", check=2)


def test_both_ends_in_an_object_store(tone):
    # In this process: the memory file system is not shared with workers.
    fs = fsspec.filesystem("memory")
    wavs = {}
    for name in ("a.wav", "deep/b.WAV"):
        soundfile.write(content := io.BytesIO(), tone(4_000, 1), 8_000, format="WAV")
        wavs[name] = content.getvalue()
        fs.pipe_file(f"/from/{name}", wavs[name])
    fs.pipe_file("/from/deep/c.wav", b"none")
    settings = Settings("compress", "memory://from", "memory://to", "training", delete_source=True)
    ends = [fsspec.core.url_to_fs(end) for end in (settings.source, settings.target)]
    jobs = [job for job, done in plan(*ends, Finished(), settings) if not done]
    records = {record.name: record for record in work.do_all(settings, jobs, 1)}
    assert "NotWavError" in records["deep/c.wav"].error
    assert fs.find("/from") == ["/from/deep/c.wav"], records
    for name, wav in wavs.items():
        assert records[name].verified and records[name].deleted and not records[name].error
        packed = fs.cat("/to/" + name[:-4] + ".lmz")
        assert len(packed) == records[name].output_bytes and lmz.decode_wav(packed) == wav
    # What has changed since it was listed is kept.
    fs.pipe_file("/from/a.wav", wavs["a.wav"])
    (job,) = [job for job, _ in plan(*ends, Finished(), settings) if job.name == "a.wav"]
    fs.pipe_file("/from/a.wav", wavs["a.wav"] + b"more")
    assert "changed" in work.do(settings, job, 1).error and fs.exists("/from/a.wav")


def test_what_counts_as_finished():
    job = Job("a.wav", "/in/a.wav", "/out/a.lmz", 5, "5;mtime=1")
    settings = Settings("compress", "/in", "/out", "fast")
    record = work.record_of(settings, job)
    record.output_bytes = 3
    there = {"/out/a.lmz": 3}

    def finished(records, job=job, there=there, **changes):
        return Finished(records).has(job, there, replace(settings, **changes))

    assert finished([record]) and not finished([])
    verified = replace(record, verified=True)
    assert finished([verified], verify=True) and not finished([record], verify=True)
    assert finished([verified]) and not finished([verified], delete_source=True)
    for change in ({"level": "best"}, {"lm": "off"}, {"segment": 5}, {"task": "decompress"}):
        assert not finished([record], **change)
    assert not finished([record], replace(job, key="5;mtime=2"))
    assert not finished([record], replace(job, name="b.wav"))
    assert not finished([record], there={"/out/a.lmz": 4}) and not finished([record], there={})
    # The last record counts.
    failed = replace(record, error="OSError: no")
    assert not finished([record, failed]) and finished([failed, record])
    assert not finished([record, replace(record, level="best")])


def test_manifest_in_an_object_store():
    fs = fsspec.filesystem("memory")
    written = Manifest(fs, "/bucket/out")
    written.add(Record("a.wav", key="1", output_bytes=3))
    written.add(Record("b.wav", error="no"))
    written.close()
    fs.pipe_file("/bucket/out/.lmz-corpus/torn.jsonl", b'{"name": "c.wav", "ke')
    found = list(Manifest(fs, "/bucket/out").read())
    assert [record.name for record in found] == ["a.wav", "b.wav"] and found[0].output_bytes == 3


def test_a_cluster_is_joined_and_stays(cluster, clips, tmp_path):
    import ray

    run = corpus("compress", clips, tmp_path / "out", "--level", "fast", "--address", cluster, "--json", check=1)
    assert summary(run)["done"] == 40
    assert ray.get(ray.remote(lambda: 7).remote()) == 7


def test_a_dataset_of_files_and_crops(cluster, tone, tmp_path):
    from lmz.ray import read_lmz

    clips = [tone(16_000, channels, seed=channels) for channels in (1, 2)]
    for number, clip in enumerate(clips):
        lmz.write(tmp_path / f"{number}.lmz", clip, 8_000, level="fast")
    rows = sorted(read_lmz(str(tmp_path), dtype="int16").take_all(), key=lambda row: row["path"])
    assert [row["path"].rsplit("/", 1)[-1] for row in rows] == ["0.lmz", "1.lmz"]
    for row, clip in zip(rows, clips, strict=True):
        np.testing.assert_array_equal(row["audio"], clip)
        assert row["samplerate"] == 8_000
    crops = [(str(tmp_path / "1.lmz"), 0.5, 0.25), (str(tmp_path / "0.lmz"), 1.75, None)]
    found = read_lmz(crops, ("audio", "offset", "frames"), dtype="int16").take_all()
    by_offset = {row["offset"]: row for row in found}
    np.testing.assert_array_equal(by_offset[4_000]["audio"], clips[1][4_000:6_000])
    assert by_offset[14_000]["frames"] == 2_000
    with pytest.raises(ValueError, match="columns"):
        read_lmz(crops, ["sound"])
