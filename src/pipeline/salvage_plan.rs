//! The original as a sequence of blocks that were found and of gaps, and what was in the gaps.

use std::io::{Read, Seek};

use super::salvage_choice::choose;
use crate::container::{Audio, Entry, Found, Scan, Tail};
use crate::error;
use crate::wav;

/// Bytes in gaps that are accepted in a file without a trailer: a block further on is not part
/// of the file.
const MAX_UNPROVEN_GAP: u64 = 1 << 30;

/// A piece of the original.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// A block with a sound payload.
    Block {
        found: Found,
        /// Number of frames before it.
        first_frame: u64,
        /// Number of blocks before it: by the segment table, or else of those that were found.
        number: u64,
    },
    /// Bytes that are lost.
    Lost(Lost),
}

/// What was in a gap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Held {
    /// The start of the file: the WAV header.
    Head,
    /// Foreign bytes further on.
    Foreign,
    /// Whole frames.
    Audio,
}

/// A run of lost bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Lost {
    pub(super) held: Held,
    /// Offset of the first of them in the original.
    pub(super) offset: u64,
    pub(super) bytes: u64,
    /// Number of frames before them.
    pub(super) first_frame: u64,
    pub(super) frames: u64,
    /// What was wrong.
    pub(super) reason: String,
    /// The block looked sound until it was decoded.
    pub(super) undecodable: bool,
}

/// Pieces in order, and their totals.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) pieces: Vec<Piece>,
    pub(super) bytes: u64,
    pub(super) frames: u64,
}

/// What of the original each block holds, and what is missing.
///
/// # Errors
/// [`Error::Io`](crate::Error::Io) when the table cannot be read again.
pub(super) fn plan<R: Read + Seek>(scan: &mut Scan<R>) -> error::Result<Plan> {
    let mut entries = Vec::new();
    let tail = scan.tail.clone();
    if let Some(tail) = &tail {
        tail.entries(scan.input(), |entry| {
            entries.push(entry);
            Ok(())
        })?;
    }
    let header_length = scan.header.to_bytes()?.len() as u64;
    let mut planner =
        Planner { audio: scan.header.audio, numbers: None, entries, plan: Plan::default() };
    let blocks = choose(&scan.blocks, &planner.entries);
    planner.numbers =
        numbers_in_table(&blocks, &planner.entries, header_length, planner.frame_bytes());
    planner.run(&blocks, tail.as_ref());
    lose_strangers(&mut planner.plan.pieces, &planner.entries);
    Ok(planner.plan)
}

/// Segments of another file: sound, and of the right format, place and length, but not what the segment
/// table says. If most are, it is the table that is of another file.
fn lose_strangers(pieces: &mut [Piece], entries: &[Entry]) {
    let (mut segments, mut strangers) = (0, Vec::new());
    for (i, piece) in pieces.iter().enumerate() {
        let Piece::Block { found, first_frame, .. } = piece else { continue };
        // Of the entries that start there, those of foreign bytes have no frames and come first.
        let end = entries.partition_point(|entry| entry.first_frame <= *first_frame);
        let Some(entry) = entries[..end].iter().rev().find(|entry| entry.frames > 0) else {
            continue;
        };
        if (entry.first_frame, entry.frames) == (*first_frame, found.frames) {
            segments += 1;
            if !entry.describes(found) {
                strangers.push((i, entry.original_crc));
            }
        }
    }
    if 2 * strangers.len() > segments {
        return;
    }
    for (i, original_crc) in strangers {
        let Piece::Block { found, first_frame, .. } = &pieces[i] else { continue };
        pieces[i] = Piece::Lost(Lost {
            held: Held::Audio,
            offset: found.original_offset,
            bytes: u64::from(found.original_length),
            first_frame: *first_frame,
            frames: u64::from(found.frames),
            reason: format!(
                "replaced by a segment of another file: CRC-32 {:08x}, the segment table says \
                 {original_crc:08x}",
                found.original_crc
            ),
            undecodable: false,
        });
    }
}

/// The number of each block by the segment table; `None` if the table contradicts the blocks.
fn numbers_in_table(
    blocks: &[Found],
    entries: &[Entry],
    header_length: u64,
    frame_bytes: u64,
) -> Option<Vec<usize>> {
    let mut numbers = Vec::with_capacity(blocks.len());
    // First entry that is not behind, and the offset in the original where its block starts.
    let (mut next, mut known) = (0, 0);
    for block in blocks {
        let gap = block.original_offset - known;
        let fits = |&i: &usize| {
            let entry = &entries[i];
            // What is missing before it has to fill the gap.
            let missing = (entry.first_frame - entries[next].first_frame).checked_mul(frame_bytes);
            let foreign = missing.and_then(|missing| gap.checked_sub(missing));
            let has_foreign = || entries[next..i].iter().any(|entry| entry.frames == 0);
            entry.describes(block) && foreign.is_some_and(|foreign| foreign == 0 || has_foreign())
        };
        // Where it was, seen from the end of the file or from its start; else, after bytes
        // were lost or put in on both sides, the first that it can be.
        let from_end = entries.binary_search_by_key(&block.offset, |entry| entry.offset);
        let from_start = block
            .offset
            .checked_sub(header_length)
            .map(|before| entries.binary_search_by_key(&before, |entry| entry.coded_before));
        let number = [from_end.ok(), from_start.and_then(Result::ok)]
            .into_iter()
            .flatten()
            .filter(|&i| i >= next)
            .find(fits)
            .or_else(|| (next..entries.len()).find(fits))?;
        numbers.push(number);
        (next, known) = (number + 1, block.original_end());
    }
    Some(numbers)
}

