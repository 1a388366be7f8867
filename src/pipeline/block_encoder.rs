//! One block to its coded form: where the smallest of several codings is chosen.

use std::cell::Cell;
use std::sync::Arc;

use super::block_decoder::BlockDecoder;
use super::{CompressOptions, LmUse, TokenMapping, context};
use crate::byte_model::{BytesContext, encode_bytes};
use crate::codec::{self, CodedPcm, Rehearsal, SegmentPlan};
use crate::container::layout::MAX_PREDICTED_CHANNELS;
use crate::container::{Audio, Block, BlockKind};
use crate::error::{Error, Result};
use crate::lm::{ModelProvider, Rehearsed};
use crate::observer::Watch;
use crate::pcm::Pcm;
use crate::wav::{self, Mapped, Span, WavFormat};

/// Share that the language model must save of a segment for [`LmUse::Auto`] to use it: coding takes three
/// to six times as long with it, in both directions.
const LEAST_SAVING: f64 = 0.01;
/// Likely saving from which on [`LmUse::Auto`] codes a segment with the model to see.
const LIKELY_SAVING: f64 = 0.007;

/// Share of the work on a segment that is done when it has been coded without the language model,
/// if it is coded with one, too.
pub(super) const SHARE_WITHOUT_MODEL: f64 = 0.2;

/// A block, and the same with the language model where that is shorter.
pub(super) struct Encoded {
    pub(super) plain: Block,
    pub(super) modelled: Option<Block>,
}

impl Encoded {
    fn plain(plain: Block) -> Self {
        Encoded { plain, modelled: None }
    }

    /// The shorter of the two.
    pub(super) fn smallest(self) -> Block {
        self.modelled.unwrap_or(self.plain)
    }

    /// Bytes that the shorter one takes in the file.
    pub(super) fn cost(&self) -> u64 {
        self.modelled.as_ref().unwrap_or(&self.plain).cost()
    }

    /// Bytes by which the language model makes the block shorter.
    pub(super) fn saved_by_lm(&self) -> u64 {
        self.plain.cost() - self.cost()
    }
}

/// One thread's encoder of blocks.
pub(super) struct BlockEncoder {
    /// How the samples are laid out, if there are any.
    pub(super) audio: Option<Audio>,
    pub(super) options: Arc<CompressOptions>,
    /// The lane of the block at hand, in a model that has lanes.
    pub(super) lane: usize,
    pub(super) watch: Watch,
    /// Decodes again what was coded, if that is wanted.
    pub(super) check: Option<BlockDecoder>,
    /// Whether the segment before took the model: progress expects the same of the next.
    pub(super) took_model: Cell<bool>,
}

impl BlockEncoder {
    /// Codes the next block on a lane of the model; without meaning where that has none.
    pub(super) fn take_lane(&mut self, lane: usize) {
        self.lane = lane;
        if let Some(check) = &mut self.check {
            check.lane.set(lane);
        }
    }

    /// Codes the span at `offset` of the original in the smallest way found, unless that is `known`.
    ///
    /// # Errors
    /// [`Error::Limit`] for a span that is too long, those of the model, [`Error::Interrupted`],
    /// [`Error::Unverified`] when the block does not decode to the span.
    pub(super) fn encode(
        &self,
        offset: u64,
        span: Span,
        known: Option<Encoded>,
    ) -> Result<Encoded> {
        let (Span::Foreign(bytes) | Span::Audio { bytes }) = &span;
        self.watch.begin(bytes.len() as u64);
        let original = self.check.as_ref().map(|_| bytes.clone());
        let encoded = match (known, span, self.audio) {
            (Some(known), ..) => known,
            (None, Span::Audio { bytes }, Some(audio)) => {
                let mut stored = stored_block(BlockKind::AudioStored, bytes)?;
                stored.frames = frames_in(&stored, &audio.format);
                match &self.options.mapping {
                    TokenMapping::Quantile => self.encode_audio(stored, &audio.format)?,
                    TokenMapping::Characters(params) => {
                        self.encode_characters(stored, &audio.format, params)?
                    }
                }
            }
            (None, Span::Foreign(bytes) | Span::Audio { bytes }, audio) => {
                let stored = stored_block(BlockKind::ForeignStored, bytes)?;
                let primer = context::primer(audio.as_ref(), offset);
                let context = context::foreign(&primer);
                Encoded::plain(self.or_byte_model(stored, BlockKind::ForeignCoded, context)?)
            }
        };
        self.watch.finish();
        if let (Some(decoder), Some(original)) = (&self.check, original) {
            for block in [Some(&encoded.plain), encoded.modelled.as_ref()].into_iter().flatten() {
                match decoder.decode(offset, block.clone()) {
                    Ok(bytes) if bytes == original => {}
                    Err(Error::Interrupted) => return Err(Error::Interrupted),
                    _ => return Err(Error::Unverified { offset }),
                }
            }
        }
        Ok(encoded)
    }

