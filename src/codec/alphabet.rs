//! The values that one channel of a segment takes: a grid, and the numbers on it that occur (§8.3).

use super::grid::Grid;
use super::value_set;
use crate::density::Values;
use crate::entropy::{Coder, code_uniform};
use crate::error::Result;
use crate::observer::Watch;

/// Bits that alphabets of their own must save each channel: about what one takes.
const LEAST_SAVING: f64 = 64.0;

/// What the samples of a channel can be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alphabet {
    /// Grid that all samples lie on.
    pub grid: Grid,
    /// Numbers on the grid that occur.
    pub values: Values,
}

/// How an alphabet is coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// In full.
    New,
    /// As the last one in full, or all integers of 32 bits if there was none.
    Same,
    /// One value.
    Constant,
}

impl Alphabet {
    /// All integers of 32 bits.
    pub fn full() -> Self {
        Alphabet { grid: Grid::FINE, values: Values::between(i32::MIN, i32::MAX) }
    }

    /// `sample` alone.
    pub fn constant(sample: i32) -> Self {
        Alphabet { grid: Grid::FINE, values: Values::between(sample, sample) }
    }

    /// The only sample there is, if there is only one.
    pub fn only(&self) -> Option<i32> {
        (self.values.len() == 1).then(|| self.grid.sample(self.values.value(0)))
    }

    /// The cheapest for channels that share one, none of which is empty, and the bits that it saves
    /// against all integers between the least and the largest one.
    fn shared(channels: &[&[i32]]) -> (Self, f64) {
        let grid = Grid::of(channels.iter().copied().flatten());
        let numbers: Vec<Vec<i32>> = channels
            .iter()
            .map(|channel| channel.iter().map(|&sample| grid.number(sample)).collect())
            .collect();
        let (values, saved) = value_set::choose(&numbers);
        let changes: usize = numbers.iter().map(|numbers| value_set::changes(numbers)).sum();
        (Alphabet { grid, values }, saved + changes as f64 * grid.bits())
    }

    /// One for each of `channels`, none of which is empty: their own where that saves something.
    ///
    /// # Errors
    /// [`Error::Interrupted`](crate::Error::Interrupted) by `watch`.
    pub fn choose(channels: &[Vec<i32>], watch: &Watch) -> Result<Vec<Alphabet>> {
        let is_constant = |channel: &[i32]| channel.iter().all(|&sample| sample == channel[0]);
        let moving: Vec<&[i32]> =
            channels.iter().map(Vec::as_slice).filter(|channel| !is_constant(channel)).collect();
        let (shared, shared_saves) =
            if moving.is_empty() { (Alphabet::full(), 0.0) } else { Self::shared(&moving) };
        watch.look()?;
        let mut own = Vec::new();
        for &channel in moving.iter().filter(|_| moving.len() > 1) {
            own.push(Self::shared(&[channel]));
            watch.look()?;
        }
        let own_save: f64 = own.iter().map(|(_, saved)| saved - LEAST_SAVING).sum();
        let mut own = own.into_iter().map(|(alphabet, _)| alphabet);
        let apart = own.len() > 0 && own_save > shared_saves;
        let of_channel = |channel: &Vec<i32>| {
            if is_constant(channel) {
                Alphabet::constant(channel[0])
            } else if apart {
                own.next().unwrap_or_else(Alphabet::full)
            } else {
                shared.clone()
            }
        };
        Ok(channels.iter().map(of_channel).collect())
    }

    /// Codes alphabets one after the other; `self` is ignored when decoding. `last` is the last one that
    /// was coded in full, `samples` the number of samples of the segment.
    pub fn code(&self, coder: &mut dyn Coder, last: &mut Option<Alphabet>, samples: usize) -> Self {
        let kind = match (self.only(), &*last) {
            (Some(_), _) => Kind::Constant,
            (None, Some(last)) if last == self => Kind::Same,
            _ => Kind::New,
        };
        match code_kind(coder, kind) {
            Kind::Same => last.clone().unwrap_or_else(Self::full),
            Kind::Constant => {
                let sample = self.only().unwrap_or_default();
                Self::constant(code_uniform(coder, sample as u32, 32) as i32)
            }
            Kind::New => {
                let grid = self.grid.code(coder);
                let values = value_set::code(coder, &self.values, samples);
                let alphabet = Alphabet { grid, values };
                *last = Some(alphabet.clone());
                alphabet
            }
        }
    }
}

/// One bit for a constant, two for the others.
fn code_kind(coder: &mut dyn Coder, kind: Kind) -> Kind {
    if code_uniform(coder, u32::from(kind == Kind::Constant), 1) == 1 {
        return Kind::Constant;
    }
    match code_uniform(coder, u32::from(kind == Kind::Same), 1) {
        1 => Kind::Same,
        _ => Kind::New,
    }
}

#[cfg(test)]
#[path = "alphabet_tests.rs"]
mod tests;
