//! What small or hostile files may cost.

use std::io::{Cursor, Read, Seek, SeekFrom};
use std::time::{Duration, Instant};

use crate::support::{compress, number, wav};
use lmz::Error;
use lmz::pipeline::{self, DecompressOptions, Gap, Position};

/// Much more than any of these takes, and much less than a hang.
const PATIENCE: Duration = Duration::from_secs(120);

fn quick<T>(what: &str, work: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let result = work();
    assert!(start.elapsed() < PATIENCE, "{what}: {:?}", start.elapsed());
    result
}

/// Everything that reads lmz files, on bytes that are none; returns whether any succeeded.
fn all_readers(lmz: &[u8]) -> bool {
    let options = DecompressOptions::default().with_threads(1).with_max_output(1 << 30);
    let part = (Some(Position::Frame(0)), None);
    let out = std::io::sink;
    let verified = pipeline::verify(lmz, &options, &mut ()).is_ok();
    let told = pipeline::inspect(lmz).is_ok();
    let salvaged = pipeline::salvage(Cursor::new(lmz), out(), Gap::Drop, &options, &mut ()).is_ok();
    let extracted = pipeline::extract(Cursor::new(lmz), out(), part, &options, &mut ()).is_ok();
    verified || told || salvaged || extracted
}

#[test]
fn the_largest_growth_is_bounded_by_the_block() {
    // 2^23 samples of 8 bytes: as many bytes as a block can hold, all silence.
    let original = wav::build(3, 1, 4_000_000, 64, &vec![0; 1 << 26]);
    let lmz = compress(&original);
    assert!(lmz.len() < 400, "{} bytes", lmz.len());
    quick("silence", || {
        let options = DecompressOptions::default().with_threads(1);
        let done = pipeline::verify(lmz.as_slice(), &options, &mut ()).unwrap();
        assert_eq!(done.original_bytes, original.len() as u64);
    });
    // A limit is checked before anything is decoded.
    let start = Instant::now();
    let options = DecompressOptions::default().with_max_output(1 << 20);
    let part = (Some(Position::Frame(0)), None);
    let out = std::io::sink;
    for refused in [
        pipeline::verify(lmz.as_slice(), &options, &mut ()).unwrap_err(),
        pipeline::examine(Cursor::new(&lmz), &options, &mut ()).unwrap_err(),
        pipeline::extract(Cursor::new(&lmz), out(), part, &options, &mut ()).unwrap_err(),
    ] {
        assert!(matches!(refused, Error::Limit { .. }), "{refused}");
    }
    assert!(start.elapsed() < Duration::from_secs(5));
}

#[test]
fn counts_and_lengths_are_not_believed() {
    let lmz = compress(&wav::pcm16(1, 8_000, &wav::sine(1, 80)));
    let trailer = lmz.windows(4).rposition(|bytes| bytes == b"\xB7lt\n").unwrap();
    // The length of the fields, the count of blocks, the length of the original, the copy of the header,
    // and lengths, frames and CRC-32 of both blocks.
    let (copy, table) = (trailer + 25, lmz.len() - 12 - 13);
    let fields = [trailer + 4, trailer + 5, trailer + 6, trailer + 7, trailer + 8, copy, copy + 1];
    for at in fields.into_iter().chain(table..table + 13) {
        let mut changed = lmz.clone();
        changed[at] = if changed[at] == 0x7e { 0x7d } else { 0x7e };
        // With and without the checksum set right.
        for fix in [false, true] {
            if fix {
                let crc_at = changed.len() - 12;
                let crc = crc32fast::hash(&changed[trailer..crc_at]).to_le_bytes();
                changed[crc_at..crc_at + 4].copy_from_slice(&crc);
            }
            quick("trailer", || {
                let options = DecompressOptions::default().with_threads(1);
                assert!(pipeline::verify(changed.as_slice(), &options, &mut ()).is_err());
                all_readers(&changed);
            });
        }
    }
}

