"""What the driver of a corpus costs: many tiny files whose work is simulated.

    python bench/driver.py [FILES] [WORKERS]      # 100,000 and 2

Ray, tasks, records and manifest are real; the files and the work on them are made up. Prints files
a second, peak memory of the driver and the length of the manifest, and of a run that finds all done.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import fsspec
import ray

from lmz.corpus import work
from lmz.corpus.cli import configure_ray
from lmz.corpus.manifest import FOLDER, Manifest, Record
from lmz.corpus.plan import Finished, Job, Settings
from lmz.corpus.run import Totals, run

SIZE = 32_044


def simulate(settings: Settings, jobs: list[Job], threads: int) -> list[Record]:
    """As `work.do_all`, without any files."""
    found = []
    for job in jobs:
        record = work.record_of(settings, job)
        record.output_bytes, record.blake3, record.seconds = job.size // 2, f"{hash(job.name):032x}"[-32:], 0.1234
        found.append(record)
    return found


def files(count: int, finished: Finished, settings: Settings) -> Iterator[tuple[Job, bool]]:
    """As `plan`, of a corpus with 1,000 files a folder."""
    for number in range(count):
        name = f"speaker{number // 1000:05}/utterance-{number:08}.wav"
        target = f"/out/{name[:-4]}.lmz"
        job = Job(name, f"/in/{name}", target, SIZE, f"{SIZE};mtime={1_700_000_000 + number}.25")
        yield job, finished.has(job, {target: SIZE // 2}, settings)


def peak() -> float:
    """MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def once(count: int, folder: str, settings: Settings) -> Totals:
    manifest = Manifest(fsspec.filesystem("file"), folder)
    before, (wall, busy) = peak(), (time.perf_counter(), time.process_time())
    totals = run(settings, files(count, Finished(manifest.read()), settings), manifest, do_all=simulate)
    wall, busy = time.perf_counter() - wall, time.process_time() - busy
    manifest.close()
    length = sum(path.stat().st_size for path in (Path(folder) / FOLDER).iterdir())
    print(
        f"{totals.done} done, {totals.skipped} skipped: {count / wall:,.0f} files/s; the driver's processor time "
        f"{1e6 * busy / count:.0f} µs a file, its peak memory {peak():.0f} MiB ({before:.0f} before); "
        f"manifest {length:,} bytes, {length / count:.0f} a file",
        flush=True,
    )
    return totals


def main(count: int, workers: int) -> None:
    configure_ray(2)
    ray.init("local", num_cpus=workers, include_dashboard=False, log_to_driver=False)
    settings = Settings("compress", "/in", "/out", "fast")
    with tempfile.TemporaryDirectory() as folder:
        assert once(count, folder, settings).done == count
        assert once(count, folder, settings).skipped == count
    ray.shutdown()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000, int(sys.argv[2]) if len(sys.argv) > 2 else 2)
