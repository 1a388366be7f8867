//! Fields of structures (§1): integers of fixed width, and numbers, which take as many bytes as they need.

use crate::error::{Error, Result};

/// Bits of a number in each of its bytes.
const BITS: u32 = 7;
/// Set in all bytes of a number but the last.
const MORE: u8 = 1 << BITS;

/// Appends a number: seven bits a byte, the lowest first (LEB128).
pub(super) fn put_number(out: &mut Vec<u8>, value: impl Into<u64>) {
    let mut value = value.into();
    while value >= u64::from(MORE) {
        out.push(value as u8 | MORE);
        value >>= BITS;
    }
    out.push(value as u8);
}

/// The number whose bytes `next` yields. A number has one form only: the shortest.
pub(super) fn number(mut next: impl FnMut() -> Result<u8>) -> Result<Option<u64>> {
    let mut value = 0;
    for shift in (0..u64::BITS).step_by(BITS as usize) {
        let byte = next()?;
        let bits = u64::from(byte & !MORE);
        if bits << shift >> shift != bits {
            return Ok(None);
        }
        value |= bits << shift;
        if byte & MORE == 0 {
            return Ok((byte > 0 || shift == 0).then_some(value));
        }
    }
    Ok(None)
}

/// The fields of a structure whose bytes have been read.
pub(super) struct Fields<'a> {
    bytes: &'a [u8],
    /// Offset of `bytes` in the lmz file.
    offset: u64,
    /// What the structure is called in messages.
    what: &'static str,
}

impl<'a> Fields<'a> {
    pub(super) fn new(bytes: &'a [u8], offset: u64, what: &'static str) -> Self {
        Fields { bytes, offset, what }
    }

    /// Offset of the next field in the lmz file.
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    /// An error about the next field.
    pub(super) fn corrupt(&self, reason: &str) -> Error {
        Error::corrupt(self.offset, format!("{}: {reason}", self.what))
    }

    /// The next `N` bytes.
    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let Some((array, rest)) = self.bytes.split_first_chunk() else {
            return Err(self.corrupt("it ends within a field"));
        };
        (self.bytes, self.offset) = (rest, self.offset + N as u64);
        Ok(*array)
    }

    pub(super) fn u8(&mut self) -> Result<u8> {
        self.array::<1>().map(|[byte]| byte)
    }

    pub(super) fn u32(&mut self) -> Result<u32> {
        self.array().map(u32::from_le_bytes)
    }

    /// A number that a `T` can hold.
    pub(super) fn number<T: TryFrom<u64>>(&mut self) -> Result<T> {
        let error = self.corrupt("a number that is too large, or longer than it needs to be");
        number(|| self.u8())?.and_then(|value| T::try_from(value).ok()).ok_or(error)
    }

    /// All bytes that are left.
    pub(super) fn rest(self) -> &'a [u8] {
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read<T: TryFrom<u64>>(bytes: &[u8]) -> Result<T> {
        Fields::new(bytes, 0, "test").number()
    }

    #[test]
    fn numbers_come_back() {
        for value in
            (0..64).flat_map(|bit| [1 << bit, (1_u64 << bit) - 1, !(1 << bit)]).chain([300])
        {
            let mut bytes = Vec::new();
            put_number(&mut bytes, value);
            let bits = (u64::BITS - value.leading_zeros()).max(1);
            assert_eq!(bytes.len() as u32, bits.div_ceil(7));
            assert_eq!(read::<u64>(&bytes).unwrap(), value);
            assert_eq!(read::<u16>(&bytes).ok(), u16::try_from(value).ok());
            assert!(read::<u64>(&bytes[..bytes.len() - 1]).is_err(), "cut short");
        }
    }

    #[test]
    fn numbers_have_one_form() {
        let longest = [[0xFF; 9].as_slice(), &[1]].concat();
        assert_eq!(read::<u64>(&longest).unwrap(), u64::MAX);
        let beyond = [[0xFF; 9].as_slice(), &[2]].concat();
        for bytes in [&[0x80, 0][..], &[0xFF, 0x80, 0], &beyond, &[0xFF; 12]] {
            assert!(read::<u64>(bytes).is_err(), "{bytes:02x?}");
        }
    }
}
