#!/usr/bin/env bash
# An RF64 file of more than 4 GiB, there and back through pipes, and a part from behind 4 GiB.
#
#   tests/soak/rf64.sh [SECONDS]       (2200 s of 64-bit stereo at 125 kHz: 4.4 GB of silence)
#
# Wide samples, because time goes with their number. Says how much memory each step needed at most.
# LMZ names the program; without it, a release build is made.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

seconds=${1:-2200}
if [ -z "${LMZ:-}" ]; then
    cargo build --release --locked --no-default-features --features cli >&2
    LMZ=target/release/lmz
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
generate() {
    python3 tests/soak/generate.py "$seconds" --rate 125000 --channels 2 --bits 64 --kind silence --rf64
}
# Runs a command and appends its peak of resident memory to $work/peaks.
measured() {
    python3 -c 'import resource, subprocess, sys
status = subprocess.call(sys.argv[2:])
with open(sys.argv[1], "a") as peaks:
    print(sys.argv[3], resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, "kB", file=peaks)
sys.exit(status)' "$work/peaks" "$@"
}
original=$(generate | b2sum)
bytes=$(generate | wc -c)
[ "$bytes" -gt $((1 << 32)) ] || echo "only $bytes bytes: not beyond 4 GiB" >&2
generate | measured "$LMZ" compress -q --fast --portable - -o "$work/long.lmz"
restored=$(measured "$LMZ" decompress -q "$work/long.lmz" -o - | b2sum)
[ "$original" = "$restored" ] || { echo "the restored file differs" >&2; exit 1; }
measured "$LMZ" decompress -q "$work/long.lmz" --from $((seconds - 2)) -o "$work/part.wav"
# Behind the header of a float file and its `fact` chunk.
python3 - "$work/part.wav" $((2 * 125000 * 16)) <<'CHECK'
import sys
part, length = open(sys.argv[1], "rb").read(), int(sys.argv[2])
at = part.index(b"data") + 8
sys.exit(0 if part[at:] == bytes(length) else "the part is wrong")
CHECK
echo "$bytes bytes -> $(stat -c %s "$work/long.lmz") bytes in $SECONDS s, and back: the same; peaks of memory:"
cat "$work/peaks"
