//! Generated WAV files come back byte for byte, and never grow beyond the stated bound.

use std::io::{self, Read};
use std::ops::ControlFlow;

use crate::support::{compress, compress_with, decompress, round_trip, wav};
use lmz::Level;
use lmz::Progress;
use lmz::pipeline::{self, CompressOptions, DecompressOptions};

#[test]
fn every_integer_width_and_channel_count() {
    for bits in [8_u16, 12, 16, 20, 24, 32] {
        for channels in [1_u16, 2, 3, 6, 32] {
            let bytes = 90 * usize::from(channels) * usize::from(bits.div_ceil(8));
            let file = wav::build(1, channels, 48_000, bits, &wav::bytes(bytes));
            round_trip(&file, &format!("{bits} bit, {channels} channels"));
        }
    }
}

#[test]
fn sample_counts_around_zero() {
    for channels in [1, 2] {
        for frames in [0, 1, 2, 3, 5, 31, 33, 1023] {
            let file = wav::pcm16(channels, 44_100, &wav::sine(usize::from(channels), frames));
            round_trip(&file, &format!("{frames} frames of {channels}"));
        }
    }
}

#[test]
fn partial_last_frame() {
    for extra in 1..4 {
        let mut data = wav::bytes(400);
        data.truncate(400 - extra);
        round_trip(&wav::build(1, 2, 44_100, 16, &data), &format!("{extra} bytes missing"));
    }
}

#[test]
fn signals_at_the_extremes() {
    let frames = 3_000;
    let square = |i: usize| if (i / 50).is_multiple_of(2) { i16::MAX } else { i16::MIN };
    let clipped = |i: usize| ((i as f64 * 0.01).sin() * 60_000.0) as i16;
    let signals: [(&str, Vec<i16>); 8] = [
        ("silence", vec![0; frames]),
        ("direct current", vec![12_345; frames]),
        ("lowest", vec![i16::MIN; frames]),
        ("noise", wav::noise(frames)),
        ("square", (0..frames).map(square).collect()),
        ("clipped", (0..frames).map(clipped).collect()),
        ("alternating", (0..frames).map(|i| square(50 * i)).collect()),
        ("impulse", (0..frames).map(|i| if i == 1_500 { i16::MAX } else { 0 }).collect()),
    ];
    for (name, samples) in &signals {
        for channels in [1, 2, 3] {
            round_trip(&wav::pcm16(channels, 44_100, samples), &format!("{name}, {channels}"));
        }
    }
    // The same at the end of 32 bits, where a prediction overflows first.
    let wide: Vec<u8> = signals
        .iter()
        .flat_map(|(_, samples)| samples.iter().step_by(7))
        .flat_map(|s| (i32::from(*s) * 65_536).to_le_bytes())
        .collect();
    round_trip(&wav::build(1, 2, 96_000, 32, &wide), "32 bit");
}

#[test]
fn many_channels() {
    for channels in [64, 65, 255] {
        let samples = wav::sine(usize::from(channels), 50);
        round_trip(&wav::pcm16(channels, 44_100, &samples), &format!("{channels} channels"));
    }
    round_trip(&wav::build(1, 65_535, 44_100, 8, &wav::bytes(3 * 65_535)), "65,535 channels");
}

#[test]
fn floats_and_companded() {
    let scaled: Vec<u8> =
        wav::sine(1, 900).iter().flat_map(|s| (f32::from(*s) / 32_768.0).to_le_bytes()).collect();
    round_trip(&wav::build(3, 1, 44_100, 32, &scaled), "scaled integers as floats");
    let genuine: Vec<u8> =
        (0..900).flat_map(|i| (f64::from(i) * 0.37).sin().to_le_bytes()).collect();
    round_trip(&wav::build(3, 1, 44_100, 64, &genuine), "64-bit floats");
    round_trip(&wav::build(3, 2, 44_100, 32, &wav::bytes(4_000)), "random 32-bit floats");
    round_trip(&wav::build(3, 2, 44_100, 64, &wav::bytes(4_000)), "random 64-bit floats");
    let special = [f32::NAN, -f32::NAN, f32::INFINITY, -0.0, 0.0, f32::MIN_POSITIVE / 2.0];
    let special: Vec<u8> = special.iter().flat_map(|f| f.to_le_bytes()).collect();
    round_trip(&wav::build(3, 1, 44_100, 32, &special), "special floats");
    let all_codes: Vec<u8> = (0..=255).cycle().take(2_000).collect();
    round_trip(&wav::build(6, 1, 8_000, 8, &all_codes), "A-law");
    round_trip(&wav::build(7, 1, 8_000, 8, &all_codes), "µ-law");
    round_trip(&wav::build(0x11, 1, 8_000, 4, &all_codes), "ADPCM");
}

#[test]
fn odd_chunks() {
    let plain = wav::pcm16(1, 8_000, &wav::sine(1, 200));
    round_trip(&wav::with_chunk(&plain, b"LIST", b"odd"), "odd chunk without pad byte");
    round_trip(&[plain.as_slice(), b"trailing"].concat(), "trailing bytes");
    round_trip(&plain[..plain.len() - 51], "data cut short");
    round_trip(&plain[..20], "cut in the format");
    round_trip(&plain[..12], "no chunks");
    let data = wav::bytes(100);
    round_trip(&wav::riff(&[(b"data", &data)]), "no format");
    round_trip(&wav::riff(&[(b"data", &data), (b"fmt ", &plain[20..36])]), "format last");
    round_trip(
        &wav::riff(&[(b"JUNK", &wav::bytes((1 << 20) + 9))]),
        "more foreign bytes than a block",
    );
    for size in [0, u32::MAX] {
        let mut streamed = plain.clone();
        streamed[40..44].copy_from_slice(&size.to_le_bytes());
        round_trip(&streamed, &format!("data size {size}"));
    }
}

