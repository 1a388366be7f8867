//! Paths and Python's file objects as inputs and outputs.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::PathBuf;

use pyo3::prelude::*;
use pyo3::types::PyBytes;

/// Bytes asked of a file object at a time: each call takes the interpreter's lock.
const BUFFER: usize = 1 << 18;

pub trait ReadSeek: Read + Seek + Send {}
impl<T: Read + Seek + Send> ReadSeek for T {}

/// Opens a path, or reads from a binary file object from where it stands.
pub fn input(source: &Bound<'_, PyAny>) -> PyResult<Box<dyn ReadSeek>> {
    if let Ok(path) = source.extract::<PathBuf>() {
        return Ok(Box::new(BufReader::with_capacity(BUFFER, File::open(path)?)));
    }
    Ok(Box::new(BufReader::with_capacity(BUFFER, FileObject(source.clone().unbind()))))
}

/// Creates a file, or writes to a binary file object from where it stands.
pub fn output(target: &Bound<'_, PyAny>) -> PyResult<Box<dyn Write + Send>> {
    if let Ok(path) = target.extract::<PathBuf>() {
        return Ok(Box::new(BufWriter::with_capacity(BUFFER, File::create(path)?)));
    }
    Ok(Box::new(BufWriter::with_capacity(BUFFER, FileObject(target.clone().unbind()))))
}

/// As [`output`], or nowhere.
pub fn output_or_none(target: Option<&Bound<'_, PyAny>>) -> PyResult<Box<dyn Write + Send>> {
    target.map_or_else(|| Ok(Box::new(io::sink()) as _), output)
}

/// A binary file object.
struct FileObject(Py<PyAny>);

impl Read for FileObject {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        Python::attach(|py| {
            let read = self.0.bind(py).call_method1("read", (buffer.len(),))?;
            let bytes = read.extract::<&[u8]>().map_err(PyErr::from)?;
            let Some(room) = buffer.get_mut(..bytes.len()) else {
                return Err(io::Error::other("read() has returned more bytes than were asked for"));
            };
            room.copy_from_slice(bytes);
            Ok(bytes.len())
        })
    }
}

impl Seek for FileObject {
    fn seek(&mut self, position: SeekFrom) -> io::Result<u64> {
        let (offset, whence) = match position {
            SeekFrom::Start(offset) => (i128::from(offset), 0),
            SeekFrom::Current(offset) => (i128::from(offset), 1),
            SeekFrom::End(offset) => (i128::from(offset), 2),
        };
        Python::attach(|py| {
            let at = self.0.bind(py).call_method1("seek", (offset as i64, whence))?;
            Ok(at.extract()?)
        })
    }
}

impl Write for FileObject {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Python::attach(|py| {
            let written = self.0.bind(py).call_method1("write", (PyBytes::new(py, bytes),))?;
            // File objects of some libraries return nothing when they have taken all.
            if written.is_none() { Ok(bytes.len()) } else { Ok(written.extract()?) }
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        Python::attach(|py| {
            let file = self.0.bind(py);
            if file.hasattr("flush")? {
                file.call_method0("flush")?;
            }
            Ok(())
        })
    }
}
