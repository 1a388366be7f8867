//! Each coder runs in a process of its own, so that its peak memory is its own and a crash ends
//! nothing else. The task goes in as a line of JSON, the answer comes back as another.

use std::env;
use std::io::{self, BufRead, Read, Write};
use std::process::{self, Command, Stdio};
use std::thread;

use anyhow::{Context, Result, anyhow};
use serde::{Deserialize, Serialize};

use super::coders::{Scope, Spec};
use super::measure::{Direction, Effort, Job, work};
use crate::args::BENCH_CODER;
use crate::failure::INTERRUPTED;

#[derive(Debug, Serialize, Deserialize)]
struct Task {
    coder: Spec,
    scope: Scope,
    direction: Direction,
    jobs: Vec<Job>,
}

/// Does a task in a new process.
///
/// # Errors
/// What the coder says, or that it died.
pub fn run(spec: &Spec, scope: Scope, direction: Direction, jobs: &[Job]) -> Result<Effort> {
    let task = Task { coder: spec.clone(), scope, direction, jobs: jobs.to_vec() };
    let mut child = Command::new(env::current_exe()?)
        .arg(BENCH_CODER)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot start a process for the coder")?;
    // Kept open for as long as the answer takes: see `serve`.
    let mut input = child.stdin.take().context("no pipe")?;
    let mut line = serde_json::to_vec(&task)?;
    line.push(b'\n');
    // If it has died already, the answer says so.
    let _ = input.write_all(&line);
    let mut answer = String::new();
    child.stdout.take().context("no pipe")?.read_to_string(&mut answer)?;
    drop(input);
    let status = child.wait()?;
    match serde_json::from_str::<Result<Effort, String>>(&answer) {
        Ok(answer) => answer.map_err(|message| anyhow!(message)),
        Err(_) => Err(anyhow!("the coder's process ended without an answer ({status})")),
    }
}

/// The hidden subcommand: does the task on standard input.
///
/// # Errors
/// When there is none, or nobody takes the answer.
pub fn serve() -> Result<()> {
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line)?;
    let task: Task = serde_json::from_str(&line).context("only lmz bench runs this command")?;
    // Standard input ends when the parent does, and there is no reader of the result then.
    thread::spawn(|| {
        let _ = io::stdin().lock().read_to_end(&mut Vec::new());
        process::exit(i32::from(INTERRUPTED));
    });
    let mut coder = task.coder.build(task.scope);
    let answer = work(coder.as_mut(), task.direction, &task.jobs);
    let answer = answer.map_err(|error| format!("{error:#}"));
    writeln!(io::stdout(), "{}", serde_json::to_string(&answer)?)?;
    Ok(())
}
