# SPDX-License-Identifier: Apache-2.0
"""The contents of m.room_key, m.forwarded_room_key, m.room_key.withheld and m.room_key_request."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from e2echeck.encoding import decode_base64, encode_base64
from e2echeck.errors import E2EError, InputError, VerificationError
from e2echeck.megolm import ExportedSessionKey, GroupSession, InboundGroupSession
from e2echeck.reasons import Reason
from e2echeck.room_keys import (
    WITHHELD_CODES,
    ForwardedRoomKey,
    ForwardingDevice,
    KnownSession,
    RoomKeyRequest,
    accept_forwarded,
    build_forwarded_room_key,
    build_room_key,
    build_withheld,
    check_forwarded,
    read_forwarded_room_key,
    read_room_key,
    read_room_key_request,
    read_withheld,
)
from e2echeck.verdict import CLIENTS

ROOM = "!room:example.org"
ABSENT: Any = object()
CURVE, ED25519, FORWARDER = b"\x01" * 32, b"\x02" * 32, b"\x03" * 32
JSON = dict[str, Any]


def with_member(content: JSON, name: str, new: object) -> JSON:
    content = {key: value for key, value in content.items() if key != name}
    return content if new is ABSENT else {**content, name: new}


# m.room_key


def test_room_key() -> None:
    group = GroupSession()
    content: JSON = build_room_key(ROOM, group.session_key(), shared_history=True)
    assert content == {
        "algorithm": "m.megolm.v1.aes-sha2",
        "room_id": ROOM,
        "session_id": group.session_id,
        "session_key": group.session_key().to_base64(),
        "shared_history": True,
    }
    parsed = read_room_key(content)
    assert parsed.oddities == ()
    key = parsed.value
    assert (key.room_id, key.session_id, key.key, key.shared_history) == (
        ROOM, group.session_id, group.session_key(), True,
    )  # fmt: skip
    assert content["session_key"][4:30] not in repr(parsed)
    assert "shared_history" not in build_room_key(ROOM, group.session_key())


@pytest.mark.parametrize("value", [ABSENT, False, None, 1, 1.0, "true", [], {}, [True]])
def test_shared_history_is_true_only_for_true(value: object) -> None:
    content: JSON = build_room_key(ROOM, GroupSession().session_key(), shared_history=True)
    assert read_room_key(with_member(content, "shared_history", value)).accept().shared_history is False


@pytest.mark.parametrize("name", ["algorithm", "room_id", "session_id", "session_key"])
@pytest.mark.parametrize("new", [ABSENT, None, 5, [], True])
def test_room_key_lacks_a_member(name: str, new: object) -> None:
    content: JSON = build_room_key(ROOM, GroupSession().session_key())
    with pytest.raises(InputError) as caught:
        read_room_key(with_member(content, name, new))
    assert caught.value.code == ("megolm.algorithm-unknown" if name == "algorithm" else "room-key.malformed")


@pytest.mark.parametrize(
    ("name", "new", "code"),
    [
        ("algorithm", "m.megolm.v2.aes-sha2", "megolm.algorithm-unknown"),
        ("session_id", GroupSession().session_id, "megolm.session-id-mismatch"),
        ("session_id", "", "megolm.session-id-mismatch"),
        ("session_id", "\u00e9", "megolm.session-id-mismatch"),
        ("session_key", "", "session-key.malformed"),
        ("session_key", "!", "base64.malformed"),
    ],
)
def test_forged_room_keys(name: str, new: object, code: str) -> None:
    content: JSON = build_room_key(ROOM, GroupSession().session_key())
    with pytest.raises(InputError) as caught:
        read_room_key(with_member(content, name, new))
    assert caught.value.code == code


def test_room_key_with_a_damaged_or_an_exported_key() -> None:
    group = GroupSession()
    content: JSON = build_room_key(ROOM, group.session_key())
    for position in (1, 5, 100, 228):
        data = bytearray(group.session_key().to_bytes())
        data[position] ^= 1
        with pytest.raises(VerificationError) as caught:
            read_room_key(content | {"session_key": encode_base64(bytes(data))})
        assert caught.value.code == "session-key.signature-invalid"
    exported = InboundGroupSession(group.session_key()).export_at(0).to_base64()
    with pytest.raises(InputError) as refused:
        read_room_key(content | {"session_key": exported})
    assert refused.value.code == "session-key.malformed"


def test_the_room_of_a_room_key_is_what_it_says() -> None:
    content: JSON = build_room_key("!other:example.org", GroupSession().session_key())
    assert read_room_key(content).accept().room_id == "!other:example.org"


def test_spelling_of_base64_is_odd() -> None:
    content: JSON = build_room_key(ROOM, GroupSession().session_key())
    content["session_id"] += "="
    assert read_room_key(content).oddities == (Reason.BASE64_PADDING,)
    with pytest.raises(InputError):
        read_room_key(content).accept()
    assert read_room_key(content).accept(CLIENTS).room_id == ROOM


def test_the_published_room_key() -> None:
    """From matrix-rust-sdk, crates/matrix-sdk-crypto/src/types/events/olm_v1.rs (Apache-2.0)."""
    content = {
        "algorithm": "m.megolm.v1.aes-sha2",
        "room_id": "!Cuyf34gef24t:localhost",
        "session_id": "ZFD6+OmV7fVCsJ7Gap8UnORH8EnmiAkes8FAvQuCw/I",
        "session_key": (
            "AgAAAADNp1EbxXYOGmJtyX4AkD1bvJvAUyPkbIaKxtnGKjvSQ3E/4mnuqdM4vsmNzpO1EeWzz1rDkUpYhYE9kP7sJhgLXijVv80f"
            "MPHfGc49hPdu8A+xnwD4SQiYdFmSWJOIqsxeo/fiHtino//CDQENtcKuEt0I9s0+Kk4YSH310Szse2RQ+vjple31QrCexmqfFJzk"
            "R/BJ5ogJHrPBQL0LgsPyglIbMTLg7qygIaYU5Fe2QdKMH7nTZPNIRHh1RaMfHVETAUJBax88EWZBoifk80gdHUwHSgMk77vCc2a5"
            "KHKLDA"
        ),
    }
    key = read_room_key(content).accept()
    assert (key.session_id, key.key.message_index, key.shared_history) == (content["session_id"], 0, False)


# m.forwarded_room_key


def forwarded(**changes: Any) -> tuple[JSON, InboundGroupSession]:
    session = InboundGroupSession(GroupSession().session_key())
    arguments: JSON = {"sender_key": CURVE, "sender_claimed_ed25519_key": ED25519, **changes}
    return build_forwarded_room_key(ROOM, session.export_at(0), **arguments), session


def test_forwarded() -> None:
    content, session = forwarded(forwarding_chain=[FORWARDER], withheld=("m.unverified", "no"))
    parsed = read_forwarded_room_key(content)
    assert parsed.oddities == ()
    key = parsed.value
    assert key == ForwardedRoomKey(
        ROOM, session.export_at(0), CURVE, ED25519, (FORWARDER,), ("m.unverified", "no")
    )
    assert key.session_id == session.session_id
    assert key.chain_after(CURVE) == (FORWARDER, CURVE)
    assert content["session_key"][4:30] not in repr(parsed)
    plain, _ = forwarded()
    assert plain["forwarding_curve25519_key_chain"] == []
    assert "withheld" not in plain


MALFORMED = [ABSENT, None, 5, True, {}]


@pytest.mark.parametrize(
    "name",
    ["algorithm", "room_id", "session_id", "session_key", "sender_key", "sender_claimed_ed25519_key",
     "forwarding_curve25519_key_chain"],
)  # fmt: skip
@pytest.mark.parametrize("new", MALFORMED)
def test_forwarded_lacks_a_member(name: str, new: object) -> None:
    content, _ = forwarded()
    with pytest.raises(InputError) as caught:
        read_forwarded_room_key(with_member(content, name, new))
    assert caught.value.code == ("megolm.algorithm-unknown" if name == "algorithm" else "room-key.malformed")


@pytest.mark.parametrize(
    ("name", "new", "code"),
    [
        ("session_id", GroupSession().session_id, "megolm.session-id-mismatch"),
        ("session_key", GroupSession().session_key().to_base64(), "session-key.malformed"),
        ("sender_key", "x", "base64.malformed"),
        ("sender_key", "", "base64.length"),
        ("sender_claimed_ed25519_key", "AAAA", "base64.length"),
        ("forwarding_curve25519_key_chain", ["AAAA"], "base64.length"),
        ("forwarding_curve25519_key_chain", [None], "room-key.malformed"),
        ("forwarding_curve25519_key_chain", "x", "room-key.malformed"),
        ("withheld", None, "room-key.malformed"),
        ("withheld", {"code": "x"}, "room-key.malformed"),
        ("withheld", {"code": "x", "reason": 5}, "room-key.malformed"),
    ],
)
def test_forged_forwarded(name: str, new: object, code: str) -> None:
    content, _ = forwarded()
    with pytest.raises(InputError) as caught:
        read_forwarded_room_key(with_member(content, name, new))
    assert caught.value.code == code


def test_a_published_forwarded_key_names_another_session() -> None:
    """From matrix-rust-sdk as above: session_id and session_key are of different sessions there."""
    text = (
        "AQAAAAq2JpkMceK5f6JrZPJWwzQTn59zliuIv0F7apVLXDcZCCT3LqBjD21sULYEO5YTKdpMVhi9i6ZSZhdvZvp//tzRpDT7wpWVWI00"
        "Y3EPEjmpm/HfZ4MMAKpk+tzJVuuvfAcHBZgpnxBGzYOc/DAqapK7Tk3t3QJ1UMSD94HfAqlb1JF5QBPwoh0fOvD8pJdanB8zxz05tKFd"
        "R73/vo2Q/zE3"
    )
    content: JSON = {
        "algorithm": "m.megolm.v1.aes-sha2",
        "forwarding_curve25519_key_chain": ["hPQNcabIABgGnx3/ACv/jmMmiQHoeFfuLB17tzWp6Hw"],
        "room_id": "!Cuyf34gef24t:localhost",
        "sender_claimed_ed25519_key": "aj40p+aw64yPIdsxoog8jhPu9i7l7NcFRecuOQblE3Y",
        "sender_key": "RF3s+E7RkTQTGF2d8Deol0FkQvgII2aJDf3/Jp5mxVU",
        "session_id": "X3lUlvLELLYxeTx4yOVu6UDpasGEVO0Jbu+QFnm0cKQ",
        "session_key": text,
    }
    with pytest.raises(InputError) as caught:
        read_forwarded_room_key(content)
    assert caught.value.code == "megolm.session-id-mismatch"
    content["session_id"] = "kXlAE/CiHR868Pykl1qcHzPHPTm0oV1Hvf++jZD/MTc"
    key = read_forwarded_room_key(content).accept()
    assert key.key == ExportedSessionKey.parse(text).accept()
    assert key.forwarding_chain == (decode_base64("hPQNcabIABgGnx3/ACv/jmMmiQHoeFfuLB17tzWp6Hw").accept(),)


class Case:
    """A forwarded key that may be taken; each part can be replaced."""

    def __init__(self, *, first: int = 0) -> None:
        self.group = GroupSession()
        self.session = InboundGroupSession(self.group.session_key())
        self.key = ForwardedRoomKey(ROOM, self.session.export_at(first), CURVE, ED25519)
        self.request: RoomKeyRequest | None = RoomKeyRequest(
            "1", ROOM, self.session.session_id, frozenset({FORWARDER})
        )
        self.device = ForwardingDevice("@me:example.org", FORWARDER, verified=True)
        self.known: KnownSession | None = None

    def reasons(self) -> tuple[Reason, ...]:
        verdict = check_forwarded(
            self.key, request=self.request, from_device=self.device, user_id="@me:example.org", known=self.known
        )
        content = build_forwarded_room_key(
            self.key.room_id, self.key.key, sender_key=self.key.sender_key,
            sender_claimed_ed25519_key=self.key.sender_claimed_ed25519_key,
        )  # fmt: skip
        arguments: Any = {
            "request": self.request, "from_device": self.device, "user_id": "@me:example.org", "known": self.known
        }  # fmt: skip
        if verdict.ok:
            assert accept_forwarded(content, **arguments) == self.key
        else:
            with pytest.raises(VerificationError) as caught:
                accept_forwarded(content, **arguments)
            assert caught.value.code == verdict.code
        return verdict.reasons

    def copy_at(self, index: int) -> InboundGroupSession:
        return InboundGroupSession.import_session(self.session.export_at(index))


def test_a_forwarded_key_is_taken() -> None:
    assert Case().reasons() == ()


def test_taking_is_strict_unless_told_otherwise() -> None:
    case = Case()
    content: JSON = build_forwarded_room_key(
        ROOM, case.key.key, sender_key=CURVE, sender_claimed_ed25519_key=ED25519
    )
    content["sender_key"] += "="
    arguments: Any = {"request": case.request, "from_device": case.device, "user_id": "@me:example.org"}
    with pytest.raises(InputError) as caught:
        accept_forwarded(content, **arguments)
    assert caught.value.code == "base64.padding"
    assert accept_forwarded(content, **arguments, strictness=CLIENTS) == case.key


def test_unrequested() -> None:
    case = Case()
    case.request = None
    assert case.reasons() == ("room-key.unrequested",)
    request = RoomKeyRequest("1", ROOM, case.key.session_id, frozenset({FORWARDER}))
    for other in (replace(request, room_id="!x:y"), replace(request, session_id=GroupSession().session_id)):
        case.request = other
        assert case.reasons() == ("room-key.unrequested",)
    case.request = request
    assert case.reasons() == ()


def test_forwarders() -> None:
    case = Case()
    case.device = replace(case.device, user_id="@other:example.org")
    assert case.reasons() == ("room-key.forwarder-user",)
    case.device = ForwardingDevice("@me:example.org", FORWARDER, verified=False)
    assert case.reasons() == ("room-key.forwarder-unverified",)
    case.device = ForwardingDevice("@me:example.org", CURVE, verified=True)
    assert case.reasons() == ("room-key.forwarder-not-asked",)
    case.device = ForwardingDevice("@other:example.org", CURVE, verified=False)
    case.request = None
    assert case.reasons() == (
        "room-key.unrequested", "room-key.forwarder-user", "room-key.forwarder-unverified",
    )  # fmt: skip


def test_claimed_keys() -> None:
    case = Case()
    known = KnownSession(ROOM, direct=False, session=case.copy_at(5), sender_key=CURVE, ed25519_key=ED25519)
    case.known = known
    assert case.reasons() == ()
    case.known = replace(known, sender_key=None, ed25519_key=None)
    assert case.reasons() == ()
    for other in (replace(known, sender_key=FORWARDER), replace(known, ed25519_key=CURVE)):
        case.known = other
        assert case.reasons() == ("room-key.claimed-keys-differ",)
    case.known = replace(known, room_id="!other:example.org")
    assert case.reasons() == ("room-key.room-differs",)


def test_a_direct_session_is_never_replaced() -> None:
    case = Case(first=3)
    for first, direct, codes in (
        (0, True, ["room-key.not-replaced"]),
        (3, True, ["room-key.not-replaced"]),
        (0, False, ["room-key.not-replaced"]),
        (3, False, ["room-key.not-replaced"]),
        (4, True, ["room-key.beside-direct"]),
        (4, False, []),
    ):
        case.known = KnownSession(ROOM, direct=direct, session=case.copy_at(first))
        assert list(case.reasons()) == codes


@pytest.mark.parametrize("direct", [True, False])
def test_a_planted_ratchet_under_the_public_key_of_a_known_session(direct: bool) -> None:
    case = Case()
    genuine = case.copy_at(5)
    case.key = replace(case.key, key=ExportedSessionKey(0, bytes(128), case.session.public_key))
    case.known = KnownSession(ROOM, direct=direct, session=genuine)
    assert case.reasons() == ("room-key.not-replaced",)


# m.room_key.withheld


@pytest.mark.parametrize("code", [*sorted(WITHHELD_CODES - {"m.no_olm", "m.history_not_shared"}), "org.x.odd"])
def test_withheld(code: str) -> None:
    content: JSON = build_withheld(code, sender_key=CURVE, room_id=ROOM, session_id="s", reason="why")
    assert content == {
        "algorithm": "m.megolm.v1.aes-sha2", "code": code, "sender_key": encode_base64(CURVE), "room_id": ROOM,
        "session_id": "s", "reason": "why",
    }  # fmt: skip
    notice = read_withheld(content).accept()
    assert (notice.code, notice.sender_key, notice.room_id, notice.session_id, notice.reason, notice.known) == (
        code, CURVE, ROOM, "s", "why", code != "org.x.odd",
    )  # fmt: skip
    for name in ("room_id", "session_id"):
        with pytest.raises(InputError) as caught:
            read_withheld(with_member(content, name, ABSENT))
        assert caught.value.code == "withheld.session-missing"
    for arguments in ({"room_id": ROOM}, {"session_id": "s"}, {}):
        with pytest.raises(InputError) as caught:
            build_withheld(code, sender_key=CURVE, **arguments)
        assert caught.value.code == "withheld.session-missing"


def test_withheld_for_want_of_olm() -> None:
    content: JSON = build_withheld("m.no_olm", sender_key=CURVE)
    assert content == {"algorithm": "m.megolm.v1.aes-sha2", "code": "m.no_olm", "sender_key": encode_base64(CURVE)}
    assert read_withheld(content).oddities == ()
    for extra in ({"room_id": ROOM}, {"session_id": "s"}):
        parsed = read_withheld(content | extra)
        assert parsed.oddities == (Reason.WITHHELD_SESSION_UNEXPECTED,)
        assert (parsed.value.room_id, parsed.value.session_id) == (None, None)
        with pytest.raises(InputError) as caught:
            build_withheld("m.no_olm", sender_key=CURVE, **extra)
        assert caught.value.code == "withheld.session-unexpected"


def test_withheld_with_a_code_of_bundles() -> None:
    content: JSON = build_withheld("m.unverified", sender_key=CURVE, room_id=ROOM, session_id="s")
    assert read_withheld(content | {"code": "m.history_not_shared"}).oddities == (Reason.WITHHELD_CODE_MISPLACED,)
    with pytest.raises(InputError) as caught:
        build_withheld("m.history_not_shared", sender_key=CURVE, room_id=ROOM, session_id="s")
    assert caught.value.code == "withheld.code-misplaced"


@pytest.mark.parametrize(
    ("name", "news"),
    [
        ("algorithm", [ABSENT, None, 5, "m.olm.v1.curve25519-aes-sha2"]),
        ("code", [ABSENT, None, 5]),
        ("sender_key", [ABSENT, None, 5, "", "x", "A" * 42]),
        ("room_id", [None, 5]),
        ("session_id", [None, 5]),
        ("reason", [None, 5]),
    ],
)
def test_malformed_withheld(name: str, news: list[object]) -> None:
    content: JSON = build_withheld("m.unverified", sender_key=CURVE, room_id=ROOM, session_id="s")
    for new in news:
        with pytest.raises(InputError) as caught:
            read_withheld(with_member(content, name, new))
        assert caught.value.code == ("megolm.algorithm-unknown" if name == "algorithm" else "withheld.malformed")


def test_the_published_withheld() -> None:
    """From the specification's example of m.room_key.withheld."""
    notice = read_withheld(
        {
            "algorithm": "m.megolm.v1.aes-sha2",
            "room_id": "!Cuyf34gef24t:localhost",
            "session_id": "X3lUlvLELLYxeTx4yOVu6UDpasGEVO0Jbu+QFnm0cKQ",
            "sender_key": "RF3s+E7RkTQTGF2d8Deol0FkQvgII2aJDf3/Jp5mxVU",
            "code": "m.unverified",
            "reason": "Device not verified",
        }
    ).accept()
    assert (notice.code, notice.known, notice.reason) == ("m.unverified", True, "Device not verified")


