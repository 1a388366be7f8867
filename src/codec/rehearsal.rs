//! A segment coded without a model, with what one would read, and what one would save.

use super::CodedPcm;
use crate::density::{BinForecast, DECISIONS};
use crate::entropy::{Coder, Probability, StreamEncoder};
use crate::error::Result;
use crate::lm::{BINS, Input, LanguageModel, Recorder};

/// Tokens of a window, and how many of them there are for each that is looked at.
const WINDOW: usize = 512;
const SPARSITY: usize = 4;
/// Most windows of a segment.
const MOST_WINDOWS: usize = 32;

/// A segment in coded form, without a model, and all that a model would read of it.
///
/// That does not depend on the model's logits. In windows all over the segment, the codec's own
/// probabilities of the decisions about bins are noted too, so that the model's part can be estimated by
/// reading these windows alone.
pub struct Rehearsal {
    /// The segment in coded form.
    pub coded: CodedPcm,
    /// What a model would read.
    pub recorder: Recorder,
    /// Samples that were coded, each of them a token.
    tokens: usize,
    windows: Windows,
    /// Of each sample in a window, one window after the other; 0 where there was nothing to decide.
    decisions: Vec<[Probability; DECISIONS]>,
}

impl Rehearsal {
    /// Share of the segment's bytes that `model` is likely to save, negative where it costs: the sum over the
    /// windows, if it had its first weight in the mixers throughout.
    ///
    /// # Errors
    /// Those of the model.
    pub fn likely_saving(&self, model: &mut dyn LanguageModel) -> Result<f64> {
        let (mut saved, mut seen) = (0.0, 0);
        for window in self.noted() {
            let (inputs, outcomes): (Vec<_>, Vec<_>) = window.unzip();
            let mut logits = vec![[0.0; BINS]; inputs.len()];
            model.reset()?;
            model.steps(&inputs, &mut logits)?;
            for (logits, (bin, decisions)) in logits.iter().zip(outcomes) {
                saved += f64::from(BinForecast::new(logits).saving(bin, decisions));
            }
            seen += inputs.len();
        }
        let bits = 8.0 * self.coded.len() as f64 * seen as f64 / self.tokens as f64;
        Ok(if bits > 0.0 { saved / bits } else { 0.0 })
    }

    /// The samples of each window: input, bin, and probabilities of the decisions that find it.
    pub(super) fn noted(&self) -> impl Iterator<Item = impl Iterator<Item = Noted<'_>>> {
        let windows = self.decisions.chunks(self.windows.length).enumerate();
        windows.map(|(number, decisions)| {
            let start = self.windows.start(number);
            let pairs = self.recorder.pairs_of(start..start + decisions.len());
            pairs.zip(decisions).map(|((input, bin), decisions)| (input, (bin, decisions)))
        })
    }
}

/// A sample whose decisions were noted.
pub(super) type Noted<'a> = (Input, (u8, &'a [Probability; DECISIONS]));

/// Stretches of tokens at equal distances.
#[derive(Clone, Copy)]
pub(super) struct Windows {
    /// Tokens from the start of one to the start of the next, and of each.
    distance: usize,
    length: usize,
}

impl Windows {
    /// All of a segment of `tokens` tokens.
    pub fn all(tokens: usize) -> Self {
        Windows { distance: tokens.max(1), length: tokens.max(1) }
    }

    /// As many tokens of a segment of `tokens` tokens as an estimate takes.
    pub fn spread(tokens: usize) -> Self {
        let count = (tokens / (WINDOW * SPARSITY)).clamp(1, MOST_WINDOWS);
        let distance = (tokens / count).max(1);
        Windows { distance, length: distance.min(WINDOW) }
    }

    /// First token of a window, which lies in the middle of its stretch of the segment.
    fn start(self, number: usize) -> usize {
        number * self.distance + (self.distance - self.length) / 2
    }

    fn contains(self, token: usize) -> bool {
        let place = token % self.distance;
        let start = (self.distance - self.length) / 2;
        (start..start + self.length).contains(&place)
    }
}

/// A coder that writes the streams, and notes the decisions about bins in windows.
pub(super) struct Noting {
    encoder: StreamEncoder,
    windows: Windows,
    /// Probability of the last decision, if it was coded for this bin.
    last: Option<Probability>,
    /// Decisions about bins so far.
    count: usize,
    noted: Vec<[Probability; DECISIONS]>,
}

impl Noting {
    /// Notes what is in `windows`.
    pub fn new(windows: Windows) -> Self {
        Noting {
            encoder: StreamEncoder::default(),
            windows,
            last: None,
            count: 0,
            noted: Vec::new(),
        }
    }

