//! Blocks of characters: which experts take part, decided by what each choice costs.

use super::block_encoder::{BlockEncoder, Encoded, SHARE_WITHOUT_MODEL};
use super::{CompressOptions, LmUse, TokenMapping};
use crate::ascii::{self, Characters, Params};
use crate::container::{Block, BlockKind};
use crate::error::{Error, Result};
use crate::lm::ModelProvider;
use crate::observer::Watch;
use crate::wav::WavFormat;

/// Bytes in the excerpt of a segment on which [`LmUse::Auto`] tries the language model: large
/// ones read some tens of characters in a second.
const TRIAL_BYTES: usize = 4096;

/// Share of the trial's bytes that the language model must save, in thousandths.
const TRIAL_MIN_SAVING: usize = 10;

/// Leaves out what is not wanted, or not there: the model where it has no part, and then the
/// language model among the experts.
pub(super) fn with_experts_at_hand(mut options: CompressOptions) -> Result<CompressOptions> {
    options.model = options.model.filter(|_| options.lm != LmUse::Off);
    if let TokenMapping::Characters(params) = &mut options.mapping {
        params.check().map_err(|fault| Error::Limit { offset: 0, reason: fault.to_string() })?;
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

impl BlockEncoder {
    /// The samples of `stored` as characters, with and without the language model as the options
    /// say, or as they are where that is smaller. Without another expert, what is not modelled is
    /// stored.
    pub(super) fn encode_characters(
        &self,
        stored: Block,
        format: &WavFormat,
        params: &Params,
    ) -> Result<Encoded> {
        let (bytes, watch) = (&stored.stream, &self.watch);
        let without = Params { experts: params.experts.without_lm(), ..*params };
        let share = if self.model().is_some() { SHARE_WITHOUT_MODEL } else { 1.0 };
        watch.pass(share, bytes.len());
        let plain = match without.experts.is_empty() {
            true => None,
            false => Some(self.encode_with_experts(bytes, format, &without, None, watch)?),
        };
        let modelled = match self.model() {
            Some(model) if self.is_worth_it(bytes, format, params, model)? => {
                watch.pass(1.0 - share, bytes.len());
                Some(self.encode_with_experts(bytes, format, params, Some(model), watch)?)
            }
            _ => None,
        };
        let length_without_lm = plain.as_ref().map_or(0, ascii::Coded::len);
        let length_without_lm = u32::try_from(length_without_lm).unwrap_or(u32::MAX);
        // Compared with the samples as they are, and then with each other.
        let shorter = |coded: Option<ascii::Coded>, than: &Block| {
            let ascii::Coded { stream, lsb, experts, .. } = coded?;
            let block = Block {
                kind: BlockKind::AudioCharacters,
                uses_lm: experts.lm,
                length_without_lm: if experts.lm { length_without_lm } else { 0 },
                stream,
                lsb,
                ..stored
            };
            (block.cost() < than.cost()).then_some(block)
        };
        let plain = shorter(plain, &stored);
        let modelled = shorter(modelled, plain.as_ref().unwrap_or(&stored));
        let plain = plain.unwrap_or(stored);
        Ok(match modelled {
            // Together with the model, the one that needs less alone may be another.
            Some(block) if !block.uses_lm => Encoded { plain: block, modelled: None },
            modelled => Encoded { plain, modelled },
        })
    }

    fn encode_with_experts(
        &self,
        bytes: &[u8],
        format: &WavFormat,
        params: &Params,
        model: Option<&dyn ModelProvider>,
        watch: &Watch,
    ) -> Result<ascii::Coded> {
        // A session is held for no longer than it is stepped, because other lanes wait for it.
        let mut session = match model.filter(|_| params.experts.lm) {
            Some(model) => Some(model.characters(self.lane)?),
            None => None,
        };
        let lm = session.as_mut().map(|session| &mut **session as &mut Characters<'_>);
        ascii::encode(bytes, format, self.options.level, params, lm, watch)
    }

    /// Whether the segment is to be coded with the model, too: always if so requested, or if there
    /// is no other expert, and otherwise if an excerpt gets small enough.
    fn is_worth_it(
        &self,
        bytes: &[u8],
        format: &WavFormat,
        params: &Params,
        model: &dyn ModelProvider,
    ) -> Result<bool> {
        let without = Params { experts: params.experts.without_lm(), ..*params };
        if self.options.lm != LmUse::Auto || without.experts.is_empty() {
            return Ok(true);
        }
        let excerpt = middle(bytes, format.frame_bytes());
        let watch = &self.watch.of_trial();
        let plain = self.encode_with_experts(excerpt, format, &without, None, watch)?.len();
        let modelled = self.encode_with_experts(excerpt, format, params, Some(model), watch)?.len();
        Ok(modelled * 1000 <= plain * (1000 - TRIAL_MIN_SAVING))
    }
}

/// Whole frames from the middle of `bytes`, at least one and about [`TRIAL_BYTES`].
fn middle(bytes: &[u8], frame_bytes: usize) -> &[u8] {
    let all = bytes.len() / frame_bytes;
    let frames = (TRIAL_BYTES / frame_bytes).max(1).min(all);
    let first = (all - frames) / 2 * frame_bytes;
    &bytes[first..first + frames * frame_bytes]
}
