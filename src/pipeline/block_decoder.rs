//! One block back to the bytes of the original (§5.2).

use std::sync::Arc;

use super::context;
use super::lazy_model::LazyModel;
use crate::ascii::{self, Characters, Params};
use crate::codec::{self, CodedPcm};
use crate::container::{Audio, Block, BlockKind, FileHeader};
use crate::error::Result;
use crate::fault::Fault;
use crate::lm::LanguageModel;
use crate::observer::Watch;
use crate::wav::{self, Mapped, Mapping};

/// One thread's decoder of blocks.
pub(crate) struct BlockDecoder {
    pub(super) header: Arc<FileHeader>,
    pub(super) model: Arc<LazyModel>,
    /// The lane of the block at hand, in a model that has lanes.
    pub(super) lane: usize,
    pub(super) watch: Watch,
}

impl BlockDecoder {
    /// Decodes the block that stands at `offset` of the original and checks it.
    ///
    /// # Errors
    /// [`crate::Error::Payload`] and [`crate::Error::Unsupported`] about the block, those of the model,
    /// [`crate::Error::Interrupted`].
    pub(super) fn decode(&self, offset: u64, block: Block) -> Result<Vec<u8>> {
        let (length, stored) = (block.original_length as usize, block.original_crc);
        self.watch.begin(block.coded_length());
        let bytes = self.decode_payload(offset, block)?;
        self.watch.finish();
        let computed = crc32fast::hash(&bytes);
        if bytes.len() != length || computed != stored {
            let (bytes, stored_bytes) = (bytes.len(), length);
            return Err(Fault::Decoded { bytes, computed, stored_bytes, stored }.into());
        }
        Ok(bytes)
    }

    /// As [`BlockDecoder::decode`], but at least the first `wanted` frames alone, and no more where that
    /// takes less time. These bytes are not checked against the original's checksum, which is of
    /// all; that of what was coded has been.
    ///
    /// # Errors
    /// Those of [`BlockDecoder::decode`].
    pub(super) fn decode_start(
        &self,
        offset: u64,
        block: Block,
        wanted: Option<u32>,
    ) -> Result<Vec<u8>> {
        let Some(audio) = &self.header.audio else { return self.decode(offset, block) };
        let coded = block.kind == BlockKind::AudioCoded;
        // The stream of what floats have beyond integers is decoded as a whole.
        let floats = matches!(Mapping::from_byte(block.mapping), Ok(Mapping::Float(_)));
        match wanted {
            Some(wanted) if wanted < block.frames && coded && !floats => {
                self.watch.begin(block.coded_length());
                let bytes = self.decode_pcm(block, audio, Some(wanted as usize))?;
                self.watch.finish();
                Ok(bytes)
            }
            _ => self.decode(offset, block),
        }
    }

    /// As [`BlockDecoder::decode`], without checking what comes out.
    ///
    /// # Errors
    /// Those of [`BlockDecoder::decode`].
    pub(crate) fn decode_payload(&self, offset: u64, block: Block) -> Result<Vec<u8>> {
        let no_audio = || Fault::Contradiction("an audio block in a file without audio");
        let audio = || self.header.audio.as_ref().ok_or_else(no_audio);
        match block.kind {
            BlockKind::ForeignStored | BlockKind::AudioStored => Ok(block.tokens),
            BlockKind::ForeignCoded => {
                let primer = context::primer(self.header.audio.as_ref(), offset);
                self.decode_bytes(&block, context::foreign(&primer))
            }
            BlockKind::AudioBytes => self.decode_bytes(&block, context::audio(&audio()?.format)),
            BlockKind::AudioCoded => self.decode_pcm(block, audio()?, None),
            BlockKind::AudioCharacters => self.decode_characters(&block, audio()?),
        }
    }

    fn decode_bytes(&self, block: &Block, context: codec::BytesContext<'_>) -> Result<Vec<u8>> {
        let length = block.original_length as usize;
        self.watch.pass(1.0, length);
        codec::decode_bytes(&block.tokens, context, length, &self.watch)
    }

    fn decode_pcm(&self, block: Block, audio: &Audio, wanted: Option<usize>) -> Result<Vec<u8>> {
        let format = &audio.format;
        let mapping = Mapping::from_byte(block.mapping)?;
        wav::check_mapping(format.sample, mapping)?;
        let mut session = match block.uses_lm {
            true => Some(self.model.get()?.session(self.lane)?),
            false => None,
        };
        let lm = session.as_mut().map(|session| &mut **session as &mut dyn LanguageModel);
        let channels = usize::from(format.channels);
        let frames = block.frames as usize;
        let level = self.header.level;
        let Block { tokens, lsb, long_term, .. } = block;
        let all = tokens.len();
        let (floats, tokens) = match mapping {
            Mapping::Float(precision) => {
                let (floats, tokens) = codec::split_floats(&tokens)?;
                (Some((precision, floats)), tokens.to_vec())
            }
            _ => (None, tokens),
        };
        let (before, before_floats) = (all - tokens.len(), size_of::<u32>());
        let coded = CodedPcm { tokens, lsb, long_term };
        let wanted = wanted.unwrap_or(frames);
        self.watch.pass(1.0, channels * wanted);
        let watch = &self.watch;
        let pcm = codec::decode_pcm_start(&coded, channels, frames, wanted, level, lm, watch)
            .map_err(|error| error.shifted(before))?;
        let floats = match floats {
            Some((precision, stream)) => {
                let floats = codec::decode_floats(stream, precision, &pcm.samples, channels);
                Some(floats.map_err(|error| error.shifted(before_floats))?)
            }
            None => None,
        };
        wav::unmap(&Mapped { pcm, mapping, floats }, format.sample)
    }

    fn decode_characters(&self, block: &Block, audio: &Audio) -> Result<Vec<u8>> {
        let (params, _) = Params::from_bytes(&block.tokens)?;
        if params.experts.lm != block.uses_lm {
            let reason = "block header and parameters disagree on the model";
            return Err(Fault::Contradiction(reason).into());
        }
        let mut session = match block.uses_lm {
            true => Some(self.model.get()?.characters(self.lane)?),
            false => None,
        };
        let lm = session.as_mut().map(|session| &mut **session as &mut Characters<'_>);
        let Block { tokens, lsb, .. } = block;
        let length = block.original_length as usize;
        self.watch.pass(1.0, length);
        ascii::decode(tokens, lsb, &audio.format, length, self.header.level, lm, &self.watch)
    }
}

#[cfg(any(test, fuzzing))]
impl BlockDecoder {
    /// For blocks that use no model.
    pub(crate) fn without_model(header: &FileHeader) -> Self {
        let model = LazyModel::new(Arc::new(crate::lm::NoModels), &[]);
        BlockDecoder {
            header: Arc::new(header.clone()),
            model: Arc::new(model),
            lane: 0,
            watch: Watch::default(),
        }
    }
}
