//! Errors of the library as exceptions of `lmz.errors`.

use lmz::Error;
use pyo3::prelude::*;
use pyo3::types::PyType;

/// The exception for `error`. Those of Python's file objects come out as they went in.
pub fn exception(py: Python<'_>, error: Error) -> PyErr {
    let error = match error {
        Error::Io(io) => match io.downcast::<Error>() {
            Ok(inner) => inner,
            Err(io) => return io.into(),
        },
        error => error,
    };
    let name = match &error {
        Error::NotWav(_) => "NotWavError",
        Error::NotLmz(_) => "NotLmzError",
        Error::Unsupported(_) => "UnsupportedError",
        Error::Corrupt { .. } => "CorruptError",
        Error::Limit { .. } => "LimitError",
        Error::OutOfRange(_) => "OutOfRangeError",
        Error::ModelMismatch(_) | Error::Model(_) => "ModelError",
        _ => "LmzError",
    };
    let class = || -> PyResult<Bound<'_, PyType>> {
        Ok(py.import("lmz.errors")?.getattr(name)?.cast_into()?)
    };
    match class() {
        Ok(class) => PyErr::from_type(class, error.to_string()),
        Err(error) => error,
    }
}
