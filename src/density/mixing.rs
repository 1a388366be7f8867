//! From the probabilities that the experts give a decision to one (§9.6): mixers whose weight sets are
//! selected by contexts, and maps that correct the outcome.

use pulp::Simd;

use super::apm::Apm;
use super::experts::{EXPERTS, Halves, MAX_LOGIT, odds};
use super::mixer::Mixer;
use super::posterior::Posterior;
use crate::math::{F32x16, Lanes, ln, logistic};

/// How the decisions of a level are mixed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// One layer: the sum of three weight sets, which learn from their common error.
    Plain,
    /// Two layers: five weight sets, each of which learns from its own error, and one that weighs them;
    /// two Bayesian mixtures of the experts as further inputs.
    Layered,
}

/// How the decisions of a level are mixed, and how fast that is learnt.
#[derive(Clone, Copy, Debug)]
pub struct MixingConfig {
    /// Layers of mixers.
    pub depth: Depth,
    /// Final learning rate of the first or only layer.
    pub first_rate: f32,
    /// Final learning rate of the second layer; unused without one.
    pub second_rate: f32,
    /// Final learning rate of the weight sets that mix late decisions alone.
    pub late_rate: f32,
    /// Learning rate of the maps that correct probabilities.
    pub map_rate: f32,
    /// Learning rate of the shares of `true`.
    pub share_rate: f32,
    /// Weights of the mixers' probability and of what each of the two maps makes of it.
    pub blend: [f32; 2],
    /// What the two Bayesian mixtures keep of the past with each sample; unused without a second layer.
    pub decays: [f32; 2],
}

/// Nodes: 32 of the bins, 8 steps in each tail, 48 of what is finer.
pub const NODES: usize = 96;
/// First node of the tails, and first fine one.
pub const TAIL_NODES: usize = 32;
/// See [`TAIL_NODES`].
pub const FINE_NODES: usize = 48;
/// First node of those decisions about bins that one weight set does as well as all.
const LATE_NODES: usize = 8;
/// Kinds of the other decisions: the depths of the bins, and the tails.
const KINDS: usize = 4;
const TAIL_KIND: usize = 3;

/// Inputs of the first layer, sixteen at a time: the experts', then others, the last of which are zero.
type Inputs = [Lanes; 2];
/// Places of the others: the mean of the experts' logits, the language model's logit, and those of two
/// Bayesian mixtures. Between them lie two shares and a constant.
const MEAN: usize = 0;
const LANGUAGE: usize = 4;
const POSTERIORS: usize = 5;
/// The constant.
const BIAS: f32 = 0.3;
/// Weight of the language model at the start of a segment.
pub const LANGUAGE_WEIGHT: f32 = 0.4;
/// Weight of each Bayesian mixture at first; the mean of the experts has the rest.
const POSTERIOR_WEIGHT: f32 = 0.25;

/// Weight sets of the first layer, plain and layered.
const PLAIN_SETS: usize = 3;
const LAYERED_SETS: usize = 5;

/// What selects weight sets and points of maps, beside the node.
#[derive(Clone, Copy, Debug)]
pub struct Contexts {
    /// Bin of the previous sample of this channel.
    pub last_bin: u8,
    /// How errors have changed recently, and whether values lie far apart; below [`Mixing::TRENDS`].
    pub trend: usize,
    /// Error of the channel coded before in this frame, over its scale; below [`Mixing::SURPRISES`].
    pub surprise: usize,
    /// How far apart the experts are, and how fine the values; below [`Mixing::DISAGREEMENTS`].
    pub disagreement: usize,
}

/// The adaptive state behind the decisions of one channel.
#[derive(Clone, Debug)]
pub struct Mixing {
    config: MixingConfig,
    /// For late decisions, whose interval is narrow. The experts hardly differ there, so
    /// that no context adds to what the node's weights have learnt.
    alone: Mixer<2>,
    /// The first layer: weight sets by the node, the trend, the surprise, the best expert, the disagreement.
    first: [Mixer<2>; LAYERED_SETS],
    /// Weighs the sets of the first layer, in their order; the other lanes are zero.
    second: Mixer<1>,
    posteriors: [Posterior; 2],
    last_map: Apm,
    surprise_map: Apm,
    /// Share of `true` per node: `(2, contexts, NODES)`.
    shares: [Vec<f32>; 2],
    at: Decision,
}

/// The decision at hand: what its outcome is learnt with.
#[derive(Clone, Copy, Debug, Default)]
struct Decision {
    /// One weight set is enough for it.
    late: bool,
    /// Places in `shares`.
    shares: [usize; 2],
    inputs: Inputs,
    /// Logits of the first layer's sets.
    layer: [Lanes; 1],
    /// Probability by all mixers.
    mixed: f32,
}

impl Mixing {
    /// Number of values of [`Contexts::trend`].
    pub const TRENDS: usize = 16;
    /// Number of values of [`Contexts::surprise`].
    pub const SURPRISES: usize = 8;
    /// Number of values of [`Contexts::disagreement`].
    pub const DISAGREEMENTS: usize = 64;

