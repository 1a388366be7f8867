//! `lmz bench`: lmz and other coders on the same files.

mod audio;
mod child;
mod chunks;
mod coders;
mod explain;
mod formats;
mod html;
mod measure;
mod memory;
mod plan;
mod report;
mod table;
mod totals;

use std::io::Write as _;
use std::path::Path;

use anyhow::{Context, Result};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tempfile::TempDir;

pub use child::serve;

use crate::args::BenchArgs;
use crate::failure::{Outcome, Usage};
use crate::names::{self, Place};
use crate::output::{self, Output};
use crate::stdout;
use coders::Spec;
use measure::{Direction, Effort, Job, Material, measure};
use plan::Plan;
use report::{Chunks, CoderInfo, LeftOut, Machine, Places, Report};
use totals::Measurement;

/// Runs the subcommand.
///
/// # Errors
/// [`Usage`] when nothing can be measured as asked.
pub fn run(args: &BenchArgs) -> Result<Outcome, Usage> {
    refuse_existing(args)?;
    let mut outcome = Outcome::default();
    if let Some(file) = &args.explain {
        outcome.add(&file.display().to_string(), explain::run(args, file));
        return Ok(outcome);
    }
    let plan = Plan::new(args)?;
    let run =
        |spec: &Spec, direction, jobs: &[Job]| child::run(spec, plan.scope(), direction, jobs);
    match survey(&plan, !args.quiet, run, &mut outcome) {
        Ok(report) => outcome.add("report", publish(args, &report)),
        Err(error) => outcome.add("bench", Err(error)),
    }
    Ok(outcome)
}

/// Rather now than after an hour of measuring.
fn refuse_existing(args: &BenchArgs) -> Result<(), Usage> {
    for path in [&args.csv, &args.json, &args.html].into_iter().flatten() {
        if !args.force && path.symlink_metadata().is_ok() {
            return Err(Usage(format!("{} exists; -f replaces it", path.display())));
        }
        if path.is_dir() {
            return Err(Usage(format!("{} is a folder", path.display())));
        }
    }
    Ok(())
}

/// Measures everything in `plan`; `run` runs a coder. Failures of lmz and files that cannot be
/// read go to `outcome`; those of others are results like any.
///
/// # Errors
/// When there is no room for temporary files.
fn survey(
    plan: &Plan,
    visible: bool,
    mut run: impl FnMut(&Spec, Direction, &[Job]) -> Result<Effort>,
    outcome: &mut Outcome,
) -> Result<Report> {
    let names: Vec<String> = plan.coders.iter().map(Spec::label).collect();
    let mut report = Report {
        command: std::env::args().collect::<Vec<_>>().join(" "),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        machine: Machine::this(),
        chunks: plan.chunks.map(|choice| Chunks {
            per_file: choice.count,
            bytes: choice.bytes,
            seed: choice.seed,
        }),
        threads: plan.threads,
        left_out: plan.left_out.clone(),
        ..Report::default()
    };
    for (spec, name) in plan.coders.iter().zip(&names) {
        let (name, about) = (name.clone(), spec.about());
        report.coders.push(CoderInfo { name, kind: spec.kind(), about });
    }
    let bar = progress(plan.files.len() * plan.coders.len(), visible);
    let mut measurements = Vec::new();
    for file in &plan.files {
        let folder = TempDir::with_prefix("lmz-bench-").context("no room for temporary files")?;
        let _guard = output::remove_on_signal(folder.path());
        let material = match Material::new(file, plan, folder.path()) {
            Ok(material) => material,
            Err(error) => {
                let (name, reason) = (file.name.clone(), format!("{error:#}"));
                report.unreadable.push(LeftOut { name, reason });
                outcome.add(&file.name, Err(error));
                continue;
            }
        };
        for (coder, spec) in plan.coders.iter().enumerate() {
            bar.set_message(format!("{}, {}", file.name, names[coder]));
            let place = folder.path().join(coder.to_string());
            std::fs::create_dir(&place)?;
            let result = measure(spec, &material, &place, |way, jobs| run(spec, way, jobs));
            std::fs::remove_dir_all(&place)?;
            measurements.push(Measurement {
                file: file.name.clone(),
                class: file.class.clone(),
                coder,
                original_bytes: material.original_bytes,
                samples: material.samples,
                audio_seconds: material.audio_seconds,
                result: result.as_ref().map(Clone::clone).map_err(|e| format!("{e:#}")),
            });
            if let (true, Err(error)) = (spec.is_lmz(), result) {
                bar.suspend(|| outcome.add(&file.name, Err(error.context(names[coder].clone()))));
            }
            bar.inc(1);
        }
        if plan.chunks.is_some() {
            let (file, offsets) = (file.name.clone(), material.offsets);
            report.places.push(Places { file, offsets });
        }
    }
    bar.finish_and_clear();
    report.rows = totals::rows(&measurements, &names);
    Ok(report)
}

fn progress(steps: usize, visible: bool) -> ProgressBar {
    let target = match visible {
        true => ProgressDrawTarget::stderr(),
        false => ProgressDrawTarget::hidden(),
    };
    let bar = ProgressBar::with_draw_target(Some(steps as u64), target);
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len}, {eta} left: {msg}") {
        bar.set_style(style);
    }
    bar
}

/// Prints and writes the report in all forms that are asked for.
fn publish(args: &BenchArgs, report: &Report) -> Result<()> {
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

fn write(path: &Path, force: bool, text: &str) -> Result<()> {
    let job = names::Job::new(Place::Pipe, Place::File(path.to_owned()));
    let mut output = Output::open(&job, force, false)?;
    output.write_all(text.as_bytes())?;
    output.finish()
}

#[cfg(test)]
mod survey_tests;