# m.room_key_request


def test_requests() -> None:
    request = RoomKeyRequest("1495474790150.19", ROOM, "s")
    received = read_room_key_request(request.content("RJYKSTBOIE"))
    assert (received.request_id, received.requesting_device_id, received.room_id, received.session_id) == (
        "1495474790150.19", "RJYKSTBOIE", ROOM, "s",
    )  # fmt: skip
    assert not received.cancelled
    assert read_room_key_request(request.cancellation("RJYKSTBOIE")).cancelled
    body: JSON = request.content("X")
    assert "sender_key" not in body["body"]
    body["body"]["sender_key"] = 5
    assert read_room_key_request(body).session_id == "s"


@pytest.mark.parametrize("new", [ABSENT, None, 5, [], "other"])
def test_malformed_requests(new: object) -> None:
    content: JSON = RoomKeyRequest("1", ROOM, "s").content("X")
    for name in ("action", "body", "request_id", "requesting_device_id"):
        if new == "other" and name.startswith("request"):
            continue
        with pytest.raises(E2EError) as caught:
            read_room_key_request(with_member(content, name, new))
        assert caught.value.code == "room-key.malformed"
    for name in ("room_id", "session_id", "algorithm"):
        if new == "other" and name != "algorithm":
            continue
        with pytest.raises(E2EError) as caught:
            read_room_key_request({**content, "body": with_member(content["body"], name, new)})
        expected = "megolm.algorithm-unknown" if name == "algorithm" else "room-key.malformed"
        assert caught.value.code == expected
