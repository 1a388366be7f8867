//! Matrices as kernels want them: signed bytes in tiles of 16 rows by 4 columns.

use super::float::TOP;

/// Rows of a tile.
pub(super) const ROWS: usize = 16;
/// Columns of a tile.
pub(super) const COLUMNS: usize = 4;

/// Four neighbouring elements of a vector.
pub(super) type Quad = [i8; COLUMNS];

/// 16 rows of four columns: row *r* is bytes 4*r* to 4*r* + 3.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
pub(super) struct Tile(pub [i8; ROWS * COLUMNS]);

impl Tile {
    pub const ZERO: Tile = Tile([0; ROWS * COLUMNS]);
}

/// A matrix of bytes whose rows have a scale each; the last rows of the last group may be zero.
#[derive(Clone, Debug, Default)]
pub(super) struct Matrix {
    /// Groups of 16 rows, each of `columns / 4` tiles.
    tiles: Vec<Tile>,
    /// Tiles of a group.
    quads: usize,
    /// What a unit is worth, per row.
    units: Vec<f32>,
    /// Sum of each row.
    sums: Vec<i32>,
}

impl Matrix {
    /// An empty matrix for rows of `columns` elements, a multiple of 4.
    pub fn new(columns: usize) -> Matrix {
        Matrix { quads: columns / COLUMNS, ..Matrix::default() }
    }

    /// Appends a row, quantised anew with one scale. Its elements must be finite.
    pub fn push(&mut self, row: &[f32]) {
        let number = self.units.len();
        if number.is_multiple_of(ROWS) {
            self.tiles.resize(self.tiles.len() + self.quads, Tile::ZERO);
        }
        let most = row.iter().fold(0.0f32, |most, w| most.max(w.abs()));
        let (unit, inverse) = if most > 0.0 { (most / TOP, TOP / most) } else { (0.0, 0.0) };
        let group = &mut self.tiles[number / ROWS * self.quads..];
        let mut sum = 0;
        for (column, w) in row.iter().enumerate() {
            let q = (w * inverse).round_ties_even() as i8;
            group[column / COLUMNS].0[number % ROWS * COLUMNS + column % COLUMNS] = q;
            sum += i32::from(q);
        }
        self.units.push(unit);
        self.sums.push(sum);
    }

    /// What a unit is worth, per row.
    #[inline(always)]
    pub fn units(&self) -> &[f32] {
        &self.units
    }

    /// For kernels. The number of rows must be a multiple of 16.
    #[inline(always)]
    pub fn view(&self) -> View<'_> {
        View { tiles: &self.tiles, stride: self.quads, quads: self.quads, sums: &self.sums }
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
    /// Sum of each row; empty where vectors have no negative elements.
    pub sums: &'a [i32],
}

impl View<'_> {
    /// Number of groups.
    #[inline(always)]
    pub fn groups(&self) -> usize {
        self.tiles.len() / self.stride
    }
}
