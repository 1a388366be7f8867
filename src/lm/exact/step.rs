//! One pass through the layers for several tokens at a time (`format-spec/exact-engine.md`, step).
//!
//! Tokens may be of different sequences, or follow each other in one: each is computed as if it were
//! alone, so the bits of its logits do not depend on the others.

use super::super::{BINS, InputToken, vector};
use super::cache::Cache;
use super::dispatch::Work;
use super::float::{attention_weights, gated, normalise, quantise};
use super::kernel::{Kernel, Sink, Sums};
use super::matrix::{COLUMNS, Matrix, ROWS};
use super::shape::Shape;
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

#[derive(Clone, Copy, Debug, Default)]
struct Place {
    position: usize,
    moves: bool,
}

/// Buffers of a pass: for each token a vector of the length given.
#[derive(Clone, Debug)]
pub(super) struct Buffers {
    /// What runs through the layers: `width`.
    x: Vec<f32>,
    /// `x` normalised: `width`.
    normal: Vec<f32>,
    /// The quantised input of a matrix, as long as that is wide.
    input: Vec<i8>,
    /// What a unit of it is worth: 1.
    units: Vec<f32>,
    /// Queries, keys, values: `queries` + 2 × `keys`.
    qkv: Vec<f32>,
    /// Output of attention: `queries`.
    y: Vec<f32>,
    /// Gate and up: 2 × `ffn`.
    wide: Vec<f32>,
    /// Gated: `ffn`.
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
            normal: floats(shape.width),
            input: vec![0; MAX_TOKENS * widest],
            units: floats(1),
            qkv: floats(shape.queries() + 2 * shape.keys()),
            y: floats(shape.queries()),
            wide: floats(2 * shape.ffn),
            z: floats(shape.ffn),
            logits: floats(BINS),
            attention: Attention::new(shape),
        }
    }
}

/// Buffers for one token and one head of keys.
#[derive(Clone, Debug)]
struct Attention {
    /// A head's vector, rotated: `head`.
    rotated: Vec<f32>,
    quantised: Vec<i8>,
    /// The heads that read these keys: `heads / kv_heads` × `head`.
    queries: Vec<i8>,
    units: Vec<f32>,
    /// `heads / kv_heads` × `cells`.
    scores: Vec<f32>,
    /// Two digits each.
    weights: Vec<i8>,
    /// Two digits' sums each, × `head`.
    sums: Vec<i32>,
}

impl Attention {
    fn new(shape: &Shape) -> Attention {
        let heads = shape.heads / shape.kv_heads;
        Attention {
            rotated: vec![0.0; shape.head],
            quantised: vec![0; shape.head],
            queries: vec![0; heads * shape.head],
            units: vec![0.0; heads],
            scores: vec![0.0; heads * shape.cells()],
            weights: vec![0; 2 * heads * shape.cells()],
            sums: vec![0; 2 * heads * shape.head],
        }
    }
}

/// Writes, or adds, products times what their units are worth.
struct Scaled<'a, const ADD: bool> {
    /// Of the rows.
    rows: &'a [f32],
    /// Of the vectors.
    vectors: &'a [f32],
    out: &'a mut [f32],
    /// Elements from one vector's results to the next's.
    stride: usize,
}

impl<const ADD: bool> Sink for Scaled<'_, ADD> {
    #[inline(always)]
    fn put(&mut self, group: usize, vector: usize, sums: &Sums) {
        let unit = self.vectors[vector];
        let rows = &self.rows[group * ROWS..][..ROWS];
        let out = &mut self.out[vector * self.stride + group * ROWS..][..ROWS];
        for i in 0..ROWS {
            let value = (sums[i] as f32 * unit) * rows[i];
            out[i] = if ADD { out[i] + value } else { value };
        }
    }
}

/// Writes products as they are.
struct Raw<'a> {
    out: &'a mut [i32],
    stride: usize,
}

