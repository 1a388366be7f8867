"""A corpus on one and two workers, killed in the middle and gone on with.

    python bench/corpus.py CLIPS WORK [LEVEL]      # CLIPS as bench/clips.py makes them; WORK is emptied

Prints files a second, processor time and peak memory of the workers, and fails if a killed run
loses a file, does more again than was in flight, or leaves a partial output; if a second run does
anything; or if one worker, two, and killed ones do not write the same bytes. Needs Linux's /proc.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from lmz.corpus.run import BATCH_FILES

TICKS = os.sysconf("SC_CLK_TCK")


def family(pid: int) -> list[int]:
    """A process's descendants."""
    found = []
    for task in Path("/proc").glob(f"{pid}/task/*/children"):
        try:
            for child in task.read_text().split():
                found += [int(child), *family(int(child))]
        except OSError:
            continue
    return found


def started(pid: int) -> str:
    """When a process has started; numbers of processes are used again. Empty for one that has ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return ""
    return "" if fields[0] == "Z" else fields[19]


def command_line(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


class Watched:
    """A run of `python -m lmz.corpus`, with what its processes use."""

    def __init__(self, *arguments: object) -> None:
        command = [sys.executable, "-m", "lmz.corpus", *map(str, arguments), "--json"]
        self.began = time.monotonic()
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        #: Of each process, the most memory in kB and the seconds of processor time.
        self.driver: tuple[int, float] = (0, 0.0)
        self.workers: dict[int, tuple[int, float]] = {}
        threading.Thread(target=self._sample, daemon=True).start()

    def _sample(self) -> None:
        while self.process.poll() is None:
            if used := usage(self.process.pid):
                self.driver = max(self.driver, used)
            for pid in family(self.process.pid):
                if command_line(pid).startswith("ray::") and (used := usage(pid)):
                    self.workers[pid] = used
            time.sleep(0.2)

    def at_work(self) -> list[int]:
        return [pid for pid in family(self.process.pid) if command_line(pid).startswith("ray::do_all")]

    def summary(self) -> dict:
        out, error = self.process.communicate()
        assert self.process.returncode == 0, error
        return {**json.loads(out.strip().splitlines()[-1]), "wall": time.monotonic() - self.began}

    def kill(self) -> float:
        """SIGKILL; returns the seconds until the last of its workers was gone. Ray's agents stay some minutes."""
        workers = [(pid, started(pid)) for pid in self.at_work()]
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.communicate()
        began = time.monotonic()
        while any(start and started(pid) == start for pid, start in workers):
            assert time.monotonic() - began < 60, "workers outlive their driver"
            time.sleep(0.05)
        return time.monotonic() - began


def usage(pid: int) -> tuple[int, float] | None:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
        stat = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return None
    peak = next((int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")), 0)
    return peak, (int(stat[11]) + int(stat[12])) / TICKS


def records(out: Path) -> list[dict]:
    """What the manifest says, complete lines only."""
    found = []
    for part in sorted((out / ".lmz-corpus").glob("*.jsonl")):
        for line in part.read_text().splitlines(keepends=True):
            if line.endswith("\n"):
                found.append(json.loads(line))
    return found


def outputs(out: Path) -> dict[str, bytes]:
    return {str(path.relative_to(out)): path.read_bytes() for path in out.rglob("*.lmz")}


def versions(out: Path) -> dict[str, tuple[int, int]]:
    """What tells an output that was written again from the one before."""
    found = {}
    for path in out.rglob("*.lmz"):
        status = path.stat()
        found[str(path.relative_to(out))] = (status.st_ino, status.st_mtime_ns)
    return found


def until(run: Watched, out: Path, count: int) -> None:
    while len(records(out)) < count:
        assert run.process.poll() is None, "the run has ended before it was to be killed"
        time.sleep(0.05)


def speed(clips: Path, out: Path, level: str, workers: int) -> None:
    run = Watched("compress", clips, out, "--level", level, "--workers", workers)
    done = run.summary()
    busy = sum(seconds for _, seconds in run.workers.values())
    print(
        f"{workers} worker(s), {level}: {done['done']} files in {done['seconds']:.1f} s, "
        f"{done['done'] / done['seconds']:.2f} files/s; {1000 * busy / done['done']:.0f} ms of workers' processor time "
        f"a file; peak memory of the workers {', '.join(f'{kb / 1024:.0f}' for kb in peaks(run))} MiB, "
        f"of the driver {run.driver[0] / 1024:.0f} MiB; {done['wall']:.1f} s with Ray's start",
        flush=True,
    )


def peaks(run: Watched) -> list[int]:
    """Of the workers that have computed for more than a second, in kB."""
    return sorted((kb for kb, seconds in run.workers.values() if seconds > 1), reverse=True)


def killed(clips: Path, out: Path, level: str, reference: dict[str, bytes]) -> None:
    command = ("compress", clips, out, "--level", level, "--workers", 2)
    run = Watched(*command)
    total = len(reference)
    until(run, out, total // 4)
    os.kill(run.at_work()[0], signal.SIGKILL)
    before = versions(out)
    until(run, out, total // 2)
    after = versions(out)
    again = sum(after[name] != version for name, version in before.items())
    print(f"a worker killed: the run went on, {again} outputs written again", flush=True)
    assert again <= BATCH_FILES

    gone = run.kill()
    print(f"the driver killed: its workers were gone after {gone:.1f} s", flush=True)
    go_on(command, out, reference)


def go_on(command: tuple, out: Path, reference: dict[str, bytes]) -> None:
    """After a run that was killed between its second half and its end."""
    total = len(reference)
    recorded = {record["name"][:-4] + ".lmz" for record in records(out)}
    before = versions(out)
    assert total // 2 <= len(recorded) < total and recorded <= before.keys()
    assert all(content == reference[name] for name, content in outputs(out).items()), "a partial output"
    resumed = Watched(*command).summary()
    after = versions(out)
    again = sum(after[name] != version for name, version in before.items())
    print(
        f"{len(recorded)} records were there; the next run skipped {resumed['skipped']} and did {resumed['done']}, "
        f"of which {again} had an output without a record",
        flush=True,
    )
    assert resumed["skipped"] == len(recorded) and resumed["skipped"] + resumed["done"] == total
    assert all(after[name] == before[name] for name in recorded), "a recorded file was done again"
    # In flight: two tasks for each worker.
    assert again <= 2 * 2 * BATCH_FILES
    names = [record["name"] for record in records(out)]
    assert len(names) == len(set(names)) == total
    assert not list(out.rglob("*part")), "a partial output is left"
    assert outputs(out) == reference


def main(clips: Path, work: Path, level: str) -> None:
    shutil.rmtree(work, ignore_errors=True)
    for workers in (1, 2):
        speed(clips, work / str(workers), level, workers)
    reference = outputs(work / "1")
    assert outputs(work / "2") == reference
    before = versions(work / "2")
    second = Watched("compress", clips, work / "2", "--level", level, "--workers", 2).summary()
    assert second["done"] == 0 and second["skipped"] == len(reference) and versions(work / "2") == before
    print(f"a second run does nothing, in {second['seconds']:.1f} s", flush=True)
    killed(clips, work / "killed", level, reference)
    print(f"{len(reference)} files, the same bytes from one worker, two, and killed ones")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3] if len(sys.argv) > 3 else "fast")
