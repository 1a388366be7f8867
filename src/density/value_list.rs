//! Listed values, with an index that leaves few of them to search for a rank.

/// Most entries of the index for each value.
const ENTRIES: usize = 4;

/// Values in ascending order; a damaged stream may repeat the last one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValueList {
    values: Vec<i32>,
    /// Number of values that lie less than `i << shift` above the first, for each `i` up to the last value,
    /// and of all values.
    index: Vec<u32>,
    shift: u32,
}

impl ValueList {
    /// At least one value, in ascending order.
    pub fn new(values: Vec<i32>) -> Self {
        let above = |value: i32| u64::from(value.wrapping_sub(values[0]) as u32);
        let span = above(values[values.len() - 1]);
        let mut shift = 0;
        while span >> shift >= (ENTRIES * values.len()) as u64 {
            shift += 1;
        }
        let mut index = Vec::with_capacity((span >> shift) as usize + 2);
        for (rank, &value) in values.iter().enumerate() {
            let entries = (above(value) >> shift) as usize + 1;
            index.resize(entries.max(index.len()), rank as u32);
        }
        index.push(values.len() as u32);
        ValueList { values, index, shift }
    }

    /// The values.
    #[inline(always)]
    pub fn values(&self) -> &[i32] {
        &self.values
    }

    /// Number of values below `bound`.
    #[inline(always)]
    pub fn count_below(&self, bound: i64) -> u64 {
        let above = bound.saturating_sub(i64::from(self.values[0]));
        let entry = (above.max(0) >> self.shift) as usize;
        if entry + 1 >= self.index.len() {
            return self.values.len() as u64;
        }
        let (first, end) = (self.index[entry] as usize, self.index[entry + 1] as usize);
        let near = &self.values[first..end];
        (first + near.partition_point(|&value| i64::from(value) < bound)) as u64
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(values: Vec<i32>) {
        let list = ValueList::new(values.clone());
        assert!(list.index.len() <= ENTRIES * values.len() + 2);
        let bounds =
            values.iter().flat_map(|&value| (-2..=2).map(move |near| i64::from(value) + near));
        for bound in bounds.chain([i64::MIN, i64::MAX]) {
            let expected = values.partition_point(|&value| i64::from(value) < bound);
            assert_eq!(list.count_below(bound), expected as u64, "{bound} in {values:?}");
        }
    }

    #[test]
    fn near_and_far_values_are_counted() {
        check(vec![7]);
        check(vec![i32::MIN, i32::MAX]);
        check((-300..300).map(|i| i * i * i / 50).collect());
        check(vec![-1, i32::MAX, i32::MAX, i32::MAX]);
        check([(0..1000).collect(), vec![i32::MAX - 1, i32::MAX]].concat());
    }

    proptest! {
        #[test]
        fn any_values_are_counted(mut values in proptest::collection::vec(any::<i32>(), 1..60)) {
            values.sort_unstable();
            check(values);
        }
    }
}
