//! Damaged lmz in, whatever is left of the original out.

use std::io::{self, Read, Seek, Write};
use std::ops::Range;

use super::DecompressOptions;
use super::decoding::{Decoding, Job};
use super::salvage_plan::{Held, Lost, Piece, Plan, plan};
use crate::container::{Audio, ContentHash, Found, Scan};
use crate::error::{Error, Result};
use crate::observer::Observer;
use crate::wav::{self, WavFormat};

/// What to put in place of lost samples.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Gap {
    /// Silence of the same length, so that everything that was found stays in place. Lost headers
    /// are replaced by new ones, and other lost chunks by ones that readers skip (`JUNK`).
    #[default]
    Silence,
    /// Nothing: only the frames that were found, with a new header. Other chunks are left out.
    Drop,
}

/// A part of the original that could not be restored.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Damage {
    /// `header` (the start of the file), `chunks` (other bytes that are not samples) or
    /// `samples`.
    pub what: &'static str,
    /// The bytes of the original that are lost.
    pub bytes: Range<u64>,
    /// The frames that are lost; empty where other bytes are lost.
    pub frames: Range<u64>,
    /// Their start and end in seconds; zeros if the sample rate is unknown.
    pub seconds: Range<f64>,
    /// The reason.
    pub reason: String,
}

#[cfg(feature = "serde")]
impl serde::Serialize for Damage {
    fn serialize<S: serde::Serializer>(&self, to: S) -> std::result::Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;
        let mut fields = to.serialize_struct("Damage", 8)?;
        fields.serialize_field("what", self.what)?;
        fields.serialize_field("original_offset", &self.bytes.start)?;
        fields.serialize_field("original_bytes", &(self.bytes.end - self.bytes.start))?;
        fields.serialize_field("first_frame", &self.frames.start)?;
        fields.serialize_field("frames", &(self.frames.end - self.frames.start))?;
        fields.serialize_field("start_seconds", &self.seconds.start)?;
        fields.serialize_field("end_seconds", &self.seconds.end)?;
        fields.serialize_field("reason", &self.reason)?;
        fields.end()
    }
}

/// Result of [`salvage`].
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct SalvageReport {
    /// Whether all bytes written are proven to be the original: nothing is lost, and the
    /// BLAKE3 in the trailer agrees.
    pub complete: bool,
    /// Bytes written.
    pub written_bytes: u64,
    /// Number of audio blocks restored.
    pub segments: u32,
    /// Parts of the original that are lost, in order.
    pub damage: Vec<Damage>,
    /// Damage that costs no samples: to the file header, the trailer or the footer.
    pub notes: Vec<String>,
    /// Hash of what was written.
    pub blake3: ContentHash,
}

/// Writes what is left of the original of the lmz file `input` to `output`.
///
/// Blocks are found wherever they are; a damaged one costs only its own samples. A file is lost only if
/// both header and trailer are damaged. Memory depends on the number of threads and, with some tens
/// of bytes each, of blocks. Progress is reported to `observer` in bytes of `input`, which is read up to
/// the length found by seeking to its end.
///
/// # Errors
/// [`Error::NotLmz`] and [`Error::Corrupt`] if no header is left; [`Error::Unsupported`];
/// [`Error::ModelMismatch`] and [`Error::Model`] about the model that blocks need;
/// [`Error::Limit`] for more output than allowed; [`Error::Io`]; [`Error::Interrupted`].
pub fn salvage(
    input: impl Read + Seek,
    output: impl Write,
    gap: Gap,
    options: &DecompressOptions,
    observer: &mut dyn Observer,
) -> Result<SalvageReport> {
    let mut scan = Scan::new(input)?;
    let plan = plan(&mut scan)?;
    options.check_output(plan.bytes)?;
    let header = scan.header.clone();
    let mut report = SalvageReport { notes: notes(&scan), ..SalvageReport::default() };
    let mut restorer = Restorer::new(output, gap, header.audio, &plan)?;
    let mut decoding = Decoding::start(&header, options)?;
    let mut pieces = plan.pieces.into_iter();
    let mut source = || {
        let Some(piece) = pieces.next() else { return Ok(None) };
        let (number, offset, block) = match &piece {
            Piece::Block { found, number, .. } => {
                (*number, found.offset, Some((found.original_offset, scan.read(found)?)))
            }
            Piece::Lost(_) => (0, 0, None),
        };
        Ok(Some(Job { tag: piece, number, offset, block, wanted: None }))
    };
    while let Some((piece, decoded)) = decoding.next(&mut source, observer)? {
        let lost = match (piece, decoded) {
            (Piece::Lost(lost), _) => lost,
            (Piece::Block { found, first_frame, .. }, decoded) => {
                match decoded.unwrap_or(Ok(Vec::new())) {
                    Ok(bytes) => {
                        report.segments += u32::from(found.kind.is_audio());
                        restorer.restore(&found, &bytes)?;
                        continue;
                    }
                    Err(error @ (Error::Corrupt { .. } | Error::Limit { .. })) => {
                        undecodable(&found, first_frame, &error)
                    }
                    Err(error) => return Err(error),
                }
            }
        };
        report.damage.push(damage(&lost, header.audio));
        restorer.replace(&lost)?;
    }
    restorer.finish(&mut report)?;
    let proof = scan.tail.as_ref().map(|tail| tail.trailer.hash);
    report.complete = report.damage.is_empty() && proof == Some(report.blake3);
    Ok(report)
}

