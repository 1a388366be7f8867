//! One block back to the bytes of the original (§5.2).

use std::cell::{Cell, OnceCell};
use std::rc::Rc;
use std::sync::Arc;

use super::context;
use super::lazy_model::LazyModel;
use super::pool::lane_of;
use crate::ascii::{self, Characters, Params};
use crate::byte_model::{BytesContext, decode_bytes};
use crate::codec::{self, CodedPcm, Shape};
use crate::container::{Audio, Block, BlockKind, FileHeader};
use crate::error::Result;
use crate::fault::Fault;
use crate::lm::interleaved::{Interleaved, at_once};
use crate::lm::{LanguageModel, ModelProvider};
use crate::observer::Watch;
use crate::wav::{self, Mapped, Mapping};

/// One thread's decoder of blocks.
pub(crate) struct BlockDecoder {
    pub(super) header: Arc<FileHeader>,
    pub(super) model: Arc<LazyModel>,
    /// The lane of the block at hand, in a model that has lanes.
    pub(super) lane: Cell<usize>,
    pub(super) watch: Watch,
    /// The lanes of this thread, if it decodes several blocks side by side.
    pub(super) lanes: Option<Rc<Lanes>>,
}

/// What the decoders of one thread share. The engine starts when a block needs it.
pub(super) struct Lanes {
    pub(super) count: usize,
    pub(super) interleaved: OnceCell<Option<Interleaved>>,
}

impl BlockDecoder {
    /// A decoder by itself.
    pub(super) fn new(
        header: Arc<FileHeader>,
        model: Arc<LazyModel>,
        lane: usize,
        watch: Watch,
    ) -> Self {
        BlockDecoder { header, model, lane: Cell::new(lane), watch, lanes: None }
    }

    /// Takes the lane of block `number`, unless the lanes are those of its thread.
    pub(super) fn take_lane(&self, number: u64) {
        if self.lanes.is_none() {
            self.lane.set(lane_of(number, self.model.lanes()));
        }
    }

    /// Decodes the block that stands at `offset` of the original and checks it.
    ///
    /// # Errors
    /// [`crate::Error::Payload`] and [`crate::Error::Unsupported`] about the block, those of the model,
    /// [`crate::Error::Interrupted`].
    pub(super) fn decode(&self, offset: u64, block: Block) -> Result<Vec<u8>> {
        at_once(self.decode_all(offset, block))
    }

    async fn decode_all(&self, offset: u64, block: Block) -> Result<Vec<u8>> {
        let (length, stored) = (block.original_length as usize, block.original_crc);
        self.watch.begin(block.payload_length());
        let bytes = self.decode_payload(offset, block).await?;
        self.watch.finish();
        let computed = crc32fast::hash(&bytes);
        if bytes.len() != length || computed != stored {
            let (bytes, stored_bytes) = (bytes.len(), length);
            return Err(Fault::Decoded { bytes, computed, stored_bytes, stored }.into());
        }
        Ok(bytes)
    }

    /// Like [`BlockDecoder::decode`], but at least the first `wanted` frames alone, and no more where that
    /// takes less time. These bytes are not checked against the original's checksum, which is of
    /// all; that of what was coded has been. Waits where blocks are decoded side by side.
    ///
    /// # Errors
    /// Those of [`BlockDecoder::decode`].
    pub(super) async fn decode_start(
        &self,
        offset: u64,
        block: Block,
        wanted: Option<u32>,
    ) -> Result<Vec<u8>> {
        let Some(audio) = &self.header.audio else {
            return self.decode_all(offset, block).await;
        };
        let coded = block.kind == BlockKind::AudioCoded;
        // The stream of what floats have beyond integers is decoded as a whole.
        let floats = matches!(Mapping::from_byte(block.mapping), Ok(Mapping::Float(_)));
        match wanted {
            Some(wanted) if wanted < block.frames && coded && !floats => {
                self.watch.begin(block.payload_length());
                let bytes = self.decode_pcm(block, audio, Some(wanted as usize)).await?;
                self.watch.finish();
                Ok(bytes)
            }
            _ => self.decode_all(offset, block).await,
        }
    }

