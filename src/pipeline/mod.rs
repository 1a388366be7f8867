//! Whole files: [`compress`], [`decompress`], [`verify`] and [`inspect`] over `Read` and `Write`.
//!
//! A file is a sequence of blocks that are independent of each other, so both directions are
//! the same pipeline: the calling thread reads blocks, workers code them, the calling thread
//! writes them in order. What that costs: predictors learn anew in every segment.

mod block_decoder;
mod block_encoder;
mod characters;
mod compress;
mod context;
mod cuts;
mod decoded_parts;
mod decoder;
mod decoding;
mod decompress;
mod encoder;
mod extract;
mod frame_reader;
mod frame_writer;
mod info;
mod late_header;
mod lazy_model;
mod overview;
mod parts;
mod pool;
mod salvage;
mod salvage_choice;
mod salvage_plan;
mod side_by_side;
mod spans;

use std::sync::Arc;

#[cfg(any(test, fuzzing))]
pub(crate) use block_decoder::BlockDecoder;
pub use compress::{compress, segment_limit};
pub use decoded_parts::{decode_part, restore};
pub use decoder::{Decoder, decompress_to_vec};
pub use decompress::{decompress, verify};
pub use encoder::{Encoder, compress_to_vec};
pub use extract::{Extract, Position, extract};
pub use frame_reader::FrameReader;
pub use frame_writer::FrameWriter;
pub use info::{AudioInfo, Bytes, FileInfo, LmInfo, ModelInfo, inspect};
pub use overview::{Info, Outline, info, outline};
pub use parts::{Cut, cut, encode_part, join};
pub use salvage::{Damage, Gap, SalvageReport, examine, salvage};

use crate::ascii::Params;
use crate::codec::Level;
use crate::container::{Block, ContentHash, Trailer};
use crate::error::{Error, Result};
use crate::lm::exact::ExactIdentity;
use crate::lm::{ModelProvider, ModelSource, NoModels};
use crate::wav::WavFormat;

/// When to use the language model for a segment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LmUse {
    /// Where it saves at least 1 % of the segment, of which a sample is looked at first.
    #[default]
    Auto,
    /// Wherever it saves anything, if it saves more in the whole file than naming it costs.
    On,
    /// Wherever it saves anything, even if the file becomes larger: to try a model out.
    #[cfg_attr(not(feature = "unstable"), doc(hidden))]
    Always,
    /// Never.
    Off,
}

/// What tokens stand for, and therefore how samples are coded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TokenMapping {
    /// Quantile bins of the predicted distribution.
    #[default]
    Quantile,
    /// 7-bit characters made from the samples' bytes. A language model that is missing, or
    /// turned off, is left out of the experts.
    Characters(Params),
}

/// Options of [`compress`].
#[derive(Clone, Default)]
pub struct CompressOptions {
    /// How much prediction to run for each sample.
    pub level: Level,
    /// When to use the language model.
    pub lm: LmUse,
    /// What tokens stand for.
    pub mapping: TokenMapping,
    /// The language model; without one, `lm` has no effect.
    pub model: Option<Arc<dyn ModelProvider>>,
    /// Number of worker threads; 0 means one per processor, or per lane of a model with lanes.
    pub threads: usize,
    /// Length of a segment in seconds; `None` is [`segment_limit`]'s.
    pub segment_seconds: Option<u32>,
    /// Whether to decode every block again before it is written.
    pub verify: bool,
    /// Format of the samples, if the input is nothing but samples.
    pub raw: Option<WavFormat>,
}

/// Options for decoding: models, number of threads, largest output.
#[derive(Clone)]
pub struct DecompressOptions {
    models: Arc<dyn ModelSource>,
    threads: usize,
    max_output: u64,
}

impl DecompressOptions {
    /// Sets the models that files may name; without them, files that need one are refused.
    #[must_use]
    pub fn with_models(self, models: Arc<dyn ModelSource>) -> Self {
        DecompressOptions { models, ..self }
    }

    /// Sets the number of worker threads; 0, the default, means one per processor. A file cannot raise it.
    #[must_use]
    pub fn with_threads(self, threads: usize) -> Self {
        DecompressOptions { threads, ..self }
    }

    /// Sets the largest number of bytes to write. A small file can expand into a very large one, even more so
    /// in [`salvage`], which fills gaps with silence; the README has the factors.
    #[must_use]
    pub fn with_max_output(self, max_output: u64) -> Self {
        DecompressOptions { max_output, ..self }
    }

    /// [`Error::Limit`] if `bytes` are more than allowed.
    fn check_output(&self, bytes: u64) -> Result<()> {
        if bytes <= self.max_output {
            return Ok(());
        }
        Err(Error::Limit {
            offset: 0,
            reason: format!("output of {bytes} bytes or more, at most {} allowed", self.max_output),
        })
    }
}

impl Default for DecompressOptions {
    fn default() -> Self {
        DecompressOptions { models: Arc::new(NoModels), threads: 0, max_output: u64::MAX }
    }
}

/// What a run has done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Summary {
    /// Length of the original, in bytes.
    pub original_bytes: u64,
    /// Length of the lmz file, in bytes.
    pub compressed_bytes: u64,
    /// Number of audio blocks.
    pub segments: u32,
    /// Number of audio blocks in which the language model takes part.
    pub segments_with_lm: u32,
    /// Bytes that the language model saved in those.
    pub lm_saved_bytes: u64,
    /// Whether the lmz file decodes on every machine.
    pub portable: bool,
    /// Hash of the original.
    pub blake3: ContentHash,
}

impl Summary {
    fn count(&mut self, block: &Block) {
        self.segments += u32::from(block.kind.is_audio());
        self.segments_with_lm += u32::from(block.uses_lm);
        self.lm_saved_bytes += block.saved_by_lm();
    }

    fn close(&mut self, trailer: &Trailer, compressed_bytes: u64, fingerprint: &[u8]) {
        self.portable = self.segments_with_lm == 0 || runs_anywhere(fingerprint);
        self.original_bytes = trailer.original_length;
        self.compressed_bytes = compressed_bytes;
        self.blake3 = trailer.hash;
    }
}

/// Whether the model of a file yields the same bits on every machine.
fn runs_anywhere(fingerprint: &[u8]) -> bool {
    ExactIdentity::from_bytes(fingerprint).is_some()
}
