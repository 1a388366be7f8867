//! The file header (§4): what a decoder must know before the first block.

use std::borrow::Cow;
use std::io::Read;

use byteorder::{ByteOrder, LE, ReadBytesExt, WriteBytesExt};

use super::fingerprint;
use super::layout::{
    CRC_LENGTH, DRAFT, HEADER_BODY_LENGTH, KNOWN_REQUIRED_FEATURES, MAGIC, MAX_BLOCK_ORIGINAL,
    MAX_FINGERPRINT, MAX_HEADER_LENGTH, MAX_SEGMENT_SAMPLES, PROLOGUE_LENGTH, VERSION,
};
use super::source::{Source, check_crc, codes_ignored};
use crate::codec::Level;
use crate::error::{Error, Result};
use crate::wav::WavFormat;

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
    /// [`Error::Limit`] for a fingerprint above [`MAX_FINGERPRINT`].
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        if self.fingerprint.len() > MAX_FINGERPRINT {
            return Err(Error::Limit {
                offset: 0,
                reason: format!(
                    "model fingerprint of {} bytes, at most {MAX_FINGERPRINT} allowed",
                    self.fingerprint.len()
                ),
            });
        }
        let body = self.body()?;
        let mut bytes = prologue(PROLOGUE_LENGTH + body.len() + CRC_LENGTH)?;
        bytes.extend_from_slice(&body);
        bytes.write_u32::<LE>(crc32fast::hash(&body))?;
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

    /// The header's body (§4.2), without its CRC. The trailer holds a copy.
    pub(super) fn body(&self) -> Result<Vec<u8>> {
        let fingerprint = self.stored_fingerprint()?;
        let coded = self.fingerprint_coded && !fingerprint.is_empty();
        let mut out = Vec::with_capacity(HEADER_BODY_LENGTH + fingerprint.len());
        out.write_u8(self.level as u8)?;
        out.write_u8(if coded { CODED_FINGERPRINT } else { 0 })?;
        let no_audio = ([0; WavFormat::BYTES], 0);
        let (format, segment_frames) =
            self.audio.map_or(no_audio, |audio| (audio.format.to_bytes(), audio.segment_frames));
        out.extend_from_slice(&format);
        out.write_u32::<LE>(segment_frames)?;
        out.write_u16::<LE>(fingerprint.len() as u16)?;
        out.extend_from_slice(&fingerprint);
        Ok(out)
    }

    /// Reads the header from the start of a file; `Source::position` is then that of the
    /// first block.
    pub(super) fn read<R: Read>(source: &mut Source<R>) -> Result<Self> {
        let mut prologue = [0; PROLOGUE_LENGTH];
        let length = read_prologue(source, &mut prologue)?;
        let body = source.take(length - PROLOGUE_LENGTH - CRC_LENGTH, "file header")?;
        let mut stored = [0; CRC_LENGTH];
        source.fill(&mut stored, "file header")?;
        check_crc(
            PROLOGUE_LENGTH as u64,
            "file header",
            LE::read_u32(&stored),
            crc32fast::hash(&body),
        )?;
        parse_body(&body, PROLOGUE_LENGTH as u64)
    }
}

/// The body (§4.2) within the bytes of a header.
pub(super) fn body_of(header: &[u8]) -> &[u8] {
    &header[PROLOGUE_LENGTH..header.len() - CRC_LENGTH]
}

/// The part of the header that every version shares (§4.1).
fn prologue(header_length: usize) -> Result<Vec<u8>> {
    let mut out = Vec::with_capacity(header_length);
    out.extend_from_slice(&MAGIC);
    out.write_u16::<LE>(VERSION)?;
    out.write_u16::<LE>(DRAFT)?;
    out.write_u16::<LE>(0)?; // features a decoder must understand
    out.write_u16::<LE>(0)?; // features a decoder may ignore
    out.write_u32::<LE>(header_length as u32)?;
    let crc = crc32fast::hash(&out);
    out.write_u32::<LE>(crc)?;
    Ok(out)
}

