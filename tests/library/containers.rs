//! AIFF, AIFF-C, Wave64, CAF and raw samples: as small as the same samples in a WAV file, and byte for
//! byte what they were.

use std::io::{self, Cursor, Read};

use crate::support::containers::{aiff, aiff_chunk, caf, comm, form, riff_chunk, w64, w64_chunk};
use crate::support::{compress, compress_with, decompress, wav};
use lmz::pipeline::{self, CompressOptions, DecompressOptions, Gap, Position};
use lmz::wav::{Container, SampleFormat, Span, WavReader, raw_format};
use lmz::{Error, Level};

const FRAMES: usize = 4_000;

/// Integers of `bits` bits that a filter can predict, in stereo.
fn integers(bits: u32) -> Vec<i32> {
    let shift = bits as i32 - 16;
    let scaled = |n: i32| if shift < 0 { n >> -shift } else { n << shift };
    wav::sine(2, FRAMES).iter().map(|&sample| scaled(i32::from(sample))).collect()
}

fn big(width: usize) -> Vec<u8> {
    let cut = |n: i32| n.to_be_bytes()[4 - width..].to_vec();
    integers(8 * width as u32).into_iter().flat_map(cut).collect()
}

fn little(width: usize) -> Vec<u8> {
    let cut = |n: i32| n.to_le_bytes()[..width].to_vec();
    integers(8 * width as u32).into_iter().flat_map(cut).collect()
}

fn floats(big: bool) -> Vec<u8> {
    let of = |n: i32| n as f32 / 32_768.0;
    let bytes = |x: f32| if big { x.to_be_bytes() } else { x.to_le_bytes() };
    integers(16).into_iter().map(of).flat_map(bytes).collect()
}

fn doubles() -> Vec<u8> {
    integers(16).into_iter().flat_map(|n| (f64::from(n) / 32_768.0).to_be_bytes()).collect()
}

/// Name, container, file, and the WAV file with the same samples.
fn files() -> Vec<(String, Container, Vec<u8>, Vec<u8>)> {
    let wav = |tag, bits, data: &[u8]| wav::build(tag, 2, 44_100, bits, data);
    let flipped = |bytes: Vec<u8>, width: usize| -> Vec<u8> {
        let flip = |(i, b): (usize, u8)| if i % width == 0 { b ^ 0x80 } else { b };
        bytes.into_iter().enumerate().map(flip).collect()
    };
    let mut files = Vec::new();
    let mut add = |name: &str, container, file, wav| {
        files.push((name.to_owned(), container, file, wav));
    };
    let unsigned = wav(1, 8, &flipped(little(1), 1));
    for width in 1..=4 {
        let bits = 8 * width as u16;
        let same = if width == 1 { unsigned.clone() } else { wav(1, bits, &little(width)) };
        add("AIFF", Container::Aiff, aiff(2, bits, None, &big(width)), same.clone());
        for kind in [b"NONE", b"twos"] {
            let file = aiff(2, bits, Some(kind), &big(width));
            add("AIFF-C", Container::AiffC, file, same.clone());
        }
        let sowt = aiff(2, bits, Some(b"sowt"), &little(width));
        add("sowt", Container::AiffC, sowt, same.clone());
        let raw = aiff(2, bits, Some(b"raw "), &flipped(big(width), width));
        add("raw ", Container::AiffC, raw, same.clone());
        add("CAF", Container::Caf, caf(2, bits.into(), 0, None, &big(width)), same.clone());
        add(
            "CAF le",
            Container::Caf,
            caf(2, bits.into(), 2, Some(-1), &little(width)),
            same.clone(),
        );
        let data = if width == 1 { flipped(little(1), 1) } else { little(width) };
        add("Wave64", Container::Wave64, w64(2, 44_100, bits, &data), same);
    }
    add("in24", Container::AiffC, aiff(2, 24, Some(b"in24"), &big(3)), wav(1, 24, &little(3)));
    add("in32", Container::AiffC, aiff(2, 32, Some(b"in32"), &big(4)), wav(1, 32, &little(4)));
    let float_wav = wav(3, 32, &floats(false));
    for kind in [b"fl32", b"FL32"] {
        add("fl32", Container::AiffC, aiff(2, 32, Some(kind), &floats(true)), float_wav.clone());
    }
    for kind in [b"fl64", b"FL64"] {
        add("fl64", Container::AiffC, aiff(2, 64, Some(kind), &doubles()), float_wav.clone());
    }
    add("CAF float", Container::Caf, caf(2, 32, 3, None, &floats(false)), float_wav);
    files
}

#[test]
fn other_containers_cost_what_wav_does() {
    for (name, container, file, wav) in files() {
        let lmz = compress(&file);
        assert!(decompress(&lmz).unwrap() == file, "{name}");
        let (found, plain) = (lmz.len(), compress(&wav).len());
        // Some names and chunks more.
        assert!(found < plain + plain / 100 + 150, "{name}: {found}, as WAV {plain}");
        let info = pipeline::inspect(lmz.as_slice()).unwrap().audio.unwrap();
        assert_eq!(info.container, container.name(), "{name}");
        assert_eq!((info.channels, info.frames), (2, FRAMES as u64), "{name}");
        assert!([44_100, 48_000].contains(&info.sample_rate));
    }
}

