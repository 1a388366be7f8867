//! Bits predicted from contexts (§10.5): adaptive probabilities looked up by hash, and mixed (after
//! Mahoney's lpaq).

use pulp::Simd;

use super::mixer::Mixer;
use crate::entropy::{AdaptiveBit, from_probability};
use crate::math::{Lanes, ln};

/// Weight of each context at the start.
const WEIGHT: f32 = 0.3;
/// Final learning rate of the weights.
const RATE: f32 = 0.01;

/// `N` contexts of the bits of bytes, with `N` up to 16.
#[derive(Clone, Debug)]
pub struct ContextMixer<const N: usize> {
    /// `(N, 1 << table_bits)`
    tables: Vec<Vec<AdaptiveBit>>,
    table_bits: u32,
    mixer: Mixer<1>,
    /// Of the bit at hand: place in each table, and what stands there as a logit.
    slots: [usize; N],
    inputs: [Lanes; 1],
}

impl<const N: usize> ContextMixer<N> {
    /// Tables of `1 << table_bits` slots, and `sets` sets of weights.
    pub fn new(table_bits: u32, sets: usize) -> Self {
        let initial = Lanes::from_slice(&[WEIGHT; N]);
        ContextMixer {
            tables: vec![vec![AdaptiveBit::default(); 1 << table_bits]; N],
            table_bits,
            mixer: Mixer::new(sets, [initial], RATE),
            slots: [0; N],
            inputs: [Lanes::ZERO],
        }
    }

    /// Logit of the next bit of a byte, with the weights of `set`. `partial` is a leading 1 and
    /// the bits known so far.
    #[inline(always)]
    pub fn logit<S: Simd>(
        &mut self,
        simd: S,
        contexts: &[u64; N],
        partial: u64,
        set: usize,
    ) -> f32 {
        for (i, context) in contexts.iter().enumerate() {
            self.slots[i] = self.slot(*context << 8 | partial, i);
            let p = from_probability(self.tables[i][self.slots[i]].p()) as f32;
            self.inputs[0].0[i] = ln(p / (1.0 - p));
        }
        self.mixer.mix(simd, set, &self.inputs)
    }

    /// Learns the bit that `logit` was computed for; `p` is the probability that was made of it.
    #[inline(always)]
    pub fn learn<S: Simd>(&mut self, simd: S, bit: bool, p: f32) {
        self.mixer.update(simd, &self.inputs, f32::from(u8::from(bit)) - p);
        for (table, slot) in self.tables.iter_mut().zip(self.slots) {
            table[slot].learn(bit);
        }
    }

    /// Place of a context in its table (multiplicative hashing, Knuth).
    #[inline(always)]
    fn slot(&self, context: u64, table: usize) -> usize {
        let hash = context.wrapping_add(table as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        (hash >> (64 - self.table_bits)) as usize
    }
}
