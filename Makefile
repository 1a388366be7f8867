# The two commands to know are `make demo` and `make test`. Both install what is missing.

PACKAGES := build-essential cmake clang libclang-dev pkg-config python3
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)
CARGO ?= cargo
SONG := fixtures/wav/guitar_stereo.wav

.PHONY: demo test ci deps fixtures pinned python python-test

# Compresses a recording with the embedded model, restores it and compares. The build without llama.cpp is
# enough for that.
demo:
	@command -v $(CARGO) >/dev/null || { echo "cargo is missing: see https://rustup.rs"; exit 1; }
	$(CARGO) build --release --locked --no-default-features --features cli
	@set -e; work=$$(mktemp -d); trap 'rm -rf "$$work"' EXIT; set -x; \
	target/release/lmz compress --lm on $(SONG) -o "$$work/song.lmz"; \
	target/release/lmz decompress "$$work/song.lmz" -o "$$work/song.wav"; \
	cmp $(SONG) "$$work/song.wav"; \
	target/release/lmz info -v "$$work/song.lmz"; \
	{ set +x; } 2>/dev/null; echo "The restored file is the original, byte for byte."; \
	size() { printf '%-10s %9d bytes\n' "$$1" "$$(wc -c <"$$2")"; }; \
	size WAV $(SONG); \
	if command -v flac >/dev/null; then \
	    flac --silent -8 -o "$$work/song.flac" $(SONG); size "flac -8" "$$work/song.flac"; \
	else echo "(flac is not installed: no comparison)"; fi; \
	size lmz "$$work/song.lmz"

# With llama.cpp, then the build without it: of that, what can differ. Then the Python package.
WITHOUT_LLAMA := lm cli conformance exact fingerprint front_door lm_choice model roundtrip
test: deps
	$(CARGO) test --locked --no-fail-fast
	$(CARGO) test --locked --no-fail-fast --no-default-features --features cli --lib \
	    --test format --test library --test model --test tool -- $(addsuffix ::,$(WITHOUT_LLAMA))
	@if python3 -m pip download --quiet --no-deps --dest "$$(mktemp -d)" 'maturin>=1.9,<2'; then \
	    $(MAKE) python-test; \
	else echo "NOT CHECKED: the tests of the Python package, because PyPI cannot be reached"; fi

# The Python package in a virtual environment, python/.venv, with what its tests need.
PYTHON := python/.venv/bin/python
python: deps
	@python3 -c 'import ensurepip' 2>/dev/null || $(SUDO) apt-get install -y --no-install-recommends python3-venv
	@[ -x $(PYTHON) ] || python3 -m venv python/.venv
	$(PYTHON) -m pip install --quiet 'maturin>=1.9,<2' datasets fsspec mypy numcodecs numpy pytest \
	    'ray[data]>=2.40' soundfile webdataset 'zarr>=3'
	$(PYTHON) -m pip install --quiet 'moto[server]' s3fs || echo "NOT CHECKED: a corpus in S3"
	cd python && VIRTUAL_ENV=$$PWD/.venv .venv/bin/maturin develop --locked --profile python

python-test: python
	cd python && .venv/bin/python -m pytest

# Everything that must hold before a change lands.
ci:
	.ci/run

# What building llama.cpp and its bindings takes; Rust itself is not touched.
deps:
	@if ! command -v dpkg-query >/dev/null; then \
	    echo "not a Debian system: make sure of the equivalents of $(PACKAGES)"; exit 0; fi; \
	missing=; for package in $(PACKAGES); do \
	    dpkg-query -W -f '$${Status}' $$package 2>/dev/null | grep -q 'ok installed' \
	        || missing="$$missing $$package"; done; \
	if [ -n "$$missing" ]; then \
	    $(SUDO) apt-get update && $(SUDO) apt-get install -y --no-install-recommends $$missing; fi
	@command -v $(CARGO) >/dev/null || { echo "cargo is missing: see https://rustup.rs"; exit 1; }

# Makes the generated fixtures again.
fixtures:
	$(CARGO) run --release --locked --no-default-features --example make_fixtures

# Writes anew what pins the format, after a change that is meant to change it: golden files,
# conformance sets, compressed sizes and the example of the specification. Raise the draft first.
pinned:
	LMZ_UPDATE_GOLDEN=1 LMZ_UPDATE_CONFORMANCE=1 LMZ_UPDATE_SIZES=1 LMZ_UPDATE_EXAMPLE=1 \
	    $(CARGO) test --locked --no-default-features --features cli --no-fail-fast \
	    --test format --test model -- determinism:: conformance:: sizes:: spec_example:: exact::
