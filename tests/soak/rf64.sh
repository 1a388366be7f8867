#!/usr/bin/env bash
# An RF64 file of more than 4 GiB, there and back through pipes, and a part from behind 4 GiB.
#
#   tests/soak/rf64.sh [SECONDS]            (4400 s of 32-bit stereo at 125 kHz: 4.4 GB of silence)
#
# LMZ names the program; without it, a release build is made.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

seconds=${1:-4400}
if [ -z "${LMZ:-}" ]; then
    cargo build --release --locked --no-default-features >&2
    LMZ=target/release/lmz
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
generate() {
    python3 tests/soak/generate.py "$seconds" --rate 125000 --channels 2 --bits 32 --kind silence --rf64
}
original=$(generate | b2sum)
bytes=$(generate | wc -c)
[ "$bytes" -gt $((1 << 32)) ] || echo "only $bytes bytes: not beyond 4 GiB" >&2
generate | "$LMZ" compress -q --fast - -o "$work/long.lmz"
restored=$("$LMZ" decompress -q "$work/long.lmz" -o - | b2sum)
[ "$original" = "$restored" ] || { echo "the restored file differs" >&2; exit 1; }
"$LMZ" decompress -q "$work/long.lmz" --from $((seconds - 2)) -o "$work/part.wav"
expected=$((44 + 2 * 125000 * 8))
[ "$(stat -c %s "$work/part.wav")" = "$expected" ] || { echo "the part is wrong" >&2; exit 1; }
echo "$bytes bytes -> $(stat -c %s "$work/long.lmz") bytes, and back: the same"
