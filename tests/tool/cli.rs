//! The program: names, refusals, pipes, exit codes, and that nothing is left behind.

use std::fs;

use crate::support;
use crate::support::files::names;
use crate::support::wav;
use assert_cmd::Command;
use tempfile::TempDir;

/// A folder with `song.wav` in it, and the bytes of that file.
fn folder() -> (TempDir, Vec<u8>) {
    let folder = TempDir::new().unwrap();
    let song = wav::pcm16(2, 44_100, &wav::sine(2, 2_000));
    fs::write(folder.path().join("song.wav"), &song).unwrap();
    (folder, song)
}

/// The program, at work in `folder`.
fn lmz(folder: &TempDir, arguments: &[&str]) -> Command {
    let mut command = Command::cargo_bin("lmz").unwrap();
    command.current_dir(folder.path()).args(arguments);
    command
}

fn read(folder: &TempDir, name: &str) -> Vec<u8> {
    fs::read(folder.path().join(name)).unwrap()
}

#[test]
fn there_and_back() {
    let (folder, song) = folder();
    lmz(&folder, &["compress", "song.wav", "--fast", "--verify"]).assert().code(0);
    assert_eq!(names(folder.path()), ["song.lmz", "song.wav"]);
    assert_eq!(read(&folder, "song.wav"), song);
    lmz(&folder, &["verify", "song.lmz"]).assert().code(0);
    lmz(&folder, &["decompress", "song.lmz", "-o", "back.wav"]).assert().code(0);
    assert_eq!(read(&folder, "back.wav"), song);
}

#[test]
fn segments_are_as_long_as_asked() {
    let (folder, _) = folder();
    let long = wav::pcm16(1, 44_100, &wav::sine(1, 44_100 * 7));
    fs::write(folder.path().join("long.wav"), &long).unwrap();
    for (seconds, segments) in [("3", 3), ("7", 1), ("60", 1)] {
        let line =
            ["compress", "long.wav", "--fast", "-f", "--json", "--verify", "--segment", seconds];
        let done = lmz(&folder, &line).assert().code(0);
        let report: serde_json::Value = serde_json::from_slice(&done.get_output().stdout).unwrap();
        assert_eq!(report["segments"], segments, "{seconds} s");
    }
    for seconds in ["0", "3601", "1.5"] {
        lmz(&folder, &["compress", "long.wav", "--segment", seconds]).assert().code(2);
    }
}

#[test]
fn characters_there_and_back() {
    let (folder, song) = folder();
    for (i, options) in [
        &["--experts", "adaptive", "--lsb", "raw"][..],
        &["--experts", "classical", "--stereo-blocking", "1", "--chunk-size", "100"],
        &["--experts", "adaptive,classical", "--top-k", "5", "--context", "64"],
        &["--lm", "off"],
    ]
    .into_iter()
    .enumerate()
    {
        let out = format!("{i}.lmz");
        let line = ["compress", "song.wav", "--fast", "--verify", "--mapping", "ascii", "-o", &out];
        lmz(&folder, &[&line, options].concat()).assert().code(0);
        assert!(read(&folder, &out).len() < song.len() * 9 / 10, "{options:?}");
        lmz(&folder, &["decompress", &out, "-f", "-o", "back.wav"]).assert().code(0);
        assert_eq!(read(&folder, "back.wav"), song, "{options:?}");
    }
}

#[test]
fn existing_outputs_are_refused_without_force() {
    let (folder, song) = folder();
    fs::write(folder.path().join("song.lmz"), "precious").unwrap();
    let refused = lmz(&folder, &["compress", "song.wav", "--fast"]).assert().code(1);
    assert!(String::from_utf8_lossy(&refused.get_output().stderr).contains("-f"));
    assert_eq!(read(&folder, "song.lmz"), b"precious");
    lmz(&folder, &["compress", "song.wav", "--fast", "-f"]).assert().code(0);
    lmz(&folder, &["decompress", "song.lmz"]).assert().code(1);
    fs::write(folder.path().join("song.wav"), "old").unwrap();
    lmz(&folder, &["decompress", "song.lmz", "-f"]).assert().code(0);
    assert_eq!(read(&folder, "song.wav"), song);
    assert_eq!(names(folder.path()), ["song.lmz", "song.wav"]);
}

#[test]
fn an_output_is_never_its_input() {
    let (folder, song) = folder();
    lmz(&folder, &["compress", "song.wav", "-f", "-o", "song.wav"]).assert().code(2);
    lmz(&folder, &["compress", "song.wav", "-f", "-o", "./song.wav"]).assert().code(2);
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("song.wav", folder.path().join("link")).unwrap();
        lmz(&folder, &["compress", "song.wav", "-f", "-o", "link"]).assert().code(2);
    }
    assert_eq!(read(&folder, "song.wav"), song);
}

