//! Matrices as kernels want them: signed bytes in tiles of 32 rows by 4 columns.

use super::float::TOP;

/// Rows of a tile: two vectors of sums.
pub(super) const ROWS: usize = 32;
/// Columns of a tile.
pub(super) const COLUMNS: usize = 4;

/// Four neighbouring elements of a vector.
pub(super) type Quad = [i8; COLUMNS];

/// 32 rows of four columns: row *r* is bytes 4*r* to 4*r* + 3.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
pub(super) struct Tile(pub [i8; ROWS * COLUMNS]);

impl Tile {
    pub const ZERO: Tile = Tile([0; ROWS * COLUMNS]);
}

/// A matrix of bytes whose rows have a scale each.
#[derive(Clone, Debug)]
pub(super) struct Matrix {
    /// Groups of 32 rows, each of `columns / 4` tiles.
    tiles: Vec<Tile>,
    /// Tiles of a group.
    quads: usize,
    /// What a unit is worth, per row.
    units: Vec<f32>,
    /// -128 times the sum of each row: what 128 added to each element of a vector adds too much.
    offsets: Vec<i32>,
}

impl Matrix {
    /// A matrix of zeros. `rows` is a multiple of 32, `columns` of 4.
    pub fn new(rows: usize, columns: usize) -> Matrix {
        let quads = columns / COLUMNS;
        Matrix {
            tiles: vec![Tile::ZERO; rows / ROWS * quads],
            quads,
            units: vec![0.0; rows],
            offsets: vec![0; rows],
        }
    }

    /// Sets a row, quantised anew with one scale. Its elements must be finite.
    pub fn set(&mut self, number: usize, row: &[f32]) {
        let most = row.iter().fold(0.0f32, |most, w| most.max(w.abs()));
        let (unit, inverse) = if most > 0.0 { (most / TOP, TOP / most) } else { (0.0, 0.0) };
        let group = &mut self.tiles[number / ROWS * self.quads..];
        let mut sum = 0;
        for (column, w) in row.iter().enumerate() {
            let q = (w * inverse).round_ties_even() as i8;
            group[column / COLUMNS].0[number % ROWS * COLUMNS + column % COLUMNS] = q;
            sum += i32::from(q);
        }
        self.units[number] = unit;
        self.offsets[number] = -128 * sum;
    }

    /// What a unit is worth, per row.
    #[inline(always)]
    pub fn units(&self) -> &[f32] {
        &self.units
    }

    /// For kernels.
    #[inline(always)]
    pub fn view(&self) -> View<'_> {
        View { tiles: &self.tiles, stride: self.quads, quads: self.quads, offsets: &self.offsets }
    }
}

/// Groups of rows, or of cells of a cache.
#[derive(Clone, Copy, Debug)]
pub(super) struct View<'a> {
    pub tiles: &'a [Tile],
    /// Tiles from one group to the next.
    pub stride: usize,
    /// Tiles of a group that take part.
    pub quads: usize,
    /// -128 times the sum of each row; empty where vectors have no negative elements.
    pub offsets: &'a [i32],
}

impl View<'_> {
    /// Number of groups.
    #[inline(always)]
    pub fn groups(&self) -> usize {
        self.tiles.len() / self.stride
    }
}
