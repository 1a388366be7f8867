//! The floats of a segment (§9.8), and the integers that stand for them.
//!
//! A segment of floats has a *factor*. Each sample has an integer `n`, which is predicted and coded, and
//! most samples are the float nearest to `n * factor`.

/// How wide the floats are. A file may hold them in wider ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Precision {
    /// IEEE 754 binary32.
    Single,
    /// IEEE 754 binary64.
    Double,
}

/// Floats of any bit pattern.
#[derive(Clone, Debug, PartialEq)]
pub struct Floats {
    /// That of the bits.
    pub precision: Precision,
    /// What the integers are multiplied by: positive and normal.
    pub factor: f64,
    /// Their bits, interleaved as the integers are.
    pub bits: Vec<u64>,
}

impl Precision {
    /// Bits of the mantissa that are stored.
    pub fn mantissa(self) -> u32 {
        match self {
            Precision::Single => 23,
            Precision::Double => 52,
        }
    }

    /// Bits of the exponent.
    pub fn exponent(self) -> u32 {
        match self {
            Precision::Single => 8,
            Precision::Double => 11,
        }
    }

    /// Bits of the float nearest to `n * factor`, for a factor that is positive and finite.
    #[inline]
    pub fn nearest(self, n: i32, factor: f64) -> u64 {
        // Neither factor is NaN, nor zero times infinity, so the bits are those of IEEE 754.
        let product = f64::from(n) * factor;
        match self {
            Precision::Single => u64::from((product as f32).to_bits()),
            Precision::Double => product.to_bits(),
        }
    }

    /// The number that `bits` stand for.
    #[inline]
    pub fn value(self, bits: u64) -> f64 {
        match self {
            Precision::Single => f64::from(f32::from_bits(bits as u32)),
            Precision::Double => f64::from_bits(bits),
        }
    }

    /// How many floats `bits` lie above `from`; negative below; modulo the number of all bit patterns.
    /// Floats are ordered as numbers are, -0.0 below 0.0 and NaN at both ends.
    #[inline]
    pub fn distance(self, from: u64, bits: u64) -> i64 {
        let difference = self.place(bits).wrapping_sub(self.place(from));
        match self {
            Precision::Single => i64::from(difference as i32),
            Precision::Double => difference,
        }
    }

    /// Inverse of [`Precision::distance`]: the bits that lie `distance` floats above `from`.
    #[inline]
    pub fn moved(self, from: u64, distance: i64) -> u64 {
        let place = self.place(from).wrapping_add(distance);
        match self {
            Precision::Single => {
                let place = place as i32;
                u64::from(if place < 0 { place ^ i32::MAX } else { place } as u32)
            }
            Precision::Double => (if place < 0 { place ^ i64::MAX } else { place }) as u64,
        }
    }

    /// Sign and magnitude to two's complement.
    fn place(self, bits: u64) -> i64 {
        match self {
            Precision::Single => {
                let bits = bits as u32 as i32;
                i64::from(if bits < 0 { bits ^ i32::MAX } else { bits })
            }
            Precision::Double => {
                let bits = bits as i64;
                if bits < 0 { bits ^ i64::MAX } else { bits }
            }
        }
    }

    /// Number of bits by which the floats around `bits` are finer than `factor`, 0 to 63.
    #[inline]
    pub fn finer(self, bits: u64, factor: f64) -> usize {
        let mask = (1 << self.exponent()) - 1;
        let field = (bits >> self.mantissa() & mask).max(1) as i64;
        let spacing = field - (mask / 2) as i64 - i64::from(self.mantissa());
        let coarse = (factor.to_bits() >> 52 & 0x7ff) as i64 - 1023;
        (coarse - spacing).clamp(0, 63) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_are_ordered_as_numbers_and_come_back_from_their_distance() {
        let ascending =
            [f32::NEG_INFINITY, -1.5, -1e-40, -0.0, 0.0, 1e-40, 0.1, 1.0, f32::INFINITY];
        let odd = [f32::NAN, f32::from_bits(0xFFC0_0001), f32::MAX, f32::MIN];
        for pair in ascending.windows(2) {
            let [a, b] = [pair[0], pair[1]].map(|x| u64::from(x.to_bits()));
            assert!(Precision::Single.distance(a, b) > 0, "{pair:?}");
            let [a, b] = [pair[0], pair[1]].map(|x| f64::from(x).to_bits());
            assert!(Precision::Double.distance(a, b) > 0, "{pair:?}");
        }
        for a in ascending.into_iter().chain(odd) {
            for b in ascending.into_iter().chain(odd) {
                let single = [a, b].map(|x| u64::from(x.to_bits()));
                let double = [a, b].map(|x| f64::from(x).to_bits());
                for (precision, [a, b]) in
                    [(Precision::Single, single), (Precision::Double, double)]
                {
                    assert_eq!(precision.moved(a, precision.distance(a, b)), b);
                }
            }
        }
    }

    #[test]
    fn floats_near_one_are_finer_than_a_unit_by_their_mantissa() {
        let one = u64::from(1_f32.to_bits());
        for (factor, finer) in
            [(1.0, 23), (0.7, 22), (2_f64.powi(-23), 0), (2_f64.powi(-40), 0), (1e30, 63)]
        {
            assert_eq!(Precision::Single.finer(one, factor), finer);
        }
        assert_eq!(Precision::Double.finer(1_f64.to_bits(), 0.25), 50);
    }
}
