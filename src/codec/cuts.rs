//! Where a segment is better cut, because its samples take other values from there on.
//!
//! A set of values (§9.1) holds for a segment. Where a clip that was made louder after it was quantised
//! stands beside others, the gaps between its values are filled by theirs.

use std::borrow::Cow;
use std::ops::Range;

use super::value_set::Uses;
use crate::pcm::{Pcm, deinterleaved};

/// Frames of a window, whose values are found together: at least so many, and more in a segment of more than
/// [`WINDOWS`] times so many, which bounds the time that the search takes.
const FRAMES: usize = 1 << 15;
/// See [`FRAMES`].
const WINDOWS: usize = 16;
/// Values of a channel that are worth a list at most: those that 16 bits have, whatever was done to them.
const MOST: usize = 1 << 16;

/// The values that some frames take.
#[derive(Clone)]
struct Sets {
    /// Of each channel, unless they are more than [`MOST`].
    uses: Vec<Option<Uses>>,
    /// Bits that listing those of all channels saves.
    saved: f64,
}

impl Sets {
    fn new(uses: impl Iterator<Item = Option<Uses>>) -> Self {
        let few = |uses: &Uses| uses.len() <= MOST;
        let uses: Vec<Option<Uses>> = uses.map(|uses| uses.filter(few)).collect();
        let saved = uses.iter().flatten().map(Uses::saved).sum();
        Sets { uses, saved }
    }

    /// Those of `channels` channels in `samples`.
    fn of(samples: &[i32], channels: usize) -> Self {
        let channels = deinterleaved(samples, channels);
        Sets::new(channels.into_iter().map(|channel| Some(Uses::of(&[channel]))))
    }

    /// Those of other frames in addition.
    fn with(&self, other: &Self) -> Self {
        let uses = self.uses.iter().zip(&other.uses);
        Sets::new(uses.map(|(a, b)| Some(a.as_ref()?.with(b.as_ref()?))))
    }

    /// Whether a frame takes no others.
    fn have(&self, frame: &[i32]) -> bool {
        let has = |uses: &Option<Uses>, sample| uses.as_ref().is_none_or(|uses| uses.has(sample));
        self.uses.iter().zip(frame).all(|(uses, &sample)| has(uses, sample))
    }
}

/// A segment in windows.
struct Windows<'a> {
    pcm: &'a Pcm,
    /// Frames of a window, but for the last one.
    length: usize,
    /// Of each window.
    sets: Vec<Sets>,
}

/// The frames at which pieces of `pcm` start, but for the first one. A cut saves at least `cost` bits.
pub fn cuts(pcm: &Pcm, cost: f64) -> Vec<usize> {
    let frames = pcm.frames();
    if frames < 2 * FRAMES {
        return Vec::new();
    }
    let windows = Windows::new(pcm);
    let runs = windows.runs(cost);
    let mut starts = Vec::new();
    let mut last = 0;
    for (before, after) in runs.iter().zip(&runs[1..]) {
        let start = windows.border(before, after);
        // Between two runs may be a window that has frames of both and none of its own.
        if start > last && start < frames {
            starts.push(start);
            last = start;
        }
    }
    starts
}

impl<'a> Windows<'a> {
    fn new(pcm: &'a Pcm) -> Self {
        let length = FRAMES.max(pcm.frames().div_ceil(WINDOWS));
        let windows = pcm.samples.chunks(length * pcm.channels);
        let sets = windows.map(|samples| Sets::of(samples, pcm.channels)).collect();
        Windows { pcm, length, sets }
    }

    /// The runs of windows that take the fewest bits, with `cost` bits for each. Between two may be a window that
    /// belongs to neither, because it has frames of both.
    fn runs(&self, cost: f64) -> Vec<Range<usize>> {
        // Of the windows before each one: what they take at least, their last run, and where the run before
        // that one ends.
        let mut least: Vec<(f64, Range<usize>, usize)> = vec![(0.0, 0..0, 0)];
        for end in 1..=self.sets.len() {
            let mut best = (f64::MAX, 0..end, 0);
            let mut run: Option<Cow<Sets>> = None;
            for (start, sets) in self.sets[..end].iter().enumerate().rev() {
                let joined = match run {
                    Some(run) => Cow::Owned(sets.with(&run)),
                    None => Cow::Borrowed(sets),
                };
                let bits = cost - joined.saved;
                if least[start].0 + bits <= best.0 {
                    best = (least[start].0 + bits, start..end, start);
                }
                // Half of the window between them is of this kind.
                let half = 0.5 * joined.saved / (end - start) as f64;
                if start > 1 && least[start - 1].0 + bits - half < best.0 {
                    best = (least[start - 1].0 + bits - half, start..end, start - 1);
                }
                run = Some(joined);
            }
            least.push(best);
        }
        let mut runs = Vec::new();
        let mut end = self.sets.len();
        while end > 0 {
            runs.push(least[end].1.clone());
            end = least[end].2;
        }
        runs.reverse();
        runs
    }

