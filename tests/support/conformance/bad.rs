//! What every decoder must refuse: damaged files, and files of later versions.

use std::ops::Range;

use lmz::ContentHash;
use lmz::Level;
use lmz::container::BlockKind::{AudioBytes, AudioCoded, AudioStored, ForeignCoded, ForeignStored};
use lmz::container::layout::{CRC_LENGTH, FOOTER_LENGTH, MAX_FINGERPRINT};
use lmz::wav::{Endian, SampleFormat};

use super::{Builder, Case, PCM16, edit, format, wave16};

// Fields of the file header, by their offsets in the file (§4.1, §4.2, §4.3).
const VERSION: usize = 8;
const DRAFT: usize = 9;
const LEVEL: Range<usize> = 12..13;
const FLAGS: Range<usize> = 13..14;
const CONTAINER: Range<usize> = 14..15;
const CHANNELS: Range<usize> = 16..17;
const RATE: Range<usize> = 17..19;
const SEGMENT_FRAMES: Range<usize> = 26..28;
// Fields of the header of a predicted block that starts at byte 6 of the original (§5.1).
const KIND: Range<usize> = 5..6;
const ORIGINAL_OFFSET: Range<usize> = 7..8;
const ORIGINAL_LENGTH: Range<usize> = 8..10;
// Fields of the trailer (§6.1).
const COUNT: Range<usize> = 6..7;
const LENGTH: Range<usize> = 7..9;

/// Two blocks, foreign and predicted: what most cases are made from.
fn sound() -> Builder {
    Builder::pcm16(1).stored(ForeignStored, b"header").predicted(&wave16(100))
}

fn case(name: &'static str, about: &'static str, lmz: Vec<u8>) -> Case {
    Case { name, about, lmz, original: None }
}

/// Damaged files.
pub fn bad() -> Vec<Case> {
    [file_header(), block_headers(), kinds(), payloads(), ends()].into_iter().flatten().collect()
}

fn file_header() -> Vec<Case> {
    let file = sound().bytes();
    let after = SEGMENT_FRAMES.end..SEGMENT_FRAMES.end;
    let mut text_mode = file.clone();
    text_mode.remove(4);
    vec![
        case("nothing", "a file of no bytes", Vec::new()),
        case("wav", "a WAV file", super::super::wav::pcm16(1, 8_000, &[1, 2, 3])),
        case("text-mode", "CR LF in the signature became LF", text_mode),
        case("prologue-cut", "ends within the prologue", file[..10].to_vec()),
        case("header-cut", "ends within the file header", file[..20].to_vec()),
        case(
            "header-crc",
            "a bit of the sample rate flipped",
            edit::flipped(file.clone(), RATE.start),
        ),
        case("version-crc", "a bit of the version flipped", edit::flipped(file.clone(), VERSION)),
        case(
            "header-short",
            "a file header that ends within its fields",
            edit::body(file.clone(), RATE.start..SEGMENT_FRAMES.end, &[]),
        ),
        case(
            "header-long",
            "a file header above the limit",
            edit::body(file.clone(), after.clone(), &[1; MAX_FINGERPRINT + 1]),
        ),
        case(
            "number-long",
            "a number of channels that has a byte more than it needs",
            edit::body(file.clone(), CHANNELS, &[0x81, 0]),
        ),
        case(
            "number-large",
            "a number of channels beyond 16 bits",
            edit::body(file.clone(), CHANNELS, &[0x80, 0x80, 4]),
        ),
        case(
            "fingerprint-short",
            "a coded fingerprint without its length",
            edit::body(file.clone(), FLAGS, &[3]),
        ),
        case(
            "no-channels",
            "an audio format of no channels",
            edit::body(file.clone(), CHANNELS, &[0]),
        ),
        case(
            "no-segment-frames",
            "an audio format with segments of no frames",
            edit::body(file.clone(), SEGMENT_FRAMES, &[0]),
        ),
        case(
            "segment-samples",
            "segments of more than 2^23 samples",
            edit::body(file, SEGMENT_FRAMES, &[0x81, 0x80, 0x80, 4]),
        ),
    ]
}