/// What the README says of salvage, by a file that is a trailer with a table of blocks that are lost.
#[test]
fn salvage_writes_no_more_than_is_said() {
    let lmz = compress(&wav::pcm16(1, 8_000, &wav::sine(1, 80)));
    let trailer = lmz.windows(4).rposition(|bytes| bytes == b"\xB7lt\n").unwrap();
    let blocks = 10_000_u32;
    let mut hostile = lmz[..trailer].to_vec();
    let body = &lmz[12..usize::from(lmz[10]) + 12];
    let totals = [number(u64::from(blocks)), number(u64::from(blocks) << 26)].concat();
    let fields = [&totals, &[0; 16][..], body].concat();
    let mut table = b"\xB7lt\n".to_vec();
    table.extend_from_slice(&(fields.len() as u16).to_le_bytes());
    table.extend_from_slice(&fields);
    // Six bytes an entry.
    table.resize(table.len() + 6 * blocks as usize, 0);
    table.extend_from_slice(&crc32fast::hash(&table).to_le_bytes());
    let length = table.len() as u32;
    hostile.extend_from_slice(&table);
    hostile.extend_from_slice(&length.to_le_bytes());
    hostile.extend_from_slice(&lmz[lmz.len() - 4..]);
    let options = DecompressOptions::default().with_max_output(1 << 30);
    let refused = pipeline::examine(Cursor::new(&hostile), &options, &mut ()).unwrap_err();
    let Error::Limit { reason, .. } = refused else { panic!("{refused}") };
    let bytes: u64 = reason.split(' ').find_map(|word| word.parse().ok()).unwrap();
    let factor = bytes / hostile.len() as u64;
    assert!((11_000_000..11_200_000).contains(&factor), "{factor}: {reason}");
}

/// An input that never ends, and says that it has no length, as `/dev/zero` does.
struct Endless;

impl Read for Endless {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        buffer.fill(0);
        Ok(buffer.len())
    }
}

impl Seek for Endless {
    fn seek(&mut self, _: SeekFrom) -> std::io::Result<u64> {
        Ok(0)
    }
}

#[test]
fn what_never_ends_is_not_read_to_its_end() {
    let options = DecompressOptions::default();
    assert!(quick("examine", || pipeline::examine(Endless, &options, &mut ())).is_err());
    let part = (Some(Position::Frame(0)), None);
    let out = std::io::sink;
    assert!(
        quick("extract", || pipeline::extract(Endless, out(), part, &options, &mut ())).is_err()
    );
}

#[test]
fn markers_everywhere_waste_no_time() {
    let lmz = compress(&wav::pcm16(1, 8_000, &wav::sine(1, 80)));
    let header = lmz.windows(4).position(|bytes| bytes == b"\xB7lb\n").unwrap();
    let block = &lmz[header..header + 9 + usize::from(lmz[header + 4])];
    let start = &lmz[..header];
    // A million bytes of markers, of sound block headers without payloads, and of trailers that
    // claim all that follows.
    let fields = [&number(20_000), &number(1), &[0; 16][..], &lmz[12..header - 4]].concat();
    let mut trailer = [&b"\xB7lt\n"[..], &(fields.len() as u16).to_le_bytes(), &fields].concat();
    trailer.resize(80, 0);
    for piece in [&b"\xB7lb\n"[..], b"\xB7lt\n", b"\xB7", block, &trailer] {
        let hostile = [start, &piece.repeat(1_000_000 / piece.len())].concat();
        quick(&format!("{piece:02x?}"), || all_readers(&hostile));
        quick(&format!("{piece:02x?} alone"), || all_readers(&hostile[start.len()..]));
    }
}

#[test]
fn blocks_that_claim_each_other_waste_no_time() {
    // Headers with right checksums of stored blocks of 64 MiB, one behind the other: each payload
    // would be read to the end of the file, for nothing.
    let mut hostile = {
        let lmz = compress(&wav::pcm16(1, 8_000, &wav::sine(1, 80)));
        let header = lmz.windows(4).position(|bytes| bytes == b"\xB7lb\n").unwrap();
        lmz[..header].to_vec()
    };
    let length = 1 << 26;
    for i in 0..20_000 {
        let fields = [&[1], &number(i * length)[..], &number(length), &[0; 4]].concat();
        let mut header = [&b"\xB7lb\n"[..], &[fields.len() as u8], &fields].concat();
        header.extend_from_slice(&crc32fast::hash(&header).to_le_bytes());
        hostile.extend_from_slice(&header);
    }
    let found = quick("overlapping blocks", || all_readers(&hostile));
    assert!(!found);
}
