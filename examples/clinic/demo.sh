#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Audit the clinic, first as an operator without keys of sessions, then as an auditor with the key files of five members.
set -uo pipefail
cd "$(dirname "$0")"
python="${PYTHON:-python3}"

audit() {
    "$python" -m e2echeck audit evidence/synapse/homeserver.db evidence/to_device.jsonl \
        --server-keys evidence/server-keys.json "$@"
    local code=$?
    # 1 is the right answer here: the recording holds forged and replayed messages.
    [ "$code" -eq 1 ] || { echo "expected exit code 1 (findings), got $code" >&2; exit 1; }
}

echo "== With the server's public keys only: what ciphertexts and signatures show"
audit
echo
echo "== With keys of sessions: every message opened, nothing of it printed"
audit --keys keys/keys-1.txt --passphrase-file keys/keys-1.passphrase \
    --keys keys/keys-2.txt --passphrase-file keys/keys-2.passphrase \
    --keys keys/keys-3.txt --passphrase-file keys/keys-3.passphrase \
    --keys keys/keys-4.txt --passphrase-file keys/keys-4.passphrase \
    --keys keys/keys-5.json
