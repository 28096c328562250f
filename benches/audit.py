# SPDX-License-Identifier: Apache-2.0
"""Events per second and peak memory of a whole audit over a generated room, with and without keys."""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benches._timing import environment
from e2echeck.megolm import GroupSession, InboundGroupSession

ROOM = "!bench:example.org"
PER_SESSION = 100


def generate(events: int, evidence: Path, keys: Path) -> None:
    """A room with encryption and sessions of 100 messages, as JSON lines, and the keys of all sessions."""
    entries = []
    with evidence.open("w", encoding="utf-8") as file:
        for kind, content in (("m.room.create", {"room_version": "11"}),
                              ("m.room.encryption", {"algorithm": "m.megolm.v1.aes-sha2"})):  # fmt: skip
            event = {"type": kind, "content": content, "state_key": "", "event_id": f"${kind}", "room_id": ROOM,
                     "sender": "@a:example.org", "origin_server_ts": 1}  # fmt: skip
            file.write(json.dumps(event) + "\n")
        session = GroupSession()
        for number in range(events):
            if number % PER_SESSION == 0:
                session = GroupSession()
                export = InboundGroupSession(session.session_key()).export_at(0).to_base64()
                entries.append({"algorithm": "m.megolm.v1.aes-sha2", "room_id": ROOM,
                                "session_id": session.session_id, "session_key": export})  # fmt: skip
            payload = {"type": "m.room.message", "room_id": ROOM, "content": {"body": "x" * 200, "n": number}}
            user = f"@user{number // PER_SESSION % 500}:example.org"
            ciphertext = session.encrypt(json.dumps(payload).encode()).to_base64()
            content = {"algorithm": "m.megolm.v1.aes-sha2", "session_id": session.session_id, "device_id": "DEVICE",
                       "ciphertext": ciphertext}  # fmt: skip
            event = {"type": "m.room.encrypted", "content": content, "event_id": f"${number:043d}", "room_id": ROOM,
                     "sender": user, "origin_server_ts": number}  # fmt: skip
            file.write(json.dumps(event) + "\n")
    keys.write_text(json.dumps(entries), encoding="utf-8")


def measure(evidence: Path, keys: Path | None) -> None:
    """In a child process: audit, and print seconds, MiB and counts."""
    from e2echeck import audit  # noqa: PLC0415 - imports belong to the memory of the child
    from e2echeck.audit.keys import KeySource  # noqa: PLC0415

    start = time.perf_counter()
    summary = audit.run([evidence], audit.Options(keys=[KeySource(keys)] if keys else ()))
    seconds = time.perf_counter() - start
    assert not summary.codes
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    total = summary.total
    print(f"{seconds:8.2f} s  {total.events / seconds:10,.0f} events/s  {peak:7.0f} MiB  opened {total.opened:,}")


def main() -> None:
    """Generate once, audit in fresh processes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--child", nargs="+", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        measure(Path(options.child[0]), Path(options.child[1]) if len(options.child) > 1 else None)
        return
    for name, value in environment(("e2echeck", "cryptography", "pynacl")).items():
        print(f"{name}: {value}")
    with tempfile.TemporaryDirectory() as directory:
        evidence, keys = Path(directory, "evidence.jsonl"), Path(directory, "keys.json")
        generate(options.events, evidence, keys)
        print(f"{options.events:,} events, {evidence.stat().st_size / 2**20:.0f} MiB")
        for _ in range(options.rounds):
            for label, files in (("without keys", [evidence]), ("with keys", [evidence, keys])):
                print(f"{label:<13}", end="", flush=True)
                subprocess.run([sys.executable, "-m", "benches.audit", "--child", *map(str, files)], check=True)


if __name__ == "__main__":
    main()
