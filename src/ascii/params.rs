//! What a segment of characters is coded with, as the front of its coded stream records it
//! (`characters.md`, section 1).

use byteorder::{ByteOrder, LE};

use crate::error::{Error, Result};
use crate::fault::Fault;
use crate::lm::CHARACTERS;

/// A set of experts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Experts {
    /// The language model.
    pub lm: bool,
    /// Adaptive counts of bytes in their contexts.
    pub adaptive: bool,
    /// The predictor of the main codec.
    pub classical: bool,
}

impl Experts {
    /// All of them.
    pub const MIX: Experts = Experts { lm: true, adaptive: true, classical: true };
    /// The language model alone.
    pub const LM: Experts = Experts { lm: true, adaptive: false, classical: false };
    /// Adaptive counts alone.
    pub const ADAPTIVE: Experts = Experts { lm: false, adaptive: true, classical: false };
    /// The predictor alone.
    pub const CLASSICAL: Experts = Experts { lm: false, adaptive: false, classical: true };

    /// In the order of [`Experts::LM`], [`Experts::ADAPTIVE`], [`Experts::CLASSICAL`].
    pub(super) fn flags(self) -> [bool; 3] {
        [self.lm, self.adaptive, self.classical]
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.flags() == [false; 3]
    }

    /// Without the language model.
    #[must_use]
    pub fn without_lm(self) -> Self {
        Experts { lm: false, ..self }
    }

    /// The members, each alone.
    pub(super) fn members(self) -> impl Iterator<Item = (usize, Experts)> {
        let alone = [Experts::LM, Experts::ADAPTIVE, Experts::CLASSICAL];
        (0..3).filter(move |&i| self.flags()[i]).map(move |i| (i, alone[i]))
    }
}

/// How the least significant bit of each byte is coded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Lsb {
    /// As one more decision after its character.
    #[default]
    Coded,
    /// As it is, in the packed LSB block.
    Raw,
}

/// What decides how a segment is read as characters and coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Params {
    /// Who takes part; at least one.
    pub experts: Experts,
    /// How least significant bits are coded.
    pub lsb: Lsb,
    /// Characters with the highest logits that get the language model's probabilities, 1 to
    /// [`CHARACTERS`]; the others share an escape.
    pub top_k: u8,
    /// Characters after which the language model forgets what it has read, at least 1.
    pub chunk_size: u32,
    /// Frames of which all samples of a channel are coded before those of the next, at least 1.
    pub stereo_blocking: u32,
}

impl Default for Params {
    fn default() -> Self {
        Params {
            experts: Experts::MIX,
            lsb: Lsb::Coded,
            top_k: 100,
            chunk_size: 2048,
            stereo_blocking: 1024,
        }
    }
}

const LM: u8 = 1;
const ADAPTIVE: u8 = 2;
const CLASSICAL: u8 = 4;
const RAW_LSB: u8 = 8;

impl Params {
    /// Length of the serialised form.
    pub const BYTES: usize = 10;

    /// Flags, top k, then chunk size and stereo blocking as little-endian 32 bits.
    #[must_use]
    pub fn to_bytes(self) -> [u8; Self::BYTES] {
        let flag = |set: bool, bit: u8| if set { bit } else { 0 };
        let mut out = [0; Self::BYTES];
        out[0] = flag(self.experts.lm, LM)
            | flag(self.experts.adaptive, ADAPTIVE)
            | flag(self.experts.classical, CLASSICAL)
            | flag(self.lsb == Lsb::Raw, RAW_LSB);
        out[1] = self.top_k;
        LE::write_u32(&mut out[2..6], self.chunk_size);
        LE::write_u32(&mut out[6..10], self.stereo_blocking);
        out
    }

    /// Inverse of [`Params::to_bytes`], from the front of a coded stream; also returns the rest of it.
    ///
    /// # Errors
    /// [`Fault::Parameters`] when it is too short or holds what
    /// [`Params::check`] refuses; [`Error::Unsupported`] for flags that are not defined.
    pub fn from_bytes(bytes: &[u8]) -> Result<(Self, &[u8])> {
        let Some((head, rest)) = bytes.split_first_chunk::<{ Self::BYTES }>() else {
            return Err(Fault::Parameters(format!(
                "{} bytes of parameters, {} needed",
                bytes.len(),
                Self::BYTES
            ))
            .into());
        };
        let flags = head[0];
        if flags & !(LM | ADAPTIVE | CLASSICAL | RAW_LSB) != 0 {
            return Err(Error::Unsupported(format!(
                "made by a newer lmz? character flags {flags:#04x}"
            )));
        }
        let params = Params {
            experts: Experts {
                lm: flags & LM != 0,
                adaptive: flags & ADAPTIVE != 0,
                classical: flags & CLASSICAL != 0,
            },
            lsb: if flags & RAW_LSB != 0 { Lsb::Raw } else { Lsb::Coded },
            top_k: head[1],
            chunk_size: LE::read_u32(&head[2..6]),
            stereo_blocking: LE::read_u32(&head[6..10]),
        };
        params.check()?;
        Ok((params, rest))
    }

    /// Whether characters can be coded with this.
    ///
    /// # Errors
    /// [`Fault::Parameters`]: what is out of range.
    pub fn check(&self) -> std::result::Result<(), Fault> {
        if self.experts.is_empty() {
            return Err(Fault::Parameters("characters without an expert".to_owned()));
        }
        if self.top_k == 0 || usize::from(self.top_k) > CHARACTERS {
            return Err(Fault::Parameters(format!(
                "top {} of {CHARACTERS} characters",
                self.top_k
            )));
        }
        if self.chunk_size == 0 {
            return Err(Fault::Parameters("chunks of no characters".to_owned()));
        }
        if self.stereo_blocking == 0 {
            return Err(Fault::Parameters("stereo blocks of no frames".to_owned()));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_come_back() {
        for bits in 1..16u8 {
            let experts =
                Experts { lm: bits & 1 != 0, adaptive: bits & 2 != 0, classical: bits & 4 != 0 };
            if experts.is_empty() {
                continue;
            }
            let params = Params {
                experts,
                lsb: if bits & 8 != 0 { Lsb::Raw } else { Lsb::Coded },
                top_k: bits,
                chunk_size: 1 << bits,
                stereo_blocking: u32::MAX - u32::from(bits),
            };
            let bytes = [&params.to_bytes()[..], b"rest"].concat();
            assert_eq!(Params::from_bytes(&bytes).unwrap(), (params, &b"rest"[..]));
        }
    }

    #[test]
    fn bad_parameters_are_refused() {
        let good = Params::default().to_bytes();
        for length in 0..Params::BYTES {
            assert!(matches!(Params::from_bytes(&good[..length]), Err(Error::Payload(_))));
        }
        for (at, values) in [(0, &[0u8, 8][..]), (1, &[0, 129, 255])] {
            for &value in values {
                let mut bytes = good;
                bytes[at] = value;
                assert!(matches!(Params::from_bytes(&bytes), Err(Error::Payload(_))), "{at}");
            }
        }
        let mut bytes = good;
        bytes[0] |= 16;
        assert!(matches!(Params::from_bytes(&bytes), Err(Error::Unsupported(_))));
        for first in [2, 6] {
            let mut bytes = good;
            bytes[first..first + 4].fill(0);
            assert!(matches!(Params::from_bytes(&bytes), Err(Error::Payload(_))), "{first}");
        }
    }
}
