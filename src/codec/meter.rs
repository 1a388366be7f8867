//! A coder that codes nothing and keeps accounts: what each frame costs.
//!
//! Nothing decodes from this, so it may use the platform's logarithm.

use crate::entropy::{Coder, Probability};

/// What one frame costs, in bits: the information content of its decisions, which the range
/// coder meets to within some bytes per segment.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct FrameCost {
    /// Bits in the token stream.
    pub tokens: f32,
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
        let p = f64::from(p) / 4_294_967_296.0;
        self.current.tokens -= if decision { p } else { 1.0 - p }.log2() as f32;
        decision
    }

    fn raw(&mut self, value: u32, bits: u32) -> u32 {
        self.current.lsb += bits as f32;
        value & ((1u64 << bits) - 1) as u32
    }

    fn end_frame(&mut self) {
        self.frames.push(std::mem::take(&mut self.current));
    }
}
