//! Sizes of coded clips against other coders' (`PEERS.tsv`).
use lmz::{Level, codec, pcm::Pcm};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let level = match args[2].as_str() {
        "fast" => Level::Fast,
        "best" => Level::Best,
        _ => Level::Default,
    };
    let secs: f64 = args[3].parse().unwrap();
    let filter = args.get(4).cloned().unwrap_or_default();
    let verify = std::env::var("VERIFY").is_ok();
    let threads: usize = std::env::var("J").ok().and_then(|s| s.parse().ok()).unwrap_or(2);
    let peers = std::fs::read_to_string(format!("{}/PEERS.tsv", args[1])).unwrap();
    let rows: Vec<Vec<String>> = peers
        .lines()
        .skip(1)
        .map(|l| l.split('\t').map(String::from).collect())
        .filter(|r: &Vec<String>| r[0].contains(&filter))
        .collect();
    let step: usize = std::env::var("STEP").ok().and_then(|s| s.parse().ok()).unwrap_or(1);
    let next = AtomicUsize::new(0);
    let out = Mutex::new(vec![]);
    std::thread::scope(|s| {
        for _ in 0..threads {
            s.spawn(|| {
                loop {
                    let i = next.fetch_add(1, Ordering::SeqCst);
                    let Some(row) = rows.get(i) else { break };
                    if i % step != 0 {
                        continue;
                    }
                    let mut r = hound::WavReader::open(format!("{}/{}", args[1], row[0])).unwrap();
                    let spec = r.spec();
                    let Ok(mut samples) = r.samples::<i32>().collect::<Result<Vec<i32>, _>>()
                    else {
                        println!("skip {}", row[0]);
                        continue;
                    };
                    let total = samples.len();
                    let keep = ((secs * spec.sample_rate as f64) as usize * spec.channels as usize)
                        .min(total);
                    if keep < total {
                        let skip =
                            ((total - keep) / 4) / spec.channels as usize * spec.channels as usize;
                        samples.drain(..skip);
                    }
                    samples.truncate(keep);
                    if std::env::var("SWAP").is_ok() && spec.channels == 2 {
                        for f in samples.chunks_exact_mut(2) {
                            f.swap(0, 1);
                        }
                    }
                    let frac = keep as f64 / total as f64;
                    let pcm = Pcm { channels: spec.channels as usize, samples };
                    let t = std::time::Instant::now();
                    let c = codec::encode_pcm(&pcm, level, None).unwrap();
                    let dt = t.elapsed().as_secs_f64();
                    if verify {
                        let d = codec::decode_pcm(
                            &c.tokens,
                            &c.lsb,
                            pcm.channels,
                            pcm.frames(),
                            level,
                            None,
                        )
                        .unwrap();
                        assert!(d == pcm, "{} differs", row[0]);
                    }
                    let rt = pcm.frames() as f64 / spec.sample_rate as f64 / dt;
                    out.lock().unwrap().push((
                        row.clone(),
                        c.tokens.len() + c.lsb.len() + 150,
                        frac,
                        rt,
                        pcm.samples.len() as f64 / dt,
                    ));
                }
            });
        }
    });
    let mut out = out.into_inner().unwrap();
    out.sort_by(|a, b| a.0.cmp(&b.0));
    let (mut ls, mut fs, mut ss, mut all) = (0.0, 0.0, 0.0, 0.0);
    for (row, size, frac, rt, sps) in &out {
        let n = |i: usize| row[i].parse::<f64>().ok();
        let f = n(2).unwrap() * frac;
        let s = n(4).map(|s| s * frac);
        println!(
            "{:<60} {:>8} flac {:.4} sac {} rt {:.2} us/sample {:.2}",
            &row[0][..row[0].len().min(60)],
            size,
            *size as f64 / f,
            s.map_or("-".into(), |s| format!("{:.4}", *size as f64 / s)),
            rt,
            1e6 / sps
        );
        all += *size as f64;
        fs += f;
        if let Some(s) = s {
            ss += s;
            ls += *size as f64;
        }
    }
    println!("TOTAL {all:.0} vs flac {:.4} vs sac {:.4}", all / fs, ls / ss);
}
