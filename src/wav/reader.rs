//! The chunk walk: a stream becomes spans whose concatenation is the stream.

use std::io::Read;

use super::format::WavFormat;
use super::grammar::{Chunk, Grammar, LONGEST_FORMAT, LONGEST_HEADER, LONGEST_START, Role};
use super::input::Input;
use super::{refusal, resync};
use crate::error::{Error, Result};

/// Longest foreign span, in bytes.
pub const MAX_FOREIGN: usize = 1 << 20;

/// How far to look for `fmt ` when a `data` chunk comes first, in bytes, all held in memory.
const MAX_FORMAT_SEARCH: usize = 64 << 20;

/// Bytes after the declared end of `data` that, if they are no chunk, are taken for audio
/// whose size did not fit in its field, and not for something small that was appended.
const MIN_UNDECLARED: usize = 64 << 10;

/// Longest ID3v2 tag before a file that is passed over, in bytes, all held in memory.
const LONGEST_TAG: usize = 8 << 20;

/// A piece of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Span {
    /// Anything but samples: 1 to [`MAX_FOREIGN`] bytes.
    Foreign(Vec<u8>),
    /// Whole frames of the format of [`WavReader::format`]; at least one.
    Audio {
        /// The samples as they are in the file.
        bytes: Vec<u8>,
    },
}

/// Least size of a segment limited by time, in samples over all channels: at very low sample
/// rates some seconds are so few samples that whatever is kept per segment would show.
const MIN_SEGMENT_SAMPLES: usize = 1 << 17;

/// Size of an audio span, whatever the headers say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SegmentLimit {
    /// Duration in seconds, by the sample rate that the file declares; more where that is
    /// less than 2^17 samples.
    pub seconds: u32,
    /// Number of samples over all channels. Opaque bytes count as a quarter sample each.
    pub samples: usize,
}

impl SegmentLimit {
    /// Frames of a segment: as many as both limits allow, at least 1.
    pub fn frames(&self, format: &WavFormat) -> usize {
        let by_time = u64::from(self.seconds) * u64::from(format.sample_rate);
        let by_time = usize::try_from(by_time).unwrap_or(usize::MAX);
        let holding = |samples: usize| match format.sample.width() {
            0 => samples.saturating_mul(4) / format.frame_bytes(),
            _ => samples / usize::from(format.channels),
        };
        by_time.max(holding(MIN_SEGMENT_SAMPLES)).min(holding(self.samples)).max(1)
    }
}

/// Where in the file the walk stands.
#[derive(Clone, Copy, Debug)]
enum State {
    /// Before a chunk header.
    Chunk,
    /// In a chunk that is not audio: bytes left, and bytes of padding due after them.
    Skip { left: u64, pad: u64 },
    /// In audio: bytes left and declared, both [`u64::MAX`] if the rest of the file is audio; and
    /// bytes of padding due after them.
    Data { left: u64, declared: u64, pad: u64 },
    /// After a chunk that needs this many bytes of padding.
    Pad(u64),
    /// The source has ended.
    End,
}

/// Reads a WAV, Wave64, AIFF or CAF file, or raw samples, from front to back, without seeking, as a
/// sequence of [`Span`]s.
///
/// The sequence depends on the bytes and the [`SegmentLimit`] only, not on how many bytes the
/// source delivers at a time. Memory: one span, or 64 MiB if the samples come before their format.
pub struct WavReader<R> {
    input: Input<R>,
    grammar: Grammar,
    state: State,
    /// Foreign bytes that are used up but not delivered.
    foreign: Vec<u8>,
    format: Option<WavFormat>,
    /// The one look ahead for the format has been done.
    searched: bool,
    /// An audio chunk has been found.
    found_audio: bool,
    /// Offset up to which nothing was found where the walk could go on.
    looked_to: u64,
    /// Where the file ends, by its own account.
    end: Option<u64>,
    /// Size of `data` that `ds64` declares, in bytes.
    long_size: Option<u64>,
    declared: Option<u64>,
    frames: u64,
}

