//! What every decoder must decode: corners that the golden files, which the encoder made, lack.

use lmz::Level;
use lmz::container::BlockKind::{AudioBytes, AudioStored, ForeignCoded, ForeignStored};
use lmz::pipeline::CompressOptions;
use lmz::wav::{Container, Endian, SampleFormat, WavFormat};

use super::super::{compress_with, wav};
use super::{Builder, Case, format, wave, wave16};

/// A fingerprint (lm-metadata.md, section 6) of a model that does not exist.
fn fingerprint() -> Vec<u8> {
    let mut out = Vec::new();
    let mut string = |text: &str, after: &[u8]| {
        out.extend((text.len() as u16).to_le_bytes());
        out.extend(text.as_bytes());
        out.extend(after);
    };
    string("no such model", &[7; 32]);
    string("1/0/1024/1056", &[128, 0, 0, 0, 1, 0, 0, 0]);
    string("no engine", &[]);
    string("no machine", &[[0; 4].as_slice(), &[9; 16]].concat());
    out
}

fn float32(endian: Endian) -> SampleFormat {
    SampleFormat::Float32 { endian }
}

/// One predicted block of one channel.
fn one(sample: SampleFormat, bytes: &[u8]) -> Builder {
    Builder::new(Level::Fast, Some((format(1, sample), 1_000))).predicted(bytes)
}

fn doubles(shift: i32) -> Vec<u8> {
    let scale = 0.5f64.powi(shift);
    wave(80, 1 << 20).iter().flat_map(|&s| (s as f64 * scale).to_le_bytes()).collect()
}

/// All of them.
pub fn good() -> Vec<Case> {
    let stereo = wave16(600);
    let mut cases = vec![
        Builder::new(Level::Fast, None).good("empty", "no blocks: the original has no bytes"),
        Builder::new(Level::Fast, None)
            .stored(ForeignStored, b"RIFF")
            .byte_model(ForeignCoded, &[b'x'; 300], 1)
            .good("foreign", "foreign blocks only, stored and coded, and no audio format"),
    ];
    cases.extend(structure(&stereo));
    cases.extend(formats());
    cases.extend(primed());
    cases.extend(value_sets());
    let rf64 = rf64(&stereo);
    let options = CompressOptions { level: Level::Fast, ..Default::default() };
    let lmz = compress_with(&rf64, &options);
    let about = "an RF64 file, as the encoder writes it";
    cases.push(Case { name: "rf64", about, lmz, original: Some(rf64) });
    cases
}

/// 16-bit samples: a bar of hiss that comes again, every second time half as loud as before.
fn bars(channels: usize, bar: usize, frames: usize) -> Vec<u8> {
    let hiss = wav::bytes(channels * bar);
    let loud = |i: usize| (i16::from(hiss[i % hiss.len()]) - 128) >> (i / hiss.len() / 2);
    (0..channels * frames).flat_map(|i| loud(i).to_le_bytes()).collect()
}

