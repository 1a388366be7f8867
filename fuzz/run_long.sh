#!/usr/bin/env bash
# Fuzzes every target in turn: run_long.sh [SECONDS per target and round] [ROUNDS] [TARGET...]
#
# Executions are added up in executions.csv in the folder of the build (target, executions, seconds,
# commit). Ends with an error at the first finding, whose input is then under fuzz/artifacts.
#
# LONGEST="wav=160 round_trip=60" sets other lengths of inputs than those below: with shorter ones,
# more executions in the same time.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

seconds=${1:-600} rounds=${2:-1}
targets=("${@:3}")
if [ ${#targets[@]} = 0 ]; then
    targets=(wav container fingerprint blocks structures segment floats round_trip range_coder density byte_model)
fi
# Bytes of an input. Small ones find more, because most targets take time proportional to it.
declare -A longest=([wav]=512 [container]=1024 [fingerprint]=400 [blocks]=2048 [structures]=2048 [segment]=400 [round_trip]=400
    [range_coder]=1000 [floats]=400 [density]=400 [byte_model]=300)
for setting in ${LONGEST:-}; do
    longest[${setting%=*}]=${setting#*=}
done
# libFuzzer needs `-C passes=sancov-module` and the like, which stable refuses. The sanitizer is off:
# the library has no unsafe code outside lm/llama/ffi.rs, which these targets do not contain.
toolchain=+nightly
rustup toolchain list 2>/dev/null | grep -q nightly || { toolchain=; export RUSTC_BOOTSTRAP=1; }

for target in wav container blocks structures "${targets[@]}"; do
    mkdir -p "corpus/$target"
done
cp ../fixtures/golden/{alaw,cut,mulaw,no-audio,no-frames,noise,opaque,pcm8,silence,square}.lmz \
    ../format-spec/examples/tiny.lmz corpus/blocks
cp ../fixtures/golden/{alaw,noise,pcm8,silence,square}.lmz ../fixtures/good/*.lmz corpus/structures
cp ../fixtures/golden/{no-audio,no-frames,silence}.lmz ../fixtures/good/*.lmz corpus/container
cp ../format-spec/examples/tiny.wav ../fixtures/wav/*.wav corpus/wav

cargo $toolchain fuzz build -s none
folder=${CARGO_TARGET_DIR:-target}
built=$(ls -d "$folder"/*/release | head -n 1)
log=$folder/executions.csv
commit=$(git rev-parse --short HEAD)
for ((round = 0; round < rounds; round++)); do
    for target in "${targets[@]}"; do
        output=$folder/$target.log
        mkdir -p "artifacts/$target"
        status=0
        nice -n "${NICENESS:-10}" "$built/$target" "corpus/$target" -artifact_prefix="artifacts/$target/" \
            -max_total_time="$seconds" -max_len="${longest[$target]}" -timeout=20 \
            -rss_limit_mb=2048 -print_final_stats=1 >"$output" 2>&1 || status=$?
        executions=$(sed -n 's/^stat::number_of_executed_units: *//p' "$output")
        echo "$target,${executions:-0},$seconds,$commit" >>"$log"
        if [ $status != 0 ]; then
            tail -n 40 "$output"
            echo "$target: a finding, see fuzz/artifacts/$target" >&2
            exit 1
        fi
    done
done
awk -F, '{n[$1] += $2; s[$1] += $3} END {for (t in n) print t ": " n[t] " executions in " s[t] " s"}' "$log"
