//! From the probabilities that the experts give a decision to one (§9.6): mixers whose weight sets are
//! selected by contexts, and maps that correct the outcome.

use super::apm::Apm;
use super::experts::{EXPERTS, Halves, MAX_LOGIT, odds};
use super::mixer::Mixer;
use super::posterior::Posterior;
use crate::math::{LANES, ln, logistic, sum, sums};

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

/// Inputs of the first layer; the last ones are zero, for [`crate::math::add_products`].
const INPUTS: usize = 32;
/// Inputs after the experts': the mean of their logits, two shares, a constant, the language
/// model's logit, and those of two Bayesian mixtures.
const MEAN: usize = EXPERTS;
const SHARES: usize = EXPERTS + 1;
const BIAS: usize = EXPERTS + 3;
const LANGUAGE: usize = EXPERTS + 4;
const POSTERIORS: usize = EXPERTS + 5;
/// Weight of the language model at the start of a segment.
const LANGUAGE_WEIGHT: f32 = 0.4;
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
    alone: Mixer<INPUTS>,
    by_node: Mixer<INPUTS>,
    by_trend: Mixer<INPUTS>,
    by_surprise: Mixer<INPUTS>,
    by_best: Mixer<INPUTS>,
    by_disagreement: Mixer<INPUTS>,
    second: Mixer<LAYERED_SETS>,
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
    inputs: [f32; INPUTS],
    /// Logits of the first layer's sets.
    layer: [f32; LAYERED_SETS],
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
        let mut whole = [0.0; INPUTS];
        whole[MEAN] = 1.0;
        whole[LANGUAGE] = LANGUAGE_WEIGHT;
        if depth == Depth::Layered {
            whole[MEAN] -= 2.0 * POSTERIOR_WEIGHT;
            whole[POSTERIORS..POSTERIORS + 2].fill(POSTERIOR_WEIGHT);
        }
        let (initial, layered) = match depth {
            Depth::Plain => (whole.map(|weight| weight / PLAIN_SETS as f32), 0),
            Depth::Layered => (whole, 1),
        };
        let first = |contexts| Mixer::new(contexts, initial, config.first_rate);
        Mixing {
            config: *config,
            alone: Mixer::new(NODES, whole, config.late_rate),
            by_node: first(NODES),
            by_trend: first(Self::TRENDS * KINDS),
            by_surprise: first(Self::SURPRISES * KINDS),
            by_best: first(layered * EXPERTS * KINDS),
            by_disagreement: first(layered * Self::DISAGREEMENTS * KINDS),
            second: Mixer::new(
                layered * KINDS,
                [1.0 / LAYERED_SETS as f32; LAYERED_SETS],
                config.second_rate,
            ),
            posteriors: config.decays.map(Posterior::new),
            last_map: Apm::new(NODES * 8, config.map_rate),
            surprise_map: Apm::new(NODES * Self::SURPRISES, config.map_rate),
            shares: [vec![0.5; NODES * 8], vec![0.5; NODES * Self::SURPRISES]],
            at: Decision::default(),
        }
    }

    /// Probability of `true`, the upper half. `language` is the language model's logit, 0 without one.
    #[inline(always)]
    pub fn probability(
        &mut self,
        contexts: &Contexts,
        node: usize,
        halves: &Halves,
        language: f32,
    ) -> f32 {
        self.at.late = (LATE_NODES..TAIL_NODES).contains(&node) || node >= FINE_NODES;
        let last = contexts.last_bin as usize / 4 * NODES + node;
        let surprise = contexts.surprise * NODES + node;
        self.at.shares = [last, surprise];
        self.at.inputs = self.inputs(halves, language);
        if self.at.late {
            let logit = self.alone.mix(node, &self.at.inputs);
            self.at.mixed = logistic(logit.clamp(-MAX_LOGIT, MAX_LOGIT));
            return self.at.mixed;
        }
        let kind = match node {
            0..TAIL_NODES => (31 - (node as u32).leading_zeros()) as usize,
            _ => TAIL_KIND,
        };
        let logit = match self.config.depth {
            Depth::Plain => self.one_layer(contexts, node, kind),
            Depth::Layered => self.two_layers(contexts, node, kind),
        };
        let mapped = self.last_map.refine(last, logit) + self.surprise_map.refine(surprise, logit);
        self.at.mixed = logistic(logit);
        let [by_mixers, by_maps] = self.config.blend;
        by_mixers * self.at.mixed + by_maps * mapped
    }

    /// What the first layer weighs.
    #[inline(always)]
    fn inputs(&self, halves: &Halves, language: f32) -> [f32; INPUTS] {
        let mut inputs = [0.0; INPUTS];
        if self.config.depth == Depth::Layered {
            // Before the experts' own, which take longer to compute.
            let [fast, slow] = &self.posteriors;
            let [fast_upper, fast_lower, slow_upper, slow_lower] = sums([
                fast.weighed(&halves.upper),
                fast.weighed(&halves.lower),
                slow.weighed(&halves.upper),
                slow.weighed(&halves.lower),
            ]);
            inputs[POSTERIORS] = odds(fast_upper, fast_lower);
            inputs[POSTERIORS + 1] = odds(slow_upper, slow_lower);
        }
        halves.inputs(&mut inputs);
        if !self.at.late {
            for (i, &place) in self.at.shares.iter().enumerate() {
                let p = self.shares[i][place];
                inputs[SHARES + i] = ln(p / (1.0 - p));
            }
        }
        inputs[BIAS] = 0.3;
        inputs[LANGUAGE] = language;
        inputs
    }

    #[inline(always)]
    fn one_layer(&mut self, contexts: &Contexts, node: usize, kind: usize) -> f32 {
        let inputs = &self.at.inputs;
        let mut lanes = [0.0; LANES];
        self.by_node.mix_into(&mut lanes, node, inputs);
        self.by_trend.mix_into(&mut lanes, contexts.trend * KINDS + kind, inputs);
        self.by_surprise.mix_into(&mut lanes, contexts.surprise * KINDS + kind, inputs);
        sum(lanes).clamp(-MAX_LOGIT, MAX_LOGIT)
    }

    #[inline(always)]
    fn two_layers(&mut self, contexts: &Contexts, node: usize, kind: usize) -> f32 {
        let inputs = &self.at.inputs;
        let best = self.posteriors[0].best();
        let mut lanes = [[0.0; LANES]; LAYERED_SETS];
        self.by_node.mix_into(&mut lanes[0], node, inputs);
        self.by_trend.mix_into(&mut lanes[1], contexts.trend * KINDS + kind, inputs);
        self.by_surprise.mix_into(&mut lanes[2], contexts.surprise * KINDS + kind, inputs);
        self.by_best.mix_into(&mut lanes[3], best * KINDS + kind, inputs);
        let disagreement = contexts.disagreement * KINDS + kind;
        self.by_disagreement.mix_into(&mut lanes[4], disagreement, inputs);
        self.at.layer = sums(lanes);
        for logit in &mut self.at.layer {
            *logit = logit.clamp(-MAX_LOGIT, MAX_LOGIT);
        }
        self.second.mix_few(kind, &self.at.layer).clamp(-MAX_LOGIT, MAX_LOGIT)
    }

    /// Learns the decision that `probability` was computed for.
    #[inline(always)]
    pub fn learn(&mut self, decision: bool) {
        let outcome = if decision { 1.0 } else { 0.0 };
        let at = &self.at;
        let error = outcome - at.mixed;
        if at.late {
            self.alone.update(&at.inputs, error);
            return;
        }
        match self.config.depth {
            Depth::Plain => {
                self.by_node.update(&at.inputs, error);
                self.by_trend.update(&at.inputs, error);
                self.by_surprise.update(&at.inputs, error);
            }
            Depth::Layered => {
                // As many as fill a vector.
                let mut errors = [0.0; 8];
                errors[..LAYERED_SETS].copy_from_slice(&at.layer);
                for error in &mut errors {
                    *error = outcome - logistic(*error);
                }
                self.by_node.update(&at.inputs, errors[0]);
                self.by_trend.update(&at.inputs, errors[1]);
                self.by_surprise.update(&at.inputs, errors[2]);
                self.by_best.update(&at.inputs, errors[3]);
                self.by_disagreement.update(&at.inputs, errors[4]);
                self.second.update(&at.layer, error);
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
    pub fn learn_sample(&mut self, mass: &[f32; EXPERTS]) {
        if self.config.depth == Depth::Plain {
            return;
        }
        let mut likelihoods = *mass;
        for likelihood in &mut likelihoods {
            *likelihood = ln(*likelihood + 1e-9);
        }
        for posterior in &mut self.posteriors {
            posterior.learn(&likelihoods);
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
        let contexts = Contexts { last_bin: 16, trend: 3, surprise: 1, disagreement: 20 };
        let (mut state, mut bits) = (1_u32, 0.0);
        for i in 0..3_000 {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let decision = state >> 31 == 1;
            let mut halves = Halves { lower: [0.5; EXPERTS], upper: [0.5; EXPERTS] };
            let p = if decision { expert } else { 1.0 - expert };
            (halves.upper[0], halves.lower[0]) = (p, 1.0 - p);
            let p = mixing.probability(&contexts, node, &halves, 0.0);
            assert!((0.0..=1.0).contains(&p));
            if i >= 2_500 {
                bits -= f64::from(if decision { p } else { 1.0 - p }).log2() / 500.0;
            }
            mixing.learn(decision);
            let mut mass = [0.5; EXPERTS];
            mass[0] = expert;
            mixing.learn_sample(&mass);
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
