//! Long files, coded in parts and joined: the bytes are those of one that was coded as a whole.

use std::io;

use crate::support::{compress_with, decompress, wav};
use lmz::Level;
use lmz::container::{Block, BlockKind, ContentHash, Reader, Writer};
use lmz::lm::exact::ExactModels;
use lmz::pipeline::{self, CompressOptions, Cut, LmUse};

/// Samples of the shortest segment.
const SEGMENT: usize = 1 << 17;

fn options() -> CompressOptions {
    CompressOptions { level: Level::Fast, segment_seconds: Some(1), ..Default::default() }
}

fn cut(file: &[u8], options: &CompressOptions) -> Cut {
    pipeline::cut(file, options).unwrap().unwrap()
}

/// The parts of a file, each of so many segments; the last goes to the end of the file.
fn parts(file: &[u8], options: &CompressOptions, segments: usize) -> Vec<Vec<u8>> {
    let cut = cut(file, options);
    assert_eq!(cut.head, file[..cut.head.len()]);
    file[cut.head.len()..]
        .chunks(segments * cut.segment_bytes as usize)
        .map(|part| pipeline::encode_part(&cut.head, part, options, &mut ()).unwrap())
        .collect()
}

fn join(file: &[u8], options: &CompressOptions, parts: &[Vec<u8>]) -> lmz::Result<Vec<u8>> {
    let mut joined = Vec::new();
    let parts = parts.iter().cloned().map(Ok);
    let summary = pipeline::join(file, &mut joined, options, parts, &mut ())?;
    assert_eq!(summary.compressed_bytes, joined.len() as u64);
    Ok(joined)
}

/// A file of some segments and a bit, with chunks around the samples.
fn long_file() -> Vec<u8> {
    let samples = wav::sine(1, 3 * SEGMENT + 1_000);
    let mut file = wav::pcm16(1, 8_000, &samples);
    file.extend_from_slice(b"LIST\x05\0\0\0INFOx\0");
    file
}

#[test]
fn parts_of_any_length_join_to_the_same_bytes() {
    let (file, options) = (long_file(), options());
    let whole = compress_with(&file, &options);
    for segments in [1, 2, 3, 9] {
        let parts = parts(&file, &options, segments);
        assert_eq!(parts.len(), 4_usize.div_ceil(segments));
        assert!(join(&file, &options, &parts).unwrap() == whole, "parts of {segments}");
    }
    assert!(join(&file, &CompressOptions { verify: true, ..options }, &[]).unwrap() == whole);
}

/// The blocks of a part, stored in place of coded, so that it shows where they come from.
fn stored(part: &[u8], samples: &[u8]) -> Vec<u8> {
    let mut reader = Reader::new(part).unwrap();
    let mut out = Vec::new();
    let mut writer = Writer::new(&mut out, &reader.header().clone()).unwrap();
    let mut rest = samples;
    while let Some((_, block)) = reader.next_block().unwrap() {
        let (bytes, after) = rest.split_at(block.original_length as usize);
        rest = after;
        let (kind, stream) = (BlockKind::AudioStored, bytes.to_vec());
        let stored = Block { kind, stream, lsb: Vec::new(), mapping: 0, long_term: false, ..block };
        writer.write_block(&stored).unwrap();
    }
    writer.finish(ContentHash::default()).unwrap();
    out
}

#[test]
fn what_parts_hold_is_not_coded_again_and_what_they_lack_is() {
    let (file, options) = (long_file(), options());
    let whole = compress_with(&file, &options);
    let mut parts = parts(&file, &options, 1);
    let Cut { head, segment_bytes, .. } = cut(&file, &options);
    parts[1] = stored(&parts[1], &file[head.len() + segment_bytes as usize..]);
    let joined = join(&file, &options, &parts).unwrap();
    assert!(joined.len() > whole.len() + SEGMENT);
    assert!(decompress(&joined).unwrap() == file);

    // A file that has changed since its parts were coded, before and in the second one.
    let mut changed = file.clone();
    changed[head.len() + segment_bytes as usize + 7] ^= 1;
    let whole = compress_with(&changed, &options);
    assert!(join(&changed, &options, &parts).unwrap() == whole);
    assert!(join(&changed, &options, &parts[..1]).unwrap() == whole);
    let shifted = [b"RIFF\0\0\0\0WAVEjunk\x02\0\0\0ab", &file[12..]].concat();
    let joined = join(&shifted, &options, &parts[2..]).unwrap();
    assert!(joined == compress_with(&shifted, &options));
}

/// Samples in two chunks: the parts fit the first one alone.
#[test]
fn samples_in_two_chunks_join_too() {
    let options = options();
    let mut file = wav::pcm16(1, 8_000, &wav::sine(1, SEGMENT + 50));
    let second = wav::pcm16(1, 8_000, &wav::noise(3_000));
    file.extend_from_slice(&second[36..]);
    let joined = join(&file, &options, &parts(&file, &options, 1)).unwrap();
    assert!(joined == compress_with(&file, &options));
}

/// Whether a file takes the blocks with the model is told by all of it.
#[test]
fn the_model_is_named_as_in_a_whole_file() {
    let song = std::fs::read("fixtures/lm/song.wav").unwrap();
    let model = ExactModels::default().provider().unwrap();
    let mut sizes = Vec::new();
    for lm in [LmUse::On, LmUse::Always] {
        let options = CompressOptions { lm, model: Some(model.clone()), ..options() };
        let whole = compress_with(&song, &options);
        let parts = parts(&song, &options, 1);
        assert!(join(&song, &options, &parts).unwrap() == whole, "{lm:?}");
        sizes.push(whole.len());
    }
    assert_ne!(sizes[0], sizes[1]);
}

#[test]
fn parts_made_otherwise_are_refused() {
    let file = wav::pcm16(1, 8_000, &wav::sine(1, 5_000));
    let made = parts(&file, &options(), 1);
    let other = CompressOptions { level: Level::Default, ..options() };
    assert!(matches!(join(&file, &other, &made), Err(lmz::Error::OutOfRange(_))));
    let failing = std::iter::once(Err(io::Error::other("lost")));
    let error = pipeline::join(file.as_slice(), io::sink(), &options(), failing, &mut ());
    assert!(matches!(error, Err(lmz::Error::Io(error)) if error.to_string() == "lost"));
}

#[test]
fn files_that_cannot_be_cut_say_so() {
    let empty = wav::pcm16(1, 8_000, &[]);
    assert_eq!(pipeline::cut(empty.as_slice(), &options()).unwrap(), None);
    // The format behind the samples.
    let file = wav::pcm16(1, 8_000, &wav::sine(1, 100));
    let turned = [&file[..12], &file[36..], &file[12..36]].concat();
    assert_eq!(pipeline::cut(turned.as_slice(), &options()).unwrap(), None);
    assert!(pipeline::encode_part(&turned[..20], io::empty(), &options(), &mut ()).is_err());
}
