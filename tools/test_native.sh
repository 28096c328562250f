#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Layout, lints and tests of the Rust code.  Where there is no new enough Rust it says so in one line and ends with status
# 0, or 1 when E2ECHECK_REQUIRE names native.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$here/native"
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$here/build/native}

without() {
    echo "The Rust code is not tested: $1."
    local required=${E2ECHECK_REQUIRE:-}
    case " ${required//,/ } " in *" native "*) exit 1 ;; *) exit 0 ;; esac
}

# 1.95 -> 001095, so that versions compare as words.
ordered() {
    local major minor
    IFS=. read -r major minor _ <<<"$1"
    printf '%03d%03d' "$((10#$major))" "$((10#${minor%%[!0-9]*}))"
}

command -v cargo >/dev/null || without "cargo is missing"
# A stand-in for cargo may be there without any toolchain.
have=$(cargo --version 2>/dev/null | cut -d' ' -f2) || without "cargo does not start"
need=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
[[ ! $(ordered "$have") < $(ordered "$need") ]] || without "it needs Rust $need, this is $have"

if cargo fmt --version >/dev/null 2>&1; then
    cargo fmt --check
else
    echo "The layout of the Rust code is not looked at: rustfmt is missing."
fi
if cargo clippy --version >/dev/null 2>&1; then
    cargo clippy --quiet --locked --all-targets -- -D warnings
else
    echo "The Rust code is not linted: clippy is missing."
fi
cargo test --quiet --locked --no-default-features
