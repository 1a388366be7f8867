//! The compiled half of the Python package `lmz`: whole files and parts. Names, conversions and checks of
//! arguments are Python's (`../lmz`).

mod errors;
mod files;
mod joining;
mod observer;
mod parts;
mod settings;
mod whole;

/// What `lmz` imports.
#[pyo3::pymodule]
mod _lmz {
    #[pymodule_export]
    use crate::joining::{cut, decode_part, encode_part, join};
    #[pymodule_export]
    use crate::parts::{audio, extract, info};
    #[pymodule_export]
    use crate::whole::{blake3, compress, decompress};
}
