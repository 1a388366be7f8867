//! Damage costs what it hit and nothing else.

use std::io::Cursor;
use std::ops::Range;

use crate::support;
use crate::support::{compress, wav};
use lmz::Error;
use lmz::container::{Audio, Block, BlockKind, FileHeader, Reader, Writer};
use lmz::pipeline::{CompressOptions, DecompressOptions, Gap, SalvageReport, examine, salvage};
use lmz::wav::{SegmentLimit, Span, WavReader};

fn rescue_with(lmz: &[u8], gap: Gap) -> lmz::Result<(Vec<u8>, SalvageReport)> {
    let options = DecompressOptions::default().with_threads(1);
    let mut out = Vec::new();
    let report = salvage(Cursor::new(lmz), &mut out, gap, &options, &mut ())?;
    assert_eq!(report.written_bytes, out.len() as u64);
    Ok((out, report))
}

fn rescue(lmz: &[u8]) -> lmz::Result<(Vec<u8>, SalvageReport)> {
    rescue_with(lmz, Gap::Silence)
}

/// A WAV file and the same as an lmz file of small stored segments.
struct Sample {
    original: Vec<u8>,
    lmz: Vec<u8>,
    /// Where each block is, in the lmz file and in the original.
    blocks: Vec<(Range<usize>, Range<usize>)>,
}

impl Sample {
    fn of(original: Vec<u8>, lmz: Vec<u8>) -> Self {
        let mut reader = Reader::new(lmz.as_slice()).unwrap();
        let mut blocks = Vec::new();
        while let Some((place, block)) = reader.next_block().unwrap() {
            let (at, from) = (place.offset as usize, place.original_offset as usize);
            blocks.push((
                at..at + block.coded_length(place.original_offset) as usize,
                from..from + block.original_length as usize,
            ));
        }
        Sample { original, lmz, blocks }
    }

    /// Segments of `frames` frames, without any coding.
    fn stored(original: Vec<u8>, frames: u32) -> Self {
        let mut reader = WavReader::new(original.as_slice()).unwrap();
        let limit = SegmentLimit { seconds: 1, samples: 1 << 20 };
        let mut spans = Vec::new();
        while let Some(span) = reader.next_span(limit).unwrap() {
            spans.push(span);
        }
        let format = *reader.format().unwrap();
        let audio = Some(Audio { format, segment_frames: frames });
        let header = FileHeader {
            level: lmz::Level::Fast,
            audio,
            fingerprint: Vec::new(),
            fingerprint_coded: false,
        };
        let mut lmz = Vec::new();
        let mut writer = Writer::new(&mut lmz, &header).unwrap();
        let segment = frames as usize * format.frame_bytes();
        for span in &spans {
            let (kind, bytes, size) = match span {
                Span::Foreign(bytes) => (BlockKind::ForeignStored, bytes, bytes.len()),
                Span::Audio { bytes } => (BlockKind::AudioStored, bytes, segment),
            };
            for part in bytes.chunks(size) {
                let frames = if kind.is_audio() { part.len() / format.frame_bytes() } else { 0 };
                let block = Block {
                    kind,
                    uses_lm: false,
                    long_term: false,
                    original_length: part.len() as u32,
                    frames: frames as u32,
                    mapping: 0,
                    length_without_lm: 0,
                    original_crc: crc32fast::hash(part),
                    stream: part.to_vec(),
                    lsb: Vec::new(),
                };
                writer.write_block(&block).unwrap();
            }
        }
        writer.finish(lmz::ContentHash::of(&original)).unwrap();
        Sample::of(original, lmz)
    }

    /// What must come back when these blocks are lost; `silence` takes their place.
    fn without(&self, lost: &[usize], silence: u8) -> Vec<u8> {
        let mut expected = self.original.clone();
        for &block in lost {
            expected[self.blocks[block].1.clone()].fill(silence);
        }
        expected
    }
}

/// Pseudo-random numbers (splitmix64).
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % bound as u64) as usize
    }

    fn range(&mut self, within: Range<usize>) -> Range<usize> {
        let start = within.start + self.below(within.len());
        start..start + 1 + self.below(within.end - start)
    }
}

