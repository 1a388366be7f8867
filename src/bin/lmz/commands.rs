//! The subcommands.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use lmz::lm::ModelSource;
use lmz::pipeline::{self, CompressOptions, DecompressOptions, FileInfo, Summary};

use crate::args::{
    CommonArgs, CompressArgs, DecompressArgs, InfoArgs, ModelArgs, OutputArgs, VerifyArgs, WalkArgs,
};
use crate::damaged;
use crate::failure::{Outcome, Usage};
use crate::input::{self, Input};
use crate::models;
use crate::names::{self, Direction, Job, Place};
use crate::output::Output;
use crate::progress::Watch;
use crate::report::{self, Described, Message, Total};
use crate::run::{Turn, for_each, open_output};
use crate::walk::{self, Found};

pub fn compress(args: &CompressArgs) -> Result<Outcome, Usage> {
    let (jobs, before) =
        plan(&args.inputs, &args.output, &args.walk, &args.common, Direction::Compress)?;
    if args.verify && jobs.iter().any(|job| job.output == Place::Pipe) {
        return Err(Usage("--verify needs an output file, which it can read back".to_owned()));
    }
    if args.delete_source && jobs.iter().any(|job| job.input == Place::Pipe) {
        return Err(Usage("--delete-source cannot delete standard input".to_owned()));
    }
    let mapping = args.mapping.token_mapping()?;
    let models = models::all(&args.model);
    let model = models::for_compressing(args, &models)?;
    let lanes = model.as_ref().map_or(1, |model| model.lanes());
    let options = CompressOptions {
        level: args.level.0,
        lm: args.lm().into(),
        mapping,
        model,
        raw: args.raw,
        segment_seconds: args.segment,
        ..CompressOptions::default()
    };
    let models = models::as_source(&models);
    Ok(for_each(
        &jobs,
        before,
        &args.common,
        |_| lanes > 1,
        |job, turn| {
            if skip(job, &args.output, turn) {
                return Ok(());
            }
            // Without `--threads`, a model with lanes gets a thread for each.
            let threads = if args.common.threads == 0 && lanes > 1 { 0 } else { turn.threads };
            let options = CompressOptions { threads, ..options.clone() };
            compress_one(job, turn, args, &options, &models)
        },
    ))
}

fn compress_one(
    job: &Job,
    turn: &mut Turn<'_>,
    args: &CompressArgs,
    options: &CompressOptions,
    models: &Arc<dyn ModelSource>,
) -> Result<()> {
    if args.delete_source {
        input::check_deletable(&job.input)?;
    }
    let input = Input::open(&job.input)?;
    let mut output = open_output(job, &args.output, &input, turn)?;
    let passes = if args.verify { 2 } else { 1 };
    let seconds = match &args.raw {
        Some(format) => input.length().map(|l| format.seconds(l / format.frame_bytes() as u64)),
        None => seconds(job, turn, Direction::Compress),
    };
    let watch = || turn.watch(input.length(), passes).lasting(seconds, passes);
    let summary = pipeline::compress(input.reader()?, &mut output, options, &mut watch())?;
    if args.verify {
        let options =
            DecompressOptions::default().with_models(Arc::clone(models)).with_threads(turn.threads);
        let watch = watch().over(summary.compressed_bytes);
        verify_output(&mut output, &summary, &options, watch)?;
    }
    if input.has_changed() {
        ensure!(!args.verify, "the file changed while it was being read");
        let name = job.input.name();
        let warning = "the file changed while it was being read; the result holds what was read";
        turn.messages.push(Message::Warning(format!("{name}: {warning}")));
    }
    keep(&mut output, &input, &args.output, job, turn)?;
    if args.delete_source {
        output.finish_durably()?;
        input.delete()?;
    } else {
        output.finish()?;
    }
    let (from, to) = (job.input.name(), job.output.name());
    if let Some(warning) = report::without_audio(&summary) {
        turn.messages.push(Message::Warning(format!("{from}: {warning}")));
    }
    let line = report::compressed(&from, &to, &summary);
    finished(job, turn, &args.common, &summary, line)
}

