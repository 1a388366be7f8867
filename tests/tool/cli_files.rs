//! The program on folders and many files, and what it shares with gzip and zstd.

use std::fs::{self, File, FileTimes};
use std::path::Path;
use std::time::{Duration, SystemTime};

use crate::support::files::names;
use crate::support::wav;
use assert_cmd::Command;
use tempfile::TempDir;

fn lmz(folder: &TempDir, arguments: &[&str]) -> Command {
    let mut command = Command::cargo_bin("lmz").unwrap();
    command.current_dir(folder.path()).args(arguments);
    command
}

/// Writes files, whose folders are made: a short recording each, all different.
fn album(files: &[&str]) -> TempDir {
    let folder = TempDir::new().unwrap();
    for (number, file) in files.iter().enumerate() {
        let path = folder.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, wav::pcm16(1, 8_000, &wav::sine(1, 400 + number))).unwrap();
    }
    folder
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn a_tree_goes_to_another_and_back() {
    let files = ["album/1.wav", "album/cd 2/1.WAV", "album/cd 2/deep/3.wav"];
    let folder = album(&files);
    fs::write(folder.path().join("album/cover.jpg"), "no audio").unwrap();
    let done = lmz(&folder, &["c", "-r", "--fast", "album", "-o", "out"]).assert().code(0);
    let stderr = text(&done.get_output().stderr);
    let order: Vec<&str> = stderr.lines().map(|line| line.split(" -> ").next().unwrap()).collect();
    assert_eq!(order[..3], ["album/1.wav", "album/cd 2/1.WAV", "album/cd 2/deep/3.wav"]);
    assert!(order[3].starts_with("3 files: "), "{stderr}");
    assert_eq!(names(&folder.path().join("out/album")), ["1.lmz", "cd 2"]);
    assert_eq!(names(&folder.path().join("out/album/cd 2")), ["1.WAV.lmz", "deep"]);
    lmz(&folder, &["test", "-r", "out"]).assert().code(0);
    lmz(&folder, &["x", "-r", "out/album", "-o", "back"]).assert().code(0);
    for file in files {
        let restored = fs::read(folder.path().join("back/out").join(file)).unwrap();
        assert!(restored == fs::read(folder.path().join(file)).unwrap(), "{file}");
    }
}

#[test]
fn folders_without_r_are_taken_without_the_folders_in_them() {
    let folder = album(&["album/1.wav", "album/cd 2/1.wav"]);
    let done = lmz(&folder, &["compress", "-v", "--fast", "album"]).assert().code(0);
    assert!(text(&done.get_output().stderr).contains("-r takes it in"));
    assert_eq!(names(&folder.path().join("album")), ["1.lmz", "1.wav", "cd 2"]);
    assert_eq!(names(&folder.path().join("album/cd 2")), ["1.wav"]);
    fs::create_dir(folder.path().join("empty")).unwrap();
    let done = lmz(&folder, &["compress", "empty"]).assert().code(1);
    assert!(
        text(&done.get_output().stderr).contains("no WAV, AIFF, Wave64 or CAF file in this folder")
    );
}

#[test]
fn patterns_and_existing_outputs() {
    let folder = album(&["a/take1.wav", "a/take2.wav", "a/raw/x.wav", "a/raw/x.pcm"]);
    let line = ["compress", "-r", "--fast", "a", "-o", "out", "--exclude", "take2*"];
    lmz(&folder, &line).assert().code(0);
    assert_eq!(names(&folder.path().join("out/a")), ["raw", "take1.lmz"]);
    // What is there is passed over, and the rest is done.
    let before = fs::metadata(folder.path().join("out/a/take1.lmz")).unwrap().modified().unwrap();
    let line = ["compress", "-r", "--fast", "a", "-o", "out"];
    lmz(&folder, &line).assert().code(1);
    let done = lmz(&folder, &[&line[..], &["--skip-existing"]].concat()).assert().code(0);
    assert!(text(&done.get_output().stderr).contains("3 skipped"));
    assert_eq!(names(&folder.path().join("out/a")), ["raw", "take1.lmz", "take2.lmz"]);
    let after = fs::metadata(folder.path().join("out/a/take1.lmz")).unwrap().modified().unwrap();
    assert_eq!(before, after);
    lmz(&folder, &["compress", "-r", "a", "--include", "["]).assert().code(2);
    let line = ["compress", "-r", "--fast", "a", "-o", "other", "--include", "*.pcm"];
    lmz(&folder, &line).assert().code(0);
    assert_eq!(names(&folder.path().join("other/a/raw")), ["x.pcm.lmz"]);
}

