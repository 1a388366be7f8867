//! Keys and values of one sequence in one layer, quantised per cell (`format-spec/exact-engine.md`).

use super::matrix::{COLUMNS, ROWS, Tile, View};
use super::shape::Shape;

/// Cells of one head of keys and values. A cell is what one token left.
#[derive(Clone, Debug)]
pub(super) struct Cache {
    head: usize,
    /// Cells are rows, elements are columns: of the context as it is, and of its second half as it
    /// will be when the context has moved, at positions lower by the window.
    keys: Keys,
    next: Keys,
    /// Elements are rows, up to a multiple of 32 of them; cells are columns.
    values: Vec<Tile>,
    value_units: Vec<f32>,
}

#[derive(Clone, Debug)]
struct Keys {
    tiles: Vec<Tile>,
    units: Vec<f32>,
    /// -128 times the sum of each key.
    offsets: Vec<i32>,
}

impl Keys {
    fn new(cells: usize, head: usize) -> Keys {
        let tiles = vec![Tile::ZERO; cells.div_ceil(ROWS) * (head / COLUMNS)];
        Keys { tiles, units: vec![0.0; cells], offsets: vec![0; cells] }
    }

    #[inline(always)]
    fn put(&mut self, cell: usize, key: &[i8], unit: f32) {
        let quads = key.as_chunks::<COLUMNS>().0;
        let tiles = &mut self.tiles[cell / ROWS * quads.len()..][..quads.len()];
        let mut sum = 0;
        for (tile, quad) in tiles.iter_mut().zip(quads) {
            tile.0[cell % ROWS * COLUMNS..][..COLUMNS].copy_from_slice(quad);
            for &q in quad {
                sum += i32::from(q);
            }
        }
        self.units[cell] = unit;
        self.offsets[cell] = -128 * sum;
    }
}

impl Cache {
    /// An empty cache of one head.
    pub fn new(shape: &Shape) -> Cache {
        let (cells, head) = (shape.cells(), shape.head);
        Cache {
            head,
            keys: Keys::new(cells, head),
            next: Keys::new(shape.window, head),
            values: vec![Tile::ZERO; head.div_ceil(ROWS) * (cells / COLUMNS)],
            value_units: vec![0.0; cells],
        }
    }

    /// Drops the first half of the cells; the others take their place, with the keys of
    /// [`Cache::put_next`].
    pub fn advance(&mut self) {
        let window = self.next.units.len();
        self.keys.tiles[..self.next.tiles.len()].copy_from_slice(&self.next.tiles);
        self.keys.units[..window].copy_from_slice(&self.next.units);
        self.keys.offsets[..window].copy_from_slice(&self.next.offsets);
        let half = window / COLUMNS;
        for group in self.values.chunks_exact_mut(2 * half) {
            group.copy_within(half.., 0);
        }
        self.value_units.copy_within(window.., 0);
    }

    #[inline(always)]
    pub fn put_key(&mut self, cell: usize, key: &[i8], unit: f32) {
        self.keys.put(cell, key, unit);
    }

    /// A key rotated for the position that it will have when the context has moved.
    #[inline(always)]
    pub fn put_next(&mut self, cell: usize, key: &[i8], unit: f32) {
        self.next.put(cell, key, unit);
    }

    #[inline(always)]
    pub fn put_value(&mut self, cell: usize, value: &[i8], unit: f32) {
        let quads = self.value_units.len() / COLUMNS;
        let groups = self.values.chunks_exact_mut(quads);
        for (group, elements) in groups.zip(value.chunks(ROWS)) {
            let tile = &mut group[cell / COLUMNS];
            for (row, &element) in elements.iter().enumerate() {
                tile.0[row * COLUMNS + cell % COLUMNS] = element;
            }
        }
        self.value_units[cell] = unit;
    }

    /// Keys of the first `cells` cells, a multiple of 32, and what their units are worth.
    #[inline(always)]
    pub fn keys(&self, cells: usize) -> (View<'_>, &[f32]) {
        let quads = self.head / COLUMNS;
        let tiles = &self.keys.tiles[..cells / ROWS * quads];
        let view = View { tiles, stride: quads, quads, offsets: &self.keys.offsets };
        (view, &self.keys.units[..cells])
    }

    /// Values of the first `cells` cells, a multiple of 4. Rows beyond the head's length are zero.
    #[inline(always)]
    pub fn values(&self, cells: usize) -> View<'_> {
        let stride = self.value_units.len() / COLUMNS;
        View { tiles: &self.values, stride, quads: cells / COLUMNS, offsets: &[] }
    }

    /// What the units of the values of the first `cells` cells are worth.
    #[inline(always)]
    pub fn value_units(&self, cells: usize) -> &[f32] {
        &self.value_units[..cells]
    }
}