/// Destroys the bytes of one block in one of many ways; other blocks keep theirs.
fn destroy(lmz: &mut Vec<u8>, block: Range<usize>, random: &mut Random) -> &'static str {
    let hit = random.range(block.clone());
    match random.below(6) {
        0 => {
            lmz[hit.start] ^= 1 << random.below(8);
            "a bit flipped"
        }
        1 => {
            for byte in &mut lmz[hit] {
                *byte ^= 1 + random.below(255) as u8;
            }
            "a run overwritten"
        }
        2 => {
            lmz.drain(hit);
            "a run lost"
        }
        3 => {
            let junk: Vec<u8> = (0..1 + random.below(5_000)).map(|i| (i * 7) as u8).collect();
            // Not before the block, where it would hit nothing.
            let at = (hit.start).max(block.start + 1);
            lmz.splice(at..at, junk);
            "a run put in"
        }
        4 => {
            lmz[block.start..block.start + 40].fill(0);
            "the header zeroed"
        }
        _ => {
            lmz.drain(block);
            "all of it lost"
        }
    }
}

/// k of n segments destroyed, for many k, in many ways: the n - k others come back.
fn random_damages(sample: &Sample, rounds: u64) {
    let mut counts = std::collections::BTreeMap::new();
    for round in 0..rounds {
        let mut random = Random(round);
        // The first block is the WAV header, and the last one may be what follows the samples.
        let segments: Vec<usize> =
            (1..sample.blocks.len()).filter(|&i| sample.blocks[i].1.len() >= 100).collect();
        let k = 1 + random.below(segments.len() - 1);
        let mut lost: Vec<usize> = Vec::new();
        while lost.len() < k {
            let block = segments[random.below(segments.len())];
            if !lost.contains(&block) {
                lost.push(block);
            }
        }
        lost.sort_unstable();
        let mut lmz = sample.lmz.clone();
        let mut what = String::new();
        // From the back, so that the places of the others hold.
        for &block in lost.iter().rev() {
            let how = destroy(&mut lmz, sample.blocks[block].0.clone(), &mut random);
            what += &format!("{block}: {how}; ");
            *counts.entry(how).or_insert(0) += 1;
        }
        let (out, report) = rescue(&lmz).unwrap_or_else(|e| panic!("{round}, {what}: {e}"));
        assert!(out == sample.without(&lost, 0x80), "round {round}, {what}");
        assert!(!report.complete);
        assert_eq!(report.segments as usize, segments.len() - k, "round {round}, {what}");
        let named: u64 =
            report.damage.iter().map(|damage| damage.bytes.end - damage.bytes.start).sum();
        let gone: usize = lost.iter().map(|&block| sample.blocks[block].1.len()).sum();
        assert_eq!(named, gone as u64, "round {round}, {what}");
        for damage in &report.damage {
            assert_eq!(damage.what, "samples");
            assert_eq!(damage.frames.clone().count(), damage.bytes.clone().count());
        }
    }
    assert_eq!(counts.len(), 6, "{counts:?}");
}

#[test]
fn a_hundred_random_damages_of_a_real_file() {
    // A segment has at least 2^17 samples. Noise is stored, which makes this test bearable.
    let mut data = wav::bytes(8 * (1 << 17) + 5_000);
    for (i, byte) in data[3 << 17..4 << 17].iter_mut().enumerate() {
        *byte = (128.0 + 60.0 * (i as f64 * 0.03).sin()) as u8;
    }
    let original = wav::build(1, 1, 20, 8, &data);
    let sample = Sample::of(original.clone(), compress(&original));
    assert_eq!(sample.blocks.len(), 10);
    random_damages(&sample, 100);
}

#[test]
fn a_thousand_random_damages_of_small_segments() {
    let original = wav::build(1, 1, 20, 8, &wav::bytes(20 * 100));
    random_damages(&Sample::stored(original, 100), 1_000);
}