fn block_headers() -> Vec<Case> {
    let file = sound().bytes();
    let second = edit::block_at(&file, 1);
    let swapped = Builder::pcm16(1).stored(ForeignStored, b"one").stored(ForeignStored, b"two");
    let (one, two) = (edit::block_at(&swapped.bytes(), 0), edit::block_at(&swapped.bytes(), 1));
    let mut bytes = swapped.bytes();
    let length = two - one;
    bytes[one..one + 2 * length].rotate_left(length);
    vec![
        case("block-cut", "ends within a block header", file[..second + 10].to_vec()),
        case(
            "block-marker",
            "a bit of a block's marker flipped",
            edit::flipped(file.clone(), second),
        ),
        case(
            "block-crc",
            "a bit of a block header flipped",
            edit::flipped(file.clone(), second + 8),
        ),
        case(
            "block-offset",
            "a block says it belongs elsewhere in the original",
            edit::block(file.clone(), 1, ORIGINAL_OFFSET, &[7]),
        ),
        case("blocks-swapped", "two blocks in the wrong order", bytes),
        case(
            "block-empty",
            "a block of no bytes",
            edit::block(file.clone(), 1, ORIGINAL_LENGTH, &[0]),
        ),
        case(
            "block-huge",
            "a block of more than 2^26 bytes",
            edit::block(file.clone(), 1, ORIGINAL_LENGTH, &[0x82, 0x80, 0x80, 0x20]),
        ),
    ]
}

fn kinds() -> Vec<Case> {
    let bytes = wave16(100);
    let audio = Builder::pcm16;
    vec![
        audio(1)
            .byte_model(ForeignCoded, &[9; 50], 1)
            .but(|b| b.kind = ForeignStored)
            .refused("stored-short", "a stored block shorter than what it decodes to"),
        audio(1)
            .byte_model(ForeignCoded, &[9; 50], 1)
            .but(|b| b.uses_lm = true)
            .refused("foreign-model", "a foreign block that a language model takes part in"),
        audio(1)
            .byte_model(AudioBytes, &bytes, 2)
            .but(|b| b.long_term = true)
            .refused("bytes-long-term", "long-term prediction in a block of bytes"),
        Builder::new(Level::Fast, None)
            .stored(AudioStored, &bytes)
            .but(|b| b.frames = 100)
            .refused("audio-without-format", "an audio block, but no audio format"),
        audio(1)
            .stored(AudioStored, &[bytes.clone(), bytes.clone(), bytes.clone()].concat())
            .refused("too-many-frames", "a block of more frames than a segment has"),
        audio(1)
            .stored(AudioStored, &bytes[..101])
            .refused("part-of-a-frame", "an audio block that ends within a frame"),
        audio(1)
            .predicted(&bytes)
            .but(|b| b.uses_lm = true)
            .refused("model-not-named", "a block uses a language model, but the header names none"),
        Builder::new(Level::Fast, Some((format(1_025, PCM16), 10)))
            .byte_model(AudioBytes, &wave16(1_025), 2_050)
            .but(|b| b.kind = AudioCoded)
            .refused("predicted-channels", "prediction of 1,025 channels"),
        audio(1)
            .predicted(&bytes)
            .but(|b| b.mapping = 6)
            .refused("mapping-unknown", "a mapping that is not defined"),
        audio(1)
            .predicted(&bytes)
            .but(|b| b.mapping = 3)
            .refused("mapping-of-floats", "a mapping of floats in a file of integers"),
    ]
}