    /// The frame at which the run `after` starts: as few frames as possible have values that their side does
    /// not have.
    fn border(&self, before: &Range<usize>, after: &Range<usize>) -> usize {
        // The windows beside the border may have frames of either kind, so they say nothing where there are
        // others.
        let (last, first) = (before.end - 1, after.start);
        let (own, own_saves) = self.joined(before.start..last.max(before.start + 1));
        let (other, other_saves) = self.joined((first + 1).min(after.end - 1)..after.end);
        let end = ((first + 1) * self.length).min(self.pcm.frames());
        let mut misplaced = 0_i64;
        let mut best = (0, last * self.length);
        for number in best.1..end {
            let frame = &self.pcm.samples[number * self.pcm.channels..][..self.pcm.channels];
            misplaced += i64::from(!own.have(frame)) - i64::from(!other.have(frame));
            // What fits both sides goes with the one whose list saves more.
            if misplaced < best.0 || misplaced == best.0 && own_saves > other_saves {
                best = (misplaced, number + 1);
            }
        }
        best.1
    }

    /// The sets of windows in one, and what they save in each window.
    fn joined(&self, windows: Range<usize>) -> (Cow<'_, Sets>, f64) {
        let count = windows.len() as f64;
        let (first, others) = (&self.sets[windows.start], &self.sets[windows][1..]);
        let sets =
            others.iter().fold(Cow::Borrowed(first), |sets, other| Cow::Owned(sets.with(other)));
        let saved = sets.saved / count;
        (sets, saved)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COST: f64 = 65_536.0;

    /// Noise of 12 bits that was quantised more coarsely by `gain`, and made louder by it afterwards.
    fn noise(count: usize, gain: f64) -> Vec<i32> {
        let mut state = 1_u32;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            ((f64::from(state as i32 >> 20) / gain).round() * gain).round() as i32
        };
        (0..count).map(|_| next()).collect()
    }

    fn of(channels: usize, parts: &[Vec<i32>]) -> Vec<usize> {
        cuts(&Pcm { channels, samples: parts.concat() }, COST)
    }

    /// Whether each of `found` is at most 20 frames after the one that is `expected`.
    #[track_caller]
    fn expect(found: &[usize], expected: &[usize]) {
        let near = found.iter().zip(expected).all(|(&f, &e)| (e..e + 20).contains(&f));
        assert!(found.len() == expected.len() && near, "{found:?} in place of {expected:?}");
    }

    #[test]
    fn gains_are_told_apart_where_they_change() {
        let (plain, loud, louder) = (noise(100_000, 1.0), noise(100_000, 3.7), noise(150_000, 5.3));
        expect(&of(1, &[plain.clone(), loud.clone()]), &[100_000]);
        expect(&of(1, &[loud.clone(), plain.clone()]), &[100_000]);
        expect(&of(1, &[loud.clone(), louder.clone()]), &[100_000]);
        expect(&of(1, &[loud.clone(), louder.clone(), loud.clone()]), &[100_000, 250_000]);
        expect(&of(1, &[plain.clone(), louder, plain, loud]), &[100_000, 250_000, 350_000]);
    }

    #[test]
    fn one_channel_is_enough() {
        let [left, first, second] = [noise(200_000, 1.0), noise(99_000, 1.9), noise(101_000, 2.7)];
        let right = [first, second].concat();
        let both: Vec<i32> = left.into_iter().zip(right).flat_map(|(l, r)| [l, r]).collect();
        expect(&of(2, &[both]), &[99_000]);
    }

    #[test]
    fn what_saves_little_is_not_cut() {
        let (plain, loud) = (noise(100_000, 1.0), noise(100_000, 3.7));
        for parts in [
            vec![plain.clone()],
            vec![loud.clone(), loud.clone()],
            vec![plain.clone(), noise(100_000, 0.7)],
            vec![loud.clone(), vec![0; 300_000], loud],
            vec![noise(60_000, 1.5), noise(60_000, 1.0)],
            vec![plain[..10].to_vec()],
        ] {
            assert_eq!(of(1, &parts), []);
        }
        assert_eq!(cuts(&Pcm { channels: 1, samples: Vec::new() }, COST), []);
    }
}