impl<R: Read> WavReader<R> {
    /// Starts reading at the first byte of a file. An ID3v2 tag before it counts as foreign bytes.
    ///
    /// # Errors
    /// [`Error::NotWav`] if it starts otherwise than the files of any [`Container`](super::Container)
    /// do; [`Error::Io`].
    pub fn new(source: R) -> Result<Self> {
        let mut input = Input::new(source);
        let tag = id3_bytes(input.peek(10)?);
        let ahead = input.peek(tag + LONGEST_START)?;
        let start = ahead.get(tag..).unwrap_or_default();
        let Some(grammar) = Grammar::of_file(start) else {
            return Err(Error::NotWav(refusal::describe(ahead)));
        };
        let end = grammar.declared_length(start).map(|length| length.saturating_add(tag as u64));
        // A long tag is delivered in pieces.
        let state = State::Skip { left: (tag + grammar.start) as u64, pad: 0 };
        Ok(WavReader { end, ..Self::starting(input, grammar, state, None) })
    }

    /// Starts reading samples of `format` that nothing precedes.
    pub fn raw(source: R, format: WavFormat) -> Self {
        let state = State::Data { left: u64::MAX, declared: u64::MAX, pad: 0 };
        let reader = Self::starting(Input::new(source), Grammar::RAW, state, Some(format));
        WavReader { found_audio: true, ..reader }
    }

    fn starting(
        input: Input<R>,
        grammar: Grammar,
        state: State,
        format: Option<WavFormat>,
    ) -> Self {
        WavReader {
            input,
            grammar,
            state,
            foreign: Vec::new(),
            format,
            searched: false,
            found_audio: false,
            looked_to: 0,
            end: None,
            long_size: None,
            declared: None,
            frames: 0,
        }
    }

    /// The format of the audio; known, and fixed, at the latest when the first audio span is
    /// returned.
    pub fn format(&self) -> Option<&WavFormat> {
        self.format.as_ref()
    }

    /// Number of frames in the audio spans returned so far.
    pub fn frames(&self) -> u64 {
        self.frames
    }

    /// Number of whole frames that the current or last `data` chunk declares; `None` if it
    /// does not say. For estimates only: it may be wrong.
    pub fn declared_frames(&self) -> Option<u64> {
        Some(self.declared? / self.format?.frame_bytes() as u64)
    }

    /// The next piece of the file, `None` at its end.
    ///
    /// # Errors
    /// [`Error::Io`]. The bytes delivered before it are right, none can be had after it.
    pub fn next_span(&mut self, limit: SegmentLimit) -> Result<Option<Span>> {
        loop {
            // A chunk header fits in what is left, so that no span is longer than allowed.
            if self.foreign.len() > MAX_FOREIGN - LONGEST_HEADER {
                return Ok(self.take_foreign());
            }
            match self.state {
                State::Chunk => self.start_chunk()?,
                State::Skip { left, pad } => self.skip(left, pad)?,
                State::Pad(pad) => self.skip_pad(pad)?,
                State::Data { left, declared, pad } => {
                    if !self.foreign.is_empty() {
                        return Ok(self.take_foreign());
                    }
                    if let Some(span) = self.audio(left, declared, pad, limit)? {
                        return Ok(Some(span));
                    }
                }
                State::End => return Ok(self.take_foreign()),
            }
        }
    }

    fn take_foreign(&mut self) -> Option<Span> {
        let bytes = std::mem::take(&mut self.foreign);
        (!bytes.is_empty()).then_some(Span::Foreign(bytes))
    }

    /// Reads a chunk header and decides what its body is.
    fn start_chunk(&mut self) -> Result<()> {
        let header = self.grammar.header_bytes();
        let Some(chunk) = self.grammar.chunk(self.input.peek(header)?) else {
            self.state = State::Skip { left: u64::MAX, pad: 0 };
            return Ok(());
        };
        match chunk.role {
            Role::Format if self.format.is_none() => {
                self.format = self.peek_format(0, &chunk)?;
                // What is looked for is another thing from here on.
                self.looked_to = 0;
            }
            Role::LongSizes => {
                // riffSize, dataSize, sampleCount: 64 bits each, then sizes of other chunks.
                let sizes = self.input.peek(header + 16)?.get(header + 8..);
                let size = sizes.and_then(<[u8]>::first_chunk);
                self.long_size = size.map(|bytes| u64::from_le_bytes(*bytes));
            }
            Role::Audio => return self.start_audio(&chunk),
            Role::Format | Role::Other => {}
        }
        if let Some(resumed) = self.resume_at(&chunk)? {
            self.state = State::Skip { left: resumed as u64, pad: 0 };
            return Ok(());
        }
        self.input.take_into(header, &mut self.foreign)?;
        self.state = State::Skip { left: chunk.body, pad: self.grammar.pad_after(chunk.body) };
        Ok(())
    }