#[test]
fn pipes() {
    let (folder, song) = folder();
    let compressed = lmz(&folder, &["compress", "--fast", "-"]).write_stdin(song.clone()).assert();
    let compressed = compressed.code(0).get_output().stdout.clone();
    assert!(compressed.starts_with(b"\x89LMZ\r\n\x1a\n"));
    let restored = lmz(&folder, &["decompress", "-"]).write_stdin(compressed.clone()).assert();
    assert_eq!(restored.code(0).get_output().stdout, song);
    lmz(&folder, &["verify", "-"]).write_stdin(compressed.clone()).assert().code(0);
    lmz(&folder, &["info", "-"]).write_stdin(compressed.clone()).assert().code(0);
    // The same as from a file.
    let from_file = lmz(&folder, &["compress", "song.wav", "--fast", "-o", "-"]).assert();
    assert_eq!(from_file.code(0).get_output().stdout, compressed);
    lmz(&folder, &["decompress", "-", "-o", "out.wav"]).write_stdin(compressed).assert().code(0);
    assert_eq!(read(&folder, "out.wav"), song);
}

#[test]
fn one_bad_file_does_not_stop_the_others() {
    let (folder, song) = folder();
    fs::write(folder.path().join("bad.wav"), "this is no WAV file").unwrap();
    fs::write(folder.path().join("other.wav"), &song).unwrap();
    fs::create_dir(folder.path().join("out")).unwrap();
    let inputs = ["song.wav", "bad.wav", "missing.wav", "other.wav"];
    let line = [&["compress", "--fast", "-o", "out"][..], &inputs].concat();
    let done = lmz(&folder, &line).assert().code(1);
    let stderr = String::from_utf8_lossy(&done.get_output().stderr).into_owned();
    assert!(stderr.contains("bad.wav: not a WAV, AIFF, Wave64 or CAF file"), "{stderr}");
    assert!(stderr.contains("missing.wav"), "{stderr}");
    assert_eq!(names(&folder.path().join("out")), ["other.lmz", "song.lmz"]);

    let out = folder.path().join("out");
    let mut damaged = fs::read(out.join("song.lmz")).unwrap();
    let middle = damaged.len() / 2;
    damaged[middle] ^= 1;
    fs::write(out.join("song.lmz"), damaged).unwrap();
    let line = ["decompress", "out/song.lmz", "out/other.lmz"];
    lmz(&folder, &line).assert().code(1);
    assert_eq!(names(&out), ["other.lmz", "other.wav", "song.lmz"]);
    assert_eq!(fs::read(out.join("other.wav")).unwrap(), song);
    lmz(&folder, &["verify", "out/song.lmz"]).assert().code(1);
}

#[test]
fn wrong_usage() {
    let (folder, _) = folder();
    fs::copy(folder.path().join("song.wav"), folder.path().join("more.wav")).unwrap();
    for line in [
        &[][..],
        &["compress"],
        &["compress", "song.wav", "--no-such-option"],
        &["compress", "song.wav", "--fast", "--best"],
        &["compress", "song.wav", "more.wav", "-o", "one.lmz"],
        &["compress", "song.wav", "-o", "-", "--json"],
        &["compress", "song.wav", "-o", "-", "--verify"],
        &["compress", "-", "-o", "."],
        &["compress", "song.wav", "./song.wav"],
        &["decompress", "song.wav"],
        &["compress", "song.wav", "--chunk-size", "100"],
        &["compress", "song.wav", "--mapping", "ascii", "--chunk-size", "0"],
        &["compress", "song.wav", "--mapping", "ascii", "--experts", "oracle"],
        &["compress", "song.wav", "--mapping", "ascii", "--top-k", "129"],
        &["compress", "song.wav", "--mapping", "ascii", "--experts", "lm", "--lm", "off"],
    ] {
        lmz(&folder, line).assert().code(2);
    }
    assert_eq!(names(folder.path()), ["more.wav", "song.wav"]);
}

#[test]
fn unwritable_places() {
    let (folder, _) = folder();
    lmz(&folder, &["compress", "song.wav", "-o", "missing/song.lmz"]).assert().code(1);
    fs::create_dir(folder.path().join("song.lmz")).unwrap();
    lmz(&folder, &["compress", "song.wav", "-f"]).assert().code(1);
    lmz(&folder, &["compress", "song.lmz", "-o", "x"]).assert().code(1);
    assert_eq!(names(folder.path()), ["song.lmz", "song.wav"]);
}