#[test]
fn a_damaged_header_loses_nothing() {
    let original = wav::pcm16(2, 8_000, &wav::sine(2, 500));
    let lmz = compress(&original);
    let header = Reader::new(lmz.as_slice()).unwrap().header_length() as usize;
    for at in 0..header {
        for value in [0, 0xff, lmz[at] ^ 1] {
            let mut damaged = lmz.clone();
            damaged[at] = value;
            match rescue(&damaged) {
                Ok((out, report)) => {
                    assert!(out == original && report.complete, "byte {at}: {report:?}");
                    let same = damaged == lmz;
                    assert_eq!(report.notes.is_empty(), same, "byte {at}: {:?}", report.notes);
                }
                Err(error) => panic!("byte {at}: {error}"),
            }
        }
    }
    // All of it gone, and more than all.
    let (out, report) = rescue(&lmz[header..]).unwrap();
    assert!(out == original && report.complete, "{report:?}");
    let mut shifted = vec![7; 1_000];
    shifted.extend_from_slice(&lmz[header / 2..]);
    assert!(rescue(&shifted).unwrap().0 == original);
}

#[test]
fn a_newer_file_is_not_salvaged_as_a_damaged_one() {
    let mut lmz = compress(&wav::pcm16(2, 8_000, &wav::sine(2, 500)));
    let end = Reader::new(lmz.as_slice()).unwrap().header_length() as usize;
    lmz[8] += 1; // version
    let crc = crc32fast::hash(&lmz[..end - 4]).to_le_bytes();
    lmz[end - 4..end].copy_from_slice(&crc);
    assert!(matches!(rescue(&lmz), Err(Error::Unsupported(_))));
}

#[test]
fn a_lost_trailer_loses_nothing_but_the_proof() {
    let original = wav::pcm16(2, 8_000, &wav::sine(2, 500));
    let sample = Sample::of(original.clone(), compress(&original));
    let end = sample.blocks.last().unwrap().0.end;
    for length in end..sample.lmz.len() {
        let (out, report) = rescue(&sample.lmz[..length]).unwrap();
        assert!(out == original, "{length}");
        // The footer is 8 bytes: without it, the trailer is still found.
        assert_eq!(report.complete, length + 8 >= sample.lmz.len(), "{length}: {report:?}");
        assert!(!report.notes.is_empty());
    }
    let mut longer = sample.lmz.clone();
    longer.extend_from_slice(b"bytes after the end");
    let (out, report) = rescue(&longer).unwrap();
    assert!(out == original && report.complete && !report.notes.is_empty());
    // Both gone: nothing says what the blocks are.
    let blocks = &sample.lmz[sample.blocks[0].0.start..end];
    assert!(matches!(rescue(blocks), Err(Error::NotLmz(_) | Error::Corrupt { .. })));
}

/// All that is not named as lost is the original.
fn check(sample: &Sample, lmz: &[u8], what: &str) -> usize {
    let Ok((out, report)) = rescue(lmz) else { return 0 };
    let mut expected = sample.original.clone();
    assert!(out.len() <= expected.len(), "{what}: longer than the original");
    expected.truncate(out.len());
    let mut restored = out.len();
    for damage in &report.damage {
        let lost = damage.bytes.start as usize..damage.bytes.end as usize;
        expected[lost.clone()].copy_from_slice(&out[lost.clone()]);
        restored -= lost.len();
    }
    assert!(out == expected, "{what}: wrong bytes that are not named");
    if report.complete {
        assert!(out == sample.original, "{what}: complete and yet different");
    }
    restored
}

#[test]
fn truncation_anywhere() {
    let data = wav::bytes(6 * 40);
    let sample =
        Sample::stored(wav::with_chunk(&wav::build(1, 2, 20, 16, &data), b"LIST", &[b'x'; 30]), 10);
    for length in 0..sample.lmz.len() {
        let restored = check(&sample, &sample.lmz[..length], &format!("{length} bytes"));
        let whole = sample.blocks.iter().filter(|block| block.0.end <= length);
        let expected: usize = whole.map(|block| block.1.len()).sum();
        assert_eq!(restored, expected, "{length} bytes");
        // The beginning lost: the trailer says what the rest is.
        let restored = check(&sample, &sample.lmz[length..], &format!("from {length} on"));
        let trailer = sample.blocks.last().unwrap().0.end;
        let whole = sample.blocks.iter().filter(|block| block.0.start >= length);
        let expected: usize = whole.map(|block| block.1.len()).sum();
        assert_eq!(restored, if length <= trailer { expected } else { 0 }, "from {length} on");
    }
}

