//! lmz in, the original WAV out.

use std::io::{self, Read, Write};
use std::sync::atomic::AtomicBool;

use super::ordered::{self, Stop};
use super::segment::BlockCoder;
use super::{DecompressOptions, LazyModel, Progress, Summary};
use crate::container::{Block, Place, Reader};
use crate::error::{Error, Result};

/// Restores the original of the lmz file `input` to `output`, front to back and in memory
/// bounded by the number of threads.
///
/// Every checksum is checked, that of a block before any of its bytes are written, that of
/// the whole file at the end: `output` is the original only if the result is `Ok`.
/// `progress` is told of bytes of `input`.
///
/// # Errors
/// [`Error::NotLmz`], [`Error::Unsupported`], [`Error::Corrupt`], [`Error::Limit`] about the
/// file; [`Error::ModelMismatch`] and [`Error::Model`] about the model that it needs;
/// [`Error::Io`]; [`Error::Interrupted`] once `interrupt` is set.
pub fn decompress(
    input: impl Read,
    mut output: impl Write,
    options: &DecompressOptions<'_>,
    progress: &dyn Progress,
    interrupt: &AtomicBool,
) -> Result<Summary> {
    let mut reader = Reader::new(input)?;
    let header = reader.header().clone();
    let model = LazyModel::new(options.models);
    let mut summary = Summary::default();
    let mut hasher = blake3::Hasher::new();

    progress.advance(reader.header_length());
    let stop = Stop::new(interrupt);
    ordered::run(
        super::threads(options.threads, options.models.lanes(&header.fingerprint)),
        &stop,
        || {
            let next = reader.next_block()?;
            if let Some((place, block)) = &next {
                options.check_output(place.original_offset + u64::from(block.original_length))?;
                summary.count(block);
                // Loaded here, on the calling thread, before any worker needs it, and not
                // at all for a file that names a model but never uses it.
                if block.uses_lm {
                    model.open(&header.fingerprint)?;
                }
            }
            Ok(next)
        },
        |lane| {
            let coder = BlockCoder::new(&header, &stop, lane);
            let model = &model;
            move |(place, block): (Place, Block)| {
                let coded_length = block.coded_length();
                let bytes = coder
                    .decode(place.original_offset, block, model.get())
                    .map_err(|e| within(place, e))?;
                Ok((bytes, coded_length))
            }
        },
        |(bytes, coded_length): (Vec<u8>, u64)| {
            hasher.update(&bytes);
            output.write_all(&bytes)?;
            progress.advance(coded_length);
            Ok(())
        },
    )?;
    output.flush()?;

    let end = reader.position();
    let trailer = reader.trailer().ok_or_else(|| Error::corrupt(end, "no trailer"))?;
    let computed = hasher.finalize();
    if computed != trailer.blake3 {
        return Err(Error::corrupt(
            end,
            format!(
                "BLAKE3 of the original: stored {}, computed {computed}",
                blake3::Hash::from(trailer.blake3)
            ),
        ));
    }
    summary.close(trailer, end);
    Ok(summary)
}

/// Decodes `input` and checks everything, as [`decompress`] does, without keeping the result.
///
/// # Errors
/// Those of [`decompress`].
pub fn verify(
    input: impl Read,
    options: &DecompressOptions<'_>,
    progress: &dyn Progress,
    interrupt: &AtomicBool,
) -> Result<Summary> {
    decompress(input, io::sink(), options, progress, interrupt)
}

/// Turns an error about a block's contents into one about the file.
pub(super) fn within(place: Place, error: Error) -> Error {
    match error {
        Error::Corrupt { offset, reason } => Error::Corrupt {
            offset: place.offset + offset,
            reason: format!("block {}: {reason}", place.index),
        },
        other => other,
    }
}
