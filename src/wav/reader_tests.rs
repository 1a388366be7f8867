//! Tests of the chunk walk: every file is also read in single bytes and must reassemble.

use super::*;
use crate::wav::testing::{chunk, fmt_body, fmt16, header, noise, riff};
use crate::wav::{Endian, SampleFormat, map, to_pcm, unmap};
use proptest::prelude::*;
use std::io;

const LIMIT: SegmentLimit = SegmentLimit { seconds: 1, samples: 1000 };

/// Delivers one byte per call.
struct Trickle<'a>(&'a [u8]);

impl Read for Trickle<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.0.read(out.get_mut(..1).unwrap_or_default())
    }
}

fn spans(source: impl Read) -> (Vec<Span>, Option<WavFormat>) {
    let mut reader = WavReader::new(source).unwrap();
    let mut spans = Vec::new();
    let mut frames = 0;
    while let Some(span) = reader.next_span(LIMIT).unwrap() {
        match &span {
            Span::Foreign(bytes) => assert!((1..=MAX_FOREIGN).contains(&bytes.len())),
            Span::Audio { bytes } => {
                let format = reader.format().unwrap();
                let whole = bytes.len() / format.frame_bytes();
                assert!((1..=LIMIT.frames(format)).contains(&whole));
                assert_eq!(bytes.len(), whole * format.frame_bytes());
                frames += whole as u64;
                if let Some(mapped) = map(bytes, format) {
                    assert_eq!(&unmap(&mapped, format.sample).unwrap(), bytes);
                }
            }
        }
        spans.push(span);
    }
    assert_eq!(reader.frames(), frames);
    (spans, reader.format().copied())
}

/// Reads `file` at once and in single bytes; returns its audio, concatenated.
#[track_caller]
fn audio(file: &[u8]) -> Vec<u8> {
    let at_once = spans(file);
    assert_eq!(at_once, spans(Trickle(file)), "depends on read sizes");
    let (mut all, mut audio) = (Vec::new(), Vec::new());
    for span in at_once.0 {
        match span {
            Span::Foreign(bytes) => all.extend(bytes),
            Span::Audio { bytes } => {
                all.extend(&bytes);
                audio.extend(bytes);
            }
        }
    }
    assert!(all == file, "spans do not make up the file");
    audio
}

#[test]
fn ordinary_file_in_segments() {
    let samples = noise(2 * 2500);
    let file = riff(&[fmt16(1), chunk("LIST", b"INFOxyz"), chunk("data", &samples)]);
    assert_eq!(audio(&file), samples);
    let (spans, format) = spans(file.as_slice());
    let lengths = spans.iter().map(|span| match span {
        Span::Foreign(bytes) => (false, bytes.len()),
        Span::Audio { bytes } => (true, bytes.len()),
    });
    let expected = [(false, 60), (true, 2000), (true, 2000), (true, 1000)];
    assert_eq!(lengths.collect::<Vec<_>>(), expected);
    assert_eq!(format.unwrap().seconds(4000), 0.5);
}

#[test]
fn hound_writes_what_is_read() {
    let spec = hound::WavSpec {
        channels: 2,
        sample_rate: 44_100,
        bits_per_sample: 24,
        sample_format: hound::SampleFormat::Int,
    };
    let mut file = io::Cursor::new(Vec::new());
    let mut writer = hound::WavWriter::new(&mut file, spec).unwrap();
    let values: Vec<i32> = (0..600).map(|i| i * i * 23 - 4_000_000).collect();
    for &value in &values {
        writer.write_sample(value).unwrap();
    }
    writer.finalize().unwrap();
    let format = spans(file.get_ref().as_slice()).1.unwrap();
    assert_eq!((format.channels, format.sample_rate, format.valid_bits), (2, 44_100, 24));
    assert_eq!(to_pcm(&audio(file.get_ref()), &format).unwrap().0.samples, values);
}

#[test]
fn data_before_fmt() {
    let file = riff(&[chunk("data", &noise(999)), chunk("cue ", &[1]), fmt16(1)]);
    assert_eq!(audio(&file), noise(998), "the partial frame is foreign");
    let without = riff(&[chunk("data", &noise(999)), chunk("cue ", &[1])]);
    assert!(audio(&without).is_empty());
    // A size that leads nowhere is no reason to read (or allocate) that much.
    let lost = riff(&[header("data", 0x7fff_ffff), noise(999), fmt16(1)]);
    assert!(audio(&lost).is_empty());
}

