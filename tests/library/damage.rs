//! Every bit flip and every truncation of small files is noticed, or does no harm.

use crate::support::{compress, decompress, wav};
use lmz::Error;
use lmz::container::Reader;

/// Decodes damaged bytes: the original or an error that names damage, nothing else.
fn check(damaged: &[u8], original: &[u8], what: &str) {
    match decompress(damaged) {
        Ok(bytes) => assert!(bytes == original, "{what}: wrong data without an error"),
        Err(
            Error::NotLmz(_) | Error::Corrupt { .. } | Error::Limit { .. } | Error::Unsupported(_),
        ) => {}
        Err(other) => panic!("{what}: {other:?}"),
    }
    let _ = lmz::pipeline::inspect(damaged);
}

/// Small files in which, taken together, every kind of block occurs.
fn files() -> Vec<Vec<u8>> {
    // Integers as floats: the form that shrinks under any codec.
    let scaled_doubles: Vec<u8> =
        wav::sine(1, 60).iter().flat_map(|&s| (f64::from(s) / 32_768.0).to_le_bytes()).collect();
    vec![
        wav::pcm16(2, 44_100, &wav::sine(2, 120)),
        wav::pcm16(1, 8_000, &wav::noise(60)),
        wav::pcm16(1, 8_000, &[]),
        wav::with_chunk(&wav::pcm16(1, 8_000, &wav::sine(1, 80)), b"LIST", &[b'x'; 61]),
        wav::build(3, 1, 48_000, 32, &wav::bytes(80 * 4)),
        wav::build(3, 1, 48_000, 64, &scaled_doubles),
    ]
}

#[test]
fn every_bit_flip_is_noticed() {
    for original in files() {
        let mut lmz = compress(&original);
        for at in 0..lmz.len() {
            for bit in 0..8 {
                lmz[at] ^= 1 << bit;
                check(&lmz, &original, &format!("bit {bit} of byte {at}"));
                assert!(decompress(&lmz).is_err(), "bit {bit} of byte {at} is not covered");
                lmz[at] ^= 1 << bit;
            }
        }
    }
}

#[test]
fn every_truncation_is_noticed() {
    for original in files() {
        let lmz = compress(&original);
        for length in 0..lmz.len() {
            check(&lmz[..length], &original, &format!("{length} bytes"));
            assert!(decompress(&lmz[..length]).is_err(), "{length} of {} bytes", lmz.len());
        }
    }
}

#[test]
fn bytes_after_the_end_are_refused() {
    let original = wav::pcm16(2, 44_100, &wav::sine(2, 500));
    let mut lmz = compress(&original);
    lmz.push(0);
    assert!(matches!(decompress(&lmz), Err(Error::Corrupt { .. })));
    let twice = [compress(&original), compress(&original)].concat();
    assert!(matches!(decompress(&twice), Err(Error::Corrupt { .. })));
}

#[test]
fn removed_swapped_and_repeated_runs_are_noticed() {
    let original = wav::pcm16(2, 44_100, &wav::sine(2, 3_000));
    let lmz = compress(&original);
    for start in (0..lmz.len() - 8).step_by(5) {
        for length in [1, 7, 60] {
            let end = (start + length).min(lmz.len());
            let removed = [&lmz[..start], &lmz[end..]].concat();
            assert!(decompress(&removed).is_err(), "removed {start}..{end}");
            let repeated = [&lmz[..end], &lmz[start..]].concat();
            assert!(decompress(&repeated).is_err(), "repeated {start}..{end}");
        }
    }
}

/// Offsets in the file of the format version, the draft and the header's flags (§4.1, §4.2).
const VERSION_AT: usize = 8;
const DRAFT_AT: usize = 9;
const FLAGS_AT: usize = 13;

/// Changes a byte of the file header, which ends at `end`.
fn with_header_byte(lmz: &[u8], end: usize, at: usize, value: u8) -> Vec<u8> {
    let mut changed = lmz.to_vec();
    changed[at] = value;
    let crc = crc32fast::hash(&changed[..end - 4]);
    changed[end - 4..end].copy_from_slice(&crc.to_le_bytes());
    changed
}

#[test]
fn a_newer_file_is_not_called_damaged() {
    let original = wav::pcm16(1, 8_000, &wav::sine(1, 80));
    let lmz = compress(&original);
    let end = Reader::new(lmz.as_slice()).unwrap().header_length() as usize;
    // Among the flags one that must be understood.
    for (at, value) in [(VERSION_AT, 42), (DRAFT_AT, 200), (FLAGS_AT, lmz[FLAGS_AT] | 4)] {
        let changed = with_header_byte(&lmz, end, at, value);
        assert!(matches!(decompress(&changed), Err(Error::Unsupported(_))), "offset {at}");
    }
}

#[test]
fn other_files_are_not_lmz() {
    for bytes in [&b""[..], b"RIFF", b"RIFF\x24\0\0\0WAVEfmt ", b"fLaC\0\0\0\x22", &[0; 100]] {
        assert!(matches!(decompress(bytes), Err(Error::NotLmz(_))), "{bytes:02x?}");
    }
    // What a transfer in text mode does to the signature.
    let mut text_mode = compress(&wav::pcm16(1, 8_000, &[1, 2, 3]));
    text_mode.remove(4);
    let Err(Error::NotLmz(reason)) = decompress(&text_mode) else { panic!() };
    assert!(reason.contains("text mode"), "{reason}");
}
