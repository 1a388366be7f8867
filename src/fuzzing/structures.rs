//! Whole files whose structures were changed, with checksums that are right again: so that changes reach
//! what lies behind the checksums.

use std::io::Cursor;

use super::Choices;
use crate::container::layout::{
    BLOCK_MARKER, CRC_LENGTH, END_MARKER, FOOTER_LENGTH, PROLOGUE_LENGTH, TRAILER_MARKER,
};
use crate::container::{ContentHash, unsealed};
use crate::error::Error;
use crate::pipeline::{self, DecompressOptions, Gap};

/// Bytes that a file may decode to here: decoding takes time for each.
const LARGEST: u64 = 1 << 15;

/// Decompresses and salvages `data` with its checksums set right: no panic, and no success but with the
/// bytes that the trailer's hash is of.
pub fn structures(data: &[u8]) {
    let mut file = data.to_vec();
    repair(&mut file);
    let options = DecompressOptions::default().with_threads(1).with_max_output(LARGEST);
    let mut whole = Vec::new();
    let decoded = pipeline::decompress(file.as_slice(), &mut whole, &options, &mut ());
    if let Ok(summary) = &decoded {
        assert!(summary.blake3 == ContentHash::of(&whole), "other bytes than promised");
        assert_eq!(summary.original_bytes, whole.len() as u64);
    }
    for gap in [Gap::Silence, Gap::Drop] {
        let mut rest = Vec::new();
        match pipeline::salvage(Cursor::new(&file), &mut rest, gap, &options, &mut ()) {
            Ok(report) => {
                assert_eq!(report.written_bytes, rest.len() as u64);
                // A new header, and the byte that makes a chunk even.
                assert!(rest.len() as u64 <= LARGEST + 200, "{} bytes", rest.len());
                assert!(report.blake3 == ContentHash::of(&rest));
                if gap == Gap::Silence && decoded.is_ok() {
                    assert!(report.complete && rest == whole, "{:?}", report.damage);
                } else if gap == Gap::Silence && report.complete {
                    // Only what is around the blocks was damaged.
                    assert!(report.damage.is_empty());
                }
            }
            Err(Error::Io(error)) => panic!("{error}"),
            Err(_) => assert!(decoded.is_err(), "decoded, but not salvaged"),
        }
    }
}

/// Sets every checksum right that still has its place.
fn repair(file: &mut [u8]) {
    if let Some(&[low, high]) = file.get(PROLOGUE_LENGTH - 2..PROLOGUE_LENGTH) {
        let body = usize::from(u16::from_le_bytes([low, high]));
        let end = PROLOGUE_LENGTH + body + CRC_LENGTH;
        if end <= file.len() {
            seal(file, 0, end);
        }
    }
    let mut at = 0;
    while at + BLOCK_MARKER.len() <= file.len() {
        let length = if file[at..].starts_with(&BLOCK_MARKER) {
            repair_block(file, at)
        } else if file[at..].starts_with(&TRAILER_MARKER) {
            repair_trailer(file, at)
        } else {
            1
        };
        at += length;
    }
}

/// Returns the number of bytes that were dealt with.
fn repair_block(file: &mut [u8], at: usize) -> usize {
    let Some((header, payload)) = unsealed::block(&file[at..]) else { return 1 };
    let start = at + header;
    let fits = payload.length <= file.len() - start;
    if let (true, Some(crc_at)) = (fits, payload.crc_at) {
        let crc = crc32fast::hash(&file[start..start + payload.length]);
        file[at + crc_at..at + crc_at + CRC_LENGTH].copy_from_slice(&crc.to_le_bytes());
    }
    seal(file, at, start);
    if fits { header + payload.length } else { header }
}

fn repair_trailer(file: &mut [u8], at: usize) -> usize {
    let Some(length) = unsealed::trailer(&file[at..]) else { return 1 };
    let end = at + length;
    seal(file, at, end);
    if end + FOOTER_LENGTH == file.len() {
        file[end..end + 4].copy_from_slice(&(length as u32).to_le_bytes());
        file[end + 4..].copy_from_slice(&END_MARKER);
    }
    length
}

fn number(bytes: &[u8], at: usize) -> usize {
    bytes[at..].first_chunk().map_or(0, |bytes| u32::from_le_bytes(*bytes) as usize)
}

/// Writes the CRC-32 of all but the last four bytes of a range there.
fn seal(file: &mut [u8], start: usize, end: usize) {
    let crc = crc32fast::hash(&file[start..end - CRC_LENGTH]);
    file[end - CRC_LENGTH..end].copy_from_slice(&crc.to_le_bytes());
}

/// A file of `seeds`, changed once or several times as `choices` say.
#[cfg(test)]
pub(crate) fn mutated(seeds: &[Vec<u8>], choices: &[u8]) -> Vec<u8> {
    let mut choices = Choices(choices);
    let mut seed = || seeds[choices.u32() as usize % seeds.len()].clone();
    let (mut file, other) = (seed(), seed());
    for _ in 0..=choices.below(4) {
        mutate(&mut file, &other, &mut choices);
    }
    file
}

/// Changes a file as `choices` say: bytes, fields, lengths, whole blocks.
#[cfg(test)]
fn mutate(file: &mut Vec<u8>, other: &[u8], choices: &mut Choices<'_>) {
    let marks: Vec<usize> = (0..file.len().saturating_sub(4))
        .filter(|&at| {
            file[at..].starts_with(&BLOCK_MARKER) || file[at..].starts_with(&TRAILER_MARKER)
        })
        .collect();
    let mark = |choices: &mut Choices<'_>| marks.get(choices.below(marks.len().max(1))).copied();
    let anywhere =
        |choices: &mut Choices<'_>, length: usize| choices.u32() as usize % length.max(1);
    match choices.below(8) {
        // A byte of a structure: of the header, a block's header, or what follows it.
        0 | 1 => {
            let start = mark(choices).filter(|_| choices.byte() > 60).unwrap_or(0);
            let at = start + choices.below(60);
            if let Some(byte) = file.get_mut(at) {
                *byte = match choices.below(4) {
                    0 => choices.byte(),
                    1 => 0,
                    2 => 0xFF,
                    _ => *byte ^ 1 << choices.below(8),
                };
            }
        }
        // A field of four bytes becomes one more, one less, or extreme.
        2 => {
            let at = mark(choices).unwrap_or(0) + 4 * choices.below(12);
            let value = number(file.get(at..).unwrap_or_default(), 0) as u32;
            let value = match choices.below(5) {
                0 => value.wrapping_add(1),
                1 => value.wrapping_sub(1),
                2 => u32::MAX,
                3 => 1 << choices.below(32),
                _ => choices.u32() % 1_000,
            };
            if let Some(field) = file.get_mut(at..at + 4) {
                field.copy_from_slice(&value.to_le_bytes());
            }
        }
        // Any byte.
        3 | 4 => {
            let at = anywhere(choices, file.len());
            if let Some(byte) = file.get_mut(at) {
                *byte = choices.byte();
            }
        }
        // A piece is lost, comes twice, or is one of another file.
        kind => {
            let start = mark(choices).unwrap_or(0).max(anywhere(choices, file.len()) / 8);
            let end = mark(choices).filter(|&end| end > start).unwrap_or(start + choices.below(90));
            let (start, end) = (start.min(file.len()), end.min(file.len()));
            let piece = match kind {
                5 => Vec::new(),
                6 => file[start..end].repeat(2),
                _ => {
                    let from = anywhere(choices, other.len()).min(other.len());
                    other[from..(from + end - start).min(other.len())].to_vec()
                }
            };
            file.splice(start..end, piece);
        }
    }
}
