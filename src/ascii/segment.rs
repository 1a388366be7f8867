//! One segment of whole frames as characters (`characters.md`, section 3), in both directions.

use pulp::{Simd, WithSimd};

use super::adaptive::{Adaptive, Known};
use super::classical::Classical;
use super::language::{Characters, Language};
use super::layout::Layout;
use super::mixture::{MEMBERS, Mixture, Node};
use super::params::{Experts, Lsb, Params};
use crate::codec::Level;
use crate::entropy::{Coder, StreamDecoder, StreamEncoder};
use crate::error::{Error, Result};
use crate::fault::Fault;
use crate::observer::Watch;
use crate::wav::WavFormat;

/// Depth of the least significant bit, which is no part of its byte's character.
const LSB_DEPTH: usize = 7;

/// A segment in coded form.
#[derive(Clone, Debug, PartialEq)]
pub struct Coded {
    /// The parameters, then the range-coded decisions.
    pub stream: Vec<u8>,
    /// Packed LSB block; empty unless LSBs are raw.
    pub lsb: Vec<u8>,
    /// Who took part.
    pub experts: Experts,
    /// Bytes that the language model, the adaptive and the classical expert would each have
    /// needed alone, parameters and LSB block included; `None` for one that took no part.
    pub alone: [Option<f64>; MEMBERS],
}

impl Coded {
    /// Length of both streams in bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.stream.len() + self.lsb.len()
    }

    /// Whether there is nothing, which never happens: parameters are always there.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The member that would have needed less than all together, if there is one.
    fn better_alone(&self) -> Option<Experts> {
        let mut best = None;
        let mut least = self.len() as f64;
        for (i, member) in self.experts.members() {
            if let Some(bytes) = self.alone[i]
                && bytes < least
            {
                (best, least) = (Some(member), bytes);
            }
        }
        best.filter(|member| *member != self.experts)
    }
}

/// Codes a segment: bytes are written by a decoder and only read by an encoder.
struct Pass<'a, 'lm> {
    coder: &'a mut dyn Coder,
    format: &'a WavFormat,
    level: Level,
    params: &'a Params,
    bytes: &'a mut [u8],
    lm: Option<&'a mut Characters<'lm>>,
    watch: &'a Watch,
}

impl WithSimd for Pass<'_, '_> {
    type Output = Result<[f64; MEMBERS]>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Self::Output {
        let Pass { coder, format, level, params, bytes, lm, watch } = self;
        let layout = Layout::new(format);
        let frames = bytes.len() / layout.width / layout.channels;
        let blocking = params.stereo_blocking as usize;
        let Experts { adaptive, classical, .. } = params.experts;
        let mut ensemble = Ensemble {
            lm: lm.map(|lm| Language::new(simd, lm, params.top_k, layout.width)),
            adaptive: adaptive.then(|| Adaptive::new(simd, &layout, bytes.len())),
            classical: match classical {
                true => Classical::new(simd, format, &layout, frames, blocking, level),
                false => None,
            },
            mixture: Mixture::new(simd, params.experts, layout.width),
            params: *params,
            watch,
            layout,
            last: 0,
            coded: 0,
        };
        for (frame, channel) in layout.order(frames, blocking) {
            ensemble.sample(coder, bytes, frame, channel)?;
            if coder.overrun() {
                return Err(Fault::StreamEndsEarly.into());
            }
        }
        Ok(ensemble.mixture.costs())
    }
}

/// All experts, and how far the segment is coded.
struct Ensemble<'a, 'lm, S> {
    params: Params,
    watch: &'a Watch,
    layout: Layout,
    lm: Option<Language<'a, 'lm, S>>,
    adaptive: Option<Adaptive<S>>,
    classical: Option<Classical<S>>,
    mixture: Mixture<S>,
    /// The last three bytes coded, as one number.
    last: u64,
    /// Characters coded so far.
    coded: usize,
}

