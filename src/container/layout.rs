//! Constants of the format. Section numbers are those of `format-spec/lmz-format.md`.
//!
//! These are limits of the *format*: a file beyond them is not an lmz file of this version,
//! whatever the decoder is willing to spend.

/// First bytes of every lmz file (§4.1). Like PNG's: a byte with its high bit set shows a
/// 7-bit channel, CR LF and LF show text-mode transfers, 0x1A stops a DOS `type`.
pub const MAGIC: [u8; 8] = [0x89, b'L', b'M', b'Z', b'\r', b'\n', 0x1A, b'\n'];

/// Format version that this crate writes and reads (§4.1, §14).
pub const VERSION: u8 = 1;

/// Draft of [`VERSION`] (§4.1, §14): raised by each change of the format until release 1.0, which
/// writes 0.
pub const DRAFT: u8 = 12;

/// Bytes of the prologue, the part of the header that no version will change (§4.1).
pub const PROLOGUE_LENGTH: usize = 12;

/// Bytes of a CRC-32 field (§12.1).
pub const CRC_LENGTH: usize = 4;

/// Largest model fingerprint, in bytes (§4.2).
pub const MAX_FINGERPRINT: usize = 4096;

/// Largest body of a file header, in bytes: all fields at their maximum (§4.2).
pub const MAX_HEADER_BODY_LENGTH: usize = 35 + MAX_FINGERPRINT;

/// First bytes of a block (§5.1). The high bit and the LF make it unlikely in text and in
/// little-endian samples alike; salvage confirms a hit with the header's CRC.
pub const BLOCK_MARKER: [u8; 4] = [0xB7, b'l', b'b', b'\n'];

/// Bytes of a block header before its fields: the marker, and how many bytes the fields have (§5.1).
pub const BLOCK_PREFIX_LENGTH: usize = 5;

/// Largest number of original bytes in one block (§13): 2^23 samples of 64 bits.
pub const MAX_BLOCK_ORIGINAL: u32 = 1 << 26;

/// Largest number of samples (all channels together) in one segment (§13).
pub const MAX_SEGMENT_SAMPLES: u32 = 1 << 23;

/// Largest number of channels in a block that is predicted (§13): setting up the models of one takes as
/// long as coding some hundred samples.
pub const MAX_PREDICTED_CHANNELS: u16 = 1_024;

/// First bytes of the trailer (§6.1).
pub const TRAILER_MARKER: [u8; 4] = [0xB7, b'l', b't', b'\n'];

/// Bytes of the trailer before its fields: the marker, and how many bytes the fields have (§6.1).
pub const TRAILER_PREFIX_LENGTH: usize = 6;

/// Bytes of the hash of the original (§6.1).
pub const HASH_LENGTH: usize = 16;

/// Bytes of the footer, the last bytes of every file (§6.3).
pub const FOOTER_LENGTH: usize = 8;

/// Last bytes of every lmz file (§6.3).
pub const END_MARKER: [u8; 4] = [0xB7, b'l', b'z', b'\n'];
