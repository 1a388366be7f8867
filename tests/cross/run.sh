#!/bin/sh
# Builds lmz without the language model for several processors and checks that each of them
# writes the golden files byte for byte and reads them back. See docs/portability.md.
#
#   tests/cross/run.sh [VARIANT ...]
#
# Variants are x86-64, x86-64-v3 and aarch64; without arguments, the two x86-64 ones. aarch64
# needs the Rust target aarch64-unknown-linux-gnu, a C cross compiler (aarch64-linux-gnu-gcc)
# and, on other machines, qemu-aarch64. PROFILE (default: release) names the cargo profile.
set -eu

cd "$(dirname "$0")/../.."
[ $# -gt 0 ] || set -- x86-64 x86-64-v3
profile=${PROFILE:-release}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
trap 'exit 130' INT TERM

# The originals come from code (tests/support/golden.rs); one build of any kind writes them.
LMZ_GOLDEN_WAVS="$scratch/originals" cargo test --quiet --locked --no-default-features \
    --test format -- --ignored write_the_originals >/dev/null

# build VARIANT: leaves the command that runs the program in $lmz.
build() {
    export CARGO_TARGET_DIR="$scratch/target"
    case $1 in
    aarch64)
        target=aarch64-unknown-linux-gnu
        flags=
        run=
        export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc
        [ "$(uname -m)" = aarch64 ] || run="qemu-aarch64 -L /usr/aarch64-linux-gnu"
        ;;
    *)
        target=x86_64-unknown-linux-gnu
        flags="-C target-cpu=$1"
        run=
        ;;
    esac
    RUSTFLAGS=$flags cargo build --quiet --locked --no-default-features --features cli --bin lmz \
        --profile "$profile" --target "$target"
    output=$profile
    [ "$profile" != dev ] || output=debug
    cp "$scratch/target/$target/$output/lmz" "$scratch/lmz-$1"
    rm -rf "$scratch/target"
    lmz="$run $scratch/lmz-$1"
}

failed=0
for variant; do
    build "$variant"
    compared=0
    for original in "$scratch/originals"/*.wav; do
        name=$(basename "$original" .wav)
        arguments=$(cat "${original%.wav}.arguments")
        # $lmz and $arguments are lists of words.
        $lmz compress -q -f $arguments "$original" -o "$scratch/out.lmz"
        $lmz decompress -q -f "fixtures/golden/$name.lmz" -o "$scratch/out.wav"
        if ! cmp -s "$scratch/out.lmz" "fixtures/golden/$name.lmz"; then
            echo "$variant: $name.lmz differs" >&2
            failed=1
        fi
        if ! cmp -s "$scratch/out.wav" "$original"; then
            echo "$variant: $name.wav differs" >&2
            failed=1
        fi
        compared=$((compared + 1))
    done
    echo "$variant ($profile): $compared golden files compared"
done
exit $failed
