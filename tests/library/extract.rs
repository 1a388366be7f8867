//! A part of a file is what the whole file has there.

use std::io::{self, Cursor, Read, Seek, SeekFrom};

use crate::support::{compress, wav};
use lmz::container::Reader;
use lmz::lm::interleaved::at_once;
use lmz::pcm::Pcm;
use lmz::pipeline::{DecompressOptions, Extract, Position, extract};
use lmz::wav::{SegmentLimit, Span, WavFormat, WavReader};
use lmz::{Error, Level, Watch, codec};

fn part(
    lmz: &[u8],
    from: Option<Position>,
    to: Option<Position>,
) -> lmz::Result<(Vec<u8>, Extract)> {
    let options = DecompressOptions::default().with_threads(1);
    let mut out = Vec::new();
    let done = extract(Cursor::new(lmz), &mut out, (from, to), &options, &mut ())?;
    assert_eq!(done.written_bytes, out.len() as u64);
    Ok((out, done))
}

fn frames(lmz: &[u8], from: u64, to: u64) -> lmz::Result<(Vec<u8>, Extract)> {
    part(lmz, Some(Position::Frame(from)), Some(Position::Frame(to)))
}

/// Format and samples of a WAV file; nothing else than a header may be around them.
fn parse(file: &[u8]) -> (WavFormat, Vec<u8>) {
    let mut reader = WavReader::new(file).unwrap();
    let limit = SegmentLimit { seconds: 1, samples: 1 << 22 };
    let mut samples = Vec::new();
    while let Some(span) = reader.next_span(limit).unwrap() {
        if let Span::Audio { bytes } = span {
            samples.extend_from_slice(&bytes);
        }
    }
    assert_eq!(reader.declared_frames(), Some(reader.frames()));
    (*reader.format().unwrap(), samples)
}

/// Big-endian version of a file of 44 bytes of header and samples of `width` bytes.
fn rifx(file: &[u8], width: usize) -> Vec<u8> {
    let mut out = file.to_vec();
    out[..4].copy_from_slice(b"RIFX");
    for (at, length) in [(4, 4), (16, 4), (20, 2), (22, 2), (24, 4), (28, 4), (32, 2), (34, 2)] {
        out[at..at + length].reverse();
    }
    out[40..44].reverse();
    out[44..].chunks_exact_mut(width).for_each(<[u8]>::reverse);
    out
}

/// An RF64 file: the sizes are in `ds64`.
fn rf64(file: &[u8]) -> Vec<u8> {
    let mut out = b"RF64\xff\xff\xff\xffWAVEds64\x1c\0\0\0".to_vec();
    let data = file.len() as u64 - 44;
    for value in [data + 72, data, 0] {
        out.extend_from_slice(&value.to_le_bytes());
    }
    out.extend_from_slice(&[0; 4]);
    out.extend_from_slice(&file[12..40]);
    out.extend_from_slice(&[0xff; 4]);
    out.extend_from_slice(&file[44..]);
    out
}

fn files() -> Vec<Vec<u8>> {
    let bytes = wav::bytes(960);
    let pcm = wav::pcm16(2, 8_000, &wav::sine(2, 480));
    let mut files = vec![
        rifx(&pcm, 2),
        rf64(&pcm),
        wav::with_chunk(&pcm, b"LIST", &[b'x'; 61]),
        pcm,
        wav::build(6, 1, 8_000, 8, &bytes),
        wav::build(7, 2, 8_000, 8, &bytes),
        wav::build(3, 1, 8_000, 32, &bytes),
        wav::build(3, 2, 8_000, 64, &bytes),
        wav::build(2, 1, 8_000, 4, &bytes),
    ];
    for bits in [8, 16, 24, 32] {
        for channels in [1, 2, 5] {
            files.push(wav::build(1, channels, 8_000, bits, &bytes));
        }
    }
    // Two runs of samples with a chunk between them.
    files.push(wav::riff(&[
        (b"fmt ", &files[3][20..36]),
        (b"data", &bytes[..400]),
        (b"LIST", &[b'y'; 12]),
        (b"data", &bytes[400..]),
    ]));
    files
}

