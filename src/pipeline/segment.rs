//! One block to and from its coded form: where the smallest of several codings is chosen.

use super::ordered::Stop;
use super::stoppable::Stoppable;
use super::{CompressOptions, LmUse, TokenMapping};
use crate::codec::{self, BytesContext, CodedPcm};
use crate::container::layout::MAX_PREDICTED_CHANNELS;
use crate::container::{Block, BlockKind, FileHeader};
use crate::error::{Error, Result};
use crate::lm::{LanguageModel, ModelProvider};
use crate::pcm::Pcm;
use crate::wav::{self, Mapping, Span, WavFormat};

/// Samples, over all channels, in each of two excerpts of a segment on which [`LmUse::Auto`] tries the
/// language model: together a second or two of computing, whatever the rate and the number of channels.
const TRIAL_SAMPLES: usize = 3 << 12;

/// Share of the trial's bits that the language model must save, in thousandths.
///
/// Coding with the model costs more than ten times the time, in both directions: a song should
/// not take minutes to decode for half a percent.
const TRIAL_MIN_SAVING: f64 = 10.0;

/// The model of a run, and how it is to be used when encoding.
pub(super) type Model<'a> = Option<&'a dyn ModelProvider>;

/// A block, and the same with the language model where that is shorter.
pub(super) struct Coded {
    pub(super) plain: Block,
    pub(super) modelled: Option<Block>,
}

impl Coded {
    fn plain(plain: Block) -> Self {
        Coded { plain, modelled: None }
    }

    /// The shorter of the two.
    pub(super) fn smallest(self) -> Block {
        self.modelled.unwrap_or(self.plain)
    }

    /// Bytes that the shorter one takes in the file.
    pub(super) fn coded_length(&self) -> u64 {
        self.modelled.as_ref().unwrap_or(&self.plain).coded_length()
    }

    /// Bytes by which the language model makes the block shorter.
    pub(super) fn saved_by_lm(&self) -> u64 {
        self.plain.coded_length() - self.coded_length()
    }

    /// Bytes of the original.
    pub(super) fn original_length(&self) -> u64 {
        u64::from(self.plain.original_length)
    }
}

/// One thread's coder of blocks, in either direction.
pub(super) struct BlockCoder<'a> {
    pub(super) header: &'a FileHeader,
    pub(super) stop: &'a Stop<'a>,
    /// Number of this thread, and of its lane in a model that has lanes.
    pub(super) lane: usize,
}

impl<'a> BlockCoder<'a> {
    pub(super) fn new(header: &'a FileHeader, stop: &'a Stop<'a>, lane: usize) -> Self {
        BlockCoder { header, stop, lane }
    }

    /// Codes the span at `offset` of the original in the smallest way found; `model` is used
    /// as `options` say.
    pub(super) fn encode(
        &self,
        offset: u64,
        span: Span,
        options: &CompressOptions<'_>,
        model: Model<'a>,
    ) -> Result<Coded> {
        match (span, self.header.audio) {
            (Span::Audio { bytes }, Some(audio)) => {
                let mut stored = stored_block(BlockKind::AudioStored, bytes)?;
                stored.frames = frames_in(&stored, &audio.format);
                let lm = options.lm;
                match options.mapping {
                    TokenMapping::Quantile => self.encode_audio(stored, &audio.format, lm, model),
                    TokenMapping::Characters(params) => {
                        self.encode_characters(stored, &audio.format, &params, lm, model)
                    }
                }
            }
            (Span::Foreign(bytes) | Span::Audio { bytes }, _) => {
                let stored = stored_block(BlockKind::ForeignStored, bytes)?;
                let primer = self.primer(offset);
                let context = foreign_context(&primer);
                Ok(Coded::plain(or_byte_model(stored, BlockKind::ForeignCoded, context)))
            }
        }
    }