#[test]
fn any_byte_changed_removed_or_put_in_costs_one_block() {
    let sample = Sample::stored(wav::build(1, 2, 20, 16, &wav::bytes(6 * 40)), 10);
    let most = sample.blocks.iter().map(|block| block.1.len()).max().unwrap();
    for at in 0..sample.lmz.len() {
        for edit in 0..3 {
            let mut lmz = sample.lmz.clone();
            match edit {
                0 => lmz[at] ^= 0x10,
                1 => drop(lmz.remove(at)),
                _ => lmz.insert(at, 0xB7),
            }
            let restored = check(&sample, &lmz, &format!("edit {edit} at {at}"));
            assert!(restored + most >= sample.original.len(), "edit {edit} at {at}: {restored}");
        }
    }
}

fn parse(file: &[u8]) -> (lmz::wav::WavFormat, Vec<u8>) {
    let mut reader = WavReader::new(file).unwrap();
    let mut samples = Vec::new();
    while let Some(span) = reader.next_span(SegmentLimit { seconds: 1, samples: 1 << 20 }).unwrap()
    {
        if let Span::Audio { bytes } = span {
            samples.extend_from_slice(&bytes);
        }
    }
    (*reader.format().unwrap(), samples)
}

#[test]
fn a_lost_wav_header_is_made_anew() {
    let data = wav::bytes(6 * 40);
    let plain = wav::build(1, 2, 20, 16, &data);
    let mut longer = plain[..36].to_vec();
    longer.extend_from_slice(b"LIST\x14\0\0\0twenty bytes of text");
    longer.extend_from_slice(&plain[36..]);
    let mut odd = plain.clone();
    odd[16] = 18;
    odd.splice(36..36, [0, 0]);
    for original in [plain, longer, odd] {
        let sample = Sample::stored(original.clone(), 10);
        let (format, samples) = parse(&original);
        assert_eq!(samples, data);
        // The block of the header alone; with the first segment; and without the trailer.
        for (lost, trailer) in [(1, true), (2, true), (1, false), (2, false)] {
            let start = sample.blocks[0].0.start;
            let mut lmz = sample.lmz.clone();
            if !trailer {
                lmz.truncate(sample.blocks.last().unwrap().0.end);
            }
            lmz.drain(start..sample.blocks[lost - 1].0.end);
            let (out, report) = rescue(&lmz).unwrap();
            assert_eq!(out.len(), original.len());
            let (restored_format, restored) = parse(&out);
            assert_eq!(restored_format, format, "{lost} {trailer}");
            let mut expected = data.clone();
            expected[..(lost - 1) * 40].fill(0);
            assert!(restored == expected, "{lost} {trailer}");
            assert_eq!(report.damage[0].what, "header");
            assert_eq!(report.damage.len(), lost);
        }
    }
}

#[test]
fn gaps_can_be_dropped() {
    let data = wav::bytes(6 * 40);
    let original = wav::with_chunk(&wav::build(1, 2, 20, 16, &data), b"LIST", &[b'x'; 30]);
    let sample = Sample::stored(original, 10);
    let mut lmz = sample.lmz.clone();
    for block in [2, 5] {
        lmz[sample.blocks[block].0.end - 1] ^= 1;
    }
    let (out, report) = rescue_with(&lmz, Gap::Drop).unwrap();
    let expected = [&data[..40], &data[80..160], &data[200..]].concat();
    let (_, restored) = parse(&out);
    assert!(restored == expected);
    assert_eq!(out.len(), 44 + expected.len());
    assert_eq!(u32::from_le_bytes(*out[40..].first_chunk().unwrap()) as usize, expected.len());
    assert_eq!(report.damage.len(), 2);
    assert_eq!(report.damage[1].frames, 40..50);
    assert_eq!(report.damage[1].seconds, 2.0..2.5);
}

