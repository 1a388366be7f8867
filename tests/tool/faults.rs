//! Faults of the machine: full disks, signals, permissions. Each is produced for real; a test
//! that cannot produce its fault here says so and produces the nearest one that it can.

#![allow(clippy::print_stderr, reason = "a test says which fault it could produce")]

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::support::files::names;
use crate::support::wav;
use tempfile::TempDir;

/// The user of nothing, as whom root runs what root would be allowed to do.
const NOBODY: u32 = 65_534;

/// A folder open to all, with `song.wav`, noise of 200 kB, and a copy of the program.
struct Bench(TempDir);

impl Bench {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
        let bench = Bench(folder);
        fs::write(bench.at("song.wav"), song()).unwrap();
        // By a child: were the copy open for writing here, another test's child could inherit that
        // for a moment, and the program could not be run.
        let program = assert_cmd::cargo::cargo_bin("lmz");
        assert!(Command::new("cp").arg(program).arg(bench.at("lmz")).status().unwrap().success());
        fs::create_dir(bench.at("work")).unwrap();
        fs::set_permissions(bench.at("work"), fs::Permissions::from_mode(0o777)).unwrap();
        bench
    }

    fn at(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn lmz(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(self.at("lmz"));
        command.current_dir(self.0.path()).args(arguments).stdin(Stdio::null());
        command
    }

    /// Names in the folder `work`.
    fn work(&self) -> Vec<String> {
        names(&self.at("work"))
    }
}

fn song() -> Vec<u8> {
    wav::pcm16(2, 44_100, &wav::noise(100_000))
}

fn is_root() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    status.lines().any(|line| line.starts_with("Uid:\t0\t"))
}

/// Has a command run as somebody to whom permissions apply.
fn without_privileges(command: &mut Command) {
    if is_root() {
        command.uid(NOBODY).gid(NOBODY);
    }
}

/// The run failed as a failure of one file, and the message says why.
fn failed(output: &Output, reasons: &[&str]) {
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{:?}: {stderr}", output.status);
    assert!(reasons.iter().any(|reason| stderr.contains(reason)), "{stderr}");
}

/// A file system of 64 kB, unmounted at the end.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn new(at: PathBuf) -> Option<Self> {
        fs::create_dir(&at).unwrap();
        let options = ["-t", "tmpfs", "-o", "size=64k", "lmz-test"];
        let mounted = Command::new("mount").args(options).arg(&at).output();
        mounted.is_ok_and(|done| done.status.success()).then_some(SmallDisk(at))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

#[test]
fn a_full_disk() {
    let bench = Bench::new();
    let Some(disk) = SmallDisk::new(bench.at("disk")) else {
        eprintln!("NOT CHECKED: a full disk, for want of the right to mount a tmpfs.");
        eprintln!("Checked in its place: a limit of the file size.");
        return too_large_a_file(&bench, true);
    };
    let done = bench.lmz(&["compress", "--fast", "song.wav", "-o", "disk/song.lmz"]).output();
    failed(&done.unwrap(), &["cannot write to disk/song.lmz: No space left"]);
    assert!(names(&disk.0).is_empty(), "{:?}", names(&disk.0));
    bench.lmz(&["compress", "--fast", "song.wav"]).output().unwrap();
    for arguments in [
        &["decompress", "song.lmz", "-o", "disk/song.wav"][..],
        &["decompress", "--salvage", "song.lmz", "-o", "disk/song.wav"],
        &["decompress", "--from", "0", "song.lmz", "-o", "disk/song.wav"],
    ] {
        let reason = "cannot write to disk/song.wav: No space left";
        failed(&bench.lmz(arguments).output().unwrap(), &[reason]);
        assert!(names(&disk.0).is_empty(), "{arguments:?}: {:?}", names(&disk.0));
    }
    // Nothing is deleted when the result could not be written.
    let arguments =
        ["compress", "--fast", "--verify", "--delete-source", "song.wav", "-o", "disk/song.lmz"];
    failed(&bench.lmz(&arguments).output().unwrap(), &["No space left"]);
    assert!(fs::read(bench.at("song.wav")).unwrap() == song());
}

