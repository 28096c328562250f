#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Builds what is published into a directory: make_wheel.sh PYTHON DIRECTORY.  Needs maturin, abi3audit and hatchling in
# the environment of PYTHON, and a new enough Rust; the kernel is built from its lock file.
set -euo pipefail

python=${1:?usage: make_wheel.sh PYTHON DIRECTORY}
directory=${2:?usage: make_wheel.sh PYTHON DIRECTORY}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
[[ $python == */* && $python != /* ]] && python=$PWD/$python
mkdir -p "$directory"
directory=$(cd "$directory" && pwd)

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
(cd "$here" && "$python" -m hatchling build -d "$scratch")
(cd "$here/native" && CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$here/build/native} \
    "$python" -m maturin build --quiet --release --locked --interpreter "$python" --out "$scratch")
# Nothing of the interpreter's interface but what abi3 promises: one wheel for Python 3.11 and all later ones.
"$python" -m abi3audit --strict --report "$scratch"/e2echeck_native-*abi3*.whl >"$scratch/abi3audit.json"
rm "$scratch/abi3audit.json"
mv "$scratch"/* "$directory"
ls -l "$directory"
