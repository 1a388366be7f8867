//! Every error of the library, sorted by who must act on it.

use std::io;

use crate::fault::Fault;

/// Result of a library call.
pub type Result<T> = std::result::Result<T, Error>;

/// What went wrong. Library code never prints and never exits: the caller decides.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Reading the input or writing the output failed.
    #[error(transparent)]
    Io(#[from] io::Error),

    /// The input of `compress` is not a RIFF/WAVE, RIFX, RF64, BW64, Wave64, AIFF, AIFF-C or CAF file.
    /// Says what was found instead.
    #[error("not a WAV, AIFF, Wave64 or CAF file: {0}")]
    NotWav(String),

    /// The input of `decompress` is not an lmz file at all. Says what was found instead.
    #[error("not an lmz file: {0}")]
    NotLmz(String),

    /// The file is intact but needs a newer or differently built lmz. Says what is needed, and what would work.
    #[error("this version of lmz cannot read the file: {0}")]
    Unsupported(String),

    /// The file is damaged.
    #[error("damaged file at byte {offset}: {reason}")]
    Corrupt {
        /// Offset in the lmz file, in bytes, of the structure that is damaged.
        offset: u64,
        /// Which check failed, with the stored and the computed value.
        reason: String,
    },

    /// A part of a block is damaged, by the parts of the codec that `unstable` shows. Whatever reads files
    /// says [`Error::Corrupt`], with the offset.
    #[doc(hidden)]
    #[error("damaged payload: {0}")]
    Payload(#[from] Fault),

    /// A declared size exceeds a limit.
    #[error("limit exceeded at byte {offset}: {reason}")]
    Limit {
        /// Offset in the lmz file, in bytes.
        offset: u64,
        /// Which limit, the declared value and the allowed one.
        reason: String,
    },

    /// The part of a file that was requested is not in it. Says what was requested and what there is.
    #[error("out of range: {0}")]
    OutOfRange(String),

    /// The language model at hand is not the one that the file was made with. Says which field of the
    /// fingerprint differs, with both values, and what would work.
    #[error("language model mismatch: {0}")]
    ModelMismatch(String),

    /// The language model could not be loaded or run. Holds the reason.
    #[error("language model: {0}")]
    Model(String),

    /// The result does not decode to the input: a fault of lmz or of the machine.
    #[error("the result does not decode, from byte {offset} of the input on; please report this")]
    Unverified {
        /// Offset in the input, in bytes.
        offset: u64,
    },

    /// The caller stopped the run (^C).
    #[error("interrupted")]
    Interrupted,
}

impl From<Error> for io::Error {
    /// As it is where it comes from reading or writing; else with the error as its source.
    fn from(error: Error) -> Self {
        let kind = match error {
            Error::Io(error) => return error,
            Error::NotWav(_) | Error::NotLmz(_) | Error::Corrupt { .. } | Error::Payload(_) => {
                io::ErrorKind::InvalidData
            }
            Error::Unsupported(_) => io::ErrorKind::Unsupported,
            Error::OutOfRange(_) => io::ErrorKind::InvalidInput,
            _ => io::ErrorKind::Other,
        };
        io::Error::new(kind, error)
    }
}

impl Error {
    /// Shorthand for [`Error::Corrupt`].
    pub(crate) fn corrupt(offset: u64, reason: impl Into<String>) -> Self {
        Error::Corrupt { offset, reason: reason.into() }
    }

    /// For a coded stream that starts `by` bytes behind others.
    #[must_use]
    pub(crate) fn shifted(self, by: usize) -> Self {
        match self {
            Error::Payload(fault) => Error::Payload(fault.shifted(by)),
            other => other,
        }
    }

    /// Shorthand for [`Error::Model`].
    pub(crate) fn model(reason: impl Into<String>) -> Self {
        Error::Model(reason.into())
    }
}
