//! Sizes and speeds over a folder of WAV files, next to other coders' where those are known.
//!
//! ```sh
//! cargo run --release --no-default-features --example measure -- \
//!     DIR [fast|default|best] [-j N] [--verify]
//! ```
//!
//! Sizes are those of whole lmz files, made without a language model. `-j N` codes N clips at a
//! time, each on one core. With `--verify` each is decoded and compared.
//!
//! If `DIR/PEERS.tsv` exists, its first line names the columns: `clip` (file name),
//! `flac…` and `sac…` (bytes; anything that is no number means unknown). Ratios are lmz's bytes
//! over theirs; ratios of totals are over the clips whose figure is known. A clip's class is what
//! stands before `__` in its name.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use anyhow::{Context, Result, anyhow, bail, ensure};
use lmz::Level;
use lmz::pipeline::{self, CompressOptions, DecompressOptions, LmUse};

fn main() -> Result<()> {
    let job = Job::from_arguments(std::env::args().skip(1))?;
    let peers = Peers::read(&job.folder.join("PEERS.tsv"))?;
    let mut clips = Vec::new();
    for entry in fs::read_dir(&job.folder).context(job.folder.display().to_string())? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "wav") {
            clips.push(path);
        }
    }
    ensure!(!clips.is_empty(), "no .wav files in {}", job.folder.display());
    clips.sort();

    println!(
        "{:<56} {:>9} {:>7} {:>7} {:>7} {:>8} {:>8}",
        "clip", "bytes", "of wav", "of flac", "of sac", "s", "x real"
    );
    let mut rows = measure_all(&job, &clips, &peers)?;
    rows.sort_by(|a, b| a.name.cmp(&b.name));
    let mut classes: BTreeMap<&str, Totals> = BTreeMap::new();
    let mut all = Totals::default();
    for row in &rows {
        println!("{}", row.totals().line(&row.name));
        classes.entry(class(&row.name)).or_default().add(row);
        all.add(row);
    }
    println!();
    for (name, totals) in &classes {
        println!("{}", totals.line(&format!("{name} ({})", totals.clips)));
    }
    println!("{}", all.line(&format!("total ({})", all.clips)));
    Ok(())
}

/// What the command line asks for.
struct Job {
    folder: PathBuf,
    level: Level,
    at_a_time: usize,
    verify: bool,
}

impl Job {
    fn from_arguments(mut arguments: impl Iterator<Item = String>) -> Result<Job> {
        const USAGE: &str = "usage: measure DIR [fast|default|best] [-j N] [--verify]";
        let mut folder = None;
        let mut job =
            Job { folder: PathBuf::new(), level: Level::Default, at_a_time: 1, verify: false };
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "fast" => job.level = Level::Fast,
                "default" => job.level = Level::Default,
                "best" => job.level = Level::Best,
                "--verify" => job.verify = true,
                "-j" => {
                    let number = arguments.next().context(USAGE)?;
                    job.at_a_time = number.parse().context(USAGE)?;
                    ensure!(job.at_a_time > 0, USAGE);
                }
                other if other.starts_with('-') || folder.is_some() => bail!(USAGE),
                other => folder = Some(PathBuf::from(other)),
            }
        }
        job.folder = folder.context(USAGE)?;
        Ok(job)
    }
}

/// Other coders' bytes for one clip.
#[derive(Clone, Copy, Default)]
struct Peer {
    flac: Option<u64>,
    sac: Option<u64>,
}

/// `PEERS.tsv`; empty where there is none.
struct Peers(BTreeMap<String, Peer>);

impl Peers {
    fn read(path: &Path) -> Result<Peers> {
        if !path.exists() {
            return Ok(Peers(BTreeMap::new()));
        }
        let text = fs::read_to_string(path).context(path.display().to_string())?;
        let mut lines = text.lines();
        let header: Vec<&str> = lines.next().unwrap_or_default().split('\t').collect();
        let column = |start: &str| header.iter().position(|name| name.starts_with(start));
        let clip = column("clip").with_context(|| format!("{}: no clip column", path.display()))?;
        let (flac, sac) = (column("flac"), column("sac"));
        let mut peers = BTreeMap::new();
        for line in lines {
            let cells: Vec<&str> = line.split('\t').collect();
            let number = |column: Option<usize>| cells.get(column?)?.trim().parse().ok();
            if let Some(name) = cells.get(clip) {
                peers.insert((*name).to_owned(), Peer { flac: number(flac), sac: number(sac) });
            }
        }
        Ok(Peers(peers))
    }
}

