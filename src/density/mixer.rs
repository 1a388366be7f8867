//! Gated logistic mixing (§9.6; Mahoney's PAQ mixers): weighs logits, learns from coding cost.

use pulp::Simd;

use crate::math::{F32x16, Lanes};

/// A table of weight sets of `16 * GROUPS` weights, one of which is selected by a context for each decision.
#[derive(Clone, Debug)]
pub struct Mixer<const GROUPS: usize> {
    /// `(contexts, 16 * GROUPS)`
    weights: Vec<[Lanes; GROUPS]>,
    /// Decisions seen per set, up to `SETTLED`: learning starts fast.
    seen: Vec<f32>,
    selected: usize,
    rate: f32,
}

impl<const GROUPS: usize> Mixer<GROUPS> {
    const SETTLED: f32 = 400.0;

    /// A mixer with `contexts` sets that all start at `initial`; `rate` is the final
    /// learning rate.
    pub fn new(contexts: usize, initial: [Lanes; GROUPS], rate: f32) -> Self {
        Mixer { weights: vec![initial; contexts], seen: vec![0.0; contexts], selected: 0, rate }
    }

    /// Selects the set of `context` and returns the weighted sum of `inputs`.
    #[inline(always)]
    pub fn mix<S: Simd>(&mut self, simd: S, context: usize, inputs: &[Lanes; GROUPS]) -> f32 {
        self.mix_into(F32x16::splat(simd, 0.0), context, inputs).sum()
    }

    /// [`mix`](Self::mix) that adds to the lanes of a sum, for several mixers to share.
    #[inline(always)]
    pub fn mix_into<S: Simd>(
        &mut self,
        mut lanes: F32x16<S>,
        context: usize,
        inputs: &[Lanes; GROUPS],
    ) -> F32x16<S> {
        self.selected = context;
        let simd = lanes.simd();
        for (weights, inputs) in self.weights[context].iter().zip(inputs) {
            lanes = lanes + weights.on(simd) * inputs.on(simd);
        }
        lanes
    }

    /// [`mix`](Self::mix) of the first `N` inputs, summed one after the other.
    #[inline(always)]
    pub fn mix_few<const N: usize, S: Simd>(
        &mut self,
        simd: S,
        context: usize,
        inputs: &[Lanes; GROUPS],
    ) -> f32 {
        self.selected = context;
        let products = (self.weights[context][0].on(simd) * inputs[0].on(simd)).lanes().0;
        let mut sum = products[0];
        for product in &products[1..N] {
            sum += product;
        }
        sum
    }

    /// Moves the selected set along the gradient of the coding cost; `error` is the decision
    /// (0 or 1) less its probability.
    #[inline(always)]
    pub fn update<S: Simd>(&mut self, simd: S, inputs: &[Lanes; GROUPS], error: f32) {
        let seen = &mut self.seen[self.selected];
        let boost = 1.0 + 8.0 * (1.0 - *seen / Self::SETTLED);
        if *seen < Self::SETTLED {
            *seen += 1.0;
        }
        let step = self.rate * boost * error;
        for (weights, inputs) in self.weights[self.selected].iter_mut().zip(inputs) {
            *weights = (weights.on(simd) + inputs.on(simd) * step).lanes();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::logistic;

    const CONTEXTS: usize = 2;

    /// `numbers`, then zeros.
    fn lanes(numbers: &[f32]) -> [Lanes; 1] {
        [Lanes::from_slice(numbers)]
    }

    fn scalar() -> pulp::Scalar {
        pulp::Scalar::new()
    }

    #[test]
    fn few_inputs_are_summed_in_their_order() {
        let mut mixer = Mixer::new(CONTEXTS, lanes(&[1.0, 1.0, 1.0, 1.0]), 0.01);
        let mut mix = |inputs: [f32; 4]| mixer.mix_few::<3, _>(scalar(), 1, &lanes(&inputs));
        assert_eq!(mix([1e8, -1e8, 0.5, 7.0]), 0.5);
        assert_eq!(mix([0.5, 1e8, -1e8, 7.0]), 0.0);
    }

    #[test]
    fn it_starts_as_the_weighted_sum() {
        let inputs = [[4.0, -1.0], [9.0; 2]].concat();
        let mut mixer = Mixer::new(CONTEXTS, lanes(&[0.5, 2.0]), 0.01);
        assert_eq!(mixer.mix(scalar(), 1, &lanes(&inputs)), 0.0);
    }

    /// Cost in bits per decision with input 0 telling the truth and input 1 lying.
    fn cost(mixer: &mut Mixer<1>, context: usize, decisions: impl Iterator<Item = usize>) -> f64 {
        let (mut bits, mut count) = (0.0, 0.0);
        for i in decisions {
            let decision = f32::from(u8::from(i * i % 7 < 3));
            let truth = if decision == 1.0 { 2.0 } else { -2.0 };
            let inputs = lanes(&[truth, -truth]);
            let p = logistic(mixer.mix(scalar(), context, &inputs).clamp(-12.0, 12.0));
            mixer.update(scalar(), &inputs, decision - p);
            bits -= f64::from(if decision == 1.0 { p } else { 1.0 - p }).log2();
            count += 1.0;
        }
        bits / count
    }

    #[test]
    fn it_learns_whom_to_trust() {
        let initial = lanes(&[0.5, 0.5]);
        let mut mixer = Mixer::new(CONTEXTS, initial, 0.0015);
        let first = cost(&mut mixer, 0, 0..10);
        let later = cost(&mut mixer, 0, 10..5_000);
        let last = cost(&mut mixer, 0, 5_000..6_000);
        assert!(first > 0.8 && later < 0.3 && last < 0.1, "{first} {later} {last}");
        let learnt = mixer.weights[0][0].0;
        assert!(learnt[0] > 1.0 && learnt[1] < 0.0);
        // The other set has seen nothing.
        assert_eq!(mixer.weights[1], initial);
    }

    #[test]
    fn learning_is_fast_at_first() {
        let mut mixer = Mixer::new(1, [Lanes::ZERO], 0.001);
        let inputs = [Lanes([1.0; 16])];
        let mut step = || {
            let before = mixer.weights[0][0].0[0];
            mixer.mix(scalar(), 0, &inputs);
            mixer.update(scalar(), &inputs, 1.0);
            mixer.weights[0][0].0[0] - before
        };
        let first = step();
        let last = (0..1_000).map(|_| step()).last().unwrap();
        assert!((first - 0.009).abs() < 1e-6, "{first}");
        assert!((last - 0.001).abs() < 1e-5, "{last}");
    }
}
