#!/usr/bin/env python3
"""Decodes lmz files, slowly, with nothing but Python 3.

    lmz_decode.py [--model FILE.gguf]... FILE.lmz OUT.wav      decode
    lmz_decode.py [--model FILE.gguf]... --check FILE.lmz...   decode and check, one line per file

Models are found by their hash, among the files given and in the folder models/ beside this one's.
Exit codes: 0 decoded, 2 wrong use, 3 damaged, 4 unsupported, 5 sound but in need of a language model that
is not at hand, or of llama.cpp. With --check, the largest of them.
"""

import sys
import time

from lmzdec.blake3 import blake3
from lmzdec.container import decode
from lmzdec.errors import Refused
from lmzdec.models import Models


def check(path, models):
    """Prints the verdict on one file; returns its exit code."""
    start = time.monotonic()
    with open(path, "rb") as file:
        data = file.read()
    try:
        original, word = decode(data, models)
    except Refused as refused:
        print(f"{path}: {refused.verdict}: {refused}")
        return refused.exit_code
    print(f"{path}: ok: {blake3(original).hex()} {word}, {time.monotonic() - start:.1f} s")
    return 0


def write(path, out, models):
    with open(path, "rb") as file:
        data = file.read()
    try:
        original, _ = decode(data, models)
    except Refused as refused:
        print(f"{path}: {refused.verdict}: {refused}", file=sys.stderr)
        return refused.exit_code
    with open(out, "wb") as file:
        file.write(original)
    return 0


def main(arguments):
    files = []
    while arguments[:1] == ["--model"] and len(arguments) > 1:
        files.append(arguments[1])
        arguments = arguments[2:]
    models = Models(files)
    if arguments[:1] == ["--check"] and len(arguments) > 1:
        return max(check(path, models) for path in arguments[1:])
    if len(arguments) == 2 and not arguments[0].startswith("--"):
        return write(*arguments, models)
    print(__doc__, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