    /// A network that weighs all experts alike.
    pub fn new(config: &MixingConfig) -> Self {
        let depth = config.depth;
        let mut others = Lanes::ZERO;
        others.0[MEAN] = 1.0;
        others.0[LANGUAGE] = LANGUAGE_WEIGHT;
        if depth == Depth::Layered {
            others.0[MEAN] -= 2.0 * POSTERIOR_WEIGHT;
            others.0[POSTERIORS..POSTERIORS + 2].fill(POSTERIOR_WEIGHT);
        }
        let whole = [Lanes::ZERO, others];
        let (initial, layered) = match depth {
            Depth::Plain => ([Lanes::ZERO, Lanes(others.0.map(|w| w / PLAIN_SETS as f32))], 0),
            Depth::Layered => (whole, 1),
        };
        let even = Lanes::from_slice(&[1.0 / LAYERED_SETS as f32; LAYERED_SETS]);
        let first = |contexts| Mixer::new(contexts, initial, config.first_rate);
        Mixing {
            config: *config,
            alone: Mixer::new(NODES, whole, config.late_rate),
            first: [
                first(NODES),
                first(Self::TRENDS * KINDS),
                first(Self::SURPRISES * KINDS),
                first(layered * EXPERTS * KINDS),
                first(layered * Self::DISAGREEMENTS * KINDS),
            ],
            second: Mixer::new(layered * KINDS, [even], config.second_rate),
            posteriors: config.decays.map(Posterior::new),
            last_map: Apm::new(NODES * 8, config.map_rate),
            surprise_map: Apm::new(NODES * Self::SURPRISES, config.map_rate),
            shares: [vec![0.5; NODES * 8], vec![0.5; NODES * Self::SURPRISES]],
            at: Decision::default(),
        }
    }

    /// Probability of `true`, the upper half. `language` is the language model's logit, 0 without one.
    #[inline(always)]
    pub fn probability<S: Simd>(
        &mut self,
        simd: S,
        contexts: &Contexts,
        node: usize,
        halves: &Halves<S>,
        language: f32,
    ) -> f32 {
        self.at.late = (LATE_NODES..TAIL_NODES).contains(&node) || node >= FINE_NODES;
        let last = contexts.last_bin as usize / 4 * NODES + node;
        let surprise = contexts.surprise * NODES + node;
        self.at.shares = [last, surprise];
        self.at.inputs = self.inputs(simd, halves, language);
        if self.at.late {
            let logit = self.alone.mix(simd, node, &self.at.inputs);
            self.at.mixed = logistic(logit.clamp(-MAX_LOGIT, MAX_LOGIT));
            return self.at.mixed;
        }
        let kind = match node {
            0..TAIL_NODES => (31 - (node as u32).leading_zeros()) as usize,
            _ => TAIL_KIND,
        };
        let best = match self.config.depth {
            Depth::Plain => 0,
            Depth::Layered => self.posteriors[0].best(),
        };
        let by_kind = |context: usize| context * KINDS + kind;
        let selected = [
            node,
            by_kind(contexts.trend),
            by_kind(contexts.surprise),
            by_kind(best),
            by_kind(contexts.disagreement),
        ];
        let logit = match self.config.depth {
            Depth::Plain => self.one_layer(simd, selected),
            Depth::Layered => self.two_layers(simd, kind, selected),
        };
        let mapped = self.last_map.refine(last, logit) + self.surprise_map.refine(surprise, logit);
        self.at.mixed = logistic(logit);
        let [by_mixers, by_maps] = self.config.blend;
        by_mixers * self.at.mixed + by_maps * mapped
    }

    /// What the first layer weighs.
    #[inline(always)]
    fn inputs<S: Simd>(&self, simd: S, halves: &Halves<S>, language: f32) -> Inputs {
        let (experts, mean) = halves.inputs();
        let mut mixtures = [0.0; 2];
        if self.config.depth == Depth::Layered {
            for (logit, posterior) in mixtures.iter_mut().zip(&self.posteriors) {
                let upper = posterior.mixture(simd, halves.upper);
                *logit = odds(upper, posterior.mixture(simd, halves.lower));
            }
        }
        let mut shares = [0.0; 2];
        if !self.at.late {
            for (i, &place) in self.at.shares.iter().enumerate() {
                let p = self.shares[i][place];
                shares[i] = ln(p / (1.0 - p));
            }
        }
        let others = [mean, shares[0], shares[1], BIAS, language, mixtures[0], mixtures[1]];
        [experts, Lanes::from_slice(&others)]
    }

    /// Logit of one layer with the `selected` weight sets, of which it has the first ones.
    #[inline(always)]
    fn one_layer<S: Simd>(&mut self, simd: S, selected: [usize; LAYERED_SETS]) -> f32 {
        let mut lanes = F32x16::splat(simd, 0.0);
        for (mixer, set) in self.first[..PLAIN_SETS].iter_mut().zip(selected) {
            lanes = mixer.mix_into(lanes, set, &self.at.inputs);
        }
        lanes.sum().clamp(-MAX_LOGIT, MAX_LOGIT)
    }

