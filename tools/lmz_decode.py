#!/usr/bin/env python3
"""Decodes lmz files that need no language model, slowly, with nothing but Python 3.

    lmz_decode.py FILE.lmz OUT.wav      decode
    lmz_decode.py --check FILE.lmz...   decode and check, one line per file, write nothing

Exit codes: 0 decoded, 2 wrong use, 3 damaged, 4 unsupported, 5 sound but in need of a language
model. With --check, the largest of them.
"""

import sys
import time

from lmzdec.blake3 import blake3
from lmzdec.container import decode
from lmzdec.errors import Refused


def check(path):
    """Prints the verdict on one file; returns its exit code."""
    start = time.monotonic()
    with open(path, "rb") as file:
        data = file.read()
    try:
        original, word = decode(data)
    except Refused as refused:
        print(f"{path}: {refused.verdict}: {refused}")
        return refused.exit_code
    print(f"{path}: ok: {blake3(original).hex()} {word}, {time.monotonic() - start:.1f} s")
    return 0


def write(path, out):
    with open(path, "rb") as file:
        data = file.read()
    try:
        original, _ = decode(data)
    except Refused as refused:
        print(f"{path}: {refused.verdict}: {refused}", file=sys.stderr)
        return refused.exit_code
    with open(out, "wb") as file:
        file.write(original)
    return 0


def main(arguments):
    if arguments[:1] == ["--check"] and len(arguments) > 1:
        return max(map(check, arguments[1:]))
    if len(arguments) == 2:
        return write(*arguments)
    print(__doc__, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
