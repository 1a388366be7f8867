//! The model is named when it has saved more than that costs, and not before; and a segment alone sets the limit.

use super::*;
use crate::codec::Level;
use crate::container::{Audio, BlockKind, Reader};
use crate::wav::{SampleFormat, WavFormat};

const FINGERPRINT: usize = 300;

fn header() -> FileHeader {
    let format = WavFormat {
        tag: 1,
        channels: 1,
        sample_rate: 8_000,
        byte_rate: 0,
        valid_bits: 8,
        channel_mask: 0,
        container: crate::wav::Container::Wav,
        sample: SampleFormat::ALaw,
    };
    let audio = Some(Audio { format, segment_frames: 10_000 });
    FileHeader {
        level: Level::Fast,
        audio,
        fingerprint: vec![7; FINGERPRINT],
        fingerprint_coded: false,
    }
}

/// A segment that the model made `saved` bytes shorter than 2,000; not at all if that is 0.
fn segment(saved: usize) -> Encoded {
    let block = |length: usize, uses_lm| Block {
        kind: BlockKind::AudioCoded,
        uses_lm,
        long_term: false,
        original_length: 10_000,
        frames: 10_000,
        mapping: 1,
        length_without_lm: if uses_lm { 2_000 } else { 0 },
        original_crc: 0,
        stream: vec![1; length],
        lsb: Vec::new(),
    };
    // Two bytes more of header.
    let modelled = (saved > 0).then(|| block(2_000 - 2 - saved, true));
    Encoded { plain: block(2_000, false), modelled }
}

/// Segments with the model and length of the fingerprint in the file, and its length.
fn write(savings: &[usize]) -> (u32, usize, u64) {
    let mut lmz = Vec::new();
    let mut writer = LateHeader::new(&mut lmz, header(), LmUse::On).unwrap();
    for &saved in savings {
        writer.write_block(segment(saved)).unwrap();
    }
    let summary = writer.finish(ContentHash::default()).unwrap();
    let mut reader = Reader::new(lmz.as_slice()).unwrap();
    let fingerprint = reader.header().fingerprint.len();
    let mut with_lm = 0;
    while let Some((_, block)) = reader.next_block().unwrap() {
        with_lm += u32::from(block.uses_lm);
    }
    assert_eq!(summary.segments_with_lm, with_lm);
    assert_eq!(summary.segments as usize, savings.len());
    assert_eq!(summary.compressed_bytes, lmz.len() as u64);
    (with_lm, fingerprint, summary.compressed_bytes)
}

#[test]
fn a_model_that_saves_less_than_its_name_takes_is_not_used() {
    let (_, _, plain) = write(&[0, 0, 0]);
    for savings in [[0, 100, 0], [200, 200, 200], [0, 0, 600]] {
        assert_eq!(write(&savings), (0, 0, plain), "{savings:?}");
    }
}

#[test]
fn savings_add_up() {
    let (_, _, plain) = write(&[0, 0, 0]);
    for (savings, with_lm) in [([200, 201, 200], 3), ([0, 601, 0], 1), ([1_000, 1, 0], 2)] {
        let saved = savings.iter().sum::<usize>() as u64;
        let fingerprints = 2 * FINGERPRINT as u64;
        let expected = (with_lm, FINGERPRINT, plain + fingerprints - saved);
        assert_eq!(write(&savings), expected, "{savings:?}");
        assert!(expected.2 < plain);
    }
}

#[test]
fn nothing_is_held_for_ever() {
    let mut output = Vec::new();
    let mut writer = LateHeader::new(&mut output, header(), LmUse::On).unwrap();
    for _ in 0..MAX_HELD / 2_000 + 1 {
        writer.write_block(segment(0)).unwrap();
    }
    assert!(matches!(writer.state, State::Written(_)));
}

/// The header's limit of a segment in a file of `segments` segments.
fn limit(segments: usize) -> u32 {
    let mut lmz = Vec::new();
    let mut long = header();
    long.audio.as_mut().unwrap().segment_frames = 1 << 20;
    let mut writer = LateHeader::new(&mut lmz, long, LmUse::Off).unwrap();
    (0..segments).for_each(|_| writer.write_block(segment(0)).unwrap());
    writer.finish(ContentHash::default()).unwrap();
    Reader::new(lmz.as_slice()).unwrap().header().audio.unwrap().segment_frames
}

#[test]
fn a_segment_alone_sets_the_limit() {
    assert_eq!([0, 1, 2, 3].map(limit), [1, 10_000, 1 << 20, 1 << 20]);
}
