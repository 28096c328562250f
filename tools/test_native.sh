#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Layout, lints and tests of the Rust code.  Without cargo it says so and ends with status 0, or 1 when
# E2ECHECK_REQUIRE names native.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$here/native"
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$here/build/native}
if ! command -v cargo >/dev/null; then
    echo "The Rust code is not tested: cargo is missing."
    required=${E2ECHECK_REQUIRE:-}
    case " ${required//,/ } " in *" native "*) exit 1 ;; *) exit 0 ;; esac
fi
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
