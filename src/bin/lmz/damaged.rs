//! Commands on files that may be damaged, and parts of files: all that needs to seek.

use std::fs::{self, File};

use anyhow::{Result, anyhow};
use lmz::Error;
use lmz::pipeline::{self, DecompressOptions, SalvageReport};
use serde::Serialize;

use crate::args::{CommonArgs, DecompressArgs};
use crate::failure::Incomplete;
use crate::input::Input;
use crate::names::{Job, Place};
use crate::output::Output;
use crate::report::{self, Message};
use crate::run::{Turn, open_output};

/// Restores what is left of a file.
pub fn salvage(
    job: &Job,
    turn: &mut Turn<'_>,
    args: &DecompressArgs,
    options: &DecompressOptions,
) -> Result<()> {
    let input = Input::open(&job.input)?;
    let file = input.seekable()?;
    let mut output = open_output(job, &args.output, &input, turn)?;
    let mut watch = turn.watch(Some(file.metadata()?.len()), 1);
    let gap = args.gap.into();
    let found = pipeline::salvage(file, &mut output, gap, options, &mut watch)?;
    drop(watch);
    finish(output, &input, args, job, turn, true)?;
    let from = job.input.name();
    name_damage(&from, &found, turn);
    let line = format!("{from} -> {}: {} bytes", job.output.name(), found.written_bytes);
    push_result(job, turn, &args.common, &found, line)?;
    if found.complete { Ok(()) } else { Err(Incomplete(restored(&found)).into()) }
}

/// Writes a part of a file.
pub fn extract(
    job: &Job,
    turn: &mut Turn<'_>,
    args: &DecompressArgs,
    options: &DecompressOptions,
) -> Result<()> {
    let input = Input::open(&job.input)?;
    let file = input.seekable()?;
    let mut output = open_output(job, &args.output, &input, turn)?;
    let mut watch = turn.watch(Some(file.metadata()?.len()), 1);
    let part = (args.from, args.to);
    let done =
        pipeline::extract(file, &mut output, part, options, &mut watch).map_err(with_advice)?;
    drop(watch);
    finish(output, &input, args, job, turn, false)?;
    let from = job.input.name();
    if done.to_past_end {
        let note = "--to is past the end; stopping at the end of the file";
        turn.messages.push(Message::Done(format!("{from}: {note}")));
    }
    let line = format!(
        "{from} -> {}: {} frames starting at {}, {} bytes",
        job.output.name(),
        done.frames,
        done.first_frame,
        done.written_bytes
    );
    push_result(job, turn, &args.common, &done, line)
}

/// Gives the output what it keeps of the input, and its name.
fn finish(
    mut output: Output,
    input: &Input,
    args: &DecompressArgs,
    job: &Job,
    turn: &mut Turn<'_>,
    whole: bool,
) -> Result<()> {
    if let Some(kept) = input.kept().filter(|_| !args.output.no_preserve) {
        let kept = if whole { kept } else { kept.permissions_only() };
        for lost in output.keep(&kept)? {
            turn.messages.push(Message::Detail(format!("{}: {lost}", job.output.name())));
        }
    }
    output.finish()
}

/// Reports a result: as JSON, or as a line unless standard output is the result.
fn push_result(
    job: &Job,
    turn: &mut Turn<'_>,
    common: &CommonArgs,
    result: &impl Serialize,
    line: String,
) -> Result<()> {
    if common.json {
        let json = report::json(&job.input, Some(&job.output), result)?;
        turn.messages.push(Message::Print(json));
    } else if job.output != Place::Pipe {
        turn.messages.push(Message::Done(line));
    }
    Ok(())
}

/// Names all damage of a file that did not decode because of `error`; returns the error to
/// report. What is not a regular file cannot be read again: there the first damage has to do.
pub fn examine(
    job: &Job,
    turn: &mut Turn<'_>,
    error: Error,
    common: &CommonArgs,
    options: &DecompressOptions,
) -> anyhow::Error {
    let damaged = matches!(error, Error::Corrupt { .. } | Error::NotLmz(_));
    let (Place::File(path), true) = (&job.input, damaged) else { return error.into() };
    if !fs::metadata(path).is_ok_and(|metadata| metadata.is_file()) {
        return error.into();
    }
    let Ok(file) = File::open(path) else { return error.into() };
    let Ok(found) = pipeline::examine(file, options, &mut ()) else { return error.into() };
    name_damage(&job.input.name(), &found, turn);
    if common.json {
        match report::json(&job.input, None, &found) {
            Ok(line) => turn.messages.push(Message::Print(line)),
            Err(error) => return error,
        }
    }
    let rest = if has_lost_all_audio(&found) { "everything else" } else { "the rest" };
    anyhow!("{error}; {}; lmz decompress --salvage restores {rest}", lost(&found))
}

/// What to do about a damaged file.
pub fn with_advice(error: Error) -> anyhow::Error {
    match error {
        Error::Corrupt { .. } => {
            anyhow!("{error}; lmz decompress --salvage restores what is intact")
        }
        other => other.into(),
    }
}

/// One line for each part that is lost, and for other damage.
fn name_damage(name: &str, found: &SalvageReport, turn: &mut Turn<'_>) {
    let damage = found.damage.iter().map(report::damage);
    let lines = found.notes.iter().cloned().chain(damage);
    turn.messages.extend(lines.map(|line| Message::Warning(format!("{name}: {line}"))));
}

/// How a file came back in part.
fn restored(found: &SalvageReport) -> String {
    let lost = lost(found);
    match found.damage.len() {
        0 => format!("{lost}, but that cannot be proven"),
        _ if has_lost_all_audio(found) => format!("{lost}; everything else was restored"),
        _ => format!("{lost}; the rest was restored"),
    }
}

fn has_lost_all_audio(found: &SalvageReport) -> bool {
    found.segments == 0 && found.damage.iter().any(|damage| !damage.frames.is_empty())
}

fn lost(found: &SalvageReport) -> String {
    match found.damage.len() {
        _ if has_lost_all_audio(found) => "all audio is lost".to_owned(),
        0 if found.complete => "nothing is lost".to_owned(),
        0 => "nothing is known to be lost".to_owned(),
        1 => "one part is lost".to_owned(),
        count => format!("{count} parts are lost"),
    }
}
