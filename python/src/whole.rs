//! Whole WAV files, byte for byte.

use lmz::pipeline::{self, CompressOptions, DecompressOptions, LmUse, Position, Summary};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};

use crate::observer::Interpreter;
use crate::{errors, files};

fn decompress_options(threads: usize, max_output: Option<u64>) -> DecompressOptions {
    let max_output = max_output.unwrap_or(u64::MAX);
    DecompressOptions::default().with_threads(threads).with_max_output(max_output)
}

fn summary<'py>(py: Python<'py>, summary: &Summary) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    dict.set_item("original_bytes", summary.original_bytes)?;
    dict.set_item("compressed_bytes", summary.compressed_bytes)?;
    dict.set_item("segments", summary.segments)?;
    dict.set_item("blake3", hex(&summary.blake3))?;
    Ok(dict)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// WAV in, lmz out.
#[pyfunction]
#[pyo3(signature = (source, target, level, threads, progress))]
pub fn compress<'py>(
    py: Python<'py>,
    source: &Bound<'py, PyAny>,
    target: &Bound<'py, PyAny>,
    level: &str,
    threads: usize,
    progress: Option<Py<PyAny>>,
) -> PyResult<Bound<'py, PyDict>> {
    let options = CompressOptions {
        level: errors::level(level)?,
        lm: LmUse::Off,
        threads,
        ..CompressOptions::default()
    };
    let (input, output) = (files::input(source)?, files::output(target)?);
    let done = Interpreter::new(progress)
        .run(py, move |observer| pipeline::compress(input, output, &options, observer))?;
    summary(py, &done)
}

/// lmz in, WAV out; without a target, everything is checked and nothing written.
#[pyfunction]
#[pyo3(signature = (source, target, threads, max_output, progress))]
pub fn decompress<'py>(
    py: Python<'py>,
    source: &Bound<'py, PyAny>,
    target: Option<&Bound<'py, PyAny>>,
    threads: usize,
    max_output: Option<u64>,
    progress: Option<Py<PyAny>>,
) -> PyResult<Bound<'py, PyDict>> {
    let options = decompress_options(threads, max_output);
    let input = files::input(source)?;
    let output = match target {
        Some(target) => files::output(target)?,
        None => Box::new(std::io::sink()),
    };
    let done = Interpreter::new(progress)
        .run(py, move |observer| pipeline::decompress(input, output, &options, observer))?;
    summary(py, &done)
}

/// The frames from `start` to `stop`, as a WAV file with a plain header.
#[pyfunction]
#[pyo3(signature = (source, start, stop, threads))]
pub fn extract<'py>(
    py: Python<'py>,
    source: &Bound<'py, PyAny>,
    start: u64,
    stop: u64,
    threads: usize,
) -> PyResult<Bound<'py, PyBytes>> {
    let options = decompress_options(threads, None);
    let input = files::input(source)?;
    let part = (Some(Position::Frame(start)), Some(Position::Frame(stop)));
    let wav = Interpreter::default().run(py, move |observer| {
        let mut wav = Vec::new();
        pipeline::extract(input, &mut wav, part, &options, observer)?;
        Ok(wav)
    })?;
    Ok(PyBytes::new(py, &wav))
}

/// The hash of what a file or file object holds, in hexadecimal.
#[pyfunction]
pub fn blake3(py: Python<'_>, source: &Bound<'_, PyAny>) -> PyResult<String> {
    let mut input = files::input(source)?;
    Interpreter::default().run(py, move |_| {
        let mut hasher = ::blake3::Hasher::new();
        std::io::copy(&mut input, &mut hasher)?;
        Ok(hasher.finalize().to_hex().to_string())
    })
}

/// What a file says of itself; reads all of it, and decodes nothing.
#[pyfunction]
pub fn info<'py>(py: Python<'py>, source: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyDict>> {
    let input = files::input(source)?;
    let info = Interpreter::default().run(py, move |_| pipeline::info(input))?;
    let dict = PyDict::new(py);
    dict.set_item("level", info.level)?;
    dict.set_item("original_bytes", info.original_bytes)?;
    dict.set_item("compressed_bytes", info.compressed_bytes)?;
    dict.set_item("segments", info.segments)?;
    dict.set_item("blake3", hex(&info.blake3))?;
    if let Some(audio) = &info.audio {
        dict.set_item("channels", audio.channels)?;
        dict.set_item("samplerate", audio.sample_rate)?;
        dict.set_item("frames", audio.frames)?;
        dict.set_item("segment_frames", audio.segment_frames)?;
        dict.set_item("sample_format", &audio.sample_format)?;
    }
    Ok(dict)
}
