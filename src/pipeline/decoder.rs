//! Decompression, for programs: pulled, as far as they like.

use std::io::{self, Read, Seek, Write};
use std::ops::RangeBounds;

use super::decompress::Restoring;
use super::extract::ends;
use super::frame_reader::FrameReader;
use super::{DecompressOptions, Position, Summary, extract};
#[cfg(doc)]
use crate::error::Error;
use crate::error::Result;
use crate::observer::Observer;
use crate::wav::AudioFormat;

/// Restores the original of an lmz file.
///
/// It implements [`Read`] for the bytes of the original. Blocks are decoded ahead on worker threads,
/// which end when it is dropped. All checksums are checked: that of a block before any of its bytes are
/// returned, that of the whole file at the end. So the bytes are proven to be the original only once
/// `read` returns `Ok(0)`. An error of lmz is the source of the [`io::Error`].
///
/// ```
/// use std::io::Read;
///
/// # let wav = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/wav/mulaw_fact.wav"));
/// # let lmz = lmz::compress_to_vec(wav)?;
/// let mut decoder = lmz::Decoder::new(lmz.as_slice())?;
/// let mut header = [0; 44];
/// decoder.read_exact(&mut header)?;
/// assert_eq!(&header[..4], b"RIFF");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Decoder<R> {
    restoring: Restoring<R>,
    options: DecompressOptions,
    /// Bytes of the current block, and how many of them have been read.
    block: Vec<u8>,
    read: usize,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Reading,
    Complete,
    Failed,
}

impl<R> std::fmt::Debug for Decoder<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Decoder").field("state", &self.state).finish_non_exhaustive()
    }
}

impl<R: Read> Decoder<R> {
    /// Reads the header of an lmz file, on one thread per processor and without language models.
    ///
    /// # Errors
    /// [`Error::NotLmz`], [`Error::Unsupported`], [`Error::Corrupt`] and [`Error::Limit`] about
    /// the header; [`Error::Io`].
    pub fn new(input: R) -> Result<Self> {
        Decoder::with_options(input, &DecompressOptions::default())
    }

    /// Like [`Decoder::new`], with your own models, threads and limits.
    ///
    /// # Errors
    /// Those of [`Decoder::new`].
    pub fn with_options(input: R, options: &DecompressOptions) -> Result<Self> {
        let restoring = Restoring::start(input, options)?;
        let options = options.clone();
        Ok(Decoder { restoring, options, block: Vec::new(), read: 0, state: State::Reading })
    }

    /// Format of the audio; `None` if no samples were found in the original.
    #[must_use]
    pub fn format(&self) -> Option<AudioFormat> {
        self.restoring.header().audio.map(|audio| AudioFormat::from(&audio.format))
    }

    /// Summary of the whole file, once all of it has been read.
    #[must_use]
    pub fn summary(&self) -> Option<&Summary> {
        (self.state == State::Complete).then_some(&self.restoring.summary)
    }

    /// Writes what has not been read yet to `output`, reporting progress to `observer` in bytes of the input.
    ///
    /// # Errors
    /// [`Error::Unsupported`], [`Error::Corrupt`], [`Error::Limit`] about the file;
    /// [`Error::ModelMismatch`] and [`Error::Model`] about the model that it needs;
    /// [`Error::Io`]; [`Error::Interrupted`] by `observer`.
    pub fn decode_to(
        mut self,
        mut output: impl Write,
        observer: &mut dyn Observer,
    ) -> Result<Summary> {
        loop {
            output.write_all(&self.block[self.read..])?;
            // Whoever plays it does not want to wait for the next block.
            output.flush()?;
            if !self.next_block(observer)? {
                return Ok(self.restoring.summary);
            }
        }
    }

    /// Moves on to the next block; false after the last one.
    fn next_block(&mut self, observer: &mut dyn Observer) -> Result<bool> {
        self.block.clear();
        self.read = 0;
        match self.state {
            State::Complete => return Ok(false),
            State::Failed => return Err(io::Error::other("the decoder has failed before").into()),
            State::Reading => self.state = State::Failed,
        }
        let next = self.restoring.next(|_| Ok(None), observer)?;
        self.state = if next.is_some() { State::Reading } else { State::Complete };
        self.block = next.unwrap_or_default();
        Ok(self.state == State::Reading)
    }
}

impl<R: Read> Read for Decoder<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.read == self.block.len() {
            if !self.next_block(&mut ()).map_err(io::Error::from)? {
                return Ok(0);
            }
        }
        let count = buffer.len().min(self.block.len() - self.read);
        buffer[..count].copy_from_slice(&self.block[self.read..][..count]);
        self.read += count;
        Ok(count)
    }
}

impl<R: Read + Seek> Decoder<R> {
    /// Reads the samples of a part, or with `..` all of them. Only the segments needed are read and decoded;
    /// their checksums are checked, but that of the whole file cannot be.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] if the file does not have these frames, or no samples at all;
    /// [`Error::Corrupt`] if its trailer is damaged; [`Error::Io`].
    pub fn frames(self, range: impl RangeBounds<u64>) -> Result<FrameReader<R>> {
        FrameReader::new(self.restoring.into_input(), range, self.options)
    }

    /// Writes the samples of a part, in any format, as a file of the original's type with a plain header.
    /// A range past the end stops at the end. Returns the number of bytes written.
    ///
    /// # Errors
    /// Those of [`Decoder::frames`] and [`Decoder::decode_to`].
    pub fn extract(
        self,
        range: impl RangeBounds<u64>,
        output: impl Write,
        observer: &mut dyn Observer,
    ) -> Result<u64> {
        let (from, to) = ends(&range);
        let part = (from.map(Position::Frame), to.map(Position::Frame));
        let input = self.restoring.into_input();
        Ok(extract(input, output, part, &self.options, observer)?.written_bytes)
    }
}

/// Decompresses an lmz file in memory, to no more than `max_output` bytes.
///
/// # Errors
/// Those of [`Decoder::decode_to`]; [`Error::Limit`] when the original is longer.
pub fn decompress_to_vec(lmz: &[u8], max_output: u64) -> Result<Vec<u8>> {
    let options = DecompressOptions::default().with_max_output(max_output);
    let mut wav = Vec::new();
    Decoder::with_options(lmz, &options)?.decode_to(&mut wav, &mut ())?;
    Ok(wav)
}
