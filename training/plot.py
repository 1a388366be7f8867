#!/usr/bin/env python3
"""Draws the curve of a log of train.py as SVG; needs nothing but Python.

    python plot.py RUN/log.csv ../models/loss.svg

One line per kind of audio: bits per token that the model saves on held-out recordings, of those
that the codec alone pays.
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


def read(log: Path) -> dict[str, Curve]:
    """Kind -> bits saved over millions of tokens."""
    with log.open(newline="") as file:
        codec, *rows = csv.DictReader(file)
    curves: dict[str, Curve] = {}
    for row in rows:
        for kind, bits in by_kind(row).items():
            point = int(row["tokens"]) / 1e6, by_kind(codec)[kind] - bits
            curves.setdefault(kind, []).append(point)
    return curves


def ticks(low: float, high: float, about: int) -> list[float]:
    """Round numbers in between."""
    raw = (high - low) / about
    unit = 10 ** math.floor(math.log10(raw))
    step = next(m * unit for m in (1, 2, 5, 10) if m * unit >= raw)
    return [step * i for i in range(math.ceil(low / step), math.floor(high / step) + 1)]


def frame(title: str, below: str = "", at: int = 16) -> list[str]:
    """An empty chart: its title at the height `at`, and what the horizontal axis is."""
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        'font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        f'<text x="{LEFT}" y="{at}">{title}</text>',
    ]
    if below:
        out.append(f'<text x="{WIDTH - RIGHT}" y="{HEIGHT - 8}" text-anchor="end">{below}</text>')
    return out


def level(y: float, label: str, gap: int = 8) -> list[str]:
    """A line across the chart, with its label left of it."""
    return [
        f'<path d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}" stroke="#ddd"/>',
        f'<text x="{LEFT - gap}" y="{y + 4:.1f}" text-anchor="end">{label}</text>',
    ]


def draw(curves: dict[str, Curve]) -> str:
    points = [point for curve in curves.values() for point in curve]
    right = max(tokens for tokens, _ in points)
    low, high = min(0, *(bits for _, bits in points)), max(bits for _, bits in points)

    def x(tokens: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * tokens / right

    def y(bits: float) -> float:
        return TOP + (HEIGHT - TOP - BOTTOM) * (high - bits) / (high - low)

    out = frame("bits saved per token, held-out recordings", "million tokens")
    for bits in ticks(low, high, 6):
        out += level(y(bits), f"{bits:.2f}", gap=6)
    for tokens in ticks(0, right, 6):
        out.append(f'<text x="{x(tokens):.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">'
                   f"{tokens:g}</text>")  # fmt: skip
    label = HEIGHT + 0.0
    for index, (kind, curve) in enumerate(sorted(curves.items(), key=lambda c: c[1][-1][1])):
        colour, end = COLOURS[index % len(COLOURS)], curve[-1][1]
        path = "L".join(f"{x(tokens):.1f} {y(bits):.1f}" for tokens, bits in curve)
        out.append(f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="1.6"/>')
        label = min(y(end) + 4, label - 13)  # labels of close curves must not overlap
        out.append(f'<text x="{WIDTH - RIGHT + 6}" y="{label:.1f}" fill="{colour}">'
                   f"{kind} {end:.3f}</text>")  # fmt: skip
    return "\n".join([*out, "</svg>"]) + "\n"


def main() -> None:
    args = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    args.add_argument("log", type=Path)
    args.add_argument("out", type=Path)
    a = args.parse_args()
    a.out.write_text(draw(read(a.log)))


if __name__ == "__main__":
    main()