/// Writes beyond `ulimit -f`; `ignored` if the signal that this sends is to be ignored. Without a
/// language model: the embedded one passes through a temporary file, which is beyond the limit too.
fn too_large_a_file(bench: &Bench, ignored: bool) {
    let trap = if ignored { "trap '' XFSZ;" } else { "" };
    bench.lmz(&["compress", "--fast", "-f", "song.wav"]).output().unwrap();
    for (run, output) in
        [("compress --fast --lm off song.wav", "work/x.lmz"), ("decompress song.lmz", "work/x.wav")]
    {
        let line = format!("{trap} ulimit -f 40; exec ./lmz {run} -o {output}");
        let mut command = Command::new("bash");
        let done = command.arg("-c").arg(line).current_dir(bench.0.path()).output().unwrap();
        failed(&done, &[&format!("cannot write to {output}: File too large")]);
        assert!(bench.work().is_empty(), "{:?}", bench.work());
    }
}

#[test]
fn a_limit_of_the_file_size() {
    let bench = Bench::new();
    too_large_a_file(&bench, true);
    too_large_a_file(&bench, false);
}

#[test]
fn a_full_device_behind_the_pipe() {
    let bench = Bench::new();
    let full = || File::options().write(true).open("/dev/full").unwrap();
    let done = bench.lmz(&["compress", "--fast", "song.wav", "-o", "-"]).stdout(full()).output();
    failed(&done.unwrap(), &["No space left"]);
    bench.lmz(&["compress", "--fast", "song.wav"]).output().unwrap();
    let done = bench.lmz(&["decompress", "song.lmz", "-o", "-"]).stdout(full()).output();
    failed(&done.unwrap(), &["cannot write to standard output: No space left"]);
    let done = bench.lmz(&["info", "song.lmz"]).stdout(full()).output();
    failed(&done.unwrap(), &["No space left"]);
}

/// `/dev/zero` has neither an end nor anything to find.
#[cfg(target_os = "linux")]
#[test]
fn inputs_without_an_end() {
    let bench = Bench::new();
    let run = |line: &str| {
        let line = format!("exec timeout 60 ./lmz {line}");
        let mut shell = Command::new("bash");
        shell.arg("-c").arg(line).current_dir(bench.0.path()).output().unwrap()
    };
    failed(&run("decompress --salvage /dev/zero -o work/x.wav"), &["may never end"]);
    failed(&run("decompress --salvage - -o work/x.wav < /dev/zero"), &["may never end"]);
    failed(&run("decompress --from 0 /dev/zero -o work/x.wav"), &["may never end"]);
    failed(&run("verify /dev/zero"), &["not an lmz file"]);
    failed(&run("compress /dev/zero -o work/x.lmz"), &["not a WAV"]);
    assert!(bench.work().is_empty(), "{:?}", bench.work());
}

/// More threads than there is memory, or than the user may have.
#[cfg(target_os = "linux")]
#[test]
fn more_threads_than_can_be_had() {
    let bench = Bench::new();
    for limit in ["ulimit -v 600000", "ulimit -u 2", "ulimit -u 6"] {
        let line = format!("{limit}; exec ./lmz compress --fast -j 20000 song.wav -o work/x.lmz");
        let mut shell = Command::new("bash");
        shell.arg("-c").arg(line).current_dir(bench.0.path());
        without_privileges(&mut shell);
        let done = shell.output().unwrap();
        if done.status.code() != Some(0) {
            failed(&done, &["cannot start a thread"]);
            assert!(bench.work().is_empty(), "{limit}: {:?}", bench.work());
            continue;
        }
        assert_eq!(bench.work(), ["x.lmz"], "{limit}");
        let back = bench.lmz(&["decompress", "work/x.lmz", "-o", "-"]).output().unwrap();
        assert!(back.stdout == song(), "{limit}");
        fs::remove_file(bench.at("work/x.lmz")).unwrap();
    }
}

/// `>&-`. Rust puts `/dev/null` in its place, where everything can be written to.
#[test]
fn a_closed_standard_output() {
    let bench = Bench::new();
    assert!(bench.lmz(&["compress", "--fast", "song.wav"]).status().unwrap().success());
    for line in [
        "compress --fast song.wav -o -",
        "compress --fast --json song.wav -o work/song.lmz",
        "decompress song.lmz -o -",
        "decompress --salvage song.lmz -o -",
        "decompress --from 0 song.lmz -o -",
        "verify --json song.lmz",
        "info song.lmz",
        "info --json song.lmz",
        "completions bash",
        "man",
        "--help",
        "--version",
    ] {
        let closed = |redirected: &str| {
            let line = format!("exec ./lmz {line} {redirected}");
            let mut shell = Command::new("bash");
            shell.arg("-c").arg(line).current_dir(bench.0.path()).output().unwrap()
        };
        failed(&closed(">&-"), &["standard output is closed"]);
        fs::remove_file(bench.at("work/song.lmz")).ok();
        assert_eq!(closed(">/dev/null").status.code(), Some(0), "{line}");
        // Read and write, as Python opens it for a child.
        fs::remove_file(bench.at("work/song.lmz")).ok();
        assert_eq!(closed("1<>/dev/null").status.code(), Some(0), "{line}");
    }
    // What has its place without it needs none.
    let line = "exec ./lmz decompress song.lmz -o work/back.wav >&-";
    let done = Command::new("bash").arg("-c").arg(line).current_dir(bench.0.path()).status();
    assert!(done.unwrap().success());
    assert!(fs::read(bench.at("work/back.wav")).unwrap() == song());
}

