//! GGUF files: metadata and where the tensors lie, checked before anything is used.
//!
//! No engine takes part, and nothing is copied or allocated by a number that the file gives: what is
//! read is bounded by the bytes at hand. Layout: version 3 of
//! <https://github.com/ggml-org/ggml/blob/master/docs/gguf.md>, little-endian.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::error::{Error, Result};

/// Most dimensions of a tensor.
const MAX_DIMENSIONS: u32 = 4;

/// Type of a text among those of the metadata.
const TEXT: u32 = 8;

/// Values to which tensors are aligned, unless `general.alignment` is set.
const DEFAULT_ALIGNMENT: u32 = 32;
const MAX_ALIGNMENT: u32 = 1 << 16;

/// A value of the metadata. Texts borrow from the file.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'a> {
    /// Of 32 bits, the type of all numbers that lmz reads.
    U32(u32),
    /// A binary32.
    F32(f32),
    /// UTF-8.
    Text(&'a str),
    /// Elements of one type.
    Array(Array<'a>),
    /// A value of any other type; its number, of the specification's `gguf_metadata_value_type`.
    Other(u32),
}

/// An array of the metadata, not looked into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Array<'a> {
    /// Type of the elements, as in [`Value::Other`].
    element: u32,
    bytes: &'a [u8],
}

impl<'a> Array<'a> {
    /// The elements, any bytes, if they are texts.
    pub fn texts(&self) -> Option<impl Iterator<Item = &'a [u8]> + use<'a>> {
        let mut reader = Reader { bytes: self.bytes, position: 0 };
        (self.element == TEXT).then(|| std::iter::from_fn(move || reader.string("array").ok()))
    }
}

/// How the elements of a tensor are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// Binary32.
    F32,
    /// Blocks of 32 elements: a binary16 scale, then 32 signed bytes.
    Q8_0,
    /// Any other, by its number.
    Other(u32),
}

/// Elements in a block of [`Encoding::Q8_0`].
pub const Q8_0_ELEMENTS: usize = 32;
/// Bytes of such a block.
pub const Q8_0_BYTES: usize = 2 + Q8_0_ELEMENTS;

/// Where a tensor lies and what it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tensor {
    /// Number of elements in each dimension, the one that is contiguous first.
    pub dimensions: Vec<u64>,
    /// How they are stored.
    pub encoding: Encoding,
    /// Bytes from the start of the tensor data; checked against the file for encodings that are known.
    pub offset: u64,
}

impl Tensor {
    /// Bytes of the tensor; `None` for an encoding that is not known, or beyond 64 bits.
    #[must_use]
    pub fn bytes(&self) -> Option<u64> {
        let elements = self.dimensions.iter().try_fold(1u64, |all, &n| all.checked_mul(n))?;
        match self.encoding {
            Encoding::F32 => elements.checked_mul(4),
            Encoding::Q8_0 if self.dimensions[0].is_multiple_of(Q8_0_ELEMENTS as u64) => {
                (elements / Q8_0_ELEMENTS as u64).checked_mul(Q8_0_BYTES as u64)
            }
            Encoding::Q8_0 | Encoding::Other(_) => None,
        }
    }
}

/// The head of a GGUF file.
#[derive(Clone, Debug, PartialEq)]
pub struct Gguf<'a> {
    metadata: BTreeMap<&'a str, Value<'a>>,
    tensors: BTreeMap<&'a str, Tensor>,
    /// Where the data of the tensors starts in the file.
    data: u64,
    /// Bytes of the file.
    length: u64,
}

impl<'a> Gguf<'a> {
    /// Reads the head of a file of `length` bytes that starts with `bytes`; all of it, or as much as
    /// holds metadata and names of tensors.
    ///
    /// # Errors
    /// [`Error::Model`] for what is not GGUF version 3, is cut short, names something twice, or has a
    /// tensor of a known encoding that does not lie within the file.
    pub fn parse(bytes: &'a [u8], length: u64) -> Result<Self> {
        let mut reader = Reader { bytes, position: 0 };
        if reader.take(4, "magic")? != b"GGUF" {
            return Err(Error::model("it is not a GGUF file"));
        }
        let version = reader.u32("version")?;
        if version != 3 {
            return Err(Error::model(format!("it is GGUF version {version}; lmz reads version 3")));
        }
        let tensors = reader.u64("number of tensors")?;
        let entries = reader.u64("number of metadata entries")?;
        let mut metadata = BTreeMap::new();
        for _ in 0..entries {
            let key = reader.text("key of the metadata")?;
            let kind = reader.u32("type of a value")?;
            if metadata.insert(key, reader.value(kind)?).is_some() {
                return Err(Error::model(format!("its metadata has '{}' twice", shown(key))));
            }
        }
        let tensors = reader.tensors(tensors)?;
        let alignment = match metadata.get("general.alignment") {
            None => DEFAULT_ALIGNMENT,
            Some(&Value::U32(n)) if n.is_power_of_two() && n <= MAX_ALIGNMENT => n,
            Some(_) => return Err(Error::model("its alignment is no power of two up to 65536")),
        };
        let data = (reader.position as u64).next_multiple_of(u64::from(alignment));
        let gguf = Gguf { metadata, tensors, data, length };
        for (name, tensor) in &gguf.tensors {
            gguf.check(name, tensor, alignment)?;
        }
        Ok(gguf)
    }

