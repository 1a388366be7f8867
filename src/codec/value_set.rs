//! The set of values that the samples of a channel take (§9.1): how it is chosen and coded.
//!
//! Audio that was scaled after it was quantised, or that came from fewer bits, uses only
//! some of the integers in its range. Telling the decoder which ones costs a little and
//! saves log2(1 / density) bits on every sample.

use super::meter::information;
use crate::density::{ValueList, Values};
use crate::entropy::{AdaptiveBit, Coder, code_uniform};
use crate::math;

/// Gaps up to this size are coded in unary, larger ones with an exponential Golomb escape.
const UNARY: u32 = 12;
/// A listed set must save this share more than it costs.
const MARGIN: f64 = 1.05;
/// Entries of a table of values at most: it fits the cache.
const TABLE: usize = 1 << 17;
/// Neighbours on each side over which the density of used values is estimated.
const NEIGHBOURS: usize = 12;

/// The set that is cheapest to code `channels` with, none of which is empty, and the bits that it saves
/// against all integers of the range.
pub fn choose(channels: &[Vec<i32>]) -> (Values, f64) {
    let uses = Uses::of(channels);
    let saved = uses.saved();
    (if saved > 0.0 { Values::Sparse(uses.list) } else { uses.range() }, saved)
}

/// The values that samples take, and how often each comes after another one. What stays the same, as silence
/// does, takes next to nothing with any set.
#[derive(Clone, Debug)]
pub struct Uses {
    list: ValueList,
    /// Of each value of the list.
    counts: Vec<u32>,
}

impl Uses {
    /// Those of `channels`, none of which is empty.
    pub fn of(channels: &[Vec<i32>]) -> Self {
        let all = || channels.iter().flatten().copied();
        let (least, most) = all().fold((i32::MAX, i32::MIN), |(l, m), x| (l.min(x), m.max(x)));
        if (most.abs_diff(least) as usize) < TABLE {
            return Uses::in_table(channels, least, most);
        }
        let mut used: Vec<i32> = all().collect();
        used.sort_unstable();
        used.dedup();
        let list = ValueList::new(used);
        let counts = counts(&list, channels);
        Uses { list, counts }
    }

    /// The same, of values from `least` to `most`: without sorting them.
    fn in_table(channels: &[Vec<i32>], least: i32, most: i32) -> Self {
        // 0 for a value that does not occur, else one more than how often it comes after another one.
        let mut table = vec![0_u32; most.abs_diff(least) as usize + 1];
        for channel in channels {
            let mut before = channel[0];
            for &sample in channel {
                let entry = &mut table[sample.abs_diff(least) as usize];
                *entry = (*entry).max(1) + u32::from(sample != before);
                before = sample;
            }
        }
        let (used, counts) = (least..=most)
            .zip(table)
            .filter(|&(_, entry)| entry > 0)
            .map(|(x, n)| (x, n - 1))
            .unzip();
        Uses { list: ValueList::new(used), counts }
    }

    /// Those of other samples in addition.
    pub fn with(&self, other: &Self) -> Self {
        let mut uses = Vec::new();
        let mut rest = other.by_value().peekable();
        for (value, count) in self.by_value() {
            uses.extend(std::iter::from_fn(|| rest.next_if(|&(before, _)| before < value)));
            let more = rest.next_if(|&(same, _)| same == value).map_or(0, |(_, count)| count);
            uses.push((value, count + more));
        }
        uses.extend(rest);
        let (used, counts) = uses.into_iter().unzip();
        Uses { list: ValueList::new(used), counts }
    }

    fn by_value(&self) -> impl Iterator<Item = (i32, u32)> {
        self.list.values().iter().copied().zip(self.counts.iter().copied())
    }

    /// How many values there are.
    #[allow(clippy::len_without_is_empty, reason = "no samples are without values")]
    pub fn len(&self) -> usize {
        self.counts.len()
    }

    /// Whether a value is among them.
    pub fn has(&self, value: i32) -> bool {
        let values = self.list.values();
        values.get(self.list.count_below(value.into()) as usize) == Some(&value)
    }

    /// All integers from the least to the largest.
    fn range(&self) -> Values {
        let values = self.list.values();
        Values::between(values[0], values[values.len() - 1])
    }

    /// Bits that a list of them saves against all integers of the range; 0 where there is none to be saved.
    pub fn saved(&self) -> f64 {
        let used = self.list.values();
        if used.len() as u64 == self.range().len() {
            return 0.0;
        }
        (saving(used, &self.counts) - MARGIN * cost(used)).max(0.0)
    }
}

/// Samples that differ from the one before.
pub fn changes(samples: &[i32]) -> usize {
    samples.windows(2).filter(|pair| pair[0] != pair[1]).count()
}

/// How often each value of `list` comes after another one.
fn counts(list: &ValueList, channels: &[Vec<i32>]) -> Vec<u32> {
    let mut counts = vec![0; list.values().len()];
    for channel in channels {
        for pair in channel.windows(2) {
            if pair[0] != pair[1] {
                counts[list.count_below(pair[1].into()) as usize] += 1;
            }
        }
    }
    counts
}