#[test]
fn every_sample_format() {
    for (number, original) in files().into_iter().enumerate() {
        let lmz = compress(&original);
        let mut reader = WavReader::new(original.as_slice()).unwrap();
        let limit = SegmentLimit { seconds: 1, samples: 1 << 22 };
        let mut samples = Vec::new();
        while let Some(span) = reader.next_span(limit).unwrap() {
            if let Span::Audio { bytes } = span {
                samples.extend_from_slice(&bytes);
            }
        }
        let format = *reader.format().unwrap();
        let (size, total) = (format.frame_bytes(), reader.frames());
        for (from, to) in [(0, total), (0, 1), (total - 1, total), (7, 8), (3, total - 2)] {
            let (out, done) = frames(&lmz, from, to).unwrap();
            let (out_format, out_samples) = parse(&out);
            assert_eq!(out_format, format, "file {number}");
            let expected = &samples[from as usize * size..to as usize * size];
            assert!(out_samples == expected, "file {number}, {from} to {to}");
            assert_eq!((done.first_frame, done.frames), (from, to - from));
            assert_eq!(out.len() % 2, 0, "file {number}: no pad byte");
        }
    }
}

#[test]
fn what_is_not_there_is_refused() {
    let lmz = compress(&wav::pcm16(2, 8_000, &wav::sine(2, 480)));
    for (from, to) in [(480, 480), (481, 482), (5, 5), (6, 5), (0, 0), (480, u64::MAX)] {
        let Err(Error::OutOfRange(reason)) = frames(&lmz, from, to) else { panic!("{from}") };
        assert!(reason.contains("480"), "{reason}");
    }
    let late = Some(Position::Nanoseconds(60_000_000));
    assert!(matches!(part(&lmz, late, None), Err(Error::OutOfRange(_))));
    for original in [wav::riff(&[(b"LIST", b"INFO")]), wav::pcm16(1, 8_000, &[])] {
        let lmz = compress(&original);
        assert!(matches!(part(&lmz, None, None), Err(Error::OutOfRange(_))));
    }
    // No rate: only frames can be counted.
    let lmz = compress(&wav::pcm16(1, 0, &wav::sine(1, 480)));
    assert!(matches!(part(&lmz, late, None), Err(Error::OutOfRange(_))));
    assert_eq!(frames(&lmz, 2, 5).unwrap().0.len(), 44 + 6);
}

#[test]
fn past_the_end_is_the_end() {
    let lmz = compress(&wav::pcm16(2, 8_000, &wav::sine(2, 480)));
    let (whole, done) = part(&lmz, None, None).unwrap();
    assert!(!done.to_past_end);
    for to in [Position::Frame(481), Position::Frame(u64::MAX), Position::Nanoseconds(u64::MAX)] {
        let (out, done) = part(&lmz, None, Some(to)).unwrap();
        assert!(out == whole && done.to_past_end && done.frames == 480, "{to:?}");
    }
    assert!(!part(&lmz, None, Some(Position::Frame(480))).unwrap().1.to_past_end);
}

#[test]
fn times_are_frames_rounded_down() {
    let original = wav::pcm16(1, 44_100, &wav::sine(1, 44_100));
    let lmz = compress(&original);
    let nanoseconds = |t| Some(Position::Nanoseconds(t));
    for (time, frame) in [(0, 0), (22_675, 0), (22_676, 1), (500_000_000, 22_050)] {
        let (_, done) = part(&lmz, nanoseconds(time), None).unwrap();
        assert_eq!((done.first_frame, done.frames), (frame, 44_100 - frame), "{time}");
    }
    let (out, _) = part(&lmz, nanoseconds(250_000_000), nanoseconds(1_000_000_000)).unwrap();
    assert!(out[44..] == original[44 + 2 * 11_025..]);
    // Parts that meet do not overlap.
    let (left, _) = part(&lmz, None, nanoseconds(123_456_789)).unwrap();
    let (right, _) = part(&lmz, nanoseconds(123_456_789), None).unwrap();
    assert!([&left[44..], &right[44..]].concat() == original[44..]);
}

