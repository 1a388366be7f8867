//! What a file records of a model that the exact engine runs (`format-spec/exact-engine.md`,
//! fingerprint): nothing of machine, build or version.

use super::ARITHMETIC;

/// First byte of the fingerprint. Those of llama.cpp are longer, so that the length alone would do.
const EXACT: u8 = 1;
/// Bytes of a fingerprint.
const LENGTH: usize = 34;

/// A model and the arithmetic that it is run by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExactIdentity {
    /// Number of the arithmetic; see [`ARITHMETIC`].
    pub arithmetic: u8,
    /// BLAKE3 of the GGUF file.
    pub blake3: [u8; 32],
}

impl ExactIdentity {
    /// The model with this hash, run by this engine.
    #[must_use]
    pub fn new(blake3: [u8; 32]) -> Self {
        ExactIdentity { arithmetic: ARITHMETIC, blake3 }
    }

    /// As the file header has it: a 1, the number of the arithmetic, the hash.
    #[must_use]
    pub fn to_bytes(self) -> Vec<u8> {
        let mut bytes = vec![EXACT, self.arithmetic];
        bytes.extend(self.blake3);
        bytes
    }

    /// Inverse of [`ExactIdentity::to_bytes`]; `None` for fingerprints of other engines.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let &[EXACT, arithmetic, ref hash @ ..] = bytes else { return None };
        let blake3 = hash.try_into().ok().filter(|_| bytes.len() == LENGTH)?;
        Some(ExactIdentity { arithmetic, blake3 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_trip_and_nothing_else() {
        let identity = ExactIdentity::new([7; 32]);
        let bytes = identity.to_bytes();
        assert_eq!(bytes.len(), LENGTH);
        assert_eq!(ExactIdentity::from_bytes(&bytes), Some(identity));
        assert_eq!(ExactIdentity::from_bytes(&bytes[..33]), None);
        assert_eq!(ExactIdentity::from_bytes(&[&bytes[..], &[0]].concat()), None);
        assert_eq!(ExactIdentity::from_bytes(&[2; LENGTH]), None);
        assert_eq!(ExactIdentity::from_bytes(&[]), None);
    }
}
