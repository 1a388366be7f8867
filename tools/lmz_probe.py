#!/usr/bin/env python3
"""Runs a model in the exact engine and prints its test vectors (format-spec/exact-engine.md, §9).

    lmz_probe.py MODEL.gguf STEPS...

One line for each number of steps, in ascending order. Exit codes: 0, 2 wrong use, 5 a model that the
engine does not run.
"""

import sys

from lmzdec.blake3 import blake3
from lmzdec.errors import Refused
from lmzdec.exact_engine import START, ExactEngine
from lmzdec.exact_model import FEATURES, ExactModel


def vectors(data, counts):
    """Number of steps and vector, for each number of steps."""
    engine = ExactEngine(ExactModel(data))
    logits = engine.step(START).tobytes()
    for step in range(1, max(counts) + 1):
        if step in counts:
            yield step, blake3(logits)[:16].hex()
        if step == max(counts):
            return
        told = [(37 * step + 11 * i) % 255 - 127 for i in range(FEATURES)]
        logits += engine.step(13 * step % 32, told).tobytes()


def main(arguments):
    if len(arguments) < 2 or not all(a.isdecimal() and int(a) > 0 for a in arguments[1:]):
        print(__doc__, file=sys.stderr)
        return 2
    with open(arguments[0], "rb") as file:
        data = file.read()
    try:
        for steps, vector in vectors(data, set(map(int, arguments[1:]))):
            print(steps, vector, flush=True)
    except Refused as refused:
        print(f"{arguments[0]}: {refused}", file=sys.stderr)
        return refused.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
