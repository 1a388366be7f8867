//! The values that one channel of a segment takes: a grid, and the numbers on it that occur (§8.3).

use super::grid::Grid;
use super::value_set;
use crate::density::Values;
use crate::entropy::Coder;

/// What the samples of a channel can be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alphabet {
    /// Grid that all samples lie on.
    pub grid: Grid,
    /// Numbers on the grid that occur.
    pub values: Values,
}

impl Alphabet {
    /// All integers of 32 bits.
    pub fn full() -> Self {
        Alphabet { grid: Grid::FINE, values: Values::between(i32::MIN, i32::MAX) }
    }

    /// The only sample there is, if there is only one.
    pub fn only(&self) -> Option<i32> {
        (self.values.len() == 1).then(|| self.grid.sample(self.values.value(0)))
    }

    /// The cheapest for channels that share one, none of which is empty, and the bits that it saves
    /// against all integers between the least and the largest one.
    pub fn shared(channels: &[&[i32]]) -> (Self, f64) {
        let grid = Grid::of(channels.iter().copied().flatten());
        let numbers: Vec<Vec<i32>> = channels
            .iter()
            .map(|channel| channel.iter().map(|&sample| grid.number(sample)).collect())
            .collect();
        let (values, saved) = value_set::choose(&numbers);
        let changes: usize = numbers.iter().map(|numbers| value_set::changes(numbers)).sum();
        (Alphabet { grid, values }, saved + changes as f64 * grid.bits())
    }

    /// Codes an alphabet; `self` is ignored when decoding. `samples` is the number of samples of the segment.
    pub fn code(&self, coder: &mut dyn Coder, samples: usize) -> Self {
        let grid = self.grid.code(coder);
        let values = value_set::code(coder, &self.values, samples);
        Alphabet { grid, values }
    }
}