#[test]
fn a_device_is_not_replaced_by_a_file() {
    let bench = Bench::new();
    let done = bench.lmz(&["compress", "--fast", "-f", "song.wav", "-o", "/dev/null"]).output();
    failed(&done.unwrap(), &["not a regular file"]);
    std::os::unix::fs::symlink("/dev/null", bench.at("work/null")).unwrap();
    let done = bench.lmz(&["compress", "--fast", "-f", "song.wav", "-o", "work/null"]).output();
    failed(&done.unwrap(), &["not a regular file"]);
    assert!(!fs::metadata("/dev/null").unwrap().is_file());
}

#[test]
fn inputs_that_cannot_be_read() {
    let bench = Bench::new();
    fs::set_permissions(bench.at("song.wav"), fs::Permissions::from_mode(0o000)).unwrap();
    let mut command = bench.lmz(&["compress", "--fast", "song.wav", "-o", "work/song.lmz"]);
    without_privileges(&mut command);
    failed(&command.output().unwrap(), &["Permission denied"]);
    assert!(bench.work().is_empty());
    // A read that fails when the file is open already.
    let mut command = bench.lmz(&["compress", "/proc/self/mem", "-o", "work/mem.lmz"]);
    failed(&command.output().unwrap(), &["Input/output error"]);
    let mut command = bench.lmz(&["decompress", "/proc/self/mem", "-o", "work/mem.wav"]);
    failed(&command.output().unwrap(), &["Input/output error"]);
    let mut command = bench.lmz(&["verify", "/proc/self/mem"]);
    failed(&command.output().unwrap(), &["Input/output error"]);
    assert!(bench.work().is_empty());
}

/// The song belongs to another user, who lets everybody read it.
#[test]
fn what_an_output_cannot_keep_is_said_with_v() {
    if !is_root() {
        eprintln!("NOT CHECKED: only root can make a file that belongs to somebody else");
        return;
    }
    for (flag, said) in [("-v", true), ("-k", false)] {
        let bench = Bench::new();
        let line = ["compress", flag, "--fast", "song.wav", "-o", "work/song.lmz"];
        let mut command = bench.lmz(&line);
        without_privileges(&mut command);
        let done = command.output().unwrap();
        let stderr = String::from_utf8_lossy(&done.stderr);
        assert_eq!(done.status.code(), Some(0), "{stderr}");
        let lost = "work/song.lmz: owner and group not preserved";
        assert_eq!(stderr.contains(lost), said, "{stderr}");
    }
}

#[test]
fn a_folder_that_cannot_be_written_to() {
    let bench = Bench::new();
    fs::set_permissions(bench.at("work"), fs::Permissions::from_mode(0o555)).unwrap();
    let mut command = bench.lmz(&["compress", "--fast", "song.wav", "-o", "work/song.lmz"]);
    without_privileges(&mut command);
    failed(&command.output().unwrap(), &["cannot write to the folder work"]);
    assert!(bench.work().is_empty());
    // The input can be compressed, and cannot be deleted.
    fs::copy(bench.at("song.wav"), bench.at("work/song.wav")).unwrap();
    let line = ["compress", "--fast", "--verify", "--delete-source", "work/song.wav", "-o", "x"];
    let mut command = bench.lmz(&line);
    without_privileges(&mut command);
    failed(&command.output().unwrap(), &["cannot be deleted"]);
    assert_eq!(bench.work(), ["song.wav"]);
    assert!(bench.at("x").exists());
    fs::set_permissions(bench.at("work"), fs::Permissions::from_mode(0o777)).unwrap();
}

