//! One pass through the layers for several tokens at a time (`format-spec/exact-engine.md`, step).
//!
//! Tokens may be of different sequences, or follow each other in one: each is computed as if it were
//! alone, so the bits of its logits do not depend on the others.

use super::super::{BINS, Input, vector};
use super::attention::{Attention, Place};
use super::cache::Cache;
use super::dispatch::Work;
use super::float::{gated, magnitude, no_magnitude, normalise, or_unsound, quantise};
use super::kernel::{Kernel, Sink};
use super::matrix::{COLUMNS, Matrix, ROWS};
use super::scaled::Scaled;
use super::shape::Shape;
use super::vectors::{LANES, Vectors};
use super::weights::Weights;

/// Most tokens in a pass.
pub(super) const MAX_TOKENS: usize = 16;

/// What one sequence has left: its caches, by layer and head of keys, and how many cells are full.
#[derive(Clone, Debug)]
pub(super) struct Sequence {
    used: usize,
    caches: Vec<Cache>,
}

impl Sequence {
    pub fn new(shape: &Shape) -> Sequence {
        Sequence { used: 0, caches: vec![Cache::new(shape); shape.layers * shape.kv_heads] }
    }

    /// Forgets everything. What the caches hold beyond the cells that are full has no weight.
    pub fn reset(&mut self) {
        self.used = 0;
    }

    /// The position of the next token, and whether the context moves before it.
    fn next(&mut self, shape: &Shape) -> Place {
        let moves = self.used == shape.cells();
        if moves {
            self.used = shape.window;
        }
        let place = Place { position: self.used, moves };
        self.used += 1;
        place
    }
}

/// Buffers of a pass: for each token a vector of the length given.
#[derive(Clone, Debug)]
pub(super) struct Buffers {
    /// What runs through the layers: `width`.
    x: Vec<f32>,
    /// `x` of one token, normalised: `width`.
    normal: Vec<f32>,
    /// The quantised input of a matrix, as long as that is wide.
    input: Vec<i8>,
    /// What a unit of it is worth: 1.
    units: Vec<f32>,
    /// Queries, keys, values: `queries` + 2 × `keys`.
    qkv: Vec<f32>,
    /// Output of attention: `queries`.
    y: Vec<f32>,
    /// SiLU of the gate, times up: `ffn`.
    z: Vec<f32>,
    logits: Vec<f32>,
    attention: Attention,
}

impl Buffers {
    pub fn new(shape: &Shape) -> Buffers {
        let floats = |length: usize| vec![0.0; MAX_TOKENS * length];
        let widest = shape.width.max(shape.ffn).max(shape.queries());
        Buffers {
            x: floats(shape.width),
            normal: vec![0.0; shape.width],
            input: vec![0; MAX_TOKENS * widest],
            units: floats(1),
            qkv: floats(shape.queries() + 2 * shape.keys()),
            y: floats(shape.queries()),
            z: floats(shape.ffn),
            logits: floats(BINS),
            attention: Attention::new(shape),
        }
    }
}

/// Takes gate and up, and writes SiLU(gate) × up of each vector.
struct Gated<'a, K: Vectors> {
    /// What units are worth, of the rows and of the vectors.
    rows: &'a [f32],
    vectors: &'a [f32],
    /// Vectors of `ffn`.
    out: &'a mut [f32],
    ffn: usize,
    /// Magnitudes of what has been written, per vector.
    most: &'a mut [K::I],
}

impl<K: Vectors> Sink<K> for Gated<'_, K> {
    #[inline(always)]
    fn put(&mut self, k: K, group: usize, vector: usize, [gate, up]: [K::I; 2]) {
        let unit = k.splat(self.vectors[vector]);
        let rows = self.rows[group * ROWS..][..ROWS].as_chunks().0;
        let gate = k.mul(k.mul(k.to_float(gate), unit), k.load(&rows[0]));
        let up = k.mul(k.mul(k.to_float(up), unit), k.load(&rows[1]));
        let z = gated(k, gate, up);
        self.most[vector] = k.magnitude(self.most[vector], z);
        k.store(z, &mut self.out[vector * self.ffn + group * LANES..].as_chunks_mut().0[0]);
    }
}

/// A pass of up to [`MAX_TOKENS`] tokens.
pub(super) struct Pass<'a> {
    pub weights: &'a Weights,
    pub buffers: &'a mut Buffers,
    pub sequences: &'a mut [Sequence],
    /// Each token and the number of its sequence.
    pub tokens: &'a [(usize, Input)],
    /// One entry for each token.
    pub logits: &'a mut [[f32; BINS]],
}