/// One clip, measured.
struct Row {
    name: String,
    wav: u64,
    lmz: u64,
    peer: Peer,
    /// Duration of the audio, in seconds; 0 if unknown.
    audio: f64,
    /// Seconds that one core took to compress it.
    elapsed: f64,
}

fn measure_all(job: &Job, clips: &[PathBuf], peers: &Peers) -> Result<Vec<Row>> {
    let next = AtomicUsize::new(0);
    let rows = Mutex::new(Vec::new());
    thread::scope(|scope| {
        let worker = || -> Result<()> {
            while let Some(path) = clips.get(next.fetch_add(1, Ordering::Relaxed)) {
                let row = measure(job, path, peers).with_context(|| path.display().to_string())?;
                rows.lock().map_err(|_| anyhow!("another clip failed"))?.push(row);
            }
            Ok(())
        };
        let workers: Vec<_> = (0..job.at_a_time).map(|_| scope.spawn(worker)).collect();
        for worker in workers {
            worker.join().map_err(|_| anyhow!("a worker failed"))??;
        }
        anyhow::Ok(())
    })?;
    rows.into_inner().map_err(|_| anyhow!("a worker failed"))
}

fn measure(job: &Job, path: &Path, peers: &Peers) -> Result<Row> {
    let original = fs::read(path)?;
    let options =
        CompressOptions { level: job.level, lm: LmUse::Off, threads: 1, ..Default::default() };
    let mut lmz = Vec::new();
    let start = Instant::now();
    pipeline::compress(original.as_slice(), &mut lmz, &options, &mut ())?;
    let elapsed = start.elapsed().as_secs_f64();
    if job.verify {
        let options = DecompressOptions::default().with_threads(1);
        let mut restored = Vec::with_capacity(original.len());
        pipeline::decompress(lmz.as_slice(), &mut restored, &options, &mut ())?;
        ensure!(restored == original, "it comes back different");
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let audio = pipeline::inspect(lmz.as_slice())?.audio.map_or(0.0, |audio| audio.seconds);
    let peer = peers.0.get(&name).copied().unwrap_or_default();
    Ok(Row { name, wav: original.len() as u64, lmz: lmz.len() as u64, peer, audio, elapsed })
}

fn class(name: &str) -> &str {
    name.split_once("__").map_or("other", |(class, _)| class)
}

/// Sums over clips. lmz's bytes are summed apart for each peer: where its figure is known.
#[derive(Default)]
struct Totals {
    clips: usize,
    wav: u64,
    lmz: u64,
    /// (lmz's bytes, flac's bytes)
    flac: (u64, u64),
    /// (lmz's bytes, sac's bytes)
    sac: (u64, u64),
    audio: f64,
    elapsed: f64,
}

impl Row {
    fn totals(&self) -> Totals {
        let mut totals = Totals::default();
        totals.add(self);
        totals
    }
}

impl Totals {
    fn add(&mut self, row: &Row) {
        self.clips += 1;
        self.wav += row.wav;
        self.lmz += row.lmz;
        for (sum, peer) in [(&mut self.flac, row.peer.flac), (&mut self.sac, row.peer.sac)] {
            if let Some(bytes) = peer {
                *sum = (sum.0 + row.lmz, sum.1 + bytes);
            }
        }
        self.audio += row.audio;
        self.elapsed += row.elapsed;
    }

    fn line(&self, name: &str) -> String {
        let name: String = name.chars().take(56).collect();
        let ratio = |(ours, theirs): (u64, u64)| match theirs {
            0 => "-".to_owned(),
            _ => format!("{:.4}", ours as f64 / theirs as f64),
        };
        format!(
            "{name:<56} {:>9} {:>7} {:>7} {:>7} {:>8.2} {:>8.2}",
            self.lmz,
            ratio((self.lmz, self.wav)),
            ratio(self.flac),
            ratio(self.sac),
            self.elapsed,
            self.audio / self.elapsed,
        )
    }
}