/// The only input that must be this long: the look-ahead for a format is 16 MiB.
#[test]
#[ignore = "minutes: run with --ignored"]
fn a_format_beyond_the_look_ahead() {
    let plain = wav::pcm16(1, 8_000, &wav::sine(1, 200));
    let long = wav::bytes(17 << 20);
    let late = wav::riff(&[(b"JUNK", &long), (b"fmt ", &plain[20..36]), (b"data", &plain[44..])]);
    round_trip(&late, "format beyond the look-ahead");
}

#[test]
fn low_and_absurd_sample_rates_do_not_grow() {
    for rate in [0, 1, 10, u32::MAX] {
        round_trip(&wav::build(1, 1, rate, 8, &wav::bytes(60_000)), &format!("{rate} Hz"));
    }
}

/// Hands out one byte at a time.
struct Trickle<'a>(&'a [u8]);

impl Read for Trickle<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let wanted = buffer.len().min(1);
        self.0.read(&mut buffer[..wanted])
    }
}

#[test]
fn neither_threads_nor_read_sizes_change_bytes() {
    // Three segments, so that threads have something to race for.
    let file = wav::pcm16(1, 8_000, &wav::sine(1, 400_000));
    let options = |threads| CompressOptions { level: Level::Fast, threads, ..Default::default() };
    let expected = compress_with(&file, &options(1));
    assert!(pipeline::inspect(expected.as_slice()).unwrap().segments > 1);
    for threads in [2, 5] {
        assert!(compress_with(&file, &options(threads)) == expected, "{threads} threads");
    }
    let mut trickled = Vec::new();
    pipeline::compress(Trickle(&file), &mut trickled, &options(2), &mut ()).unwrap();
    assert!(trickled == expected);

    let mut restored = Vec::new();
    let decompression = DecompressOptions::default().with_threads(3);
    pipeline::decompress(Trickle(&expected), &mut restored, &decompression, &mut ()).unwrap();
    assert!(restored == file);
}

#[test]
fn levels_round_trip() {
    let file = wav::pcm16(2, 44_100, &wav::sine(2, 5_000));
    for level in [Level::Fast, Level::Default, Level::Best] {
        let lmz = compress_with(&file, &CompressOptions { level, ..Default::default() });
        assert!(decompress(&lmz).unwrap() == file, "{level:?}");
    }
}

#[test]
fn info_accounts_for_every_byte() {
    let plain = wav::pcm16(2, 44_100, &wav::sine(2, 5_000));
    for file in
        [plain.clone(), wav::build(3, 1, 48_000, 64, &wav::bytes(800)), plain[..12].to_vec()]
    {
        let lmz = compress(&file);
        let info = pipeline::inspect(lmz.as_slice()).unwrap();
        let b = info.bytes;
        let parts = [
            b.header,
            b.block_headers,
            b.foreign,
            b.streams,
            b.lsb,
            b.byte_modelled,
            b.stored,
            b.trailer,
        ];
        assert_eq!(parts.iter().sum::<u64>(), lmz.len() as u64);
        assert_eq!(info.compressed_bytes, lmz.len() as u64);
        assert_eq!(info.original_bytes, file.len() as u64);
        assert_eq!(info.blake3, lmz::ContentHash::of(&file));
    }
    let audio = pipeline::inspect(compress(&plain).as_slice()).unwrap().audio.unwrap();
    assert_eq!((audio.channels, audio.sample_rate, audio.frames), (2, 44_100, 5_000));
    assert_eq!(audio.sample_format, "16-bit integer");
}

#[test]
fn an_observer_can_end_a_run() {
    let file = wav::pcm16(1, 8_000, &wav::sine(1, 1_000));
    let outcome = pipeline::compress(
        file.as_slice(),
        io::sink(),
        &CompressOptions::default(),
        &mut |_: Progress| ControlFlow::Break(()),
    );
    assert!(matches!(outcome, Err(lmz::Error::Interrupted)));
}

#[test]
fn hound_reads_what_comes_back() {
    let spec = hound::WavSpec {
        channels: 2,
        sample_rate: 44_100,
        bits_per_sample: 24,
        sample_format: hound::SampleFormat::Int,
    };
    let mut file = io::Cursor::new(Vec::new());
    let mut writer = hound::WavWriter::new(&mut file, spec).unwrap();
    let samples: Vec<i32> = wav::sine(2, 700).iter().map(|s| i32::from(*s) * 200).collect();
    for sample in &samples {
        writer.write_sample(*sample).unwrap();
    }
    writer.finalize().unwrap();
    let restored = decompress(&round_trip(file.get_ref(), "hound")).unwrap();
    let read = hound::WavReader::new(restored.as_slice()).unwrap().into_samples::<i32>();
    assert_eq!(read.collect::<Result<Vec<_>, _>>().unwrap(), samples);
}
