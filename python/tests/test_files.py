"""Whole WAV files, from and to paths, bytes, file objects and fsspec."""

from __future__ import annotations

import io
import os
import signal
import threading
import time
from pathlib import Path

import fsspec
import pytest

import lmz

ROOT = Path(__file__).resolve().parents[2]
ODD = ROOT / "../shared/corpus/odd"


def test_a_file_comes_back(song, tmp_path):
    packed, back = tmp_path / "song.lmz", tmp_path / "back.wav"
    summary = lmz.compress(song, packed, level="fast")
    assert summary.compressed_bytes == packed.stat().st_size < summary.original_bytes
    assert lmz.decompress(packed, back) == summary
    assert back.read_bytes() == song.read_bytes()
    assert sorted(os.listdir(tmp_path)) == ["back.wav", "song.lmz"]


def test_bytes_and_file_objects_and_fsspec(song):
    wav = song.read_bytes()
    packed = lmz.encode_wav(wav, "fast")
    assert lmz.decode_wav(packed) == wav
    memory = fsspec.filesystem("memory")
    with memory.open("/song.lmz", "wb") as out:
        lmz.compress(io.BytesIO(wav), out, "fast")
    assert memory.cat("/song.lmz") == packed
    with memory.open("/song.lmz", "rb") as source:
        assert lmz.info(source).original_bytes == len(wav)
    with memory.open("/song.lmz", "rb") as source:
        data, rate = lmz.read(source, 100, start=50, dtype="int16")
        assert data.shape == (100, 2) and rate == 44_100


@pytest.mark.skipif(not ODD.is_dir(), reason="the corpus is not here")
def test_odd_files_come_back():
    names = sorted(ODD.glob("*.wav"))
    assert len(names) > 100
    refused = []
    for name in names:
        if name.stat().st_size > 1 << 20:
            continue
        wav = name.read_bytes()
        try:
            packed = lmz.encode_wav(wav, "fast")
        except lmz.NotWavError:
            refused.append(name.name)
            continue
        assert lmz.decode_wav(packed) == wav, name
    assert len(refused) < 5, refused


@pytest.mark.parametrize("fixture", sorted((ROOT / "fixtures/wav").glob("*.wav")), ids=lambda p: p.stem)
def test_fixtures_come_back(fixture):
    if fixture.stat().st_size > 1 << 19:
        pytest.skip("covered by the smaller ones")
    wav = fixture.read_bytes()
    assert lmz.decode_wav(lmz.encode_wav(wav, "fast")) == wav


def test_errors_have_classes_and_leave_nothing_behind(song, tmp_path):
    out = tmp_path / "out"
    with pytest.raises(lmz.NotWavError):
        lmz.compress(b"no WAV file", out)
    with pytest.raises(lmz.NotLmzError):
        lmz.decompress(song, out)
    packed = bytearray(lmz.encode_wav(song.read_bytes(), "fast"))
    packed[len(packed) // 2] ^= 1
    with pytest.raises(lmz.CorruptError, match="byte"):
        lmz.decompress(packed, out)
    with pytest.raises(lmz.LimitError):
        lmz.decompress(lmz.encode_wav(song.read_bytes(), "fast"), out, max_output=1000)
    with pytest.raises(FileNotFoundError):
        lmz.compress(tmp_path / "missing.wav", out)
    with pytest.raises(ValueError, match="level"):
        lmz.compress(song, out, "slow")
    with pytest.raises(lmz.UnsupportedError):
        lmz.compress(song, out, lm="on")
    with pytest.raises(TypeError):
        lmz.compress(3, out)
    assert os.listdir(tmp_path) == []


def test_errors_of_file_objects_come_through(song):
    class Broken(io.BytesIO):
        def read(self, size=-1):
            raise RuntimeError("the network is gone")

        def write(self, data):
            raise KeyError("no room")

    with pytest.raises(RuntimeError, match="network"):
        lmz.compress(Broken(), io.BytesIO())
    with pytest.raises(KeyError):
        lmz.compress(song, Broken(), "fast")


def test_no_bytes_make_it_panic(song):
    packed = lmz.encode_wav(song.read_bytes()[: 1 << 14], "fast")
    for cut in range(0, len(packed), len(packed) // 40):
        with pytest.raises(lmz.LmzError):
            lmz.decode_wav(packed[:cut])
        flipped = bytearray(packed)
        flipped[cut] ^= 0x55
        with pytest.raises(lmz.LmzError):
            lmz.decode_wav(flipped)


def test_progress_is_shown_and_may_raise(song):
    seen = []
    lmz.compress(song, io.BytesIO(), "fast", progress=lambda done, total: seen.append((done, total)))
    assert seen and seen == sorted(seen) and seen[-1][1] == song.stat().st_size

    class Stop(Exception):
        pass

    def stop(done, total):
        raise Stop

    with pytest.raises(Stop):
        lmz.compress(song, io.BytesIO(), "fast", progress=stop)


def interrupted_after(work, delay=0.3):
    """Seconds from ^C to the exception."""
    pressed = []

    def press():
        time.sleep(delay)
        pressed.append(time.monotonic())
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=press)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        work()
    after = time.monotonic() - pressed[0]
    thread.join()
    return after


def test_interrupt_stops_at_once_and_other_threads_run(tone, tmp_path):
    noise = tone(44_100 * 60, 2)
    out = tmp_path / "out.lmz"
    ticks = []
    running = threading.Event()

    def tick():
        while not running.wait(0.01):
            ticks.append(time.monotonic())

    ticker = threading.Thread(target=tick)
    ticker.start()
    # On an idle machine it is less than 0.2 s; here others may hold the processors.
    assert interrupted_after(lambda: lmz.write(out, noise, 44_100, level="best")) < 1.0
    running.set()
    ticker.join()
    assert len(ticks) > 5
    assert os.listdir(tmp_path) == []