fn payloads() -> Vec<Case> {
    let bytes = wave16(100);
    let predicted = || Builder::pcm16(1).predicted(&bytes);
    let loud = || Builder::pcm16(1).predicted(&super::super::wav::bytes(160));
    let file = predicted().bytes();
    let payload = edit::block_at(&file, 0) + edit::block_header_length(&file, 0);
    let wide = SampleFormat::Integer { width: 1, endian: Endian::Little };
    let wide = Builder::new(Level::Fast, Some((format(2, wide), 200)));
    let mut of_16_bits = predicted().blocks.remove(0);
    of_16_bits.frames = 100;
    let mut wide = wide.stored(AudioStored, &bytes);
    *wide.last() = of_16_bits;
    // Predicted as integers of 32 and of 8 bits, then said to be something else.
    let as_if = |width, sample, mapping, values: &[i32]| {
        let bytes: Vec<u8> =
            values.iter().flat_map(|v| v.to_le_bytes()[..usize::from(width)].to_vec()).collect();
        let integers = SampleFormat::Integer { width, endian: Endian::Little };
        let mut built =
            Builder::new(Level::Fast, Some((format(1, integers), 200))).predicted(&bytes);
        built.header.audio.as_mut().unwrap().format.sample = sample;
        built.but(|b| b.mapping = mapping)
    };
    let float = SampleFormat::Float32 { endian: Endian::Little };
    let floats: Vec<u8> = (0..60).flat_map(|i| (i as f32 / 7.0).to_le_bytes()).collect();
    let floats = || {
        let built = Builder::new(Level::Fast, Some((format(1, float), 200)));
        built.predicted(&floats)
    };
    // Behind the length of the stream of floats.
    let factor = floats().but(|b| b.stream[4..12].fill(0));
    let beyond = floats().but(|b| b.stream[..4].fill(0xFF));
    let unknown_code = as_if(1, SampleFormat::ALaw, 1, &[128 + 2; 60]);
    vec![
        case("payload-crc", "a bit of a payload flipped", edit::flipped(file.clone(), payload + 9)),
        case("payload-cut", "ends within a payload", file[..payload + 20].to_vec()),
        predicted()
            .but(|b| b.stream[30] ^= 4)
            .refused("stream-bit", "a bit of the coded stream differs, with the right CRC-32"),
        predicted()
            .but(|b| b.stream.truncate(b.stream.len() - 20))
            .refused("stream-short", "the coded stream lacks its end"),
        predicted()
            .but(|b| b.stream.extend([0; 9]))
            .refused("stream-long", "the coded stream goes on after the last decision"),
        predicted()
            .but(|b| b.lsb.push(0))
            .refused("lsb-long", "the LSB block has a byte that nothing reads"),
        loud()
            .but(|b| b.lsb.truncate(b.lsb.len() - 1))
            .refused("lsb-short", "the LSB block lacks its last byte"),
        Builder::pcm16(1)
            .byte_model(ForeignCoded, &[b'y'; 90], 1)
            .but(|b| b.stream.extend([1; 9]))
            .refused("coded-bytes-long", "coded bytes go on after the last byte"),
        predicted()
            .but(|b| b.original_crc ^= 1)
            .refused("original-crc", "a block decodes to other bytes than its CRC-32 says"),
        factor.refused("float-factor", "floats whose factor is 0"),
        beyond.refused("floats-long", "a stream of floats that is longer than its block"),
        unknown_code.refused("no-such-code", "a value that no A-law code has"),
        wide.refused("value-too-large", "a value that the sample format cannot hold"),
    ]
}

fn ends() -> Vec<Case> {
    let file = sound().bytes();
    let trailer = edit::trailer_at(&file);
    let footer = file.len() - FOOTER_LENGTH;
    let mut wrong_hash = sound();
    wrong_hash.hash = Some(ContentHash::default());
    vec![
        case("no-trailer", "ends after the last block", file[..trailer].to_vec()),
        case("trailer-cut", "ends within the trailer", file[..trailer + 20].to_vec()),
        case(
            "trailer-crc",
            "a bit of the trailer flipped",
            edit::flipped(file.clone(), trailer + 20),
        ),
        case("count", "the trailer counts other blocks", edit::trailer(file.clone(), COUNT, &[3])),
        case("length", "the trailer has another length", edit::trailer(file.clone(), LENGTH, &[0])),
        case(
            "header-copy",
            "another level in the trailer's copy",
            edit::level_of_copy(file.clone(), 1),
        ),
        case("table-crc", "the segment table has another CRC-32", edit::table(file.clone(), 1)),
        case("table-frames", "the segment table has other frames", edit::table(file.clone(), 5)),
        case("table-length", "the segment table has another length", edit::table(file.clone(), 7)),
        wrong_hash.refused("blake3", "the hash of the original is wrong"),
        case("footer", "a bit of the footer flipped", edit::flipped(file.clone(), footer)),
        case("end-marker", "the end marker is wrong", edit::flipped(file.clone(), file.len() - 1)),
        case("no-footer", "ends after the trailer", file[..footer].to_vec()),
        case("more", "a byte after the end", [&file[..], &[0]].concat()),
        case("twice", "two files in one", [&file[..], &file].concat()),
    ]
}

/// Files of later versions.
pub fn unsupported() -> Vec<Case> {
    let file = sound().bytes();
    let end_of_fields = edit::block_header_length(&file, 1) - CRC_LENGTH;
    vec![
        case("version", "version 2", edit::prologue(file.clone(), VERSION, 2)),
        case("draft", "another draft of version 1", edit::prologue(file.clone(), DRAFT, 99)),
        case("level", "level 3", edit::body(file.clone(), LEVEL, &[3])),
        case("header-flag", "an unknown flag of the header", edit::body(file.clone(), FLAGS, &[5])),
        case("container", "container 6", edit::body(file.clone(), CONTAINER, &[0x61])),
        case("block-kind", "a block of kind 7", edit::block(file.clone(), 1, KIND, &[7])),
        case(
            "block-flag",
            "an unknown flag of a block",
            edit::block(file.clone(), 1, KIND, &[0x44]),
        ),
        case(
            "block-fields",
            "a block header with a field more",
            edit::block(file, 1, end_of_fields..end_of_fields, &[0]),
        ),
    ]
}
