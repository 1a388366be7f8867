//! `lmz bench`: lmz and other coders on the same files.

mod audio;
mod child;
mod chunks;
mod coders;
mod explain;
mod formats;
mod html;
mod measure;
mod plan;
mod publish;
mod report;
mod spectrogram;
mod survey;
mod table;
mod totals;
mod usage;

pub use child::serve;

use crate::args::BenchArgs;
use crate::failure::{Outcome, Usage};
use coders::Spec;
use measure::Job;
use plan::Plan;

/// Runs the subcommand.
///
/// # Errors
/// [`Usage`] when nothing can be measured.
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
    match survey::survey(&plan, !args.quiet, run, &mut outcome) {
        Ok(report) => outcome.add("report", publish::report(args, &report)),
        Err(error) => outcome.add("bench", Err(error)),
    }
    Ok(outcome)
}

/// Rather now than after an hour of measuring.
fn refuse_existing(args: &BenchArgs) -> Result<(), Usage> {
    for path in [&args.csv, &args.json, &args.html].into_iter().flatten() {
        if path.is_dir() {
            return Err(Usage(format!("{} is a folder", path.display())));
        }
        if !args.force && path.symlink_metadata().is_ok() {
            return Err(Usage(format!("{} already exists; -f replaces it", path.display())));
        }
    }
    Ok(())
}
