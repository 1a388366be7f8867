//! Files side by side, within a common budget of threads; what is said of them keeps their order.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{self, Receiver};
use std::thread;

use anyhow::{Result, anyhow};

use crate::args::{CommonArgs, OutputArgs};
use crate::failure::Outcome;
use crate::input::Input;
use crate::names::Job;
use crate::output::Output;
use crate::progress::{Status, Watch};
use crate::report::{self, Message, Total};

/// Input bytes for which a file gets a thread of its own: about the length of a segment.
const BYTES_PER_THREAD: u64 = 2 << 20;

/// One file's share of a run.
pub struct Turn<'a> {
    /// Threads that it may use.
    pub threads: usize,
    /// What to say about it.
    pub messages: Vec<Message>,
    /// What it adds to the sums over all files.
    pub total: Total,
    pub status: &'a Status,
}

impl Turn<'_> {
    /// Observes one of `passes` passes over an input of `length` bytes that last `seconds`.
    pub fn watch(&self, length: Option<u64>, passes: u64) -> Watch<'_> {
        Watch::new(self.status, length, passes)
    }
}

/// Opens the output of a job.
pub fn open_output(job: &Job, args: &OutputArgs, input: &Input, turn: &Turn<'_>) -> Result<Output> {
    let private = !args.no_preserve && input.kept().is_some();
    let mut output = Output::open(job, args.force, private)?;
    output.count = turn.status.written();
    Ok(output)
}

/// Does `work` for every job; a file that fails does not stop the others. `before` is what has
/// failed already, and `alone` names the jobs that need all threads.
pub fn for_each(
    jobs: &[Job],
    before: Outcome,
    common: &CommonArgs,
    alone: impl Fn(&Job) -> bool,
    work: impl Fn(&Job, &mut Turn<'_>) -> Result<()> + Sync,
) -> Outcome {
    let status = Status::new(jobs, !common.quiet);
    let budget = match common.threads {
        0 => thread::available_parallelism().map_or(1, NonZeroUsize::get),
        threads => threads,
    };
    let (sender, results) = mpsc::channel();
    let mut ledger = Ledger::new(jobs, common, &status, results, budget);
    ledger.outcome = before;
    thread::scope(|scope| {
        for (number, job) in jobs.iter().enumerate() {
            let threads = if alone(job) { budget } else { share(job, jobs.len(), budget) };
            while ledger.free < threads {
                ledger.collect();
            }
            ledger.free -= threads;
            let (sender, work, status) = (sender.clone(), &work, &status);
            let task = move || {
                let turn = Turn { threads, messages: Vec::new(), total: Total::default(), status };
                // The receiver lives as long as the scope.
                let _ = sender.send(done(number, turn, |turn| work(job, turn)));
            };
            // A system without a thread left does one file after the other.
            let alone = jobs.len() == 1
                || thread::Builder::new().spawn_scoped(scope, task.clone()).is_err();
            if alone {
                task();
            }
        }
        while ledger.next < jobs.len() {
            ledger.collect();
        }
    });
    status.clear();
    if jobs.len() > 1 && !common.quiet && !common.json {
        let failed = ledger.outcome.failures();
        report::say(&report::totals(&ledger.total, jobs.len(), failed, status.elapsed()));
    }
    ledger.outcome
}

/// Threads for a file among `count`.
fn share(job: &Job, count: usize, budget: usize) -> usize {
    match (count, job.length) {
        (1, _) | (_, None) => budget,
        (_, Some(length)) => {
            let wish = length.div_ceil(BYTES_PER_THREAD).max(1);
            usize::try_from(wish).unwrap_or(usize::MAX).min(budget)
        }
    }
}

/// Does the work of a job; a panic is its failure.
fn done(number: usize, mut turn: Turn<'_>, work: impl FnOnce(&mut Turn<'_>) -> Result<()>) -> Done {
    let result = catch_unwind(AssertUnwindSafe(|| work(&mut turn)))
        .unwrap_or_else(|_| Err(anyhow!("internal error; please report it")));
    let Turn { threads, messages, total, .. } = turn;
    Done { number, threads, messages, total, result }
}

struct Done {
    number: usize,
    threads: usize,
    messages: Vec<Message>,
    total: Total,
    result: Result<()>,
}

/// What has been done, and said.
struct Ledger<'a> {
    jobs: &'a [Job],
    common: &'a CommonArgs,
    status: &'a Status,
    results: Receiver<Done>,
    free: usize,
    /// Results that are ahead of their turn.
    waiting: BTreeMap<usize, Done>,
    /// The job whose result is shown next.
    next: usize,
    total: Total,
    outcome: Outcome,
}

impl<'a> Ledger<'a> {
    fn new(
        jobs: &'a [Job],
        common: &'a CommonArgs,
        status: &'a Status,
        results: Receiver<Done>,
        free: usize,
    ) -> Self {
        Ledger {
            jobs,
            common,
            status,
            results,
            free,
            waiting: BTreeMap::new(),
            next: 0,
            total: Total::default(),
            outcome: Outcome::default(),
        }
    }

    /// Waits for a result, and shows those whose turn it is.
    fn collect(&mut self) {
        let Ok(done) = self.results.recv() else { return };
        self.free += done.threads;
        self.waiting.insert(done.number, done);
        while let Some(done) = self.waiting.remove(&self.next) {
            let job = &self.jobs[self.next];
            self.next += 1;
            self.status.finished(self.next);
            self.status.suspend(|| self.show(job, done));
        }
    }

    fn show(&mut self, job: &Job, done: Done) {
        self.total.add(&done.total);
        let shown = done.messages.iter().try_for_each(|message| message.show(self.common));
        let described = done.messages.iter().any(|message| matches!(message, Message::Print(_)));
        if let (true, Err(error)) = (self.common.json && !described, &done.result) {
            let _ = report::print(&report::failure(&job.input, error));
        }
        let name = job.input.name();
        self.outcome.add(&name, done.result);
        self.outcome.add(&name, shown);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::names::Place;

    fn job(length: Option<u64>) -> Job {
        Job { input: Place::Pipe, output: Place::Pipe, length, make_folders: false }
    }

    #[test]
    fn short_files_take_one_thread_and_long_ones_all() {
        assert_eq!(share(&job(Some(0)), 2, 8), 1);
        assert_eq!(share(&job(Some(BYTES_PER_THREAD + 1)), 2, 8), 2);
        assert_eq!(share(&job(Some(u64::MAX)), 2, 8), 8);
        assert_eq!(share(&job(Some(1)), 1, 8), 8);
        assert_eq!(share(&job(None), 2, 8), 8);
    }

    #[test]
    fn a_panic_fails_one_file() {
        let jobs = vec![job(Some(1)), job(Some(1)), job(Some(1))];
        let common = CommonArgs { threads: 2, quiet: true, ..CommonArgs::default() };
        let count = std::sync::atomic::AtomicUsize::new(0);
        let outcome = for_each(
            &jobs,
            Outcome::default(),
            &common,
            |_| false,
            |_, _| {
                let number = count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                assert_ne!(number, 1);
                Ok(())
            },
        );
        assert_eq!(count.into_inner(), 3);
        assert_eq!(outcome.failures(), 1);
    }
}
