//! Samples in whatever container in, lmz out.

use std::cell::Cell;
use std::io::{Read, Write};
use std::sync::Arc;

use super::block_decoder::BlockDecoder;
use super::block_encoder::{BlockEncoder, Encoded};
use super::late_header::LateHeader;
use super::lazy_model::LazyModel;
use super::pool::{Pool, Threads, lane_of};
use super::spans::{PlacedSpan, Spans};
use super::{CompressOptions, Summary, characters};
use crate::codec::Level;
use crate::container::layout::MAX_SEGMENT_SAMPLES;
use crate::container::{Audio, FileHeader};
use crate::error::Result;
use crate::observer::{Observer, Run, Watch};
use crate::wav::{SegmentLimit, WavFormat};

/// Size of a segment at `level`. Longer segments let the predictors learn more, and long-term
/// prediction look back further; shorter ones allow more threads, finer seeking and less loss if
/// one is damaged.
pub fn segment_limit(level: Level) -> SegmentLimit {
    SegmentLimit { seconds: level.segment_seconds(), samples: MAX_SEGMENT_SAMPLES as usize }
}

/// Compresses the WAV, Wave64, AIFF or CAF file `input`, or the samples that
/// [`raw`](CompressOptions::raw) says it is, to the lmz file `output`, front to back and in memory
/// that depends on the number of threads, not on the length of the file.
///
/// The bytes written depend on `input`, `options.level`, `options.lm`, `options.mapping` and the model,
/// not on the number of threads or on how much a `read` returns. Progress is reported to `observer` in
/// bytes of `input`.
///
/// # Errors
/// [`Error::NotWav`](crate::Error::NotWav) for other files; [`Error::Io`](crate::Error::Io);
/// [`Error::Model`](crate::Error::Model); [`Error::Interrupted`](crate::Error::Interrupted)
/// by `observer`. After an error, what was written to `output` is unusable.
pub fn compress(
    input: impl Read,
    output: impl Write,
    options: &CompressOptions,
    observer: &mut dyn Observer,
) -> Result<Summary> {
    let (encoding, spans) = Encoding::of_file(input, output, options)?;
    encoding.run(spans, |_| Ok(None), observer)
}

/// Spans on worker threads, and the container that their blocks go to.
pub(super) struct Encoding<W> {
    pub(super) pool: Pool<PlacedSpan, Encoded>,
    pub(super) writer: LateHeader<W>,
}

impl<W: Write> Encoding<W> {
    /// For a whole file: reads as far as its format, and starts the threads; writes nothing yet.
    ///
    /// # Errors
    /// Those of [`compress`].
    pub(super) fn of_file<R: Read>(
        input: R,
        output: W,
        options: &CompressOptions,
    ) -> Result<(Self, Spans<R>)> {
        let mut spans = Spans::new(input, options.segment_limit(), options.raw)?;
        let format = spans.find_format()?;
        Ok((Encoding::start(output, format, options.clone())?, spans))
    }

    /// Starts the threads; writes nothing yet.
    ///
    /// # Errors
    /// [`Error::Limit`](crate::Error::Limit) about parameters of characters,
    /// [`Error::Io`](crate::Error::Io) when there is no thread to be had.
    pub(super) fn start(
        output: W,
        format: Option<WavFormat>,
        options: CompressOptions,
    ) -> Result<Self> {
        let limit = options.segment_limit();
        let audio =
            format.map(|format| Audio { format, segment_frames: limit.frames(&format) as u32 });
        let mut options = characters::with_experts_at_hand(options)?;
        options.model = options.model.filter(|_| audio.is_some());
        let model = options.model.as_ref();
        let mut header = FileHeader {
            level: options.level,
            audio,
            fingerprint: model.map(|model| model.fingerprint()).unwrap_or_default(),
            fingerprint_coded: false,
        };
        header.code_fingerprint()?;
        let checked = options.verify.then(|| {
            let model = LazyModel::opened(options.model.clone());
            (Arc::new(header.clone()), Arc::new(model))
        });
        let writer = LateHeader::new(output, header, options.lm)?;
        let lanes = model.map_or(1, |model| model.lanes());
        // A model with lanes is slow unless they are filled.
        let requested = if options.threads == 0 && lanes > 1 { lanes } else { options.threads };
        let threads = Threads::new(requested, lanes);
        let (run, options) = (Arc::new(Run::default()), Arc::new(options));
        let shared = Arc::clone(&run);
        let pool = Pool::start(threads, run, move || {
            let (options, watch) = (Arc::clone(&options), Watch::new(Arc::clone(&shared)));
            let check = checked.as_ref().map(|(header, model)| {
                let (header, model) = (Arc::clone(header), Arc::clone(model));
                BlockDecoder::new(header, model, 0, watch.of_trial())
            });
            let mut encoder =
                BlockEncoder { audio, options, lane: 0, watch, check, took_model: Cell::default() };
            move |PlacedSpan { number, offset, span, known }| {
                encoder.take_lane(lane_of(number, lanes));
                encoder.encode(offset, span, known)
            }
        })?;
        Ok(Encoding { pool, writer })
    }

    /// Codes all `spans` but those whose coded form is `known`, and ends the container.
    ///
    /// # Errors
    /// Those of [`compress`], and of `known`.
    pub(super) fn run(
        mut self,
        mut spans: Spans<impl Read>,
        mut known: impl FnMut(&PlacedSpan) -> Result<Option<Encoded>>,
        observer: &mut dyn Observer,
    ) -> Result<Summary> {
        let mut next = || {
            let Some(mut placed) = spans.next()? else { return Ok(None) };
            placed.known = known(&placed)?;
            Ok(Some(placed))
        };
        while let Some(encoded) = self.pool.next(&mut next, observer)? {
            self.writer.write_block(encoded)?;
        }
        self.writer.finish(spans.hash())
    }
}