#[test]
fn equal_names_keep_their_folders() {
    let folder = album(&["a/x.wav", "b/x.wav"]);
    lmz(&folder, &["compress", "--fast", "a/x.wav", "b/x.wav", "-o", "out/"]).assert().code(0);
    assert_eq!(names(&folder.path().join("out")), ["a", "b"]);
}

/// Many files of all kinds: everything that can be done is done, and the rest is named in order.
#[test]
fn a_large_tree_with_bad_files() {
    let many: Vec<String> = (0..300).map(|n| format!("all/{}/{n:03}.wav", n % 7)).collect();
    let folder = album(&many.iter().map(String::as_str).collect::<Vec<_>>());
    for bad in ["all/0/bad.wav", "all/3/worse.wav"] {
        fs::write(folder.path().join(bad), "fLaC, really").unwrap();
    }
    let line = ["compress", "-r", "-0", "--json", "all", "-o", "out"];
    let done = lmz(&folder, &line).assert().code(1);
    let reports: Vec<serde_json::Value> = text(&done.get_output().stdout)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let inputs: Vec<&str> = reports.iter().map(|r| r["input"].as_str().unwrap()).collect();
    assert!(inputs.is_sorted(), "not in order");
    assert_eq!(inputs.len(), 302);
    let failed: Vec<_> = reports.iter().filter(|report| report["error"].is_string()).collect();
    assert_eq!(failed.len(), 2);
    assert!(
        failed[0]["error"].as_str().unwrap().contains("not a WAV, AIFF, Wave64 or CAF file"),
        "{:?}",
        failed[0]
    );
    lmz(&folder, &["verify", "-q", "-r", "out"]).assert().code(0);
    lmz(&folder, &["x", "-q", "-r", "out/all", "-o", "back"]).assert().code(0);
    for file in &many {
        let restored = fs::read(folder.path().join("back/out").join(file)).unwrap();
        assert!(restored == fs::read(folder.path().join(file)).unwrap(), "{file}");
    }
}

#[test]
fn times_go_both_ways() {
    let folder = album(&["a.wav"]);
    let at = |name: &str| folder.path().join(name);
    let time = SystemTime::UNIX_EPOCH + Duration::new(1_000_000_000, 123_456_700);
    let file = File::options().write(true).open(at("a.wav")).unwrap();
    file.set_times(FileTimes::new().set_modified(time)).unwrap();
    let modified = |path: &Path| fs::metadata(path).unwrap().modified().unwrap();
    lmz(&folder, &["compress", "--fast", "a.wav"]).assert().code(0);
    assert_eq!(modified(&at("a.lmz")), time);
    lmz(&folder, &["decompress", "a.lmz", "-o", "b.wav"]).assert().code(0);
    assert_eq!(modified(&at("b.wav")), time);
    lmz(&folder, &["decompress", "a.lmz", "-o", "c.wav", "--no-preserve"]).assert().code(0);
    assert_ne!(modified(&at("c.wav")), time);
}

#[test]
fn without_a_command() {
    let folder = album(&["a.wav", "b.wav"]);
    let at = |name: &str| folder.path().join(name);
    let original = fs::read(at("a.wav")).unwrap();
    // By kind, both in one go.
    lmz(&folder, &["-1", "a.wav"]).assert().code(0);
    fs::rename(at("a.wav"), at("kept")).unwrap();
    lmz(&folder, &["a.lmz", "b.wav"]).assert().code(0);
    assert_eq!(fs::read(at("a.wav")).unwrap(), original);
    assert_eq!(names(folder.path()), ["a.lmz", "a.wav", "b.lmz", "b.wav", "kept"]);
    lmz(&folder, &["-t", "a.lmz"]).assert().code(0);
    lmz(&folder, &["-t", "a.wav"]).assert().code(1);
    let listed = lmz(&folder, &["-l", "a.lmz", "b.lmz"]).assert().code(0);
    assert_eq!(text(&listed.get_output().stdout).lines().count(), 2);
    lmz(&folder, &["-dkf", "a.lmz"]).assert().code(0);
    // Standard output gets the result and nothing else, and nothing is said.
    let done = lmz(&folder, &["-dc", "a.lmz"]).assert().code(0);
    assert!(done.get_output().stdout == original && done.get_output().stderr.is_empty());
    // Pipes, by kind as well.
    let packed = lmz(&folder, &[]).write_stdin(original.clone()).assert().code(0);
    let packed = packed.get_output().stdout.clone();
    assert!(packed.starts_with(b"\x89LMZ"));
    let back = lmz(&folder, &[]).write_stdin(packed.clone()).assert().code(0);
    assert!(back.get_output().stdout == original && back.get_output().stderr.is_empty());
    let back = lmz(&folder, &["-d"]).write_stdin(packed).assert().code(0);
    assert!(back.get_output().stdout == original);
    lmz(&folder, &[]).write_stdin("").assert().code(2);
    lmz(&folder, &["-d", "-t", "a.lmz"]).assert().code(2);
    lmz(&folder, &["-q", "-v", "a.lmz"]).assert().code(2);
}

