//! Training data for language models: what one reads before each sample, what it is to predict, and the
//! codec's own logits without it.
//!
//! Nothing decodes from this, so it may use the platform's logarithm.

use super::rehearsal::{Noted, Rehearsal};
use crate::density::DECISIONS;
use crate::entropy::{Probability, from_probability};
use crate::lm::{AudioToken, BINS, Features, Input};

/// One sample. `training/train.py` describes how it is stored and what it is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrainingToken {
    /// Quantile bin of the sample before; [`BINS`] at the start of a segment.
    pub last: u8,
    /// Quantile bin.
    pub bin: u8,
    /// What is known of the sample before it is coded.
    pub features: Features,
    /// The codec's logits of the decisions that find the bin, in units of 1/2048; `i16::MIN` where
    /// only one outcome was possible.
    pub logits: [i16; DECISIONS],
}

/// One token per sample but the last, whose bin no model reads, of a segment that was noted as a whole.
pub(super) fn tokens(rehearsal: &Rehearsal) -> Vec<TrainingToken> {
    let token = |(input, (bin, decisions)): Noted<'_>| {
        let (last, features) = match input {
            Input::After(AudioToken { bin, features, .. }) => (bin, features),
            Input::Start => (BINS as u8, Features::default()),
        };
        TrainingToken { last, bin, features, logits: decisions.map(logit) }
    };
    rehearsal.noted().flatten().map(token).collect()
}

/// In units of 1/2048; `i16::MIN` of 0, where there was nothing to decide.
fn logit(p: Probability) -> i16 {
    if p == 0 {
        return i16::MIN;
    }
    // Neither bound is met: the probabilities lie between 2^-20 and 1 - 2^-20.
    let p = from_probability(p);
    ((p / (1.0 - p)).ln() * 2048.0) as i16
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::{Level, encode_pcm, training_pcm};
    use crate::lm::Recorder;
    use crate::observer::Watch;
    use crate::pcm::Pcm;

    /// A noisy saw-tooth.
    fn pcm() -> Pcm {
        let mut noise = 1_u32;
        let sample = |i: i32| {
            noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (i * 37 % 2_000 - 1_000) + (noise >> 25) as i32
        };
        Pcm { channels: 2, samples: (0..4_000).map(sample).collect() }
    }

    #[test]
    fn it_notes_what_an_encoder_does() {
        let mut recorder = Recorder::default();
        encode_pcm(&pcm(), Level::Fast, Some(&mut recorder), &Watch::default()).unwrap();
        let tokens = training_pcm(&pcm(), Level::Fast).unwrap();
        assert_eq!(tokens.len(), recorder.pairs().count());
        for (token, (input, bin)) in tokens.iter().zip(recorder.pairs()) {
            let (last, features) = match input {
                Input::After(AudioToken { bin, features, .. }) => (bin, features),
                _ => (BINS as u8, Features::default()),
            };
            assert_eq!((token.last, token.features, token.bin), (last, features, bin));
        }
    }

    #[test]
    fn logits_are_those_of_the_decisions() {
        let tokens = training_pcm(&pcm(), Level::Fast).unwrap();
        // Bins are about as likely as each other, so a decision is worth a bit.
        let (mut bits, mut count) = (0.0, 0.0);
        for token in &tokens[1_000..] {
            for (depth, &logit) in token.logits.iter().enumerate() {
                if logit != i16::MIN {
                    let upper = token.bin >> (DECISIONS - 1 - depth) & 1 == 1;
                    let logit = f64::from(logit) / 2048.0;
                    bits += (1.0 + if upper { -logit } else { logit }.exp()).log2();
                    count += 1.0;
                }
            }
        }
        let mean = bits / count;
        assert!(count > 10_000.0 && (0.9..1.05).contains(&mean), "{count} {mean}");
    }
}
