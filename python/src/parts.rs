//! What a file holds, and parts of it.

use std::io::Seek;

use lmz::{AudioFormat, Decoder, SampleKind, pipeline};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};

use crate::files;
use crate::observer::Interpreter;
use crate::settings;
use crate::whole::summary;

/// The audio of a file, by its two ends: the rest is not read. Without samples, `channels` is 0.
#[pyfunction]
pub fn audio<'py>(py: Python<'py>, source: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyDict>> {
    let input = files::input(source)?;
    let found = Interpreter::default().run(py, move |_| pipeline::outline(input))?;
    let dict = PyDict::new(py);
    describe(&dict, found.map(|found| found.format))?;
    dict.set_item("frames", found.map_or(0, |found| found.frames))?;
    dict.set_item("frame_bytes", found.map_or(0, |found| found.frame_bytes))?;
    dict.set_item("segment_frames", found.map_or(0, |found| found.segment_frames))?;
    Ok(dict)
}

/// All that a file says of itself; reads all of it, and decodes nothing.
#[pyfunction]
pub fn info<'py>(py: Python<'py>, source: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyDict>> {
    let mut input = files::input(source)?;
    let info = Interpreter::default().run(py, move |_| {
        input.rewind()?;
        lmz::info(input)
    })?;
    let dict = summary(py, &info.summary)?;
    describe(&dict, info.format)?;
    dict.set_item("frames", info.frames)?;
    dict.set_item("segment_frames", info.segment_frames)?;
    dict.set_item("level", info.level.name())?;
    dict.set_item("segments_with_lm", info.summary.segments_with_lm)?;
    Ok(dict)
}

/// The frames from `start` to `stop`, as a WAV file with a plain header.
#[pyfunction]
pub fn extract<'py>(
    py: Python<'py>,
    source: &Bound<'py, PyAny>,
    start: u64,
    stop: u64,
    threads: usize,
) -> PyResult<Bound<'py, PyBytes>> {
    let options = settings::decoding(threads, None);
    let mut input = files::input(source)?;
    let wav = Interpreter::default().run(py, move |observer| {
        input.rewind()?;
        let mut wav = Vec::new();
        Decoder::with_options(input, &options)?.extract(start..stop, &mut wav, observer)?;
        Ok(wav)
    })?;
    Ok(PyBytes::new(py, &wav))
}

fn describe(dict: &Bound<'_, PyDict>, format: Option<AudioFormat>) -> PyResult<()> {
    dict.set_item("channels", format.map_or(0, |format| format.channels))?;
    dict.set_item("samplerate", format.map_or(0, |format| format.sample_rate))?;
    dict.set_item("subtype", format.map_or_else(String::new, |format| subtype(format.samples)))
}

/// soundfile's name.
fn subtype(samples: SampleKind) -> String {
    match samples {
        SampleKind::Integer(8) => "PCM_U8".to_owned(),
        SampleKind::Integer(bits) => format!("PCM_{bits}"),
        SampleKind::Float(32) => "FLOAT".to_owned(),
        SampleKind::Float(_) => "DOUBLE".to_owned(),
        SampleKind::ALaw => "ALAW".to_owned(),
        SampleKind::MuLaw => "ULAW".to_owned(),
        _ => "UNKNOWN".to_owned(),
    }
}