#[test]
fn silence_is_that_of_the_sample_format() {
    for (tag, bits, silence) in [(1, 8, 0x80), (1, 16, 0), (6, 8, 0xd5), (7, 8, 0xff), (3, 32, 0)] {
        let data = wav::bytes(6 * 40);
        let sample = Sample::stored(wav::build(tag, 1, 20, bits, &data), 10);
        let mut lmz = sample.lmz.clone();
        lmz[sample.blocks[2].0.end - 1] ^= 1;
        let (out, _) = rescue(&lmz).unwrap();
        assert!(out == sample.without(&[2], silence), "tag {tag}, {bits} bits");
    }
}

#[test]
fn a_chunk_behind_the_samples_becomes_junk() {
    let original = wav::with_chunk(&wav::build(1, 2, 20, 16, &[1; 120]), b"LIST", &[b'x'; 30]);
    let sample = Sample::stored(original.clone(), 10);
    let mut lmz = sample.lmz.clone();
    let last = sample.blocks.last().unwrap();
    lmz[last.0.start + 3] ^= 1;
    let (out, report) = rescue(&lmz).unwrap();
    assert!(out[..last.1.start] == original[..last.1.start] && out.len() == original.len());
    assert!(out[last.1.start..].starts_with(b"JUNK\x1e\0\0\0\0"));
    assert_eq!(report.damage[0].what, "chunks");
}

#[test]
fn examine_names_what_salvage_would() {
    let sample = Sample::stored(wav::build(1, 2, 20, 16, &wav::bytes(240)), 10);
    let mut lmz = sample.lmz.clone();
    for block in [1, 4] {
        lmz[sample.blocks[block].0.start + 45] ^= 1;
    }
    let options = DecompressOptions::default();
    let report = examine(Cursor::new(&lmz), &options, &mut ()).unwrap();
    let named: Vec<_> = report.damage.iter().map(|d| d.frames.clone()).collect();
    assert_eq!(named, [0..10, 30..40]);
    assert_eq!(report.segments, 4);
    assert!(examine(Cursor::new(&sample.lmz), &options, &mut ()).unwrap().complete);
}

#[test]
fn the_output_is_limited() {
    let sample = Sample::stored(wav::build(1, 2, 20, 16, &wav::bytes(240)), 10);
    for (max_output, fine) in [(sample.original.len() as u64, true), (283, false)] {
        let options = DecompressOptions::default().with_max_output(max_output);
        let done = examine(Cursor::new(&sample.lmz), &options, &mut ());
        assert_eq!(done.is_ok(), fine);
        let done = lmz::pipeline::verify(sample.lmz.as_slice(), &options, &mut ());
        assert_eq!(done.is_ok(), fine);
    }
}

#[test]
fn the_trailer_of_another_file_does_no_harm() {
    let first = Sample::stored(wav::build(1, 1, 20, 16, &wav::bytes(240)), 10);
    let second = Sample::stored(wav::build(1, 2, 20, 16, &wav::bytes(80)), 10);
    // The first file without its trailer and its last block, and the second behind it.
    let cut = first.blocks.last().unwrap().0.start;
    let joined = [&first.lmz[..cut], &second.lmz].concat();
    let (restored, report) = rescue(&joined).unwrap();
    assert!(!report.complete);
    assert!(report.notes.iter().any(|note| note.contains("another file")), "{:?}", report.notes);
    let sound = first.original.len() - 20;
    assert!(restored.len() >= sound && restored[..sound] == first.original[..sound]);
}

