//! A run in this process, with coders of the tests' own.

use std::fs;
use std::path::Path;

use super::*;
use crate::args::{BenchLevel, Lm};
use crate::bench::chunks::Choice;
use crate::bench::coders::{Check, Clock, Coder, Library, Runs, Scope, Variant};
use crate::bench::measure::work;
use crate::bench::{audio, report, table};
use lmz::wav::{Endian, SampleFormat, WavFormat};

/// What a coder of the tests does wrong.
#[derive(Clone, Copy)]
enum Fault {
    None,
    /// The last byte comes back different.
    Decoder,
    /// It takes no file.
    Encoder,
}

/// Copies.
struct Copier(Fault);

impl Coder for Copier {
    fn encode(&mut self, original: &Path, coded: &Path, clock: &mut Clock) -> Result<()> {
        anyhow::ensure!(!matches!(self.0, Fault::Encoder), "I do not like it");
        clock.time(|| fs::copy(original, coded))?;
        Ok(())
    }

    fn decode(&mut self, coded: &Path, restored: &Path, clock: &mut Clock) -> Result<()> {
        let mut bytes = fs::read(coded)?;
        if let (Fault::Decoder, Some(last)) = (self.0, bytes.last_mut()) {
            *last ^= 1;
        }
        clock.time(|| fs::write(restored, bytes))?;
        Ok(())
    }

    fn runs(&self) -> Runs {
        Runs::Here
    }
}

fn lmz_fast() -> Spec {
    Spec::Lmz(Variant { level: BenchLevel::Fast, lm: Lm::Off, model: None, threads: 1 })
}

/// A plan over two files, `good.wav` and `bad.wav`, in a folder.
fn plan(coders: Vec<Spec>, chunks: Option<Choice>) -> (TempDir, Plan) {
    let folder = tempfile::tempdir().unwrap();
    let format = WavFormat {
        tag: 1,
        channels: 2,
        sample_rate: 8_000,
        byte_rate: 0,
        valid_bits: 16,
        channel_mask: 0,
        container: lmz::wav::Container::Wav,
        sample: SampleFormat::Integer { width: 2, endian: Endian::Little },
    };
    let samples: Vec<u8> =
        (0..4_000_i32).flat_map(|i| ((i * 37 % 501 - 250) as i16).to_le_bytes()).collect();
    let mut files = Vec::new();
    for name in ["good.wav", "bad.wav"] {
        let path = folder.path().join(name);
        fs::write(&path, audio::with_header(&format, &samples).unwrap()).unwrap();
        files.push(File { path, name: name.to_owned(), class: "test".to_owned() });
    }
    let inputs = vec![folder.path().display().to_string()];
    let plan = Plan { inputs, files, coders, left_out: Vec::new(), chunks, threads: 1 };
    (folder, plan)
}

/// Runs coders in this process; `fault` replaces the one called `named` by a faulty copier, for
/// files that `affected` picks.
fn in_process(plan: &Plan, named: &Spec, fault: Fault) -> (Report, Outcome) {
    let mut outcome = Outcome::default();
    let mut steps = 0;
    let run = |spec: &Spec, direction, jobs: &[Job]| {
        steps += 1;
        let mut coder = spec.build(plan.scope());
        if spec == named && !matches!(fault, Fault::None) {
            coder = Box::new(Copier(fault));
        }
        work(coder.as_mut(), direction, jobs)
    };
    let report = survey(plan, false, run, &mut outcome).unwrap();
    assert!(steps > 0);
    (report, outcome)
}

fn failed(outcome: Outcome) -> bool {
    outcome != Outcome::default()
}

