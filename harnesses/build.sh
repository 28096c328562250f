#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Builds a harness into build/harnesses/NAME, from its lock file; does nothing when that is done already.
# Usage: harnesses/build.sh goolm | matrix_sdk_crypto | synapse | vodozemac
#
# Where the toolchain is missing it says so and ends with status 0, or 1 when E2ECHECK_REQUIRE names harnesses.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
name=${1:-}
if [[ ! $name =~ ^[a-z0-9_]+$ || ! -d $here/$name ]]; then
    echo "usage: harnesses/build.sh goolm | matrix_sdk_crypto | synapse | vodozemac" >&2
    exit 2
fi
source_directory=$here/$name
built=$here/../build/harnesses/$name

without() {
    echo "harness $name is not built: $1"
    local required=${E2ECHECK_REQUIRE:-}
    case " ${required//,/ } " in *" harnesses "*) exit 1 ;; esac
    exit 0
}

# 1.26 -> 001026, so that versions compare as words.
ordered() {
    local major minor
    IFS=. read -r major minor _ <<<"$1"
    printf '%03d%03d' "$((10#$major))" "$((10#${minor%%[!0-9]*}))"
}

# What is built depends on the files, this script and the toolchain.
stamp() {
    (
        cd "$here"
        printf '%s\n' "$@"
        find build.sh "$name" \( -name node_modules -o -name target \) -prune -o -type f -print0 |
            LC_ALL=C sort -z | xargs -0 sha256sum
    ) | sha256sum | cut -d' ' -f1
}

up_to_date() {
    [[ -e $built/$1 && -f $built/.stamp && $(<"$built/.stamp") == "$2" ]]
}

# Puts a finished directory in its place, so that no half of a build is ever seen there.
put() {
    echo "$2" >"$1/.stamp"
    chmod 755 "$1"
    rm -rf "$built"
    mv "$1" "$built"
    echo "harness $name is built"
}

build_goolm() {
    command -v go >/dev/null || without "go is missing"
    # The toolchain that is here: none is downloaded.
    export GOTOOLCHAIN=local GOFLAGS=-mod=readonly CGO_ENABLED=0 GOWORK=off
    local have need
    have=$(cd / && go env GOVERSION)
    have=${have#go}
    need=$(sed -n 's/^go //p' "$source_directory/go.mod")
    [[ ! $(ordered "$have") < $(ordered "$need") ]] || without "it needs go $need, this is $have"
    # From 1.27 on mautrix-go writes canonical JSON with encoding/json/v2; so that the answers do not depend on the
    # version of Go, 1.26 does the same.
    if [[ $(ordered "$have") == "$(ordered 1.26)" ]]; then
        export GOEXPERIMENT=jsonv2
    fi
    local key
    key=$(stamp "go $have" "$(go env GOOS GOARCH)")
    if up_to_date goolm "$key"; then
        return
    fi
    # The tag leaves out libolm, which is C and another implementation.
    (cd "$source_directory" && go build -tags goolm -trimpath -buildvcs=false -o "$scratch/goolm" .)
    put "$scratch" "$key"
}

build_matrix_sdk_crypto() {
    command -v node >/dev/null || without "node is missing"
    command -v npm >/dev/null || without "npm is missing"
    local have key
    have=$(node --version)
    have=${have#v}
    [[ ! $(ordered "$have") < $(ordered 20.0) ]] || without "it needs node 20, this is $have"
    key=$(stamp "node $have")
    if up_to_date main.mjs "$key"; then
        return
    fi
    cp "$source_directory"/{main.mjs,package.json,package-lock.json,.npmrc} "$scratch"
    (cd "$scratch" && npm ci --omit=dev --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null)
    put "$scratch" "$key"
}

build_synapse() {
    command -v python3 >/dev/null || without "python3 is missing"
    # The interpreter that will run it, so that the compiled parts fit.
    local python=$here/../.venv/bin/python key
    [[ -x $python ]] || python=python3
    key=$(stamp "$("$python" -VV)")
    if up_to_date main.py "$key"; then
        return
    fi
    cp "$source_directory/main.py" "$scratch"
    "$python" -m pip --disable-pip-version-check --quiet install --only-binary=:all: --no-deps \
        --target "$scratch/packages" --requirement "$source_directory/requirements.txt"
    put "$scratch" "$key"
}

build_vodozemac() {
    command -v cargo >/dev/null || without "cargo is missing"
    command -v rustc >/dev/null || without "rustc is missing"
    local have need key
    have=$(cd / && rustc --version | cut -d' ' -f2)
    need=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' "$source_directory/Cargo.toml")
    [[ ! $(ordered "$have") < $(ordered "$need") ]] || without "it needs rust $need, this is $have"
    key=$(stamp "$(cd / && rustc --version --verbose)")
    if up_to_date vodozemac "$key"; then
        return
    fi
    mkdir "$scratch/put"
    (cd "$source_directory" && CARGO_TARGET_DIR=$scratch/target cargo build --release --locked --quiet)
    mv "$scratch/target/release/e2echeck-vodozemac" "$scratch/put/vodozemac"
    put "$scratch/put" "$key"
}

mkdir -p "$here/../build/harnesses"
scratch=$(mktemp -d "$here/../build/harnesses/.$name.XXXXXX")
trap 'rm -rf "$scratch"' EXIT
"build_$name"