fn structure(stereo: &[u8]) -> Vec<Case> {
    let mut short = Builder::pcm16(2);
    for segment in stereo.chunks(200) {
        short = short.predicted(segment);
    }
    let mut single = Builder::new(Level::Default, Some((format(1, super::PCM16), 1)));
    for sample in stereo.chunks(2).take(3) {
        single = single.stored(AudioStored, sample);
    }
    let mut named = Builder::pcm16(1).predicted(&stereo[..200]);
    named.header.fingerprint = fingerprint();
    let mut briefly = Builder::pcm16(1).predicted(&stereo[..200]);
    briefly.header.fingerprint = fingerprint();
    briefly.header.fingerprint_coded = true;
    // Of samples that cost few bytes each: the models of many channels learn slowly.
    let quiet: Vec<u8> =
        wave(64 * 24, 30).iter().flat_map(|&s| ((s / 4) as i16).to_le_bytes()).collect();
    let table: Vec<u8> = (0..1_300).map(|i| (i % 130 / 8) as u8).collect();
    let copies: Vec<u8> = stereo[..480]
        .chunks_exact(4)
        .flat_map(|frame| [&frame[..2], &[0, 0], &frame[2..], &frame[..2], &frame[2..]].concat())
        .collect();
    let mixed = Builder::pcm16(2)
        .stored(ForeignStored, b"before")
        .stored(AudioStored, &stereo[..80])
        .byte_model(ForeignCoded, b"between the segments, between the segments", 1)
        .predicted(&stereo[80..480])
        .byte_model(AudioBytes, &stereo[480..680], 4)
        .stored(ForeignStored, b"after");
    vec![
        short.good("segments", "six segments of 50 frames: each starts from the initial state"),
        single.good("one-frame", "segments of one frame"),
        named.good("unused-model", "the header names a language model that no block uses"),
        briefly.good("coded-fingerprint", "the same with a coded fingerprint"),
        mixed.good("mixed", "blocks of all kinds in turn"),
        Builder::new(Level::Best, Some((format(3, super::PCM16), 500)))
            .predicted(&stereo[..360])
            .good("best", "level best, three channels"),
        Builder::new(Level::Fast, Some((format(5, super::PCM16), 500)))
            .predicted(&copies)
            .good("copies", "five channels: one is silent, two are the same as earlier ones"),
        Builder::new(Level::Default, Some((format(1, super::PCM16), 20_000)))
            .predicted(&bars(1, 700, 4_300))
            .good("long-term", "long-term prediction of one channel"),
        Builder::new(Level::Default, Some((format(2, super::PCM16), 20_000)))
            .predicted(&bars(2, 600, 4_500))
            .good("long-term-stereo", "long-term prediction of two channels, lags that change"),
        Builder::new(Level::Fast, Some((format(64, super::PCM16), 500)))
            .predicted(&quiet)
            .good("channels", "64 channels, the most in one group"),
        Builder::new(Level::Fast, Some((format(65, super::PCM16), 500)))
            .byte_model(AudioBytes, &table, 130)
            .good("more-channels", "65 channels through the byte model"),
        Builder::new(Level::Fast, Some((format(1, SampleFormat::Opaque { stride: 300 }), 10)))
            .byte_model(AudioBytes, &table[..900], 300)
            .good("stride", "an unknown format in blocks of 300 bytes"),
    ]
}

/// The first block of a file with an audio format, through the byte model (§10.6).
fn primed() -> Vec<Case> {
    let integer = |width, endian| SampleFormat::Integer { width, endian };
    let coded = |name, about, change: &dyn Fn(&mut WavFormat), sample| {
        let mut of = format(2, sample);
        (of.sample_rate, of.byte_rate, of.valid_bits) = (44_100, 176_400, 16);
        change(&mut of);
        let header = lmz::wav::canonical_header(&of, 7);
        Builder::new(Level::Fast, Some((of, 100)))
            .byte_model(ForeignCoded, &header, 1)
            .stored(ForeignStored, b"!")
            .byte_model(ForeignCoded, &[b'z'; 200], 1)
            .good(name, about)
    };
    let masked = |of: &mut WavFormat| (of.channel_mask, of.valid_bits) = (0x3F, 20);
    let plain = |_: &mut WavFormat| {};
    let little = Endian::Little;
    vec![
        coded("primer", "a first block primed with a plain header", &plain, integer(2, little)),
        coded("primer-big", "primer of RIFX", &plain, integer(2, Endian::Big)),
        coded("primer-mask", "primer with a channel mask", &masked, integer(3, little)),
        coded("primer-mask-big", "the same of RIFX", &masked, integer(3, Endian::Big)),
        coded("primer-law", "primer of A-law", &plain, SampleFormat::ALaw),
        coded(
            "primer-stride",
            "primer of blocks of one byte, which have no byte order",
            &plain,
            SampleFormat::Opaque { stride: 1 },
        ),
        coded(
            "primer-wide",
            "primer of frames of more than 2^16 bytes",
            &|of| of.channels = 30_000,
            integer(4, little),
        ),
        in_container("primer-wave64", Container::Wave64, integer(2, little)),
        in_container("primer-aiff", Container::Aiff, integer(3, Endian::Big)),
        in_container("primer-aiff-c", Container::AiffC, integer(2, little)),
        in_container("primer-aiff-c-float", Container::AiffC, float32(Endian::Big)),
        in_container("primer-caf", Container::Caf, integer(4, little)),
        in_container("primer-caf-bytes", Container::Caf, SampleFormat::SignedByte),
        in_container("primer-raw", Container::Raw, integer(2, little)),
    ]
}

