//! The file header (§4): what a decoder must know before the first block.

use std::borrow::Cow;
use std::io::Read;

use super::fields::{Fields, put_number};
use super::layout::{
    CRC_LENGTH, DRAFT, MAGIC, MAX_BLOCK_ORIGINAL, MAX_HEADER_BODY_LENGTH, MAX_SEGMENT_SAMPLES,
    PROLOGUE_LENGTH, VERSION,
};
use super::source::{Source, check_crc, codes_ignored};
use super::{audio_format, fingerprint};
use crate::codec::Level;
use crate::error::{Error, Result};
use crate::wav::WavFormat;

/// Flag of the header: there is an audio format (§4.2).
const HAS_AUDIO: u8 = 1;
/// Flag of the header: the fingerprint is coded (§4.4).
const CODED_FINGERPRINT: u8 = 2;

/// How often the fingerprint is in a file: in the header, and in the trailer's copy.
const FINGERPRINT_COPIES: usize = 2;

/// How the samples of the file are laid out and cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Audio {
    /// Format of the samples.
    pub format: WavFormat,
    /// Largest number of frames in one segment.
    pub segment_frames: u32,
}

/// Contents of the file header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileHeader {
    /// How much prediction the segments were coded with.
    pub level: Level,
    /// Absent when no byte of the file was recognised as samples.
    pub audio: Option<Audio>,
    /// Identity of the language model that blocks may use; empty for none.
    pub fingerprint: Vec<u8>,
    /// Whether the fingerprint, if there is one, is stored in fewer bytes (§4.4).
    pub fingerprint_coded: bool,
}

impl FileHeader {
    /// The header's bytes (§4).
    ///
    /// # Errors
    /// [`Error::Limit`] for a fingerprint above [`MAX_FINGERPRINT`](super::layout::MAX_FINGERPRINT).
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        fingerprint::check_length(self.fingerprint.len(), 0)?;
        let body = self.body()?;
        let mut bytes = Vec::with_capacity(PROLOGUE_LENGTH + body.len() + CRC_LENGTH);
        bytes.extend_from_slice(&MAGIC);
        bytes.extend_from_slice(&[VERSION, DRAFT]);
        bytes.extend_from_slice(&(body.len() as u16).to_le_bytes());
        bytes.extend_from_slice(&body);
        bytes.extend_from_slice(&crc32fast::hash(&bytes).to_le_bytes());
        Ok(bytes)
    }

    /// The fingerprint as it is stored.
    fn stored_fingerprint(&self) -> Result<Cow<'_, [u8]>> {
        match self.fingerprint_coded && !codes_ignored() && !self.fingerprint.is_empty() {
            true => Ok(Cow::Owned(fingerprint::encode(&self.fingerprint)?)),
            false => Ok(Cow::Borrowed(&self.fingerprint)),
        }
    }

    /// Has the fingerprint coded if that is shorter.
    ///
    /// # Errors
    /// None are known.
    pub fn code_fingerprint(&mut self) -> Result<()> {
        self.fingerprint_coded = !self.fingerprint.is_empty()
            && fingerprint::encode(&self.fingerprint)?.len() < self.fingerprint.len();
        Ok(())
    }

    /// Bytes that naming the model takes in a file.
    ///
    /// # Errors
    /// None are known.
    pub fn cost_of_fingerprint(&self) -> Result<usize> {
        Ok(FINGERPRINT_COPIES * self.stored_fingerprint()?.len())
    }

    /// The header's body (§4.2). The trailer holds a copy.
    pub(super) fn body(&self) -> Result<Vec<u8>> {
        let fingerprint = self.stored_fingerprint()?;
        let coded = self.fingerprint_coded && !fingerprint.is_empty();
        let flag = |set, flag| if set { flag } else { 0 };
        let flags = flag(self.audio.is_some(), HAS_AUDIO) | flag(coded, CODED_FINGERPRINT);
        let mut out = vec![self.level as u8, flags];
        if let Some(audio) = &self.audio {
            audio_format::put(&mut out, &audio.format);
            put_number(&mut out, audio.segment_frames);
        }
        out.extend_from_slice(&fingerprint);
        Ok(out)
    }

    /// Reads the header from the start of a file, and its body as it stands there; `Source::position` is
    /// then that of the first block.
    pub(super) fn read<R: Read>(source: &mut Source<R>) -> Result<(Self, Vec<u8>)> {
        let mut magic = [0; MAGIC.len()];
        let got = source.fill_up_to(&mut magic)?;
        check_magic(&magic[..got])?;
        let mut rest = [0; PROLOGUE_LENGTH - MAGIC.len()];
        source.fill(&mut rest, "file header")?;
        let [version, draft, low, high] = rest;
        let length = usize::from(u16::from_le_bytes([low, high]));
        let body = source.take(length, "file header")?;
        let mut stored = [0; CRC_LENGTH];
        source.fill(&mut stored, "file header")?;

        // The CRC comes before the version: only then does an unknown version mean "newer".
        let mut crc = crc32fast::Hasher::new();
        for part in [&magic[..], &rest, &body] {
            crc.update(part);
        }
        check_crc(0, "file header", u32::from_le_bytes(stored), crc.finalize())?;
        check_version(version, draft)?;
        Ok((parse_body(&body, PROLOGUE_LENGTH as u64)?, body))
    }
}

