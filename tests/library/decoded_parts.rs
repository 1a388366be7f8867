//! Long files, decoded in parts and put together: the bytes are those of one that was decoded as a whole.

use std::io::{self, Cursor};

use crate::support::{compress_with, wav};
use lmz::pipeline::{self, CompressOptions, DecompressOptions};
use lmz::{AudioFormat, Error, Level, Summary};

/// Samples of the shortest segment.
const SEGMENT: usize = 1 << 17;

/// A file of four segments and a bit, in two chunks of samples; the second one is shorter than a segment.
fn long_file() -> (Vec<u8>, Vec<u8>) {
    let mut file = wav::pcm16(1, 8_000, &wav::sine(1, 3 * SEGMENT + 1_000));
    file.extend_from_slice(&wav::pcm16(1, 8_000, &wav::noise(3_000))[36..]);
    file.extend_from_slice(b"LIST\x05\0\0\0INFOx\0");
    let options =
        CompressOptions { level: Level::Fast, segment_seconds: Some(1), ..Default::default() };
    let packed = compress_with(&file, &options);
    (file, packed)
}

fn parts(packed: &[u8], frames: u64) -> Vec<Vec<u8>> {
    let whole = pipeline::outline(Cursor::new(packed)).unwrap().unwrap();
    let part = |start| {
        let range = start..start + frames;
        let options = DecompressOptions::default();
        pipeline::decode_part(Cursor::new(packed), range, &options, &mut ()).unwrap()
    };
    (0..whole.frames).step_by(frames as usize).map(part).collect()
}

fn restore(packed: &[u8], parts: &[Vec<u8>]) -> lmz::Result<(Vec<u8>, Summary)> {
    let (mut out, options) = (Vec::new(), DecompressOptions::default());
    let parts = parts.iter().cloned().map(Ok);
    let summary = pipeline::restore(packed, &mut out, &options, parts, &mut ())?;
    Ok((out, summary))
}

#[test]
fn parts_of_any_length_restore_the_same_bytes() {
    let (file, packed) = long_file();
    let whole =
        pipeline::verify(packed.as_slice(), &DecompressOptions::default(), &mut ()).unwrap();
    for frames in [SEGMENT / 2 + 1, SEGMENT, 2 * SEGMENT, 9 * SEGMENT] {
        let parts = parts(&packed, frames as u64);
        assert_eq!(parts.iter().map(Vec::len).sum::<usize>(), 2 * (3 * SEGMENT + 4_000));
        let (restored, summary) = restore(&packed, &parts).unwrap();
        assert!(restored == file, "parts of {frames} frames");
        assert_eq!(summary, whole);
    }
}

#[test]
fn what_parts_hold_is_not_decoded_again_and_what_they_lack_is() {
    let (file, packed) = long_file();
    let mut parts = parts(&packed, SEGMENT as u64);
    assert!(restore(&packed, &parts[..2]).unwrap().0 == file);
    assert!(restore(&packed, &parts[1..]).unwrap().0 == file);
    parts[1].truncate(100);
    assert!(restore(&packed, &parts).unwrap().0 == file);
    // Other samples with the same CRC-32: its polynomial is 0.
    for (byte, change) in parts[2].iter_mut().zip(0x1_DB71_0641_u64.to_le_bytes()) {
        *byte ^= change;
    }
    let error = restore(&packed, &parts).unwrap_err();
    assert!(error.to_string().contains("BLAKE3"), "{error}");
}

#[test]
fn errors_come_through() {
    let (_, mut packed) = long_file();
    let failing = std::iter::once(Err(io::Error::other("the part is lost")));
    let options = DecompressOptions::default();
    let error = pipeline::restore(packed.as_slice(), io::sink(), &options, failing, &mut ());
    assert!(error.unwrap_err().to_string().contains("the part is lost"));

    let limited = options.clone().with_max_output(1_000);
    let part =
        |packed: &[u8], options| pipeline::decode_part(Cursor::new(packed), 0..1, options, &mut ());
    assert!(matches!(part(&packed, &limited), Err(Error::Limit { .. })));
    packed[1_000] ^= 1;
    assert!(matches!(part(&packed, &options), Err(Error::Corrupt { .. })));
}

#[test]
fn both_ends_say_what_there_is_to_divide() {
    let (_, mut packed) = long_file();
    let outline = pipeline::outline(Cursor::new(&packed)).unwrap().unwrap();
    assert_eq!(outline.format, AudioFormat::integer(1, 8_000, 16));
    assert_eq!((outline.frame_bytes, outline.segment_frames), (2, SEGMENT as u32));
    assert_eq!(outline.frames, 3 * SEGMENT as u64 + 4_000);
    // What is between the ends is not read.
    let middle = packed.len() / 2;
    packed[middle] ^= 1;
    assert_eq!(pipeline::outline(Cursor::new(&packed)).unwrap(), Some(outline));
    packed.pop();
    assert!(matches!(pipeline::outline(Cursor::new(&packed)), Err(Error::Corrupt { .. })));
    let foreign = pipeline::outline(Cursor::new(b"RIFF"));
    assert!(matches!(foreign, Err(Error::NotLmz(_))), "{foreign:?}");

    let golden = |name: &str| {
        let packed = std::fs::read(format!("fixtures/golden/{name}.lmz")).unwrap();
        pipeline::outline(Cursor::new(packed)).unwrap()
    };
    assert_eq!(golden("no-audio"), None);
    assert_eq!(golden("no-frames").unwrap().frames, 0);
}
