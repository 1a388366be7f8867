//! A model as the engine holds it: read from GGUF, checked, and packed for the kernels.

use std::collections::BTreeSet;

use super::super::BINS;
use super::super::gguf::{Encoding, Gguf, Q8_0_BYTES, Q8_0_ELEMENTS, Tensor};
use super::matrix::{Matrix, ROWS};
use super::rope::{Rotation, rotations};
use super::shape::{Shape, unfit};
use super::vectors::LANES;
use crate::error::{Error, Result};

/// Most rows of the embedding and of the head, which the vocabulary counts.
const MAX_VOCABULARY: u64 = 1 << 16;

/// One layer. Matrices are written as (rows, columns).
#[derive(Debug)]
pub(super) struct Layer {
    /// `width`.
    pub attention_norm: Vec<f32>,
    /// Queries, keys and values, one after the other: (`queries` + 2 × `keys`, `width`).
    pub attention_in: Matrix,
    /// (`width`, `queries`).
    pub attention_out: Matrix,
    /// `width`.
    pub ffn_norm: Vec<f32>,
    /// Gate and up, 16 rows of each in turn: (2 × `ffn`, `width`).
    pub ffn_in: Matrix,
    /// (`width`, `ffn`).
    pub ffn_out: Matrix,
}

/// All that a model is, apart from what sequences have left in their caches.
#[derive(Debug)]
pub(super) struct Weights {
    pub shape: Shape,
    pub layers: Vec<Layer>,
    /// `width`.
    pub norm: Vec<f32>,
    /// (`BINS`, `width`).
    pub head: Matrix,
    /// By position, `cells` of them.
    pub rotations: Vec<Rotation>,
}

impl Weights {
    /// Reads a GGUF file, all of it.
    ///
    /// # Errors
    /// [`Error::Model`] for what is no sound model of a kind that this engine runs.
    pub fn read(bytes: &[u8]) -> Result<Weights> {
        let gguf = Gguf::parse(bytes, bytes.len() as u64)?;
        let shape = Shape::read(&gguf)?;
        let mut tensors = Tensors { bytes, gguf: &gguf, used: BTreeSet::new() };
        let layers = (0..shape.layers)
            .map(|number| tensors.layer(&shape, number))
            .collect::<Result<Vec<Layer>>>()?;
        let norm = tensors.vector("output_norm.weight", shape.width)?;
        // The embedding is never the input of a model that is fed vectors.
        let embedding = tensors.vocabulary("token_embd.weight", shape.width)?;
        let head = match gguf.tensor("output.weight") {
            Some(_) => tensors.vocabulary("output.weight", shape.width)?,
            None => embedding,
        };
        if let Some((name, _)) = gguf.tensors().find(|(name, _)| !tensors.used.contains(*name)) {
            let name: String = name.chars().take(80).filter(|c| !c.is_control()).collect();
            return Err(unfit(&format!("it has a tensor '{name}'")));
        }
        let rotations = rotations(shape.head, shape.base, shape.cells());
        Ok(Weights { shape, layers, norm, head, rotations })
    }
}

struct Tensors<'a> {
    bytes: &'a [u8],
    gguf: &'a Gguf<'a>,
    used: BTreeSet<String>,
}

impl<'a> Tensors<'a> {
    fn layer(&mut self, shape: &Shape, number: usize) -> Result<Layer> {
        let name = |what: &str| format!("blk.{number}.{what}.weight");
        let (width, ffn) = (shape.width, shape.ffn);
        let (queries, keys) = (shape.queries(), shape.keys());
        let mut attention_in = Matrix::new(queries + 2 * keys, width);
        for (what, first, rows) in
            [("attn_q", 0, queries), ("attn_k", queries, keys), ("attn_v", queries + keys, keys)]
        {
            self.matrix(&name(what), rows, width, &mut attention_in, |row| first + row)?;
        }
        let mut attention_out = Matrix::new(width, queries);
        self.matrix(&name("attn_output"), width, queries, &mut attention_out, |row| row)?;
        let mut ffn_in = Matrix::new(2 * ffn, width);
        for (what, first) in [("ffn_gate", 0), ("ffn_up", LANES)] {
            let place = |row: usize| row / LANES * ROWS + first + row % LANES;
            self.matrix(&name(what), ffn, width, &mut ffn_in, place)?;
        }
        let mut ffn_out = Matrix::new(width, ffn);
        self.matrix(&name("ffn_down"), width, ffn, &mut ffn_out, |row| row)?;
        Ok(Layer {
            attention_norm: self.vector(&name("attn_norm"), width)?,
            attention_in,
            attention_out,
            ffn_norm: self.vector(&name("ffn_norm"), width)?,
            ffn_in,
            ffn_out,
        })
    }

