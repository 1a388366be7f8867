#!/usr/bin/env python3
"""Draws what models of several shapes save on unseen sources over their speed.

    python plot_shapes.py table.md shapes.svg

Reads the table of README.md or one like it: rows with the columns "Shape", "one sequence" (tokens/s) and those
of SERIES. Models with other training, marked by parentheses round their name, are drawn hollow.
"""

from __future__ import annotations

import argparse
import math
from pathlib import Path

from plot import BOTTOM, COLOURS, HEIGHT, LEFT, RIGHT, TOP, WIDTH, frame, level, ticks

SERIES = {"speech": "speech, unseen", "all": "all kinds, unseen", "known speech": "speech, known"}


def read(table: Path) -> list[dict[str, str]]:
    """Rows of the first table that has the columns, by column."""
    header: list[str] = []
    rows = []
    for line in table.read_text().splitlines():
        cells = [cell.strip(" *") for cell in line.strip().strip("|").split("|")]
        if cells[0] == "Shape" and "one sequence" in cells:
            header = cells
        elif header and len(cells) != len(header):
            break
        elif header and not cells[0].startswith("---"):
            rows.append(dict(zip(header, cells, strict=True)))
    return rows


def draw(rows: list[dict[str, str]]) -> str:
    speeds = [float(row["one sequence"].replace(",", "")) for row in rows]
    bits = {name: [float(row[name].replace("−", "-") or "nan") for row in rows] for name in SERIES}
    every = [b for series in bits.values() for b in series if not math.isnan(b)]
    low, high = math.log2(min(speeds)) - 0.2, math.log2(max(speeds)) + 0.2
    bottom, top = min(0.0, *every) - 0.008, 1.1 * max(every)

    def x(speed: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * (math.log2(speed) - low) / (high - low)

    def y(value: float) -> float:
        return TOP + (HEIGHT - TOP - BOTTOM) * (top - value) / (top - bottom)

    title = "Bits per token saved on unseen sources, by speed of the exact engine"
    out = frame(title, "tokens per second, one sequence")
    for value in ticks(bottom, top, 6):
        out += level(y(value), f"{value:.3g}")
    for power in range(math.ceil(low), math.floor(high) + 1):
        speed = 2**power
        out.append(f'<text x="{x(speed):.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">'
                   f"{speed:,}</text>")  # fmt: skip
    for number, (name, colour) in enumerate(zip(SERIES, COLOURS, strict=False)):
        for row, speed, value in zip(rows, speeds, bits[name], strict=True):
            if math.isnan(value):
                continue
            hollow = row["Shape"].startswith("(")
            fill = "white" if hollow else colour
            at = f'cx="{x(speed):.1f}" cy="{y(value):.1f}"'
            out.append(f'<circle {at} r="4" fill="{fill}" stroke="{colour}"/>')
            if hollow:
                at = f'x="{x(speed) + 8:.1f}" y="{y(value) + (4, 4, -6)[number]:.1f}" font-size="10"'
                out.append(f'<text {at} fill="{colour}">{row["Shape"].strip("()")}</text>')
        at = f'x="{WIDTH - RIGHT + 6}" y="{TOP + 16 * (number + 1)}"'
        out.append(f'<text {at} fill="{colour}">{SERIES[name]}</text>')
    shapes = sorted((s, row["Shape"]) for s, row in zip(speeds, rows, strict=True) if row["Shape"][0] != "(")
    for number, (speed, shape) in enumerate(shapes):  # in two lines, as some are close
        at = f'x="{x(speed):.1f}" y="{HEIGHT - BOTTOM - 4 - 12 * (number % 2)}" font-size="10"'
        out.append(f'<text {at} text-anchor="middle">{shape.split("/")[0]}</text>')
    return "\n".join([*out, "</svg>", ""])


def main() -> None:
    args = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    args.add_argument("table", type=Path)
    args.add_argument("out", type=Path)
    a = args.parse_args()
    a.out.write_text(draw(read(a.table)))


if __name__ == "__main__":
    main()
