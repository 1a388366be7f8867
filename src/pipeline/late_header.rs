//! A container whose header names the language model only if a block needs it.

use std::io::Write;

use crate::container::{Block, FileHeader, Trailer, Writer};
use crate::error::Result;

/// Coded bytes held back at most, while no block needs the model. Beyond that the fingerprint
/// is written on suspicion: its some hundred bytes no longer count.
const MAX_HELD: usize = 16 << 20;

/// Holds blocks back until it is known whether the header has to carry the fingerprint.
///
/// Without that, every small file that a model was merely tried on would grow by the
/// fingerprint, and would look as if it needed the model.
pub(super) struct LateHeader<W> {
    header: FileHeader,
    state: State<W>,
}

enum State<W> {
    /// Output not begun; blocks in order and the bytes they take.
    Held {
        output: W,
        blocks: Vec<Block>,
        length: usize,
    },
    Written(Writer<W>),
    /// Beginning failed, and the error was returned.
    Failed,
}

impl<W: Write> LateHeader<W> {
    pub(super) fn new(output: W, header: FileHeader) -> Self {
        let state = State::Held { output, blocks: Vec::new(), length: 0 };
        LateHeader { header, state }
    }

    /// Appends a block.
    pub(super) fn write_block(&mut self, block: Block) -> Result<()> {
        let decided = self.header.fingerprint.is_empty() || block.uses_lm;
        match &mut self.state {
            State::Written(writer) => return writer.write_block(&block),
            State::Held { blocks, length, .. } => {
                *length += block.coded_length() as usize;
                blocks.push(block);
                if !decided && *length <= MAX_HELD {
                    return Ok(());
                }
            }
            State::Failed => return Ok(()),
        }
        self.begin()
    }

    /// Ends the container; see [`Writer::finish`].
    pub(super) fn finish(mut self, blake3: [u8; 32]) -> Result<(Trailer, u64)> {
        if matches!(self.state, State::Held { .. }) {
            self.header.fingerprint.clear();
            self.begin()?;
        }
        match self.state {
            State::Written(writer) => writer.finish(blake3),
            State::Held { .. } | State::Failed => {
                Err(std::io::Error::other("the output has failed before").into())
            }
        }
    }

    /// Writes the header and what was held back.
    fn begin(&mut self) -> Result<()> {
        if let State::Held { output, blocks, .. } =
            std::mem::replace(&mut self.state, State::Failed)
        {
            let mut writer = Writer::new(output, &self.header)?;
            for block in &blocks {
                writer.write_block(block)?;
            }
            self.state = State::Written(writer);
        }
        Ok(())
    }
}
