#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Make a virtual environment with a current pip: make_venv.sh DIRECTORY.  PYTHON chooses the interpreter.
# Works on systems whose Python came without venv's ensurepip: then uv makes it, or pip's own wheel is fetched.
set -euo pipefail

directory=${1:?usage: make_venv.sh DIRECTORY}
here=$(cd "$(dirname "$0")" && pwd)

fits() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

if [ -x "$directory/bin/python" ] && fits "$directory/bin/python" \
    && "$directory/bin/python" -m pip --version >/dev/null 2>&1; then
    : # made before; only pip is brought up to date below
else
    python=
    for candidate in ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11}; do
        if command -v "$candidate" >/dev/null 2>&1 && fits "$candidate"; then
            python=$candidate
            break
        fi
    done
    if [ -z "$python" ]; then
        echo "e2echeck needs Python 3.11 or newer; none was found (set PYTHON to one)." >&2
        exit 1
    fi
    rm -rf "$directory"
    if ! "$python" -m venv "$directory" >/dev/null 2>&1; then
        rm -rf "$directory"
        if ! { command -v uv >/dev/null 2>&1 && uv venv --quiet --seed --python "$python" "$directory"; }; then
            rm -rf "$directory"
            "$python" -m venv --without-pip "$directory"
            "$directory/bin/python" "$here/bootstrap_pip.py"
        fi
    fi
fi
# --group, which the Makefile uses, came with pip 25.1.
"$directory/bin/python" -m pip --disable-pip-version-check --quiet install --upgrade 'pip>=25.1'