    fn encode_audio(
        &self,
        stored: Block,
        format: &WavFormat,
        lm: LmUse,
        model: Model<'a>,
    ) -> Result<Coded> {
        let context = audio_context(format);
        let predictable = format.channels <= MAX_PREDICTED_CHANNELS;
        let pcm = if predictable { wav::to_pcm(&stored.tokens, format) } else { None };
        if let Some((pcm, mapping)) = pcm {
            let mapped =
                Block { mapping: mapping.to_byte(), tokens: Vec::new(), lsb: Vec::new(), ..stored };
            let mut predicted = self.encode_pcm(&mapped, &pcm, lm, model)?;
            // Floats that are no scaled integers are hardly a signal to predict: bytes may be
            // the better view of them.
            let smallest = match mapping {
                Mapping::OrderedFloat => {
                    or_byte_model(stored.clone(), BlockKind::AudioBytes, context).coded_length()
                }
                _ => stored.coded_length(),
            };
            if predicted.plain.coded_length() < smallest {
                return Ok(predicted);
            }
            // What is no shorter than without prediction may be with the model.
            predicted.modelled.take_if(|modelled| modelled.coded_length() >= smallest);
            let plain = or_byte_model(stored, BlockKind::AudioBytes, context);
            return Ok(Coded { plain, ..predicted });
        }
        Ok(Coded::plain(or_byte_model(stored, BlockKind::AudioBytes, context)))
    }

    /// The segment in predicted form, without and, if that is shorter, with the language model.
    /// `empty` has all fields of the result that do not depend on the coding.
    fn encode_pcm(&self, empty: &Block, pcm: &Pcm, lm: LmUse, model: Model<'a>) -> Result<Coded> {
        let level = self.header.level;
        let block = |CodedPcm { tokens, lsb, long_term }| Block {
            kind: BlockKind::AudioCoded,
            long_term,
            tokens,
            lsb,
            ..*empty
        };
        let plain = block(codec::encode_pcm(pcm, level, None)?);
        let Some(model) = model.filter(|_| lm != LmUse::Off) else {
            return Ok(Coded::plain(plain));
        };
        if lm == LmUse::Auto && !self.trial_pays(pcm, model)? {
            return Ok(Coded::plain(plain));
        }
        let modelled = Block {
            uses_lm: true,
            length_without_lm: u32::try_from(plain.tokens.len() + plain.lsb.len())
                .unwrap_or(u32::MAX),
            ..block(self.encode_with(pcm, model)?)
        };
        let shorter = modelled.coded_length() < plain.coded_length();
        Ok(Coded { modelled: shorter.then_some(modelled), plain })
    }

    /// Decodes the block that stands at `offset` of the original and checks it; `model` is
    /// the one of the file header. Offsets in errors are relative to the block.
    pub(super) fn decode(&self, offset: u64, block: Block, model: Model<'a>) -> Result<Vec<u8>> {
        let (length, stored) = (block.original_length as usize, block.original_crc);
        let bytes = self.decode_payload(offset, block, model)?;
        let computed = crc32fast::hash(&bytes);
        if bytes.len() != length || computed != stored {
            return Err(Error::corrupt(
                0,
                format!(
                    "the block decodes to {} bytes with CRC-32 {computed:08x}; stored: {length} \
                     bytes, {stored:08x}",
                    bytes.len()
                ),
            ));
        }
        Ok(bytes)
    }

    fn decode_payload(&self, offset: u64, block: Block, model: Model<'a>) -> Result<Vec<u8>> {
        let length = block.original_length as usize;
        match (block.kind, self.header.audio) {
            (BlockKind::ForeignStored | BlockKind::AudioStored, _) => Ok(block.tokens),
            (BlockKind::ForeignCoded, _) => {
                let primer = self.primer(offset);
                codec::decode_bytes(&block.tokens, foreign_context(&primer), length)
            }
            (BlockKind::AudioBytes, Some(audio)) => {
                codec::decode_bytes(&block.tokens, audio_context(&audio.format), length)
            }
            (BlockKind::AudioCoded, Some(audio)) => self.decode_pcm(block, &audio.format, model),
            (BlockKind::AudioCharacters, Some(audio)) => {
                self.decode_characters(&block, &audio.format, model)
            }
            (BlockKind::AudioBytes | BlockKind::AudioCoded | BlockKind::AudioCharacters, None) => {
                Err(Error::corrupt(0, "an audio block in a file without audio"))
            }
        }
    }

