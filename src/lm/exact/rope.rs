//! Sines and cosines for the rotation of queries and keys, without a mathematics library: square
//! roots, Taylor series and the addition theorem in binary64, rounded to binary32 at the end.

use super::float::no_magnitude;
use super::vectors::Vectors;

/// Cosines and sines of one position, for each element of a head.
#[derive(Clone, Debug)]
pub(super) struct Rotation {
    /// Of each pair of elements the cosine, twice.
    cos: Vec<f32>,
    /// Of each pair of elements the sine, first negative.
    sin: Vec<f32>,
}

impl Rotation {
    /// Writes `x` rotated by this position: elements 2i and 2i + 1 are a point in the plane. Returns
    /// the largest magnitude.
    ///
    /// Adding a product with a negative sine is what the specification's subtraction is, bit for bit.
    #[inline(always)]
    pub fn apply<V: Vectors>(&self, v: V, x: &[f32], out: &mut [f32]) -> V::I {
        let mut most = no_magnitude(v);
        let angles = self.cos.as_chunks().0.iter().zip(self.sin.as_chunks().0);
        let places = x.as_chunks().0.iter().zip(out.as_chunks_mut().0);
        for ((cos, sin), (x, out)) in angles.zip(places) {
            let x = v.load(x);
            let straight = v.mul(x, v.load(cos));
            let y = v.add(straight, v.mul(v.swap_pairs(x), v.load(sin)));
            most = v.magnitude(most, y);
            v.store(y, out);
        }
        most
    }
}

/// Rotations of the positions `0..cells` for heads of `head` elements, a power of two.
pub(super) fn rotations(head: usize, base: f32, cells: usize) -> Vec<Rotation> {
    let pairs = head / 2;
    // base^(1 / pairs), by taking square roots.
    let mut ratio = f64::from(base);
    for _ in 0..pairs.ilog2() {
        ratio = ratio.sqrt();
    }
    let mut angle = 1.0;
    let mut step = Vec::with_capacity(pairs);
    for i in 0..pairs {
        if i > 0 {
            angle /= ratio;
        }
        step.push((cosine(angle), sine(angle)));
    }
    let mut now = vec![(1.0, 0.0); pairs];
    let mut rotations = Vec::with_capacity(cells);
    for _ in 0..cells {
        rotations.push(Rotation {
            cos: now.iter().flat_map(|&(cos, _)| [cos as f32; 2]).collect(),
            sin: now.iter().flat_map(|&(_, sin)| [-sin as f32, sin as f32]).collect(),
        });
        for ((cos, sin), (cos_1, sin_1)) in now.iter_mut().zip(&step) {
            (*cos, *sin) = (*cos * cos_1 - *sin * sin_1, *sin * cos_1 + *cos * sin_1);
        }
    }
    rotations
}

/// Highest powers of the series of sine and cosine: for angles up to 1, what follows is less than
/// half a unit in the last place.
const SINE: u32 = 17;
const COSINE: u32 = 18;

fn sine(x: f64) -> f64 {
    x * series(SINE, x * x)
}

fn cosine(x: f64) -> f64 {
    series(COSINE, x * x)
}

/// Horner's scheme for the terms of degree `highest`, `highest` - 2, … of a sine or cosine, over powers
/// of `z` = x².
fn series(highest: u32, z: f64) -> f64 {
    let mut sum = 0.0;
    for degree in (highest % 2..=highest).rev().step_by(2) {
        // 18! is below 2^53, so that each factorial is exact.
        let factorial = (1..=u64::from(degree)).product::<u64>() as f64;
        let term = if degree % 4 >= 2 { -1.0 / factorial } else { 1.0 / factorial };
        sum = sum * z + term;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rotations_are_those_of_the_mathematics_library() {
        for (head, base) in [(32, 10_000.0f32), (16, 500.0), (128, 1e6)] {
            for (position, rotation) in rotations(head, base, 1024).iter().enumerate() {
                for i in 0..head / 2 {
                    let exponent = -2.0 * i as f64 / head as f64;
                    let angle = position as f64 * f64::from(base).powf(exponent);
                    assert!((f64::from(rotation.cos[2 * i]) - angle.cos()).abs() < 1e-7);
                    assert!((f64::from(rotation.sin[2 * i + 1]) - angle.sin()).abs() < 1e-7);
                }
            }
        }
    }
}
