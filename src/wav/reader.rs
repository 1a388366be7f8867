//! The chunk walk: a stream becomes spans whose concatenation is the stream.

use std::io::Read;

use super::fmt;
use super::format::{Endian, WavFormat};
use super::input::Input;
use crate::error::{Error, Result};

/// Longest foreign span, in bytes.
pub const MAX_FOREIGN: usize = 1 << 20;

/// How far to look for `fmt ` when a `data` chunk comes first, in bytes, all held in memory.
const MAX_FORMAT_SEARCH: usize = 64 << 20;

/// Bytes after the declared end of `data` that, if they are no chunk, are taken for audio
/// whose size did not fit in its field, and not for something small that was appended.
const MIN_UNDECLARED: usize = 64 << 10;

/// Size field of writers that do not know the size: RF64 (`ds64` knows it), or a pipe.
const UNKNOWN_SIZE: u32 = u32::MAX;

/// Identifiers that are believed at an odd position, where a pad byte is missing.
const KNOWN_IDS: [&[u8; 4]; 16] = [
    b"fmt ", b"data", b"LIST", b"fact", b"bext", b"cue ", b"smpl", b"inst", b"JUNK", b"PAD ",
    b"iXML", b"id3 ", b"ID3 ", b"PEAK", b"axml", b"plst",
];

/// A piece of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Span {
    /// Anything but samples: 1 to [`MAX_FOREIGN`] bytes.
    Foreign(Vec<u8>),
    /// Whole frames of the format that [`WavReader::format`] tells; at least one.
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
    /// In a chunk that is not audio: bytes left, and whether a pad byte is due after them.
    Skip { left: u64, odd: bool },
    /// In audio: bytes left and declared; both [`u64::MAX`] if the rest of the file is audio.
    Data { left: u64, declared: u64 },
    /// After a chunk of odd size.
    Pad,
    /// The source has ended.
    End,
}

/// Reads a WAV file from front to back, without seeking, as a sequence of [`Span`]s.
///
/// The sequence depends on the bytes and the [`SegmentLimit`] only, not on how many bytes the
/// source delivers at a time. Memory: one span, or 64 MiB if `data` comes before `fmt `.
pub struct WavReader<R> {
    input: Input<R>,
    endian: Endian,
    state: State,
    /// Foreign bytes that are used up but not delivered.
    foreign: Vec<u8>,
    format: Option<WavFormat>,
    /// The one look ahead for `fmt ` has been done.
    searched: bool,
    /// Size of `data` that `ds64` declares, in bytes.
    long_size: Option<u64>,
    declared: Option<u64>,
    frames: u64,
}

