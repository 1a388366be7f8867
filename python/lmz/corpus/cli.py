"""Arguments, progress and exit codes."""

from __future__ import annotations

import argparse
import contextlib
import json
import logging
import os
import sys
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from .manifest import Manifest
from .plan import Finished, Settings, plan

if TYPE_CHECKING:
    from .run import Totals

DESCRIPTION = """\
Compress, restore or check all files of a folder or bucket, on this machine or a Ray cluster.
SRC and DST are folders or fsspec URLs (s3://…, gs://…). Interrupted runs continue where they stopped.
"""
EXIT_CODES = """\
exit codes: 0 all files succeeded; 1 some failed; 2 usage error; 130 interrupted
"""


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(
        prog="python -m lmz.corpus",
        description=DESCRIPTION,
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    tasks = top.add_subparsers(dest="task", required=True)
    for name, words in (
        ("compress", "WAV files to lmz files"),
        ("decompress", "lmz files to WAV files"),
        ("verify", "decode lmz files, check all checksums, write nothing"),
    ):
        task = tasks.add_parser(name, help=words, description=words)
        task.add_argument("source", metavar="SRC")
        if name != "verify":
            task.add_argument("target", metavar="DST")
            task.add_argument("--verify", action="store_true", help="read each output back and compare it")
            task.add_argument(
                "--delete-source",
                action="store_true",
                help="delete each original once its output has been read back and compared",
            )
        if name == "compress":
            task.add_argument("--level", default="default", choices=["fast", "default", "best", "training"])
            task.add_argument("--lm", default="auto", choices=["auto", "on", "off"], help="language model")
            task.add_argument("--segment", type=int, help="length of a segment in seconds (default: depends on the level)")
        task.add_argument("--address", help="address of a Ray cluster (default: this machine)")
        task.add_argument("--workers", type=int, help="tasks at a time on this machine (default: one per processor)")
        task.add_argument("--retries", type=int, default=2, help="retries after lost workers and I/O errors (default: %(default)s)")
        task.add_argument("-q", "--quiet", action="store_true", help="report only errors")
        task.add_argument("--json", action="store_true", help="print the summary as a JSON object")
    return top


def main(arguments: list[str] | None = None) -> int:
    args = parser().parse_args(arguments)
    configure_ray(args.retries)
    try:
        import fsspec
        import ray  # noqa: F401
    except ImportError as error:
        print(f"lmz.corpus needs {error.name}: pip install 'lmz[corpus]'", file=sys.stderr)
        return 2
    settings = Settings(
        task=args.task,
        source=args.source,
        target=getattr(args, "target", ""),
        level=getattr(args, "level", ""),
        lm=getattr(args, "lm", ""),
        segment=getattr(args, "segment", None),
        verify=getattr(args, "verify", False),
        delete_source=getattr(args, "delete_source", False),
    )
    try:
        source = fsspec.core.url_to_fs(settings.source)
        target = fsspec.core.url_to_fs(settings.target) if settings.target else (None, "")
        if not source[0].isdir(source[1]):
            print(f"{settings.source}: no such folder", file=sys.stderr)
            return 2
    except (ImportError, ValueError) as error:
        print(f"lmz.corpus: {error}", file=sys.stderr)
        return 2
    line = Line(args.quiet or not sys.stderr.isatty())
    try:
        # Ray prints of lost workers to standard output, which is for the summary.
        with contextlib.redirect_stdout(sys.stderr):
            totals = run_on_ray(settings, source, target, args, line)
    except KeyboardInterrupt:
        line.clear()
        print("interrupted; run the same command again to continue", file=sys.stderr)
        return 130
    except (OSError, ConnectionError) as error:
        line.clear()
        print(f"lmz.corpus: {error}", file=sys.stderr)
        return 1
    line.clear()
    for record in totals.failures:
        print(f"{record.name}: {record.error}", file=sys.stderr)
    report(totals, args)
    return 1 if totals.failed else 0


def run_on_ray(
    settings: Settings, source: Any, target: Any, args: argparse.Namespace, line: Line
) -> Totals:
    """Joins or starts a cluster, does what is to be done, and lets go of both cluster and manifest."""
    import ray

    from .run import run

    where = {"address": args.address} if args.address else {
        "address": "local", "num_cpus": args.workers, "include_dashboard": False,
    }
    manifest = Manifest(*target) if settings.target else None
    try:
        ray.init(log_to_driver=False, logging_level=logging.ERROR, **where)
        finished = Finished(manifest.read() if manifest else ())
        found = plan(source, target, finished, settings)
        return run(settings, found, manifest, retries=args.retries, show=line.show)
    finally:
        if manifest is not None:
            manifest.close()
        ray.shutdown()


def configure_ray(retries: int) -> None:
    """Settings that Ray reads from the environment, where that does not have them already."""
    # On a machine that stays short of memory, Ray would start tasks anew for ever.
    os.environ.setdefault("RAY_task_oom_retries", str(retries))
    # By default workers have a niceness of 15 and stand still beside anything else that computes.
    os.environ.setdefault("RAY_worker_niceness", "0")


def report(totals: Totals, args: argparse.Namespace) -> None:
    seconds = time.monotonic() - totals.began
    if args.json:
        summary = {k: v for k, v in asdict(totals).items() if k not in ("began", "failures", "listed")}
        print(json.dumps({**summary, "seconds": round(seconds, 3)}))
    elif not args.quiet:
        print(
            f"{totals.done} done, {totals.skipped} done before, {totals.failed} failed; "
            f"{size(totals.done_bytes)} to {size(totals.output_bytes)} in {seconds:.1f} s"
        )


def size(count: float) -> str:
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:.4g} TB"


class Line:
    """A line of progress on a terminal."""

    def __init__(self, quiet: bool) -> None:
        self._quiet = quiet
        self._shown = 0.0

    def show(self, totals: Totals) -> None:
        now = time.monotonic()
        if self._quiet or now - self._shown < 0.2:
            return
        self._shown = now
        rate = totals.done_bytes / max(now - totals.began, 1e-9)
        left = ""
        if totals.listed and rate:
            minutes, seconds = divmod(int((totals.bytes - totals.done_bytes) / rate), 60)
            left = f", {minutes // 60}:{minutes % 60:02}:{seconds:02} left"
        more = "" if totals.listed else "+"
        print(
            f"\r{totals.done + totals.failed}/{totals.files}{more} files, "
            f"{size(totals.done_bytes)} of {size(totals.bytes)}{more}, {size(rate)}/s{left}\x1b[K",
            end="",
            file=sys.stderr,
            flush=True,
        )

    def clear(self) -> None:
        if self._shown:
            print("\r\x1b[K", end="", file=sys.stderr)
