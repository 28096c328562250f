# SPDX-License-Identifier: Apache-2.0
"""Generated events of all room versions against Synapse's own code, which runs as a harness (``harnesses/synapse``)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from e2echeck.encoding import encode_base64
from e2echeck.events import (
    Outcome,
    check_event,
    content_hash,
    event_id,
    redact,
    reference_hash,
    sign_event,
)
from e2echeck.hazmat import ed25519
from e2echeck.reasons import Reason
from e2echeck.signing import KeyRing, VerifyKey
from tests.events.made import VERSIONS, pdu

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

JSON = dict[str, Any]
HARNESS: Final = Path(__file__).resolve().parents[2] / "build" / "harnesses" / "synapse"
SEED: Final = bytes(range(32))
RING: Final = KeyRing([VerifyKey("domain", "ed25519:1", ed25519.public_key(SEED))])
SENDER: Final = "@alice:domain"

Ask = "Callable[[str, JSON], JSON]"


@pytest.fixture(scope="module")
def synapse() -> Iterator[Callable[[str, JSON], JSON]]:
    """Synapse, if the harness is built; E2ECHECK_SYNAPSE names the interpreter of another environment that has it."""
    other = os.environ.get("E2ECHECK_SYNAPSE")
    main = HARNESS / "main.py"
    environment = dict(os.environ)
    if other:
        main = Path(__file__).resolve().parents[2] / "harnesses" / "synapse" / "main.py"
    elif not main.exists():
        reason = "harness synapse is not built"
        if "harnesses" in os.environ.get("E2ECHECK_REQUIRE", "").replace(",", " ").split():
            pytest.fail(f"{reason}, and E2ECHECK_REQUIRE names harnesses", pytrace=False)
        pytest.skip(reason)
    else:
        environment["PYTHONPATH"] = str(HARNESS / "packages")
    with subprocess.Popen(
        [other or sys.executable, str(main)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    ) as child:

        def ask(version: str, event: JSON) -> JSON:
            assert child.stdin is not None
            assert child.stdout is not None
            question = {"version": version, "event": event, "seed": encode_base64(SEED)}
            child.stdin.write(json.dumps(question) + "\n")
            child.stdin.flush()
            answer: JSON = json.loads(child.stdout.readline())
            return answer

        yield ask
        assert child.stdin is not None
        child.stdin.close()


NAMES: Final = [
    "membership", "join_authorised_via_users_server", "third_party_invite", "signed", "creator", "room_version",
    "join_rule", "allow", "ban", "events", "events_default", "invite", "kick", "redact", "state_default", "users",
    "users_default", "notifications", "aliases", "history_visibility", "redacts", "reason", "body", "__proto__",
]  # fmt: skip
TYPES: Final = [
    "m.room.member", "m.room.create", "m.room.join_rules", "m.room.power_levels", "m.room.aliases",
    "m.room.history_visibility", "m.room.redaction", "m.room.message", "m.room.encryption", "m.room.policy", "x", "",
]  # fmt: skip
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=5) | st.sampled_from(
    ["\x7f", "\uffff", "\U00010000"]
)
SMALL = st.integers(-(2**53) + 1, 2**53 - 1)
VALUES = st.recursive(
    st.none() | st.booleans() | SMALL | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES) | TEXTS, inner, max_size=3),
    max_leaves=6,
)
EXTRA: Final = [
    "state_key",
    "origin",
    "membership",
    "prev_state",
    "redacts",
    "replaces_state",
    "other",
    "__proto__",
]


@st.composite
def events(draw: st.DrawFn) -> tuple[str, JSON]:
    """A room version and an event of the right form, without hashes and signatures."""
    version = draw(st.sampled_from(VERSIONS))
    event_type = draw(st.sampled_from(TYPES))
    content = draw(st.dictionaries(st.sampled_from(NAMES) | TEXTS, VALUES, max_size=6))
    event = pdu(version, event_type, content, sender=SENDER, depth=draw(st.integers(0, 2**53 - 1)))
    if "event_id" in event:
        event["event_id"] = "$event:domain"
    event |= draw(st.dictionaries(st.sampled_from(EXTRA), TEXTS, max_size=3))
    if event_type == "m.room.create":
        event["state_key"] = ""  # without it Synapse does not see the room of version 12
    return version, event


@given(events())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_same_event(synapse: Callable[[str, JSON], JSON], made: tuple[str, JSON]) -> None:
    """Redaction, both hashes, identifier and signature; and what is signed here is genuine for both."""
    version, event = made
    signed: JSON = sign_event(event, version, "domain", "ed25519:1", SEED)
    theirs = synapse(version, signed)
    assert "refused" not in theirs
    assert theirs["redacted"] == redact(signed, version)
    assert theirs["content_hash"] == content_hash(signed, version).hex()
    assert theirs["reference_hash"] == reference_hash(signed, version).hex()
    assert theirs["event_id"] == event_id(signed, version)
    assert theirs["signature"] == signed["signatures"]["domain"]["ed25519:1"]
    assert theirs["hash_holds"]


@given(events(), st.sampled_from(NAMES), VALUES)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_same_verdict_on_content(
    synapse: Callable[[str, JSON], JSON], made: tuple[str, JSON], name: str, value: object
) -> None:
    """One member of the content put in another's place: the hash fails for both or for neither."""
    version, event = made
    signed: JSON = sign_event(event, version, "domain", "ed25519:1", SEED)
    changed = signed | {"content": signed["content"] | {name: value}}
    theirs = synapse(version, changed)
    check = check_event(changed, version, RING)
    fails = not {Reason.EVENT_HASH_MISMATCH, Reason.EVENT_PRUNED}.isdisjoint(check.verdict.reasons)
    assert theirs["hash_holds"] is not fails
    if check.outcome is Outcome.REDACTED:
        assert check.event == theirs["redacted"]
        assert theirs["signature"] == signed["signatures"]["domain"]["ed25519:1"]