#[test]
fn outputs_that_are_their_inputs() {
    let bench = Bench::new();
    fs::hard_link(bench.at("song.wav"), bench.at("hard")).unwrap();
    std::os::unix::fs::symlink("song.wav", bench.at("soft")).unwrap();
    std::os::unix::fs::symlink("soft", bench.at("softer")).unwrap();
    for output in ["song.wav", "./song.wav", "work/../song.wav", "hard", "soft", "softer"] {
        let done = bench.lmz(&["compress", "--fast", "-f", "song.wav", "-o", output]).output();
        let done = done.unwrap();
        assert_eq!(done.status.code(), Some(2), "{output}");
        assert!(fs::read(bench.at("song.wav")).unwrap() == song(), "{output}");
        assert!(fs::read(bench.at("hard")).unwrap() == song(), "{output}");
    }
}

/// What a writer puts into a named pipe can be read once, and opening one waits for a writer.
#[test]
fn named_pipes() {
    let bench = Bench::new();
    assert!(bench.lmz(&["compress", "--fast", "song.wav"]).status().unwrap().success());
    assert!(Command::new("mkfifo").arg(bench.at("pipe")).status().unwrap().success());
    // Outputs that exist, too: they are compared with the input.
    fs::write(bench.at("out.lmz"), "").unwrap();
    let line = ["compress", "--fast", "-f", "pipe", "-o", "out.lmz"];
    let run = bench.lmz(&line).stderr(Stdio::piped()).spawn().unwrap();
    fs::write(bench.at("pipe"), song()).unwrap();
    let done = run.wait_with_output().unwrap();
    assert_eq!(done.status.code(), Some(0), "{}", String::from_utf8_lossy(&done.stderr));
    assert!(fs::read(bench.at("out.lmz")).unwrap() == fs::read(bench.at("song.lmz")).unwrap());
    // As an output, and as a source to delete, without anybody at the other end.
    for (line, reason) in [
        (&["compress", "-f", "song.wav", "-o", "pipe"][..], "not a regular file"),
        (&["compress", "--verify", "--delete-source", "pipe", "-o", "x"], "not a regular file"),
    ] {
        failed(&bench.lmz(line).output().unwrap(), &[reason]);
    }
}

/// Names reach terminals as text and programs as they are.
#[test]
fn names_with_line_ends_and_escapes() {
    let bench = Bench::new();
    let name = "a\nlmz: \u{1b}[31m.wav";
    fs::rename(bench.at("song.wav"), bench.at(name)).unwrap();
    let done = bench.lmz(&["compress", "--fast", name]).output().unwrap();
    assert_eq!(done.status.code(), Some(0));
    let stderr = String::from_utf8(done.stderr).unwrap();
    assert!(stderr.starts_with("a\\nlmz: \\u{1b}[31m.wav -> "), "{stderr}");
    assert!(stderr.trim_end().chars().all(|c| !c.is_control()), "{stderr}");
    let done = bench.lmz(&["compress", "--fast", "-f", "--json", name]).output().unwrap();
    let report: serde_json::Value = serde_json::from_slice(&done.stdout).unwrap();
    assert_eq!(report["input"], name);
}

#[test]
fn sources_are_deleted_when_verified_and_only_then() {
    let bench = Bench::new();
    let line = ["compress", "--fast", "--delete-source", "song.wav"];
    assert_eq!(bench.lmz(&line).output().unwrap().status.code(), Some(2));
    let line = ["compress", "--fast", "--verify", "--delete-source", "-"];
    assert_eq!(bench.lmz(&line).output().unwrap().status.code(), Some(2));
    assert!(bench.at("song.wav").exists());
    // Not when the output exists.
    fs::write(bench.at("song.lmz"), "precious").unwrap();
    let line = ["compress", "--fast", "--verify", "--delete-source", "song.wav"];
    failed(&bench.lmz(&line).output().unwrap(), &["exists"]);
    assert!(bench.at("song.wav").exists());
    fs::remove_file(bench.at("song.lmz")).unwrap();
    assert_eq!(bench.lmz(&line).output().unwrap().status.code(), Some(0));
    assert!(!bench.at("song.wav").exists());
    assert_eq!(bench.lmz(&["decompress", "song.lmz"]).output().unwrap().status.code(), Some(0));
    assert!(fs::read(bench.at("song.wav")).unwrap() == song());
}

