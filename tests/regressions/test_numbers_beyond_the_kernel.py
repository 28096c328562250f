# SPDX-License-Identifier: Apache-2.0
"""Limits and numbers of threads that no machine word holds ended in an OverflowError of the kernel."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from e2echeck import _backend
from e2echeck.audit.keys import KeySource
from e2echeck.errors import InputError
from e2echeck.events import Outcome, check_raw_many
from e2echeck.limits import DEFAULT
from e2echeck.megolm import (
    GroupSession,
    InboundGroupSession,
    InboundGroupSessions,
    verify_many,
)
from e2echeck.reasons import Reason
from tests.audit.test_backends import audited
from tests.audit.test_injected import Recording
from tests.events.made import RING, pdu, signed
from tests.native import BACKENDS, each_backend

if TYPE_CHECKING:
    from pathlib import Path

LIMITS = (
    "json_bytes",
    "json_depth",
    "event_bytes",
    "base64_characters",
    "message_bytes",
    "key_file_bytes",
    "key_file_sessions",
)


@pytest.fixture
def recorded(tmp_path: Path) -> tuple[Path, KeySource]:
    """Evidence with something to look into, and its keys."""
    recording = Recording(11, messages=3)
    recording.events[-1]["unsigned"] = json.loads("[" * 34 + "]" * 34)
    evidence, keys = tmp_path / "evidence.json", tmp_path / "keys.json"
    evidence.write_text(json.dumps(recording.events))
    recording.exports[0]["extra"] = json.loads("[" * 34 + "]" * 34)
    keys.write_text(json.dumps(recording.exports))
    return evidence, KeySource(keys)


@pytest.mark.parametrize("name", LIMITS)
def test_audits_with_any_limit(recorded: tuple[Path, KeySource], name: str) -> None:
    """Each backend finds the same, or refuses for the same reason."""
    evidence, keys = recorded
    for limit in (-(2**70), -1, 0, 1, 5, 31, 32, 33, 35, 36, 40, 300, 2**32, 2**64, 2**70):
        found = []
        for backend in BACKENDS:
            with _backend.using(backend):
                found.append(audited([evidence], [keys], limits=replace(DEFAULT, **{name: limit})))
        assert all(one == found[0] for one in found), limit


@each_backend
@pytest.mark.parametrize("threads", [-(2**70), -1, 0, 1, 2, 2**40, 2**62, 2**70])
def test_threads(recorded: tuple[Path, KeySource], backend: str, threads: int) -> None:
    """Fewer than one are refused, and of many no more are started than there is work; audits take 0 for all cores."""
    evidence, keys = recorded
    sender = GroupSession()
    session, message = InboundGroupSession(sender.session_key()), sender.encrypt(b"text").to_base64()
    sessions = InboundGroupSessions()
    sessions.add(session)
    event = json.dumps(signed("11", pdu("11"))).encode()

    def outcomes() -> Any:
        return (
            list(session.decrypt_many([message] * 3, threads=threads).codes),
            list(sessions.decrypt_many([session.session_id] * 3, [message] * 3, threads=threads).codes),
            [batch.codes for batch in session.decrypt_stream([message] * 3, threads=threads)],
            verify_many([session.public_key] * 3, [message] * 3, threads=threads).codes,
            check_raw_many([event] * 3, "11", RING, threads=threads).outcomes,
        )

    with _backend.using(backend):
        if threads < 1:
            for call in (
                lambda: session.decrypt_many([message], threads=threads),
                lambda: sessions.decrypt_many([session.session_id], [message], threads=threads),
                lambda: session.decrypt_stream([message], threads=threads),
                lambda: verify_many([session.public_key], [message], threads=threads),
                lambda: check_raw_many([event], "11", RING, threads=threads),
            ):
                with pytest.raises(InputError) as caught:
                    call()
                assert caught.value.code is Reason.USAGE
        else:
            none = [None] * 3
            assert outcomes() == (none, none, [none], none, [Outcome.GENUINE] * 3)
        found = audited([evidence], [keys], threads=threads)
    if threads < 0:
        assert found[0] is Reason.USAGE
    else:
        assert found[1].total.opened == 3


@each_backend
def test_threads_are_a_whole_number(backend: str) -> None:
    """Of another type they are refused before anything is done."""
    with _backend.using(backend):
        for threads in (1.5, "1", None):
            with pytest.raises(TypeError):
                verify_many([], [], threads=threads)  # type: ignore[arg-type]
