//! Changes to finished files, with lengths and checksums put right again.

use std::ops::Range;

use lmz::container::Reader;
use lmz::container::layout::{
    BLOCK_PREFIX_LENGTH, CRC_LENGTH, FOOTER_LENGTH, HASH_LENGTH, PROLOGUE_LENGTH,
    TRAILER_PREFIX_LENGTH,
};

use super::super::number;

fn seal(lmz: &mut [u8], from: usize, to: usize) {
    let crc = crc32fast::hash(&lmz[from..to]);
    lmz[to..to + CRC_LENGTH].copy_from_slice(&crc.to_le_bytes());
}

/// Replaces `field`, within the structure at `start`, and puts the length right that is stored in
/// `length_bytes` bytes at `length_at`.
fn splice(
    lmz: &mut Vec<u8>,
    field: Range<usize>,
    bytes: &[u8],
    length_at: usize,
    length_bytes: usize,
) {
    let stored = &mut lmz[length_at..length_at + length_bytes];
    let length = stored.iter().rev().fold(0, |length, &byte| length << 8 | usize::from(byte));
    let length = length + bytes.len() - field.len();
    stored.copy_from_slice(&length.to_le_bytes()[..length_bytes]);
    lmz.splice(field, bytes.iter().copied());
}

/// Offsets in the lmz file: of the end of the header, of every block, of the trailer, and of the copy of the
/// header in it.
struct Places {
    header: usize,
    blocks: Vec<usize>,
    trailer: usize,
    copy: usize,
}

fn places(lmz: &[u8]) -> Places {
    let mut reader = Reader::new(lmz).unwrap();
    let mut blocks = Vec::new();
    let mut trailer = reader.position() as usize;
    while let Some((place, _)) = reader.next_block().unwrap() {
        blocks.push(place.offset as usize);
        trailer = reader.position() as usize;
    }
    let length = reader.trailer().unwrap().original_length;
    // The count of blocks has one byte.
    let copy = trailer + TRAILER_PREFIX_LENGTH + 1 + number(length).len() + HASH_LENGTH;
    Places { header: reader.header_length() as usize, blocks, trailer, copy }
}

/// Seals the trailer that starts at `start` and ends with the file, and has the footer point to it.
fn seal_trailer(lmz: &mut [u8], start: usize) {
    let footer = lmz.len() - FOOTER_LENGTH;
    seal(lmz, start, footer - CRC_LENGTH);
    lmz[footer..footer + 4].copy_from_slice(&((footer - start) as u32).to_le_bytes());
}

/// A byte of the prologue (§4.1).
pub fn prologue(mut lmz: Vec<u8>, at: usize, byte: u8) -> Vec<u8> {
    let end = places(&lmz).header;
    lmz[at] = byte;
    seal(&mut lmz, 0, end - CRC_LENGTH);
    lmz
}

/// A field of the header's body (§4.2) and of its copy in the trailer, by its offsets in the file.
pub fn body(mut lmz: Vec<u8>, field: Range<usize>, bytes: &[u8]) -> Vec<u8> {
    let Places { header, trailer, copy, .. } = places(&lmz);
    let in_copy = |at: usize| copy + at - PROLOGUE_LENGTH;
    let length_at = trailer + TRAILER_PREFIX_LENGTH - 2;
    splice(&mut lmz, in_copy(field.start)..in_copy(field.end), bytes, length_at, 2);
    seal_trailer(&mut lmz, trailer);
    let grown = bytes.len() - field.len().min(bytes.len());
    let shrunk = field.len() - bytes.len().min(field.len());
    splice(&mut lmz, field, bytes, PROLOGUE_LENGTH - 2, 2);
    seal(&mut lmz, 0, header + grown - shrunk - CRC_LENGTH);
    lmz
}

/// A field of the header of block `n` (§5.1), by its offsets in that header.
pub fn block(mut lmz: Vec<u8>, n: usize, field: Range<usize>, bytes: &[u8]) -> Vec<u8> {
    let start = places(&lmz).blocks[n];
    let length_at = start + BLOCK_PREFIX_LENGTH - 1;
    splice(&mut lmz, start + field.start..start + field.end, bytes, length_at, 1);
    let fields = usize::from(lmz[length_at]);
    seal(&mut lmz, start, start + BLOCK_PREFIX_LENGTH + fields);
    lmz
}

/// A field of the trailer (§6.1), by its offsets in it.
pub fn trailer(mut lmz: Vec<u8>, field: Range<usize>, bytes: &[u8]) -> Vec<u8> {
    let start = places(&lmz).trailer;
    let length_at = start + TRAILER_PREFIX_LENGTH - 2;
    splice(&mut lmz, start + field.start..start + field.end, bytes, length_at, 2);
    seal_trailer(&mut lmz, start);
    lmz
}

/// The level in the trailer's copy of the header.
pub fn level_of_copy(lmz: Vec<u8>, level: u8) -> Vec<u8> {
    let Places { trailer: start, copy, .. } = places(&lmz);
    trailer(lmz, copy - start..copy - start + 1, &[level])
}

/// The segment table (§6.2): a byte that is so many bytes before its end.
pub fn table(mut lmz: Vec<u8>, from_end: usize) -> Vec<u8> {
    let start = places(&lmz).trailer;
    let at = lmz.len() - FOOTER_LENGTH - CRC_LENGTH - from_end;
    lmz[at] ^= 1;
    seal_trailer(&mut lmz, start);
    lmz
}

/// One bit of the byte at `at`, without putting anything right.
pub fn flipped(mut lmz: Vec<u8>, at: usize) -> Vec<u8> {
    lmz[at] ^= 0x10;
    lmz
}

/// Offset of block `n`.
pub fn block_at(lmz: &[u8], n: usize) -> usize {
    places(lmz).blocks[n]
}

/// Length of the header of block `n`, from its marker to its payload.
pub fn block_header_length(lmz: &[u8], n: usize) -> usize {
    let fields = lmz[block_at(lmz, n) + BLOCK_PREFIX_LENGTH - 1];
    BLOCK_PREFIX_LENGTH + usize::from(fields) + CRC_LENGTH
}

/// Offset of the trailer.
pub fn trailer_at(lmz: &[u8]) -> usize {
    places(lmz).trailer
}
