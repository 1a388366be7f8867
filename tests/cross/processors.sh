#!/usr/bin/env bash
# The same files from x86-64 processors of three generations: processors.sh PATH_OF_LMZ
#
# Needs qemu-x86_64 (package qemu-user) and a release build of lmz for x86-64; llama.cpp is not needed. Files are
# written and read at all levels, with the embedded model and without, natively and under each processor. About a quarter of an hour.
set -euo pipefail
lmz=$(realpath "$1")
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# SSE2 alone would be the baseline of x86-64; Nehalem has SSE4.2, Haswell AVX2, and max whatever qemu emulates.
for cpu in Nehalem Haswell max; do
    emulated() { qemu-x86_64 -cpu "$cpu" "$lmz" "$@" 2>/dev/null; }
    for wav in fixtures/wav/mulaw_fact.wav format-spec/examples/tiny.wav; do
        for options in "--fast --lm off" "--lm off" "--best --lm off" "--fast --lm on" "--lm on"; do
            # shellcheck disable=SC2086 # several options
            "$lmz" compress -qf $options "$wav" -o "$work/native.lmz"
            # shellcheck disable=SC2086
            emulated compress -qf $options "$wav" -o "$work/emulated.lmz"
            cmp "$work/native.lmz" "$work/emulated.lmz" || { echo "$cpu: $wav $options"; exit 1; }
            emulated decompress -qf "$work/native.lmz" -o "$work/back.wav"
            cmp "$wav" "$work/back.wav"
        done
    done
    echo "$cpu: the same bytes both ways"
done
