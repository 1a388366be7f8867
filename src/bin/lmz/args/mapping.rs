//! `--mapping` and what goes with it.

use clap::{Args, ValueEnum};
use lmz::ascii::{Experts, Lsb, Params};
use lmz::pipeline::TokenMapping;

use crate::failure::Usage;

/// Most tokens of context that are taken unasked.
const DEFAULT_CONTEXT: u32 = 8192;

#[derive(Debug, Default, Args)]
pub struct MappingArgs {
    /// What the language model's tokens stand for
    #[arg(long, value_enum, default_value_t = Mapping::Quantile, value_name = "WHAT", help_heading = super::shared::RESEARCH)]
    pub mapping: Mapping,

    /// Experts that predict characters: a list of lm, adaptive and classical, or mix for all
    #[arg(long, value_name = "LIST", value_parser = experts, help_heading = ASCII)]
    experts: Option<Experts>,

    /// Number of characters after which the language model starts afresh [default: 2048]
    #[arg(long, value_name = "BYTES", value_parser = positive, help_heading = ASCII)]
    chunk_size: Option<u32>,

    /// Number of frames of one channel before those of the next; 1 interleaves them [default: 1024]
    #[arg(long, value_name = "N", value_parser = positive, help_heading = ASCII)]
    stereo_blocking: Option<u32>,

    /// How many of the 128 characters the language model may favour [default: 100]
    #[arg(long, value_name = "K", value_parser = clap::value_parser!(u8).range(1..=128), help_heading = ASCII)]
    top_k: Option<u8>,

    /// How least significant bits are stored [default: coded]
    #[arg(long, value_enum, value_name = "HOW", help_heading = ASCII)]
    lsb: Option<LsbArg>,

    /// Most tokens of context [default: as many as a chunk has]
    #[arg(long, value_name = "TOKENS", value_parser = clap::value_parser!(u32).range(2..=8192), help_heading = ASCII)]
    context: Option<u32>,
}

const ASCII: &str = "Research, with --mapping ascii";

/// `--mapping`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Mapping {
    /// Quantiles of the predictor's distribution
    #[default]
    Quantile,
    /// 7-bit characters, one for each byte of a sample
    Ascii,
}

/// `--lsb`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum LsbArg {
    /// Each after its character, predicted from it
    Coded,
    /// Packed, uncompressed
    Raw,
}

fn positive(text: &str) -> Result<u32, String> {
    match text.parse() {
        Ok(0) => Err("must be at least 1".to_owned()),
        Ok(number) => Ok(number),
        Err(error) => Err(error.to_string()),
    }
}

fn experts(text: &str) -> Result<Experts, String> {
    let mut experts = Experts { lm: false, adaptive: false, classical: false };
    for word in text.split(',') {
        match word.trim() {
            "lm" => experts.lm = true,
            "adaptive" => experts.adaptive = true,
            "classical" => experts.classical = true,
            "mix" => experts = Experts::MIX,
            other => {
                return Err(format!("'{other}' is not one of lm, adaptive, classical, mix"));
            }
        }
    }
    Ok(experts)
}

impl MappingArgs {
    /// As the library takes it.
    ///
    /// # Errors
    /// [`Usage`] when options of another mapping are given.
    pub fn token_mapping(&self) -> Result<TokenMapping, Usage> {
        if self.mapping == Mapping::Quantile {
            let given = self.experts.is_some()
                || self.chunk_size.is_some()
                || self.stereo_blocking.is_some()
                || self.top_k.is_some()
                || self.lsb.is_some()
                || self.context.is_some();
            if given {
                return Err(Usage(
                    "--experts, --chunk-size, --stereo-blocking, --top-k, --lsb and --context need \
                     --mapping ascii"
                        .to_owned(),
                ));
            }
            return Ok(TokenMapping::Quantile);
        }
        let default = Params::default();
        Ok(TokenMapping::Characters(Params {
            experts: self.experts.unwrap_or(default.experts),
            lsb: match self.lsb {
                Some(LsbArg::Raw) => Lsb::Raw,
                Some(LsbArg::Coded) => Lsb::Coded,
                None => default.lsb,
            },
            top_k: self.top_k.unwrap_or(default.top_k),
            chunk_size: self.chunk_size.unwrap_or(default.chunk_size),
            stereo_blocking: self.stereo_blocking.unwrap_or(default.stereo_blocking),
        }))
    }

    /// Whether nothing can be coded without a language model.
    pub fn needs_model(&self) -> bool {
        self.mapping == Mapping::Ascii && self.experts == Some(Experts::LM)
    }

    /// Whether a language model can take part.
    pub fn may_use_model(&self) -> bool {
        self.mapping == Mapping::Quantile || self.experts.is_none_or(|experts| experts.lm)
    }

    /// For characters, the tokens that the model keeps when its context is full; it holds twice
    /// as many.
    pub fn window(&self) -> Option<u32> {
        let chunk = self.chunk_size.unwrap_or(Params::default().chunk_size);
        // The start token comes before the chunk.
        let context = self.context.unwrap_or(chunk.saturating_add(1).clamp(2, DEFAULT_CONTEXT));
        (self.mapping == Mapping::Ascii).then(|| context.div_ceil(2))
    }
}
