#!/usr/bin/env python3
"""Takes a chart out of a report of `lmz bench --html` as an SVG file of its own, for light and dark pages.

    lmz bench CORPUS --html report.html
    python3 scripts/chart.py report.html scatter docs/size-and-speed.svg

The charts are called scatter, totals, classes, files and parts; those of `--explain` curve, wave, gain and
parts. A headless Chromium (`chromium` on the PATH) draws the report, so that the picture is the report's own.
"""

import pathlib
import re
import subprocess
import sys

CHROMIUM = [
    "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
    "--window-size=900,2000", "--virtual-time-budget=5000", "--dump-dom",
]


def chart(page: str, name: str) -> str:
    """The SVG element that was drawn in the element called `name`."""
    found = re.search(rf'<div id="{re.escape(name)}">(<svg.*?</svg>)</div>', page, re.DOTALL)
    if not found:
        raise SystemExit(f"there is no chart {name} in this report")
    return found[1]


def standalone(svg: str, page: str) -> str:
    """`svg` with a name space, a background, and the colours and text styles of the page."""
    style = re.search(r"<style>(.*?)</style>", page, re.DOTALL)[1]
    wanted = (":root", "svg", "@media (prefers-color-scheme: dark)")
    rules = re.findall(r"^(?:@media[^{]*\{\n.*?\n\}|[^\n@][^{]*\{[^}]*\})", style, re.DOTALL | re.MULTILINE)
    kept = [rule for rule in rules if rule.startswith(wanted)]
    kept.append("svg { background: var(--card); font-family: system-ui, sans-serif; }")
    width, height = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', svg).groups()
    margin = 16
    box = f"{-margin} {-margin} {float(width) + 2 * margin} {float(height) + 2 * margin}"
    body = svg[svg.index(">") + 1 :].replace('tabindex="0" ', "")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{box}" role="img">\n'
        f"<style>{' '.join(kept)}</style>\n{body}\n"
    )


def main() -> None:
    if len(sys.argv) != 4:
        raise SystemExit(__doc__)
    report, name, out = sys.argv[1:]
    address = pathlib.Path(report).resolve().as_uri()
    page = subprocess.run([*CHROMIUM, address], check=True, capture_output=True, text=True).stdout
    pathlib.Path(out).write_text(standalone(chart(page, name), page), encoding="utf-8")


if __name__ == "__main__":
    main()