    /// Begins an audio chunk, whose samples are only such if their format is known.
    fn start_audio(&mut self, chunk: &Chunk) -> Result<()> {
        let header = self.grammar.header_bytes();
        let body = match (chunk.open, self.long_size) {
            (true, Some(long)) => long,
            (true, None) => u64::MAX,
            (false, _) => chunk.body,
        };
        let pad = self.grammar.pad_after(body);
        if self.format.is_none() && !self.searched {
            self.searched = true;
            self.format = self.search_format(body)?;
        }
        if self.format.is_none() {
            self.input.take_into(header, &mut self.foreign)?;
            self.state = State::Skip { left: body, pad };
            return Ok(());
        }
        let ahead = self.input.peek(2 * header + 8)?.get(header..).unwrap_or_default();
        let before = self.grammar.before_samples(ahead);
        let (before, samples) = match body {
            u64::MAX => (before, body),
            // Streaming writers leave the size at 0; else the chunk is empty.
            0 if !self.grammar.is_plausible(ahead) => (before, 0),
            _ => {
                let before = usize::try_from(body).map_or(before, |body| before.min(body));
                (before, body - before as u64)
            }
        };
        self.input.take_into(header + before, &mut self.foreign)?;
        self.found_audio = true;
        self.declared = Some(samples).filter(|&size| size != u64::MAX && size > 0);
        self.state = State::Data { left: samples, declared: samples, pad };
        Ok(())
    }

    /// Bytes from the start of `chunk` to where the walk should go on, if its size cannot be right:
    /// no audio was found yet, and no chunk follows it.
    fn resume_at(&mut self, chunk: &Chunk) -> Result<Option<usize>> {
        if self.found_audio {
            return Ok(None);
        }
        let (known, grammar) = (self.format.is_some(), self.grammar);
        let here = self.input.taken();
        let left = self.end.and_then(|end| end.checked_sub(here));
        let header = grammar.header_bytes();
        // Most chunks are short.
        let wanted = chunk.body.min(resync::WINDOW as u64) as usize + 3 * header;
        if resync::is_followed(self.input.peek(wanted)?, chunk, &grammar) {
            return Ok(None);
        }
        // Bytes are searched once, however many chunks are suspicious, and a window at a time.
        let from = self.looked_to.saturating_sub(here).max(1) as usize;
        if from > resync::WINDOW / 2 {
            return Ok(None);
        }
        let ahead = self.input.peek(resync::WINDOW)?;
        let found = resync::find(ahead, from, &grammar, known, left);
        if found.is_none() {
            // A chunk header may be cut by the end of what is ahead.
            let whole = ahead.len().saturating_sub(header + LONGEST_FORMAT);
            self.looked_to = self.looked_to.max(here + whole as u64);
        }
        Ok(found)
    }

    /// Parses the format chunk whose header starts `at` bytes ahead.
    fn peek_format(&mut self, at: usize, chunk: &Chunk) -> Result<Option<WavFormat>> {
        let length = chunk.body.min(LONGEST_FORMAT as u64) as usize;
        let body = at + self.grammar.header_bytes();
        let ahead = self.input.peek(body + length)?;
        Ok(ahead.get(body..).and_then(|body| self.grammar.format(body)))
    }

    /// Looks for a usable format chunk behind the audio chunk with `body` bytes that starts here.
    fn search_format(&mut self, body: u64) -> Result<Option<WavFormat>> {
        let header = self.grammar.header_bytes();
        let (mut at, mut body) = (0_usize, body);
        loop {
            let pad = self.grammar.pad_after(body);
            let next = body.saturating_add(pad).saturating_add((header + at) as u64);
            if next > MAX_FORMAT_SEARCH as u64 {
                return Ok(None);
            }
            at = next as usize;
            let ahead = self.input.peek(at + header)?;
            let Some(chunk) = ahead.get(at..).and_then(|ahead| self.grammar.chunk(ahead)) else {
                return Ok(None);
            };
            if chunk.role == Role::Format {
                return self.peek_format(at, &chunk);
            }
            body = chunk.body;
        }
    }

