//! WAV in, lmz out.

use std::io::{Read, Write};
use std::sync::atomic::AtomicBool;

use super::late_header::LateHeader;
use super::ordered::{self, Stop};
use super::segment::BlockCoder;
use super::spans::Spans;
use super::{CompressOptions, Progress, Summary, characters};
use crate::container::layout::MAX_SEGMENT_SAMPLES;
use crate::container::{Audio, FileHeader};
use crate::error::Result;
use crate::wav::SegmentLimit;

/// Size of a segment. Longer ones give the predictors more to learn from, shorter ones more
/// threads to work on, finer seeking and less loss when one is damaged.
pub const SEGMENT: SegmentLimit =
    SegmentLimit { seconds: 20, samples: MAX_SEGMENT_SAMPLES as usize };

/// Compresses the WAV file `input` to the lmz file `output`, front to back and in memory
/// bounded by the number of threads, whatever the length of the file.
///
/// The bytes written depend on `input`, `options.level`, `options.lm`, `options.mapping` and the model alone,
/// neither on the number of threads nor on how much a `read` returns.
///
/// # Errors
/// [`Error::NotWav`](crate::Error::NotWav) for other files; [`Error::Io`](crate::Error::Io);
/// [`Error::Model`](crate::Error::Model); [`Error::Interrupted`](crate::Error::Interrupted)
/// once `interrupt` is set. What has been written to `output` is useless then.
pub fn compress(
    input: impl Read,
    output: impl Write,
    options: &CompressOptions<'_>,
    progress: &dyn Progress,
    interrupt: &AtomicBool,
) -> Result<Summary> {
    let mut spans = Spans::new(input, SEGMENT)?;
    let audio = spans
        .find_format()?
        .map(|format| Audio { format, segment_frames: SEGMENT.frames(&format) as u32 });
    let options = &characters::with_experts_at_hand(*options)?;
    let model = options.model.filter(|_| audio.is_some());
    let mut header = FileHeader {
        level: options.level,
        audio,
        fingerprint: model.map(|model| model.fingerprint()).unwrap_or_default(),
        fingerprint_coded: false,
    };
    header.code_fingerprint();
    let mut writer = LateHeader::new(output, header.clone(), options.lm);

    let stop = Stop::new(interrupt);
    ordered::run(
        super::threads(options.threads, model.map_or(1, |model| model.lanes())),
        &stop,
        || spans.next(),
        |lane| {
            let coder = BlockCoder::new(&header, &stop, lane);
            move |(offset, span)| coder.encode(offset, span, options, model)
        },
        |coded| {
            let length = coded.original_length();
            writer.write_block(coded)?;
            progress.advance(length);
            Ok(())
        },
    )?;

    writer.finish(spans.blake3())
}