    /// Whether a tensor lies within the file.
    fn check(&self, name: &str, tensor: &Tensor, alignment: u32) -> Result<()> {
        let wrong = |what: &str| Err(Error::model(format!("tensor '{}' {what}", shown(name))));
        if !tensor.offset.is_multiple_of(u64::from(alignment)) {
            return wrong("is not aligned");
        }
        let end = match (tensor.encoding, tensor.bytes()) {
            (Encoding::Other(_), _) => Some(tensor.offset),
            (_, Some(bytes)) => tensor.offset.checked_add(bytes),
            (_, None) => return wrong("has a shape that its type cannot have"),
        };
        match end.and_then(|end| end.checked_add(self.data)) {
            Some(end) if end <= self.length => Ok(()),
            _ => wrong("does not lie within the file"),
        }
    }

    /// A value of the metadata.
    #[must_use]
    pub fn value(&self, key: &str) -> Option<Value<'a>> {
        self.metadata.get(key).copied()
    }

    /// Keys of the metadata, in alphabetical order.
    pub fn keys(&self) -> impl Iterator<Item = &'a str> {
        self.metadata.keys().copied()
    }

    /// A number of the metadata; `None` if there is none of that name.
    ///
    /// # Errors
    /// [`Error::Model`] when the value has another type than `uint32`.
    pub fn number(&self, key: &str) -> Result<Option<u32>> {
        match self.value(key) {
            None => Ok(None),
            Some(Value::U32(n)) => Ok(Some(n)),
            Some(_) => Err(Error::model(format!("its metadata key '{key}' is not a uint32"))),
        }
    }

    /// A text of the metadata; `None` if there is none of that name, or it is no text.
    #[must_use]
    pub fn text(&self, key: &str) -> Option<&'a str> {
        match self.value(key) {
            Some(Value::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// Names of the tensors and what they are, in alphabetical order.
    pub fn tensors(&self) -> impl Iterator<Item = (&'a str, &Tensor)> {
        self.tensors.iter().map(|(&name, tensor)| (name, tensor))
    }

    /// The tensor of that name.
    #[must_use]
    pub fn tensor(&self, name: &str) -> Option<&Tensor> {
        self.tensors.get(name)
    }

    /// Bytes of the file that hold a tensor; `None` for an encoding that is not known.
    #[must_use]
    pub fn range(&self, tensor: &Tensor) -> Option<Range<u64>> {
        let start = self.data + tensor.offset;
        Some(start..start + tensor.bytes()?)
    }
}

/// A name from a file, fit for a message.
fn shown(name: &str) -> String {
    name.chars().take(80).map(|c| if c.is_control() { '?' } else { c }).collect()
}

struct Reader<'a> {
    bytes: &'a [u8],
    position: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, length: u64, what: &str) -> Result<&'a [u8]> {
        let rest = &self.bytes[self.position..];
        let part = usize::try_from(length).ok().and_then(|length| rest.get(..length));
        let part = part.ok_or_else(|| {
            Error::model(format!(
                "it ends in its {what}: {length} bytes needed at {}, {} left",
                self.position,
                rest.len()
            ))
        })?;
        self.position += part.len();
        Ok(part)
    }

    fn array<const N: usize>(&mut self, what: &str) -> Result<[u8; N]> {
        let mut out = [0; N];
        out.copy_from_slice(self.take(N as u64, what)?);
        Ok(out)
    }

    fn u32(&mut self, what: &str) -> Result<u32> {
        self.array(what).map(u32::from_le_bytes)
    }

    fn u64(&mut self, what: &str) -> Result<u64> {
        self.array(what).map(u64::from_le_bytes)
    }

    /// A length as u64, then as many bytes.
    fn string(&mut self, what: &str) -> Result<&'a [u8]> {
        let length = self.u64(what)?;
        self.take(length, what)
    }

    fn text(&mut self, what: &str) -> Result<&'a str> {
        let bytes = self.string(what)?;
        std::str::from_utf8(bytes).map_err(|_| Error::model(format!("its {what} is not UTF-8")))
    }

    fn value(&mut self, kind: u32) -> Result<Value<'a>> {
        Ok(match kind {
            4 => Value::U32(self.u32("metadata")?),
            6 => Value::F32(f32::from_bits(self.u32("metadata")?)),
            TEXT => Value::Text(self.text("metadata")?),
            9 => {
                let element = self.u32("metadata")?;
                let count = self.u64("metadata")?;
                let start = self.position;
                match size(element) {
                    Some(size) => {
                        self.take(count.saturating_mul(size), "metadata")?;
                    }
                    None if element == TEXT => {
                        for _ in 0..count {
                            self.string("metadata")?;
                        }
                    }
                    None => return Err(unknown(element)),
                }
                Value::Array(Array { element, bytes: &self.bytes[start..self.position] })
            }
            _ => {
                self.take(size(kind).ok_or_else(|| unknown(kind))?, "metadata")?;
                Value::Other(kind)
            }
        })
    }

    fn tensors(&mut self, count: u64) -> Result<BTreeMap<&'a str, Tensor>> {
        let mut tensors = BTreeMap::new();
        for _ in 0..count {
            let name = self.text("name of a tensor")?;
            let dimensions = self.u32("number of dimensions")?;
            if !(1..=MAX_DIMENSIONS).contains(&dimensions) {
                return Err(Error::model(format!(
                    "tensor '{}' has {dimensions} dimensions; 1 to {MAX_DIMENSIONS} are possible",
                    shown(name)
                )));
            }
            let dimensions =
                (0..dimensions).map(|_| self.u64("dimension")).collect::<Result<Vec<u64>>>()?;
            let encoding = match self.u32("type of a tensor")? {
                0 => Encoding::F32,
                8 => Encoding::Q8_0,
                other => Encoding::Other(other),
            };
            let offset = self.u64("offset of a tensor")?;
            if tensors.insert(name, Tensor { dimensions, encoding, offset }).is_some() {
                return Err(Error::model(format!("it has tensor '{}' twice", shown(name))));
            }
        }
        Ok(tensors)
    }
}