/// The body (§4.2) within the bytes of a header.
pub(super) fn body_of(header: &[u8]) -> &[u8] {
    &header[PROLOGUE_LENGTH..header.len() - CRC_LENGTH]
}

fn check_magic(found: &[u8]) -> Result<()> {
    if found == MAGIC {
        return Ok(());
    }
    let reason = if found.is_empty() {
        "the file is empty".to_owned()
    } else if MAGIC.starts_with(found) {
        format!("it ends after {} bytes of the signature", found.len())
    } else if found.starts_with(&MAGIC[..4]) {
        "the signature was altered, as by a transfer in text mode".to_owned()
    } else if found.starts_with(b"RIFF") || found.starts_with(b"RF64") {
        "it is a WAV file".to_owned()
    } else if found.starts_with(b"FORM") || found.starts_with(b"caff") {
        "it is an AIFF or CAF file".to_owned()
    } else {
        format!("it starts with {found:02x?}")
    };
    Err(Error::NotLmz(reason))
}

fn check_version(version: u8, draft: u8) -> Result<()> {
    match (version, draft) {
        (VERSION, DRAFT) => Ok(()),
        (VERSION, _) => Err(Error::Unsupported(format!(
            "it was written by a development version of lmz (format {version} draft {draft}); \
                 decompress it with that version"
        ))),
        _ => Err(newer(format!("format version {version}, but this lmz reads {VERSION}"))),
    }
}

/// An intact file with something that this version does not define.
pub(super) fn newer(what: String) -> Error {
    Error::Unsupported(format!("made by a newer lmz? {what}"))
}

/// The one of `all` whose number in a file is `number`; `what` names it in messages.
pub(super) fn by_number<T: Copy>(
    all: impl IntoIterator<Item = T>,
    number: u8,
    number_of: impl Fn(T) -> u8,
    what: &str,
) -> Result<T> {
    let found = all.into_iter().find(|&one| number_of(one) == number);
    found.ok_or_else(|| newer(format!("{what} {number}")))
}

/// Inverse of [`FileHeader::body`], for a body at offset `at` of the lmz file.
pub(super) fn parse_body(body: &[u8], at: u64) -> Result<FileHeader> {
    if body.len() > MAX_HEADER_BODY_LENGTH {
        let reason = format!("{} bytes, at most {MAX_HEADER_BODY_LENGTH} allowed", body.len());
        return Err(Error::Limit { offset: at, reason: format!("a file header of {reason}") });
    }
    let mut fields = Fields::new(body, at, "file header");
    // Level of prediction.
    let level = by_number(Level::ALL, fields.u8()?, |level| level as u8, "level")?;
    let flags = fields.u8()?;
    if flags & !(HAS_AUDIO | CODED_FINGERPRINT) != 0 {
        return Err(newer(format!("unknown flags {flags:#04x} in the header")));
    }
    let audio = if flags & HAS_AUDIO != 0 {
        let format = audio_format::take(&mut fields)?;
        // Largest number of frames in a segment.
        let audio = Audio { format, segment_frames: fields.number()? };
        check_audio(&audio, at)?;
        Some(audio)
    } else {
        None
    };
    // The rest is the model's fingerprint.
    let fingerprint_at = fields.offset();
    let stored = fields.rest();
    fingerprint::check_length(stored.len(), fingerprint_at)?;
    let fingerprint_coded = flags & CODED_FINGERPRINT != 0;
    let fingerprint = match fingerprint_coded && !codes_ignored() {
        true => fingerprint::decode(stored).map_err(|error| match error {
            Error::Payload(fault) => {
                Error::corrupt(fingerprint_at, format!("fingerprint: {fault}"))
            }
            other => other,
        })?,
        false => stored.to_vec(),
    };
    Ok(FileHeader { level, audio, fingerprint, fingerprint_coded })
}

/// Refuses parameters with which a block could take more than §13 allows.
fn check_audio(audio: &Audio, at: u64) -> Result<()> {
    let (channels, frame_bytes) = (audio.format.channels, audio.format.frame_bytes());
    let frames = u64::from(audio.segment_frames);
    if frames == 0 {
        return Err(Error::corrupt(at, "segments of no frames"));
    }
    // An opaque frame holds an unknown number of samples, and none of them is predicted.
    let samples = if audio.format.sample.width() == 0 { 0 } else { frames * u64::from(channels) };
    if samples > u64::from(MAX_SEGMENT_SAMPLES)
        || frames * frame_bytes as u64 > u64::from(MAX_BLOCK_ORIGINAL)
    {
        return Err(Error::Limit {
            offset: at,
            reason: format!(
                "segments of {frames} frames of {channels} channels and {frame_bytes} bytes; \
                 at most {MAX_SEGMENT_SAMPLES} samples and {MAX_BLOCK_ORIGINAL} bytes allowed"
            ),
        });
    }
    Ok(())
}
