#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Builds the native kernel from its lock file and installs it: make_native.sh PYTHON.  Does nothing when that was done.
#
# Where there is no new enough Rust it says so in one line and ends with status 0, or 1 when E2ECHECK_REQUIRE names
# native; likewise when the build fails.
set -euo pipefail

python=${1:?usage: make_native.sh PYTHON}
[[ $python == */* && $python != /* ]] && python=$PWD/$python
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
source_directory=$here/native

without() {
    local required=${E2ECHECK_REQUIRE:-}
    case " ${required//,/ } " in
        *" native "*)
            echo "The native kernel is required and was not built: $1" >&2
            exit 1
            ;;
    esac
    echo "The native kernel is not built: $1. Everything works in pure Python, more slowly."
    exit 0
}

# 1.95 -> 001095, so that versions compare as words.
ordered() {
    local major minor
    IFS=. read -r major minor _ <<<"$1"
    printf '%03d%03d' "$((10#$major))" "$((10#${minor%%[!0-9]*}))"
}

command -v cargo >/dev/null || without "cargo is missing"
command -v rustc >/dev/null || without "rustc is missing"
# A stand-in for rustc may be there without any toolchain.
have=$(cd / && rustc --version 2>/dev/null | cut -d' ' -f2) || without "rustc does not start"
need=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' "$source_directory/Cargo.toml")
[[ ! $(ordered "$have") < $(ordered "$need") ]] || without "it needs Rust $need, this is $have"

# What is built depends on the files, this script, the toolchain and the interpreter.
stamp=$(
    cd "$here"
    {
        rustc --version --verbose
        "$python" -c 'import sys; print(sys.prefix, sys.version)'
        find tools/make_native.sh native -name target -prune -o -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum
    } | sha256sum | cut -d' ' -f1
)
done_file=$("$python" -c 'import sys; print(sys.prefix)')/.native-stamp
if [[ -f $done_file && $(<"$done_file") == "$stamp" ]] && "$python" -c 'import e2echeck_native' 2>/dev/null; then
    exit 0
fi
# A build that fails leaves no older kernel behind.
rm -f "$done_file"
"$python" -m pip --disable-pip-version-check --quiet uninstall --yes e2echeck-native 2>/dev/null
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$here/build/native} "$python" -m pip --disable-pip-version-check --quiet install \
    --no-deps --force-reinstall "$source_directory" >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    without "the build failed"
fi
echo "$stamp" >"$done_file"
echo "The native kernel is built: $("$python" -c \
    'import e2echeck_native as kernel; print(kernel.VERSION, *(kernel.TIERS[tier] for tier in kernel.available_tiers()))')"