    /// Moves up to `left` bytes of a chunk to the foreign ones.
    fn skip(&mut self, left: u64, pad: u64) -> Result<()> {
        let room = MAX_FOREIGN - self.foreign.len();
        let wanted = usize::try_from(left).map_or(room, |left| left.min(room));
        let got = self.input.take_into(wanted, &mut self.foreign)?;
        let left = left - got as u64;
        self.state = if got < wanted {
            State::End
        } else if left > 0 {
            State::Skip { left, pad }
        } else {
            State::after(pad)
        };
        Ok(())
    }

    /// Uses up the padding after a chunk, unless the writer forgot it.
    fn skip_pad(&mut self, pad: u64) -> Result<()> {
        let (pad, grammar) = (pad as usize, self.grammar);
        let ahead = self.input.peek(pad + grammar.header_bytes())?;
        let padded = ahead.get(pad..).unwrap_or_default();
        let forgotten = ahead.first() != Some(&0)
            && (grammar.is_known(ahead)
                || (grammar.is_plausible(ahead) && !grammar.is_plausible(padded)));
        if !forgotten {
            self.input.take_into(pad, &mut self.foreign)?;
        }
        self.state = State::Chunk;
        Ok(())
    }

    /// Reads up to a segment of audio; `None` if not even one frame is left of the chunk.
    fn audio(
        &mut self,
        left: u64,
        declared: u64,
        pad: u64,
        limit: SegmentLimit,
    ) -> Result<Option<Span>> {
        let Some(format) = self.format else {
            self.state = State::Skip { left, pad };
            return Ok(None);
        };
        let frame = format.frame_bytes();
        let wanted = limit.frames(&format).saturating_mul(frame);
        let (mut left, mut declared) = (left, declared);
        let mut bytes = Vec::new();
        self.state = loop {
            let missing = wanted - bytes.len();
            let available = usize::try_from(left).map_or(missing, |left| left.min(missing));
            let got = self.input.take_into(available, &mut bytes)?;
            left -= got as u64;
            if got < available {
                break State::End;
            } else if bytes.len() == wanted {
                break State::Data { left, declared, pad };
            } else if self.audio_goes_on(declared, pad)? {
                (left, declared) = (u64::MAX, u64::MAX);
            } else {
                break State::after(pad);
            }
        };
        let whole = bytes.len() / frame * frame;
        self.foreign = bytes.split_off(whole);
        self.frames += (whole / frame) as u64;
        Ok((whole > 0).then_some(Span::Audio { bytes }))
    }

    /// Whether audio continues behind its declared end, where the input stands: no chunk follows, but
    /// bytes do. So it is where a streaming writer left the size at 0, or where the size of a file
    /// beyond 4 GiB wrapped round.
    fn audio_goes_on(&mut self, declared: u64, pad: u64) -> Result<bool> {
        let minimum = if declared == 0 { 1 } else { MIN_UNDECLARED };
        let (pad, grammar) = (pad as usize, self.grammar);
        let ahead = self.input.peek(minimum.max(pad + grammar.header_bytes()))?;
        let padded = pad > 0 && grammar.is_plausible(ahead.get(pad..).unwrap_or_default());
        Ok(ahead.len() >= minimum && !grammar.is_plausible(ahead) && !padded)
    }
}

impl State {
    /// Behind the body of a chunk.
    fn after(pad: u64) -> Self {
        if pad > 0 { State::Pad(pad) } else { State::Chunk }
    }
}

/// Bytes of the ID3v2 tag that `start` begins; 0 if there is none, or one that is too long.
fn id3_bytes(start: &[u8]) -> usize {
    let Some([b'I', b'D', b'3', _, _, flags, size @ ..]) = start.first_chunk::<10>() else {
        return 0;
    };
    // Four times 7 bits, the most significant first.
    if size.iter().any(|byte| byte & 0x80 != 0) {
        return 0;
    }
    let body = size.iter().fold(0, |size, &byte| size << 7 | usize::from(byte));
    let footer = if flags & 0x10 != 0 { 10 } else { 0 };
    Some(10 + body + footer).filter(|&bytes| bytes <= LONGEST_TAG).unwrap_or(0)
}

#[cfg(test)]
#[path = "reader_tests.rs"]
mod tests;
