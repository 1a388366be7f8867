//! Long files in parts, which other processes code or decode.

use std::io::{self, Read};

use lmz::pipeline;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use pyo3::types::PyDict;

use crate::files;
use crate::observer::Interpreter;
use crate::settings::{self, Settings};
use crate::whole::summary;

/// Where a file can be cut: what is before its samples, and bytes of a segment.
#[pyfunction]
pub fn cut<'py>(
    py: Python<'py>,
    source: &Bound<'py, PyAny>,
    settings: Settings,
) -> PyResult<Option<(Bound<'py, PyBytes>, u64)>> {
    let encoder = settings.encoder(py)?;
    let input = files::input(source)?;
    let found = Interpreter::default().run(py, move |_| pipeline::cut(input, encoder.options()))?;
    Ok(found.map(|cut| (PyBytes::new(py, &cut.head), cut.segment_bytes)))
}

/// Codes up to `length` bytes of samples, from where `source` stands.
#[pyfunction]
pub fn encode_part<'py>(
    py: Python<'py>,
    head: &[u8],
    source: &Bound<'py, PyAny>,
    length: u64,
    settings: Settings,
) -> PyResult<Bound<'py, PyBytes>> {
    let encoder = settings.encoder(py)?;
    let samples = files::input(source)?.take(length);
    let part = Interpreter::default().run(py, move |observer| {
        pipeline::encode_part(head, samples, encoder.options(), observer)
    })?;
    Ok(PyBytes::new(py, &part))
}

/// `compress`, of a file whose parts an iterator yields.
#[pyfunction]
pub fn join<'py>(
    py: Python<'py>,
    source: &Bound<'py, PyAny>,
    target: &Bound<'py, PyAny>,
    settings: Settings,
    parts: Py<PyAny>,
) -> PyResult<Bound<'py, PyDict>> {
    let encoder = settings.encoder(py)?;
    let (input, output) = (files::input(source)?, files::output(target)?);
    let done = Interpreter::default().run(py, move |observer| {
        pipeline::join(input, output, encoder.options(), each(Some(parts)), observer)
    })?;
    summary(py, &done)
}

/// The samples of the segments that start between two frames, as in the original.
#[pyfunction]
pub fn decode_part<'py>(
    py: Python<'py>,
    source: &Bound<'py, PyAny>,
    start: u64,
    end: u64,
) -> PyResult<Bound<'py, PyBytes>> {
    let options = settings::decoding(1, None);
    let input = files::input(source)?;
    let part = Interpreter::default()
        .run(py, move |observer| pipeline::decode_part(input, start..end, &options, observer))?;
    Ok(PyBytes::new(py, &part))
}

/// What an iterator yields; with `None`, nothing.
pub fn each(parts: Option<Py<PyAny>>) -> impl Iterator<Item = io::Result<Vec<u8>>> + Send {
    let next = move |parts: &Py<PyAny>| Python::attach(|py| next_part(parts.bind(py)));
    std::iter::from_fn(move || parts.as_ref().and_then(next))
}

fn next_part(parts: &Bound<'_, PyAny>) -> Option<io::Result<Vec<u8>>> {
    let part = parts.cast::<pyo3::types::PyIterator>().map_err(PyErr::from);
    let part = part
        .and_then(|parts| parts.clone().next().transpose()?.map(|part| part.extract()).transpose());
    part.map_err(io::Error::from).transpose()
}
