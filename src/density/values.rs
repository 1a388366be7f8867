//! The values that the samples of one channel can take, in ascending order (§9.1).

use super::value_list::ValueList;

/// A set of sample values. Samples are coded as ranks in it; prediction works on the values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Values {
    /// Every integer from `min` to `max`.
    Dense {
        /// Smallest value.
        min: i32,
        /// Number of values, up to 2^32.
        len: u64,
    },
    /// The listed values only.
    Sparse(ValueList),
}

impl Values {
    /// Every integer from `min` to `max`; just `min` when `max` is below it, which only a
    /// damaged stream holds.
    pub fn between(min: i32, max: i32) -> Self {
        let span = i64::from(max) - i64::from(min);
        Values::Dense { min, len: span.max(0) as u64 + 1 }
    }

    /// The listed values only, of which there is at least one, in ascending order.
    pub fn listed(values: Vec<i32>) -> Self {
        Values::Sparse(ValueList::new(values))
    }

    /// Number of values.
    #[inline(always)]
    pub fn len(&self) -> u64 {
        match self {
            Values::Dense { len, .. } => *len,
            Values::Sparse(list) => list.values().len() as u64,
        }
    }

    /// The value of a rank below `len`.
    #[inline(always)]
    pub fn value(&self, rank: u64) -> i32 {
        match self {
            Values::Dense { min, .. } => min.wrapping_add(rank as i32),
            Values::Sparse(list) => list.values()[rank as usize],
        }
    }

    /// Mean distance between neighbours.
    pub fn spacing(&self) -> f64 {
        match self {
            Values::Dense { .. } => 1.0,
            Values::Sparse(list) => {
                let values = list.values();
                let span = f64::from(values[values.len() - 1]) - f64::from(values[0]);
                (span / (values.len() - 1).max(1) as f64).max(1.0)
            }
        }
    }

    /// Largest magnitude in the set, at least 1.
    #[inline(always)]
    pub fn bound(&self) -> f64 {
        let (low, high) = (self.value(0), self.value(self.len() - 1));
        f64::from(low).abs().max(f64::from(high).abs()).max(1.0)
    }

    /// The rank of a value that is in the set.
    #[inline(always)]
    pub fn rank(&self, value: i32) -> u64 {
        match self {
            Values::Dense { min, .. } => u64::from(value.wrapping_sub(*min) as u32),
            Values::Sparse(list) => list.count_below(value.into()),
        }
    }

    /// The point halfway between `rank - 1` and `rank`, for ranks from 1 to `len - 1`.
    #[inline(always)]
    pub fn edge(&self, rank: u64) -> f64 {
        match self {
            Values::Dense { min, .. } => f64::from(*min) + rank as f64 - 0.5,
            Values::Sparse(list) => {
                let values = list.values();
                let (a, b) = (values[rank as usize - 1], values[rank as usize]);
                (f64::from(a) + f64::from(b)) * 0.5
            }
        }
    }

    /// Number of values below `threshold`.
    #[inline(always)]
    pub fn count_below(&self, threshold: f64) -> u64 {
        match self {
            Values::Dense { min, len } => {
                let count = rounded_up(threshold - f64::from(*min));
                count.clamp(0, *len as i64) as u64
            }
            Values::Sparse(list) => list.count_below(rounded_up(threshold)),
        }
    }
}

/// The least integer that is not below `x`; casts saturate, so one of 64 bits where it is further out.
#[inline(always)]
fn rounded_up(x: f64) -> i64 {
    let whole = x as i64;
    whole.saturating_add(i64::from(x > whole as f64))
}

#[cfg(test)]
#[path = "values_tests.rs"]
mod tests;
