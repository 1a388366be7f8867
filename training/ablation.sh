#!/bin/sh
# Trains small models that lack an input, or have another size or window, on the same tokens, and
# prints a table of what each saves on the validation set.
#
#     ./ablation.sh TOKENS RUNS > table.md
#
# Two hours on one core; a run that is there already is not repeated.
set -eu
tokens=$1 runs=$2
export OMP_WAIT_POLICY=PASSIVE GOMP_SPINCOUNT=0

# try NAME MILLIONS OPTIONS…
try() {
    name=$1 millions=$2
    shift 2
    log=$runs/$name/log.csv
    if ! [ -e "$runs/$name/done" ]; then
        rm -rf "${runs:?}/$name"
        python3 train.py --tokens "$tokens" --run "$runs/$name" --max-tokens "${millions}e6" \
            --threads 1 --bf16 --compile --validate-every 100000 "$@" > "$runs/$name.txt"
        touch "$runs/$name/done"
    fi
    parameters=$(sed -n 's/.*: \([0-9]*\) parameters.*/\1/p' "$runs/$name.txt")
    awk -F, -v name="$name" -v millions="$millions" -v parameters="$parameters" '
        $1 == "codec" { codec = $6 } { last = $6 }
        END { printf "| %s | %s | %d | %.4f | %.2f %% |\n", name, parameters, millions, codec - last,
              100 * (codec - last) / codec }' "$log"
}

mkdir -p "$runs"
echo "| Model | Parameters | Million tokens | Bits per token saved | of the decisions' cost |"
echo "|---|---|---|---|---|"
try size-0.1M 3 --layers 1 --width 96 --ffn 256
try size-0.5M 3
# Fed nothing, a model is a static calibration.
try static 3 --layers 1 --width 96 --ffn 256 --mute 0 42 --mute-bin
try only-the-last-bin 3 --mute 0 42
try without-locations 3 --mute 0 7
try without-scales 3 --mute 8 24
try without-errors 3 --mute 25 29
try without-values 3 --mute 30 36
try without-slopes 3 --mute 37 41
try window-32 3 --window 32 --batch 256
try layers-1 3 --layers 1
try layers-2 3 --layers 2
try layers-4 3 --layers 4
try size-1.1M 3 --width 192 --ffn 576
try size-2.7M 3 --layers 4 --width 256 --ffn 768 --heads 4
try size-5.2M 3 --layers 6 --width 256 --ffn 1024 --heads 4
# What twice the tokens bring to a small and to a large one.
try size-0.5M-6 6
try size-2.7M-6 6 --layers 4 --width 256 --ffn 768 --heads 4