#[test]
fn info_and_json() {
    let (folder, song) = folder();
    let done = lmz(&folder, &["compress", "song.wav", "--fast", "--json"]).assert().code(0);
    let report: serde_json::Value = serde_json::from_slice(&done.get_output().stdout).unwrap();
    assert_eq!(report["input"], "song.wav");
    assert_eq!(report["output"], "song.lmz");
    assert_eq!(report["original_bytes"], song.len());
    let compressed = read(&folder, "song.lmz").len();
    assert_eq!(report["compressed_bytes"], compressed);

    let told = lmz(&folder, &["info", "song.lmz", "--json"]).assert().code(0);
    let info: serde_json::Value = serde_json::from_slice(&told.get_output().stdout).unwrap();
    assert_eq!(info["audio"]["channels"], 2);
    assert_eq!(info["audio"]["frames"], 2_000);
    assert_eq!(info["blake3"], lmz::ContentHash::of(&song).to_string());
    let ratio = info["ratio"].as_f64().unwrap();
    assert!((ratio - compressed as f64 / song.len() as f64).abs() < 1e-9);

    let told = lmz(&folder, &["info", "song.lmz"]).assert().code(0);
    let line = String::from_utf8_lossy(&told.get_output().stdout).into_owned();
    assert_eq!(line.lines().count(), 1, "{line}");
    assert!(
        line.starts_with("song.lmz: WAV, 16-bit integer, stereo, 44100 Hz, 0:00:00.045"),
        "{line}"
    );
    let told = lmz(&folder, &["info", "-v", "song.lmz"]).assert().code(0);
    let table = String::from_utf8_lossy(&told.get_output().stdout).into_owned();
    for expected in ["16-bit integer, stereo, 44100 Hz", "2000 frames", "LSB blocks"] {
        assert!(table.contains(expected), "{table}");
    }
    lmz(&folder, &["info", "song.wav"]).assert().code(1);
}

#[test]
fn other_containers_there_and_back() {
    use support::containers::{aiff, caf, w64};
    let (folder, _) = folder();
    let samples = support::wav::bytes(4_000);
    let files = [
        ("a.aif", aiff(2, 16, None, &samples), "AIFF"),
        ("b.AIFC", aiff(2, 16, Some(b"sowt"), &samples), "AIFF-C"),
        ("c.caf", caf(2, 16, 2, None, &samples), "CAF"),
        ("d.w64", w64(2, 48_000, 16, &samples), "Wave64"),
    ];
    for (name, bytes, container) in &files {
        fs::write(folder.path().join(name), bytes).unwrap();
        lmz(&folder, &["--fast", name]).assert().success();
        let packed = format!("{name}.lmz");
        let told = lmz(&folder, &["info", &packed]).assert().success();
        let line = String::from_utf8(told.get_output().stdout.clone()).unwrap();
        assert!(line.starts_with(&format!("{packed}: {container}, 16-bit")), "{line}");
        fs::remove_file(folder.path().join(name)).unwrap();
        lmz(&folder, &[&packed]).assert().success();
        assert!(read(&folder, name) == *bytes, "{name}");
    }
    let samples = &samples[..3_999];
    fs::write(folder.path().join("e.raw"), samples).unwrap();
    let said = |arguments: &[&str], code| {
        let done = lmz(&folder, arguments).assert().code(code);
        let output = done.get_output();
        let text = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
        String::from_utf8(text).unwrap()
    };
    assert!(said(&["compress", "--fast", "e.raw"], 1).contains("--raw"));
    let arguments = ["compress", "--fast", "--raw", "s16be,8000,3", "e.raw", "--rm", "--verify"];
    lmz(&folder, &arguments).assert().success();
    lmz(&folder, &["e.raw.lmz"]).assert().success();
    assert!(read(&folder, "e.raw") == samples);
    assert!(said(&["info", "e.raw.lmz"], 0).contains("raw, 16-bit integer"));
    let wrong = ["compress", "--raw", "s16be", "e.raw"];
    assert!(said(&wrong, 2).contains("FORMAT,RATE,CHANNELS"));
}

#[test]
fn a_large_file_without_samples_is_reported() {
    use support::containers::{riff, riff_chunk};
    let (folder, _) = folder();
    let rest = riff_chunk(b"LIST", 70_000, &support::wav::bytes(70_000));
    fs::write(folder.path().join("odd.wav"), riff(&[rest])).unwrap();
    let said = |name: &str| {
        let done = lmz(&folder, &["-q", name]).assert().success();
        String::from_utf8(done.get_output().stderr.clone()).unwrap()
    };
    let text = said("odd.wav");
    assert!(text.contains("odd.wav: no samples found"), "{text}");
    fs::write(folder.path().join("small.wav"), riff(&[])).unwrap();
    assert_eq!(said("small.wav"), "");
}

