//! Commands on files that may be damaged, and parts of files: all that needs to seek.

use std::fs::File;

use anyhow::{Result, anyhow};
use lmz::Error;
use lmz::pipeline::{self, DecompressOptions, SalvageReport};

use crate::args::{CommonArgs, DecompressArgs};
use crate::failure::{Incomplete, complain};
use crate::input;
use crate::names::{Job, Place};
use crate::output::Output;
use crate::progress::Bar;
use crate::report::{self, tell};

/// Restores what is left of a file.
pub fn salvage(job: &Job, args: &DecompressArgs, options: &DecompressOptions) -> Result<()> {
    let (input, mut bar) = input::open_seekable(&job.input, &args.common)?;
    let mut output = Output::open(&job.output, args.output.force)?;
    let gap = args.gap.into();
    let found = pipeline::salvage(input, &mut output, gap, options, &mut bar)?;
    drop(bar);
    output.finish()?;
    let (from, to) = (job.input.name(), job.output.name());
    name_damage(&from, &found);
    let line = format!("{from} -> {to}: {} bytes", found.written_bytes);
    tell(&args.common, &line, || report::json(&job.input, Some(&job.output), &found))?;
    if found.complete { Ok(()) } else { Err(Incomplete(lost(&found)).into()) }
}

/// Writes a part of a file.
pub fn extract(job: &Job, args: &DecompressArgs, options: &DecompressOptions) -> Result<()> {
    let (input, mut bar) = input::open_seekable(&job.input, &args.common)?;
    let mut output = Output::open(&job.output, args.output.force)?;
    let part = (args.from, args.to);
    let done =
        pipeline::extract(input, &mut output, part, options, &mut bar).map_err(with_advice)?;
    drop(bar);
    output.finish()?;
    let (from, to) = (job.input.name(), job.output.name());
    let line = format!(
        "{from} -> {to}: {} frames from {} on, {} bytes",
        done.frames, done.first_frame, done.written_bytes
    );
    tell(&args.common, &line, || report::json(&job.input, Some(&job.output), &done))
}

/// Names all damage of a file that did not decode because of `error`; returns the error to
/// report. A pipe cannot be read again: there the first damage has to do.
pub fn examine(
    place: &Place,
    error: Error,
    common: &CommonArgs,
    options: &DecompressOptions,
) -> anyhow::Error {
    let damaged = matches!(error, Error::Corrupt { .. } | Error::NotLmz { .. });
    let (Place::File(path), true) = (place, damaged) else { return error.into() };
    let Ok(file) = File::open(path) else { return error.into() };
    let mut bar = Bar::new(&place.name(), None, !common.quiet);
    let Ok(found) = pipeline::examine(file, options, &mut bar) else { return error.into() };
    drop(bar);
    name_damage(&place.name(), &found);
    if common.json {
        let printed = report::json(place, None, &found).and_then(|line| Ok(report::print(&line)?));
        if let Err(error) = printed {
            return error;
        }
    }
    anyhow!("{error}; {}; lmz decompress --salvage restores the rest", lost(&found))
}

/// What to do about a damaged file.
pub fn with_advice(error: Error) -> anyhow::Error {
    match error {
        Error::Corrupt { .. } => {
            anyhow!("{error}; lmz decompress --salvage restores what is left")
        }
        other => other.into(),
    }
}

/// One line for each part that is lost, and for other damage.
fn name_damage(name: &str, found: &SalvageReport) {
    for note in &found.notes {
        complain(&format!("{name}: {note}"));
    }
    for damage in &found.damage {
        complain(&format!("{name}: {}", report::damage(damage)));
    }
}

fn lost(found: &SalvageReport) -> String {
    match found.damage.len() {
        0 if found.complete => "nothing is lost".to_owned(),
        0 => "nothing is known to be lost".to_owned(),
        1 => "one part is lost".to_owned(),
        count => format!("{count} parts are lost"),
    }
}
