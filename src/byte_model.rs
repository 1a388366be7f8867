//! Bytes that are no predicted samples (§10.5): an adaptive context model.
//!
//! Bit by bit, the probabilities of several contexts are mixed (after Mahoney's lpaq): the
//! bytes just before, and those one and two strides before, so that both text and tables of
//! fixed-size records are learnt.

use pulp::{Simd, WithSimd};

use crate::density::{ContextMixer, MAX_LOGIT};
use crate::entropy::{Coder, RangeDecoder, RangeEncoder, to_probability};
use crate::error::Result;
use crate::math::{logistic, vectorized};
use crate::observer::Watch;

/// Contexts of a bit.
const CONTEXTS: usize = 7;
/// Slots of the table of each context, at most, as a power of two.
const MAX_TABLE_BITS: u32 = 18;

/// How often the primer is learnt: what has come twice is all but certain.
const PRIMER_PASSES: usize = 2;

/// The adaptive state of one block.
struct ByteModel {
    stride: usize,
    mixer: ContextMixer<CONTEXTS>,
}

impl ByteModel {
    /// A model for a block of `len` bytes.
    fn new(stride: usize, len: usize) -> Self {
        let bits = (len.max(1) * 16).ilog2().clamp(10, MAX_TABLE_BITS);
        ByteModel { stride, mixer: ContextMixer::new(bits, 256) }
    }

    /// Codes the byte after `before`; `byte` is ignored when decoding.
    fn code(&mut self, coder: &mut dyn Coder, before: &[u8], byte: u8) -> u8 {
        let back = |n: usize| before.len().checked_sub(n).map_or(0, |i| u64::from(before[i]));
        let phase = (before.len() % self.stride) as u64;
        let (near, far) = (back(self.stride), back(2 * self.stride));
        let contexts = [
            phase,
            back(1),
            back(1) << 8 | back(2),
            back(1) << 16 | back(2) << 8 | back(3),
            back(1) << 24 | back(2) << 16 | back(3) << 8 | back(4),
            near << 16 | phase,
            near << 32 | far << 24 | back(1) << 16 | phase,
        ];
        vectorized(Bits { mixer: &mut self.mixer, coder, contexts, byte })
    }
}

/// The bits of a byte whose contexts are known.
struct Bits<'a> {
    mixer: &'a mut ContextMixer<CONTEXTS>,
    coder: &'a mut dyn Coder,
    contexts: [u64; CONTEXTS],
    /// Ignored when decoding.
    byte: u8,
}

impl WithSimd for Bits<'_> {
    type Output = u8;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> u8 {
        let Bits { mixer, coder, contexts, byte } = self;
        // Leading 1, then the bits known so far.
        let mut partial = 1u64;
        while partial < 256 {
            let bit = byte >> (7 - partial.ilog2()) & 1 != 0;
            let logit = mixer.logit(simd, &contexts, partial, partial as usize);
            let p = logistic(logit.clamp(-MAX_LOGIT, MAX_LOGIT));
            let decision = coder.code(bit, to_probability(p));
            mixer.learn(simd, decision, p);
            partial = partial << 1 | u64::from(decision);
        }
        partial as u8
    }
}

/// Codes nothing: for a model that only learns.
struct Known;

impl Coder for Known {
    fn code(&mut self, decision: bool, _: u32) -> bool {
        decision
    }

    fn raw(&mut self, value: u32, _: u32) -> u32 {
        value
    }
}

/// What is known of a run of bytes before the first of them.
#[derive(Clone, Copy, Debug)]
pub struct BytesContext<'a> {
    /// Distance in bytes (at least 1) at which values repeat their meaning: the frame size of
    /// a sample format that is not predicted, 1 for text and headers.
    pub stride: usize,
    /// Bytes that the run is likely to resemble; the model learns them first.
    pub primer: &'a [u8],
}

impl BytesContext<'_> {
    /// A model for `len` bytes that has learnt the primer, and the primer as the bytes before.
    fn begin(&self, len: usize) -> (ByteModel, Vec<u8>) {
        let before = self.primer.repeat(PRIMER_PASSES);
        let mut model = ByteModel::new(self.stride.max(1), before.len() + len);
        for (i, &byte) in before.iter().enumerate() {
            model.code(&mut Known, &before[..i], byte);
        }
        (model, before)
    }
}

#[cfg(test)]
thread_local! {
    /// How often this thread has encoded: a second time for nothing would show in no result.
    pub(crate) static ENCODED: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

/// Codes `bytes`.
///
/// # Errors
/// [`crate::Error::Interrupted`] by `watch`.
pub fn encode_bytes(bytes: &[u8], context: BytesContext<'_>, watch: &Watch) -> Result<Vec<u8>> {
    #[cfg(test)]
    ENCODED.set(ENCODED.get() + 1);
    let mut encoder = RangeEncoder::default();
    let (mut model, mut before) = context.begin(bytes.len());
    for &byte in bytes {
        model.code(&mut encoder, &before, byte);
        before.push(byte);
        watch.step(1)?;
    }
    Ok(encoder.finish())
}

/// Inverse of [`encode_bytes`]; `len` is the number of bytes to decode.
///
/// # Errors
/// [`crate::Error::Payload`] when the stream ends early or is not used up; [`crate::Error::Interrupted`] by `watch`.
pub fn decode_bytes(
    coded: &[u8],
    context: BytesContext<'_>,
    len: usize,
    watch: &Watch,
) -> Result<Vec<u8>> {
    let mut decoder = RangeDecoder::new(coded);
    let (mut model, mut bytes) = context.begin(len);
    let end = bytes.len() + len;
    while bytes.len() < end && !decoder.overrun() {
        let byte = model.code(&mut decoder, &bytes, 0);
        bytes.push(byte);
        watch.step(1)?;
    }
    decoder.finish()?;
    Ok(bytes.split_off(end - len))
}

#[cfg(test)]
#[path = "byte_model_tests.rs"]
mod tests;