/// Decodes what was written and compares it with what was read.
fn verify_output(
    output: &mut Output,
    summary: &Summary,
    options: &DecompressOptions,
    mut watch: Watch<'_>,
) -> Result<()> {
    let Some(file) = output.reread()? else { return Ok(()) };
    let decoded = pipeline::verify(file, options, &mut watch)
        .context("the result does not decode; please report this")?;
    ensure!(decoded.blake3 == summary.blake3, "the result decodes to something else");
    Ok(())
}

pub fn decompress(args: &DecompressArgs) -> Result<Outcome, Usage> {
    let (jobs, before) =
        plan(&args.inputs, &args.output, &args.walk, &args.common, Direction::Decompress)?;
    let models = models::as_source(&models::all(&args.model));
    Ok(for_each(&jobs, before, &args.common, needs_lanes(&models), |job, turn| {
        if skip(job, &args.output, turn) {
            return Ok(());
        }
        let options = DecompressOptions::default()
            .with_models(Arc::clone(&models))
            .with_threads(turn.threads)
            .with_max_output(args.max_output);
        if args.salvage {
            return damaged::salvage(job, turn, args, &options);
        }
        if args.from.is_some() || args.to.is_some() {
            return damaged::extract(job, turn, args, &options);
        }
        decompress_one(job, turn, args, &options)
    }))
}

fn decompress_one(
    job: &Job,
    turn: &mut Turn<'_>,
    args: &DecompressArgs,
    options: &DecompressOptions,
) -> Result<()> {
    let input = Input::open(&job.input)?;
    let mut output = open_output(job, &args.output, &input, turn)?;
    let seconds = seconds(job, turn, Direction::Decompress);
    let mut watch = turn.watch(input.length(), 1).lasting(seconds, 1);
    let summary = pipeline::decompress(input.reader()?, &mut output, options, &mut watch)
        .map_err(damaged::with_advice)?;
    drop(watch);
    keep(&mut output, &input, &args.output, job, turn)?;
    output.finish()?;
    let (from, to) = (job.input.name(), job.output.name());
    let line = format!("{from} -> {to}: {} bytes", summary.original_bytes);
    finished(job, turn, &args.common, &summary, line)
}

pub fn verify(args: &VerifyArgs) -> Result<Outcome, Usage> {
    let (jobs, before) = without_output(&args.inputs, &args.walk, &args.common)?;
    let models = models::as_source(&models::all(&args.model));
    Ok(for_each(&jobs, before, &args.common, needs_lanes(&models), |job, turn| {
        let options = DecompressOptions::default()
            .with_models(Arc::clone(&models))
            .with_threads(turn.threads)
            .with_max_output(args.max_output);
        let input = Input::open(&job.input)?;
        let seconds = seconds(job, turn, Direction::Decompress);
        let mut watch = turn.watch(input.length(), 1).lasting(seconds, 1);
        let verified = pipeline::verify(input.reader()?, &options, &mut watch);
        drop(watch);
        let summary = match verified {
            Ok(summary) => summary,
            Err(error) => return Err(damaged::examine(job, turn, error, &args.common, &options)),
        };
        turn.total = Total::of(&summary);
        turn.messages.push(match args.common.json {
            true => Message::Print(report::json(&job.input, None, &summary)?),
            false => Message::Done(format!("{}: ok", job.input.name())),
        });
        Ok(())
    }))
}

pub fn info(args: &InfoArgs) -> Result<Outcome, Usage> {
    let (jobs, before) = without_output(&args.inputs, &args.walk, &args.common)?;
    // One after the other: each may load a model. And without a word about all of them together.
    let common = CommonArgs { threads: 1, quiet: true, ..args.common.clone() };
    Ok(for_each(
        &jobs,
        before,
        &common,
        |_| true,
        |job, turn| {
            let info = pipeline::inspect(Input::open(&job.input)?.reader()?)?;
            let described = Described { obstacle: obstacle(&info, &args.model), info };
            let name = job.input.name();
            turn.messages.push(Message::Print(match (args.common.json, args.common.verbose) {
                (true, _) => report::json(&job.input, None, &described)?,
                (false, true) => report::table(&name, &described),
                (false, false) => report::line(&name, &described),
            }));
            Ok(())
        },
    ))
}