    /// The model, unless none is to be used.
    pub(super) fn model(&self) -> Option<&dyn ModelProvider> {
        self.options.model.as_deref().filter(|_| self.options.lm != LmUse::Off)
    }

    fn encode_audio(&self, stored: Block, format: &WavFormat) -> Result<Encoded> {
        let bytewise = |stored: Block| {
            self.or_byte_model(stored, BlockKind::AudioBytes, context::audio(format))
        };
        let predictable = format.channels <= MAX_PREDICTED_CHANNELS;
        let mapped = if predictable { wav::map(&stored.stream, format) } else { None };
        self.watch.look()?;
        let Some(Mapped { pcm, mapping, floats }) = mapped else {
            return Ok(Encoded::plain(bytewise(stored)?));
        };
        let floats = floats
            .map(|floats| codec::encode_floats(&floats, &pcm.samples, pcm.channels))
            .transpose()?;
        let empty =
            Block { mapping: mapping.to_byte(), stream: Vec::new(), lsb: Vec::new(), ..stored };
        let mut predicted = self.encode_pcm(&empty, &pcm, floats.as_deref())?;
        // Where integers hold little of the floats, bytes may be the better view of them.
        let integers_say_little =
            floats.is_some_and(|floats| floats.len() > stored.stream.len() / 4);
        let rival = if integers_say_little { Some(bytewise(stored.clone())?) } else { None };
        let smallest = rival.as_ref().unwrap_or(&stored).cost();
        if predicted.plain.cost() < smallest {
            return Ok(predicted);
        }
        // What is no shorter than without prediction may be with the model.
        predicted.modelled.take_if(|modelled| modelled.cost() >= smallest);
        let plain = match rival {
            Some(rival) => rival,
            None => bytewise(stored)?,
        };
        Ok(Encoded { plain, ..predicted })
    }

    /// The segment in predicted form, without and, if that is shorter, with the language model.
    /// `empty` has all fields of the result that do not depend on the coding; `floats` are what is coded
    /// beside the integers.
    fn encode_pcm(&self, empty: &Block, pcm: &Pcm, floats: Option<&[u8]>) -> Result<Encoded> {
        let (level, samples) = (self.options.level, pcm.samples.len());
        let block = |CodedPcm { stream, lsb, long_term }| Block {
            kind: BlockKind::AudioCoded,
            long_term,
            stream: match floats {
                Some(floats) => codec::join_floats(floats, &stream),
                None => stream,
            },
            lsb,
            ..*empty
        };
        let share = if self.expects_model() { SHARE_WITHOUT_MODEL } else { 1.0 };
        self.watch.pass(share, samples);
        let plan = SegmentPlan::new(pcm, level, &self.watch)?;
        let Some(model) = self.model() else {
            return Ok(Encoded::plain(block(plan.encode(None, &self.watch)?)));
        };
        let rehearsal = plan.rehearse(&self.watch)?;
        self.watch.pass(1.0 - share, samples);
        let (plain, modelled) = self.encode_with(model, &plan, rehearsal)?;
        let plain = block(plain);
        let modelled = modelled.map(|coded| Block {
            uses_lm: true,
            length_without_lm: u32::try_from(plain.payload_length()).unwrap_or(u32::MAX),
            ..block(coded)
        });
        let pays = |modelled: &Block| match self.options.lm {
            LmUse::Auto => modelled.cost() as f64 <= plain.cost() as f64 * (1.0 - LEAST_SAVING),
            _ => modelled.cost() < plain.cost(),
        };
        Ok(Encoded { modelled: modelled.filter(pays), plain })
    }

