//! `lmz bench`: the program itself, with the coders that are built in.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::support::wav;
use assert_cmd::Command;
use serde_json::Value;
use tempfile::TempDir;

/// The built-in baselines: whatever is installed, results are the same.
const LIBRARIES: &str = "--baseline=gzip,xz,zstd,flac-rs";

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/wav")
}

fn bench(folder: &TempDir, arguments: &[&str]) -> Command {
    let mut command = Command::cargo_bin("lmz").unwrap();
    command.current_dir(folder.path()).arg("bench").args(arguments);
    command
}

fn json(folder: &TempDir, name: &str) -> Value {
    serde_json::from_slice(&fs::read(folder.path().join(name)).unwrap()).unwrap()
}

fn rows<'a>(report: &'a Value, scope: &str) -> Vec<&'a Value> {
    let rows = report["rows"].as_array().unwrap();
    rows.iter().filter(|row| row["scope"] == scope).collect()
}

/// The same value, or, for numbers, as near as printing brings them.
fn agrees(cell: &str, value: &Value) -> bool {
    match value {
        Value::Null => cell.is_empty(),
        Value::String(text) => cell == text,
        Value::Number(number) => {
            let (a, b): (f64, f64) = (cell.parse().unwrap(), number.as_f64().unwrap());
            (a - b).abs() <= 1e-12 * b.abs()
        }
        _ => false,
    }
}

#[test]
fn the_fixtures_with_library_baselines_in_all_formats() {
    let folder = TempDir::new().unwrap();
    let fixtures = fixtures();
    let line = [
        fixtures.to_str().unwrap(),
        "--level=fast",
        "--lm=off",
        LIBRARIES,
        "--csv=b.csv",
        "--json=b.json",
        "--html=b.html",
    ];
    let output = bench(&folder, &line).assert().code(0).get_output().clone();
    let report = json(&folder, "b.json");

    // Every file by every coder, each restored or honestly failed.
    let files = rows(&report, "file");
    let names: Vec<_> = fs::read_dir(&fixtures).unwrap().collect();
    assert_eq!(files.len(), 5 * names.len());
    for row in &files {
        let what = format!("{} on {}", row["coder"], row["name"]);
        match row["failure"].as_str() {
            // FLAC takes integers only.
            Some(why) => {
                assert_eq!(row["coder"], "flac-rs best", "{what}: {why}");
                assert!(why.contains("FLAC holds"), "{what}: {why}");
                assert!(row["coded_bytes"].is_null() && row["check"].is_null());
            }
            None => assert_eq!(row["check"], "bytes", "{what}"),
        }
    }

    // Totals are sums over the files.
    for total in rows(&report, "total") {
        let of_coder = |name: &str| -> u64 {
            let rows = files.iter().filter(|row| row["coder"] == total["coder"]);
            rows.filter_map(|row| row[name].as_u64()).sum()
        };
        assert_eq!(total["coded_bytes"], of_coder("coded_bytes"));
        assert_eq!(total["original_bytes"], of_coder("original_bytes"));
        let parts = ["container", "foreign", "stream", "lsb", "plain"];
        let parts = parts.map(|part| total[format!("{part}_bytes")].as_u64());
        if total["coder"] == "lmz fast" {
            assert_eq!(parts.iter().flatten().sum::<u64>(), total["coded_bytes"]);
            assert_eq!(total["failed"], 0);
        } else {
            assert_eq!(parts, [None; 5]);
        }
    }

    // What lmz compress writes is what the bench counts.
    let song = fixtures.join("plucked_8bit_cue.wav");
    let mut compress = Command::cargo_bin("lmz").unwrap();
    compress.current_dir(folder.path()).args(["compress", "--fast", "--lm=off", "-o", "song.lmz"]);
    compress.arg(&song).assert().code(0);
    let counted = files.iter().find(|r| r["name"] == "plucked_8bit_cue.wav").unwrap();
    let length = fs::metadata(folder.path().join("song.lmz")).unwrap().len();
    assert_eq!(counted["coded_bytes"], length);
    #[cfg(target_os = "linux")]
    assert!(counted["encode_peak_bytes"].as_u64().unwrap() > 100_000);

    // CSV and JSON agree in every cell.
    let mut csv = csv::Reader::from_path(folder.path().join("b.csv")).unwrap();
    let headers = csv.headers().unwrap().clone();
    let records: Vec<_> = csv.records().map(Result::unwrap).collect();
    let all = report["rows"].as_array().unwrap();
    assert_eq!(records.len(), all.len());
    for (record, row) in records.iter().zip(all) {
        let object = row.as_object().unwrap();
        assert_eq!(object.len(), headers.len());
        for (name, cell) in headers.iter().zip(record) {
            assert!(agrees(cell, &object[name]), "{name}: {cell} and {}", object[name]);
        }
    }

    // The page holds the same data, and fetches nothing.
    let page = fs::read_to_string(folder.path().join("b.html")).unwrap();
    let data = page.split("const DATA = ").nth(1).unwrap().split(";\n").next().unwrap();
    assert_eq!(serde_json::from_str::<Value>(data).unwrap(), report);
    let page = page.replace("http://www.w3.org/2000/svg", "");
    for outside in ["http:", "https:", "src=", "href=", "@import", "url("] {
        assert!(!page.contains(outside), "{outside}");
    }

    // What a reader must know of a figure.
    let corpus = &report["corpus"];
    assert_eq!(corpus["inputs"][0], fixtures.to_str().unwrap());
    assert_eq!(corpus["files"], names.len());
    assert_eq!(corpus["bytes"], rows(&report, "total")[0]["original_bytes"]);
    assert_eq!(report["date"].as_str().unwrap().len(), 10);
    #[cfg(unix)]
    assert!(rows(&report, "total").iter().all(|row| row["encode_processor_seconds"].is_number()));
    // Every chart has a legend, and every wide table can be scrolled, by the keyboard as well.
    for (chart, legend) in [
        ("scatter", "kinds"),
        ("totals", "totalkinds"),
        ("classes", "classmarks"),
        ("files", "filemarks"),
        ("parts", "partslegend"),
    ] {
        for id in [chart, legend] {
            assert!(page.contains(&format!("id=\"{id}\"")), "{id}");
        }
    }
    for table in ["sums", "classtable", "filetable"] {
        let scrolled = format!("class=\"scroll\" tabindex=\"0\" id=\"{table}\"");
        assert!(page.contains(&scrolled), "{table}");
    }

    let text = String::from_utf8(output.stdout).unwrap();
    for part in ["FILES", "CLASSES", "TOTAL", "MEAN OF CLASSES", "gzip -9", "FAILED: FLAC holds"] {
        assert!(text.contains(part), "{part}");
    }
}