    /// Like [`BlockDecoder::decode`], without checking what comes out.
    ///
    /// # Errors
    /// Those of [`BlockDecoder::decode`].
    pub(crate) async fn decode_payload(&self, offset: u64, block: Block) -> Result<Vec<u8>> {
        let no_audio = || Fault::Contradiction("an audio block in a file without audio");
        let audio = || self.header.audio.as_ref().ok_or_else(no_audio);
        match block.kind {
            BlockKind::ForeignStored | BlockKind::AudioStored => Ok(block.stream),
            BlockKind::ForeignCoded => {
                let primer = context::primer(self.header.audio.as_ref(), offset);
                self.decode_bytes(&block, context::foreign(&primer))
            }
            BlockKind::AudioBytes => self.decode_bytes(&block, context::audio(&audio()?.format)),
            BlockKind::AudioCoded => self.decode_pcm(block, audio()?, None).await,
            BlockKind::AudioCharacters => self.decode_characters(&block, audio()?),
        }
    }

    fn decode_bytes(&self, block: &Block, context: BytesContext<'_>) -> Result<Vec<u8>> {
        let length = block.original_length as usize;
        self.watch.pass(1.0, length);
        decode_bytes(&block.stream, context, length, &self.watch)
    }

    async fn decode_pcm(
        &self,
        block: Block,
        audio: &Audio,
        wanted: Option<usize>,
    ) -> Result<Vec<u8>> {
        let format = &audio.format;
        let mapping = Mapping::from_byte(block.mapping)?;
        wav::check_mapping(format.sample, mapping)?;
        let mut session = match block.uses_lm {
            true => Some(self.session(self.model.get()?)?),
            false => None,
        };
        let lm = session.as_mut().map(|session| &mut **session as &mut dyn LanguageModel);
        let channels = usize::from(format.channels);
        let frames = block.frames as usize;
        let level = self.header.level;
        let Block { stream, lsb, long_term, .. } = block;
        let all = stream.len();
        let (floats, stream) = match mapping {
            Mapping::Float(precision) => {
                let (floats, stream) = codec::split_floats(&stream)?;
                (Some((precision, floats)), stream.to_vec())
            }
            _ => (None, stream),
        };
        let (before, before_floats) = (all - stream.len(), size_of::<u32>());
        let coded = CodedPcm { stream, lsb, long_term };
        let wanted = wanted.unwrap_or(frames);
        self.watch.pass(1.0, channels * wanted);
        let watch = &self.watch;
        let shape = Shape { level, channels, frames };
        let decoding = codec::decode_pcm_start(&coded, shape, wanted, lm, watch);
        let pcm = decoding.await.map_err(|error| error.shifted(before))?;
        let floats = match floats {
            Some((precision, stream)) => {
                let floats = codec::decode_floats(stream, precision, &pcm.samples, channels);
                Some(floats.map_err(|error| error.shifted(before_floats))?)
            }
            None => None,
        };
        wav::unmap(&Mapped { pcm, mapping, floats }, format.sample)
    }

    /// A session of the model, in this decoder's lane if there are others.
    fn session(&self, model: &dyn ModelProvider) -> Result<Box<dyn LanguageModel>> {
        let Some(lanes) = &self.lanes else { return model.session(self.lane.get()) };
        let interleaved = match lanes.interleaved.get() {
            Some(interleaved) => interleaved,
            None => {
                let sequences = model.sequences(lanes.count)?;
                let new = sequences.map(|engine| Interleaved::new(engine, lanes.count));
                lanes.interleaved.get_or_init(|| new)
            }
        };
        match interleaved {
            Some(interleaved) => Ok(Box::new(interleaved.lane(self.lane.get())?)),
            None => model.session(self.lane.get()),
        }
    }

    fn decode_characters(&self, block: &Block, audio: &Audio) -> Result<Vec<u8>> {
        let (params, _) = Params::from_bytes(&block.stream)?;
        if params.experts.lm != block.uses_lm {
            let reason = "block header and parameters disagree on the model";
            return Err(Fault::Contradiction(reason).into());
        }
        let mut session = match block.uses_lm {
            true => Some(self.model.get()?.characters(self.lane.get())?),
            false => None,
        };
        let lm = session.as_mut().map(|session| &mut **session as &mut Characters<'_>);
        let Block { stream, lsb, .. } = block;
        let length = block.original_length as usize;
        self.watch.pass(1.0, length);
        ascii::decode(stream, lsb, &audio.format, length, self.header.level, lm, &self.watch)
    }
}

#[cfg(any(test, fuzzing))]
impl BlockDecoder {
    /// For blocks that use no model.
    pub(crate) fn without_model(header: &FileHeader) -> Self {
        let model = LazyModel::new(Arc::new(crate::lm::NoModels), &[]);
        BlockDecoder::new(Arc::new(header.clone()), Arc::new(model), 0, Watch::default())
    }
}
