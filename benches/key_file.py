# SPDX-License-Identifier: Apache-2.0
"""Reading a key file: PBKDF2 by iterations, and entries of a plain list."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

from benches._timing import Timing
from e2echeck.megolm import GroupSession, InboundGroupSession
from e2echeck.vault import key_file

EXAMPLE = Path(__file__).parents[1] / "examples" / "clinic" / "keys"
ENTRIES = 1000


def main() -> None:
    """Measure and report."""
    timing = Timing(__doc__ or "", packages=("e2echeck", "cryptography"))
    for number, iterations in ((3, 10_000), (2, 20_000), (1, 500_000)):
        data = (EXAMPLE / f"keys-{number}.txt").read_bytes()
        passphrase = (EXAMPLE / f"keys-{number}.passphrase").read_bytes().removesuffix(b"\n")
        timing.group(
            f"an encrypted file, {iterations:,} iterations", {"e2echeck": partial(key_file.read, data, passphrase)}
        )
    entries = []
    for _ in range(ENTRIES):
        key = InboundGroupSession(GroupSession().session_key()).export_at(0)
        entries.append({"algorithm": "m.megolm.v1.aes-sha2", "room_id": "!a:b", "session_id": key.session_id,
                        "session_key": key.to_base64()})  # fmt: skip
    text = json.dumps(entries).encode()
    timing.group(
        "one entry of a plain list",
        {"json.loads alone": partial(json.loads, text), "e2echeck": partial(key_file.read, text)},
        items=ENTRIES,
    )
    timing.report()


if __name__ == "__main__":
    main()
