//! The chunk grammar of each container: identifiers, sizes, byte order, alignment.
//!
//! What differs between RIFF, RIFX, RF64, Wave64, AIFF and CAF is here; the walk through the chunks,
//! in `reader`, is the same for all. The idea is that of `ChunksReader` in symphonia-format-riff.

use super::container::Container;
use super::format::{Endian, WavFormat};
use super::{aiff, caf, fmt};

/// Longest part of a format chunk that is looked at, in bytes: a `WAVEFORMATEXTENSIBLE`.
pub(super) const LONGEST_FORMAT: usize = 40;

/// Bytes by which containers differ: as many as Wave64 has before its first chunk.
pub(super) const LONGEST_START: usize = 40;

/// Longest chunk header with what lies between it and the samples, in bytes.
pub(super) const LONGEST_HEADER: usize = 24 + 8 + MAX_SSND_OFFSET;

/// Largest `offset` of an AIFF `SSND` chunk that is accepted, in bytes. Block-aligned writers use
/// up to a sector; nearly all write 0.
const MAX_SSND_OFFSET: usize = 4096;

/// Ends of the GUIDs that Wave64 makes of the identifiers of RIFF.
const GUID_TAIL: [u8; 12] = *b"\xf3\xac\xd3\x11\x8c\xd1\x00\xc0\x4f\x8e\xdb\x8a";
const GUID_TAIL_OF_RIFF: [u8; 12] = *b"\x2e\x91\xcf\x11\xa5\xd6\x28\xdb\x04\xc1\x00\x00";
const GUID_TAIL_OF_LIST: [u8; 12] = *b"\x2f\x91\xcf\x11\xa5\xd6\x28\xdb\x04\xc1\x00\x00";

/// Identifiers that are accepted at an odd position, where a pad byte is missing.
const KNOWN_IDS: [&[u8; 4]; 34] = [
    b"fmt ", b"data", b"LIST", b"fact", b"bext", b"cue ", b"smpl", b"inst", b"JUNK", b"PAD ",
    b"iXML", b"id3 ", b"ID3 ", b"PEAK", b"axml", b"plst", b"junk", b"chna", b"_PMX", b"COMM",
    b"SSND", b"FVER", b"MARK", b"INST", b"COMT", b"NAME", b"AUTH", b"ANNO", b"(c) ", b"APPL",
    b"desc", b"chan", b"info", b"free",
];

/// How the files of one container are divided into chunks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Grammar {
    pub(super) container: Container,
    /// Byte order of sizes.
    pub(super) endian: Endian,
    /// Bytes before the first chunk.
    pub(super) start: usize,
    /// Bytes of an identifier and of a size.
    id: usize,
    size: usize,
    /// Chunks start at multiples of this many bytes.
    align: u64,
    /// Whether the size of a chunk counts its header.
    inclusive: bool,
}

pub(super) const RIFF: Grammar = Grammar {
    container: Container::Wav,
    endian: Endian::Little,
    start: 12,
    id: 4,
    size: 4,
    align: 2,
    inclusive: false,
};
const RIFX: Grammar = Grammar { endian: Endian::Big, ..RIFF };
const AIFF: Grammar = Grammar { container: Container::Aiff, ..RIFX };
const AIFF_C: Grammar = Grammar { container: Container::AiffC, ..RIFX };
const CAF: Grammar = Grammar { container: Container::Caf, start: 8, size: 8, align: 1, ..RIFX };
const WAVE64: Grammar = Grammar {
    container: Container::Wave64,
    start: 40,
    id: 16,
    size: 8,
    align: 8,
    inclusive: true,
    ..RIFF
};

impl Grammar {
    /// That of raw samples: there are no chunks, and none are ever read.
    pub(super) const RAW: Self = Grammar { container: Container::Raw, start: 0, ..RIFF };
}

/// What a chunk is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// The format of the samples: `fmt `, `COMM`, `desc`.
    Format,
    /// `ds64`: sizes of RF64 that do not fit in 32 bits.
    LongSizes,
    /// Samples: `data`, `SSND`.
    Audio,
    Other,
}