#[test]
fn quiet_is_quiet_and_a_pipe_gets_no_progress() {
    let (folder, _) = folder();
    let done = lmz(&folder, &["compress", "-q", "--fast", "song.wav"]).assert().code(0);
    assert!(done.get_output().stderr.is_empty() && done.get_output().stdout.is_empty());
    let done = lmz(&folder, &["decompress", "song.lmz", "-o", "x.wav"]).assert().code(0);
    assert_eq!(done.get_output().stderr.iter().filter(|&&byte| byte == b'\n').count(), 1);
    assert!(!done.get_output().stderr.contains(&0x1b));
}

#[test]
fn a_file_of_which_all_audio_is_lost_says_so() {
    let (folder, _) = folder();
    lmz(&folder, &["compress", "--fast", "song.wav"]).assert().code(0);
    let mut packed = read(&folder, "song.lmz");
    let middle = packed.len() / 2;
    packed[middle] ^= 1;
    fs::write(folder.path().join("song.lmz"), packed).unwrap();
    for (line, code, said) in [
        (
            &["decompress", "--salvage", "song.lmz", "-o", "back.wav"][..],
            3,
            "everything else was restored",
        ),
        (&["verify", "song.lmz"], 1, "--salvage restores everything else"),
    ] {
        let done = lmz(&folder, line).assert().code(code);
        let stderr = String::from_utf8_lossy(&done.get_output().stderr).into_owned();
        assert!(stderr.contains("all audio is lost; ") && stderr.contains(said), "{stderr}");
    }
}

#[test]
fn help_and_version() {
    let (folder, _) = folder();
    let version = lmz(&folder, &["-V"]).assert().code(0);
    let version = String::from_utf8_lossy(&version.get_output().stdout).into_owned();
    assert!(version.contains(env!("CARGO_PKG_VERSION")) && version.contains("format"));
    assert!(version.contains("llama.cpp"), "{version}");
    let help = lmz(&folder, &["--help"]).assert().code(0);
    let help = String::from_utf8_lossy(&help.get_output().stdout).into_owned();
    assert!(help.contains("Exit codes") && help.contains("decompress"), "{help}");
    let help = lmz(&folder, &["compress", "--help"]).assert().code(0);
    let help = String::from_utf8_lossy(&help.get_output().stdout).into_owned();
    assert!(help.contains("\nExamples:\n") && help.contains("\nResearch:\n"), "{help}");
    let longest = help.lines().map(|line| line.chars().count()).max();
    assert!(longest <= Some(100), "{longest:?}: {help}");
}

#[cfg(unix)]
mod unix {
    use super::*;
    use std::io::Write as _;
    use std::os::unix::fs::PermissionsExt;
    use std::path::Path;
    use std::process::{Command as Process, Stdio};
    use std::thread::sleep;
    use std::time::{Duration, Instant};