/// Why the model that a file needs is not the one at hand, with both sides of what differs.
fn obstacle(info: &FileInfo, model: &ModelArgs) -> Option<String> {
    if info.lm.segments == 0 {
        return None;
    }
    // Loaded for each file: files may ask for settings that one model cannot have together.
    let models = models::all(model);
    let opened = models::as_source(&models).open(&info.lm.fingerprint);
    opened.err().map(|error| error.to_string())
}

/// Files whose model has lanes take all threads: lanes advance together.
fn needs_lanes(models: &Arc<dyn ModelSource>) -> impl Fn(&Job) -> bool {
    let models = Arc::clone(models);
    move |job| input::fingerprint(&job.input).is_some_and(|name| models.lanes(&name) > 1)
}

/// Jobs, and what has failed before the first of them.
fn plan(
    inputs: &[PathBuf],
    output: &OutputArgs,
    walk: &WalkArgs,
    common: &CommonArgs,
    direction: Direction,
) -> Result<(Vec<Job>, Outcome), Usage> {
    let found = walk::find(inputs, walk, direction)?;
    let jobs = names::plan(&found.inputs, output, direction)?;
    if common.json && jobs.iter().any(|job| job.output == Place::Pipe) {
        return Err(Usage("--json and the result cannot both use standard output".to_owned()));
    }
    Ok((jobs, report_findings(found, common)))
}

/// Jobs of a command that writes nothing.
fn without_output(
    inputs: &[PathBuf],
    walk: &WalkArgs,
    common: &CommonArgs,
) -> Result<(Vec<Job>, Outcome), Usage> {
    let found = walk::find(inputs, walk, Direction::Decompress)?;
    let job = |(path, _): &(PathBuf, _)| Job::new(Place::new(path), Place::Pipe);
    let jobs = found.inputs.iter().map(job).collect();
    Ok((jobs, report_findings(found, common)))
}

/// Reports what the walk through folders met with.
fn report_findings(found: Found, common: &CommonArgs) -> Outcome {
    let special = found.special.into_iter().filter(|_| !common.quiet).map(Message::Warning);
    for message in special.chain(found.notes.into_iter().map(Message::Detail)) {
        // Printing to standard error only.
        let _ = message.show(common);
    }
    let mut outcome = Outcome::default();
    for (name, error) in found.failures {
        outcome.add(&name, Err(error));
    }
    outcome
}

/// Whether a job is passed over because its output exists.
fn skip(job: &Job, args: &OutputArgs, turn: &mut Turn<'_>) -> bool {
    let Place::File(output) = &job.output else { return false };
    let skip = args.skip_existing && output.symlink_metadata().is_ok();
    if skip {
        turn.total.skipped = 1;
        // Its bytes count as done.
        drop(turn.watch(job.length, 1));
        let line = format!("{}: skipped, {} already exists", job.input.name(), job.output.name());
        turn.messages.push(Message::Detail(line));
    }
    skip
}

/// Gives the output the times and permissions of its input.
fn keep(
    output: &mut Output,
    input: &Input,
    args: &OutputArgs,
    job: &Job,
    turn: &mut Turn<'_>,
) -> Result<()> {
    let Some(kept) = input.kept().filter(|_| !args.no_preserve) else { return Ok(()) };
    for lost in output.keep(&kept)? {
        turn.messages.push(Message::Detail(format!("{}: {lost}", job.output.name())));
    }
    Ok(())
}

/// Length of the audio, where somebody sees the progress.
fn seconds(job: &Job, turn: &Turn<'_>, direction: Direction) -> Option<f64> {
    if turn.status.is_visible() { input::seconds(&job.input, direction) } else { None }
}

fn finished(
    job: &Job,
    turn: &mut Turn<'_>,
    common: &CommonArgs,
    summary: &Summary,
    line: String,
) -> Result<()> {
    turn.total = Total::of(summary);
    if common.json {
        let json = report::json(&job.input, Some(&job.output), summary)?;
        turn.messages.push(Message::Print(json));
    } else if job.output != Place::Pipe {
        turn.messages.push(Message::Done(line));
    }
    Ok(())
}
