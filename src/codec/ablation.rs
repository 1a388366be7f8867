//! What each part of a level is worth: coding with that part left out.
//!
//! For measurements only (`tools/dev/ablation.rs`). What comes out is no lmz stream: a decoder
//! would need to have the same part left out.

use super::profile::{Centre, Composition, ExpertConfig, Profile, profile};
use super::segment::SegmentPlan;
use super::{CodedPcm, Level};
use crate::density::EXPERTS;
use crate::error::Result;
use crate::observer::Watch;
use crate::pcm::Pcm;

/// Something that a level can do without.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// A cascade, its stages in the combiner, and the experts centred on it.
    Cascade(usize),
    /// One expert.
    Expert(usize),
    /// All experts but those centred on the final forecast.
    SingleExperts,
    /// The filters over the channel's own errors in the polish.
    OwnErrors,
    /// Those over the errors of its partner.
    PartnerErrors,
    /// The second layer of mixers and what it has for itself; the first one then learns as that of the
    /// fast level does.
    SecondLayer,
    /// The trial of the order of the channels.
    OrderTrial,
    /// Long-term prediction.
    LongTerm,
}

impl Part {
    /// All parts of a level.
    pub fn all(level: Level) -> Vec<Part> {
        let mut parts: Vec<Part> =
            (0..profile(level).composition.cascades.len()).map(Part::Cascade).collect();
        parts.extend((0..EXPERTS).map(Part::Expert));
        parts.push(Part::SingleExperts);
        if level != Level::Fast {
            parts.extend([Part::OwnErrors, Part::PartnerErrors, Part::SecondLayer]);
            parts.extend([Part::OrderTrial, Part::LongTerm]);
        }
        parts
    }

    /// The part in words, with its parameters.
    pub fn describe(self, level: Level) -> String {
        let composition = &profile(level).composition;
        match self {
            Part::Cascade(i) => {
                let cascade = &composition.cascades[i];
                let taps: Vec<_> = cascade.nlms.iter().map(|n| n.taps.to_string()).collect();
                format!(
                    "cascade {i}: least squares {}+{}, lambda {}; NLMS {}",
                    cascade.own,
                    cascade.partner,
                    cascade.least_squares.lambda,
                    if taps.is_empty() { "none".to_owned() } else { taps.join(", ") },
                )
            }
            Part::Expert(i) => {
                let ExpertConfig { centre, rate } = composition.experts[i];
                format!("expert {i}: {centre:?}, rate {rate}")
            }
            Part::SingleExperts => "all experts but the final ones".to_owned(),
            Part::OwnErrors => "polish: filters over the channel's own errors".to_owned(),
            Part::PartnerErrors => "polish: filters over the partner's errors".to_owned(),
            Part::SecondLayer => "second layer of mixers".to_owned(),
            Part::OrderTrial => "trial of the channels' order".to_owned(),
            Part::LongTerm => "long-term prediction".to_owned(),
        }
    }
}

/// Codes a segment with one part of `level` left out, or with all of them.
///
/// The place of an expert that is left out is taken by a copy of the first one, which adds
/// nothing.
///
/// # Errors
/// None are known; see [`super::encode_pcm`].
pub fn encode_without(pcm: &Pcm, level: Level, part: Option<Part>) -> Result<CodedPcm> {
    let full = profile(level);
    let mut cascades = full.composition.cascades.to_vec();
    let mut experts = full.composition.experts;
    let (mut polish, mut mixing) = (full.composition.polish, full.composition.mixing);
    let first = experts[0];
    match part {
        Some(Part::Cascade(left_out)) => {
            cascades.remove(left_out);
            for expert in &mut experts {
                expert.centre = match expert.centre {
                    Centre::Cascade(i) | Centre::LeastSquares(i) if i == left_out => {
                        *expert = first;
                        continue;
                    }
                    Centre::Cascade(i) => Centre::Cascade(i - usize::from(i > left_out)),
                    Centre::LeastSquares(i) => Centre::LeastSquares(i - usize::from(i > left_out)),
                    Centre::Polished => Centre::Polished,
                };
            }
        }
        Some(Part::Expert(left_out)) => experts[left_out] = experts[usize::from(left_out == 0)],
        Some(Part::SingleExperts) => {
            for expert in &mut experts {
                if !matches!(expert.centre, Centre::Polished) {
                    *expert = first;
                }
            }
        }
        Some(Part::OwnErrors) => polish.own = &[],
        Some(Part::PartnerErrors) => polish.partner = &[],
        Some(Part::SecondLayer) => mixing = profile(Level::Fast).composition.mixing,
        Some(Part::OrderTrial | Part::LongTerm) | None => {}
    }
    let mut effort = full.effort;
    effort.orders &= part != Some(Part::OrderTrial);
    if part == Some(Part::LongTerm) {
        effort.reach = 0;
    }
    let composition =
        Composition { cascades: &cascades, experts, polish, mixing, ..full.composition };
    let profile = Profile { composition, effort, ..*full };
    let watch = Watch::default();
    SegmentPlan::with_profile(pcm, &profile, &watch)?.encode(None, &watch)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::encode_pcm;

    /// A tone with some noise, the second channel louder than the first.
    fn tone() -> Pcm {
        let mut state = 1_u32;
        let samples = (0..6_000).map(|i| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let tone = (f64::from(i / 2) * 0.05).sin() * 3_000.0 * f64::from(1 + i % 2);
            tone as i32 + (state >> 27) as i32
        });
        Pcm { channels: 2, samples: samples.collect() }
    }

    #[test]
    fn with_all_parts_it_is_the_codec() {
        let pcm = tone();
        for level in [Level::Fast, Level::Default, Level::Best] {
            let full = encode_without(&pcm, level, None).unwrap();
            assert_eq!(full, encode_pcm(&pcm, level, None, &Watch::default()).unwrap());
        }
    }

    #[test]
    fn every_part_can_be_left_out_and_makes_a_difference() {
        let pcm = tone();
        for level in [Level::Fast, Level::Default] {
            let full = encode_without(&pcm, level, None).unwrap();
            for part in Part::all(level) {
                let coded = encode_without(&pcm, level, Some(part)).unwrap();
                // Other predictors predict the tone as well.
                let expected = part == Part::LongTerm;
                assert_eq!(coded == full, expected, "{}", part.describe(level));
            }
        }
    }
}
