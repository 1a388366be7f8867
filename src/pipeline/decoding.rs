//! Blocks on worker threads, and their originals in order: what decompression, extraction and
//! salvage have in common.

use std::cell::OnceCell;
use std::rc::Rc;
use std::sync::Arc;

use super::block_decoder::{BlockDecoder, Lanes};
use super::lazy_model::LazyModel;
use super::pool::{self, Pool, Threads};
use super::{DecompressOptions, side_by_side};
use crate::container::{Block, FileHeader};
use crate::error::Result;
use crate::observer::{Observer, Run, Watch};

/// A block to decode.
pub(super) struct Job<T> {
    /// What the caller gets back with the result.
    pub(super) tag: T,
    /// Number of the block in its file, which decides its lane in a model that has lanes.
    pub(super) number: u64,
    /// Offset of the block in the lmz file.
    pub(super) offset: u64,
    /// Offset of its first byte in the original, and the block. Without one, the tag keeps its
    /// place among the others.
    pub(super) block: Option<(u64, Block)>,
    /// Frames to decode, from the block's first on; `None` is all.
    pub(super) wanted: Option<u32>,
}

impl<T: Send + 'static> pool::Job for Job<T> {
    fn block_number(&self) -> u64 {
        self.number
    }
}

/// A [`Job`]'s tag, and the bytes of its block.
pub(super) type Decoded<T> = (T, Option<Result<Vec<u8>>>);

/// A run of blocks of one file.
pub(super) struct Decoding<T> {
    run: Arc<Run>,
    model: Arc<LazyModel>,
    pool: Pool<Job<T>, Decoded<T>>,
}

impl<T: Send + 'static> Decoding<T> {
    /// Starts the threads.
    ///
    /// # Errors
    /// [`Error::Io`](crate::Error::Io) when there are none to be had.
    pub(super) fn start(header: &FileHeader, options: &DecompressOptions) -> Result<Self> {
        let run = Arc::new(Run::default());
        let header = Arc::new(header.clone());
        let model = LazyModel::new(Arc::clone(&options.models), &header.fingerprint);
        let count = model.interleaved().max(1);
        let threads = Threads { jobs: count, ..Threads::new(options.threads, model.lanes()) };
        let model = Arc::new(model);
        let shared = (Arc::clone(&run), Arc::clone(&model));
        let pool = Pool::start_at_desks(threads, Arc::clone(&run), move |desk| {
            let lanes = (count > 1).then(|| Rc::new(Lanes { count, interleaved: OnceCell::new() }));
            let decoder = |lane| {
                let watch = Watch::new(Arc::clone(&shared.0));
                let lanes = lanes.clone();
                let (header, model) = (Arc::clone(&header), Arc::clone(&shared.1));
                BlockDecoder { lanes, ..BlockDecoder::new(header, model, lane, watch) }
            };
            let decoders: Vec<BlockDecoder> = (0..count).map(decoder).collect();
            side_by_side::work(desk, &decoders, lanes.as_deref());
        })?;
        Ok(Decoding { run, model, pool })
    }

    /// Counts bytes of the lmz file that belong to no block.
    pub(super) fn advance(&self, bytes: u64) {
        self.run.advance(bytes);
    }

    /// The result of the next job, in order, while `source` has more read ahead; `None` after the
    /// last one.
    ///
    /// # Errors
    /// Those of `source`; [`Error::Interrupted`](crate::Error::Interrupted) by the observer;
    /// those of the model, when it is opened. Errors of a block are a part of its result.
    pub(super) fn next(
        &mut self,
        mut source: impl FnMut() -> Result<Option<Job<T>>>,
        observer: &mut dyn Observer,
    ) -> Result<Option<Decoded<T>>> {
        let model = &self.model;
        let source = || {
            let job = source()?;
            // Opened here, on the calling thread, before any worker needs it, and not at all
            // for a file that names a model but never uses it.
            if let Some(Job { block: Some((_, block)), .. }) = &job
                && block.uses_lm
            {
                model.open()?;
            }
            Ok(job)
        };
        self.pool.next(source, observer)
    }
}
