//! What becomes of most products: binary32, times what units of the row and of the vector are worth.

use super::kernel::Sink;
use super::matrix::ROWS;
use super::vectors::Vectors;

/// Writes, or adds, products times what their units are worth.
pub(super) struct Scaled<'a, const ADD: bool> {
    /// Of the rows.
    pub rows: &'a [f32],
    /// Of the vectors.
    pub vectors: &'a [f32],
    pub out: &'a mut [f32],
    /// Elements from one vector's results to the next's.
    pub stride: usize,
}

impl<K: Vectors, const ADD: bool> Sink<K> for Scaled<'_, ADD> {
    #[inline(always)]
    fn put(&mut self, k: K, group: usize, vector: usize, sums: [K::I; 2]) {
        let unit = k.splat(self.vectors[vector]);
        let rows = self.rows[group * ROWS..][..ROWS].as_chunks().0;
        let out = self.out[vector * self.stride + group * ROWS..][..ROWS].as_chunks_mut().0;
        for half in 0..2 {
            let value = k.mul(k.mul(k.to_float(sums[half]), unit), k.load(&rows[half]));
            let value = if ADD { k.add(k.load(&out[half]), value) } else { value };
            k.store(value, &mut out[half]);
        }
    }
}