#[test]
fn parts_past_the_end_and_times_with_units() {
    let folder = album(&["a.wav"]);
    lmz(&folder, &["compress", "--fast", "a.wav"]).assert().code(0);
    let line = ["decompress", "a.lmz", "--to", "1m", "-o", "b.wav"];
    let done = lmz(&folder, &line).assert().code(0);
    assert!(text(&done.get_output().stderr).contains("past the end"));
    assert_eq!(fs::read(folder.path().join("b.wav")).unwrap().len(), 44 + 2 * 400);
    let line = ["decompress", "a.lmz", "--to", "soon", "-o", "c.wav"];
    let wrong = lmz(&folder, &line).assert().code(2);
    assert!(text(&wrong.get_output().stderr).contains("1:02:03.5"));
}

#[test]
fn completions_and_man_pages() {
    let folder = TempDir::new().unwrap();
    for (shell, word) in [("bash", "_lmz"), ("zsh", "#compdef lmz"), ("fish", "complete -c lmz")] {
        let done = lmz(&folder, &["completions", shell]).assert().code(0);
        assert!(text(&done.get_output().stdout).contains(word), "{shell}");
    }
    let page = lmz(&folder, &["man"]).assert().code(0);
    assert!(text(&page.get_output().stdout).contains(".TH lmz 1"));
    lmz(&folder, &["man", "-o", "."]).assert().code(0);
    let pages = names(folder.path());
    assert!(pages.contains(&"lmz.1".to_owned()) && pages.contains(&"lmz-compress.1".to_owned()));
}