    /// What has been written and noted, with the inputs of the same pass.
    pub fn finish(self, recorder: Recorder, long_term: bool) -> Rehearsal {
        let (stream, lsb) = self.encoder.finish();
        let coded = CodedPcm { stream, lsb, long_term };
        let tokens = self.count / DECISIONS;
        Rehearsal { coded, recorder, tokens, windows: self.windows, decisions: self.noted }
    }
}

impl Coder for Noting {
    #[inline(always)]
    fn code(&mut self, decision: bool, p: Probability) -> bool {
        self.last = Some(p);
        self.encoder.code(decision, p)
    }

    /// Ends every sample, even one without low bits.
    #[inline(always)]
    fn raw(&mut self, value: u32, bits: u32) -> u32 {
        self.last = None;
        self.encoder.raw(value, bits)
    }

    fn end_bin_decision(&mut self) {
        let (token, number) = (self.count / DECISIONS, self.count % DECISIONS);
        self.count += 1;
        let p = self.last.take();
        if self.windows.contains(token) {
            if number == 0 {
                self.noted.push([0; DECISIONS]);
            }
            if let (Some(noted), Some(p)) = (self.noted.last_mut(), p) {
                noted[number] = p;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::{Level, SegmentPlan};
    use crate::lm::AudioToken;
    use crate::observer::Watch;
    use crate::pcm::Pcm;

    /// White noise over 256 values, on `channels` channels.
    fn rehearsal(channels: usize, samples: usize) -> Rehearsal {
        let mut noise = 1_u32;
        let sample = |_| {
            noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (noise >> 24) as i32
        };
        let pcm = Pcm { channels, samples: (0..samples).map(sample).collect() };
        let watch = Watch::default();
        let plan = SegmentPlan::new(&pcm, Level::Fast, &watch).unwrap();
        let rehearsal = plan.rehearse(&watch).unwrap();
        assert_eq!(rehearsal.coded, plan.encode(None, &watch).unwrap());
        rehearsal
    }

    /// Knows each bin, or rules it out, with a logit of this size.
    struct Oracle<'a>(&'a [Input], f32);

    impl LanguageModel for Oracle<'_> {
        fn reset(&mut self) -> Result<()> {
            Ok(())
        }

        fn step(&mut self, token: Input) -> Result<[f32; BINS]> {
            let mut logits = [0.0; BINS];
            // No two inputs are the same: features hold noise.
            let next = self.0.iter().skip_while(|&&input| input != token).nth(1);
            if let Some(Input::After(AudioToken { bin, .. })) = next {
                logits[usize::from(*bin)] = self.1;
            }
            Ok(logits)
        }
    }

    #[test]
    fn savings_are_those_of_a_model_that_knows_much_little_or_nothing() {
        for (channels, samples) in [(1, 3_000), (2, 9_000)] {
            let rehearsal = rehearsal(channels, samples);
            let inputs = rehearsal.recorder.clone().into_inputs();
            assert_eq!(inputs.len(), samples);
            let saving = |certainty| {
                let mut oracle = Oracle(&inputs, certainty);
                rehearsal.likely_saving(&mut oracle).unwrap()
            };
            // The bins are 5 of 8 bits.
            assert!((0.3..0.625).contains(&saving(9.0)), "{}", saving(9.0));
            assert!((0.01..0.1).contains(&saving(0.5)), "{}", saving(0.5));
            assert!(saving(0.0).abs() < 0.01, "{}", saving(0.0));
            assert!(saving(-2.0) < -0.01, "{}", saving(-2.0));
        }
    }

    #[test]
    fn windows_are_where_the_coder_notes() {
        for tokens in [0, 1, 5, 511, 512, 513, 2_047, 5_000, 100_003, 3_000_000] {
            let windows = Windows::spread(tokens);
            let noted: Vec<usize> = (0..tokens).filter(|&token| windows.contains(token)).collect();
            for (number, window) in noted.chunks(windows.length).enumerate() {
                assert!(window.iter().copied().eq((windows.start(number)..).take(window.len())));
            }
            assert!(
                noted.len() <= (MOST_WINDOWS + 1) * WINDOW && noted.len() >= tokens.min(WINDOW)
            );
        }
    }

    #[test]
    fn a_segment_without_samples_saves_nothing() {
        let rehearsal = rehearsal(1, 0);
        assert_eq!(rehearsal.likely_saving(&mut Oracle(&[], 1.0)).unwrap(), 0.0);
    }
}
