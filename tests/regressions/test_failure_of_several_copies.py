# SPDX-License-Identifier: Apache-2.0
"""A message that no copy of a session opens: a copy that refuses the MAC hid the wrong padding that another one found.

`InboundGroupSessions.open` promises the failure of the copy that came furthest, and gave the last one beyond the
index, whichever check it was.  Found by mutation testing (docs/mutation.md).
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from e2echeck.errors import E2EError
from e2echeck.megolm import InboundGroupSession, InboundGroupSessions, MegolmMessage, SessionConfig
from e2echeck.reasons import Reason
from e2echeck.testing.forge import MegolmForger, base64_text


@pytest.mark.parametrize("swapped", [False, True])
def test_the_failure_is_that_of_the_copy_that_came_furthest(swapped: bool) -> None:
    """In either order: padding comes after MAC, MAC after index, index after version."""
    forger = MegolmForger.from_label("furthest")
    good = InboundGroupSession(base64_text(forger.session_key()))
    exported = good.export_at(3)
    fits = exported, None
    late = good.export_at(9), None
    other = replace(exported, ratchet=bytes(128)), None
    other_version = exported, SessionConfig.VERSION_2
    wrong_padding = MegolmMessage.parse(forger.message(b"nine byte", padding=bytes(7), index=5)).value
    for copies, expected in (
        ((fits, other), Reason.MEGOLM_PADDING_INVALID),
        ((other, late), Reason.MEGOLM_MAC_INVALID),
        ((late, other_version), Reason.KEY_INDEX_UNKNOWN),
        ((other, other_version), Reason.MEGOLM_MAC_INVALID),
        ((other_version,), Reason.WIRE_VERSION),
        ((), Reason.KEY_SESSION_UNKNOWN),
    ):
        sessions = InboundGroupSessions()
        for number, (key, config) in enumerate(reversed(copies) if swapped else copies):
            session = InboundGroupSession.import_session(key, config=config or SessionConfig.VERSION_1)
            sessions.add(session, room_id=f"!{number}:example.org")
        form = wrong_padding.authenticated_form(good.public_key)
        assert form is not None
        with pytest.raises(E2EError) as caught:
            sessions.open(good.public_key, wrong_padding, form)
        assert caught.value.code == expected
