//! Constants of the format. Section numbers are those of `format-spec/lmz-format.md`.
//!
//! These are limits of the *format*: a file beyond them is not an lmz file of this version,
//! whatever the decoder is willing to spend.

/// First bytes of every lmz file (§4.1). Like PNG's: a byte with its high bit set shows a
/// 7-bit channel, CR LF and LF show text-mode transfers, 0x1A stops a DOS `type`.
pub const MAGIC: [u8; 8] = [0x89, b'L', b'M', b'Z', b'\r', b'\n', 0x1A, b'\n'];

/// Format version that this crate writes and reads (§4.1, §14).
pub const VERSION: u16 = 1;

/// Draft of [`VERSION`] (§4.1, §14): raised by each change of the format until release 1.0, which
/// writes 0.
pub const DRAFT: u16 = 10;

/// Feature bits that a decoder must understand, known to this crate (§4.1): none yet.
pub const KNOWN_REQUIRED_FEATURES: u16 = 0;

/// Bytes of the prologue, the part of the header that no version will change (§4.1).
pub const PROLOGUE_LENGTH: usize = 24;

/// Bytes of the header's body without the fingerprint and the CRC (§4.2).
pub const HEADER_BODY_LENGTH: usize = 30;

/// Bytes of a CRC-32 field (§12.1).
pub const CRC_LENGTH: usize = 4;

/// Largest model fingerprint, in bytes (§4.2).
pub const MAX_FINGERPRINT: usize = 4096;

/// Largest file header, in bytes: all parts at their maximum (§4.1).
pub const MAX_HEADER_LENGTH: usize =
    PROLOGUE_LENGTH + HEADER_BODY_LENGTH + MAX_FINGERPRINT + CRC_LENGTH;

/// First bytes of a block (§5.1). The high bit and the LF make it unlikely in text and in
/// little-endian samples alike; salvage confirms a hit with the header's CRC.
pub const BLOCK_MARKER: [u8; 4] = [0xB7, b'l', b'b', b'\n'];

/// Bytes of a block header with its marker and its CRC, without the language model (§5.1).
pub const BLOCK_HEADER_LENGTH: usize = 40;

/// Bytes of the header of a block that the language model takes part in (§5.1).
pub const MAX_BLOCK_HEADER_LENGTH: usize = BLOCK_HEADER_LENGTH + 4;

/// Largest number of original bytes in one block (§13): 2^23 samples of 64 bits.
pub const MAX_BLOCK_ORIGINAL: u32 = 1 << 26;

/// Largest number of samples (all channels together) in one segment (§13).
pub const MAX_SEGMENT_SAMPLES: u32 = 1 << 23;

/// Largest number of channels in a block that is predicted (§13): setting up the models of one takes as
/// long as coding some hundred samples.
pub const MAX_PREDICTED_CHANNELS: u16 = 1_024;

/// First bytes of the trailer (§6.1).
pub const TRAILER_MARKER: [u8; 4] = [0xB7, b'l', b't', b'\n'];

/// Bytes of the trailer before the copy of the header's body, with its marker (§6.1).
pub const TRAILER_FIXED_LENGTH: usize = 48;

/// Bytes of one entry of the segment table (§6.2).
pub const TABLE_ENTRY_LENGTH: usize = 8;

/// Bytes of the footer, the last bytes of every file (§6.3).
pub const FOOTER_LENGTH: usize = 8;

/// Last bytes of every lmz file (§6.3).
pub const END_MARKER: [u8; 4] = [0xB7, b'l', b'z', b'\n'];
