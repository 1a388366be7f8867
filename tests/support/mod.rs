//! What the integration tests share.

#![allow(dead_code, reason = "no test uses all of it")]

pub mod conformance;
pub mod containers;
pub mod files;
pub mod golden;
pub mod wav;

use lmz::pipeline::{self, CompressOptions, DecompressOptions};
use lmz::{Level, Result};

/// Compresses with the cheapest level: these tests are about everything around it.
pub fn compress(original: &[u8]) -> Vec<u8> {
    compress_with(original, &CompressOptions { level: Level::Fast, ..Default::default() })
}

/// Compresses in memory.
pub fn compress_with(original: &[u8], options: &CompressOptions) -> Vec<u8> {
    let mut lmz = Vec::new();
    let summary = pipeline::compress(original, &mut lmz, options, &mut ()).unwrap();
    assert_eq!(summary.original_bytes, original.len() as u64);
    assert_eq!(summary.compressed_bytes, lmz.len() as u64);
    assert_eq!(summary.blake3, lmz::ContentHash::of(original));
    lmz
}

/// A number as the format has it (§1): seven bits a byte, the lowest first.
pub fn number(mut value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}

/// Decompresses in memory.
pub fn decompress(lmz: &[u8]) -> Result<Vec<u8>> {
    let options = DecompressOptions::default().with_threads(1);
    let mut original = Vec::new();
    pipeline::decompress(lmz, &mut original, &options, &mut ())?;
    Ok(original)
}

/// Compresses, decompresses, compares, and checks the bound on growth.
pub fn round_trip(original: &[u8], what: &str) -> Vec<u8> {
    let lmz = compress(original);
    let restored = decompress(&lmz).unwrap_or_else(|error| panic!("{what}: {error}"));
    assert!(restored == original, "{what}: the bytes differ");
    let bound = original.len() + original.len() / 1000 + 1024;
    assert!(lmz.len() <= bound, "{what}: {} bytes became {}", original.len(), lmz.len());
    lmz
}
