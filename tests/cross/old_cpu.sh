#!/usr/bin/env bash
# What lmz does on a processor that llama.cpp was not compiled for: old_cpu.sh PATH_OF_LMZ
#
# Needs qemu-x86_64 (package qemu-user) and an lmz with the feature `llama`, built for x86-64.
set -euo pipefail
lmz=$(realpath "$1")
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
wav=format-spec/examples/tiny.wav

refused() {
    local status=0
    qemu-x86_64 -cpu "$cpu" "$lmz" "$@" >"$work/said" 2>&1 || status=$?
    # 132 would be the illegal instruction.
    if [ $status = 0 ] || [ $status -ge 128 ] || ! grep -q 'needs a processor with' "$work/said"; then
        echo "$cpu: $*: status $status"
        cat "$work/said"
        exit 1
    fi
    if [ -e "$work/out" ]; then echo "$cpu: $*: an output was left"; exit 1; fi
}

"$lmz" compress "$wav" -o "$work/native" --lm off
for cpu in Nehalem Haswell-noTSX,-f16c,-bmi2; do
    refused compress "$wav" -o "$work/out" --engine llama.cpp --lm on
    qemu-x86_64 -cpu "$cpu" "$lmz" decompress fixtures/lm/song.lmz -o "$work/song.wav"
    cmp fixtures/lm/song.wav "$work/song.wav"
    rm "$work/song.wav"
    qemu-x86_64 -cpu "$cpu" "$lmz" compress "$wav" -o "$work/emulated" --lm off
    cmp "$work/native" "$work/emulated"
    rm "$work/emulated"
    echo "$cpu: refused, and --lm off writes the same bytes"
done