/// A file of another container than WAV, whose first block is primed with that one's header.
fn in_container(name: &'static str, container: Container, sample: SampleFormat) -> Case {
    let of = WavFormat { container, sample_rate: 48_000, ..format(2, sample) };
    let mut header = lmz::wav::canonical_header(&of, 7);
    header.extend([b'x'; 50]);
    Builder::new(Level::Fast, Some((of, 100)))
        .byte_model(ForeignCoded, &header, 1)
        .stored(AudioStored, &vec![1; 7 * of.frame_bytes()])
        .good(name, "a first block primed with the plain header of another container than WAV")
}

fn formats() -> Vec<Case> {
    let waves = wave(80, 9_000);
    let big = |width: usize| -> Vec<u8> {
        let bytes = |&s: &i64| (s as i32 * 3).to_be_bytes()[4 - width..].to_vec();
        waves.iter().flat_map(bytes).collect()
    };
    let integer = |width| SampleFormat::Integer { width, endian: Endian::Big };
    let codes: Vec<u8> = (0..=255).flat_map(|code| [code; 3]).collect();
    let odd_floats: Vec<u8> = [0.0, -0.0, f32::MIN_POSITIVE / 4.0, 1e38, f32::INFINITY]
        .into_iter()
        .chain([f32::NEG_INFINITY, f32::NAN, -1.5, f32::from_bits(0xFFFF_FFFF)])
        .chain((0..400).map(|i| 1.0 + i as f32 / 900.7))
        .flat_map(f32::to_be_bytes)
        .collect();
    let halves: Vec<u8> = waves.iter().flat_map(|&s| (s as f32 / 32_768.0).to_be_bytes()).collect();
    let gain: Vec<u8> =
        waves.iter().flat_map(|&s| ((s as f64 * (0.7 / 32_768.0)) as f32).to_le_bytes()).collect();
    let genuine: Vec<u8> = [f64::NAN, -0.0, f64::MAX, 5e-324]
        .into_iter()
        .chain(waves.iter().map(|&s| s as f64 / 30_011.0))
        .flat_map(f64::to_le_bytes)
        .collect();
    let big_doubles: Vec<u8> =
        waves.iter().flat_map(|&s| (s as f64 / 128.0).to_be_bytes()).collect();
    let copies: Vec<u8> = waves
        .iter()
        .flat_map(|&s| [s as f32 * 0.000_123, s as f32, s as f32 * 0.000_123])
        .flat_map(f32::to_le_bytes)
        .collect();
    let double = |endian| SampleFormat::Float64 { endian };
    let bytes = |flip: u8| -> Vec<u8> { waves.iter().map(|&s| (s / 80) as u8 ^ flip).collect() };
    let offset: Vec<u8> = waves.iter().flat_map(|&s| (s as u16 ^ 0x8000).to_be_bytes()).collect();
    let extended: Vec<u8> =
        waves.iter().flat_map(|&s| ((s * 900) as u32 & 0xFF_FFFF).to_be_bytes()).collect();
    vec![
        one(integer(2), &big(2)).good("int16-big", "16-bit integers, most significant byte first"),
        one(integer(3), &big(3)).good("int24-big", "24-bit integers, most significant byte first"),
        one(integer(4), &big(4)).good("int32-big", "32-bit integers, most significant byte first"),
        one(SampleFormat::ALaw, &codes).good("alaw-codes", "every A-law code"),
        one(SampleFormat::MuLaw, &codes)
            .good("mulaw-codes", "every µ-law code, negative zero among them"),
        one(float32(Endian::Big), &odd_floats)
            .good("float-bits", "binary32: zeros, subnormal, infinite, NaN; mapping 3, big-endian"),
        one(float32(Endian::Big), &halves)
            .good("float-scaled-big", "binary32 that are 16-bit integers, big-endian"),
        one(float32(Endian::Little), &gain)
            .good("float-gain", "binary32: integers times 0.7 / 32768"),
        Builder::new(Level::Fast, Some((format(3, float32(Endian::Little)), 1_000)))
            .predicted(&copies)
            .good(
                "float-copies",
                "three channels of binary32, the first and the last are the same",
            ),
        one(double(Endian::Big), &big_doubles)
            .good("double-scaled-big", "binary64 that are integers / 128, big-endian; mapping 3"),
        one(double(Endian::Little), &doubles(31))
            .good("double-scaled", "binary64 that are integers / 2^31; mapping 3"),
        one(double(Endian::Little), &genuine)
            .good("double-genuine", "binary64 with NaN; mapping 4"),
        one(SampleFormat::SignedByte, &bytes(0))
            .good("int8-signed", "bytes in two's complement, as in AIFF"),
        one(SampleFormat::Integer { width: 1, endian: Endian::Little }, &bytes(0)).good(
            "int8-offset",
            "bytes in two's complement where the format says unsigned; mapping 5",
        ),
        one(SampleFormat::SignedByte, &bytes(0x80))
            .good("int8-signed-offset", "the other way round; mapping 5"),
        one(integer(2), &offset).good("int16-offset", "16 bits in offset binary; mapping 5"),
        one(integer(4), &extended)
            .good("int24-in-32", "24 bits in 32 without sign extension; mapping 0x38"),
    ]
}

