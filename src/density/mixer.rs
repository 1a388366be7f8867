//! Gated logistic mixing (§9.6; Mahoney's PAQ mixers): weighs logits, learns from coding cost.

use crate::math::{LANES, add_products, add_scaled, sum};

/// A table of weight sets, one of which is selected by a context for each decision. The number of
/// inputs is a multiple of the lanes of [`add_products`], or small.
#[derive(Clone, Debug)]
pub struct Mixer<const INPUTS: usize> {
    /// `(contexts, INPUTS)`
    weights: Vec<[f32; INPUTS]>,
    /// Decisions seen per set, up to `SETTLED`: learning starts fast.
    seen: Vec<f32>,
    selected: usize,
    rate: f32,
}

impl<const INPUTS: usize> Mixer<INPUTS> {
    const SETTLED: f32 = 400.0;

    /// A mixer with `contexts` sets that all start at `initial`; `rate` is the final
    /// learning rate.
    pub fn new(contexts: usize, initial: [f32; INPUTS], rate: f32) -> Self {
        Mixer { weights: vec![initial; contexts], seen: vec![0.0; contexts], selected: 0, rate }
    }

    /// Selects the set of `context` and returns the weighted sum of `inputs`.
    #[inline(always)]
    pub fn mix(&mut self, context: usize, inputs: &[f32; INPUTS]) -> f32 {
        let mut lanes = [0.0; LANES];
        self.mix_into(&mut lanes, context, inputs);
        sum(lanes)
    }

    /// [`mix`](Self::mix) that adds to the lanes of a sum, for several mixers to share.
    #[inline(always)]
    pub fn mix_into(&mut self, lanes: &mut [f32; LANES], context: usize, inputs: &[f32; INPUTS]) {
        self.selected = context;
        add_products(lanes, &self.weights[context], inputs);
    }

    /// [`mix`](Self::mix) of a few inputs, summed one after the other.
    #[inline(always)]
    pub fn mix_few(&mut self, context: usize, inputs: &[f32; INPUTS]) -> f32 {
        self.selected = context;
        let weights = &self.weights[context];
        let mut sum = weights[0] * inputs[0];
        for i in 1..INPUTS {
            sum += weights[i] * inputs[i];
        }
        sum
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::logistic;

    const INPUTS: usize = 16;

    #[test]
    fn few_inputs_are_summed_in_their_order() {
        let mut mixer = Mixer::new(2, [1.0, 1.0, 1.0], 0.01);
        assert_eq!(mixer.mix_few(1, &[1e8, -1e8, 0.5]), 0.5);
        assert_eq!(mixer.mix_few(1, &[0.5, 1e8, -1e8]), 0.0);
    }

    #[test]
    fn it_starts_as_the_weighted_sum() {
        let mut initial = [0.0; INPUTS];
        initial[..2].copy_from_slice(&[0.5, 2.0]);
        let mut inputs = [9.0; INPUTS];
        inputs[..2].copy_from_slice(&[4.0, -1.0]);
        assert_eq!(Mixer::new(3, initial, 0.01).mix(2, &inputs), 0.0);
    }

    /// Cost in bits per decision with input 0 telling the truth and input 1 lying.
    fn cost(
        mixer: &mut Mixer<INPUTS>,
        context: usize,
        decisions: impl Iterator<Item = usize>,
    ) -> f64 {
        let (mut bits, mut count) = (0.0, 0.0);
        for i in decisions {
            let decision = f32::from(u8::from(i * i % 7 < 3));
            let mut inputs = [0.0; INPUTS];
            inputs[0] = if decision == 1.0 { 2.0 } else { -2.0 };
            inputs[1] = -inputs[0];
            let p = logistic(mixer.mix(context, &inputs).clamp(-12.0, 12.0));
            mixer.update(&inputs, decision - p);
            bits -= f64::from(if decision == 1.0 { p } else { 1.0 - p }).log2();
            count += 1.0;
        }
        bits / count
    }

    #[test]
    fn it_learns_whom_to_trust() {
        let mut initial = [0.0; INPUTS];
        initial[..2].copy_from_slice(&[0.5, 0.5]);
        let mut mixer = Mixer::new(2, initial, 0.0015);
        let first = cost(&mut mixer, 0, 0..10);
        let later = cost(&mut mixer, 0, 10..5_000);
        let last = cost(&mut mixer, 0, 5_000..6_000);
        assert!(first > 0.8 && later < 0.3 && last < 0.1, "{first} {later} {last}");
        assert!(mixer.weights[0][0] > 1.0 && mixer.weights[0][1] < 0.0);
        // The other set has seen nothing.
        assert_eq!(mixer.weights[1], initial);
    }

    #[test]
    fn learning_is_fast_at_first() {
        let mut mixer = Mixer::new(1, [0.0; INPUTS], 0.001);
        let inputs = [1.0; INPUTS];
        let mut step = || {
            let before = mixer.weights[0][0];
            mixer.mix(0, &inputs);
            mixer.update(&inputs, 1.0);
            mixer.weights[0][0] - before
        };
        let first = step();
        let last = (0..1_000).map(|_| step()).last().unwrap();
        assert!((first - 0.009).abs() < 1e-6, "{first}");
        assert!((last - 0.001).abs() < 1e-5, "{last}");
    }
}