impl Work for Pass<'_> {
    /// Whether all went well; if not, a number is not finite or too large, and the logits are void.
    type Output = bool;

    #[inline(always)]
    fn run<K: Kernel>(self, kernel: K) -> bool {
        let Pass { weights, buffers: b, sequences, tokens, logits } = self;
        let shape = &weights.shape;
        let (width, ffn, queries) = (shape.width, shape.ffn, shape.queries());
        let qkv = queries + 2 * shape.keys();
        let count = tokens.len();
        let mut places = [Place::default(); MAX_TOKENS];
        for (n, &(sequence, input)) in tokens.iter().enumerate() {
            places[n] = sequences[sequence].next(shape);
            vector::write(input, &mut b.x[n * width..][..width]);
        }
        let mut sound = true;
        for (number, layer) in weights.layers.iter().enumerate() {
            sound &= b.normalise(kernel, &layer.attention_norm, shape, count);
            b.multiply::<K, false>(kernel, &layer.attention_in, Target::Qkv, count);
            for (n, &(sequence, _)) in tokens.iter().enumerate() {
                let caches = &mut sequences[sequence].caches;
                let caches = &mut caches[number * shape.kv_heads..][..shape.kv_heads];
                let qkv = &b.qkv[n * qkv..][..qkv];
                let y = &mut b.y[n * queries..][..queries];
                sound &= b.attention.attend(kernel, weights, caches, places[n], qkv, y);
                let most = magnitude(kernel, y);
                let input = &mut b.input[n * queries..][..queries];
                let unit = quantise(kernel, y, most, K::FLIP, input);
                b.units[n] = or_unsound(unit, &mut sound);
            }
            b.multiply::<K, true>(kernel, &layer.attention_out, Target::X, count);
            sound &= b.normalise(kernel, &layer.ffn_norm, shape, count);
            sound &= b.gate(kernel, &layer.ffn_in, ffn, count);
            b.multiply::<K, true>(kernel, &layer.ffn_out, Target::X, count);
        }
        sound &= b.normalise(kernel, &weights.norm, shape, count);
        b.multiply::<K, false>(kernel, &weights.head, Target::Logits, count);
        for (out, logits) in logits.iter_mut().zip(b.logits.as_chunks::<BINS>().0) {
            *out = *logits;
        }
        sound && logits.iter().flatten().all(|logit| logit.is_finite())
    }
}

/// Where the products of a matrix go.
#[derive(Clone, Copy, Debug)]
enum Target {
    X,
    Qkv,
    Logits,
}

impl Buffers {
    /// Normalises and quantises `x` of each token; whether none was refused.
    #[inline(always)]
    fn normalise<K: Kernel>(&mut self, k: K, norm: &[f32], shape: &Shape, count: usize) -> bool {
        let width = shape.width;
        let mut sound = true;
        for n in 0..count {
            let x = &self.x[n * width..][..width];
            let normal = &mut self.normal;
            let most = normalise(k, x, norm, shape.epsilon, normal);
            let input = &mut self.input[n * width..][..width];
            let unit = quantise(k, normal, most, K::FLIP, input);
            self.units[n] = or_unsound(unit, &mut sound);
        }
        sound
    }

    /// Multiplies the input of each token by a matrix; writes the products, or adds them.
    #[inline(always)]
    fn multiply<K: Kernel, const ADD: bool>(
        &mut self,
        kernel: K,
        matrix: &Matrix,
        target: Target,
        count: usize,
    ) {
        let view = matrix.view();
        let vectors = &self.input.as_chunks::<COLUMNS>().0[..count * view.quads];
        let rows = matrix.units();
        let out = match target {
            Target::X => &mut self.x,
            Target::Qkv => &mut self.qkv,
            Target::Logits => &mut self.logits,
        };
        let mut sink = Scaled::<ADD> { rows, vectors: &self.units, out, stride: rows.len() };
        kernel.multiply::<true>(view, vectors, view.quads, &mut sink);
    }

    /// Multiplies the input of each token by gate and up, and quantises what the gate lets through;
    /// whether none was refused.
    #[inline(always)]
    fn gate<K: Kernel>(&mut self, kernel: K, matrix: &Matrix, ffn: usize, count: usize) -> bool {
        let view = matrix.view();
        let vectors = &self.input.as_chunks::<COLUMNS>().0[..count * view.quads];
        let mut most = [no_magnitude(kernel); MAX_TOKENS];
        let mut sink = Gated::<K> {
            rows: matrix.units(),
            vectors: &self.units,
            out: &mut self.z,
            ffn,
            most: &mut most,
        };
        kernel.multiply::<true>(view, vectors, view.quads, &mut sink);
        let mut sound = true;
        for (n, most) in most.into_iter().enumerate().take(count) {
            let input = &mut self.input[n * ffn..][..ffn];
            let unit = quantise(kernel, &self.z[n * ffn..][..ffn], most, K::FLIP, input);
            self.units[n] = or_unsound(unit, &mut sound);
        }
        sound
    }
}
