//! A coder that codes nothing and keeps accounts: what each frame costs.
//!
//! Nothing decodes from this, but the encoder decides by it, so it does not use the platform's
//! logarithm: the same file comes of every machine.

use crate::entropy::{Coder, Probability, from_probability};
use crate::math;

/// Information content of a decision, in bits.
pub fn information(decision: bool, p: Probability) -> f64 {
    let p = from_probability(p);
    -math::log2(if decision { p } else { 1.0 - p })
}

/// What one frame costs, in bits: the information content of its decisions, which the range
/// coder meets to within some bytes per segment.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct FrameCost {
    /// Bits in the coded stream.
    pub stream: f32,
    /// Bits in the LSB block.
    pub lsb: f32,
}

/// Adds up the cost of decisions. The first frame bears that of the segment's layout, too.
#[derive(Debug, Default)]
pub struct Meter {
    /// Frames ended so far.
    pub frames: Vec<FrameCost>,
    current: FrameCost,
}

impl Coder for Meter {
    fn code(&mut self, decision: bool, p: Probability) -> bool {
        self.current.stream += information(decision, p) as f32;
        decision
    }

    fn raw(&mut self, value: u32, bits: u32) -> u32 {
        self.current.lsb += bits as f32;
        value & ((1u64 << bits) - 1) as u32
    }

    fn end_frame(&mut self, number: usize) {
        if number >= self.frames.len() {
            self.frames.resize(number + 1, FrameCost::default());
        }
        let (frame, current) = (&mut self.frames[number], std::mem::take(&mut self.current));
        frame.stream += current.stream;
        frame.lsb += current.lsb;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn information_is_the_logarithm_of_the_probability() {
        for p in [1, 2, 1000, 1 << 30, 1 << 31, 3 << 30, u32::MAX - 1, u32::MAX] {
            let exact = f64::from(p) / 2f64.powi(32);
            assert!((information(true, p) + exact.log2()).abs() < 1e-5, "{p}");
            assert!((information(false, p) + (1.0 - exact).log2()).abs() < 1e-5, "{p}");
        }
    }
}
