//! `dev-tokens`: what the language model is trained on.

use std::fs::File;
use std::io::{BufWriter, Write};

use anyhow::{Context, Result};
use lmz::pipeline::segment_limit;
use lmz::wav::{self, Span, WavReader};
use lmz::{Level, codec};

use crate::args::DevTokensArgs;

/// Writes the training tokens of all audio segments of a WAV file.
pub fn dump(args: &DevTokensArgs) -> Result<()> {
    let input = File::open(&args.input).with_context(|| args.input.display().to_string())?;
    let mut reader = WavReader::new(input)?;
    let mut output = BufWriter::new(File::create(&args.output)?);
    while let Some(span) = reader.next_span(segment_limit(Level::Default))? {
        let (Span::Audio { bytes }, Some(format)) = (span, reader.format()) else { continue };
        let Some(mapped) = wav::map(&bytes, format) else { continue };
        for token in codec::training_pcm(&mapped.pcm, Level::Default)? {
            output.write_all(&[token.last, token.bin])?;
            output.write_all(&token.features.0.map(|feature| feature as u8))?;
            for logit in token.logits {
                output.write_all(&logit.to_le_bytes())?;
            }
        }
    }
    output.flush()?;
    Ok(())
}
