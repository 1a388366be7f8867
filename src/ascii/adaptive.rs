//! The adaptive expert (`characters.md`, section 4): what bytes followed the same bytes before.

use pulp::Simd;

use super::layout::Layout;
use crate::density::ContextMixer;

/// Contexts of a bit.
const CONTEXTS: usize = 7;
/// Slots of the table of each context, as powers of two.
const TABLE_BITS: std::ops::RangeInclusive<u32> = 10..=18;

/// Counts of a segment.
pub struct Adaptive<S> {
    simd: S,
    mixer: ContextMixer<CONTEXTS>,
    contexts: [u64; CONTEXTS],
    /// Byte of the sample, 0 the most significant.
    position: usize,
}

/// What is known when a byte is coded.
pub struct Known {
    /// Byte of the sample, 0 the most significant.
    pub position: usize,
    /// Bytes of the sample before it, as one number.
    pub above: u64,
    /// Keys of the channel's last two samples, 0 before the first.
    pub past: [u64; 2],
    /// Key of the channel before in the same frame, 0 for the first channel.
    pub partner: u64,
    /// The last three bytes coded, as one number.
    pub last: u64,
}

impl<S: Simd> Adaptive<S> {
    /// Counts for `len` bytes.
    pub fn new(simd: S, layout: &Layout, len: usize) -> Self {
        let bits = (len.max(1) * 8).ilog2().clamp(*TABLE_BITS.start(), *TABLE_BITS.end());
        Adaptive {
            simd,
            mixer: ContextMixer::new(bits, layout.width * 256),
            contexts: [0; CONTEXTS],
            position: 0,
        }
    }

    /// Starts a byte of a sample of `width` bytes.
    #[inline(always)]
    pub fn start(&mut self, known: &Known, width: usize) {
        let Known { position, above, past, partner, last } = *known;
        self.position = position;
        let below = 8 * (width - 1 - position) as u32;
        let [newest, older] = past.map(|key| key >> below);
        let tag = |context: u64| mixed(context) ^ position as u64;
        let two = |a: u64, b: u64| mixed(a).wrapping_add(b);
        self.contexts = [
            tag(0),
            tag(two(above, 1)),
            tag(two(above & 0xFF, newest)),
            tag(two(above, newest)),
            tag(two(two(above, newest), older)),
            tag(two(two(above, partner >> below), newest >> 8)),
            tag(last),
        ];
    }

    /// Logit of the next bit; `partial` is a leading 1 and the byte's bits known so far.
    #[inline(always)]
    pub fn logit(&mut self, partial: u64) -> f32 {
        self.mixer.logit(self.simd, &self.contexts, partial, self.position * 256 + partial as usize)
    }

    /// Learns a bit that had the probability `p` of being 1.
    #[inline(always)]
    pub fn learn(&mut self, bit: bool, p: f32) {
        self.mixer.learn(self.simd, bit, p);
    }
}

/// Spreads a number over 56 bits (the finaliser of splitmix64), so that those of several contexts
/// can be joined.
#[inline(always)]
fn mixed(x: u64) -> u64 {
    let x = (x ^ x >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let x = (x ^ x >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ x >> 31
}
