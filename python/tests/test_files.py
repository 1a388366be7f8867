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


ODD = os.environ.get("LMZ_ODD_DIR")


@pytest.mark.skipif(ODD is None, reason="LMZ_ODD_DIR names no folder of odd WAV files")
def test_odd_files_come_back():
    names = sorted(Path(ODD).glob("*.wav"))
    assert len(names) > 100
    refused = []
    for name in names:
        wav = name.read_bytes()
        try:
            packed = lmz.encode_wav(wav, "fast")
        except lmz.NotWavError:
            refused.append(name.name)
            continue
        assert lmz.decode_wav(packed) == wav, name
        if (info := lmz.info(packed)).channels and info.subtype != "UNKNOWN":
            assert len(lmz.read(packed, always_2d=True)[0]) == info.frames, name
    assert len(refused) < 5, refused


@pytest.mark.parametrize("fixture", sorted((ROOT / "fixtures/wav").glob("*.wav")), ids=lambda p: p.stem)
def test_fixtures_come_back(fixture):
    wav = fixture.read_bytes()
    assert lmz.decode_wav(lmz.encode_wav(wav, "fast")) == wav


def test_files_of_the_program_are_read_with_the_model_too():
    packed = ROOT / "fixtures/lm/song.lmz"
    wav = packed.with_suffix(".wav").read_bytes()
    assert lmz.info(packed).segments_with_lm == 1
    assert lmz.decode_wav(packed.read_bytes()) == wav
    assert lmz.decode_wav(lmz.encode_wav(wav, lm="on")) == wav
    assert lmz.info(lmz.encode_wav(wav, lm="off")).segments_with_lm == 0
    assert lmz.encode_wav(wav, "fast") == lmz.encode_wav(wav, "fast", lm="off")


@pytest.mark.parametrize("level", ["fast", "default", "best"])
def test_files_are_those_of_the_program(level):
    packed = (ROOT / f"fixtures/golden/{level}.lmz").read_bytes()
    assert lmz.encode_wav(lmz.decode_wav(packed), level, lm="off") == packed


def test_every_sound_fixture_decodes_and_no_other():
    counts = {}
    for folder, error in (("good", None), ("golden", None), ("bad", lmz.LmzError),
                          ("unsupported", lmz.UnsupportedError)):
        files = sorted((ROOT / "fixtures" / folder).glob("*.lmz"))
        counts[folder] = len(files)
        for name in files:
            if error is None:
                assert lmz.decompress(name, None).original_bytes == lmz.info(name).original_bytes
                continue
            with pytest.raises(error):
                lmz.decompress(name, None)
    assert all(counts.values()), counts


def test_segments_are_as_long_as_asked(tone):
    packed = io.BytesIO()
    lmz.write(packed, tone(44_100 * 8, 2), 44_100, level="fast", segment=2)
    info = lmz.info(packed)
    assert (info.segment_frames, info.segments) == (88_200, 4)
    lmz.write(packed := io.BytesIO(), tone(44_100 * 8, 1), 44_100, level="training")
    info = lmz.info(packed)
    assert (info.level, info.segment_frames) == ("fast", 5 * 44_100)
    wav = lmz.decode_wav(packed.getvalue())
    assert lmz.info(lmz.encode_wav(wav, "training", segment=7)).segment_frames == 7 * 44_100
    # A segment alone is as long as it is.
    assert lmz.info(lmz.encode_wav(wav, "training", segment=9)).segment_frames == 8 * 44_100
    for segment in (0, -1, 1 << 40):
        with pytest.raises(ValueError, match="segment"):
            lmz.encode_wav(wav, segment=segment)
    with pytest.raises(TypeError):
        lmz.encode_wav(wav, segment=1.5)


def test_threads_change_nothing(tone):
    lmz.write(packed := io.BytesIO(), tone(300_000, 2), 44_100, level="fast", segment=2)
    wav = lmz.decode_wav(packed.getvalue(), threads=1)
    for threads in (0, 1, 2, 3, 7):
        assert lmz.encode_wav(wav, "fast", segment=2, threads=threads) == packed.getvalue()
        assert lmz.decode_wav(packed.getvalue(), threads=threads) == wav
        part = lmz.read(packed, 200_000, 50_000, dtype="int16", threads=threads)[0]
        assert part.tobytes() == wav[44 + 50_000 * 4 : 44 + 250_000 * 4]
    assert lmz.info(packed).segments == 4


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
    with pytest.raises(ValueError, match="lm"):
        lmz.compress(song, out, lm="perhaps")
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

    # A daemon: a failed assertion must not keep the interpreter from its end.
    ticker = threading.Thread(target=tick, daemon=True)
    ticker.start()
    packed = io.BytesIO()
    lmz.write(packed, noise[: 44_100 * 20], 44_100, level="fast")
    # The best of three: others may hold the processors of this machine.
    for work in (
        lambda: lmz.write(out, noise, 44_100, level="best"),
        lambda: lmz.decompress(packed.getvalue(), out),
        lambda: lmz.read(packed),
    ):
        assert min(interrupted_after(work) for _ in range(3)) < 0.2
    running.set()
    ticker.join()
    assert len(ticks) > 20
    assert os.listdir(tmp_path) == []