#[test]
fn pad_bytes_present_forgotten_or_not_zero() {
    let body = noise(7);
    let odd = [header("LIST", 7), body.clone()].concat();
    for pad in [vec![], vec![0], vec![1], b"x".to_vec()] {
        let file = riff(&[odd.clone(), pad.clone(), fmt16(1), chunk("data", &noise(100))]);
        assert_eq!(audio(&file), noise(100), "pad {pad:?}");
    }
    let mono8 = chunk("fmt ", &fmt_body(1, 1, 8000, 1, 8));
    for pad in [vec![], vec![0]] {
        let data = [header("data", 7), body.clone(), pad].concat();
        let file = riff(&[mono8.clone(), data, chunk("abcd", &[0; 70_000])]);
        assert_eq!(audio(&file), body);
    }
}

#[test]
fn sizes_of_streaming_writers() {
    for size in [0, u32::MAX, 0x7fff_f000] {
        let file = riff(&[fmt16(2), header("data", size), noise(4 * 2000 + 3)]);
        assert_eq!(audio(&file), noise(4 * 2000), "size {size:#x}");
    }
    // An empty data chunk is empty if something sensible follows, or nothing.
    assert!(audio(&riff(&[fmt16(2), header("data", 0)])).is_empty());
    assert!(audio(&riff(&[fmt16(2), header("data", 0), chunk("LIST", &[9; 5000])])).is_empty());
    // Still streaming: the first five bytes happen to be the size of one frame and more.
    assert_eq!(audio(&riff(&[fmt16(2), header("data", 0), noise(5)])), noise(4));
}

#[test]
fn sizes_that_wrapped_round() {
    let samples = noise(300_000);
    let stereo24 = chunk("fmt ", &fmt_body(1, 2, 8000, 6, 24));
    // 100,000 is no multiple of 6: the frames must go on across the declared end.
    let file = riff(&[stereo24, header("data", 100_000), samples.clone()]);
    assert_eq!(audio(&file), samples);
    // Little that follows is not audio.
    let file = riff(&[fmt16(1), chunk("data", &noise(100)), noise(500)]);
    assert_eq!(audio(&file), noise(100));
}

#[test]
fn rf64_takes_the_size_from_ds64() {
    let mut sizes = vec![0; 28];
    sizes[8] = 200;
    for magic in [b"RF64", b"BW64"] {
        let data = [header("data", u32::MAX), noise(200)].concat();
        let rest = chunk("axml", &[b'<'; 70_000]);
        let mut file = riff(&[chunk("ds64", &sizes), fmt16(1), data, rest]);
        file[..4].copy_from_slice(magic);
        assert_eq!(audio(&file), noise(200));
    }
}

#[test]
#[ignore = "reads 5 GiB, which takes seconds"]
fn sizes_beyond_4_gib() {
    let size = (5_u64 << 30) + 2;
    let mut sizes = vec![0; 28];
    sizes[8..16].copy_from_slice(&size.to_le_bytes());
    let start = [chunk("ds64", &sizes), fmt16(1), header("data", u32::MAX)];
    let end = chunk("LIST", b"end of file!");
    let source = io::Cursor::new(riff(&start)).chain(io::repeat(0x90).take(size));
    let mut reader = WavReader::new(source.chain(end.as_slice())).unwrap();
    let limit = SegmentLimit { seconds: 1 << 20, samples: 1 << 22 };
    let mut last = None;
    while let Some(span) = reader.next_span(limit).unwrap() {
        last = Some(span);
    }
    assert_eq!((reader.frames(), reader.declared_frames()), (size / 2, Some(size / 2)));
    assert_eq!(last, Some(Span::Foreign(end)));
}

#[test]
fn rifx_is_big_endian() {
    let mut file =
        b"RIFX\0\0\0\0WAVEfmt \0\0\0\x10\0\x01\0\x01\0\0\x1f\x40\0\0\x3e\x80\0\x02\0\x10".to_vec();
    file.extend(b"data\0\0\0\x04\x01\x02\xff\xfe");
    assert_eq!(audio(&file), [1, 2, 0xff, 0xfe]);
    let format = spans(file.as_slice()).1.unwrap();
    assert_eq!(format.sample, SampleFormat::Integer { width: 2, endian: Endian::Big });
    assert_eq!(to_pcm(&audio(&file), &format).unwrap().0.samples, [0x102, -2]);
}

