//! Changes to finished files, with the checksums put right again.

use lmz::container::Reader;
use lmz::container::layout::{
    BLOCK_HEADER_LENGTH, CRC_LENGTH, FOOTER_LENGTH, PROLOGUE_LENGTH, TRAILER_FIXED_LENGTH,
};

fn seal(lmz: &mut [u8], from: usize, to: usize) {
    let crc = crc32fast::hash(&lmz[from..to]);
    lmz[to..to + CRC_LENGTH].copy_from_slice(&crc.to_le_bytes());
}

fn put(lmz: &mut [u8], at: usize, bytes: &[u8]) {
    lmz[at..at + bytes.len()].copy_from_slice(bytes);
}

/// Offsets in the lmz file: of the first block, of every block and of the trailer.
fn places(lmz: &[u8]) -> (usize, Vec<usize>, usize) {
    let mut reader = Reader::new(lmz).unwrap();
    let mut blocks = Vec::new();
    let mut trailer = reader.position() as usize;
    while let Some((place, _)) = reader.next_block().unwrap() {
        blocks.push(place.offset as usize);
        trailer = reader.position() as usize;
    }
    (reader.header_length() as usize, blocks, trailer)
}

/// A field of the prologue (§4.1).
pub fn prologue(mut lmz: Vec<u8>, at: usize, bytes: &[u8]) -> Vec<u8> {
    put(&mut lmz, at, bytes);
    seal(&mut lmz, 0, PROLOGUE_LENGTH - CRC_LENGTH);
    lmz
}

/// A field of the header's body (§4.2) and of its copy in the trailer, by its offset in the file.
pub fn body(mut lmz: Vec<u8>, at: usize, bytes: &[u8]) -> Vec<u8> {
    let (end, _, start) = places(&lmz);
    put(&mut lmz, at, bytes);
    seal(&mut lmz, PROLOGUE_LENGTH, end - CRC_LENGTH);
    put(&mut lmz, start + TRAILER_FIXED_LENGTH + at - PROLOGUE_LENGTH, bytes);
    let sealed = lmz.len() - FOOTER_LENGTH - CRC_LENGTH;
    seal(&mut lmz, start, sealed);
    lmz
}

/// A field of the header of block `n` (§5.1), by its offset in that header.
pub fn block(mut lmz: Vec<u8>, n: usize, at: usize, bytes: &[u8]) -> Vec<u8> {
    let start = places(&lmz).1[n];
    put(&mut lmz, start + at, bytes);
    seal(&mut lmz, start, start + BLOCK_HEADER_LENGTH - CRC_LENGTH);
    lmz
}

/// A field of the trailer (§6.1), by its offset in it.
pub fn trailer(mut lmz: Vec<u8>, at: usize, bytes: &[u8]) -> Vec<u8> {
    let start = places(&lmz).2;
    let end = lmz.len() - FOOTER_LENGTH - CRC_LENGTH;
    put(&mut lmz, start + at, bytes);
    seal(&mut lmz, start, end);
    lmz
}

/// The segment table (§6.2): a byte that is so many bytes before its end.
pub fn table(lmz: Vec<u8>, from_end: usize) -> Vec<u8> {
    let start = places(&lmz).2;
    let at = lmz.len() - FOOTER_LENGTH - CRC_LENGTH - from_end;
    let value = lmz[at] ^ 1;
    trailer(lmz, at - start, &[value])
}

/// One bit of the byte at `at`, without putting anything right.
pub fn flipped(mut lmz: Vec<u8>, at: usize) -> Vec<u8> {
    lmz[at] ^= 0x10;
    lmz
}

/// Offset of block `n`.
pub fn block_at(lmz: &[u8], n: usize) -> usize {
    places(lmz).1[n]
}

/// Offset of the trailer.
pub fn trailer_at(lmz: &[u8]) -> usize {
    places(lmz).2
}