/// Blocks moved about in a sound file: put in, copied, swapped, or in the place of another.
#[test]
fn a_hundred_misplacements_lose_what_they_hit() {
    let original = wav::build(1, 1, 20, 8, &wav::bytes(12 * 100));
    let sample = Sample::stored(original, 100);
    let end = sample.blocks.last().unwrap().0.end;
    let mut hit = [0; 5];
    for round in 0..100 {
        let mut random = Random(round);
        // Behind the first segment, whose offset takes a byte less: these are all as long.
        let mut any = || 2 + random.below(sample.blocks.len() - 2);
        let (a, b) = (any(), any());
        let (at, from) = (sample.blocks[a].0.clone(), sample.blocks[b].0.clone());
        let block = sample.lmz[from.clone()].to_vec();
        let mut lmz = sample.lmz.clone();
        let mut lost = Vec::new();
        let kind = (round % 5) as usize;
        match kind {
            // The header of a block alone: it claims what follows.
            0 => drop(lmz.splice(at.start..at.start, block[..block.len() - 100].to_vec())),
            1 => drop(lmz.splice(at.start..at.start, block)),
            2 => lmz[at.start..at.end].copy_from_slice(&block),
            3 => {
                lmz[from].copy_from_slice(&sample.lmz[at.clone()]);
                lmz[at].copy_from_slice(&block);
            }
            // Within another block, which is cut in two.
            _ => drop(lmz.splice(at.start + 60..at.start + 60, block)),
        }
        if matches!(kind, 2 | 4) && a != b {
            lost.push(a);
        }
        // With a trailer and without.
        for whole in [true, false] {
            let length = if whole { lmz.len() } else { lmz.len() - (sample.lmz.len() - end) };
            // Without one, what is missing at the end is not known.
            if !whole && lost.last() == Some(&(sample.blocks.len() - 1)) {
                continue;
            }
            let (out, report) = rescue(&lmz[..length]).unwrap();
            assert!(out == sample.without(&lost, 0x80), "{round}, {whole}: {:?}", report.damage);
            assert_eq!(report.segments as usize, sample.blocks.len() - 1 - lost.len());
        }
        hit[kind] += 1;
    }
    assert_eq!(hit, [20; 5]);
}

#[test]
fn junk_in_rifx_has_its_size_in_big_endian() {
    let mut original = wav::build(1, 2, 20, 16, &[1; 120]);
    // The same file with the most significant byte first.
    original[3] = b'X';
    for (at, width) in
        [(4, 4), (16, 4), (20, 2), (22, 2), (24, 4), (28, 4), (32, 2), (34, 2), (40, 4)]
    {
        original[at..at + width].reverse();
    }
    original.extend_from_slice(b"LIST\0\0\0\x1e");
    original.extend_from_slice(&[b'x'; 30]);
    let sample = Sample::stored(original.clone(), 10);
    let last = sample.blocks.last().unwrap().clone();
    let mut lmz = sample.lmz.clone();
    lmz[last.0.start + 3] ^= 1;
    let (out, _) = rescue(&lmz).unwrap();
    assert!(out[last.1.start..].starts_with(b"JUNK\0\0\0\x1e"), "{:?}", &out[last.1.start..]);
}

/// A segment of another file of the same format and length, at the same place: its checksums are right.
#[test]
fn a_segment_of_another_file_is_named() {
    let segment = 1 << 17;
    let of = |samples: &[i16]| {
        let original = wav::pcm16(1, 100, samples);
        let options = CompressOptions { level: lmz::Level::Fast, ..CompressOptions::default() };
        let lmz = support::compress_with(&original, &options);
        Sample::of(original, lmz)
    };
    let ours = of(&wav::sine(1, 3 * segment));
    let quiet: Vec<i16> = wav::noise(3 * segment).iter().map(|sample| sample / 1_024).collect();
    let theirs = of(&quiet);
    assert_eq!(ours.blocks.len(), 4);
    let mut mixed = ours.lmz.clone();
    mixed.splice(ours.blocks[2].0.clone(), theirs.lmz[theirs.blocks[2].0.clone()].iter().copied());
    let options = DecompressOptions::default().with_threads(1);
    let refused = lmz::pipeline::verify(mixed.as_slice(), &options, &mut ()).unwrap_err();
    assert!(matches!(refused, Error::Corrupt { .. }), "{refused}");
    let (out, report) = rescue(&mixed).unwrap();
    assert!(!report.complete);
    assert_eq!(report.damage.len(), 1, "{:?}", report.damage);
    let damage = &report.damage[0];
    assert_eq!(damage.frames, segment as u64..2 * segment as u64);
    assert!(damage.reason.contains("of another file"), "{}", damage.reason);
    assert!(out == ours.without(&[2], 0));
    // A trailer of another file says nothing of the segments.
    let trailer = |sample: &Sample| sample.blocks.last().unwrap().0.end;
    let foreign = [&ours.lmz[..trailer(&ours)], &theirs.lmz[trailer(&theirs)..]].concat();
    let (out, report) = rescue(&foreign).unwrap();
    assert!(out == ours.original && report.damage.is_empty() && !report.complete);
}