impl<S: Simd> Ensemble<'_, '_, S> {
    /// Codes one sample.
    #[inline(always)]
    fn sample(
        &mut self,
        coder: &mut dyn Coder,
        bytes: &mut [u8],
        frame: usize,
        channel: usize,
    ) -> Result<()> {
        let layout = self.layout;
        let index = frame * layout.channels + channel;
        let before = |frames: usize| {
            let known = frame >= frames;
            if known { layout.key(bytes, index - frames * layout.channels) } else { 0 }
        };
        let mut known = Known {
            position: 0,
            above: 0,
            past: [before(1), before(2)],
            partner: if channel > 0 { layout.key(bytes, index - 1) } else { 0 },
            last: 0,
        };
        if let Some(classical) = &mut self.classical {
            classical.start(frame, channel);
        }
        for position in 0..layout.width {
            known.position = position;
            known.last = self.last;
            let byte = &mut bytes[layout.place(index, position)];
            *byte = self.byte(coder, &known, *byte)?;
            known.above = known.above << 8 | u64::from(*byte);
            self.last = (self.last << 8 | u64::from(*byte)) & 0xFF_FFFF;
        }
        if let Some(classical) = &mut self.classical {
            classical.finish();
        }
        Ok(())
    }

    /// Codes one byte; `byte` is ignored when decoding.
    #[inline(always)]
    fn byte(&mut self, coder: &mut dyn Coder, known: &Known, byte: u8) -> Result<u8> {
        self.watch.step(1)?;
        if let Some(lm) = &mut self.lm {
            // A step of a large model takes as long as thousands of the others.
            self.watch.look()?;
            if self.coded.is_multiple_of(self.params.chunk_size as usize) {
                lm.restart()?;
            }
            lm.start()?;
        }
        self.coded += 1;
        if let Some(adaptive) = &mut self.adaptive {
            adaptive.start(known, self.layout.width);
        }
        // A leading 1, then the bits known so far.
        let mut partial = 1u64;
        for depth in 0..8 {
            let bit = byte >> (7 - depth) & 1 != 0;
            let bit = if depth == LSB_DEPTH && self.params.lsb == Lsb::Raw {
                coder.raw(u32::from(bit), 1) == 1
            } else {
                self.decide(coder, bit, partial, depth, known.position)
            };
            if let Some(classical) = &mut self.classical {
                classical.narrow(bit);
            }
            partial = partial << 1 | u64::from(bit);
            if depth + 1 == LSB_DEPTH
                && let Some(lm) = &mut self.lm
            {
                lm.finish(partial as u8 & 0x7F);
            }
        }
        Ok(partial as u8)
    }

    /// Codes one bit and learns from it.
    #[inline(always)]
    fn decide(
        &mut self,
        coder: &mut dyn Coder,
        bit: bool,
        partial: u64,
        depth: usize,
        position: usize,
    ) -> bool {
        let mut logits = [0.0; MEMBERS];
        // The model predicts characters; it has no part in the bit below.
        let is_of_character = depth < LSB_DEPTH;
        if let Some(lm) = &mut self.lm
            && is_of_character
        {
            logits[0] = lm.logit(partial, depth, position);
        }
        if let Some(adaptive) = &mut self.adaptive {
            logits[1] = adaptive.logit(partial);
        }
        let mut class = 0;
        if let Some(classical) = &mut self.classical {
            logits[2] = classical.logit();
            class = classical.width_class();
        }
        let (bit, own) = self.mixture.code(coder, bit, Node { position, depth, class }, logits);
        if let Some(lm) = &mut self.lm
            && is_of_character
        {
            lm.learn(bit, own[0]);
        }
        if let Some(adaptive) = &mut self.adaptive {
            adaptive.learn(bit, own[1]);
        }
        if let Some(classical) = &mut self.classical {
            classical.learn(bit, own[2]);
        }
        bit
    }
}