#[test]
fn a_baseline_that_restores_something_else_is_told_and_not_counted() {
    let gzip = Spec::Library(Library::Gzip);
    let (_folder, plan) = plan(vec![lmz_fast(), gzip.clone()], None);
    for fault in [Fault::Decoder, Fault::Encoder] {
        let (report, outcome) = in_process(&plan, &gzip, fault);
        assert!(!failed(outcome), "it is no fault of lmz");
        let rows: Vec<_> = report.rows.iter().filter(|row| row.coder == "gzip -9").collect();
        let message = rows[0].failure.as_deref().unwrap();
        match fault {
            Fault::Decoder => assert!(message.contains("MISMATCH"), "{message}"),
            _ => assert!(message.contains("I do not like it"), "{message}"),
        }
        assert!(rows.iter().all(|row| row.files == 0 && row.coded_bytes.is_none()));
        let text = table::table(&report);
        assert!(text.contains("FAILED: ") && text.contains("2 files failed"), "{text}");
    }
}

#[test]
fn an_lmz_that_fails_fails_the_run() {
    let (_folder, plan) = plan(vec![Spec::Library(Library::Gzip), lmz_fast()], None);
    let (_, outcome) = in_process(&plan, &lmz_fast(), Fault::None);
    assert!(!failed(outcome));
    let (report, outcome) = in_process(&plan, &lmz_fast(), Fault::Encoder);
    assert!(failed(outcome));
    assert_eq!(report.rows.iter().filter(|row| row.failure.is_some()).count(), 2);
}

/// The copier's output is no lmz file, so a mismatch has to come from a decoder that is wrong.
#[test]
fn an_lmz_mismatch_fails_the_run_and_names_the_file() {
    let (_folder, plan) = plan(vec![lmz_fast()], None);
    let mut outcome = Outcome::default();
    let run = |spec: &Spec, direction, jobs: &[Job]| {
        let effort = work(spec.build(plan.scope()).as_mut(), direction, jobs)?;
        if direction == Direction::Decode {
            for job in jobs {
                let mut bytes = fs::read(&job.output)?;
                bytes[100] ^= 1;
                fs::write(&job.output, bytes)?;
            }
        }
        Ok(effort)
    };
    let report = survey(&plan, false, run, &mut outcome).unwrap();
    assert!(failed(outcome));
    for row in report.rows.iter().filter(|row| row.scope == report::Scope::File) {
        assert!(row.failure.as_deref().unwrap().contains("MISMATCH"));
        assert!(row.name.ends_with(".wav") && row.coded_bytes.is_none());
    }
}

#[test]
fn every_library_restores_files_and_chunks() {
    let coders: Vec<Spec> = Library::ALL.into_iter().map(Spec::Library).collect();
    for chunks in [None, Some(Choice { count: 3, bytes: 1_001, seed: 5 })] {
        let (_folder, plan) = plan(coders.clone(), chunks);
        let (report, outcome) = in_process(&plan, &lmz_fast(), Fault::None);
        assert!(!failed(outcome));
        for row in &report.rows {
            assert_eq!((row.failed, &row.failure), (0, &None), "{}", row.coder);
            if row.scope == report::Scope::File {
                assert_eq!(row.check, Some(Check::Bytes));
                // 1,001 bytes are 250 frames.
                let bytes = if chunks.is_some() { 3_000 } else { 8_044 };
                assert_eq!(row.original_bytes, Some(bytes));
            }
        }
        assert_eq!(report.places.len(), if chunks.is_some() { 2 } else { 0 });
    }
}

#[test]
fn scopes_are_what_coders_are_told() {
    let (_folder, whole) = plan(vec![lmz_fast()], None);
    assert_eq!(whole.scope(), Scope::WholeFiles);
    let (_folder, chunked) = plan(vec![lmz_fast()], Some(Choice { count: 1, bytes: 64, seed: 1 }));
    assert_eq!(chunked.scope(), Scope::Chunks);
}

#[test]
fn a_file_that_is_no_wav_fails_the_run_and_the_others_are_measured() {
    let (folder, plan) = plan(vec![lmz_fast()], None);
    fs::write(folder.path().join("bad.wav"), "nothing").unwrap();
    let (report, outcome) = in_process(&plan, &lmz_fast(), Fault::None);
    assert!(failed(outcome));
    assert_eq!(report.unreadable[0].name, "bad.wav");
    assert_eq!(report.rows.iter().filter(|row| row.scope == report::Scope::File).count(), 1);
}