    /// Logit of two layers with the `selected` weight sets.
    #[inline(always)]
    fn two_layers<S: Simd>(
        &mut self,
        simd: S,
        kind: usize,
        selected: [usize; LAYERED_SETS],
    ) -> f32 {
        let mut logits = Lanes::ZERO;
        for ((logit, mixer), set) in logits.0.iter_mut().zip(&mut self.first).zip(selected) {
            *logit = mixer.mix(simd, set, &self.at.inputs);
        }
        self.at.layer = [logits.on(simd).max(-MAX_LOGIT).min(MAX_LOGIT).lanes()];
        self.second
            .mix_few::<LAYERED_SETS, _>(simd, kind, &self.at.layer)
            .clamp(-MAX_LOGIT, MAX_LOGIT)
    }

    /// Learns the decision that `probability` was computed for.
    #[inline(always)]
    pub fn learn<S: Simd>(&mut self, simd: S, decision: bool) {
        let outcome = if decision { 1.0 } else { 0.0 };
        let at = &self.at;
        let error = outcome - at.mixed;
        if at.late {
            self.alone.update(simd, &at.inputs, error);
            return;
        }
        match self.config.depth {
            Depth::Plain => {
                for mixer in &mut self.first[..PLAIN_SETS] {
                    mixer.update(simd, &at.inputs, error);
                }
            }
            Depth::Layered => {
                let outcomes = F32x16::splat(simd, outcome);
                let errors = (outcomes - at.layer[0].on(simd).logistic()).lanes().0;
                for (mixer, error) in self.first.iter_mut().zip(errors) {
                    mixer.update(simd, &at.inputs, error);
                }
                self.second.update(simd, &at.layer, error);
            }
        }
        self.last_map.update(outcome);
        self.surprise_map.update(outcome);
        for (shares, &place) in self.shares.iter_mut().zip(&at.shares) {
            let p = &mut shares[place];
            *p += (outcome - *p) * self.config.share_rate;
            *p = p.clamp(1e-4, 1.0 - 1e-4);
        }
    }

    /// Learns a whole sample: the experts' probabilities of the block that it lies in.
    #[inline(always)]
    pub fn learn_sample<S: Simd>(&mut self, simd: S, mass: F32x16<S>) {
        if self.config.depth == Depth::Plain {
            return;
        }
        let likelihoods = (mass + 1e-9).ln();
        for posterior in &mut self.posteriors {
            posterior.learn(simd, likelihoods);
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Two layers.
    pub const CONFIG: MixingConfig = MixingConfig {
        depth: Depth::Layered,
        first_rate: 0.003,
        second_rate: 0.002,
        late_rate: 0.003,
        map_rate: 0.005,
        share_rate: 0.01,
        blend: [0.6, 0.2],
        decays: [0.9, 0.98],
    };

    /// Mean cost in bits of the last 500 of 3,000 decisions, whose outcomes expert 0 gives the probability `expert`.
    fn cost(depth: Depth, node: usize, expert: f32) -> f64 {
        let mut mixing = Mixing::new(&MixingConfig { depth, ..CONFIG });
        let simd = pulp::Scalar::new();
        let contexts = Contexts { last_bin: 16, trend: 3, surprise: 1, disagreement: 20 };
        let (mut state, mut bits) = (1_u32, 0.0);
        for i in 0..3_000 {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let decision = state >> 31 == 1;
            let (mut lower, mut upper) = (Lanes([0.5; EXPERTS]), Lanes([0.5; EXPERTS]));
            let p = if decision { expert } else { 1.0 - expert };
            (upper.0[0], lower.0[0]) = (p, 1.0 - p);
            let halves = Halves { lower: lower.on(simd), upper: upper.on(simd) };
            let p = mixing.probability(simd, &contexts, node, &halves, 0.0);
            assert!((0.0..=1.0).contains(&p));
            if i >= 2_500 {
                bits -= f64::from(if decision { p } else { 1.0 - p }).log2() / 500.0;
            }
            mixing.learn(simd, decision);
            let mut mass = Lanes([0.5; EXPERTS]);
            mass.0[0] = expert;
            mixing.learn_sample(simd, mass.on(simd));
        }
        bits
    }

    #[test]
    fn both_depths_learn_which_expert_is_right() {
        for depth in [Depth::Plain, Depth::Layered] {
            for node in [1, LATE_NODES, TAIL_NODES, FINE_NODES] {
                assert!(
                    (0.98..1.1).contains(&cost(depth, node, 0.5)),
                    "{depth:?}: no expert is better"
                );
                assert!(cost(depth, node, 0.9) < 0.2, "{depth:?}, node {node}");
            }
        }
        assert!(cost(Depth::Layered, 1, 0.9) < cost(Depth::Plain, 1, 0.9));
    }
}
