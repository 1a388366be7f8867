//! Signals and progress, while the interpreter's lock is not held.

use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, PoisonError};

use lmz::{Observer, Progress};
use pyo3::prelude::*;

use crate::errors;

/// Looks for signals such as ^C and calls `progress(bytes)`, each time the library reports.
#[derive(Clone, Default)]
pub struct Interpreter {
    progress: Option<Arc<Py<PyAny>>>,
    /// What the handler of a signal, or `progress`, has raised.
    raised: Arc<Mutex<Option<PyErr>>>,
}

impl Interpreter {
    pub fn new(progress: Option<Py<PyAny>>) -> Self {
        Interpreter { progress: progress.map(Arc::new), raised: Arc::default() }
    }

    /// Runs `work` without the interpreter's lock.
    ///
    /// # Errors
    /// What a signal or the callback has raised, or the exception for the error of `work`.
    pub fn run<T: Send>(
        &self,
        py: Python<'_>,
        work: impl FnOnce(&mut Interpreter) -> lmz::Result<T> + Send,
    ) -> PyResult<T> {
        let mut observer = self.clone();
        let outcome = py.detach(move || work(&mut observer));
        let raised = self.raised.lock().unwrap_or_else(PoisonError::into_inner).take();
        match (raised, outcome) {
            (Some(raised), _) => Err(raised),
            (None, outcome) => outcome.map_err(|error| errors::exception(py, error)),
        }
    }
}

impl Observer for Interpreter {
    fn observe(&mut self, progress: Progress) -> ControlFlow<()> {
        let outcome = Python::attach(|py| {
            py.check_signals()?;
            match &self.progress {
                Some(callback) => callback.call1(py, (progress.bytes,)).map(drop),
                None => Ok(()),
            }
        });
        match outcome {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                *self.raised.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                ControlFlow::Break(())
            }
        }
    }
}