fn value_sets() -> Vec<Case> {
    let int32 = SampleFormat::Integer { width: 4, endian: Endian::Little };
    let pack =
        |values: &[i32]| -> Vec<u8> { values.iter().flat_map(|v| v.to_le_bytes()).collect() };
    let extremes: Vec<i32> = (0..40).map(|i| [i32::MIN, i32::MAX, 0, -1][i * 7 % 4]).collect();
    let gaps: Vec<i32> =
        (0..120).map(|i| [-70_000, -69_987, -3, 0, 12, 25, 4_000_000][i * i % 7]).collect();
    let step: Vec<i32> = wave(120, 500).iter().map(|&s| s as i32 * 4_096 + 77).collect();
    let half: Vec<i32> = (0..30).map(|i| if i % 3 == 0 { i32::MIN } else { 0 }).collect();
    let noise: Vec<i32> =
        wave(200, 900_000_000).iter().map(|&s| (s as i32) ^ (s as i32 >> 9 & 0xFFFF)).collect();
    vec![
        one(int32, &pack(&[-9; 50])).good("constant", "one value throughout"),
        one(int32, &pack(&extremes)).good("extremes", "the ends of the range of 32 bits"),
        one(int32, &pack(&gaps)).good("gaps", "a sparse set with gaps of 12, 13 and millions"),
        one(int32, &pack(&step)).good("grid", "a grid with a step and an offset"),
        one(int32, &pack(&half)).good("grid-half", "a grid with a step of 2^31"),
        one(int32, &pack(&noise)).good("raw-bits", "loud 32-bit samples, many bits of them raw"),
    ]
}

/// A WAV file with 64-bit sizes.
fn rf64(data: &[u8]) -> Vec<u8> {
    let plain = wav::build(1, 2, 8_000, 16, data);
    let mut ds64 = Vec::new();
    ds64.extend((plain.len() as u64 + 28).to_le_bytes());
    ds64.extend((data.len() as u64).to_le_bytes());
    ds64.extend((data.len() as u64 / 4).to_le_bytes());
    ds64.extend([0; 4]);
    let mut file = wav::riff(&[(b"ds64", &ds64), (b"fmt ", &plain[20..36]), (b"data", data)]);
    file[..4].copy_from_slice(b"RF64");
    file[4..8].fill(0xFF);
    let size_at = file.len() - data.len() - 4;
    file[size_at..size_at + 4].fill(0xFF);
    file
}