/// Bytes of a metadata value; `None` for texts, arrays and what there is not.
fn size(kind: u32) -> Option<u64> {
    match kind {
        0 | 1 | 7 => Some(1),
        2 | 3 => Some(2),
        4..=6 => Some(4),
        10..=12 => Some(8),
        _ => None,
    }
}

fn unknown(kind: u32) -> Error {
    Error::model(format!("its metadata has a value of type {kind}, which lmz cannot read"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use super::*;

    const EMBEDDED: &[u8] = include_bytes!("../../models/lmz.gguf");

    fn parse(bytes: &[u8]) -> Result<Gguf<'_>> {
        Gguf::parse(bytes, bytes.len() as u64)
    }

    #[test]
    fn the_embedded_model_is_read() {
        let gguf = parse(EMBEDDED).unwrap();
        assert_eq!(gguf.text("general.architecture"), Some("llama"));
        assert_eq!(gguf.number("llama.embedding_length").unwrap(), Some(192));
        assert_eq!(gguf.number("no.such.key").unwrap(), None);
        assert!(gguf.number("general.name").unwrap_err().to_string().contains("uint32"));
        let tensor = gguf.tensor("blk.2.ffn_down.weight").unwrap();
        assert_eq!(
            (tensor.dimensions.as_slice(), tensor.encoding),
            (&[576, 192][..], Encoding::Q8_0)
        );
        let range = gguf.range(tensor).unwrap();
        assert_eq!(range.end - range.start, 576 * 192 / 32 * 34);
        let last = gguf.range(gguf.tensor("output_norm.weight").unwrap()).unwrap();
        assert_eq!(last.end, EMBEDDED.len() as u64);
    }

    #[test]
    fn arrays_of_texts_are_read() {
        let bytes = include_bytes!("../../fixtures/models/tiny-sentencepiece.gguf");
        let gguf = parse(bytes).unwrap();
        let array = |key| match gguf.value(key) {
            Some(Value::Array(array)) => array,
            other => panic!("{other:?}"),
        };
        let texts: Vec<_> = array("tokenizer.ggml.tokens").texts().unwrap().collect();
        assert_eq!((texts[0], texts[1]), (&b"<unk>"[..], &b"<s>"[..]));
        assert_eq!(texts.len() as u64, gguf.tensor("token_embd.weight").unwrap().dimensions[1]);
        assert!(array("tokenizer.ggml.scores").texts().is_none());
    }

    #[test]
    fn the_head_alone_will_do() {
        let head = &EMBEDDED[..4096];
        assert_eq!(
            Gguf::parse(head, EMBEDDED.len() as u64).unwrap().keys().collect::<Vec<_>>(),
            parse(EMBEDDED).unwrap().keys().collect::<Vec<_>>()
        );
        assert!(parse(head).unwrap_err().to_string().contains("within the file"));
    }

    #[test]
    fn every_cut_is_refused() {
        for end in 0..2600 {
            assert!(parse(&EMBEDDED[..end]).is_err(), "cut at {end}");
        }
    }

    #[test]
    fn numbers_from_the_file_allocate_nothing() {
        let mut bytes = b"GGUF\x03\0\0\0".to_vec();
        bytes.extend(u64::MAX.to_le_bytes());
        bytes.extend(u64::MAX.to_le_bytes());
        assert!(parse(&bytes).unwrap_err().to_string().contains("ends in"));
        bytes.extend(1u64.to_le_bytes());
        bytes.extend(b"k\x09\0\0\0\x0c\0\0\0"); // an array of 2^64 - 1 numbers of 8 bytes
        bytes.extend(u64::MAX.to_le_bytes());
        assert!(parse(&bytes).unwrap_err().to_string().contains("ends in"));
    }
}