struct Planner {
    audio: Option<Audio>,
    entries: Vec<Entry>,
    /// Number of each block in `entries`.
    numbers: Option<Vec<usize>>,
    plan: Plan,
}

impl Planner {
    fn run(&mut self, blocks: &[Found], tail: Option<&Tail>) {
        let mut unproven = 0;
        for (i, block) in blocks.iter().enumerate() {
            unproven += block.original_offset - self.plan.bytes;
            if tail.is_none() && unproven > MAX_UNPROVEN_GAP {
                return;
            }
            self.fill_up_to(block.original_offset, i);
            if block.intact {
                let number = self.numbers.as_ref().map_or(i, |numbers| numbers[i]) as u64;
                let (found, first_frame) = (*block, self.plan.frames);
                self.plan.pieces.push(Piece::Block { found, first_frame, number });
                self.plan.bytes += u64::from(block.original_length);
                self.plan.frames += u64::from(block.frames);
            } else {
                let held = match (block.kind.is_audio(), block.original_offset) {
                    (true, _) => Held::Audio,
                    (false, 0) => Held::Head,
                    (false, _) => Held::Foreign,
                };
                self.lose(held, u64::from(block.original_length), "the coded bytes are damaged");
            }
        }
        if let Some(tail) = tail {
            self.fill_up_to(tail.trailer.original_length, blocks.len());
        }
    }

    /// Accounts for the bytes that are missing before block `next`, which starts at `end`.
    fn fill_up_to(&mut self, end: u64, next: usize) {
        let gap = end - self.plan.bytes;
        if gap == 0 {
            return;
        }
        let (before, frames, after) = self.by_table(gap, next).unwrap_or_else(|| self.by_size(gap));
        let reason = "not found";
        let held = if self.plan.bytes == 0 { Held::Head } else { Held::Foreign };
        self.lose(held, before, reason);
        self.lose(Held::Audio, frames * self.frame_bytes(), reason);
        self.lose(Held::Foreign, after, reason);
    }

    /// Foreign bytes, frames and foreign bytes in a gap, by the entries of the missing blocks.
    fn by_table(&self, gap: u64, next: usize) -> Option<(u64, u64, u64)> {
        let numbers = self.numbers.as_ref()?;
        let first = next.checked_sub(1).map_or(0, |i| numbers[i] + 1);
        let end = numbers.get(next).copied().unwrap_or(self.entries.len());
        let missing = self.entries.get(first..end)?;
        let frames = missing.iter().map(|entry| u64::from(entry.frames)).sum::<u64>();
        let foreign = gap.checked_sub(frames.checked_mul(self.frame_bytes())?)?;
        let leads = missing.first()?.frames == 0;
        let trails = missing.last()?.frames == 0;
        Some(match (leads, trails) {
            (false, false) if foreign > 0 => return None,
            (false, _) => (0, frames, foreign),
            (true, true) if frames > 0 => {
                // How the two share is not known: most files start with the plain header.
                let plain = self.plain_header_length();
                let before = if self.plan.bytes == 0 && foreign >= plain { plain } else { foreign };
                (before, frames, foreign - before)
            }
            (true, _) => (foreign, frames, 0),
        })
    }

    /// The same without a table: all segments but the last have the same length.
    fn by_size(&self, gap: u64) -> (u64, u64, u64) {
        let Some(audio) = self.audio else { return (gap, 0, 0) };
        let frame_bytes = self.frame_bytes();
        if self.plan.bytes == 0 {
            // At least a header, and what is left over by whole segments.
            let least = self.plain_header_length().min(gap);
            let segment = u64::from(audio.segment_frames) * frame_bytes;
            let before = least + (gap - least) % segment;
            return (before, (gap - before) / frame_bytes, 0);
        }
        (0, gap / frame_bytes, gap % frame_bytes)
    }

    fn lose(&mut self, held: Held, bytes: u64, reason: &str) {
        if bytes == 0 {
            return;
        }
        let frames = if held == Held::Audio { bytes / self.frame_bytes() } else { 0 };
        self.plan.pieces.push(Piece::Lost(Lost {
            held,
            offset: self.plan.bytes,
            bytes,
            first_frame: self.plan.frames,
            frames,
            reason: reason.to_owned(),
            undecodable: false,
        }));
        self.plan.bytes += bytes;
        self.plan.frames += frames;
    }

    fn frame_bytes(&self) -> u64 {
        self.audio.map_or(1, |audio| audio.format.frame_bytes() as u64)
    }

    fn plain_header_length(&self) -> u64 {
        self.audio.map_or(0, |audio| wav::canonical_header(&audio.format, 0).len() as u64)
    }
}