/// Delivers a few bytes per call.
struct Trickle<R>(R);

impl<R: Read> Read for Trickle<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let length = out.len().min(7);
        self.0.read(&mut out[..length])
    }
}

#[test]
fn a_pipe_makes_no_difference() {
    for (name, _, file, _) in files().into_iter().step_by(3) {
        let options = CompressOptions { level: Level::Fast, ..Default::default() };
        let mut lmz = Vec::new();
        pipeline::compress(Trickle(file.as_slice()), &mut lmz, &options, &mut ()).unwrap();
        assert!(lmz == compress(&file), "{name}");
    }
}

/// A pipe that goes on for 100 MB is read in pieces.
#[test]
fn long_streams_are_read_a_segment_at_a_time() {
    let limit = lmz::wav::SegmentLimit { seconds: 1, samples: 1 << 20 };
    for start in [
        form(
            b"AIFF",
            &[aiff_chunk(b"COMM", &comm(2, 0, 16, None)), b"SSND\0\0\0\0".to_vec(), vec![0; 8]],
        ),
        caf(2, 16, 0, Some(-1), &[]),
    ] {
        let start_length = start.len();
        let source = Cursor::new(start).chain(io::repeat(0x90).take(100_000_000));
        let mut reader = WavReader::new(source).unwrap();
        let (mut total, mut audio) = (0, 0);
        while let Some(span) = reader.next_span(limit).unwrap() {
            let (Span::Foreign(bytes) | Span::Audio { bytes }) = &span;
            assert!(bytes.len() <= 2 << 20);
            total += bytes.len();
            audio += if matches!(span, Span::Audio { .. }) { bytes.len() } else { 0 };
        }
        assert_eq!((total - start_length, audio), (100_000_000, 100_000_000));
    }
}

#[test]
fn sample_data_may_come_before_its_format() {
    let ssnd = aiff_chunk(b"SSND", &[&[0; 8], &big(2)[..]].concat());
    let comm = aiff_chunk(b"COMM", &comm(2, FRAMES as u32, 16, None));
    let file = form(b"AIFF", &[ssnd, comm]);
    let lmz = compress(&file);
    assert!(decompress(&lmz).unwrap() == file && lmz.len() < file.len() / 2);
    // Samples that do not start right behind the chunk header.
    let mut ssnd = [&512_u32.to_be_bytes()[..], &512_u32.to_be_bytes()].concat();
    ssnd.extend([9; 512]);
    ssnd.extend(big(2));
    let comm = aiff_chunk(b"COMM", &self::comm(2, FRAMES as u32, 16, None));
    let file = form(b"AIFF", &[comm, aiff_chunk(b"SSND", &ssnd)]);
    let lmz = compress(&file);
    assert!(decompress(&lmz).unwrap() == file);
    assert_eq!(pipeline::inspect(lmz.as_slice()).unwrap().audio.unwrap().frames, FRAMES as u64);
}

#[test]
fn parts_have_the_container_of_the_whole() {
    for (name, container, file, _) in files().into_iter().step_by(2) {
        let (mut part, lmz) = (Vec::new(), compress(&file));
        let range = (Some(Position::Frame(100)), Some(Position::Frame(201)));
        let options = DecompressOptions::default();
        pipeline::extract(Cursor::new(lmz), &mut part, range, &options, &mut ()).unwrap();
        let lmz = compress(&part);
        assert!(decompress(&lmz).unwrap() == part, "{name}");
        let info = pipeline::inspect(lmz.as_slice()).unwrap().audio.unwrap();
        assert_eq!((info.container, info.frames), (container.name(), 101), "{name}");
    }
}

/// A lost header is made anew, in the container and with the format that the lmz file names.
#[test]
fn salvaged_files_are_read_again() {
    for (name, container, file, _) in files() {
        let lmz = compress(&file);
        let first = pipeline::inspect(lmz.as_slice()).unwrap().bytes.header as usize;
        let payload = first + 9 + usize::from(lmz[first + 4]);
        let mut damaged = lmz.clone();
        damaged[payload + 2] ^= 0xff; // of the block with the header
        for gap in [Gap::Silence, Gap::Drop] {
            let mut restored = Vec::new();
            let options = DecompressOptions::default();
            let input = Cursor::new(&damaged);
            pipeline::salvage(input, &mut restored, gap, &options, &mut ()).unwrap();
            let again = compress(&restored);
            let audio = pipeline::inspect(again.as_slice()).unwrap().audio;
            let audio = audio.unwrap_or_else(|| panic!("{name} {gap:?}"));
            assert_eq!(
                (audio.container, audio.frames),
                (container.name(), FRAMES as u64),
                "{name}"
            );
        }
    }
}