/// A run that has opened its output `work/out.lmz` and waits for more input.
fn waiting(bench: &Bench) -> Child {
    let line = ["compress", "--fast", "-", "-o", "work/out.lmz"];
    let mut child = bench.lmz(&line).stdin(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    child.stdin.as_mut().unwrap().write_all(&song()[..50_000]).unwrap();
    let patience = Instant::now() + Duration::from_secs(60);
    while bench.work().is_empty() && Instant::now() < patience {
        sleep(Duration::from_millis(10));
    }
    child
}

#[test]
fn signals_leave_nothing_behind() {
    for signal in ["INT", "TERM", "HUP"] {
        let bench = Bench::new();
        let mut child = waiting(&bench);
        assert_eq!(bench.work().len(), 1, "no temporary file");
        let kill = Command::new("kill").args(["-s", signal, &child.id().to_string()]).status();
        assert!(kill.unwrap().success());
        assert_eq!(child.wait().unwrap().code(), Some(130), "{signal}");
        assert!(bench.work().is_empty(), "{signal}: {:?}", bench.work());
    }
}

#[test]
fn a_killed_run_leaves_no_output_under_its_name() {
    let bench = Bench::new();
    let mut child = waiting(&bench);
    child.kill().unwrap();
    assert_eq!(child.wait().unwrap().code(), None);
    let left = bench.work();
    assert!(left.len() == 1 && left[0].starts_with(".lmz-") && left[0].ends_with(".part"));
    // The next run on the same output removes it.
    let done = bench.lmz(&["compress", "--fast", "song.wav", "-o", "work/out.lmz"]).output();
    assert_eq!(done.unwrap().status.code(), Some(0));
    assert_eq!(bench.work(), ["out.lmz"]);
}

#[test]
fn an_input_that_ends_early_or_is_cut_off() {
    let bench = Bench::new();
    // The producer dies: what came is what there is, and comes back.
    let mut child = waiting(&bench);
    drop(child.stdin.take());
    assert_eq!(child.wait().unwrap().code(), Some(0));
    let mut back = bench.lmz(&["decompress", "work/out.lmz", "-o", "-"]);
    assert!(back.output().unwrap().stdout == song()[..50_000]);
    // An lmz file cut off in a pipe leaves nothing.
    let lmz = fs::read(bench.at("work/out.lmz")).unwrap();
    let line = ["decompress", "-", "-o", "work/back.wav"];
    let mut child = bench.lmz(&line).stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(&lmz[..lmz.len() - 9]).unwrap();
    failed(&child.wait_with_output().unwrap(), &["the file ends"]);
    assert_eq!(bench.work(), ["out.lmz"]);
}

/// Largest resident set of a running process so far, in kB.
#[cfg(target_os = "linux")]
fn peak(child: &Child) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// Peak memory of compressing `segments` segments of 2^17 samples from a pipe into a pipe.
#[cfg(target_os = "linux")]
fn peak_of(bench: &Bench, segments: usize) -> u64 {
    let line = ["compress", "--fast", "-j", "2", "-", "-o", "-"];
    let mut child = bench.lmz(&line).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut output = child.stdout.take().unwrap();
    let reader = std::thread::spawn(move || std::io::copy(&mut output, &mut std::io::sink()));
    let mut input = child.stdin.take().unwrap();
    // Sizes unknown, as from a recorder.
    let mut header = wav::build(1, 1, 20, 16, &[]);
    header[4..8].fill(0xff);
    header[40..44].fill(0xff);
    input.write_all(&header).unwrap();
    let segment: Vec<u8> = wav::sine(1, 1 << 17).iter().flat_map(|s| s.to_le_bytes()).collect();
    for _ in 0..segments {
        input.write_all(&segment).unwrap();
    }
    let peak = peak(&child);
    drop(input);
    assert!(child.wait().unwrap().success());
    assert!(reader.join().unwrap().unwrap() > 1_000);
    peak
}

#[cfg(target_os = "linux")]
#[test]
fn memory_does_not_grow_with_the_length_of_a_pipe() {
    let bench = Bench::new();
    let (short, long) = (peak_of(&bench, 10), peak_of(&bench, 30));
    // Three times the length; what is held is two threads' share of it.
    assert!(long < short + short / 4 && long < 100_000, "{short} kB and {long} kB");
}

/// A player at the end of a slow connection gets what has arrived.
#[test]
fn output_does_not_wait_for_more_input_than_the_next_segment() {
    let bench = Bench::new();
    let original = wav::build(1, 1, 20, 8, &wav::bytes(3 << 17));
    fs::write(bench.at("long.wav"), &original).unwrap();
    assert!(bench.lmz(&["compress", "--fast", "long.wav"]).status().unwrap().success());
    let lmz = fs::read(bench.at("long.lmz")).unwrap();
    let line = ["decompress", "-j", "4", "-", "-o", "-"];
    let mut child = bench.lmz(&line).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let (mut input, mut output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    let mut restored = vec![0; original.len()];
    // Noise of 8 bits takes its own size: these places are in the second and in the third segment. The first is
    // decoded long before the second one is complete. It reads for ever if nothing comes.
    let (second, third, received) = ((1 << 17) + 2_000, (2 << 17) + 2_000, 44 + (1 << 17));
    input.write_all(&lmz[..second]).unwrap();
    std::thread::sleep(Duration::from_secs(2));
    input.write_all(&lmz[second..third]).unwrap();
    output.read_exact(&mut restored[..received]).unwrap();
    input.write_all(&lmz[third..]).unwrap();
    drop(input);
    output.read_exact(&mut restored[received..]).unwrap();
    assert!(restored == original && child.wait().unwrap().success());
}

#[test]
fn salvage_and_parts_on_the_command_line() {
    let bench = Bench::new();
    let data = wav::bytes(3 << 17);
    let original = wav::build(1, 1, 20, 8, &data);
    fs::write(bench.at("long.wav"), &original).unwrap();
    assert!(bench.lmz(&["compress", "--fast", "long.wav"]).status().unwrap().success());
    let lmz = fs::read(bench.at("long.lmz")).unwrap();
    let mut damaged = lmz.clone();
    damaged[200_000] ^= 1;
    fs::write(bench.at("damaged.lmz"), &damaged).unwrap();

    let done = bench.lmz(&["verify", "damaged.lmz"]).output().unwrap();
    let expected = "samples from 1:49:13.600 to 3:38:27.200, frames 131072 to 262144";
    failed(&done, &[expected]);
    failed(&bench.lmz(&["decompress", "damaged.lmz"]).output().unwrap(), &["--salvage"]);
    assert!(!bench.at("damaged.wav").exists());

    let done = bench.lmz(&["decompress", "--salvage", "damaged.lmz", "--json"]).output().unwrap();
    assert_eq!(done.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&done.stderr).contains(expected));
    let report: serde_json::Value = serde_json::from_slice(&done.stdout).unwrap();
    assert_eq!(report["complete"], false);
    assert_eq!(report["damage"][0]["first_frame"], 1 << 17);
    let mut silent = original.clone();
    silent[44 + (1 << 17)..44 + (2 << 17)].fill(0x80);
    assert!(fs::read(bench.at("damaged.wav")).unwrap() == silent);

    // The same through pipes, and a sound file is no damage.
    let salvage = |lmz: &[u8], more: &[&str]| {
        let line = [&["decompress", "-", "-o", "-"], more].concat();
        let mut command = bench.lmz(&line);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(lmz).unwrap();
        let mut out = Vec::new();
        child.stdout.take().unwrap().read_to_end(&mut out).unwrap();
        (child.wait().unwrap().code(), out)
    };
    assert!(salvage(&damaged, &["--salvage"]) == (Some(3), silent));
    assert!(salvage(&lmz, &["--salvage"]) == (Some(0), original.clone()));
    let (code, dropped) = salvage(&damaged, &["--salvage", "--gap", "drop"]);
    assert_eq!((code, dropped.len()), (Some(3), 44 + (2 << 17)));

    // Parts: 20 frames are a second.
    let (code, part) = salvage(&lmz, &["--from", "1:40.45", "--to", "2016f"]);
    assert_eq!(code, Some(0));
    assert!(part == wav::build(1, 1, 20, 8, &data[2_009..2_016]), "{part:?}");
    for line in [
        &["decompress", "long.lmz", "-o", "x.wav", "--from", "99:00:00"][..],
        &["decompress", "long.lmz", "-o", "x.wav", "--from", "2", "--to", "1"],
    ] {
        failed(&bench.lmz(line).output().unwrap(), &["out of range"]);
    }
    for more in [&["--from", "soon"][..], &["--from", "1", "--salvage"], &["--gap", "drop"]] {
        let line = [&["decompress", "long.lmz", "-o", "x.wav"], more].concat();
        assert_eq!(bench.lmz(&line).output().unwrap().status.code(), Some(2), "{more:?}");
    }
    let line = ["decompress", "long.lmz", "-o", "x.wav", "--max-output", "1000"];
    failed(&bench.lmz(&line).output().unwrap(), &["at most 1000 allowed"]);
    assert!(!bench.at("x.wav").exists());
}