/// Lists all damage of `input`, like [`salvage`], without writing the result.
///
/// # Errors
/// Those of [`salvage`].
pub fn examine(
    input: impl Read + Seek,
    options: &DecompressOptions,
    observer: &mut dyn Observer,
) -> Result<SalvageReport> {
    salvage(input, io::sink(), Gap::Silence, options, observer)
}

/// A block whose checksums are right and that still decodes to something else.
fn undecodable(found: &Found, first_frame: u64, error: &Error) -> Lost {
    let held = match (found.kind.is_audio(), found.original_offset) {
        (true, _) => Held::Audio,
        (false, 0) => Held::Head,
        (false, _) => Held::Foreign,
    };
    Lost {
        held,
        offset: found.original_offset,
        bytes: u64::from(found.original_length),
        first_frame,
        frames: u64::from(found.frames),
        reason: format!("does not decode: {error}"),
        undecodable: true,
    }
}

fn damage(lost: &Lost, audio: Option<Audio>) -> Damage {
    let seconds = |frames: u64| audio.map_or(0.0, |audio| audio.format.seconds(frames));
    let frames = lost.first_frame..lost.first_frame.saturating_add(lost.frames);
    Damage {
        what: match lost.held {
            Held::Head => "header",
            Held::Foreign => "chunks",
            Held::Audio => "samples",
        },
        bytes: lost.offset..lost.offset.saturating_add(lost.bytes),
        seconds: seconds(frames.start)..seconds(frames.end),
        frames,
        reason: lost.reason.clone(),
    }
}

fn notes<R>(scan: &Scan<R>) -> Vec<String> {
    let header =
        scan.header_damage.as_ref().map(|e| format!("{e}; using the trailer's copy of the header"));
    let tail = scan.tail_damage.as_ref().map(|e| match scan.tail {
        Some(_) => format!("{e}; a trailer was found elsewhere"),
        None => {
            format!("{e}; without a trailer, lmz cannot tell if something is missing at the end")
        }
    });
    header.into_iter().chain(tail).collect()
}

/// Writes what was found and what takes the place of the rest.
struct Restorer<W> {
    output: W,
    gap: Gap,
    format: Option<WavFormat>,
    /// Totals of the original, as far as they are known.
    bytes: u64,
    frames: u64,
    /// With [`Gap::Drop`]: frames that the new header promises.
    promised: u64,
    written: u64,
    hasher: blake3::Hasher,
}

impl<W: Write> Restorer<W> {
    fn new(output: W, gap: Gap, audio: Option<Audio>, plan: &Plan) -> Result<Self> {
        let promised = plan.pieces.iter().map(|piece| match piece {
            Piece::Block { found, .. } => u64::from(found.frames),
            Piece::Lost(_) => 0,
        });
        let mut restorer = Restorer {
            output,
            gap,
            format: audio.map(|audio| audio.format),
            bytes: plan.bytes,
            frames: plan.frames,
            promised: promised.sum(),
            written: 0,
            hasher: blake3::Hasher::new(),
        };
        if let (Gap::Drop, Some(format)) = (gap, restorer.format) {
            restorer.write(&wav::canonical_header(&format, restorer.promised))?;
        }
        Ok(restorer)
    }

    fn restore(&mut self, found: &Found, bytes: &[u8]) -> Result<()> {
        let left_out = self.gap == Gap::Drop && self.format.is_some() && !found.kind.is_audio();
        if left_out { Ok(()) } else { self.write(bytes) }
    }

    /// Writes what stands for lost bytes.
    fn replace(&mut self, lost: &Lost) -> Result<()> {
        // The new header has promised the frames of a block that seemed sound.
        if self.gap == Gap::Drop && !(lost.undecodable && lost.held == Held::Audio) {
            return Ok(());
        }
        match (lost.held, self.format) {
            (Held::Head, Some(format)) if lost.bytes <= wav::MAX_FOREIGN as u64 => {
                let header = wav::header_of_length(&format, self.frames, lost.bytes, self.bytes);
                self.write(&header)
            }
            (Held::Audio, Some(format)) => self.fill(format.sample.silence(), lost.bytes),
            _ => {
                let filler = wav::filler(self.format.as_ref(), lost.offset, lost.bytes);
                self.write(&filler)?;
                self.fill(0, lost.bytes - filler.len() as u64)
            }
        }
    }

    fn fill(&mut self, byte: u8, mut count: u64) -> Result<()> {
        let run = [byte; 1 << 14];
        while count > 0 {
            let length = count.min(run.len() as u64);
            self.write(&run[..length as usize])?;
            count -= length;
        }
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.hasher.update(bytes);
        self.written += bytes.len() as u64;
        Ok(self.output.write_all(bytes)?)
    }

    fn finish(mut self, report: &mut SalvageReport) -> Result<()> {
        if let (Gap::Drop, Some(format)) = (self.gap, self.format) {
            self.fill(0, wav::padding(&format, self.promised))?;
        }
        self.output.flush()?;
        report.written_bytes = self.written;
        report.blake3 = ContentHash::finish(&self.hasher);
        Ok(())
    }
}