impl Sink for Raw<'_> {
    #[inline(always)]
    fn put(&mut self, group: usize, vector: usize, sums: &Sums) {
        self.out[vector * self.stride + group * ROWS..][..ROWS].copy_from_slice(sums);
    }
}

/// A pass of up to [`MAX_TOKENS`] tokens.
pub(super) struct Pass<'a> {
    pub weights: &'a Weights,
    pub buffers: &'a mut Buffers,
    pub sequences: &'a mut [Sequence],
    /// Each token and the number of its sequence.
    pub tokens: &'a [(usize, InputToken)],
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
            sound &= b.normalise(&layer.attention_norm, shape, count);
            multiply::<K, false>(
                kernel,
                &layer.attention_in,
                &b.input,
                &b.units,
                &mut b.qkv,
                count,
            );
            for (n, &(sequence, _)) in tokens.iter().enumerate() {
                let caches = &mut sequences[sequence].caches;
                let caches = &mut caches[number * shape.kv_heads..][..shape.kv_heads];
                let qkv = &b.qkv[n * qkv..][..qkv];
                let y = &mut b.y[n * queries..][..queries];
                sound &= b.attention.attend(kernel, weights, caches, places[n], qkv, y);
            }
            sound &= quantise_all(&b.y, queries, &mut b.input, &mut b.units, count);
            multiply::<K, true>(kernel, &layer.attention_out, &b.input, &b.units, &mut b.x, count);
            sound &= b.normalise(&layer.ffn_norm, shape, count);
            multiply::<K, false>(kernel, &layer.ffn_in, &b.input, &b.units, &mut b.wide, count);
            for n in 0..count {
                let (gate, up) = b.wide[n * 2 * ffn..][..2 * ffn].split_at(ffn);
                gated(gate, up, &mut b.z[n * ffn..][..ffn]);
            }
            sound &= quantise_all(&b.z, ffn, &mut b.input, &mut b.units, count);
            multiply::<K, true>(kernel, &layer.ffn_out, &b.input, &b.units, &mut b.x, count);
        }
        sound &= b.normalise(&weights.norm, shape, count);
        multiply::<K, false>(kernel, &weights.head, &b.input, &b.units, &mut b.logits, count);
        for (out, logits) in logits.iter_mut().zip(b.logits.as_chunks::<BINS>().0) {
            *out = *logits;
        }
        sound && logits.iter().flatten().all(|logit| logit.is_finite())
    }
}

impl Buffers {
    /// Normalises and quantises `x` of each token.
    #[inline(always)]
    fn normalise(&mut self, norm: &[f32], shape: &Shape, count: usize) -> bool {
        let width = shape.width;
        for n in 0..count {
            let x = &self.x[n * width..][..width];
            normalise(x, norm, shape.epsilon, &mut self.normal[n * width..][..width]);
        }
        quantise_all(&self.normal, width, &mut self.input, &mut self.units, count)
    }
}

/// Quantises `count` vectors; whether none was refused.
#[inline(always)]
fn quantise_all(x: &[f32], length: usize, out: &mut [i8], units: &mut [f32], count: usize) -> bool {
    let mut sound = true;
    for n in 0..count {
        let unit = quantise(&x[n * length..][..length], &mut out[n * length..][..length]);
        sound &= unit.is_some();
        units[n] = unit.unwrap_or(0.0);
    }
    sound
}

#[inline(always)]
fn multiply<K: Kernel, const ADD: bool>(
    kernel: K,
    matrix: &Matrix,
    input: &[i8],
    units: &[f32],
    out: &mut [f32],
    count: usize,
) {
    let view = matrix.view();
    let vectors = &input.as_chunks::<COLUMNS>().0[..count * view.quads];
    let rows = matrix.units();
    let mut sink = Scaled::<ADD> { rows, vectors: units, out, stride: rows.len() };
    kernel.multiply::<true>(view, vectors, view.quads, &mut sink);
}

