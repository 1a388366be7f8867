//! The values that the samples of one channel can take, in ascending order (§9.1).

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
    /// The listed values only, ascending.
    Sparse(Vec<i32>),
}

impl Values {
    /// Every integer from `min` to `max`; just `min` when `max` is below it, which only a
    /// damaged stream holds.
    pub fn between(min: i32, max: i32) -> Self {
        let span = i64::from(max) - i64::from(min);
        Values::Dense { min, len: span.max(0) as u64 + 1 }
    }

    /// Number of values.
    #[inline(always)]
    pub fn len(&self) -> u64 {
        match self {
            Values::Dense { len, .. } => *len,
            Values::Sparse(values) => values.len() as u64,
        }
    }

    /// The value of a rank below `len`.
    #[inline(always)]
    pub fn value(&self, rank: u64) -> i32 {
        match self {
            Values::Dense { min, .. } => min.wrapping_add(rank as i32),
            Values::Sparse(values) => values[rank as usize],
        }
    }

    /// Mean distance between neighbours.
    pub fn spacing(&self) -> f64 {
        match self {
            Values::Dense { .. } => 1.0,
            Values::Sparse(values) => {
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
            Values::Sparse(values) => values.partition_point(|&v| v < value) as u64,
        }
    }

    /// The point halfway between `rank - 1` and `rank`, for ranks from 1 to `len - 1`.
    #[inline(always)]
    pub fn edge(&self, rank: u64) -> f64 {
        match self {
            Values::Dense { min, .. } => f64::from(*min) + rank as f64 - 0.5,
            Values::Sparse(values) => {
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
                // Float to integer casts saturate, so far thresholds end at 0 or `len`.
                let distance = threshold - f64::from(*min);
                let whole = distance as i64;
                let up = i64::from(distance > whole as f64);
                let count = whole.saturating_add(up);
                count.clamp(0, *len as i64) as u64
            }
            Values::Sparse(values) => values.partition_point(|&v| f64::from(v) < threshold) as u64,
        }
    }
}

#[cfg(test)]
#[path = "values_tests.rs"]
mod tests;
