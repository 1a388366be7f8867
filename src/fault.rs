//! What a stage finds wrong in the payload of a block. A stage does not know where that stands in the
//! file: it says which part, and the container adds the rest, once.

/// A fault of a payload.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// More decisions are due than the coded stream has.
    #[error("the coded stream ends too early")]
    StreamEndsEarly,
    /// The last decision does not use the coded stream up.
    #[error("bytes left over in the coded stream")]
    StreamLeftOver {
        /// The first of them, counted from the start of the coded stream.
        at: usize,
    },
    /// The LSB block has another length than the bits read.
    #[error("the LSB block has {bytes} bytes, {bits} bits were due")]
    LsbLength {
        /// Length of the LSB block.
        bytes: usize,
        /// Bits that were due.
        bits: usize,
    },
    /// The last byte of the LSB block has bits that nothing reads, and that are not 0.
    #[error("padding of the LSB block is not zero")]
    LsbPadding {
        /// That byte, counted from the start of the LSB block.
        at: usize,
    },
    /// What the coded stream begins with is not possible.
    #[error("{0}")]
    Parameters(String),
    /// Integers that are no samples of the format.
    #[error("{0}")]
    Samples(String),
    /// A mapping that is not defined, or not for the format of the samples.
    #[error("{0}")]
    Mapping(String),
    /// The block contradicts the file header, or itself.
    #[error("{0}")]
    Contradiction(&'static str),
    /// A coded fingerprint that is none.
    #[error("{0}")]
    Fingerprint(&'static str),
    /// The block decodes to other bytes than it was made of.
    #[error(
        "the block decodes to {bytes} bytes with CRC-32 {computed:08x}; stored: {stored_bytes} bytes, \
         {stored:08x}"
    )]
    Decoded {
        /// Number of bytes decoded.
        bytes: usize,
        /// Their CRC-32.
        computed: u32,
        /// Number of bytes in the block header.
        stored_bytes: usize,
        /// CRC-32 in the block header.
        stored: u32,
    },
}

/// The part of a block that a fault is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Site {
    /// No part alone.
    Block,
    /// So many bytes behind the start of the coded stream.
    Stream(usize),
    /// Where the coded stream ends.
    EndOfStream,
    /// So many bytes behind the start of the LSB block.
    Lsb(usize),
}

impl Fault {
    /// Where it is.
    pub(crate) fn site(&self) -> Site {
        match *self {
            Fault::StreamEndsEarly => Site::EndOfStream,
            Fault::StreamLeftOver { at } => Site::Stream(at),
            Fault::Parameters(_) => Site::Stream(0),
            Fault::LsbLength { bytes, bits } => Site::Lsb(bits.div_ceil(8).min(bytes)),
            Fault::LsbPadding { at } => Site::Lsb(at),
            Fault::Samples(_)
            | Fault::Mapping(_)
            | Fault::Contradiction(_)
            | Fault::Fingerprint(_)
            | Fault::Decoded { .. } => Site::Block,
        }
    }

    /// For a coded stream that starts `by` bytes behind the others.
    #[must_use]
    pub(crate) fn shifted(self, by: usize) -> Self {
        match self {
            Fault::StreamLeftOver { at } => Fault::StreamLeftOver { at: at + by },
            other => other,
        }
    }
}
