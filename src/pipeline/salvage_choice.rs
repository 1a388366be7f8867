//! Which of the blocks that were found make up the original.
//!
//! A damaged file may hold a block twice, in another place, or one of another file. Intact blocks that
//! fit their neighbours and the segment table are preferred; only those are left out that cover the same
//! bytes of the original as a better one.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::container::{Entry, Found};

/// Blocks that do not overlap, in the order of the original. `entries` is the segment table, or empty.
pub(super) fn choose(blocks: &[Found], entries: &[Entry]) -> Vec<Found> {
    let intact: Vec<Found> = blocks.iter().filter(|block| block.intact).copied().collect();
    let mut ranked: Vec<(usize, Found)> = (0..intact.len())
        .map(|i| (neighbours(&intact, i) + in_table(&intact[i], entries), intact[i]))
        .collect();
    ranked.sort_by_key(|&(score, block)| (Reverse(score), block.offset));
    let damaged = blocks.iter().filter(|block| !block.intact).map(|block| (0, *block));
    let mut chosen: BTreeMap<u64, Found> = BTreeMap::new();
    for (_, block) in ranked.into_iter().chain(damaged) {
        let before = chosen.range(..block.original_end()).next_back();
        if before.is_none_or(|(_, other)| other.original_end() <= block.original_offset) {
            chosen.insert(block.original_offset, block);
        }
    }
    chosen.into_values().collect()
}

/// How many of a block's neighbours in the lmz file are its neighbours in the original.
fn neighbours(blocks: &[Found], i: usize) -> usize {
    let follows = |a: usize, b: usize| match (blocks.get(a), blocks.get(b)) {
        (Some(a), Some(b)) => usize::from(a.original_end() == b.original_offset),
        _ => 0,
    };
    follows(i.wrapping_sub(1), i) + follows(i, i + 1)
}

/// 1 if the segment table has such a block where this one stands.
fn in_table(block: &Found, entries: &[Entry]) -> usize {
    let entry = entries.binary_search_by_key(&block.offset, |entry| entry.offset);
    let same = entry.is_ok_and(|i| entries[i].describes(block));
    usize::from(same)
}
