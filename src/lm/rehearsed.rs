//! A model whose inputs are known in advance.

use super::{BINS, Input, LanguageModel};
use crate::error::{Error, Result};

/// Tokens that the model reads at a time.
const BATCH: usize = 128;

/// A model that reads ahead: an encoder has all inputs of a segment before it uses the first logit, and
/// an engine may take many tokens faster than one after the other. The logits are those of single steps.
pub struct Rehearsed<'a> {
    model: &'a mut dyn LanguageModel,
    inputs: Vec<Input>,
    /// Inputs whose logits have been used, and that the model has read.
    used: usize,
    read: usize,
    /// Logits of the inputs up to `read`, from the last whole batch on.
    logits: Vec<[f32; BINS]>,
}

impl<'a> Rehearsed<'a> {
    /// `inputs` as a [`Recorder`](super::Recorder) of the same segment has noted them.
    pub fn new(model: &'a mut dyn LanguageModel, inputs: Vec<Input>) -> Self {
        Rehearsed { model, inputs, used: 0, read: 0, logits: vec![[0.0; BINS]; BATCH] }
    }
}

impl LanguageModel for Rehearsed<'_> {
    fn reset(&mut self) -> Result<()> {
        (self.used, self.read) = (0, 0);
        self.model.reset()
    }

    fn step(&mut self, token: Input) -> Result<[f32; BINS]> {
        if self.inputs.get(self.used) != Some(&token) {
            return Err(Error::model("the inputs of the segment are not those that were noted"));
        }
        if self.used == self.read {
            let batch = &self.inputs[self.read..];
            let batch = &batch[..batch.len().min(BATCH)];
            self.model.steps(batch, &mut self.logits[..batch.len()])?;
            self.read += batch.len();
        }
        let logits = self.logits[self.used % BATCH];
        self.used += 1;
        Ok(logits)
    }
}

#[cfg(test)]
mod tests {
    use super::super::AudioToken;
    use super::*;
    use crate::lm::Recorder;

    /// Its logits depend on how many tokens it has read, and on which.
    #[derive(Default)]
    struct Counter {
        read: usize,
        batches: Vec<usize>,
    }

    impl LanguageModel for Counter {
        fn reset(&mut self) -> Result<()> {
            self.read = 0;
            Ok(())
        }

        fn step(&mut self, token: Input) -> Result<[f32; BINS]> {
            let Input::After(AudioToken { bin, .. }) = token else { return Ok([0.0; BINS]) };
            self.read += 1;
            let mut logits = [0.0; BINS];
            (logits[0], logits[1]) = (self.read as f32, f32::from(bin));
            Ok(logits)
        }

        fn steps(&mut self, tokens: &[Input], logits: &mut [[f32; BINS]]) -> Result<()> {
            self.batches.push(tokens.len());
            for (&token, logits) in tokens.iter().zip(logits) {
                *logits = self.step(token)?;
            }
            Ok(())
        }
    }

    fn input(i: usize) -> Input {
        Input::After(AudioToken { bin: (i * 7 % 32) as u8, class: 0, features: Default::default() })
    }

    #[test]
    fn logits_are_those_of_single_steps() {
        let mut recorder = Recorder::default();
        (0..300).for_each(|i| {
            recorder.step(input(i)).unwrap();
        });
        let mut counter = Counter::default();
        let mut model = Rehearsed::new(&mut counter, recorder.into_inputs());
        for _ in 0..2 {
            model.reset().unwrap();
            for i in 0..300 {
                let logits = model.step(input(i)).unwrap();
                assert_eq!(logits[..2], [(i + 1) as f32, (i * 7 % 32) as f32]);
            }
        }
        assert!(model.step(input(300)).is_err(), "there are no more");
        model.reset().unwrap();
        assert!(model.step(input(1)).is_err(), "another one comes first");
        assert_eq!(counter.batches[..6], [128, 128, 44, 128, 128, 44]);
    }
}
