//! The kinds of files that samples come in (§4.3).

/// What surrounds the samples of a file. It says how headers are made anew, and nothing about how
/// samples are coded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[repr(u8)]
#[non_exhaustive]
pub enum Container {
    /// RIFF/WAVE, RIFX, RF64 or BW64.
    #[default]
    Wav = 0,
    /// Sony Wave64: chunks with GUIDs and sizes of 64 bits.
    Wave64 = 1,
    /// AIFF.
    Aiff = 2,
    /// AIFF-C: AIFF with a compression type, of which `NONE`, `sowt`, `fl32` and others are none.
    AiffC = 3,
    /// Apple's Core Audio Format.
    Caf = 4,
    /// Samples and nothing else; their format came from the user.
    Raw = 5,
}

impl Container {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Wav, Self::Wave64, Self::Aiff, Self::AiffC, Self::Caf, Self::Raw];

    /// The name that people know it by.
    pub fn name(self) -> &'static str {
        match self {
            Self::Wav => "WAV",
            Self::Wave64 => "Wave64",
            Self::Aiff => "AIFF",
            Self::AiffC => "AIFF-C",
            Self::Caf => "CAF",
            Self::Raw => "raw",
        }
    }
}