/// Reads and checks the prologue; returns the length of the whole header in bytes.
fn read_prologue<R: Read>(
    source: &mut Source<R>,
    bytes: &mut [u8; PROLOGUE_LENGTH],
) -> Result<usize> {
    let (magic, rest) = bytes.split_at_mut(MAGIC.len());
    let got = source.fill_up_to(magic)?;
    check_magic(&magic[..got])?;
    source.fill(rest, "file header")?;

    // The CRC comes before the version: only then does an unknown version mean "newer".
    let crc_at = PROLOGUE_LENGTH - CRC_LENGTH;
    let computed = crc32fast::hash(&bytes[..crc_at]);
    check_crc(0, "prologue", LE::read_u32(&bytes[crc_at..]), computed)?;

    let mut fields = &bytes[MAGIC.len()..crc_at];
    // Format version, and the number of its draft.
    let version = fields.read_u16::<LE>()?;
    let draft = fields.read_u16::<LE>()?;
    check_version(version, draft)?;
    // Features that a decoder must understand.
    let required = fields.read_u16::<LE>()?;
    if required & !KNOWN_REQUIRED_FEATURES != 0 {
        return Err(newer(format!("it uses unknown features {required:#06x}")));
    }
    // Features that a decoder may ignore.
    let _ = fields.read_u16::<LE>()?;
    // Length of the whole header.
    let length = fields.read_u32::<LE>()? as usize;
    let least = PROLOGUE_LENGTH + HEADER_BODY_LENGTH + CRC_LENGTH;
    if !(least..=MAX_HEADER_LENGTH).contains(&length) {
        return Err(Error::Limit {
            offset: 16,
            reason: format!("header of {length} bytes, {least} to {MAX_HEADER_LENGTH} allowed"),
        });
    }
    Ok(length)
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
        "the signature was altered, as a transfer in text mode does".to_owned()
    } else if found.starts_with(b"RIFF") || found.starts_with(b"RF64") {
        "it is a WAV file".to_owned()
    } else if found.starts_with(b"FORM") || found.starts_with(b"caff") {
        "it is an AIFF or CAF file".to_owned()
    } else {
        format!("it starts with {found:02x?}")
    };
    Err(Error::NotLmz { reason })
}

fn check_version(version: u16, draft: u16) -> Result<()> {
    match (version, draft) {
        (VERSION, DRAFT) => Ok(()),
        (VERSION, _) => Err(Error::Unsupported {
            reason: format!(
                "it was written by a development version of lmz (format {version} draft {draft}); \
                 decompress it with that one"
            ),
        }),
        _ => Err(newer(format!("format version {version}, this lmz reads {VERSION}"))),
    }
}

/// An intact file with something that this version does not define.
pub(super) fn newer(what: String) -> Error {
    Error::Unsupported { reason: format!("made by a newer lmz? {what}") }
}

/// Inverse of [`FileHeader::body`], for a body at offset `at` of the lmz file.
pub(super) fn parse_body(body: &[u8], at: u64) -> Result<FileHeader> {
    let mut fields = body;
    // Level of prediction.
    let level = level_from(fields.read_u8()?)?;
    // Flags.
    let flags = fields.read_u8()?;
    if flags & !CODED_FINGERPRINT != 0 {
        return Err(newer(format!("unknown flags {flags:#04x} in the header")));
    }
    // Format of the samples (§4.3); all zero means that the file has none.
    let mut format = [0; WavFormat::BYTES];
    fields.read_exact(&mut format)?;
    // Largest number of frames in a segment.
    let segment_frames = fields.read_u32::<LE>()?;
    // Length of the model's fingerprint in bytes, then the fingerprint.
    let fingerprint_length = usize::from(fields.read_u16::<LE>()?);
    if fingerprint_length != fields.len() {
        return Err(Error::corrupt(at, "the fingerprint does not fill the header"));
    }
    let fingerprint_coded = flags & CODED_FINGERPRINT != 0;
    let fingerprint = match fingerprint_coded && !codes_ignored() {
        true => fingerprint::decode(fields).map_err(|error| match error {
            Error::Payload(fault) => {
                Error::corrupt(at + HEADER_BODY_LENGTH as u64, format!("fingerprint: {fault}"))
            }
            other => other,
        })?,
        false => fields.to_vec(),
    };

    let audio = if format == [0; WavFormat::BYTES] {
        if segment_frames != 0 {
            return Err(Error::corrupt(at, "a segment length without a sample format"));
        }
        None
    } else {
        let format = WavFormat::from_bytes(&format).map_err(|error| match error {
            Error::Corrupt { offset, reason } => Error::corrupt(at + 2 + offset, reason),
            other => other,
        })?;
        let audio = Audio { format, segment_frames };
        check_audio(&audio, at)?;
        Some(audio)
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

fn level_from(byte: u8) -> Result<Level> {
    Level::ALL
        .into_iter()
        .find(|level| *level as u8 == byte)
        .ok_or_else(|| newer(format!("level {byte}")))
}
