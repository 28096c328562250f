# SPDX-License-Identifier: Apache-2.0
"""The plaintext of Olm messages: every comparison must be able to refuse, alone and with others."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import TYPE_CHECKING, Any

import pytest

from e2echeck.encoding import decode_base64, encode_base64
from e2echeck.errors import E2EError, InputError, StateError, VerificationError
from e2echeck.olm import Account
from e2echeck.reasons import Reason
from e2echeck.room_keys import OlmPayload, build_payload, check_payload, read_olm_payload
from e2echeck.room_keys._device_keys import check_device_keys
from e2echeck.verdict import CLIENTS, STRICT, Strictness
from tests.room_keys.devices import JSON, Device, pair

if TYPE_CHECKING:
    from collections.abc import Callable

    from e2echeck.verdict import Verdict

ABSENT: Any = object()


def arguments(alice: Device, bob: Device, *, known: bool) -> dict[str, Any]:
    return {
        "sender": alice.user_id,
        "sender_key": alice.key,
        "recipient": bob.user_id,
        "recipient_ed25519": bob.account.ed25519_key,
        "sender_ed25519": alice.account.ed25519_key if known else None,
    }


def check(
    payload: object, alice: Device, bob: Device, *, known: bool = True, strictness: Strictness = STRICT
) -> Verdict:
    plaintext = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    return check_payload(plaintext, **arguments(alice, bob, known=known), strictness=strictness)


def read(payload: object, alice: Device, bob: Device, *, known: bool = True) -> OlmPayload:
    return read_olm_payload(json.dumps(payload).encode(), **arguments(alice, bob, known=known))


def altered(value: JSON, path: tuple[str, ...], new: object) -> JSON:
    """A copy with the member at `path` replaced, or without it."""
    value = deepcopy(value)
    place = value
    for name in path[:-1]:
        place = place[name]
    if new is ABSENT:
        del place[path[-1]]
    else:
        place[path[-1]] = new
    return value


def test_a_good_payload() -> None:
    alice, bob = pair()
    payload = alice.payload(bob, "m.room_key", {"canary": 1}, device_keys=True)
    assert check(payload, alice, bob).reasons == ()
    value = read(payload, alice, bob)
    assert (value.type, value.content, value.sender, value.recipient) == (
        "m.room_key", {"canary": 1}, alice.user_id, bob.user_id,
    )  # fmt: skip
    assert (value.ed25519_key, value.recipient_ed25519_key) == (alice.account.ed25519_key, bob.account.ed25519_key)
    assert value.sender_device_keys == alice.device_keys
    assert value.undecided == ()
    assert "canary" not in repr(value)
    assert "alice" not in repr(value)


def test_what_is_written() -> None:
    """The members of OlmPlaintext and no others, in canonical form."""
    alice, bob = pair()
    key = encode_base64(alice.account.ed25519_key)
    assert build_payload(
        "m.dummy", {}, sender="@a:b", sender_ed25519=alice.account.ed25519_key,
        recipient="@c:d", recipient_ed25519=bob.account.ed25519_key,
    ) == (
        b'{"content":{},"keys":{"ed25519":"' + key.encode() + b'"},"recipient":"@c:d","recipient_keys":{"ed25519":"'
        + encode_base64(bob.account.ed25519_key).encode() + b'"},"sender":"@a:b","type":"m.dummy"}'
    )  # fmt: skip


def test_what_cannot_be_written() -> None:
    alice, bob = pair()
    good: dict[str, Any] = {
        "sender": "@a:b", "sender_ed25519": alice.key, "recipient": "@c:d", "recipient_ed25519": bob.key,
    }  # fmt: skip
    for event_type, content, change, code in (
        ("m.dummy", {"x": 0.5}, {}, "json.forbidden-value"),
        ("m.dummy", {}, {"sender_ed25519": b""}, "ed25519.key-length"),
        ("m.dummy", {}, {"recipient_ed25519": bytes(33)}, "ed25519.key-length"),
        ("m.room_key_bundle", {}, {}, "olm-payload.device-keys-missing"),
    ):
        with pytest.raises(InputError) as caught:
            build_payload(event_type, content, **{**good, **change})
        assert caught.value.code == code


@pytest.mark.parametrize(
    ("path", "new", "code"),
    [
        (("sender",), "@mallory:example.org", "olm-payload.sender-mismatch"),
        (("sender",), "@Alice:example.org", "olm-payload.sender-mismatch"),
        (("keys", "ed25519"), encode_base64(Account().ed25519_key), "olm-payload.sender-key-mismatch"),
        (("recipient",), "@alice:example.org", "olm-payload.recipient-mismatch"),
        (
            ("recipient_keys", "ed25519"),
            encode_base64(Account().ed25519_key),
            "olm-payload.recipient-key-mismatch",
        ),
    ],
)
def test_each_comparison_alone(path: tuple[str, ...], new: object, code: str) -> None:
    alice, bob = pair()
    payload = altered(alice.payload(bob), path, new)
    assert check(payload, alice, bob).reasons == (code,)
    with pytest.raises(VerificationError) as caught:
        read(payload, alice, bob)
    assert caught.value.code == code


MEMBERS = [("type",), ("content",), ("sender",), ("recipient",), ("keys",), ("keys", "ed25519"),
           ("recipient_keys",), ("recipient_keys", "ed25519")]  # fmt: skip


@pytest.mark.parametrize("path", MEMBERS)
@pytest.mark.parametrize("new", [ABSENT, None, 5, True, [], "", "x" * 43 + "=="])
def test_each_member_missing_or_of_another_form(path: tuple[str, ...], new: object) -> None:
    alice, bob = pair()
    verdict = check(altered(alice.payload(bob), path, new), alice, bob)
    if isinstance(new, str) and path in (("type",), ("sender",), ("recipient",)):
        assert verdict.ok is (path == ("type",))
    else:
        assert verdict.reasons == (Reason.OLM_PAYLOAD_MALFORMED,)


@pytest.mark.parametrize("plaintext", [b"", b"{", b"[]", b"null", b"\xff", b'"x"', b"[" * 300])
def test_no_object(plaintext: bytes) -> None:
    alice, bob = pair()
    assert check(plaintext, alice, bob).reasons == (Reason.OLM_PAYLOAD_MALFORMED,)


def test_a_member_twice() -> None:
    """Who checks the last and uses the first is deceived."""
    alice, bob = pair()
    good = json.dumps(alice.payload(bob))
    assert check(good.encode(), alice, bob).ok
    twice = '{"sender":"@mallory:example.org",' + good[1:]
    assert check(twice.encode(), alice, bob).reasons == (Reason.OLM_PAYLOAD_MALFORMED,)
    inside = good.replace('"content": {}', '"content": {"x": 1, "x": 2}')
    assert check(inside.encode(), alice, bob).reasons == (Reason.OLM_PAYLOAD_MALFORMED,)


def test_floats_in_the_content_are_read_as_clients_read_them() -> None:
    alice, bob = pair()
    assert read(alice.payload(bob) | {"content": {"x": 0.5}}, alice, bob).content == {"x": 0.5}


def test_keys_are_compared_as_bytes_and_spelled_strictly() -> None:
    alice, bob = pair()
    payload = alice.payload(bob)
    payload["keys"]["ed25519"] += "="
    assert check(payload, alice, bob).reasons == (Reason.OLM_PAYLOAD_MALFORMED,)
    assert check(payload, alice, bob, strictness=CLIENTS).reasons == ()


def test_all_reasons_in_their_order() -> None:
    alice, bob = pair()
    mallory = Device("@mallory:example.org", "MALLORY")
    payload = mallory.payload(mallory, device_keys=True)
    payload["sender_device_keys"]["signatures"] = {}
    assert check(payload, alice, bob).reasons == (
        "olm-payload.sender-mismatch",
        "olm-payload.sender-key-mismatch",
        "olm-payload.recipient-mismatch",
        "olm-payload.recipient-key-mismatch",
        "device-keys.user-mismatch",
        "device-keys.curve25519-mismatch",
        "device-keys.signature-missing",
    )


# The sending device is not known


def test_an_unknown_device_is_not_decided() -> None:
    alice, bob = pair()
    for event_type in ("m.room_key", "m.dummy", "m.secret.send", "m.forwarded_room_key"):
        payload = alice.payload(bob, event_type)
        verdict = check(payload, alice, bob, known=False)
        assert verdict.ok
        assert verdict.reasons == ("olm-payload.sender-key-unknown",)
        if event_type == "m.room_key":
            assert read(payload, alice, bob, known=False).undecided == ("olm-payload.sender-key-unknown",)
        else:
            with pytest.raises(StateError) as caught:
                read(payload, alice, bob, known=False)
            assert caught.value.code == "olm-payload.sender-key-unknown"


def test_an_unknown_device_with_valid_device_keys_is_decided() -> None:
    alice, bob = pair()
    assert read(alice.payload(bob, device_keys=True), alice, bob, known=False).undecided == ()


def test_a_known_key_outweighs_device_keys() -> None:
    """Device keys that fit the payload do not make up for another key in /keys/query."""
    alice, bob = pair()
    other = Account().ed25519_key
    plaintext = json.dumps(alice.payload(bob, device_keys=True)).encode()
    verdict = check_payload(plaintext, **arguments(alice, bob, known=False) | {"sender_ed25519": other})
    assert verdict.reasons == ("olm-payload.sender-key-mismatch",)


@pytest.mark.parametrize("event_type", ["m.room_key_bundle", "io.element.msc4268.room_key_bundle"])
def test_bundles_need_device_keys(event_type: str) -> None:
    alice, bob = pair()
    payload = alice.payload(bob, device_keys=True) | {"type": event_type}
    assert check(payload, alice, bob).reasons == ()
    assert check(altered(payload, ("sender_device_keys",), ABSENT), alice, bob).reasons == (
        "olm-payload.device-keys-missing",
    )


# sender_device_keys


def resigned(alice: Device, change: Callable[[JSON], None], signer: Device | None = None) -> JSON:
    """Device keys with a change under a valid signature of Alice, or of somebody else."""
    keys = deepcopy(alice.device_keys)
    del keys["signatures"]
    change(keys)
    signer = signer or alice
    return signer.account.sign_json(keys, keys["user_id"], keys["device_id"])


def other_user(keys: JSON) -> None:
    keys["user_id"] = "@mallory:example.org"


def other_curve(keys: JSON) -> None:
    keys["keys"]["curve25519:ALICE"] = encode_base64(Account().curve25519_key)


def other_device(keys: JSON) -> None:
    keys["device_id"] = "OTHER"


def no_curve(keys: JSON) -> None:
    del keys["keys"]["curve25519:ALICE"]


def no_ed25519(keys: JSON) -> None:
    del keys["keys"]["ed25519:ALICE"]


@pytest.mark.parametrize(
    ("change", "codes"),
    [
        (other_user, ["device-keys.user-mismatch"]),
        (other_curve, ["device-keys.curve25519-mismatch"]),
        (no_curve, ["device-keys.curve25519-mismatch"]),
        (no_ed25519, ["device-keys.ed25519-mismatch"]),
        (other_device, ["device-keys.curve25519-mismatch", "device-keys.ed25519-mismatch"]),
    ],
)
@pytest.mark.parametrize("known", [True, False])
def test_device_keys_with_a_change_under_the_signature(
    change: Callable[[JSON], None], codes: list[str], known: bool
) -> None:
    alice, bob = pair()
    payload = alice.payload(bob) | {"sender_device_keys": resigned(alice, change)}
    unknown = [] if known else ["olm-payload.sender-key-unknown"]
    assert list(check(payload, alice, bob, known=known).reasons) == unknown + codes
    with pytest.raises(VerificationError) as caught:
        read(payload, alice, bob, known=known)
    assert caught.value.code == codes[0]


def test_device_keys_with_another_ed25519_key_and_its_signature() -> None:
    """Keys of Mallory that name Alice and her Curve25519 key."""
    alice, bob = pair()
    mallory = Device("@mallory:example.org", "MALLORY")

    def change(keys: JSON) -> None:
        keys["keys"]["ed25519:ALICE"] = encode_base64(mallory.account.ed25519_key)

    payload = alice.payload(bob) | {"sender_device_keys": resigned(alice, change, mallory)}
    assert check(payload, alice, bob).reasons == ("device-keys.ed25519-mismatch",)


def test_device_keys_signed_by_somebody_else() -> None:
    alice, bob = pair()
    keys = resigned(alice, lambda _: None, Device("@mallory:example.org", "MALLORY"))
    assert check(alice.payload(bob) | {"sender_device_keys": keys}, alice, bob).reasons == (
        "device-keys.signature-invalid",
    )


def test_what_the_signature_covers() -> None:
    alice, bob = pair()

    def extend(keys: JSON) -> None:
        keys["dehydrated"] = True

    keys = resigned(alice, extend)
    base = alice.payload(bob)
    assert check(base | {"sender_device_keys": keys}, alice, bob).reasons == ()
    outside = keys | {"unsigned": {"device_display_name": "phone"}}
    assert check(base | {"sender_device_keys": outside}, alice, bob).reasons == ()
    for inside in (keys | {"dehydrated": False}, keys | {"more": 1}, keys | {"algorithms": []}):
        assert check(base | {"sender_device_keys": inside}, alice, bob).reasons == (
            "device-keys.signature-invalid",
        )
    more = deepcopy(keys)
    more["signatures"]["@alice:example.org"]["ed25519:OTHER"] = "no signature at all"
    more["signatures"]["@other:example.org"] = None
    assert check(base | {"sender_device_keys": more}, alice, bob).reasons == ()


SIGNATURES = [
    ABSENT, None, [], "x", 5, {}, {"@alice:example.org": None}, {"@alice:example.org": []},
    {"@alice:example.org": {}}, {"@alice:example.org": {"ed25519:ALICE": None}},
    {"@alice:example.org": {"ed25519:ALICE": ""}}, {"@alice:example.org": {"ed25519:ALICE": ["x"]}},
    {"@alice:example.org": {"ed25519:ALICE": "A" * 43}}, {"@alice:example.org": {"ed25519:ALICE": "A" * 87}},
    {"@alice:example.org": {"ed25519:ALICE": "\u00e9" * 86}}, {"@other:example.org": {"ed25519:ALICE": "A" * 86}},
    {"@alice:example.org": {"ed25519:OTHER": "A" * 86}}, {"@alice:example.org": {"curve25519:ALICE": "A" * 86}},
]  # fmt: skip


@pytest.mark.parametrize("signatures", SIGNATURES)
def test_signatures_of_every_shape(signatures: object) -> None:
    alice, bob = pair()
    payload = altered(alice.payload(bob, device_keys=True), ("sender_device_keys", "signatures"), signatures)
    assert check(payload, alice, bob).reasons == ("device-keys.signature-missing",)


def test_a_signature_that_is_moved_does_not_count() -> None:
    """The right signature under another user or key id."""
    alice, bob = pair()
    payload = alice.payload(bob, device_keys=True)
    signature = payload["sender_device_keys"]["signatures"]["@alice:example.org"]["ed25519:ALICE"]
    for moved in (
        {"@bob:example.org": {"ed25519:ALICE": signature}},
        {"@alice:example.org": {"ed25519:X": signature}},
    ):
        payload["sender_device_keys"]["signatures"] = moved
        assert check(payload, alice, bob).reasons == ("device-keys.signature-missing",)


def test_a_flipped_signature() -> None:
    alice, bob = pair()
    payload = alice.payload(bob, device_keys=True)
    by_user = payload["sender_device_keys"]["signatures"]["@alice:example.org"]
    text = by_user["ed25519:ALICE"]
    by_user["ed25519:ALICE"] = ("B" if text[0] == "A" else "A") + text[1:]
    assert check(payload, alice, bob).reasons == ("device-keys.signature-invalid",)


@pytest.mark.parametrize("value", [None, False, 0, "", [], {}, {"user_id": "@alice:example.org"}])
def test_device_keys_of_no_form(value: object) -> None:
    alice, bob = pair()
    payload = alice.payload(bob) | {"sender_device_keys": value}
    assert check(payload, alice, bob).reasons == ("device-keys.malformed",)


@pytest.mark.parametrize("name", ["user_id", "device_id", "algorithms", "keys"])
@pytest.mark.parametrize("new", [ABSENT, None, 5])
def test_device_keys_that_lack_a_member(name: str, new: object) -> None:
    alice, bob = pair()
    payload = altered(alice.payload(bob, device_keys=True), ("sender_device_keys", name), new)
    assert check(payload, alice, bob).reasons == ("device-keys.malformed",)


def test_device_keys_without_a_canonical_form() -> None:
    alice, bob = pair()
    payload = altered(alice.payload(bob, device_keys=True), ("sender_device_keys", "more"), 0.5)
    assert check(payload, alice, bob).reasons == ("device-keys.malformed",)


# Published examples (matrix-rust-sdk, testing/matrix-sdk-test and matrix-sdk-crypto, Apache-2.0)

PUBLISHED_DEVICE: JSON = {
    "algorithms": ["m.olm.v1.curve25519-aes-sha2", "m.megolm.v1.aes-sha2"],
    "device_id": "GYKSNAWLVK",
    "keys": {
        "curve25519:GYKSNAWLVK": "dBcZBzQaiQYWf6rBPh2QypIOB/dxSoTeyaFaxNNbeHs",
        "ed25519:GYKSNAWLVK": "6melQNnhoI9sT2b4VzNPAwa8aB179ym45fON8Yo7kVk",
    },
    "signatures": {
        "@bob:localhost": {
            "ed25519:GYKSNAWLVK": (
                "Fk45zHAbrd+1j9wZXLjL2Y/+DU/Mnz9yuvlfYBOOT7qExN2Jdud+5BAuNs8nZ/caS4wTF39Kg3zQpzaGERoCBg"
            )
        }
    },
    "user_id": "@bob:localhost",
}


def published_reasons(value: JSON) -> tuple[Reason, ...]:

    names = PUBLISHED_DEVICE["keys"]
    return check_device_keys(
        value,
        user_id="@bob:localhost",
        curve25519_key=decode_base64(names["curve25519:GYKSNAWLVK"]).accept(),
        ed25519_key=decode_base64(names["ed25519:GYKSNAWLVK"]).accept(),
    )


def test_published_device_keys() -> None:
    assert published_reasons(PUBLISHED_DEVICE) == ()
    for name in ("algorithms", "keys"):
        value = deepcopy(PUBLISHED_DEVICE)
        value[name] = {**value[name], "x": "y"} if isinstance(value[name], dict) else value[name][:1]
        assert published_reasons(value) == (Reason.DEVICE_KEYS_SIGNATURE_INVALID,)


def test_the_published_plaintext_of_msc4147() -> None:
    """Its keys and signature are made up there: the form is read, and the comparisons name what does not fit."""
    key, curve = "b29vb29vb29vb29vb29vb29vb29vb29vb29vb29vb28", "c29vb29vb29vb29vb29vb29vb29vb29vb29vb29vb28"
    signature = "mia28GKixFzOWKJ0h7Bdrdy2fjxiHCsst1qpe467FbW85H61UlshtKBoAXfTLlVfi0FX+/noJ8B3noQPnY+9Cg"
    payload: JSON = {
        "sender": "@u:s.co", "recipient": "@u:s.co", "keys": {"ed25519": key}, "recipient_keys": {"ed25519": key},
        "content": {}, "type": "m.dummy",
        "sender_device_keys": {
            "user_id": "@u:s.co", "device_id": "DEV", "algorithms": ["m.olm.v1.curve25519-aes-sha2"],
            "keys": {"curve25519:DEV": curve, "ed25519:DEV": key},
            "signatures": {"@u:s.co": {"ed25519:DEV": signature, "ed25519:ssk": signature}},
        },
    }  # fmt: skip
    verdict = check_payload(
        json.dumps(payload).encode(), sender="@u:s.co", sender_key=b"s" + b"o" * 31, recipient="@u:s.co",
        recipient_ed25519=b"oo" * 16, sender_ed25519=b"oo" * 16,
    )  # fmt: skip
    assert verdict.reasons == ("device-keys.signature-invalid",)


def test_errors_hold_nothing_of_the_plaintext() -> None:
    alice, bob = pair()
    payload = alice.payload(bob, "m.secret.send", {"secret": "canary"}) | {"sender": "@canary:example.org"}
    with pytest.raises(E2EError) as caught:
        read(payload, alice, bob)
    assert "canary" not in repr(caught.value) + str(caught.value)
    assert caught.value.__context__ is None
