//! What a file records of a model that the exact engine runs (`format-spec/exact-engine.md`,
//! fingerprint): nothing of machine, build or version.

use super::ARITHMETIC;

/// First byte of the fingerprint. Those of llama.cpp are longer, so that the length alone would do.
const EXACT: u8 = 1;
/// Bytes of the model's hash in a fingerprint: enough to tell models apart. What a wrong one would decode to
/// is refused by the checksums of the original.
const HASH_LENGTH: usize = 8;

/// A model and the arithmetic that it is run by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExactIdentity {
    /// Number of the arithmetic; see [`ARITHMETIC`].
    pub arithmetic: u8,
    /// First bytes of the BLAKE3 of the GGUF file.
    pub model: [u8; HASH_LENGTH],
}

impl ExactIdentity {
    /// The model with this BLAKE3, run by this engine.
    #[must_use]
    pub fn new(blake3: [u8; 32]) -> Self {
        let mut model = [0; HASH_LENGTH];
        model.copy_from_slice(&blake3[..HASH_LENGTH]);
        ExactIdentity { arithmetic: ARITHMETIC, model }
    }

    /// Whether the model is the one with this BLAKE3.
    #[must_use]
    pub fn names(&self, blake3: [u8; 32]) -> bool {
        blake3.starts_with(&self.model)
    }

    /// As the file header has it: a 1, the number of the arithmetic, the start of the hash.
    #[must_use]
    pub fn to_bytes(self) -> Vec<u8> {
        let mut bytes = vec![EXACT, self.arithmetic];
        bytes.extend(self.model);
        bytes
    }

    /// Inverse of [`ExactIdentity::to_bytes`]; `None` for fingerprints of other engines.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let &[EXACT, arithmetic, ref hash @ ..] = bytes else { return None };
        Some(ExactIdentity { arithmetic, model: hash.try_into().ok()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_trip_and_nothing_else() {
        let identity = ExactIdentity::new([7; 32]);
        let bytes = identity.to_bytes();
        assert_eq!(bytes.len(), 10);
        assert!(identity.names([7; 32]) && !identity.names([6; 32]));
        assert_eq!(ExactIdentity::from_bytes(&bytes), Some(identity));
        assert_eq!(ExactIdentity::from_bytes(&bytes[..9]), None);
        assert_eq!(ExactIdentity::from_bytes(&[&bytes[..], &[0]].concat()), None);
        assert_eq!(ExactIdentity::from_bytes(&[2; 10]), None);
        assert_eq!(ExactIdentity::from_bytes(&[]), None);
    }
}
