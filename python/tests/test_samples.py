"""Arrays in and out, beside soundfile."""

from __future__ import annotations

import io
import struct
import time

import numpy as np
import pytest
import soundfile

import lmz

DTYPES = ["int16", "int32", "float32", "float64"]


def coded(data, rate=44_100, **options):
    out = io.BytesIO()
    lmz.write(out, data, rate, level="fast", **options)
    return out.getvalue()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("channels", [1, 2, 7, 64])
def test_arrays_come_back(tone, dtype, channels):
    data = tone(300, channels, dtype)
    back, rate = lmz.read(coded(data, 12_345), dtype=dtype, always_2d=True)
    assert rate == 12_345 and back.dtype == dtype
    np.testing.assert_array_equal(back, data)


def test_one_channel_is_one_dimension(tone):
    data = tone(300, 1)[:, 0]
    packed = coded(data)
    assert lmz.read(packed)[0].shape == (300,)
    assert lmz.read(packed, always_2d=True)[0].shape == (300, 1)
    np.testing.assert_array_equal(lmz.read(packed, dtype="int16")[0], data)


def test_layouts_of_memory(tone):
    data = tone(301, 4, "int32")
    for view in (data[::-1], data[:, ::2], np.asfortranarray(data), data[::3, 1], data.astype(">i4")):
        back = lmz.read(coded(view), dtype="int32")[0]
        np.testing.assert_array_equal(back, view)
    for empty in (data[:0], data[:0, 0]):
        back, rate = lmz.read(coded(empty), dtype="int32")
        assert back.shape == empty.shape and rate == 44_100


def test_special_floats_keep_their_bits():
    bits = np.array([0x7FC00001, 0xFFC00000, 0x7F800000, 0x80000000, 1, 0x7F800001], "uint32")
    back = lmz.read(coded(bits.view("float32")), dtype="float32")[0]
    np.testing.assert_array_equal(back.view("uint32"), bits)


def test_what_cannot_be_written_is_refused(tone):
    for dtype in ("uint8", "int64", "complex64", "bool", "float16"):
        with pytest.raises(TypeError, match="dtype"):
            coded(np.zeros(8, dtype))
    with pytest.raises(TypeError):
        lmz.read(coded(tone(8, 1)), dtype="int8")
    for shape in ((2, 2, 2), (4, 0), ()):
        with pytest.raises(ValueError):
            coded(np.zeros(shape, "int16"))
    with pytest.raises(ValueError, match="subtype"):
        coded(tone(8, 1), subtype="VORBIS")
    with pytest.raises(ValueError):
        coded(np.array([np.nan], "float32"), subtype="PCM_16")
    with pytest.raises(ValueError):
        coded(np.zeros((1, 40_000), "int16"))


@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE"])
@pytest.mark.parametrize("dtype", DTYPES)
def test_conversions_are_those_of_soundfile(tone, subtype, dtype):
    data = tone(1000, 2, dtype)
    if dtype.startswith("int") and subtype in ("FLOAT", "DOUBLE"):
        # Here full scale stays full scale; soundfile makes 32767.0 of the int16 32767.
        back = lmz.read(coded(data, 8_000, subtype=subtype))[0]
        expected = data / 2.0 ** (8 * data.itemsize - 1)
        np.testing.assert_array_equal(back, expected.astype("f4" if subtype == "FLOAT" else "f8"))
        return
    theirs = io.BytesIO()
    soundfile.write(theirs, data, 8_000, subtype=subtype, format="WAV")
    packed = coded(data, 8_000, subtype=subtype)
    for wanted in DTYPES:
        if wanted.startswith("int") and subtype in ("FLOAT", "DOUBLE"):
            continue
        theirs.seek(0)
        expected = soundfile.read(theirs, dtype=wanted)[0]
        found = lmz.read(packed, dtype=wanted)[0]
        np.testing.assert_array_equal(found, expected, err_msg=f"{dtype} {subtype} {wanted}")


@pytest.mark.parametrize("subtype", ["ULAW", "ALAW", "FLOAT", "PCM_24"])
def test_wav_files_of_others_read_as_in_soundfile(tone, subtype):
    theirs = io.BytesIO()
    soundfile.write(theirs, tone(500, 2, "float64"), 8_000, subtype=subtype, format="WAV")
    packed = lmz.encode_wav(theirs.getvalue(), "fast")
    for dtype in DTYPES if subtype != "FLOAT" else DTYPES[2:]:
        theirs.seek(0)
        expected = soundfile.read(theirs, dtype=dtype)[0]
        np.testing.assert_array_equal(lmz.read(packed, dtype=dtype)[0], expected, err_msg=dtype)


def test_a_big_endian_extensible_file_is_read():
    data = (np.arange(-50, 50) * 20_000_000).astype(">i4")
    guid = bytes.fromhex("00000001000000108000" "00aa00389b71")
    fmt = struct.pack(">HHIIHHHHI", 0xFFFE, 1, 8_000, 32_000, 4, 32, 22, 32, 4) + guid
    body = b"WAVEfmt " + struct.pack(">I", 40) + fmt + b"data" + struct.pack(">I", 400) + data.tobytes()
    packed = lmz.encode_wav(b"RIFX" + struct.pack(">I", len(body)) + body, "fast")
    np.testing.assert_array_equal(lmz.read(packed, dtype="int32")[0], data)


