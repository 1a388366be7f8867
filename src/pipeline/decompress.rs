//! lmz in, the original WAV out.

use std::io::{self, Read, Write};

use super::decoder::Decoder;
use super::decoding::{Decoding, Job};
use super::{DecompressOptions, Summary};
use crate::container::{Block, ContentHash, FileHeader, Reader};
use crate::error::{Error, Result};
use crate::observer::Observer;

/// Restores the original of the lmz file `input` to `output`, front to back and in memory
/// bounded by the number of threads.
///
/// Every checksum is checked, that of a block before any of its bytes are written, that of
/// the whole file at the end: `output` is the original only if the result is `Ok`.
/// `observer` is shown bytes of `input`.
///
/// # Errors
/// [`Error::NotLmz`], [`Error::Unsupported`], [`Error::Corrupt`], [`Error::Limit`] about the
/// file; [`Error::ModelMismatch`] and [`Error::Model`] about the model that it needs;
/// [`Error::Io`]; [`Error::Interrupted`] by `observer`.
pub fn decompress(
    input: impl Read,
    output: impl Write,
    options: &DecompressOptions,
    observer: &mut dyn Observer,
) -> Result<Summary> {
    Decoder::with_options(input, options)?.decode_to(output, observer)
}

/// Decodes `input` and checks everything, as [`decompress`] does, without keeping the result.
///
/// # Errors
/// Those of [`decompress`].
pub fn verify(
    input: impl Read,
    options: &DecompressOptions,
    observer: &mut dyn Observer,
) -> Result<Summary> {
    decompress(input, io::sink(), options, observer)
}

/// A file on its way back to the original.
pub(super) struct Restoring<R> {
    reader: Reader<R>,
    options: DecompressOptions,
    decoding: Decoding<Option<Vec<u8>>>,
    hasher: blake3::Hasher,
    /// Complete once there are no more bytes.
    pub(super) summary: Summary,
}

impl<R: Read> Restoring<R> {
    /// Reads the header and starts the threads.
    ///
    /// # Errors
    /// Those of [`Reader::new`]; [`Error::Io`] when there is no thread to be had.
    pub(super) fn start(input: R, options: &DecompressOptions) -> Result<Self> {
        let reader = Reader::new(input)?;
        let decoding = Decoding::start(reader.header(), options)?;
        decoding.advance(reader.header_length());
        let (options, hasher, summary) =
            (options.clone(), blake3::Hasher::new(), Summary::default());
        Ok(Restoring { reader, options, decoding, hasher, summary })
    }

    /// The file header.
    pub(super) fn header(&self) -> &FileHeader {
        self.reader.header()
    }

    /// The input, read up to wherever the threads have got.
    pub(super) fn into_input(self) -> R {
        self.reader.into_inner()
    }

    /// The next bytes of the original, or `None` when all of them were right. What `known` has of a block is
    /// not decoded.
    ///
    /// # Errors
    /// Those of [`decompress`] and of `known`.
    pub(super) fn next(
        &mut self,
        mut known: impl FnMut(&Block) -> Result<Option<Vec<u8>>>,
        observer: &mut dyn Observer,
    ) -> Result<Option<Vec<u8>>> {
        let Restoring { reader, options, decoding, hasher, summary } = self;
        let source = || {
            let Some((place, block)) = reader.next_block()? else { return Ok(None) };
            options.check_output(place.original_offset + u64::from(block.original_length))?;
            summary.count(&block);
            let (number, offset) = (u64::from(place.index), place.offset);
            let tag = known(&block)?;
            let block = tag.is_none().then_some((place.original_offset, block));
            Ok(Some(Job { tag, number, offset, block, wanted: None }))
        };
        let Some((known, decoded)) = decoding.next(source, observer)? else {
            return self.check_end();
        };
        let bytes = decoded.unwrap_or(Ok(known.unwrap_or_default()))?;
        hasher.update(&bytes);
        Ok(Some(bytes))
    }

    /// Compares the whole with the trailer.
    fn check_end(&mut self) -> Result<Option<Vec<u8>>> {
        let end = self.reader.position();
        let trailer = self.reader.trailer().ok_or_else(|| Error::corrupt(end, "no trailer"))?;
        let (stored, computed) = (trailer.hash, ContentHash::finish(&self.hasher));
        if computed != stored {
            let reason = format!("BLAKE3 of the original: stored {stored}, computed {computed}");
            return Err(Error::corrupt(end, reason));
        }
        self.summary.close(trailer, end, &self.reader.header().fingerprint);
        Ok(None)
    }
}