impl Attention {
    /// Puts the keys and values of a token into the caches of its layer, and reads them with its
    /// queries.
    #[inline(always)]
    fn attend<K: Kernel>(
        &mut self,
        kernel: K,
        weights: &Weights,
        caches: &mut [Cache],
        place: Place,
        qkv: &[f32],
        y: &mut [f32],
    ) -> bool {
        let shape = &weights.shape;
        let (queries, rest) = qkv.split_at(shape.queries());
        let (keys, values) = rest.split_at(shape.keys());
        let heads = shape.heads / shape.kv_heads * shape.head;
        let mut sound = true;
        for (i, cache) in caches.iter_mut().enumerate() {
            let part = i * shape.head..(i + 1) * shape.head;
            sound &= self.insert(weights, cache, place, &keys[part.clone()], &values[part]);
            let part = i * heads..(i + 1) * heads;
            let y = &mut y[part.clone()];
            sound &= self.read(kernel, weights, cache, place.position, &queries[part], y);
        }
        sound
    }

    #[inline(always)]
    fn insert(
        &mut self,
        weights: &Weights,
        cache: &mut Cache,
        Place { position, moves }: Place,
        key: &[f32],
        value: &[f32],
    ) -> bool {
        let window = weights.shape.window;
        if moves {
            cache.advance();
        }
        let Attention { rotated, quantised, .. } = self;
        weights.rotations[position].apply(key, rotated);
        let Some(unit) = quantise(rotated, quantised) else { return false };
        cache.put_key(position, quantised, unit);
        if position >= window {
            weights.rotations[position - window].apply(key, rotated);
            let Some(unit) = quantise(rotated, quantised) else { return false };
            cache.put_next(position - window, quantised, unit);
        }
        let Some(unit) = quantise(value, quantised) else { return false };
        cache.put_value(position, quantised, unit);
        true
    }

    #[inline(always)]
    fn read<K: Kernel>(
        &mut self,
        kernel: K,
        weights: &Weights,
        cache: &Cache,
        position: usize,
        queries: &[f32],
        y: &mut [f32],
    ) -> bool {
        let head = weights.shape.head;
        let heads = queries.len() / head;
        let usual = 1.0 / (head as f32).sqrt();
        let mut sound = true;
        for i in 0..heads {
            weights.rotations[position].apply(&queries[i * head..][..head], &mut self.rotated);
            let unit = quantise(&self.rotated, &mut self.queries[i * head..][..head]);
            sound &= unit.is_some();
            self.units[i] = unit.unwrap_or(0.0) * usual;
        }
        let cells = (position + 1).next_multiple_of(ROWS);
        let (keys, key_units) = cache.keys(cells);
        let quads = self.queries.as_chunks::<COLUMNS>().0;
        let scores = &mut self.scores[..heads * cells];
        let mut sink =
            Scaled::<false> { rows: key_units, vectors: &self.units, out: scores, stride: cells };
        kernel.multiply::<true>(keys, quads, head / COLUMNS, &mut sink);
        for i in 0..heads {
            let (high, low) = self.weights[2 * i * cells..][..2 * cells].split_at_mut(cells);
            let scores = &mut self.scores[i * cells..][..cells];
            self.units[i] =
                attention_weights(scores, position + 1, cache.value_units(cells), high, low);
        }
        let digits = &self.weights.as_chunks::<COLUMNS>().0[..2 * heads * cells / COLUMNS];
        let mut sink = Raw { out: &mut self.sums, stride: head };
        kernel.multiply::<false>(cache.values(cells), digits, cells / COLUMNS, &mut sink);
        for i in 0..heads {
            let (high, low) = self.sums[2 * i * head..][..2 * head].split_at(head);
            let out = y[i * head..][..head].iter_mut();
            for (y, (high, low)) in out.zip(high.iter().zip(low)) {
                *y = (high * 128 + low) as f32 * self.units[i];
            }
        }
        sound
    }
}