/// Runs `pass` compiled for the best vector instructions of this machine: the same arithmetic in
/// the same order, so the same bits.
fn run(pass: Pass<'_, '_>) -> Result<[f64; MEMBERS]> {
    pulp::Arch::new().dispatch(pass)
}

/// Whether a model is given where one takes part, and only there.
fn check_model(params: &Params, lm: Option<&mut Characters<'_>>) -> Result<()> {
    match (params.experts.lm, lm) {
        (true, None) => Err(Error::model("an expert of the characters, but none is at hand")),
        (false, Some(_)) => Err(Error::model("at hand, but no expert of the characters")),
        _ => Ok(()),
    }
}

/// Codes `bytes`, whole frames of `format`, as characters: with all experts that `params` name,
/// or with that one alone that needs less, so that no expert can do harm.
///
/// # Errors
/// Those of the model; [`Error::Model`] when `lm` is given and not wanted, or the reverse;
/// [`Error::Limit`] when [`Params::check`] refuses; [`Error::Interrupted`] by `watch`.
pub fn encode(
    bytes: &[u8],
    format: &WavFormat,
    level: Level,
    params: &Params,
    mut lm: Option<&mut Characters<'_>>,
    watch: &Watch,
) -> Result<Coded> {
    params.check().map_err(|fault| Error::Limit { offset: 0, reason: fault.to_string() })?;
    check_model(params, lm.as_deref_mut())?;
    let mixed = encode_with_all(bytes, format, level, params, lm.as_deref_mut(), watch)?;
    if let Some(experts) = mixed.better_alone() {
        let params = Params { experts, ..*params };
        let lm = lm.filter(|_| experts.lm);
        let alone = encode_with_all(bytes, format, level, &params, lm, watch)?;
        if alone.len() < mixed.len() {
            return Ok(Coded { alone: mixed.alone, ..alone });
        }
    }
    Ok(mixed)
}

/// Codes with all experts that `params` name.
fn encode_with_all(
    bytes: &[u8],
    format: &WavFormat,
    level: Level,
    params: &Params,
    lm: Option<&mut Characters<'_>>,
    watch: &Watch,
) -> Result<Coded> {
    let mut encoder = StreamEncoder::default();
    let (coder, bytes) = (&mut encoder, &mut *bytes.to_vec());
    let costs = run(Pass { coder, format, level, params, bytes, lm, watch })?;
    let (coded, lsb) = encoder.finish();
    let stream = [&params.to_bytes()[..], &coded].concat();
    let flags = params.experts.flags();
    let extra = (Params::BYTES + lsb.len()) as f64;
    let alone = std::array::from_fn(|i| flags[i].then(|| costs[i] + extra));
    Ok(Coded { stream, lsb, experts: params.experts, alone })
}

/// Inverse of [`encode`], for `len` bytes.
///
/// # Errors
/// [`Error::Payload`] and [`Error::Unsupported`] about the streams;
/// those of the model; [`Error::Model`] and [`Error::Interrupted`] as for [`encode`].
pub fn decode(
    stream: &[u8],
    lsb: &[u8],
    format: &WavFormat,
    len: usize,
    level: Level,
    mut lm: Option<&mut Characters<'_>>,
    watch: &Watch,
) -> Result<Vec<u8>> {
    let (params, coded) = Params::from_bytes(stream)?;
    check_model(&params, lm.as_deref_mut())?;
    if !len.is_multiple_of(format.frame_bytes()) {
        return Err(Fault::Contradiction("a segment that does not end with a frame").into());
    }
    let mut decoder = StreamDecoder::new(coded, lsb);
    let mut bytes = vec![0; len];
    let coder = &mut decoder;
    run(Pass { coder, format, level, params: &params, bytes: &mut bytes, lm, watch })?;
    decoder.finish().map_err(|error| error.shifted(stream.len() - coded.len()))?;
    Ok(bytes)
}

#[cfg(test)]
#[path = "segment_tests.rs"]
mod tests;