/// A chunk header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Chunk {
    pub(super) role: Role,
    /// Bytes after the header, without padding, as declared.
    pub(super) body: u64,
    /// All bits of the size are set: the writer did not know it, or it is elsewhere.
    pub(super) open: bool,
    /// Whether the size is printable text, and so perhaps no size.
    pub(super) text: bool,
}

impl Grammar {
    /// The grammar of a file that starts with `start`, of [`LONGEST_START`] bytes if it is as long.
    pub(super) fn of_file(start: &[u8]) -> Option<Self> {
        let form = start.get(8..12);
        match start.first_chunk::<4>()? {
            b"RIFF" | b"RF64" | b"BW64" if form == Some(b"WAVE") => Some(RIFF),
            b"RIFX" if form == Some(b"WAVE") => Some(RIFX),
            b"FORM" if form == Some(b"AIFF") => Some(AIFF),
            b"FORM" if form == Some(b"AIFC") => Some(AIFF_C),
            b"caff" if start.get(4..6) == Some(&[0, 1]) => Some(CAF),
            b"riff" if is_guid(start, b"riff") && is_guid(start.get(24..)?, b"wave") => {
                Some(WAVE64)
            }
            _ => None,
        }
    }

    /// The grammar in which a header for samples of `format` is written. Raw samples have none.
    pub(super) fn of_format(format: &WavFormat) -> Option<Self> {
        match format.container {
            Container::Wav => match format.sample.endian() {
                Endian::Little => Some(RIFF),
                Endian::Big => Some(RIFX),
            },
            Container::Wave64 => Some(WAVE64),
            Container::Aiff => Some(AIFF),
            Container::AiffC => Some(AIFF_C),
            Container::Caf => Some(CAF),
            Container::Raw => None,
        }
    }

    /// Length of a file with this start, as it declares it; `None` if it does not.
    pub(super) fn declared_length(&self, start: &[u8]) -> Option<u64> {
        let (field, rest) = match self.container {
            Container::Wave64 => (start.get(16..24)?, 0),
            Container::Caf | Container::Raw => return None,
            _ => (start.get(4..8)?, 8),
        };
        let all_set = field.iter().all(|&byte| byte == 0xff);
        let length = self.number(field);
        (!all_set && length > 0).then(|| length.saturating_add(rest))
    }

    /// Bytes of a chunk header.
    pub(super) fn header_bytes(&self) -> usize {
        self.id + self.size
    }

    /// The chunk whose header `ahead` starts with; `None` if that is cut short.
    pub(super) fn chunk(&self, ahead: &[u8]) -> Option<Chunk> {
        let (_, size) = ahead.get(..self.header_bytes())?.split_at(self.id);
        let declared = self.number(size);
        let counted = if self.inclusive { self.header_bytes() as u64 } else { 0 };
        Some(Chunk {
            role: self.role(ahead),
            body: declared.saturating_sub(counted),
            open: size.iter().all(|&byte| byte == 0xff),
            text: size.iter().all(|byte| (b' '..=b'~').contains(byte)),
        })
    }

    /// The role that the identifier at the start of `ahead` has.
    pub(super) fn role(&self, ahead: &[u8]) -> Role {
        let Some(id) = ahead.first_chunk::<4>() else { return Role::Other };
        let role = match (self.container, id) {
            (Container::Wav | Container::Wave64, b"fmt ") => Role::Format,
            (Container::Wav, b"ds64") => Role::LongSizes,
            (Container::Wav | Container::Wave64 | Container::Caf, b"data") => Role::Audio,
            (Container::Aiff | Container::AiffC, b"COMM") => Role::Format,
            (Container::Aiff | Container::AiffC, b"SSND") => Role::Audio,
            (Container::Caf, b"desc") => Role::Format,
            _ => Role::Other,
        };
        let whole = self.id == 4 || ahead.get(4..16) == Some(&GUID_TAIL);
        if whole { role } else { Role::Other }
    }

    /// Bytes of padding behind a body of `body` bytes.
    pub(super) fn pad_after(&self, body: u64) -> u64 {
        (self.align - body % self.align) % self.align
    }

