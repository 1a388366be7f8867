//! Where the report goes.

use std::io::Write as _;
use std::path::Path;

use anyhow::Result;

use super::report::Report;
use super::{formats, html, table};
use crate::args::BenchArgs;
use crate::names::{self, Place};
use crate::output::Output;
use crate::stdout;

/// Prints and writes the report in all forms that are named.
///
/// # Errors
/// When one of them cannot be written.
pub fn report(args: &BenchArgs, report: &Report) -> Result<()> {
    if !args.quiet {
        stdout::open()?.write_all(table::table(report).as_bytes())?;
    }
    if let Some(path) = &args.csv {
        write(path, args.force, &formats::csv(&report.rows)?)?;
    }
    if let Some(path) = &args.json {
        write(path, args.force, &formats::json(report)?)?;
    }
    if let Some(path) = &args.html {
        write(path, args.force, &html::page(html::REPORT, report)?)?;
    }
    Ok(())
}

/// Writes a report that is refused, or replaced with `force`, where there is a file already.
///
/// # Errors
/// When it cannot be written.
pub fn write(path: &Path, force: bool, text: &str) -> Result<()> {
    let job = names::Job::new(Place::Pipe, Place::File(path.to_owned()));
    let mut output = Output::open(&job, force, false)?;
    output.write_all(text.as_bytes())?;
    output.finish()
}
