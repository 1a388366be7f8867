//! All files of a plan with all its coders.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tempfile::TempDir;

use super::coders::Spec;
use super::measure::{Direction, Effort, Job, Material, measure};
use super::plan::{File, Plan};
use super::report::{self, Chunks, CoderInfo, Corpus, LeftOut, Machine, Places, Report};
use super::totals::{self, Measurement};
use crate::failure::Outcome;
use crate::output;

/// Measures everything in `plan`; `run` runs a coder. Failures of lmz and files that cannot be
/// read go to `outcome`; those of others are results like any.
///
/// # Errors
/// When there is no room for temporary files.
pub fn survey(
    plan: &Plan,
    visible: bool,
    run: impl FnMut(&Spec, Direction, &[Job]) -> Result<Effort>,
    outcome: &mut Outcome,
) -> Result<Report> {
    let names: Vec<String> = plan.coders.iter().map(Spec::label).collect();
    let bar = progress(plan.files.len() * plan.coders.len(), visible);
    let report = heading(plan, &names);
    let mut survey = Survey { plan, names, run, outcome, bar, report, measurements: Vec::new() };
    for file in &plan.files {
        survey.file(file)?;
    }
    let Survey { names, bar, mut report, measurements, .. } = survey;
    bar.finish_and_clear();
    report.rows = totals::rows(&measurements, &names);
    Ok(report)
}

/// The report before there are any figures.
fn heading(plan: &Plan, names: &[String]) -> Report {
    let coder = |(spec, name): (&Spec, &String)| CoderInfo {
        name: name.clone(),
        kind: spec.kind(),
        about: spec.about(),
    };
    Report {
        command: std::env::args().collect::<Vec<_>>().join(" "),
        date: report::today(),
        corpus: Corpus { inputs: plan.inputs.clone(), ..Corpus::default() },
        version: env!("CARGO_PKG_VERSION").to_owned(),
        machine: Machine::this(),
        chunks: plan.chunks.map(|choice| Chunks {
            per_file: choice.count,
            bytes: choice.bytes,
            seed: choice.seed,
        }),
        threads: plan.threads,
        coders: plan.coders.iter().zip(names).map(coder).collect(),
        left_out: plan.left_out.clone(),
        ..Report::default()
    }
}

/// What has been measured so far.
struct Survey<'a, R> {
    plan: &'a Plan,
    /// Names of the coders.
    names: Vec<String>,
    run: R,
    outcome: &'a mut Outcome,
    bar: ProgressBar,
    report: Report,
    measurements: Vec<Measurement>,
}

impl<R: FnMut(&Spec, Direction, &[Job]) -> Result<Effort>> Survey<'_, R> {
    /// Measures all coders on `file`.
    fn file(&mut self, file: &File) -> Result<()> {
        let folder = TempDir::with_prefix("lmz-bench-")
            .context("cannot create a folder for temporary files")?;
        let _guard = output::remove_on_signal(folder.path());
        let material = match Material::new(file, self.plan, folder.path()) {
            Ok(material) => material,
            Err(error) => {
                let (name, reason) = (file.name.clone(), format!("{error:#}"));
                self.report.unreadable.push(LeftOut { name, reason });
                self.outcome.add(&file.name, Err(error));
                return Ok(());
            }
        };
        let corpus = &mut self.report.corpus;
        corpus.files += 1;
        corpus.bytes += material.original_bytes;
        corpus.audio_seconds += material.audio_seconds;
        for coder in 0..self.plan.coders.len() {
            self.coder(coder, file, &material, folder.path())?;
        }
        if self.plan.chunks.is_some() {
            let (file, offsets) = (file.name.clone(), material.offsets);
            self.report.places.push(Places { file, offsets });
        }
        Ok(())
    }

    /// Measures the coder with the index `coder` on `file`, with a folder of its own in `folder`.
    fn coder(
        &mut self,
        coder: usize,
        file: &File,
        material: &Material,
        folder: &Path,
    ) -> Result<()> {
        let (spec, name) = (&self.plan.coders[coder], &self.names[coder]);
        self.bar.set_message(format!("{}, {name}", file.name));
        let place = folder.join(coder.to_string());
        fs::create_dir(&place)?;
        let result = measure(spec, material, &place, |way, jobs| (self.run)(spec, way, jobs));
        fs::remove_dir_all(&place)?;
        self.measurements.push(Measurement {
            file: file.name.clone(),
            class: file.class.clone(),
            coder,
            original_bytes: material.original_bytes,
            samples: material.samples,
            audio_seconds: material.audio_seconds,
            result: result.as_ref().map(Clone::clone).map_err(|e| format!("{e:#}")),
        });
        if let (true, Err(error)) = (spec.is_lmz(), result) {
            self.bar.suspend(|| self.outcome.add(&file.name, Err(error.context(name.clone()))));
        }
        self.bar.inc(1);
        Ok(())
    }
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

#[cfg(test)]
#[path = "survey_tests.rs"]
mod tests;