#[test]
fn several_data_and_fmt_chunks() {
    let other = chunk("fmt ", &fmt_body(1, 2, 8000, 6, 24));
    let parts = [fmt16(1), chunk("data", &noise(100)), other, chunk("data", &noise(101))];
    assert_eq!(audio(&riff(&parts)), [noise(100), noise(100)].concat());
}

#[test]
fn absurd_fmt_makes_everything_foreign_until_a_good_one() {
    let absurd = chunk("fmt ", &fmt_body(1, 0, 8000, 0, 16));
    for bad in [absurd, chunk("fmt ", &[]), chunk("fmt ", &[1; 13])] {
        assert!(audio(&riff(&[bad.clone(), chunk("data", &noise(100))])).is_empty());
        let repaired = riff(&[bad, fmt16(1), chunk("data", &noise(100))]);
        assert_eq!(audio(&repaired), noise(100));
    }
    // The largest frame that fields can express.
    let huge = chunk("fmt ", &fmt_body(3, u16::MAX, 1, 0, 64));
    assert_eq!(audio(&riff(&[huge, chunk("data", &[0; 524_281])])).len(), 524_280);
}

#[test]
fn every_prefix_of_a_file_reassembles() {
    let list = [header("LIST", 5), vec![7; 5]].concat();
    let file = riff(&[fmt16(2), list, chunk("data", &noise(30)), chunk("bext", &[0; 9])]);
    for length in 12..=file.len() {
        audio(&file[..length]);
    }
}

#[test]
fn long_foreign_chunks_come_in_pieces() {
    let file = riff(&[chunk("JUNK", &vec![b'j'; 3 * MAX_FOREIGN]), vec![0; 2 * MAX_FOREIGN]]);
    assert!(audio(&file).is_empty());
    assert_eq!(spans(file.as_slice()).0.len(), 6);
}

#[test]
fn what_is_not_a_wav_is_named() {
    for (file, reason) in [
        (&b""[..], "empty file"),
        (b"R", "only 1 byte"),
        (b"RIFF", "only 4 bytes"),
        (b"fLaC\0\0\0\0\0\0\0\0", "this is FLAC: decode it first (flac -d)"),
        (b"riff\x2e\x91\xcf\x11\xa5\xd6\x28\xdb", "Wave64, but not of type \"wave\", or cut short"),
        (b"\xff\xfb\0\0\0\0\0\0\0\0\0\0", "this is MP3, already compressed: keep it as it is"),
        (b"\x89LMZ\r\n\x1a\n\x01\0\0\0", "this is an lmz file: lmz decompress restores it"),
        (
            b"\x7fELF\0\0\0\0\0\0\0\0",
            "starts with \"\\x7fELF\"; samples without a header need --raw FORMAT,RATE,CHANNELS",
        ),
        (b"RIFF\0\0\0\0AVI LIST", "RIFF file of type \"AVI \", not \"WAVE\""),
    ] {
        match WavReader::new(file).map(|_| ()) {
            Err(Error::NotWav(found)) => assert_eq!(found, reason),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn errors_of_the_source_are_passed_on() {
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("broken"))
        }
    }
    assert!(matches!(WavReader::new(Broken).map(|_| ()), Err(Error::Io(_))));
    let file = riff(&[fmt16(1), header("data", 1 << 20), noise(50_000)]);
    let mut reader = WavReader::new(file.as_slice().chain(Broken)).unwrap();
    let error = std::iter::from_fn(|| reader.next_span(LIMIT).transpose()).find_map(Result::err);
    assert!(matches!(error, Some(Error::Io(_))));
}

proptest! {
    /// Chunks with sizes that are right, wrong or random, in any order.
    #[test]
    fn any_sequence_of_chunks_reassembles(
        parts in proptest::collection::vec(
            (
                prop::sample::select(vec!["fmt ", "data", "LIST", "ds64", "\0\0\0\0"]),
                prop::option::of(any::<u32>()),
                proptest::collection::vec(any::<u8>(), 0..60),
                any::<bool>(),
            ),
            0..8,
        ),
    ) {
        let build = |(id, size, body, good): (&str, Option<u32>, Vec<u8>, bool)| match (id, good) {
            ("fmt ", true) => fmt16(2),
            _ => [header(id, size.unwrap_or(body.len() as u32)), body].concat(),
        };
        audio(&riff(&parts.into_iter().map(build).collect::<Vec<_>>()));
    }
}
