#!/usr/bin/env python3
"""Writes a WAV file of SECONDS seconds to standard output, without end marks of a pipe's kind.

    generate.py SECONDS [--rate HZ] [--channels N] [--bits 8|16|32|64] [--kind tone|silence] [--rf64]

A tone with a slow vibrato and a little noise, from tables, so that generating is no bottleneck.
Without --rf64 the sizes are left open (0xFFFFFFFF), as a recorder into a pipe leaves them.
"""

import argparse
import array
import math
import random
import struct
import sys


def parse():
    p = argparse.ArgumentParser()
    p.add_argument("seconds", type=int)
    p.add_argument("--rate", type=int, default=8000)
    p.add_argument("--channels", type=int, default=1)
    p.add_argument("--bits", type=int, choices=[8, 16, 32, 64], default=16,
                   help="64 is float, and silence only")
    p.add_argument("--kind", choices=["tone", "silence"], default="tone")
    p.add_argument("--rf64", action="store_true")
    a = p.parse_args()
    if a.bits == 64 and a.kind != "silence":
        p.error("--bits 64 is for --kind silence only")
    return a


def header(a, data):
    width = a.bits // 8
    tag = 3 if a.bits == 64 else 1
    fmt = struct.pack("<HHIIHH", tag, a.channels, a.rate, a.rate * a.channels * width,
                      a.channels * width, a.bits)
    if a.rf64:
        frames = data // (a.channels * width)
        ds64 = struct.pack("<QQQI", data + 72, data, frames, 0)
        start = b"RF64\xff\xff\xff\xffWAVE" + b"ds64" + struct.pack("<I", len(ds64)) + ds64
    else:
        start = b"RIFF\xff\xff\xff\xffWAVE"
    return start + b"fmt " + struct.pack("<I", len(fmt)) + fmt + b"data\xff\xff\xff\xff"


def second(a, number):
    """One of 16 different seconds, as bytes."""
    count = a.rate * a.channels
    if a.kind == "silence":
        return bytes([0x80 if a.bits == 8 else 0]) * (count * a.bits // 8)
    noise = random.Random(number)
    scale = {8: 60, 16: 9000, 32: 500_000_000}[a.bits]
    step = 2 * math.pi * (220 + 10 * number) / a.rate
    wave = (scale * math.sin(step * (i // a.channels)) + noise.uniform(-1, 1) * scale / 300
            for i in range(count))
    if a.bits == 8:
        return bytes(int(v) + 128 for v in wave)
    out = array.array({16: "h", 32: "i"}[a.bits], (int(v) for v in wave))
    if sys.byteorder == "big":
        out.byteswap()
    return out.tobytes()


def main():
    a = parse()
    out = sys.stdout.buffer
    out.write(header(a, a.seconds * a.rate * a.channels * a.bits // 8))
    tables = [second(a, n) for n in range(16)]
    # An order that does not repeat, so that no two segments are alike.
    order = random.Random(1)
    for _ in range(a.seconds):
        out.write(order.choice(tables))


main()