    /// Whether `ahead` starts like an identifier: four printable characters, not all equal, and in a
    /// GUID one of the usual ends.
    pub(super) fn is_plausible(&self, ahead: &[u8]) -> bool {
        let Some(id) = ahead.first_chunk::<4>() else { return false };
        let printable = id.iter().all(|byte| (b' '..=b'~').contains(byte));
        let guid =
            || matches!(ahead.get(4..16), Some(t) if t == GUID_TAIL || t == GUID_TAIL_OF_LIST);
        printable && id.iter().any(|byte| *byte != id[0]) && (self.id == 4 || guid())
    }

    /// Whether `ahead` starts with an identifier that is in use.
    pub(super) fn is_known(&self, ahead: &[u8]) -> bool {
        match ahead.first_chunk::<4>() {
            Some(id) if self.id == 4 => KNOWN_IDS.contains(&id),
            _ => self.is_plausible(ahead),
        }
    }

    /// What the body of a format chunk says; `None` if no frame size follows from it.
    pub(super) fn format(&self, body: &[u8]) -> Option<WavFormat> {
        match self.container {
            Container::Wav | Container::Wave64 => fmt::parse(body, self.endian, self.container),
            Container::Aiff | Container::AiffC => aiff::parse(body, self.container),
            Container::Caf => caf::parse(body),
            Container::Raw => None,
        }
    }

    /// Bytes between the header of an audio chunk and the first sample; `body` are the first 8 of its
    /// body.
    pub(super) fn before_samples(&self, body: &[u8]) -> usize {
        match self.container {
            Container::Caf => 4, // mEditCount
            Container::Aiff | Container::AiffC => {
                // offset, blockSize
                let offset = body.first_chunk().map_or(0, |field| u32::from_be_bytes(*field));
                8 + usize::try_from(offset).ok().filter(|&o| o <= MAX_SSND_OFFSET).unwrap_or(0)
            }
            _ => 0,
        }
    }

    /// Bytes before the first chunk of a file of `length` bytes.
    pub(super) fn file_start(&self, length: u64) -> Vec<u8> {
        let rest = self.sized(length.saturating_sub(8));
        match self.container {
            Container::Wav if self.endian == Endian::Big => [b"RIFX", &rest[..], b"WAVE"].concat(),
            Container::Wav => [b"RIFF", &rest[..], b"WAVE"].concat(),
            Container::Aiff => [b"FORM", &rest[..], b"AIFF"].concat(),
            Container::AiffC => [b"FORM", &rest[..], b"AIFC"].concat(),
            Container::Caf => b"caff\0\x01\0\0".to_vec(),
            Container::Wave64 => {
                let (riff, wave) = (guid(b"riff"), guid(b"wave"));
                [&riff[..], &length.to_le_bytes(), &wave[..]].concat()
            }
            Container::Raw => Vec::new(),
        }
    }

    /// Header of a chunk with a body of `body` bytes; the largest number for more than fit.
    pub(super) fn chunk_header(&self, id: &[u8; 4], body: u64) -> Vec<u8> {
        let counted = if self.inclusive { self.header_bytes() as u64 } else { 0 };
        let size = self.sized(body.saturating_add(counted));
        match self.id {
            4 => [&id[..], &size].concat(),
            _ => [&guid(id)[..], &size].concat(),
        }
    }

    /// `value` as a size.
    fn sized(&self, value: u64) -> Vec<u8> {
        let value = if self.size == 4 { value.min(u64::from(u32::MAX)) } else { value };
        match self.endian {
            Endian::Little => value.to_le_bytes()[..self.size].to_vec(),
            Endian::Big => value.to_be_bytes()[8 - self.size..].to_vec(),
        }
    }

    fn number(&self, bytes: &[u8]) -> u64 {
        let join = |value: u64, &byte: &u8| value << 8 | u64::from(byte);
        match self.endian {
            Endian::Little => bytes.iter().rev().fold(0, join),
            Endian::Big => bytes.iter().fold(0, join),
        }
    }
}

/// The identifier that Wave64 has in place of `id`.
fn guid(id: &[u8; 4]) -> Vec<u8> {
    let tail = if id == b"riff" { GUID_TAIL_OF_RIFF } else { GUID_TAIL };
    [&id[..], &tail].concat()
}

fn is_guid(bytes: &[u8], id: &[u8; 4]) -> bool {
    bytes.starts_with(&guid(id))
}
