//! What proves that decompressed bytes are the original (§6.1).

use std::{fmt, io};

use super::layout::HASH_LENGTH;

/// The first 16 bytes of the BLAKE3 of a file: `b3sum --length 16` prints the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ContentHash {
    bytes: [u8; HASH_LENGTH],
}

impl ContentHash {
    /// Of `bytes`.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(bytes);
        ContentHash::finish(&hasher)
    }

    /// Of all that `reader` yields.
    ///
    /// # Errors
    /// Those of `reader`.
    pub fn of_reader(mut reader: impl io::Read) -> io::Result<Self> {
        let mut hasher = blake3::Hasher::new();
        io::copy(&mut reader, &mut hasher)?;
        Ok(ContentHash::finish(&hasher))
    }

    /// Of all bytes that `hasher` was updated with.
    pub(crate) fn finish(hasher: &blake3::Hasher) -> Self {
        let mut bytes = [0; HASH_LENGTH];
        hasher.finalize_xof().fill(&mut bytes);
        ContentHash { bytes }
    }

    /// As a file holds it.
    pub(crate) fn from_bytes(bytes: [u8; HASH_LENGTH]) -> Self {
        ContentHash { bytes }
    }

    /// As a file holds it.
    pub(crate) fn as_bytes(&self) -> &[u8; HASH_LENGTH] {
        &self.bytes
    }
}

/// Hexadecimal, 32 digits.
impl fmt::Display for ContentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for ContentHash {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_start_of_blake3() {
        let whole = blake3::hash(b"lmz").to_hex();
        assert_eq!(ContentHash::of(b"lmz").to_string(), whole[..2 * HASH_LENGTH]);
        assert_eq!(ContentHash::of_reader(&b"lmz"[..]).unwrap(), ContentHash::of(b"lmz"));
    }
}
