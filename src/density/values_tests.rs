//! Ranks, edges and counts agree with each other, up to the ends of the 32-bit range.

use proptest::prelude::*;

use super::Values;

/// What holds between the functions of any set, checked at the ranks given.
fn check(values: &Values, ranks: impl IntoIterator<Item = u64>) {
    for rank in ranks.into_iter().filter(|&rank| rank < values.len()) {
        let value = values.value(rank);
        assert_eq!(values.rank(value), rank);
        assert!(f64::from(value).abs() <= values.bound());
        assert_eq!(values.count_below(f64::from(value)), rank);
        assert_eq!(values.count_below(f64::from(value) + 0.25), rank + 1);
        if rank > 0 {
            let (edge, before) = (values.edge(rank), values.value(rank - 1));
            assert!(f64::from(before) < edge && edge < f64::from(value));
            assert_eq!(edge - f64::from(before), f64::from(value) - edge);
            assert_eq!(values.count_below(edge), rank);
        }
    }
    assert_eq!(values.count_below(f64::NEG_INFINITY), 0);
    assert_eq!(values.count_below(-1e300), 0);
    assert_eq!(values.count_below(f64::INFINITY), values.len());
    assert_eq!(values.count_below(1e300), values.len());
}

#[test]
fn dense_sets() {
    check(&Values::between(-3, 4), 0..8);
    check(&Values::between(7, 7), 0..1);
    check(&Values::between(i32::MAX, i32::MAX), 0..1);
    let full = Values::between(i32::MIN, i32::MAX);
    assert_eq!(full.len(), 1 << 32);
    check(&full, [0, 1, 2, (1 << 31) - 1, 1 << 31, (1 << 32) - 2, (1 << 32) - 1]);
    assert_eq!(full.value(1 << 31), 0);
    assert_eq!(full.bound(), 2f64.powi(31));
    assert_eq!(full.spacing(), 1.0);
}

#[test]
fn a_reversed_range_is_its_first_value() {
    assert_eq!(Values::between(5, 4), Values::between(5, 5));
    assert_eq!(Values::between(i32::MAX, i32::MIN).len(), 1);
}

#[test]
fn sparse_sets() {
    let set = Values::listed(vec![-9, -1, 0, 10, 11]);
    check(&set, 0..5);
    assert_eq!(set.spacing(), 5.0);
    assert_eq!(set.bound(), 11.0);
    let one = Values::listed(vec![0]);
    check(&one, 0..1);
    assert_eq!((one.spacing(), one.bound()), (1.0, 1.0));
    let ends = Values::listed(vec![i32::MIN, i32::MAX]);
    check(&ends, 0..2);
    assert_eq!(ends.edge(1), -0.5);
    assert_eq!(ends.spacing(), 2f64.powi(32) - 1.0);
}

proptest! {
    #[test]
    fn any_set(mut values in proptest::collection::vec(any::<i32>(), 1..40)) {
        values.sort_unstable();
        values.dedup();
        check(&Values::listed(values.clone()), 0..40);
        let dense = Values::between(values[0], values[values.len() - 1]);
        check(&dense, values.iter().map(|&value| dense.rank(value)));
    }
}

#[test]
fn thresholds_out_of_range_count_none_or_all() {
    for values in [Values::between(i32::MIN, i32::MAX), Values::listed(vec![-9, 0, 4])] {
        for far in [1e10, 1e19, 1e300, f64::INFINITY] {
            assert_eq!(values.count_below(far), values.len());
            assert_eq!(values.count_below(-far), 0);
        }
    }
}

#[test]
fn a_threshold_on_a_value_does_not_count_it() {
    let values = Values::between(-2, 2);
    for (threshold, count) in [(-2.0, 0), (-1.9, 1), (0.0, 2), (0.5, 3), (2.0, 4), (2.1, 5)] {
        assert_eq!(values.count_below(threshold), count, "{threshold}");
    }
}
