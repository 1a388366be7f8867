//! Attention of one token in one layer (`format-spec/exact-engine.md`, cells and attention).

use super::cache::Cache;
use super::float::{attention_weights, magnitude, or_unsound, quantise};
use super::kernel::{Kernel, Sink};
use super::matrix::{COLUMNS, ROWS};
use super::scaled::Scaled;
use super::shape::Shape;
use super::vectors::{LANES, Vectors};
use super::weights::Weights;

/// The position of a token, and whether the context moves before it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Place {
    pub position: usize,
    pub moves: bool,
}

/// Buffers for one token and one head of keys.
#[derive(Clone, Debug)]
pub(super) struct Attention {
    /// A head's vector, rotated: `head`.
    rotated: Vec<f32>,
    quantised: Vec<i8>,
    /// The heads that read these keys: `heads / kv_heads` × `head`.
    queries: Vec<i8>,
    /// What units of their queries, then of their attention weights, are worth.
    units: Vec<f32>,
    /// `heads / kv_heads` × `cells`.
    scores: Vec<f32>,
    /// Two digits each.
    weights: Vec<i8>,
    /// Two digits' sums each, × `head`, up to a multiple of 32.
    sums: Vec<i32>,
}

/// Writes products as they are.
struct Raw<'a> {
    out: &'a mut [i32],
    stride: usize,
}

impl<K: Vectors> Sink<K> for Raw<'_> {
    #[inline(always)]
    fn put(&mut self, _: K, group: usize, vector: usize, sums: [K::I; 2]) {
        let out = self.out[vector * self.stride + group * ROWS..][..ROWS].as_chunks_mut().0;
        for half in 0..2 {
            out[half] = pulp::cast::<K::I, [i32; LANES]>(sums[half]);
        }
    }
}

impl Attention {
    pub fn new(shape: &Shape) -> Attention {
        let heads = shape.heads / shape.kv_heads;
        Attention {
            rotated: vec![0.0; shape.head],
            quantised: vec![0; shape.head],
            queries: vec![0; heads * shape.head],
            units: vec![0.0; heads],
            scores: vec![0.0; heads * shape.cells()],
            weights: vec![0; 2 * heads * shape.cells()],
            sums: vec![0; 2 * heads * shape.head.next_multiple_of(ROWS)],
        }
    }

    /// Puts the keys and values of a token into the caches of its layer, and reads them with its
    /// queries. Whether no vector was refused.
    #[inline(always)]
    pub fn attend<K: Kernel>(
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
            sound &= self.insert(kernel, weights, cache, place, &keys[part.clone()], &values[part]);
            let part = i * heads..(i + 1) * heads;
            sound &= self.rotate(kernel, weights, place.position, &queries[part.clone()]);
            self.read(kernel, shape.head, cache, place.position + 1, &mut y[part]);
        }
        sound
    }

    #[inline(always)]
    fn insert<K: Kernel>(
        &mut self,
        k: K,
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
        let most = weights.rotations[position].apply(k, key, rotated);
        let Some(unit) = quantise(k, rotated, most, 0, quantised) else { return false };
        cache.put_key(position, quantised, unit);
        if position >= window {
            let most = weights.rotations[position - window].apply(k, key, rotated);
            let Some(unit) = quantise(k, rotated, most, 0, quantised) else { return false };
            cache.put_next(position - window, quantised, unit);
        }
        let most = magnitude(k, value);
        let Some(unit) = quantise(k, value, most, 0, quantised) else { return false };
        cache.put_value(position, quantised, unit);
        true
    }

    /// Rotates and quantises the queries of the heads that read the same keys.
    #[inline(always)]
    fn rotate<K: Kernel>(
        &mut self,
        k: K,
        weights: &Weights,
        position: usize,
        queries: &[f32],
    ) -> bool {
        let head = weights.shape.head;
        let usual = 1.0 / (head as f32).sqrt();
        let mut sound = true;
        for (i, query) in queries.chunks_exact(head).enumerate() {
            let most = weights.rotations[position].apply(k, query, &mut self.rotated);
            let out = &mut self.queries[i * head..][..head];
            let unit = quantise(k, &self.rotated, most, K::FLIP, out);
            self.units[i] = or_unsound(unit, &mut sound) * usual;
        }
        sound
    }

    /// Reads the first `count` cells of a cache with the queries of its heads.
    #[inline(always)]
    fn read<K: Kernel>(&mut self, k: K, head: usize, cache: &Cache, count: usize, y: &mut [f32]) {
        let heads = y.len() / head;
        let stride = count.next_multiple_of(ROWS);
        let (keys, rows) = cache.keys(stride);
        let queries = self.queries.as_chunks::<COLUMNS>().0;
        let scores = &mut self.scores[..heads * stride];
        let mut sink = Scaled::<false> { rows, vectors: &self.units, out: scores, stride };
        k.multiply::<true>(keys, queries, head / COLUMNS, &mut sink);

        let cells = count.next_multiple_of(LANES);
        for i in 0..heads {
            let (high, low) = self.weights[2 * i * cells..][..2 * cells].split_at_mut(cells);
            let scores = &mut self.scores[i * stride..][..cells];
            self.units[i] =
                attention_weights(k, scores, count, cache.value_units(cells), high, low);
        }
        let digits = &self.weights.as_chunks::<COLUMNS>().0[..2 * heads * cells / COLUMNS];
        let stride = head.next_multiple_of(ROWS);
        let mut sink = Raw { out: &mut self.sums, stride };
        k.multiply::<false>(cache.values(cells), digits, cells / COLUMNS, &mut sink);
        for (i, y) in y.chunks_exact_mut(head).enumerate() {
            let (high, low) = self.sums[2 * i * stride..][..2 * stride].split_at(stride);
            let sums = high.as_chunks::<LANES>().0.iter().zip(low.as_chunks::<LANES>().0);
            for (y, (&high, &low)) in y.as_chunks_mut().0.iter_mut().zip(sums) {
                let sum = k.to_float(k.join(pulp::cast(high), pulp::cast(low)));
                k.store(k.mul(sum, k.splat(self.units[i])), y);
            }
        }
    }
}
