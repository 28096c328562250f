#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Makes build/synapse/venv with Synapse in it, as harnesses/synapse/requirements.txt pins it; does nothing when that is
# done already.  It is an environment of its own, since Synapse needs other versions than this project.  PYTHON chooses
# the interpreter.  It takes about a minute and 250 MB.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
requirements=$here/../harnesses/synapse/requirements.txt
directory=$here/../build/synapse/venv
stamp=$(sha256sum "$requirements" "$0" | cut -d' ' -f1)

if [[ -x $directory/bin/python && -f $directory/.stamp && $(<"$directory/.stamp") == "$stamp" ]]; then
    exit 0
fi
rm -rf "$directory"
mkdir -p "$directory"
bash "$here/make_venv.sh" "$directory"
"$directory/bin/python" -m pip --disable-pip-version-check --quiet install --only-binary=:all: --requirement "$requirements"
echo "$stamp" >"$directory/.stamp"
