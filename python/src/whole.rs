//! Whole WAV files, byte for byte.

use lmz::{ContentHash, Summary, pipeline};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::files;
use crate::joining::each;
use crate::observer::Interpreter;
use crate::settings::{self, Settings};

/// WAV in, lmz out.
#[pyfunction]
pub fn compress<'py>(
    py: Python<'py>,
    source: &Bound<'py, PyAny>,
    target: &Bound<'py, PyAny>,
    settings: Settings,
    progress: Option<Py<PyAny>>,
) -> PyResult<Bound<'py, PyDict>> {
    let encoder = settings.encoder(py)?;
    let (input, output) = (files::input(source)?, files::output(target)?);
    let done = Interpreter::new(progress)
        .run(py, move |observer| encoder.encode_wav_observed(input, output, observer))?;
    summary(py, &done)
}

/// lmz in, WAV out; without a target, everything is checked and nothing written. An iterator may yield parts that are
/// decoded already.
#[pyfunction]
#[pyo3(signature = (source, target, threads, max_output, progress, parts))]
pub fn decompress<'py>(
    py: Python<'py>,
    source: &Bound<'py, PyAny>,
    target: Option<&Bound<'py, PyAny>>,
    threads: usize,
    max_output: Option<u64>,
    progress: Option<Py<PyAny>>,
    parts: Option<Py<PyAny>>,
) -> PyResult<Bound<'py, PyDict>> {
    let options = settings::decoding(threads, max_output);
    let (input, output) = (files::input(source)?, files::output_or_none(target)?);
    let done = Interpreter::new(progress).run(py, move |observer| {
        pipeline::restore(input, output, &options, each(parts), observer)
    })?;
    summary(py, &done)
}

/// The hash of what a file or file object holds, in hexadecimal.
#[pyfunction]
pub fn blake3(py: Python<'_>, source: &Bound<'_, PyAny>) -> PyResult<String> {
    let mut input = files::input(source)?;
    Interpreter::default().run(py, move |_| Ok(ContentHash::of_reader(&mut input)?.to_string()))
}

/// The dict that says what a file has come to.
pub fn summary<'py>(py: Python<'py>, summary: &Summary) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    dict.set_item("original_bytes", summary.original_bytes)?;
    dict.set_item("compressed_bytes", summary.compressed_bytes)?;
    dict.set_item("segments", summary.segments)?;
    dict.set_item("blake3", summary.blake3.to_string())?;
    Ok(dict)
}
