//! The subcommands: one file after the other, a bad one does not stop the others.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use lmz::lm::ModelSource;
use lmz::pipeline::{self, CompressOptions, DecompressOptions, FileInfo, Summary};

use crate::args::{
    CommonArgs, CompressArgs, DecompressArgs, InfoArgs, ModelArgs, OutputArgs, VerifyArgs,
};
use crate::failure::{Outcome, Usage};
use crate::input::{self, Source};
use crate::names::{self, Direction, Job, Place};
use crate::output::Output;
use crate::progress::Bar;
use crate::report::{self, Told, tell};
use crate::{damaged, models};

pub fn compress(args: &CompressArgs) -> Result<Outcome, Usage> {
    let jobs = plan(&args.inputs, &args.output, &args.common, Direction::Compress)?;
    if args.verify && jobs.iter().any(|job| job.output == Place::Pipe) {
        return Err(Usage("--verify needs an output that can be read again".to_owned()));
    }
    if args.delete_source && jobs.iter().any(|job| job.input == Place::Pipe) {
        return Err(Usage("standard input is no file to delete".to_owned()));
    }
    let mapping = args.mapping.token_mapping()?;
    let models = models::all(&args.model);
    let model = models::for_compressing(args, &models)?;
    let options = CompressOptions {
        level: args.level(),
        lm: args.lm().into(),
        mapping,
        model,
        threads: args.common.threads,
        ..CompressOptions::default()
    };
    let models = models::as_source(&models);
    for_each(&jobs, |job| {
        let source = args.delete_source.then(|| Source::new(&job.input)).transpose()?;
        let (input, mut bar) = input::open(&job.input, &args.common)?;
        let mut output = Output::open(&job.output, args.output.force)?;
        let summary = pipeline::compress(input, &mut output, &options, &mut bar)?;
        drop(bar);
        if args.verify {
            check(&mut output, &summary, &models, &args.common)?;
        }
        match source {
            Some(source) => {
                output.finish_durably()?;
                source.delete()?;
            }
            None => output.finish()?,
        }
        let (from, to) = (job.input.name(), job.output.name());
        tell(&args.common, &report::compressed(&from, &to, &summary), || {
            report::json(&job.input, Some(&job.output), &summary)
        })
    })
}

/// Decodes what has just been written.
fn check(
    output: &mut Output,
    summary: &Summary,
    models: &Arc<dyn ModelSource>,
    common: &CommonArgs,
) -> Result<()> {
    let Some(file) = output.reread()? else { return Ok(()) };
    let mut bar = Bar::new("verifying", Some(summary.compressed_bytes), !common.quiet);
    let options =
        DecompressOptions::default().with_models(Arc::clone(models)).with_threads(common.threads);
    let decoded = pipeline::verify(file, &options, &mut bar)
        .context("the result does not decode; please report this")?;
    ensure!(decoded.blake3 == summary.blake3, "the result decodes to something else");
    Ok(())
}

pub fn decompress(args: &DecompressArgs) -> Result<Outcome, Usage> {
    let jobs = plan(&args.inputs, &args.output, &args.common, Direction::Decompress)?;
    let models = models::all(&args.model);
    let options = DecompressOptions::default()
        .with_models(models::as_source(&models))
        .with_threads(args.common.threads)
        .with_max_output(args.max_output);
    for_each(&jobs, |job| {
        if args.salvage {
            return damaged::salvage(job, args, &options);
        }
        if args.from.is_some() || args.to.is_some() {
            return damaged::extract(job, args, &options);
        }
        let (input, mut bar) = input::open(&job.input, &args.common)?;
        let mut output = Output::open(&job.output, args.output.force)?;
        let summary = pipeline::decompress(input, &mut output, &options, &mut bar)
            .map_err(damaged::with_advice)?;
        drop(bar);
        output.finish()?;
        let (from, to) = (job.input.name(), job.output.name());
        let line = format!("{from} -> {to}: {} bytes", summary.original_bytes);
        tell(&args.common, &line, || report::json(&job.input, Some(&job.output), &summary))
    })
}

pub fn verify(args: &VerifyArgs) -> Result<Outcome, Usage> {
    let models = models::all(&args.model);
    let options = DecompressOptions::default()
        .with_models(models::as_source(&models))
        .with_threads(args.common.threads)
        .with_max_output(args.max_output);
    for_each(&without_output(&args.inputs), |job| {
        let (input, mut bar) = input::open(&job.input, &args.common)?;
        let verified = pipeline::verify(input, &options, &mut bar);
        drop(bar);
        let summary = match verified {
            Ok(summary) => summary,
            Err(error) => return Err(damaged::examine(&job.input, error, &args.common, &options)),
        };
        let from = job.input.name();
        tell(&args.common, &format!("{from}: ok"), || report::json(&job.input, None, &summary))
    })
}

pub fn info(args: &InfoArgs) -> Result<Outcome, Usage> {
    for_each(&without_output(&args.inputs), |job| {
        let (input, _) = input::source(&job.input)?;
        let info = pipeline::info(input)?;
        let told = Told { hindrance: hindrance(&info, &args.model), info };
        let text = match args.json {
            true => report::json(&job.input, None, &told)?,
            false => report::table(&job.input.name(), &told),
        };
        Ok(report::print(&text)?)
    })
}

/// Why the model that a file needs is not the one at hand, with both sides of what differs.
fn hindrance(info: &FileInfo, model: &ModelArgs) -> Option<String> {
    if info.lm.segments == 0 {
        return None;
    }
    // Loaded for each file: files may ask for settings that one model cannot have together.
    let models = models::all(model);
    let opened = models::as_source(&models).open(&info.lm.fingerprint);
    opened.err().map(|error| error.to_string())
}

fn for_each(jobs: &[Job], mut work: impl FnMut(&Job) -> Result<()>) -> Result<Outcome, Usage> {
    let mut outcome = Outcome::default();
    for job in jobs {
        outcome.add(&job.input.name(), work(job));
    }
    Ok(outcome)
}

fn plan(
    inputs: &[PathBuf],
    output: &OutputArgs,
    common: &CommonArgs,
    direction: Direction,
) -> Result<Vec<Job>, Usage> {
    let jobs = names::plan(inputs, output, direction)?;
    if common.json && jobs.iter().any(|job| job.output == Place::Pipe) {
        return Err(Usage("--json and the result cannot both go to standard output".to_owned()));
    }
    Ok(jobs)
}

/// Jobs of a command that writes nothing.
fn without_output(inputs: &[PathBuf]) -> Vec<Job> {
    inputs.iter().map(|path| Job { input: Place::new(path), output: Place::Pipe }).collect()
}