def test_parts_are_those_of_soundfile(tone):
    data = tone(1000, 2)
    theirs = io.BytesIO()
    soundfile.write(theirs, data, 8_000, format="WAV")
    packed = coded(data, 8_000)
    for arguments in (
        {"start": 100},
        {"start": -100},
        {"stop": 100},
        {"start": 10, "stop": -10},
        {"frames": 100, "start": 900},
        {"frames": 300, "start": 900},
        {"frames": 0},
        {"start": 990, "frames": 20, "fill_value": 0.5},
    ):
        theirs.seek(0)
        expected = soundfile.read(theirs, **arguments)[0]
        np.testing.assert_array_equal(lmz.read(packed, **arguments)[0], expected, err_msg=str(arguments))
    with pytest.raises(TypeError):
        lmz.read(packed, frames=3, stop=5)


def test_a_file_is_read_on_and_sought_in(tone, tmp_path):
    # Several segments.
    data = tone(8_000 * 45, 2)
    path = tmp_path / "a.lmz"
    lmz.write(path, data, 8_000, level="fast")
    assert lmz.info(path).segments > 1
    with lmz.LmzFile(path) as file:
        assert len(file) == len(data) and file.channels == 2 and file.samplerate == 8_000
        assert file.subtype == "PCM_16" and file.seekable()
        np.testing.assert_array_equal(file.read(10, "int16"), data[:10])
        assert file.tell() == 10
        for place in (200_000, 5, 131_000, len(data) - 3):
            assert file.seek(place) == place
            np.testing.assert_array_equal(file.read(70_000, "int16"), data[place:][:70_000])
        assert file.read(5).shape == (0, 2)
        assert file.seek(-4, 2) == len(data) - 4 and file.seek(2, 1) == len(data) - 2
        with pytest.raises(lmz.OutOfRangeError):
            file.seek(1, 2)
        file.seek(0)
        blocks = list(file.blocks(50_000, overlap=100, dtype="int16"))
        assert [len(block) for block in blocks[:-1]] == [50_000] * (len(blocks) - 1)
        joined = np.concatenate([blocks[0], *(block[100:] for block in blocks[1:])])
        np.testing.assert_array_equal(joined, data)
        file.seek(-10, 2)
        (filled,) = file.blocks(16, fill_value=0)
        assert filled.shape == (16, 2) and not filled[10:].any()
    assert file.closed
    with pytest.raises(ValueError, match="closed"):
        file.seek(0)


class Counting(io.BytesIO):
    """Counts the bytes that are read."""

    count = 0

    def read(self, size=-1):
        data = super().read(size)
        self.count += len(data)
        return data


def test_a_part_reads_its_segments_alone(tone):
    data = tone(44_100 * 20, 1)[:, 0]
    packed = coded(data, segment=3)
    source = Counting(packed)
    with lmz.LmzFile(source) as file:
        # A buffer at each end, and a few bytes.
        assert file.segment_frames == 132_300 and source.count < 3 * (1 << 18) < len(packed)
    part = data[400_000:430_000]
    np.testing.assert_array_equal(lmz.read(packed, 30_000, 400_000, dtype="int16")[0], part)
    # Damage elsewhere is none of its business; damage there is.
    harmed = bytearray(packed)
    for place in (len(packed) // 8, len(packed) * 7 // 8):
        harmed[place] ^= 1
    np.testing.assert_array_equal(lmz.read(harmed, 30_000, 400_000, dtype="int16")[0], part)
    with pytest.raises(lmz.CorruptError):
        lmz.read(harmed, 30_000, len(data) * 7 // 8)


def test_a_part_is_decoded_no_further_than_needed(tone):
    data = tone(44_100 * 12, 1)[:, 0]
    packed = coded(data, segment=4)
    assert lmz.info(packed).segments == 3

    def cost(start, stop):
        # Of the processor: of two tries the better one, on one thread.
        tries = []
        for _ in range(2):
            begun = time.process_time()
            part, _ = lmz.read(packed, start=start, stop=stop, dtype="int16", threads=1)
            tries.append(time.process_time() - begun)
            np.testing.assert_array_equal(part, data[start:stop])
        return min(tries)

    segment, whole = 4 * 44_100, cost(0, len(data))
    assert cost(segment, segment + 4_410) < whole / 6  # a fortieth of one segment of three
    assert cost(2 * segment - 4_410, 2 * segment) < whole / 2  # all of one
    # What is left of the last segment is kept: reading on costs nothing more.
    with lmz.LmzFile(packed, threads=1) as file:
        file.seek(segment)
        file.read(4_410)
        begun = time.process_time()
        file.read(4 * 44_100 - 4_410)
        assert time.process_time() - begun < whole / 6


def test_info_says_what_soundfile_says(tone):
    info = lmz.info(coded(tone(4_410, 2, "int32"), subtype="PCM_24"))
    assert (info.samplerate, info.channels, info.frames) == (44_100, 2, 4_410)
    assert info.duration == 0.1 and info.subtype == "PCM_24" and info.level == "fast"