    /// A running `lmz` that has read all there is in its input so far, and waits for more.
    fn waiting(folder: &TempDir) -> std::process::Child {
        let mut child = Process::new(assert_cmd::cargo::cargo_bin("lmz"))
            .current_dir(folder.path())
            .args(["compress", "--fast", "-", "-o", "out.lmz"])
            .stdin(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let start = wav::pcm16(1, 8_000, &wav::sine(1, 1_000));
        child.stdin.as_mut().unwrap().write_all(&start).unwrap();
        let patience = Instant::now() + Duration::from_secs(20);
        while names(folder.path()).len() < 2 && Instant::now() < patience {
            sleep(Duration::from_millis(10));
        }
        child
    }

    #[test]
    fn signals_leave_nothing_behind() {
        for signal in ["INT", "TERM"] {
            let (folder, _) = folder();
            let mut child = waiting(&folder);
            assert_eq!(names(folder.path()).len(), 2, "no temporary file");
            let id = child.id().to_string();
            assert!(Process::new("kill").args(["-s", signal, &id]).status().unwrap().success());
            assert_eq!(child.wait().unwrap().code(), Some(130));
            assert_eq!(names(folder.path()), ["song.wav"]);
        }
    }

    #[test]
    fn outputs_get_ordinary_permissions() {
        let (folder, _) = folder();
        lmz(&folder, &["compress", "--fast", "song.wav"]).assert().code(0);
        let mode = |name: &str| {
            fs::metadata(folder.path().join(name)).unwrap().permissions().mode() & 0o777
        };
        assert_eq!(mode("song.lmz"), mode("song.wav"));
    }

    #[test]
    fn a_closed_pipe_is_no_news() {
        let (folder, _) = folder();
        lmz(&folder, &["compress", "--fast", "song.wav"]).assert().code(0);
        let mut child = Process::new(assert_cmd::cargo::cargo_bin("lmz"))
            .current_dir(folder.path())
            .args(["info", "song.lmz"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let done = child.wait_with_output().unwrap();
        assert!(done.stderr.is_empty(), "{}", String::from_utf8_lossy(&done.stderr));
    }

    /// The lines of the README's shell examples, without comments.
    fn commands_of_the_readme() -> Vec<String> {
        let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
        let text = fs::read_to_string(readme).unwrap();
        let blocks = text.split("```sh\n").skip(1).map(|rest| rest.split("```").next().unwrap());
        let lines = blocks.flat_map(str::lines);
        let commands = lines.map(|line| line.split(" #").next().unwrap().trim().to_owned());
        commands.filter(|command| !command.is_empty()).collect()
    }

    /// A folder with all that these commands name, and stand-ins for other programs in `bin`.
    fn place_for_commands(packed: &[u8]) -> TempDir {
        let folder = TempDir::new().unwrap();
        let at = |name: &str| folder.path().join(name);
        for name in ["recordings", "archive", "DIR", "bin"] {
            fs::create_dir(at(name)).unwrap();
        }
        let song = long_song();
        for name in ["song.wav", "recordings/a.wav", "DIR/a.wav"] {
            fs::write(at(name), &song).unwrap();
        }
        fs::write(at("take.raw"), &song[44..]).unwrap();
        fs::write(at("archive/old.lmz"), packed).unwrap();
        for (name, script) in
            [("record", "cat song.wav"), ("ssh", "shift; sh -c \"$*\""), ("ffplay", "cat > played")]
        {
            let program = at("bin").join(name);
            fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
            fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        }
        let program = assert_cmd::cargo::cargo_bin("lmz");
        std::os::unix::fs::symlink(program, at("bin/lmz")).unwrap();
        folder
    }

    /// 100 seconds at a rate that makes them few samples.
    fn long_song() -> Vec<u8> {
        wav::pcm16(1, 2, &wav::sine(1, 200))
    }

    /// `.ci/run` runs what builds and installs; all others are run here, each in a folder of its own.
    #[test]
    fn every_command_of_the_readme_runs() {
        let ci = Path::new(env!("CARGO_MANIFEST_DIR")).join(".ci/run");
        let ci = fs::read_to_string(ci).unwrap();
        let (folder, _) = folder();
        fs::write(folder.path().join("long.wav"), long_song()).unwrap();
        lmz(&folder, &["-1", "long.wav"]).assert().code(0);
        let packed = read(&folder, "long.lmz");
        let commands = commands_of_the_readme();
        assert!(commands.len() > 15, "{commands:?}");
        for command in commands {
            if command.starts_with("make ") || command.starts_with("cargo ") {
                let step =
                    |line: &str| line.split_once(&command).is_some_and(|(_, end)| end.is_empty());
                assert!(ci.lines().any(step), "not in .ci/run: {command}");
                continue;
            }
            if command.starts_with("lmz bench") && !cfg!(feature = "bench") {
                continue;
            }
            let folder = place_for_commands(&packed);
            if command.contains(" song.lmz") || command.contains("*.lmz") {
                fs::write(folder.path().join("song.lmz"), &packed).unwrap();
            }
            if command.contains("damaged.lmz") {
                let mut damaged = packed.clone();
                damaged[packed.len() / 2] ^= 1;
                fs::write(folder.path().join("damaged.lmz"), damaged).unwrap();
            }
            let programs = std::env::join_paths(
                std::iter::once(folder.path().join("bin"))
                    .chain(std::env::split_paths(&std::env::var_os("PATH").unwrap())),
            );
            let mut shell = Process::new("sh");
            shell.args(["-c", &command]).env("PATH", programs.unwrap());
            let done = shell.current_dir(folder.path()).stdin(Stdio::null()).output().unwrap();
            let code = if command.contains("--salvage") { 3 } else { 0 };
            let stderr = String::from_utf8_lossy(&done.stderr);
            assert_eq!(done.status.code(), Some(code), "{command}: {stderr}");
            if command.contains("ffplay") {
                assert!(read(&folder, "played") == long_song(), "{command}");
            }
            if command.contains("ssh") {
                assert!(read(&folder, "take.lmz").starts_with(b"\x89LMZ"), "{command}");
            }
        }
    }
}