#[test]
fn chunks_are_the_same_for_every_coder_and_every_run() {
    let folder = TempDir::new().unwrap();
    let song = fixtures().join("guitar_stereo.wav");
    let song = song.to_str().unwrap();
    let mut runs = Vec::new();
    for (name, seed) in [("a.json", "7"), ("b.json", "7"), ("c.json", "8")] {
        let out = format!("--json={name}");
        let chunks = ["--chunks=3", "--chunk-size=1001", "--seed", seed];
        let line = [&[song, "--level=fast", "--lm=off", LIBRARIES, "-q", &out], &chunks[..]];
        let output = bench(&folder, &line.concat()).assert().code(0).get_output().clone();
        assert!(output.stdout.is_empty());
        runs.push(json(&folder, name));
    }
    let sizes = |report: &Value| -> BTreeMap<String, Value> {
        let rows = rows(report, "file");
        rows.iter().map(|row| (row["coder"].to_string(), row["coded_bytes"].clone())).collect()
    };
    assert_eq!(runs[0]["places"], runs[1]["places"]);
    assert_eq!(sizes(&runs[0]), sizes(&runs[1]));
    assert_ne!(runs[0]["places"], runs[2]["places"]);
    for row in rows(&runs[0], "file") {
        // 1,001 bytes are 250 frames of 4 bytes; no header is counted as original.
        assert_eq!(row["original_bytes"], 3_000);
        assert_eq!(row["check"], "bytes");
    }
    assert_eq!(runs[0]["places"][0]["offsets"].as_array().unwrap().len(), 3);
}

#[test]
fn what_is_not_there_is_refused_before_any_work() {
    let folder = TempDir::new().unwrap();
    let song = wav::pcm16(2, 44_100, &wav::sine(2, 2_000));
    fs::write(folder.path().join("song.wav"), song).unwrap();
    fs::write(folder.path().join("old.csv"), "precious").unwrap();
    for (line, word) in [
        (&["song.wav", "--baseline", "mp3"][..], "no baseline mp3"),
        (&["song.wav", "--csv", "old.csv"], "-f replaces it"),
        (&["song.wav", "--html", "."], "is a folder"),
        (&["nothing.wav"], "nothing.wav"),
        (&["song.wav", "--chunk-size", "64"], "--chunks"),
        (&[], "required"),
    ] {
        let output = bench(&folder, line).assert().code(2).get_output().clone();
        let message = String::from_utf8(output.stderr).unwrap();
        assert!(message.contains(word), "{line:?}: {message}");
    }
    // No program is on an empty path.
    let mut without = bench(&folder, &["song.wav", "--baseline", "flac"]);
    let output = without.env("PATH", "").assert().code(2).get_output().clone();
    assert!(String::from_utf8(output.stderr).unwrap().contains("not installed"));
    assert_eq!(fs::read(folder.path().join("old.csv")).unwrap(), b"precious");
}

