//! A container whose header is written when it is known what it has to say.

use std::io::Write;

use super::block_encoder::Encoded;
use super::{LmUse, Summary};
use crate::container::{Block, ContentHash, FileHeader, Writer};
use crate::error::Result;

/// Coded bytes held back at most. Beyond that a model that has not paid for its fingerprint is named on
/// suspicion: its some hundred bytes no longer count.
const MAX_HELD: usize = 16 << 20;

/// Holds blocks back until the language model has saved more bytes than naming it costs.
///
/// Without that, every small file that a model was merely tried on would grow by the
/// fingerprint; and a file whose segments gain less from the model than the fingerprint
/// takes would be larger with the model, and slower, and bound to a machine.
///
/// The first segment is held back until there is a second one. If there is none, the header's limit of a segment is
/// the length of this one, so that a short file takes the same bytes at all levels.
pub(super) struct LateHeader<W> {
    header: FileHeader,
    /// Bytes that the model has to save before it is named.
    cost: u64,
    summary: Summary,
    state: State<W>,
}

enum State<W> {
    /// Output not begun; blocks in order, how many of them are segments, the bytes they take and what the
    /// model saved.
    Held {
        output: W,
        blocks: Vec<Encoded>,
        segments: usize,
        length: usize,
        saved: u64,
    },
    Written(Writer<W>),
    /// Beginning failed, and the error was returned.
    Failed,
}

impl<W: Write> LateHeader<W> {
    /// # Errors
    /// None are known.
    pub(super) fn new(output: W, header: FileHeader, lm: LmUse) -> Result<Self> {
        let cost = match lm {
            LmUse::Always => 0,
            _ => header.cost_of_fingerprint()? as u64,
        };
        let state = State::Held { output, blocks: Vec::new(), segments: 0, length: 0, saved: 0 };
        Ok(LateHeader { header, cost, summary: Summary::default(), state })
    }

    /// With the model, whether or not it will be named.
    pub(super) fn header(&self) -> &FileHeader {
        &self.header
    }

    /// Appends a block.
    pub(super) fn write_block(&mut self, coded: Encoded) -> Result<()> {
        let without_model = self.header.fingerprint.is_empty();
        let cost = self.cost;
        match &mut self.state {
            State::Written(writer) => {
                return put(writer, &mut self.summary, &coded.smallest());
            }
            State::Held { blocks, segments, length, saved, .. } => {
                *segments += usize::from(coded.plain.frames > 0);
                *length += coded.cost() as usize;
                *saved += coded.saved_by_lm();
                blocks.push(coded);
                let undecided = *segments < 2 || (!without_model && *saved <= cost);
                if undecided && *length <= MAX_HELD {
                    return Ok(());
                }
            }
            State::Failed => return Ok(()),
        }
        self.begin()
    }

    /// Ends the container; `hash` is that of the original.
    pub(super) fn finish(mut self, hash: ContentHash) -> Result<Summary> {
        if let State::Held { blocks, segments, saved, .. } = &self.state {
            if *saved <= self.cost {
                self.header.fingerprint.clear();
            }
            if let (Some(audio), ..=1) = (&mut self.header.audio, *segments) {
                let frames = blocks.iter().map(|coded| coded.plain.frames).max();
                audio.segment_frames = frames.unwrap_or_default().max(1);
            }
            self.begin()?;
        }
        match self.state {
            State::Written(writer) => {
                let (trailer, compressed_bytes) = writer.finish(hash)?;
                self.summary.close(&trailer, compressed_bytes, &self.header.fingerprint);
                Ok(self.summary)
            }
            State::Held { .. } | State::Failed => {
                Err(std::io::Error::other("the output has failed before").into())
            }
        }
    }

    /// Writes the header and the blocks held back: without the model if the header does not name it, otherwise in
    /// the shorter way.
    fn begin(&mut self) -> Result<()> {
        if let State::Held { output, blocks, .. } =
            std::mem::replace(&mut self.state, State::Failed)
        {
            let mut writer = Writer::new(output, &self.header)?;
            let without_model = self.header.fingerprint.is_empty();
            for coded in blocks {
                let block = if without_model { coded.plain } else { coded.smallest() };
                put(&mut writer, &mut self.summary, &block)?;
            }
            self.state = State::Written(writer);
        }
        Ok(())
    }
}

fn put(writer: &mut Writer<impl Write>, summary: &mut Summary, block: &Block) -> Result<()> {
    summary.count(block);
    writer.write_block(block)
}

#[cfg(test)]
#[path = "late_header_tests.rs"]
mod tests;
