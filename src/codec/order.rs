//! The encoder's choice of the order of channels (§8.3), and of which other each is predicted from.
//!
//! Neighbours in a frame are neighbours in the room as a rule, but not always: a bed of silent objects,
//! a dual-mono pair apart. So beside the order of the frame and its reverse, a tree is tried that ties each
//! channel to the one most like it.

use super::layout::{GROUP, Order};
use crate::math::{LANES, add_products, sum};

/// Channels of which all pairs are compared.
const MOST: usize = 512;
/// Frames in the middle of the segment that channels are compared by.
const COMPARED: usize = 1 << 12;

/// A maximum spanning tree (Prim) over the correlations of channels, `(channels, frames)`: the first channel
/// is the one that is most like all others. Constant channels come last. Channels in different groups are
/// coded without each other. None for fewer than 3 or more than [`MOST`] channels.
pub fn tree(channels: &[Vec<i32>]) -> Option<Order> {
    let count = channels.len();
    if !(3..=MOST).contains(&count) {
        return None;
    }
    let likeness = correlations(channels);
    let mut root = (0, 0.0);
    for (i, row) in likeness.iter().enumerate() {
        let total: f32 = row.iter().sum();
        if total > root.1 {
            root = (i, total);
        }
    }
    // Of each channel that has no place yet: how much it is like the one with a place that is most like it,
    // and that place.
    let mut nearest = vec![(0.0, None); count];
    let mut is_placed = vec![false; count];
    let mut order: Vec<(usize, Option<usize>)> = Vec::with_capacity(count);
    let mut next = (root.0, None);
    loop {
        let place = order.len();
        order.push(next);
        is_placed[next.0] = true;
        for (channel, near) in nearest.iter_mut().enumerate() {
            let score = likeness[next.0][channel];
            // What is in an earlier group is out of reach.
            let is_in_group = near.1.is_some_and(|near| near / GROUP == (place + 1) / GROUP);
            if !is_in_group || score > near.0 {
                let reachable = score > 0.0 && place / GROUP == (place + 1) / GROUP;
                *near = (if reachable { score } else { 0.0 }, reachable.then_some(place));
            }
        }
        let waiting = (0..count).filter(|&channel| !is_placed[channel]);
        let Some(best) = waiting.reduce(|a, b| if nearest[b].0 > nearest[a].0 { b } else { a })
        else {
            break;
        };
        next = (best, nearest[best].1);
    }
    for group in order.chunks_mut(GROUP) {
        for (_, partner) in group.iter_mut() {
            *partner = partner.map(|place| place % GROUP);
        }
        // The first channel is predicted from the past of the one that it was chosen with.
        if let [first, second, ..] = group {
            first.1 = second.1.map(|_| 1);
        }
    }
    Some(Order::Listed(order))
}

/// Magnitudes of the coefficients of correlation of each pair, of the differences between samples; 0 for a
/// channel with itself and where one does not change.
fn correlations(channels: &[Vec<i32>]) -> Vec<Vec<f32>> {
    let differences: Vec<Vec<f32>> = channels.iter().map(|channel| normalised(channel)).collect();
    let product = |a: &[f32], b: &[f32]| {
        let mut lanes = [0.0; LANES];
        add_products(&mut lanes, a, b);
        sum(lanes).abs()
    };
    let mut rows = vec![vec![0.0; channels.len()]; channels.len()];
    for i in 0..channels.len() {
        for j in 0..i {
            rows[i][j] = product(&differences[i], &differences[j]);
            rows[j][i] = rows[i][j];
        }
    }
    rows
}

/// Differences between neighbours in the middle of a channel, with a sum of squares of 1, filled up with
/// zeros.
fn normalised(channel: &[i32]) -> Vec<f32> {
    let length = channel.len().min(COMPARED + 1);
    let middle = &channel[(channel.len() - length) / 2..][..length];
    let mut differences: Vec<f32> =
        middle.windows(2).map(|pair| (f64::from(pair[1]) - f64::from(pair[0])) as f32).collect();
    let mut energy = 0.0;
    for &difference in &differences {
        energy += f64::from(difference) * f64::from(difference);
    }
    let scale = if energy > 0.0 { 1.0 / energy.sqrt() } else { 0.0 };
    for difference in &mut differences {
        *difference *= scale as f32;
    }
    differences.resize(COMPARED, 0.0);
    differences
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Noise, another one for each `seed`.
    fn noise(seed: u32) -> Vec<i32> {
        let mut state = seed;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 20) as i32 - 2_048
        };
        (0..9_000).map(|_| next()).collect()
    }

    #[test]
    fn channels_that_are_alike_find_each_other() {
        let (a, b) = (noise(1), noise(77));
        let silence = vec![0; a.len()];
        let negative: Vec<i32> = a.iter().map(|x| -x / 2).collect();
        let channels = [a.clone(), silence, b.clone(), negative, b, a];
        let Some(Order::Listed(order)) = tree(&channels) else { panic!("no tree") };
        let mut coded: Vec<usize> = order.iter().map(|&(channel, _)| channel).collect();
        assert_eq!(coded.last(), Some(&1), "silence comes last");
        let partner = |channel: usize| {
            let (_, partner) = order[order.iter().position(|&(c, _)| c == channel).unwrap()];
            partner.map(|place| order[place].0)
        };
        assert_eq!(partner(1), None);
        for group in [[0, 3, 5].as_slice(), &[2, 4]] {
            // All but the one that came first are predicted from one of their kind.
            let strangers =
                group.iter().filter(|&&c| partner(c).is_none_or(|p| !group.contains(&p))).count();
            assert!(strangers <= 1, "{order:?}");
        }
        coded.sort_unstable();
        assert_eq!(coded, [0, 1, 2, 3, 4, 5]);
    }

    #[test]
    fn few_and_many_channels_have_none() {
        assert_eq!(tree(&[noise(1), noise(2)]), None);
        assert_eq!(tree(&vec![vec![0; 10]; MOST + 1]), None);
        assert!(tree(&vec![vec![5; 10]; MOST]).is_some());
    }

    #[test]
    fn partners_are_in_the_group() {
        let channels: Vec<Vec<i32>> = (0..150).map(|i| noise(1 + i % 7)).collect();
        let Some(Order::Listed(order)) = tree(&channels) else { panic!("no tree") };
        let mut strangers = 0;
        for group in order.chunks(GROUP) {
            for (i, &(channel, partner)) in group.iter().enumerate() {
                assert_ne!(partner, Some(i));
                // In the group, or this panics.
                let is_kin = partner.is_some_and(|partner| group[partner].0 % 7 == channel % 7);
                strangers += usize::from(!is_kin);
            }
        }
        // The first one of each kind finds none of its kind in its group.
        assert!(strangers <= 3 * 8, "{strangers}");
    }
}