    fn tensor(&mut self, name: &str, encoding: Encoding) -> Result<(&'a Tensor, &'a [u8])> {
        let tensor =
            self.gguf.tensor(name).ok_or_else(|| unfit(&format!("it has no tensor '{name}'")))?;
        if tensor.encoding != encoding {
            return Err(unfit(&format!("tensor '{name}' is {:?}", tensor.encoding)));
        }
        let data = self.gguf.range(tensor).and_then(|range| {
            self.bytes.get(usize::try_from(range.start).ok()?..usize::try_from(range.end).ok()?)
        });
        self.used.insert(name.to_owned());
        let data = data.ok_or_else(|| Error::model(format!("tensor '{name}' is cut short")))?;
        Ok((tensor, data))
    }

    fn vector(&mut self, name: &str, length: usize) -> Result<Vec<f32>> {
        let (tensor, data) = self.tensor(name, Encoding::F32)?;
        require_shape(name, tensor, &[length as u64])?;
        let values: Vec<f32> =
            data.as_chunks::<4>().0.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect();
        match values.iter().all(|value| value.is_finite()) {
            true => Ok(values),
            false => Err(Error::model(format!("tensor '{name}' has a value that is not finite"))),
        }
    }

    /// Reads the `rows` rows of a tensor to those of `to` that `place` gives.
    fn matrix(
        &mut self,
        name: &str,
        rows: usize,
        columns: usize,
        to: &mut Matrix,
        place: impl Fn(usize) -> usize,
    ) -> Result<()> {
        let (tensor, data) = self.tensor(name, Encoding::Q8_0)?;
        require_shape(name, tensor, &[columns as u64, rows as u64])?;
        read_rows(name, data, rows, columns, |row, values| to.set(place(row), values))
    }

    /// The rows of the bins, of a tensor with one row for each token.
    fn vocabulary(&mut self, name: &str, columns: usize) -> Result<Matrix> {
        let (tensor, data) = self.tensor(name, Encoding::Q8_0)?;
        match tensor.dimensions[..] {
            [width, tokens]
                if width == columns as u64 && (BINS as u64..=MAX_VOCABULARY).contains(&tokens) => {}
            _ => return Err(wrong_shape(name, tensor)),
        }
        let mut matrix = Matrix::new(BINS, columns);
        read_rows(name, data, BINS, columns, |row, values| matrix.set(row, values))?;
        Ok(matrix)
    }
}

fn require_shape(name: &str, tensor: &Tensor, shape: &[u64]) -> Result<()> {
    // Dimensions of 1 at the end have no effect.
    let (head, tail) = tensor.dimensions.split_at(shape.len().min(tensor.dimensions.len()));
    match head == shape && tail.iter().all(|&n| n == 1) {
        true => Ok(()),
        false => Err(wrong_shape(name, tensor)),
    }
}

fn wrong_shape(name: &str, tensor: &Tensor) -> Error {
    unfit(&format!("tensor '{name}' has the shape {:?}", tensor.dimensions))
}

/// Gives `take` the first `rows` rows of a tensor in Q8_0, each with its number.
fn read_rows(
    name: &str,
    data: &[u8],
    rows: usize,
    columns: usize,
    mut take: impl FnMut(usize, &[f32]),
) -> Result<()> {
    let mut row = Vec::with_capacity(columns);
    let all = data.chunks_exact(columns / Q8_0_ELEMENTS * Q8_0_BYTES).take(rows);
    for (number, blocks) in all.enumerate() {
        row.clear();
        for block in blocks.as_chunks::<Q8_0_BYTES>().0 {
            let scale = binary16(u16::from_le_bytes([block[0], block[1]]));
            if !scale.is_finite() {
                return Err(Error::model(format!(
                    "tensor '{name}' has a scale that is not finite"
                )));
            }
            row.extend(block[2..].iter().map(|&q| scale * f32::from(q as i8)));
        }
        take(number, &row);
    }
    Ok(())
}

/// The value of a binary16.
fn binary16(bits: u16) -> f32 {
    let sign = if bits >> 15 == 1 { -1.0 } else { 1.0 };
    let (exponent, fraction) = (u32::from(bits >> 10 & 31), u32::from(bits & 1023));
    match exponent {
        0 => sign * fraction as f32 * f32::from_bits(103 << 23), // 2^-24
        31 if fraction == 0 => sign * f32::INFINITY,
        31 => f32::NAN,
        _ => sign * f32::from_bits((exponent + 112) << 23 | fraction << 13),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves() {
        for (bits, value) in [
            (0x0000, 0.0),
            (0x0001, 5.960_464_5e-8),
            (0x03FF, 6.097_555e-5),
            (0x0400, 6.103_515_6e-5),
            (0x3C00, 1.0),
            (0xC248, -3.140_625),
            (0x7BFF, 65504.0),
            (0xFC00, f32::NEG_INFINITY),
        ] {
            assert_eq!(binary16(bits), value, "{bits:04x}");
        }
        assert!(binary16(0x7C01).is_nan());
    }
}