    fn decode_pcm(&self, block: Block, format: &WavFormat, model: Model<'a>) -> Result<Vec<u8>> {
        let mapping = Mapping::from_byte(block.mapping)?;
        let mut session = match (block.uses_lm, model) {
            (false, _) => None,
            (true, None) => return Err(Error::corrupt(0, "a model is used but none is named")),
            (true, Some(model)) => Some(self.session(model)?),
        };
        let lm = session.as_mut().map(|session| session as &mut dyn LanguageModel);
        let channels = usize::from(format.channels);
        let frames = block.frames as usize;
        let level = self.header.level;
        let Block { tokens, lsb, long_term, .. } = block;
        let coded = CodedPcm { tokens, lsb, long_term };
        let pcm = codec::decode_pcm(&coded, channels, frames, level, lm)?;
        wav::from_pcm(&pcm, format.sample, mapping)
    }

    /// What foreign bytes at `offset` of the original are likely to resemble: at the start of
    /// the file, the header that its format calls for.
    fn primer(&self, offset: u64) -> Vec<u8> {
        match self.header.audio {
            Some(audio) if offset == 0 => wav::canonical_header(&audio.format, 0),
            _ => Vec::new(),
        }
    }

    /// Whether the model saves enough on excerpts from the first and the last third of a segment.
    ///
    /// Their second halves count: on the first samples the predictors know little yet, and a model
    /// saves more than it ever will again.
    fn trial_pays(&self, pcm: &Pcm, model: &'a dyn ModelProvider) -> Result<bool> {
        let bits = |trial: &Pcm, lm: Option<&mut dyn LanguageModel>| -> Result<f64> {
            let frames = codec::cost_pcm(trial, self.header.level, lm)?;
            Ok(frames[frames.len() / 2..].iter().map(|f| f64::from(f.tokens + f.lsb)).sum())
        };
        let (mut without, mut with) = (0.0, 0.0);
        for part in [1, 4] {
            let trial = pcm.excerpt(part, 5, TRIAL_SAMPLES / pcm.channels);
            without += bits(&trial, None)?;
            with += bits(&trial, Some(&mut self.session(model)?))?;
        }
        Ok(with * 1000.0 <= without * (1000.0 - TRIAL_MIN_SAVING))
    }

    fn encode_with(&self, pcm: &Pcm, model: &'a dyn ModelProvider) -> Result<CodedPcm> {
        codec::encode_pcm(pcm, self.header.level, Some(&mut self.session(model)?))
    }

    /// A fresh session. It is held for no longer than it is stepped, because other lanes
    /// wait for it.
    fn session(&self, model: &'a dyn ModelProvider) -> Result<Stoppable<'a>> {
        Ok(Stoppable::new(model.session(self.lane)?, self.stop))
    }
}

/// Whole frames in an audio block; the WAV layer cuts at nothing else.
fn frames_in(block: &Block, format: &WavFormat) -> u32 {
    (block.original_length as usize / format.frame_bytes()) as u32
}

/// Foreign bytes after `primer` repeat their meaning at its length: byte for byte, they are
/// compared with it.
fn foreign_context(primer: &[u8]) -> BytesContext<'_> {
    BytesContext { stride: primer.len().max(1), primer }
}

/// Samples that are not predicted repeat their meaning with every frame.
fn audio_context(format: &WavFormat) -> BytesContext<'static> {
    BytesContext { stride: format.frame_bytes(), primer: &[] }
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
        tokens: bytes,
        lsb: Vec::new(),
    })
}

/// `stored`, or the same through the byte model if that is smaller.
fn or_byte_model(stored: Block, kind: BlockKind, context: BytesContext<'_>) -> Block {
    let tokens = codec::encode_bytes(&stored.tokens, context);
    if tokens.len() < stored.tokens.len() {
        Block { kind, tokens, lsb: Vec::new(), ..stored }
    } else {
        stored
    }
}