#[test]
fn programs_that_are_not_installed_are_left_out_of_the_default_set() {
    let folder = TempDir::new().unwrap();
    let song = wav::pcm16(1, 8_000, &wav::sine(1, 500));
    fs::write(folder.path().join("song.wav"), song).unwrap();
    let line = ["song.wav", "--level=fast,default", "--lm=off", "--json=b.json"];
    let mut command = bench(&folder, &line);
    let output = command.env("PATH", "").assert().code(0).get_output().clone();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("left out: wavpack (not installed)"), "{text}");
    let report = json(&folder, "b.json");
    let coders: Vec<_> = report["coders"].as_array().unwrap().iter().map(|c| &c["name"]).collect();
    let names = ["lmz fast", "lmz default", "gzip -9", "xz -9e", "zstd -19", "flac-rs best"];
    assert_eq!(coders, names);
}

#[test]
fn a_file_that_is_no_wav_fails_the_run_and_not_the_others() {
    let folder = TempDir::new().unwrap();
    let song = wav::pcm16(1, 8_000, &wav::sine(1, 500));
    fs::write(folder.path().join("song.wav"), song).unwrap();
    fs::write(folder.path().join("text.wav"), "nothing of the kind").unwrap();
    let line = [".", "--level=fast", "--lm=off", "--baseline=none", "--json=b.json"];
    let output = bench(&folder, &line).assert().code(1).get_output().clone();
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(message.contains("text.wav: not a WAV, AIFF, Wave64 or CAF file"), "{message}");
    let report = json(&folder, "b.json");
    assert_eq!(report["unreadable"][0]["name"], "text.wav");
    assert_eq!(rows(&report, "file").len(), 1);
}

#[test]
fn one_file_explained() {
    let folder = TempDir::new().unwrap();
    let song = fixtures().join("plucked_stereo_list.wav");
    let song = song.to_str().unwrap();
    let line = ["--explain", song, "--level=fast", "--lm=off", "--html=e.html", "--json=e.json"];
    let output = bench(&folder, &line).assert().code(0).get_output().clone();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.starts_with("plucked_stereo_list.wav: 16-bit integer, stereo, "), "{text}");
    let page = fs::read_to_string(folder.path().join("e.html")).unwrap();
    let data = page.split("const DATA = ").nth(1).unwrap().split(";\n").next().unwrap();
    assert_eq!(serde_json::from_str::<Value>(data).unwrap(), json(&folder, "e.json"));
    assert_eq!(json(&folder, "e.json")["model"], Value::Null);
    // Which model takes part, although the exact engine does not know its name.
    let song = fixtures().join("cut_short.wav");
    let line = ["--explain", song.to_str().unwrap(), "--level=fast", "--lm=on", "--json=m.json"];
    bench(&folder, &line).assert().code(0);
    let report = json(&folder, "m.json");
    assert_eq!(report["segments"][0]["uses_lm"], true);
    let model = report["model"].as_str().unwrap();
    assert!(model.starts_with("with BLAKE3 ") && model.ends_with("exact engine"), "{model}");
}

/// A process for a coder is for the bench alone.
#[test]
fn the_hidden_subcommand_refuses_other_tasks() {
    let folder = TempDir::new().unwrap();
    let mut command = Command::cargo_bin("lmz").unwrap();
    command.current_dir(folder.path()).arg("bench-coder").write_stdin("rm\n");
    let output = command.assert().code(1).get_output().clone();
    assert!(String::from_utf8(output.stderr).unwrap().contains("only lmz bench runs this"));
}

/// Whether `program` can be run here.
fn installed(program: &str) -> bool {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&folders).any(|folder| folder.join(program).is_file())
}

/// Programs make headers of their own; samples that are right must not count as a mismatch, or
/// the best of the others vanish from the figures.
#[test]
fn programs_are_not_blamed_for_headers() {
    let folder = TempDir::new().unwrap();
    let noise: Vec<u8> =
        wav::noise(9_000).iter().flat_map(|sample| (sample / 64).to_le_bytes()).collect();
    // Channels and bits; all with the plain header, none with the extensible one. 24 and 32 bits
    // take their bytes from 16-bit noise as they come.
    let shapes = [(1, 8), (2, 16), (1, 24), (4, 24), (6, 16)];
    for (channels, bits) in shapes {
        let frame = usize::from(channels * bits / 8);
        let data = &noise[..noise.len() / frame * frame];
        let file = wav::build(1, channels, 44_100, bits, data);
        fs::write(folder.path().join(format!("{channels}x{bits}.wav")), file).unwrap();
    }
    for (baseline, programs) in [("flac", ["flac", "flac"]), ("wavpack", ["wavpack", "wvunpack"])] {
        if !programs.into_iter().all(installed) {
            eprintln!("SKIPPED: {baseline} is not installed");
            continue;
        }
        for chunks in [&[][..], &["--chunks=2", "--chunk-size=2050"]] {
            let (baseline, out) = (format!("--baseline={baseline}"), "--json=b.json");
            let line = [".", "--level=fast", "--lm=off", "-q", "-f", &baseline, out];
            bench(&folder, &[&line, chunks].concat()).assert().code(0);
            let report = json(&folder, "b.json");
            let files = rows(&report, "file");
            assert_eq!(files.len(), 2 * shapes.len());
            for row in files {
                assert!(row["failure"].is_null(), "{row}");
            }
        }
    }
}
