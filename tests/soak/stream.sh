#!/usr/bin/env bash
# Hours of audio through pipes: compressed from standard input to standard output with --fast, and
# decoded on the way. Writes the resident memory of lmz over time as CSV and fails if it grows.
#
#   tests/soak/stream.sh [HOURS] [RATE] [CHANNELS] > memory.csv        (24 hours, 8000 Hz, mono)
#
# LMZ names the program; without it, a release build is made.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

hours=${1:-24} rate=${2:-8000} channels=${3:-1}
if [ -z "${LMZ:-}" ]; then
    cargo build --release --locked --no-default-features --features cli >&2
    LMZ=target/release/lmz
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkfifo "$work/in" "$work/coded" "$work/tapped"

# The compressed stream is decoded as it comes; nothing is stored.
seconds=$((hours * 3600))
python3 tests/soak/generate.py "$seconds" --rate "$rate" --channels "$channels" \
    | tee >(b2sum > "$work/original") > "$work/in" &
"$LMZ" compress -q --fast - -o - < "$work/in" > "$work/coded" &
encoder=$!
tee >(wc -c > "$work/bytes") < "$work/coded" > "$work/tapped" &
"$LMZ" decompress -q - -o - < "$work/tapped" | b2sum > "$work/restored" &

resident() { awk '/^VmRSS/ {print $2}' "/proc/$1/status" 2>/dev/null || true; }
echo "elapsed_s,encoder_rss_kb"
start=$SECONDS early=0 last=0
while kill -0 "$encoder" 2>/dev/null; do
    now=$(resident "$encoder")
    if [ -n "$now" ]; then
        echo "$((SECONDS - start)),$now"
        last=$now
        [ $((SECONDS - start)) -gt 60 ] || early=$(( now > early ? now : early ))
    fi
    sleep 10
done
wait
echo "$hours hours in $((SECONDS - start)) s; $(cat "$work/bytes") bytes;" \
    "largest in the first minute $early kB, at the end $last kB" >&2
cmp "$work/original" "$work/restored" || { echo "the restored stream differs" >&2; exit 1; }
[ "$last" -le $((early + early / 4)) ] || { echo "memory grows" >&2; exit 1; }
