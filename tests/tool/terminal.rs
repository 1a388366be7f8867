//! What the program shows on a terminal, and ^C.

use std::fs::{self, File};
use std::io::Read as _;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::files::names;
use crate::support::wav;
use nix::pty::{OpenptyResult, Winsize, openpty};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;

fn lmz(folder: &TempDir, line: &[&str]) -> Command {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin("lmz"));
    command.args(line).current_dir(folder.path()).stdin(Stdio::null());
    command.env("TERM", "xterm").env("NO_COLOR", "1").env_remove("COLUMNS");
    command
}

/// A terminal of `width` columns.
fn terminal(width: u16) -> OpenptyResult {
    let size = Winsize { ws_row: 24, ws_col: width, ws_xpixel: 0, ws_ypixel: 0 };
    openpty(Some(&size), None).unwrap()
}

/// What is written to a terminal until `enough`, or until nobody has it open any more.
fn screen(terminal: &mut File, enough: impl Fn(&str) -> bool) -> String {
    let mut screen = Vec::new();
    let mut buffer = [0; 4096];
    while !enough(&String::from_utf8_lossy(&screen)) {
        match terminal.read(&mut buffer) {
            Ok(count) if count > 0 => screen.extend_from_slice(&buffer[..count]),
            _ => break,
        }
    }
    String::from_utf8_lossy(&screen).into_owned()
}

/// Runs the program until its progress is `enough`, then presses ^C. Returns what was on the screen, and how
/// long the program took to end.
fn interrupted(
    folder: &TempDir,
    line: &[&str],
    width: u16,
    enough: impl Fn(&str) -> bool,
) -> (String, Duration) {
    let pair = terminal(width);
    let mut command = lmz(folder, line);
    command.stdout(Stdio::null()).stderr(Stdio::from(pair.slave));
    let mut child: Child = command.spawn().unwrap();
    // It holds the program's end of the terminal, which would stay open.
    drop(command);
    let screen = screen(&mut File::from(pair.master), enough);
    let start = Instant::now();
    kill(Pid::from_raw(child.id() as i32), Signal::SIGINT).unwrap();
    let code = child.wait().unwrap().code();
    let ended = start.elapsed();
    assert_eq!(code, Some(130), "{screen}");
    (screen, ended)
}

/// A folder with one segment of stereo noise: without steps within it there would be no progress to see.
fn one_segment() -> TempDir {
    let folder = TempDir::new().unwrap();
    let song = wav::pcm16(2, 44_100, &wav::noise(2 * 800_000));
    fs::write(folder.path().join("song.wav"), song).unwrap();
    folder
}

#[test]
fn progress_moves_within_a_segment() {
    let folder = one_segment();
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
    let (screen, _) = interrupted(&folder, &["compress", "--best", "song.wav"], 120, enough);
    assert!(enough(&screen), "{screen}");
    for word in ["MB of 3.2 MB", "left", "of audio", "elapsed"] {
        assert!(screen.contains(word), "{word}: {screen}");
    }
    // Colours are not used.
    assert!(!screen.contains("\u{1b}[3"), "{screen:?}");
}

/// Others use the processors too: of some tries, one takes no longer than on an idle machine.
#[test]
fn an_interruption_ends_the_program_within_a_fifth_of_a_second() {
    let folder = one_segment();
    let works = |screen: &str| screen.matches(" %").count() > 1;
    let mut tries = Vec::new();
    while !tries.iter().any(|ended| *ended < Duration::from_millis(200)) {
        assert!(tries.len() < 5, "{tries:?}");
        let (screen, ended) = interrupted(&folder, &["compress", "--best", "song.wav"], 80, works);
        assert!(works(&screen), "{screen}");
        assert_eq!(names(folder.path()), ["song.wav"]);
        tries.push(ended);
    }
}

#[test]
fn progress_is_one_line_at_any_width() {
    let folder = one_segment();
    let enough = |screen: &str| screen.matches(" %").count() > 3;
    let (screen, _) = interrupted(&folder, &["compress", "song.wav"], 30, enough);
    let cleared = screen.replace("\u{1b}[2K", "\n");
    let lines = cleared.split(['\r', '\n']).map(|line| line.split("\u{1b}[").next().unwrap());
    let longest = lines.map(|line| line.chars().count()).max().unwrap();
    assert!((20..=30).contains(&longest), "{longest}: {screen:?}");
}

#[test]
fn help_is_as_wide_as_the_terminal() {
    let folder = TempDir::new().unwrap();
    for line in [&["--help"][..], &["compress", "--help"], &["decompress", "-h"], &["info", "-h"]] {
        let pair = terminal(60);
        let mut command = lmz(&folder, line);
        command.stdout(Stdio::from(pair.slave)).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        drop(command);
        let narrow = screen(&mut File::from(pair.master), |_| false);
        assert!(child.wait().unwrap().success(), "{line:?}");
        let longest = narrow.lines().map(|line| line.chars().count()).max();
        assert!((Some(50)..=Some(60)).contains(&longest), "{line:?}, {longest:?}: {narrow}");
        // Nothing is lost.
        let wide = lmz(&folder, line).output().unwrap().stdout;
        let words = |text: &str| text.split_whitespace().collect::<String>();
        assert_eq!(words(&narrow), words(&String::from_utf8_lossy(&wide)), "{line:?}");
    }
}
