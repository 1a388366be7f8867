//! Blocks of characters: which experts take part, decided by what each choice costs.

use super::segment::{BlockCoder, Coded, Model};
use super::stoppable::Stoppable;
use super::{CompressOptions, LmUse, TokenMapping};
use crate::ascii::{self, Characters, Params};
use crate::container::{Block, BlockKind};
use crate::error::{Error, Result};
use crate::lm::{CHARACTERS, ModelProvider};
use crate::wav::WavFormat;

/// Bytes in the excerpt of a segment on which [`LmUse::Auto`] tries the language model: large
/// ones read some tens of characters in a second.
const TRIAL_BYTES: usize = 4096;

/// Share of the trial's bytes that the language model must save, in thousandths.
const TRIAL_MIN_SAVING: usize = 10;

/// Leaves out what is not wanted, or not there: the model where it has no part, and then the
/// language model among the experts.
pub(super) fn with_experts_at_hand(
    mut options: CompressOptions<'_>,
) -> Result<CompressOptions<'_>> {
    options.model = options.model.filter(|_| options.lm != LmUse::Off);
    if let TokenMapping::Characters(params) = &mut options.mapping {
        params.check().map_err(|reason| Error::Limit { offset: 0, reason })?;
        if options.model.is_none() {
            params.experts = params.experts.without_lm();
        }
        if params.experts.is_empty() {
            return Err(Error::model("it is the only expert, but none is at hand"));
        }
        options.model = options.model.filter(|_| params.experts.lm);
    }
    Ok(options)
}

impl<'a> BlockCoder<'a> {
    /// The samples of `stored` as characters, with and without the language model as `lm` says,
    /// or as they are where that is smaller. Without another expert, what is not modelled is stored.
    pub(super) fn encode_characters(
        &self,
        stored: Block,
        format: &WavFormat,
        params: &Params,
        lm: LmUse,
        model: Model<'a>,
    ) -> Result<Coded> {
        let bytes = &stored.tokens;
        let without = Params { experts: params.experts.without_lm(), ..*params };
        let plain = match without.experts.is_empty() {
            true => None,
            false => Some(self.encode_with_experts(bytes, format, &without, None)?),
        };
        let modelled = match model {
            Some(model) if self.is_worth_it(bytes, format, params, lm, model)? => {
                Some(self.encode_with_experts(bytes, format, params, Some(model))?)
            }
            _ => None,
        };
        let length_without_lm = plain.as_ref().map_or(0, ascii::Coded::len);
        let length_without_lm = u32::try_from(length_without_lm).unwrap_or(u32::MAX);
        // Compared with the samples as they are, and then with each other.
        let shorter = |coded: Option<ascii::Coded>, than: &Block| {
            let ascii::Coded { tokens, lsb, experts, .. } = coded?;
            let block = Block {
                kind: BlockKind::AudioCharacters,
                uses_lm: experts.lm,
                length_without_lm: if experts.lm { length_without_lm } else { 0 },
                tokens,
                lsb,
                ..stored
            };
            (block.coded_length() < than.coded_length()).then_some(block)
        };
        let plain = shorter(plain, &stored);
        let modelled = shorter(modelled, plain.as_ref().unwrap_or(&stored));
        let plain = plain.unwrap_or(stored);
        Ok(match modelled {
            // Together with the model, the one that needs less alone may be another.
            Some(block) if !block.uses_lm => Coded { plain: block, modelled: None },
            modelled => Coded { plain, modelled },
        })
    }

    /// Inverse of [`BlockCoder::encode_characters`]; `model` is that of the file header.
    pub(super) fn decode_characters(
        &self,
        block: &Block,
        format: &WavFormat,
        model: Model<'a>,
    ) -> Result<Vec<u8>> {
        let (params, _) = Params::from_bytes(&block.tokens)?;
        if params.experts.lm != block.uses_lm {
            return Err(Error::corrupt(0, "block header and parameters disagree on the model"));
        }
        let len = block.original_length as usize;
        let level = self.header.level;
        match (block.uses_lm, model) {
            (false, _) => ascii::decode(&block.tokens, &block.lsb, format, len, level, None),
            (true, None) => Err(Error::corrupt(0, "a model is used but none is named")),
            (true, Some(model)) => {
                let mut session = self.characters(model)?;
                let lm: &mut Characters<'_> = &mut session;
                ascii::decode(&block.tokens, &block.lsb, format, len, level, Some(lm))
            }
        }
    }

    fn encode_with_experts(
        &self,
        bytes: &[u8],
        format: &WavFormat,
        params: &Params,
        model: Model<'a>,
    ) -> Result<ascii::Coded> {
        let mut session = match model.filter(|_| params.experts.lm) {
            Some(model) => Some(self.characters(model)?),
            None => None,
        };
        let lm = session.as_mut().map(|session| session as &mut Characters<'_>);
        ascii::encode(bytes, format, self.header.level, params, lm)
    }

    /// Whether the segment is to be coded with the model, too: always if asked for, or if there
    /// is nobody else, and otherwise if an excerpt gets small enough.
    fn is_worth_it(
        &self,
        bytes: &[u8],
        format: &WavFormat,
        params: &Params,
        lm: LmUse,
        model: &'a dyn ModelProvider,
    ) -> Result<bool> {
        let without = Params { experts: params.experts.without_lm(), ..*params };
        if lm == LmUse::On || without.experts.is_empty() {
            return Ok(true);
        }
        let excerpt = middle(bytes, format.frame_bytes());
        let plain = self.encode_with_experts(excerpt, format, &without, None)?.len();
        let modelled = self.encode_with_experts(excerpt, format, params, Some(model))?.len();
        Ok(modelled * 1000 <= plain * (1000 - TRIAL_MIN_SAVING))
    }

    /// A fresh session. It is held for no longer than it is stepped, because other lanes wait
    /// for it.
    fn characters(&self, model: &'a dyn ModelProvider) -> Result<Stoppable<'a, CHARACTERS>> {
        Ok(Stoppable::new(model.characters(self.lane)?, self.stop))
    }
}

/// Whole frames from the middle of `bytes`, at least one and about [`TRIAL_BYTES`].
fn middle(bytes: &[u8], frame_bytes: usize) -> &[u8] {
    let all = bytes.len() / frame_bytes;
    let frames = (TRIAL_BYTES / frame_bytes).max(1).min(all);
    let first = (all - frames) / 2 * frame_bytes;
    &bytes[first..first + frames * frame_bytes]
}