/// Counts what is read.
struct Counting<'a>(Cursor<&'a [u8]>, u64);

impl Read for Counting<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let got = self.0.read(buffer)?;
        self.1 += got as u64;
        Ok(got)
    }
}

impl Seek for Counting<'_> {
    fn seek(&mut self, position: SeekFrom) -> io::Result<u64> {
        self.0.seek(position)
    }
}

#[test]
fn only_the_segments_needed_are_read() {
    // Four segments of 2^17 bytes of noise, which is stored.
    const SEGMENT: u64 = 1 << 17;
    let data = wav::bytes(3 * SEGMENT as usize + 999);
    let original = wav::build(1, 1, 20, 8, &data);
    let lmz = compress(&original);
    for (from, to, segments) in [
        (0, 1, 1),
        (SEGMENT - 1, SEGMENT, 1),
        (SEGMENT, SEGMENT + 1, 1),
        (SEGMENT - 1, SEGMENT + 1, 2),
        (5, 3 * SEGMENT, 3),
        (3 * SEGMENT, 3 * SEGMENT + 999, 1),
        (0, 3 * SEGMENT + 999, 4),
    ] {
        let (out, done) = frames(&lmz, from, to).unwrap();
        assert!(parse(&out).1 == data[from as usize..to as usize], "{from} to {to}");
        assert_eq!(done.segments, segments, "{from} to {to}");
    }
    let mut input = Counting(Cursor::new(&lmz), 0);
    let options = DecompressOptions::default();
    let part = (Some(Position::Frame(SEGMENT)), Some(Position::Frame(SEGMENT + 9)));
    extract(&mut input, io::sink(), part, &options, &mut ()).unwrap();
    assert!(input.1 < SEGMENT + 1_000, "{} bytes read", input.1);
}

#[test]
fn damage_elsewhere_does_not_matter() {
    let data = wav::bytes(2 << 17);
    let original = wav::build(1, 1, 20, 8, &data);
    let lmz = compress(&original);
    let mut reader = Reader::new(lmz.as_slice()).unwrap();
    let mut offsets = Vec::new();
    while let Some((place, _)) = reader.next_block().unwrap() {
        offsets.push(place.offset as usize);
    }
    let mut damaged = lmz.clone();
    // The file header, and the first segment.
    damaged[30] ^= 1;
    damaged[offsets[1] + 100] ^= 1;
    let (out, _) = frames(&damaged, 1 << 17, 2 << 17).unwrap();
    assert!(parse(&out).1 == data[1 << 17..]);
    assert!(matches!(frames(&damaged, 0, 5), Err(Error::Corrupt { .. })));
    // Without a trailer there is no seeking.
    assert!(matches!(frames(&lmz[..lmz.len() - 1], 0, 5), Err(Error::Corrupt { .. })));
    // What is no lmz file is not a damaged one.
    for other in [&[][..], b"RIFF", &lmz[..5], &original] {
        assert!(matches!(frames(other, 0, 5), Err(Error::NotLmz(_))), "{} bytes", other.len());
    }
}

#[test]
fn a_segment_is_decoded_as_far_as_needed() {
    let samples = wav::sine(2, 20_000).iter().map(|&sample| sample.into()).collect();
    let pcm = Pcm { channels: 2, samples };
    let watch = Watch::default();
    for level in [Level::Fast, Level::Default] {
        let mut coded = codec::encode_pcm(&pcm, level, None, &watch).unwrap();
        // The second half is missing.
        coded.stream.truncate(coded.stream.len() / 2);
        let shape = codec::Shape { level, channels: 2, frames: 20_000 };
        assert!(codec::decode_pcm(&coded, shape, None, &watch).is_err());
        for wanted in [0, 1, 5_000] {
            let start =
                at_once(codec::decode_pcm_start(&coded, shape, wanted, None, &watch)).unwrap();
            assert!(start.samples == pcm.samples[..2 * wanted]);
        }
    }
}