#[cfg(unix)]
mod unix {
    use super::*;
    use std::ffi::OsStr;
    use std::io::{Read as _, Write as _};
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::PermissionsExt;
    use std::process::{Command as Process, Stdio};
    use std::time::Instant;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o7777
    }

    #[test]
    fn permissions_go_both_ways_and_are_never_wider() {
        let folder = album(&["a.wav"]);
        let at = |name: &str| folder.path().join(name);
        for bits in [0o600, 0o640, 0o444] {
            fs::set_permissions(at("a.wav"), fs::Permissions::from_mode(bits)).unwrap();
            lmz(&folder, &["compress", "-f", "--fast", "a.wav"]).assert().code(0);
            assert_eq!(mode(&at("a.lmz")), bits);
            lmz(&folder, &["decompress", "-f", "a.lmz", "-o", "b.wav"]).assert().code(0);
            assert_eq!(mode(&at("b.wav")), bits);
        }
        fs::set_permissions(at("a.wav"), fs::Permissions::from_mode(0o600)).unwrap();
        lmz(&folder, &["compress", "-f", "--no-preserve", "a.wav"]).assert().code(0);
        fs::write(at("new"), "").unwrap();
        assert_eq!(mode(&at("a.lmz")), mode(&at("new")));
    }

    #[test]
    fn names_that_are_not_utf8_are_kept_apart() {
        let folder = album(&["a.wav"]);
        let (one, other) = (OsStr::from_bytes(b"\xff.wav"), OsStr::from_bytes(b"\xfe.wav"));
        fs::copy(folder.path().join("a.wav"), folder.path().join(one)).unwrap();
        fs::write(folder.path().join(other), "bad").unwrap();
        let done = lmz(&folder, &["compress", "--fast", "--json", "."]).assert().code(1);
        let lines = text(&done.get_output().stdout);
        assert!(lines.contains("\"input_hex\":\"2e2fff2e776176\""), "{lines}");
        assert!(lines.contains("\"input_hex\":\"2e2ffe2e776176\""), "{lines}");
        assert!(folder.path().join(OsStr::from_bytes(b"\xff.lmz")).exists());
    }

    /// Compresses a named pipe's worth of a file that grows once it has been opened.
    #[test]
    fn a_file_that_changes_while_it_is_read_is_noticed() {
        for (verify, code, said) in
            [(false, 0, "the result is what was read"), (true, 1, "changed")]
        {
            let folder = TempDir::new().unwrap();
            let song = folder.path().join("song.wav");
            fs::write(&song, wav::pcm16(2, 44_100, &wav::noise(2_000_000))).unwrap();
            let mut command = Process::new(assert_cmd::cargo::cargo_bin("lmz"));
            command.args(["compress", "-j", "1", "song.wav"]).args(verify.then_some("--verify"));
            command.current_dir(folder.path()).stderr(Stdio::piped());
            let child = command.spawn().unwrap();
            let patience = Instant::now() + Duration::from_secs(60);
            while names(folder.path()).len() < 2 && Instant::now() < patience {
                std::thread::sleep(Duration::from_millis(5));
            }
            File::options().append(true).open(&song).unwrap().write_all(b"more").unwrap();
            let done = child.wait_with_output().unwrap();
            let stderr = text(&done.stderr);
            assert_eq!(done.status.code(), Some(code), "{stderr}");
            assert!(stderr.contains(said), "{stderr}");
            assert_eq!(folder.path().join("song.lmz").exists(), !verify);
        }
    }

    /// What the program writes to a terminal of `width` columns until `enough`, or its end; it is
    /// interrupted then, and the time that this took is returned.
    fn on_a_terminal(
        folder: &TempDir,
        line: &[&str],
        width: u16,
        enough: impl Fn(&str) -> bool,
    ) -> (String, Duration) {
        let size = nix::pty::Winsize { ws_row: 24, ws_col: width, ws_xpixel: 0, ws_ypixel: 0 };
        let pair = nix::pty::openpty(Some(&size), None).unwrap();
        let mut terminal = File::from(pair.master);
        let mut child = Process::new(assert_cmd::cargo::cargo_bin("lmz"))
            .args(line)
            .current_dir(folder.path())
            .env("TERM", "xterm")
            .env("NO_COLOR", "1")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::from(pair.slave))
            .spawn()
            .unwrap();
        let mut screen = Vec::new();
        let mut buffer = [0; 4096];
        while !enough(&text(&screen)) {
            match terminal.read(&mut buffer) {
                Ok(count) if count > 0 => screen.extend_from_slice(&buffer[..count]),
                _ => break,
            }
        }
        let start = Instant::now();
        Process::new("kill").args(["-s", "INT", &child.id().to_string()]).status().unwrap();
        child.wait().unwrap();
        (text(&screen), start.elapsed())
    }

    #[test]
    fn progress_moves_within_a_segment_and_an_interruption_leaves_nothing() {
        let folder = TempDir::new().unwrap();
        // One segment: without steps within it there would be nothing to see.
        let song = wav::pcm16(2, 44_100, &wav::noise(2 * 800_000));
        fs::write(folder.path().join("song.wav"), song).unwrap();
        let line = ["compress", "--best", "song.wav"];
        let shares = |screen: &str| {
            let mut shares: Vec<String> = screen
                .split(" %")
                .filter_map(|before| before.rsplit(|c: char| !c.is_ascii_digit()).next())
                .map(str::to_owned)
                .collect();
            shares.dedup();
            shares.len()
        };
        let enough = |screen: &str| shares(screen) > 3 && screen.contains("x real time");
        let (screen, ended) = on_a_terminal(&folder, &line, 120, enough);
        assert!(enough(&screen), "{screen}");
        for word in ["MB of 3.2 MB", "left", "of audio", "elapsed"] {
            assert!(screen.contains(word), "{word}: {screen}");
        }
        // Colours are not used.
        assert!(!screen.contains("\u{1b}[3"), "{screen:?}");
        assert_eq!(names(folder.path()), ["song.wav"]);
        // 0.2 s on an idle machine.
        assert!(ended < Duration::from_secs(2), "{ended:?}");
    }

    #[test]
    fn progress_is_one_line_at_any_width() {
        let folder = TempDir::new().unwrap();
        let song = wav::pcm16(2, 44_100, &wav::noise(2 * 800_000));
        fs::write(folder.path().join("song.wav"), song).unwrap();
        let enough = |screen: &str| screen.matches(" %").count() > 3;
        let (screen, _) = on_a_terminal(&folder, &["compress", "song.wav"], 30, enough);
        let cleared = screen.replace("\u{1b}[2K", "\n");
        let lines = cleared.split(['\r', '\n']).map(|line| line.split("\u{1b}[").next().unwrap());
        let longest = lines.map(|line| line.chars().count()).max().unwrap();
        assert!((20..=30).contains(&longest), "{longest}: {screen:?}");
    }
}