impl<R: Read> WavReader<R> {
    /// Starts reading at the first byte of a file.
    ///
    /// # Errors
    /// [`Error::NotWav`] if it starts otherwise than RIFF, RIFX, RF64 and BW64 files with
    /// form type `WAVE` do; [`Error::Io`].
    pub fn new(source: R) -> Result<Self> {
        let mut input = Input::new(source);
        let start = input.peek(12)?;
        let endian = match start.first_chunk::<12>() {
            Some([b'R', b'I', b'F', b'F', .., b'W', b'A', b'V', b'E']) => Endian::Little,
            Some([b'R', b'F', b'6', b'4', .., b'W', b'A', b'V', b'E']) => Endian::Little,
            Some([b'B', b'W', b'6', b'4', .., b'W', b'A', b'V', b'E']) => Endian::Little,
            Some([b'R', b'I', b'F', b'X', .., b'W', b'A', b'V', b'E']) => Endian::Big,
            _ => return Err(Error::NotWav { reason: describe(start) }),
        };
        let mut foreign = Vec::new();
        input.take_into(12, &mut foreign)?;
        Ok(WavReader {
            input,
            endian,
            state: State::Chunk,
            foreign,
            format: None,
            searched: false,
            long_size: None,
            declared: None,
            frames: 0,
        })
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
            if self.foreign.len() > MAX_FOREIGN - 8 {
                return Ok(self.take_foreign());
            }
            match self.state {
                State::Chunk => self.start_chunk()?,
                State::Skip { left, odd } => self.skip(left, odd)?,
                State::Pad => self.skip_pad()?,
                State::Data { left, declared } => {
                    if !self.foreign.is_empty() {
                        return Ok(self.take_foreign());
                    }
                    if let Some(span) = self.audio(left, declared, limit)? {
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
        let endian = self.endian;
        let Some(&header) = self.input.peek(8)?.first_chunk::<8>() else {
            self.state = State::Skip { left: u64::MAX, odd: false };
            return Ok(());
        };
        let (id, size) = split_header(&header, endian);
        let body = u64::from(size);
        self.state = State::Skip { left: body, odd: body % 2 == 1 };
        match &id {
            b"fmt " if self.format.is_none() => {
                self.format = self.peek_format(0, size)?;
            }
            b"ds64" => {
                // riffSize, dataSize, sampleCount: 64 bits each, then sizes of other chunks.
                let sizes = self.input.peek(24)?.get(16..).and_then(<[u8]>::first_chunk);
                self.long_size = sizes.map(|bytes| u64::from_le_bytes(*bytes));
            }
            b"data" => {
                let declared = match (size, self.long_size) {
                    (UNKNOWN_SIZE, Some(long)) => long,
                    (UNKNOWN_SIZE, None) => u64::MAX,
                    _ => body,
                };
                self.state = State::Skip { left: declared, odd: declared % 2 == 1 };
                if self.format.is_none() && !self.searched {
                    self.searched = true;
                    self.format = self.search_format(declared)?;
                }
                if self.format.is_some() {
                    self.declared = Some(declared).filter(|&size| size != u64::MAX && size > 0);
                    self.state = State::Data { left: declared, declared };
                }
            }
            _ => {}
        }
        self.input.take_into(8, &mut self.foreign)?;
        Ok(())
    }

    /// Parses the `fmt ` chunk of `size` bytes whose header starts `at` bytes ahead.
    fn peek_format(&mut self, at: usize, size: u32) -> Result<Option<WavFormat>> {
        let length = fmt::MAX_BODY.min(size as usize);
        let ahead = self.input.peek(at + 8 + length)?;
        Ok(ahead.get(at + 8..).and_then(|body| fmt::parse(body, self.endian)))
    }

    /// Looks for a usable `fmt ` chunk behind the `data` chunk that starts here.
    fn search_format(&mut self, data_size: u64) -> Result<Option<WavFormat>> {
        let mut at = 0_usize;
        let mut size = data_size;
        loop {
            let next = size.saturating_add(size % 2).saturating_add(8 + at as u64);
            if next > MAX_FORMAT_SEARCH as u64 {
                return Ok(None);
            }
            at = next as usize;
            let Some(header) = self.input.peek(at + 8)?.get(at..).and_then(<[u8]>::first_chunk)
            else {
                return Ok(None);
            };
            let (id, found) = split_header(header, self.endian);
            if &id == b"fmt " {
                return self.peek_format(at, found);
            }
            size = u64::from(found);
        }
    }

    /// Moves up to `left` bytes of a chunk to the foreign ones.
    fn skip(&mut self, left: u64, odd: bool) -> Result<()> {
        let room = MAX_FOREIGN - self.foreign.len();
        let wanted = usize::try_from(left).map_or(room, |left| left.min(room));
        let got = self.input.take_into(wanted, &mut self.foreign)?;
        let left = left - got as u64;
        self.state = if got < wanted {
            State::End
        } else if left > 0 {
            State::Skip { left, odd }
        } else if odd {
            State::Pad
        } else {
            State::Chunk
        };
        Ok(())
    }

    /// Uses up the pad byte after a chunk of odd size, unless the writer forgot it.
    fn skip_pad(&mut self) -> Result<()> {
        let ahead = self.input.peek(5)?;
        let forgotten = match ahead.first_chunk::<4>() {
            None | Some([0, ..]) => false,
            Some(id) => {
                KNOWN_IDS.contains(&id) || (is_plausible(ahead) && !is_plausible(&ahead[1..]))
            }
        };
        if !forgotten {
            self.input.take_into(1, &mut self.foreign)?;
        }
        self.state = State::Chunk;
        Ok(())
    }

    /// Reads up to a segment of audio; `None` if not even one frame is left of the chunk.
    fn audio(&mut self, left: u64, declared: u64, limit: SegmentLimit) -> Result<Option<Span>> {
        let Some(format) = self.format else {
            self.state = State::Skip { left, odd: declared % 2 == 1 };
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
                break State::Data { left, declared };
            } else if self.data_goes_on(declared)? {
                (left, declared) = (u64::MAX, u64::MAX);
            } else {
                break if declared % 2 == 1 { State::Pad } else { State::Chunk };
            }
        };
        let whole = bytes.len() / frame * frame;
        self.foreign = bytes.split_off(whole);
        self.frames += (whole / frame) as u64;
        Ok((whole > 0).then_some(Span::Audio { bytes }))
    }

    /// Whether audio continues behind the declared end of `data`, where the input stands: no
    /// chunk follows, but bytes do. So it is where a streaming writer left the size at 0, or
    /// where the size of a file beyond 4 GiB wrapped round.
    fn data_goes_on(&mut self, declared: u64) -> Result<bool> {
        let minimum = if declared == 0 { 1 } else { MIN_UNDECLARED };
        let ahead = self.input.peek(minimum.max(5))?;
        let padded = declared % 2 == 1 && is_plausible(ahead.get(1..).unwrap_or_default());
        Ok(ahead.len() >= minimum && !is_plausible(ahead) && !padded)
    }
}

fn split_header(header: &[u8; 8], endian: Endian) -> ([u8; 4], u32) {
    let [a, b, c, d, size @ ..] = *header;
    let size = match endian {
        Endian::Little => u32::from_le_bytes(size),
        Endian::Big => u32::from_be_bytes(size),
    };
    ([a, b, c, d], size)
}

/// Whether `bytes` start like a chunk identifier: four printable characters, not all equal.
fn is_plausible(bytes: &[u8]) -> bool {
    let Some(id) = bytes.first_chunk::<4>() else { return false };
    id.iter().all(|byte| (b' '..=b'~').contains(byte)) && id.iter().any(|byte| *byte != id[0])
}

/// What a file is that is not a WAV file, judged by its first 12 bytes.
fn describe(start: &[u8]) -> String {
    match (start.len(), start.first_chunk::<4>()) {
        (0, _) => "empty file".into(),
        (12, Some(b"RIFF" | b"RIFX" | b"RF64" | b"BW64")) => {
            format!("RIFF file of type \"{}\", not \"WAVE\"", start[8..].escape_ascii())
        }
        (12, Some(magic)) => match named(start) {
            Some(name) => format!("this is {name}"),
            None => format!("starts with \"{}\"", magic.escape_ascii()),
        },
        (1, _) => "only 1 byte".into(),
        (length, _) => format!("only {length} bytes"),
    }
}

/// What people take for WAV files, by the first bytes, and what to do about it.
fn named(start: &[u8]) -> Option<&'static str> {
    Some(match start {
        [b'r', b'i', b'f', b'f', ..] => "Wave64: convert it to RF64 first, as with sox",
        [b'F', b'O', b'R', b'M', ..] => "AIFF: convert it to WAV first",
        [b'c', b'a', b'f', b'f', ..] => "CAF: convert it to WAV first",
        [b'f', b'L', b'a', b'C', ..] => "FLAC: decode it first (flac -d)",
        [b'w', b'v', b'p', b'k', ..] => "WavPack: decode it first (wvunpack)",
        [b'M', b'A', b'C', b' ', ..] => "Monkey's Audio: decode it first",
        [b'O', b'g', b'g', b'S', ..] => "Ogg, compressed already",
        [0xff, 0xfb | 0xf3 | 0xf2 | 0xfa, ..] => "MP3, compressed already",
        [b'I', b'D', b'3', ..] => "an MP3 file, or another behind an ID3 tag: remove the tag",
        [0x89, b'L', b'M', b'Z', ..] => "an lmz file: decompress restores it",
        _ => return None,
    })
}

#[cfg(test)]
#[path = "reader_tests.rs"]
mod tests;
