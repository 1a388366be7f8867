//! The program on folders and many files, and what it shares with gzip and zstd.

use std::ffi::OsString;
use std::fs::{self, File, FileTimes};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::support::containers;
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
    assert!(text(&done.get_output().stderr).contains("-r includes it"));
    assert_eq!(names(&folder.path().join("album")), ["1.lmz", "1.wav", "cd 2"]);
    assert_eq!(names(&folder.path().join("album/cd 2")), ["1.wav"]);
    fs::create_dir(folder.path().join("empty")).unwrap();
    let done = lmz(&folder, &["compress", "empty"]).assert().code(1);
    assert!(
        text(&done.get_output().stderr)
            .contains("no WAV, AIFF, Wave64 or CAF files in this folder")
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

/// A short recording of one of eleven kinds, and the ending of its name.
fn recording(number: usize) -> (&'static str, Vec<u8>) {
    let frames = 30 + number % 97;
    let samples = wav::sine(2, frames);
    let little: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
    let big: Vec<u8> = samples.iter().flat_map(|sample| sample.to_be_bytes()).collect();
    let floats: Vec<u8> =
        samples.iter().flat_map(|&s| (f32::from(s) / 40_000.0).to_le_bytes()).collect();
    let whole = |width: usize| &little[..little.len() / (2 * width) * (2 * width)];
    match number % 11 {
        0 => ("wav", wav::pcm16(2, 44_100, &samples)),
        1 => ("wav", wav::build(1, 2, 48_000, 24, whole(3))),
        2 => ("wav", wav::build(1, 1, 8_000, 8, &little)),
        3 => ("WAV", wav::build(3, 2, 44_100, 32, &floats)),
        4 => ("wav", wav::build(7, 1, 8_000, 8, &little)),
        5 => ("wav", wav::with_chunk(&wav::pcm16(1, 22_050, &samples), b"LIST", b"a title")),
        6 => ("aif", containers::aiff(2, 16, None, &big)),
        7 => ("aifc", containers::aiff(2, 16, Some(b"sowt"), &little)),
        8 => ("caf", containers::caf(2, 16, 2, None, &little)),
        9 => ("w64", containers::w64(2, 44_100, 16, &little)),
        _ => ("wav", [&wav::pcm16(1, 8_000, &samples)[..], b"junk at the end"].concat()),
    }
}

/// Writes 300 files with samples below `tree`, some of them with odd names, and returns their paths
/// within `folder`.
fn recordings(folder: &Path) -> Vec<PathBuf> {
    let write = |number: usize| {
        let (ending, bytes) = recording(number);
        // Every name occurs in two folders.
        let mut name = OsString::from(format!("{:03}", number / 2));
        match number % 50 {
            0 => name.push(" with spaces\u{e9}"),
            #[cfg(unix)]
            1 => name
                .push(<std::ffi::OsStr as std::os::unix::ffi::OsStrExt>::from_bytes(b"\xff\xfe")),
            #[cfg(unix)]
            2 => name.push("\n\u{1b}[31m"),
            3 => name = OsString::from("-r"),
            _ => {}
        }
        name.push(format!(".{ending}"));
        let below = Path::new("tree").join(format!("{}/cd {}", number % 2, number / 2 % 7));
        fs::create_dir_all(folder.join(&below)).unwrap();
        let path = below.join(format!("{number}.d")).join(name);
        fs::create_dir_all(folder.join(path.parent().unwrap())).unwrap();
        fs::write(folder.join(&path), bytes).unwrap();
        path
    };
    (0..300).map(write).collect()
}

/// The path of what `compress` makes of `path` under `out`.
fn under_out(path: &Path) -> PathBuf {
    let mut name = match path.extension() {
        Some(ending) if ending == "wav" => path.with_extension("").into_os_string(),
        _ => path.as_os_str().to_owned(),
    };
    name.push(".lmz");
    Path::new("out").join(name)
}

/// A tree of files of all kinds: whatever can be compressed is, and comes back; the rest is named.
#[test]
fn a_tree_of_three_hundred_files_of_all_kinds() {
    let folder = TempDir::new().unwrap();
    let at = |path: &str| folder.path().join(path);
    let mut good = recordings(folder.path());
    // A folder with the name of a recording, and in it one.
    fs::create_dir_all(at("tree/folder.wav")).unwrap();
    fs::write(at("tree/folder.wav/in.wav"), recording(0).1).unwrap();
    good.push("tree/folder.wav/in.wav".into());
    let failing = [
        ("tree/empty.wav", "", "empty file"),
        ("tree/text.wav", "Dear diary", "not a WAV, AIFF, Wave64 or CAF file"),
        ("tree/flac.wav", "fLaC, really", "FLAC"),
        ("tree/taken.wav", "RIFF", "taken.lmz already exists; -f replaces it"),
        ("tree/folder.wav/under.wav", "RIFF", "under.lmz is a folder"),
    ];
    for (path, content, _) in failing {
        fs::write(at(path), content).unwrap();
    }
    fs::write(at("tree/notes.txt"), "no audio").unwrap();
    fs::create_dir_all(at("out/tree/folder.wav/under.lmz")).unwrap();
    fs::write(at("out/tree/taken.lmz"), "precious").unwrap();
    let originals: Vec<Vec<u8>> =
        good.iter().map(|path| fs::read(folder.path().join(path)).unwrap()).collect();

    let line = ["compress", "-r", "-0", "tree", "missing.wav", "-o", "out"];
    let done = lmz(&folder, &line).assert().code(1);
    let stderr = text(&done.get_output().stderr);
    assert!(done.get_output().stdout.is_empty());
    for (path, _, reason) in failing.into_iter().chain([("missing.wav", "", "No such file")]) {
        let line = stderr.lines().find(|line| line.starts_with(&format!("lmz: {path}: ")));
        assert!(line.is_some_and(|line| line.contains(reason)), "{path}: {stderr}");
    }
    let complaints = stderr.lines().filter(|line| line.starts_with("lmz: ")).count();
    assert_eq!(complaints, failing.len() + 1, "{stderr}");
    let last = stderr.lines().last().unwrap();
    assert!(last.starts_with("307 files: ") && last.contains(", 6 failed, in "), "{last}");
    // Results in the order of names, one line each.
    let results: Vec<&str> = stderr.lines().filter(|line| line.contains(" -> out/")).collect();
    assert_eq!(results.len(), good.len(), "{stderr}");
    let folders: Vec<&str> = results.iter().map(|line| &line[..6]).collect();
    assert!(folders.is_sorted(), "{folders:?}");

    assert_eq!(fs::read_to_string(at("out/tree/taken.lmz")).unwrap(), "precious");
    fs::remove_file(at("out/tree/taken.lmz")).unwrap();
    lmz(&folder, &["verify", "-q", "-r", "out"]).assert().code(0);
    lmz(&folder, &["x", "-q", "-r", "out/tree", "-o", "back"]).assert().code(0);
    for (path, original) in good.iter().zip(&originals) {
        assert!(fs::read(folder.path().join(path)).unwrap() == *original, "{path:?} has changed");
        assert!(folder.path().join(under_out(path)).is_file(), "{path:?}");
        let restored = fs::read(folder.path().join("back/out").join(path)).unwrap();
        assert!(restored == *original, "{path:?}");
    }
    // Nothing else came of it, not even half a file.
    assert_eq!(count_files(&at("out")), good.len());
    assert_eq!(count_files(&at("back")), good.len());
}

fn count_files(folder: &Path) -> usize {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.map(|path| if path.is_dir() { count_files(&path) } else { 1 }).sum()
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
    use std::io::Write as _;
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

    /// Nor may others read the temporary file of a private recording.
    #[test]
    fn a_private_file_stays_private_while_it_is_compressed() {
        let folder = TempDir::new().unwrap();
        let song = folder.path().join("song.wav");
        fs::write(&song, wav::pcm16(2, 44_100, &wav::noise(200_000))).unwrap();
        fs::set_permissions(&song, fs::Permissions::from_mode(0o600)).unwrap();
        let mut command = Process::new(assert_cmd::cargo::cargo_bin("lmz"));
        command.args(["compress", "-q", "-0", "song.wav"]).current_dir(folder.path());
        let mut child = command.spawn().unwrap();
        let mut looks = 0;
        while child.try_wait().unwrap().is_none() {
            for part in names(folder.path()).iter().filter(|name| name.ends_with(".part")) {
                // It may have got its final name since.
                let Ok(metadata) = fs::metadata(folder.path().join(part)) else { continue };
                assert_eq!(metadata.permissions().mode() & 0o077, 0);
                looks += 1;
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        assert!(looks > 0);
        assert_eq!(mode(&folder.path().join("song.lmz")), 0o600);
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

    /// What cannot be read, or is not a regular file, in a tree: said, and no reason to stop.
    #[test]
    fn links_sockets_and_unreadable_files_in_a_tree_are_named() {
        let folder = album(&["tree/a.wav", "tree/closed.wav", "tree/z.wav"]);
        let at = |name: &str| folder.path().join(name);
        std::os::unix::fs::symlink("nowhere.wav", at("tree/dangling.wav")).unwrap();
        std::os::unix::fs::symlink("a.wav", at("tree/link.wav")).unwrap();
        std::os::unix::fs::symlink("a.wav", at("tree/link.txt")).unwrap();
        let _socket = std::os::unix::net::UnixListener::bind(at("tree/socket.wav")).unwrap();
        fs::set_permissions(at("tree/closed.wav"), fs::Permissions::from_mode(0o000)).unwrap();
        // Permissions are nothing to the superuser.
        let readable = File::open(at("tree/closed.wav")).is_ok();
        let line = ["compress", "-r", "-0", "tree", "-o", "out"];
        let done = lmz(&folder, &line).assert().code(if readable { 0 } else { 1 });
        let stderr = text(&done.get_output().stderr);
        for name in ["dangling.wav", "link.wav", "socket.wav"] {
            let said = format!("lmz: tree/{name}: not a regular file, skipped");
            assert!(stderr.lines().any(|line| line == said), "{stderr}");
        }
        assert!(!stderr.contains("link.txt"), "{stderr}");
        assert_eq!(stderr.contains("lmz: tree/closed.wav: Permission denied"), !readable);
        assert_eq!(at("out/tree/closed.lmz").exists(), readable);
        assert!(at("out/tree/a.lmz").exists() && at("out/tree/z.lmz").exists());
        let quiet = ["compress", "-qfr", "-0", "tree", "-o", "out", "--exclude", "closed.wav"];
        let done = lmz(&folder, &quiet).assert().code(0);
        assert!(done.get_output().stderr.is_empty());
        // Named on the command line, a link is followed, and one to nowhere is an error.
        lmz(&folder, &["compress", "-0", "tree/link.wav"]).assert().code(0);
        let done = lmz(&folder, &["compress", "-0", "tree/dangling.wav"]).assert().code(1);
        let stderr = text(&done.get_output().stderr);
        assert!(stderr.starts_with("lmz: tree/dangling.wav: No such file"), "{stderr}");
    }

    /// A recording that is still being made, in a tree with others.
    #[test]
    fn a_file_of_a_tree_that_grows_while_it_is_read_is_named() {
        let folder = album(&["tree/a.wav", "tree/z.wav"]);
        let song = folder.path().join("tree/growing.wav");
        fs::write(&song, wav::pcm16(2, 44_100, &wav::noise(1_000_000))).unwrap();
        let mut command = Process::new(assert_cmd::cargo::cargo_bin("lmz"));
        command.args(["compress", "-r", "-0", "--verify", "-j", "1", "tree", "-o", "out"]);
        command.current_dir(folder.path()).stderr(Stdio::piped());
        let child = command.spawn().unwrap();
        let out = folder.path().join("out/tree");
        let being_read = || out.is_dir() && names(&out).iter().any(|name| name.ends_with(".part"));
        let patience = Instant::now() + Duration::from_secs(60);
        while !(being_read() && out.join("a.lmz").exists()) && Instant::now() < patience {
            std::thread::sleep(Duration::from_millis(2));
        }
        File::options().append(true).open(&song).unwrap().write_all(b"more").unwrap();
        let done = child.wait_with_output().unwrap();
        let stderr = text(&done.stderr);
        assert_eq!(done.status.code(), Some(1), "{stderr}");
        assert!(
            stderr.contains("lmz: tree/growing.wav: the file changed while it was being read"),
            "{stderr}"
        );
        assert!(stderr.lines().last().unwrap().contains("1 failed"), "{stderr}");
        assert_eq!(names(&out), ["a.lmz", "z.lmz"]);
    }

    /// Compresses a named pipe's worth of a file that grows once it has been opened.
    #[test]
    fn a_file_that_changes_while_it_is_read_is_noticed() {
        for (verify, code, said) in
            [(false, 0, "the result holds what was read"), (true, 1, "changed")]
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
}
