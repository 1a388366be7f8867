#!/bin/sh
# Trains models of several shapes from scratch on the same tokens, in the same way, and exports them.
#
#     ./shapes.sh TOKENS RUNS [MILLIONS]
#
# An hour on one core for 16 million tokens; a run that is there already is not repeated.
set -eu
tokens=$1 runs=$2 millions=${3:-16}
export OMP_NUM_THREADS=1 OMP_WAIT_POLICY=PASSIVE GOMP_SPINCOUNT=0

# try NAME OPTIONS…
try() {
    name=$1
    shift
    [ -e "$runs/$name.gguf" ] && return
    rm -rf "${runs:?}/$name"
    python3 train.py --tokens "$tokens" --run "$runs/$name" --max-tokens "${millions}e6" \
        --threads 1 --bf16 --compile --muon 3 --validate-every 100000 "$@" > "$runs/$name.txt"
    python3 export.py "$runs/$name/checkpoint.pt" "$runs/$name.gguf" --name "$name"
}

mkdir -p "$runs"
try 3x192-576 --layers 3 --width 192 --ffn 576
try 2x128-384 --layers 2 --width 128 --ffn 384
try 1x96-256 --layers 1 --width 96 --ffn 256
try 3x128-384 --layers 3 --width 128 --ffn 384
try 2x192-576 --layers 2 --width 192 --ffn 576
try 1x192-576 --layers 1 --width 192 --ffn 576
