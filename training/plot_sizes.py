#!/usr/bin/env python3
"""Draws what models of several sizes save, with a fitted line, from a table of ablation.sh.

    python plot_sizes.py table.md sizes.svg

Each line is fitted to the bits saved over the logarithm of the parameters, for models that have read
the same number of tokens. Prints them, and what they say of 100 million parameters: an extrapolation.
"""

from __future__ import annotations

import argparse
import math
from pathlib import Path

from plot import BOTTOM, COLOURS, HEIGHT, LEFT, RIGHT, TOP, WIDTH, frame, level, ticks

Points = list[tuple[int, float]]  # parameters, bits saved
Line = tuple[float, float]  # intercept, slope


def read(table: Path) -> dict[int, Points]:
    """Rows named `size-`, by millions of tokens."""
    rows = [[cell.strip() for cell in line.split("|")] for line in table.read_text().splitlines()]
    groups: dict[int, Points] = {}
    for row in rows:
        if row[1:2] and row[1].startswith("size-"):
            groups.setdefault(int(row[3]), []).append((int(row[2]), float(row[4])))
    return {tokens: sorted(points) for tokens, points in sorted(groups.items())}


def fit(points: Points) -> Line:
    """Intercept and slope over log10 of the parameters (least squares)."""
    x, y = [math.log10(p) for p, _ in points], [bits for _, bits in points]
    mean_x, mean_y = sum(x) / len(x), sum(y) / len(y)
    slope = sum((a - mean_x) * (b - mean_y) for a, b in zip(x, y, strict=True))
    slope /= sum((a - mean_x) ** 2 for a in x)
    return mean_y - slope * mean_x, slope


def draw(groups: dict[int, Points], lines: dict[int, Line]) -> str:
    every = [point for points in groups.values() for point in points]
    low, high = math.floor(math.log10(min(p for p, _ in every)) * 2) / 2, 8.0
    last = [intercept + slope * high for intercept, slope in lines.values()]
    top = max(*(bits for _, bits in every), *last) * 1.1

    def x(decades: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * (decades - low) / (high - low)

    def y(bits: float) -> float:
        return TOP + (HEIGHT - TOP - BOTTOM) * (1 - bits / top)

    out = frame("Bits per token saved on held-out recordings, by size of the model", at=18)
    for bits in ticks(0, top, 6):
        out += level(y(bits), f"{bits:.3g}")
    for decades in range(math.ceil(low), 9):
        at = f'x="{x(decades):.1f}" y="{HEIGHT - BOTTOM + 18}"'
        out.append(f'<text {at} text-anchor="middle">{10 ** (decades - 6):g} M</text>')
    for (tokens, points), colour in zip(groups.items(), COLOURS, strict=False):
        intercept, slope = lines[tokens]
        ends = [(d, max(intercept + slope * d, 0)) for d in (low, high)]
        line = "L".join(f"{x(d):.1f} {y(bits):.1f}" for d, bits in ends)
        out.append(f'<path d="M{line}" stroke="{colour}" fill="none" stroke-dasharray="5 4"/>')
        at = f'x="{x(high) + 6:.1f}" y="{y(ends[1][1]) + 4:.1f}"'
        out.append(f'<text {at} fill="{colour}">{tokens} M tokens</text>')
        for parameters, bits in points:
            place = f'cx="{x(math.log10(parameters)):.1f}" cy="{y(bits):.1f}"'
            out.append(f'<circle {place} r="4" fill="{colour}"/>')
    return "\n".join([*out, "</svg>", ""])


def main() -> None:
    args = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    args.add_argument("table", type=Path)
    args.add_argument("out", type=Path)
    a = args.parse_args()
    groups = {tokens: points for tokens, points in read(a.table).items() if len(points) > 1}
    lines = {tokens: fit(points) for tokens, points in groups.items()}
    a.out.write_text(draw(groups, lines))
    for tokens, (intercept, slope) in lines.items():
        print(f"{tokens} million tokens: bits saved = {intercept:.4f} + {slope:.4f} log10(parameters); "
              f"{intercept + 8 * slope:.4f} at 100 million")  # fmt: skip


if __name__ == "__main__":
    main()
