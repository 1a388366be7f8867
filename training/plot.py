#!/usr/bin/env python3
"""Draws the loss curve of one or more logs of train.py as SVG; needs nothing but Python.

    python plot.py RUN/log.csv ../models/loss.svg

One line per kind of audio: bits per token on held-out recordings. Dashed: what a table of bins
given the input token needs. Runs that followed each other are joined by their tokens, with a gap,
because their validation sets may differ.
"""

from __future__ import annotations

import argparse
import csv
import math
from pathlib import Path

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 720, 420, 56, 110, 28, 44
COLOURS = ("#1b6ca8", "#c8553d", "#3a7d44", "#8e5ea2", "#b8860b", "#444444", "#008b8b")

Curve = list[tuple[float, float]]


def by_kind(row: dict[str, str]) -> dict[str, float]:
    return {k: float(v) for k, v in (pair.split("=") for pair in row["kinds"].split())}


def read(logs: list[Path]) -> tuple[dict[str, list[Curve]], dict[str, float]]:
    """Kind -> its curve in each log, over millions of tokens; kind -> bits of the last table."""
    curves: dict[str, list[Curve]] = {}
    table: dict[str, float] = {}
    before = 0.0
    for log in logs:
        tokens = before
        for row in csv.DictReader(log.open(newline="")):
            if row["step"] == "table":
                table = by_kind(row)
                continue
            tokens = before + int(row["tokens"]) / 1e6
            for kind, bits in by_kind(row).items():
                lines = curves.setdefault(kind, [])
                lines.extend([] for _ in range(logs.index(log) + 1 - len(lines)))
                lines[-1].append((tokens, bits))
        before = tokens
    return curves, table


def ticks(low: float, high: float, about: int) -> list[float]:
    """Round numbers in between."""
    raw = (high - low) / about
    unit = 10 ** math.floor(math.log10(raw))
    step = next(m * unit for m in (1, 2, 5, 10) if m * unit >= raw)
    return [step * i for i in range(math.ceil(low / step), math.floor(high / step) + 1)]


def draw(curves: dict[str, list[Curve]], table: dict[str, float]) -> str:
    points = [p for lines in curves.values() for line in lines for p in line]
    right = max(t for t, _ in points)
    # A run from nothing starts at 5 bits, which would flatten what follows.
    seen = [b for t, b in points if t > right / 50] + list(table.values())
    low, high = min(seen) - 0.01, max(seen) + 0.01

    def x(tokens: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * tokens / right

    def y(bits: float) -> float:
        return TOP + (HEIGHT - TOP - BOTTOM) * (high - min(bits, high)) / (high - low)

    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        'font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        f'<text x="{LEFT}" y="16">bits per token, held-out recordings</text>',
        f'<text x="{WIDTH - RIGHT}" y="{HEIGHT - 8}" text-anchor="end">million tokens</text>',
    ]
    for bits in ticks(low, high, 6):
        out.append(f'<path d="M{LEFT} {y(bits):.1f}H{WIDTH - RIGHT}" stroke="#ddd"/>')
        out.append(f'<text x="{LEFT - 6}" y="{y(bits) + 4:.1f}" text-anchor="end">'
                   f"{bits:.2f}</text>")  # fmt: skip
    for tokens in ticks(0, right, 6):
        out.append(f'<text x="{x(tokens):.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">'
                   f"{tokens:g}</text>")  # fmt: skip
    ends = sorted((lines[-1][-1][1], kind) for kind, lines in curves.items())
    label = HEIGHT + 0.0
    for index, (end, kind) in enumerate(ends):
        colour = COLOURS[index % len(COLOURS)]
        for line in curves[kind]:
            path = "L".join(f"{x(t):.1f} {y(b):.1f}" for t, b in line)
            out.append(f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="1.6"/>')
        if kind in table:
            out.append(f'<path d="M{LEFT} {y(table[kind]):.1f}H{WIDTH - RIGHT}" '
                       f'stroke="{colour}" stroke-dasharray="2 4"/>')  # fmt: skip
        label = min(y(end) + 4, label - 13)  # labels of close curves must not overlap
        out.append(f'<text x="{WIDTH - RIGHT + 6}" y="{label:.1f}" fill="{colour}">'
                   f"{kind} {end:.3f}</text>")  # fmt: skip
    return "\n".join([*out, "</svg>"]) + "\n"


def main() -> None:
    args = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    args.add_argument("logs", type=Path, nargs="+", help="in the order of the runs")
    args.add_argument("out", type=Path)
    a = args.parse_args()
    a.out.write_text(draw(*read(a.logs)))


if __name__ == "__main__":
    main()