#[test]
fn raw_samples_need_a_format_and_nothing_else() {
    let wav = |bits, data: &[u8]| compress(&wav::build(1, 2, 44_100, bits, data)).len();
    for (format, data, plain) in [
        ("s8,44100,2", little(1), wav(16, &little(2))),
        ("s16le,44100,2", little(2), wav(16, &little(2))),
        ("s16be,44100,2", big(2), wav(16, &little(2))),
        ("s24,44100,2", little(3), wav(24, &little(3))),
        ("s32be,44100,2", big(4), wav(32, &little(4))),
        ("f32be,44100,2", floats(true), wav(16, &little(2)) + 100),
        ("f64be,44100,2", doubles(), wav(16, &little(2)) + 100),
    ] {
        // Part of a frame at the end.
        for data in [&data[..], &data[..data.len() - 1], &[], &data[..1]] {
            let options = CompressOptions {
                level: Level::Fast,
                raw: Some(raw_format(format).unwrap()),
                ..Default::default()
            };
            let lmz = compress_with(data, &options);
            assert!(decompress(&lmz).unwrap() == data, "{format}");
            assert!(data.len() < 2 || lmz.len() < plain + 100, "{format}: {} {plain}", lmz.len());
            let audio = pipeline::inspect(lmz.as_slice()).unwrap().audio.unwrap();
            assert_eq!(audio.container, "raw");
        }
    }
}

/// Bytes that WAV stores without a sign, in either form.
#[test]
fn samples_of_signed_bytes_are_read() {
    let file = aiff(2, 8, None, &big(1));
    let mut reader = lmz::Decoder::new(Cursor::new(compress(&file))).unwrap().frames(..).unwrap();
    let mut read = vec![0; 2 * FRAMES];
    assert_eq!(reader.read_frames(&mut read).unwrap(), FRAMES);
    assert_eq!(read, integers(8));
    let mut reader = WavReader::new(file.as_slice()).unwrap();
    while reader.next_span(lmz::pipeline::segment_limit(Level::Fast)).unwrap().is_some() {}
    assert_eq!(reader.format().unwrap().sample, SampleFormat::SignedByte);
}

/// Signs that writers leave out, in WAV files.
#[test]
fn offset_binary_and_missing_signs_cost_nothing() {
    let bytes = |width: usize, bits: u16, map: &dyn Fn(i32) -> i32| {
        let samples = integers(bits.into()).into_iter();
        let data = samples.flat_map(|n| map(n).to_le_bytes()[..width].to_vec());
        let file = wav::build(1, 2, 44_100, 8 * width as u16, &data.collect::<Vec<_>>());
        let lmz = compress(&file);
        assert!(decompress(&lmz).unwrap() == file);
        lmz.len()
    };
    for (width, bits) in [(2, 16), (3, 24), (4, 32), (4, 24), (4, 20), (3, 20), (2, 12)] {
        let plain = bytes(width, bits, &|n| n);
        let top = 1_i32 << (8 * width - 1);
        let offset = bytes(width, bits, &|n| n ^ top);
        assert!(offset < plain + 40, "offset {width} {bits}: {offset} for {plain}");
        if usize::from(bits) < 8 * width {
            let extended = bytes(width, bits, &|n| n & ((1 << bits) - 1));
            assert!(extended < plain + 40, "extended {width} {bits}: {extended} for {plain}");
        }
    }
}

#[test]
fn hostile_files_are_refused_or_come_back() {
    let chunks = [
        riff_chunk(b"fmt ", u32::MAX, &[]),
        aiff_chunk(b"COMM", &[0xff; 30]),
        aiff_chunk(b"SSND", &[0xff; 9]),
        w64_chunk(b"data", &[]),
    ];
    for (_, _, file, _) in files().into_iter().take(8) {
        for chunk in &chunks {
            for at in [12, 40, 54] {
                let mut hostile = file.clone();
                hostile.splice(at..at, chunk.iter().copied());
                if WavReader::new(hostile.as_slice()).is_err() {
                    continue;
                }
                let lmz = compress(&hostile);
                assert!(decompress(&lmz).unwrap() == hostile);
            }
        }
    }
    for (start, reason) in [
        (&b"fLaC\0\0\0\x22 and so on"[..], "FLAC: decode it first (flac -d)"),
        (b"OggS\0\x02 and so on", "Ogg, already compressed"),
        (b"\xff\xfb\x90\x64 and so on", "MP3, already compressed"),
        (b"FORM\0\0\0\x108SVXVHDR", "IFF file of type \"8SVX\""),
        (b"caff\0\x02\0\0 and so on", "CAF of an unknown version"),
        (b"\0\0\0\x20ftypM4A  and", "MP4, already compressed"),
        (b"no sound at all", "--raw"),
    ] {
        let error = pipeline::compress(start, &mut Vec::new(), &Default::default(), &mut ());
        match error {
            Err(Error::NotWav(found)) => assert!(found.contains(reason), "{found}"),
            other => panic!("{other:?}"),
        }
    }
}
