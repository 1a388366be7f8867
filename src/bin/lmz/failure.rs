//! What the exit code says.

use std::io;
use std::process::ExitCode;

/// All files done.
pub const DONE: u8 = 0;
/// At least one file failed.
pub const FILE_FAILED: u8 = 1;
/// The command line asks for something that cannot be; clap uses the same code.
pub const WRONG_USAGE: u8 = 2;
/// At least one damaged file could only be restored in part; none failed.
pub const INCOMPLETE: u8 = 3;
/// ^C or a request to terminate.
pub const INTERRUPTED: u8 = 130;

/// A command line that cannot be carried out. Nothing has been done.
#[derive(Debug)]
pub struct Usage(pub String);

/// A file that was restored in part, in a sentence; what is lost has been named.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Incomplete(pub String);

/// How a run went on the whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Files, and folders that could not be searched.
    failed: usize,
    incomplete: usize,
}

impl Outcome {
    /// With the files of another run.
    #[must_use]
    pub fn and(self, other: Outcome) -> Outcome {
        Outcome {
            failed: self.failed + other.failed,
            incomplete: self.incomplete + other.incomplete,
        }
    }

    /// How many failed, or came back in part only.
    pub fn failures(&self) -> usize {
        self.failed + self.incomplete
    }

    /// Counts one file in, and reports its error.
    pub fn add(&mut self, name: &str, result: anyhow::Result<()>) {
        if let Err(error) = result {
            match error.is::<Incomplete>() {
                true => self.incomplete += 1,
                false => self.failed += 1,
            }
            // Whoever closed the pipe knows.
            if !is_broken_pipe(&error) {
                complain(&format!("{name}: {error:#}"));
            }
        }
    }
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        ExitCode::from(match (outcome.failed, outcome.incomplete) {
            (1.., _) => FILE_FAILED,
            (0, 1..) => INCOMPLETE,
            (0, 0) => DONE,
        })
    }
}

/// A line on standard error. If that fails, there is no other place to report it.
pub fn complain(message: &str) {
    let _ = io::Write::write_fmt(&mut io::stderr(), format_args!("lmz: {message}\n"));
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        let io_error = match cause.downcast_ref::<lmz::Error>() {
            Some(lmz::Error::Io(error)) => Some(error),
            _ => cause.downcast_ref::<io::Error>(),
        };
        io_error.is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
    })
}
