//! Gated logistic mixing (Mahoney's PAQ mixers): weighs logits, learns from coding cost.

use crate::math::{add_scaled, dot};

/// Number of inputs: a multiple of the lanes of [`dot`].
pub const INPUTS: usize = 16;

/// A table of weight sets, one of which is selected by a context for each decision.
#[derive(Clone, Debug)]
pub struct Mixer {
    /// `(contexts, INPUTS)`
    weights: Vec<[f32; INPUTS]>,
    /// Decisions seen per set, up to [`Mixer::SETTLED`]: learning starts fast.
    seen: Vec<f32>,
    selected: usize,
    rate: f32,
}

impl Mixer {
    const SETTLED: f32 = 400.0;

    /// A mixer with `contexts` sets that all start at `initial`; `rate` is the final
    /// learning rate.
    pub fn new(contexts: usize, initial: [f32; INPUTS], rate: f32) -> Self {
        Mixer { weights: vec![initial; contexts], seen: vec![0.0; contexts], selected: 0, rate }
    }

    /// Selects the set of `context` and returns the weighted sum of `inputs`.
    #[inline(always)]
    pub fn mix(&mut self, context: usize, inputs: &[f32; INPUTS]) -> f32 {
        self.selected = context;
        dot(&self.weights[context], inputs)
    }

    /// Moves the selected set along the gradient of the coding cost; `error` is the decision
    /// (0 or 1) less its probability.
    #[inline(always)]
    pub fn update(&mut self, inputs: &[f32; INPUTS], error: f32) {
        let seen = &mut self.seen[self.selected];
        let boost = 1.0 + 8.0 * (1.0 - *seen / Self::SETTLED);
        if *seen < Self::SETTLED {
            *seen += 1.0;
        }
        add_scaled(&mut self.weights[self.selected], self.rate * boost * error, inputs);
    }
}
