//! One segment of PCM to and from its token stream and LSB block.

use super::channel::Channel;
use super::profile::profile;
use super::value_set;
use super::{CodedPcm, Level};
use crate::entropy::{Coder, LsbReader, LsbWriter, RangeDecoder, RangeEncoder};
use crate::error::Result;
use crate::lm::LanguageModel;
use crate::pcm::Pcm;
use crate::predict::History;

/// Longest history that a least-squares stage reads, in samples.
const HISTORY: usize = 32;

#[derive(Default)]
struct Encoder {
    range: RangeEncoder,
    lsb: LsbWriter,
}

impl Coder for Encoder {
    #[inline(always)]
    fn code(&mut self, decision: bool, p: u32) -> bool {
        self.range.code(decision, p);
        decision
    }

    #[inline(always)]
    fn raw(&mut self, value: u32, bits: u32) -> u32 {
        self.lsb.push(value, bits);
        value & ((1u64 << bits) - 1) as u32
    }
}

struct Decoder<'a> {
    range: RangeDecoder<'a>,
    lsb: LsbReader<'a>,
}

impl Coder for Decoder<'_> {
    #[inline(always)]
    fn code(&mut self, _: bool, p: u32) -> bool {
        self.range.code(p)
    }

    #[inline(always)]
    fn raw(&mut self, _: u32, bits: u32) -> u32 {
        self.lsb.pull(bits)
    }
}

/// Codes all samples of a segment in place: written by a decoder, only read by an encoder.
struct Pass<'a, C> {
    coder: &'a mut C,
    level: Level,
    channels: usize,
    samples: &'a mut [i32],
}

impl<C: Coder> pulp::NullaryFnOnce for Pass<'_, C> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Pass { coder, level, channels, samples } = self;
        if samples.is_empty() {
            return;
        }
        let profile = profile(level);
        let values = value_set::code(coder, &value_set::choose(samples), samples.len());
        let mut histories = vec![History::<f64>::new(HISTORY); channels];
        let mut states: Vec<Channel> =
            (0..channels).map(|c| Channel::new(profile, &values, channels > 1)).collect();
        let partner = |c: usize| if c > 0 { c - 1 } else { 1.min(channels - 1) };
        for frame in samples.chunks_exact_mut(channels) {
            let mut surprise = 0.0;
            for (c, sample) in frame.iter_mut().enumerate() {
                let (own, other) = (histories[c].window(), histories[partner(c)].window());
                *sample = states[c].code(coder, &values, own, other, surprise, *sample);
                surprise = states[c].surprise;
                histories[c].push(f64::from(*sample));
            }
        }
    }
}

/// Runs `pass` compiled for the best vector instructions of this machine: the same
/// arithmetic in the same order, so the same bits.
fn run<C: Coder>(pass: Pass<'_, C>) {
    pulp::Arch::new().dispatch(pass);
}

/// Codes a segment; with a model, the model's forecast of each quantile bin takes part.
///
/// # Errors
/// Only those of the model.
pub fn encode_pcm(pcm: &Pcm, level: Level, lm: Option<&mut dyn LanguageModel>) -> Result<CodedPcm> {
    let _ = lm;
    let mut encoder = Encoder::default();
    let mut samples = pcm.samples.clone();
    run(Pass { coder: &mut encoder, level, channels: pcm.channels, samples: &mut samples });
    let tokens = encoder.range.finish();
    Ok(CodedPcm { tokens, lsb: encoder.lsb.finish(), bits_without_lm: 0 })
}

/// Inverse of [`encode_pcm`] for `frames` frames of `channels` channels.
///
/// # Errors
/// [`Error::Corrupt`] (offset relative to `tokens`) when a stream ends early or is not used
/// up; errors of the model.
pub fn decode_pcm(
    tokens: &[u8],
    lsb: &[u8],
    channels: usize,
    frames: usize,
    level: Level,
    lm: Option<&mut dyn LanguageModel>,
) -> Result<Pcm> {
    let _ = lm;
    let mut decoder = Decoder { range: RangeDecoder::new(tokens), lsb: LsbReader::new(lsb) };
    let mut samples = vec![0; channels * frames];
    run(Pass { coder: &mut decoder, level, channels, samples: &mut samples });
    decoder.range.finish()?;
    decoder.lsb.finish()?;
    Ok(Pcm { channels, samples })
}