/// Bits that the samples take less when values in gaps get no probability.
fn saving(used: &[i32], counts: &[u32]) -> f64 {
    let total: u64 = counts.iter().map(|&count| u64::from(count)).sum();
    let mut bits = 0.0;
    for (i, &count) in counts.iter().enumerate().filter(|&(_, &count)| count > 0) {
        let first = i.saturating_sub(NEIGHBOURS);
        let last = (i + NEIGHBOURS).min(used.len() - 1);
        let width = f64::from(used[last]) - f64::from(used[first]);
        // The end values are given by the range, which is known in either case.
        let thinned = math::log2(width.max(1.0) / (last - first).max(1) as f64);
        // No value saves more than it costs.
        let share = math::log2(total as f64 / f64::from(count));
        bits += f64::from(count) * thinned.min(share);
    }
    bits
}

/// Bits that the list takes.
fn cost(used: &[i32]) -> f64 {
    struct Meter(f64);
    impl Coder for Meter {
        fn code(&mut self, decision: bool, p: u32) -> bool {
            self.0 += information(decision, p);
            decision
        }
        fn raw(&mut self, value: u32, bits: u32) -> u32 {
            self.0 += f64::from(bits);
            value
        }
    }
    let mut meter = Meter(0.0);
    code_gaps(&mut meter, used.to_vec(), used.len());
    meter.0
}

/// Codes a set; `values` is ignored when decoding. `limit` is the number of samples that it is for: no set
/// is larger, whatever a damaged stream holds.
pub fn code(coder: &mut dyn Coder, values: &Values, limit: usize) -> Values {
    let sparse = code_uniform(coder, u32::from(matches!(values, Values::Sparse(_))), 1) == 1;
    let first = values.value(0);
    if !sparse {
        let [min, max] = code_signed(coder, [first, values.value(values.len() - 1)]);
        return Values::between(min, max);
    }
    let [min] = code_signed(coder, [first]);
    let len = (code_uniform(coder, values.len() as u32, 32) as usize).clamp(1, limit);
    let mut used = match values {
        Values::Sparse(used) => used.values().to_vec(),
        Values::Dense { .. } => Vec::new(),
    };
    used.resize(len, 0);
    used[0] = min;
    Values::listed(code_gaps(coder, used, len))
}

/// Codes numbers in as many bits as the largest of them needs, and before them how many these are.
fn code_signed<const N: usize>(coder: &mut dyn Coder, mut numbers: [i32; N]) -> [i32; N] {
    let magnitude = |x: i32| 32 - (x ^ (x >> 31)).leading_zeros();
    let bits = code_uniform(coder, numbers.map(magnitude).into_iter().fold(0, u32::max), 5) + 1;
    for number in &mut numbers {
        let word = code_uniform(coder, *number as u32, bits);
        *number = (word << (32 - bits)) as i32 >> (32 - bits);
    }
    numbers
}

/// Codes the distances between neighbours of `used`, whose first value is known.
fn code_gaps(coder: &mut dyn Coder, mut used: Vec<i32>, len: usize) -> Vec<i32> {
    // Contexts: the two gaps before, which repeat in scaled audio.
    let context = |gap: u32| gap.min(7) as usize;
    let mut unary = vec![[AdaptiveBit::default(); UNARY as usize]; 64];
    let mut lengths = [AdaptiveBit::default(); 32];
    let (mut last, mut before) = (1, 1);
    for i in 1..len {
        let gap = (used[i].wrapping_sub(used[i - 1]) as u32).max(1);
        let bits = &mut unary[context(last) * 8 + context(before)];
        let mut decoded = 1;
        while decoded <= UNARY && bits[decoded as usize - 1].code(coder, gap > decoded) {
            decoded += 1;
        }
        if decoded > UNARY {
            // Only a damaged stream has gaps that do not fit.
            let more = code_golomb(coder, &mut lengths, gap.wrapping_sub(decoded));
            decoded = decoded.saturating_add(more);
        }
        used[i] = used[i - 1].saturating_add_unsigned(decoded);
        (before, last) = (last, decoded);
    }
    used
}

/// Codes a number by its length in bits, then its bits.
fn code_golomb(coder: &mut dyn Coder, lengths: &mut [AdaptiveBit; 32], number: u32) -> u32 {
    // number + 1 takes `length + 1` bits, the first of which is 1; it is below 2^32 because
    // gaps are at least UNARY + 1 smaller than the full range.
    let shifted = number.wrapping_add(1).max(1);
    let target = 31 - shifted.leading_zeros();
    let mut length = 0;
    while length < 31 && lengths[length as usize].code(coder, target > length) {
        length += 1;
    }
    let low = code_uniform(coder, shifted & ((1 << length) - 1), length);
    (1u32 << length | low) - 1
}

#[cfg(test)]
#[path = "value_set_tests.rs"]
mod tests;