    /// Whether the next segment is likely to be coded with the model, for progress.
    fn expects_model(&self) -> bool {
        self.model().is_some() && (self.options.lm != LmUse::Auto || self.took_model.get())
    }

    /// A segment without the model, which has been rehearsed, and, if that is likely to pay, with it.
    fn encode_with(
        &self,
        model: &dyn ModelProvider,
        plan: &SegmentPlan<'_>,
        rehearsal: Rehearsal,
    ) -> Result<(CodedPcm, Option<CodedPcm>)> {
        // A session is held for no longer than it is stepped, because other lanes wait for it.
        let mut session = model.session(self.lane)?;
        let takes_model = self.options.lm != LmUse::Auto
            || rehearsal.likely_saving(&mut *session)? >= LIKELY_SAVING;
        self.took_model.set(takes_model);
        if !takes_model {
            return Ok((rehearsal.coded, None));
        }
        let mut rehearsed = Rehearsed::new(&mut *session, rehearsal.recorder.into_inputs());
        let modelled = plan.encode(Some(&mut rehearsed), &self.watch)?;
        Ok((rehearsal.coded, Some(modelled)))
    }

    /// `stored`, or the same through the byte model if that is smaller.
    fn or_byte_model(
        &self,
        stored: Block,
        kind: BlockKind,
        context: BytesContext<'_>,
    ) -> Result<Block> {
        self.watch.pass(1.0, stored.stream.len());
        let stream = encode_bytes(&stored.stream, context, &self.watch)?;
        Ok(match stream.len() < stored.stream.len() {
            true => Block { kind, stream, lsb: Vec::new(), ..stored },
            false => stored,
        })
    }
}

/// Whole frames in an audio block; the WAV layer cuts at nothing else.
fn frames_in(block: &Block, format: &WavFormat) -> u32 {
    (block.original_length as usize / format.frame_bytes()) as u32
}

/// `bytes` as they are: what every other coding has to beat.
fn stored_block(kind: BlockKind, bytes: Vec<u8>) -> Result<Block> {
    let original_length = u32::try_from(bytes.len()).map_err(|_| Error::Limit {
        offset: 0,
        reason: format!("a block of {} bytes", bytes.len()),
    })?;
    Ok(Block {
        kind,
        uses_lm: false,
        long_term: false,
        original_length,
        frames: 0,
        mapping: 0,
        length_without_lm: 0,
        original_crc: crc32fast::hash(&bytes),
        stream: bytes,
        lsb: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::byte_model::ENCODED;
    use crate::wav::AudioFormat;

    #[test]
    fn the_byte_model_runs_once() {
        let mut noise = blake3::Hasher::new().finalize_xof();
        let mut random = |count| {
            let mut bytes = vec![0; count];
            noise.fill(&mut bytes);
            bytes
        };
        // Words of five bytes across floats of four, which are better seen as bytes: compared with
        // prediction before. And noise, where bytes are tried after it.
        let words = random(5 * 64);
        let word = |n: u8| words[usize::from(n % 64) * 5..][..5].to_vec();
        let text = random(4_000).into_iter().flat_map(word).collect();
        for (format, bytes, kind) in [
            (AudioFormat::float(1, 8_000), text, BlockKind::AudioBytes),
            (AudioFormat::integer(1, 8_000, 32), random(4_000), BlockKind::AudioStored),
        ] {
            let format = format.wav_format().unwrap();
            let encoder = BlockEncoder {
                audio: Some(Audio { format, segment_frames: 1 << 17 }),
                options: Arc::default(),
                lane: 0,
                watch: Watch::default(),
                check: None,
                took_model: Cell::default(),
            };
            ENCODED.set(0);
            let block = encoder.encode(44, Span::Audio { bytes }, None).unwrap().plain;
            assert_eq!(block.kind, kind, "{format:?}");
            assert_eq!(ENCODED.get(), 1, "{format:?}");
        }
    }
}
