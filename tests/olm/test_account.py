# SPDX-License-Identifier: Apache-2.0
"""Accounts: keys and their bounds, what is signed and uploaded, and how sessions begin, or do not."""

from __future__ import annotations

import copy
from dataclasses import replace
from os import urandom

import pytest

from e2echeck import canonical_json
from e2echeck.encoding import decode_base64, encode_base64
from e2echeck.errors import E2EError, InputError
from e2echeck.hazmat import ed25519
from e2echeck.olm import Account, PreKeyMessage, SessionConfig
from e2echeck.verdict import CLIENTS, STRICT, Strictness
from tests.conftest import find_peer
from tests.olm import forge
from tests.olm.pairs import accounts, one_time_key

USER, DEVICE = "@alice:example.org", "ALICEPHONE"
CONFIGS = pytest.mark.parametrize("config", [SessionConfig.VERSION_1, SessionConfig.VERSION_2])


def refuse(
    account: Account,
    identity_key: str | bytes,
    message: str | bytes | PreKeyMessage,
    code: str,
    config: SessionConfig = SessionConfig.VERSION_1,
    strictness: Strictness = STRICT,
) -> None:
    """The account makes no session, for this reason, and stays as it was."""
    before = account._state()
    with pytest.raises(E2EError) as caught:
        account.create_inbound_session(identity_key, message, config=config, strictness=strictness)
    assert caught.value.code == code
    assert account._state() == before


def begin(config: SessionConfig = SessionConfig.VERSION_1) -> tuple[Account, Account, PreKeyMessage]:
    """Alice, Bob, and Alice's first message to him."""
    alice, bob = accounts()
    first = alice.create_outbound_session(bob.curve25519_key, one_time_key(bob), config=config).encrypt(b"hello")
    assert isinstance(first, PreKeyMessage)
    return alice, bob, first


# One-time keys


def test_one_time_keys_come_in_order_with_counted_ids() -> None:
    account = Account()
    assert account.one_time_keys() == {}
    first = account.generate_one_time_keys(3)
    second = account.generate_one_time_keys(2)
    assert (first.removed, second.removed) == ((), ())
    names = [f"AAAAAAAAAA{character}" for character in "AEIMQ"]
    assert list(account.one_time_keys().items()) == list(zip(names, first.created + second.created, strict=True))
    account.mark_keys_as_published()
    assert account.one_time_keys() == {}
    third = account.generate_one_time_keys(1)
    assert account.one_time_keys() == {"AAAAAAAAAAU": third.created[0]}
    assert account.stored_one_time_key_count == 6


def test_fifty_keys_are_published_at_once() -> None:
    account = Account()
    created = account.generate_one_time_keys(101).created
    assert account.max_number_of_one_time_keys == 50
    for part in (created[:50], created[50:100], created[100:], ()):
        assert tuple(account.one_time_keys().values()) == part
        account.mark_keys_as_published()


def test_five_thousand_private_halves_are_kept() -> None:
    alice, account = Account(), Account()
    created = account.generate_one_time_keys(5000).created
    assert account.stored_one_time_key_count == 5000
    result = account.generate_one_time_keys(2)
    assert result.removed == created[:2]
    assert account.stored_one_time_key_count == 5000
    # Keys that are gone are not published any more.
    assert next(iter(account.one_time_keys().values())) == created[2]
    for key, there in ((created[1], False), (created[2], True), (result.created[1], True)):
        first = alice.create_outbound_session(account.curve25519_key, key).encrypt(b"x").to_bytes()
        if there:
            account.create_inbound_session(alice.curve25519_key, first)
        else:
            refuse(account, alice.curve25519_key, first, "olm.one-time-key-unknown")
    assert account.stored_one_time_key_count == 4998


@pytest.mark.parametrize("count", [-1, 5001, 2**64])
def test_a_count_out_of_bounds(count: int) -> None:
    account = Account()
    before = account._state()
    with pytest.raises(InputError, match=r"usage\.invalid"):
        account.generate_one_time_keys(count)
    assert account._state() == before


def test_a_broken_random_source_changes_nothing() -> None:
    account = Account()
    account.generate_one_time_keys(2)
    draws = iter([urandom(32), urandom(32), b"short", urandom(31)])
    before = account._state()
    with pytest.raises(InputError, match=r"x25519\.key-length"):
        account.generate_one_time_keys(3, rng=lambda _: next(draws))
    with pytest.raises(InputError, match=r"x25519\.key-length"):
        account.generate_fallback_key(rng=lambda _: next(draws))
    assert account._state() == before


# Fallback keys


def test_two_fallback_keys_are_kept() -> None:
    account = Account()
    assert account.fallback_key() == {}
    assert not account.forget_fallback_key()
    assert account.generate_fallback_key() is None
    first = account.fallback_key()
    assert list(first) == ["AAAAAAAAAAA"]
    account.mark_keys_as_published()
    assert account.fallback_key() == {}
    assert account.generate_fallback_key() is None
    second = account.fallback_key()
    assert list(second) == ["AAAAAAAAAAE"]
    assert account.generate_fallback_key() == first["AAAAAAAAAAA"]
    assert account.generate_fallback_key() == second["AAAAAAAAAAE"]
    assert account.forget_fallback_key()
    assert not account.forget_fallback_key()
    assert list(account.fallback_key()) == ["AAAAAAAAAAM"]


def test_fallback_keys_stay_until_forgotten() -> None:
    alice, bob = Account(), Account()
    bob.generate_fallback_key()
    (old,) = bob.fallback_key().values()
    bob.mark_keys_as_published()
    first = alice.create_outbound_session(bob.curve25519_key, old).encrypt(b"x").to_bytes()
    for _ in range(3):
        before = bob._state()
        assert bob.create_inbound_session(alice.curve25519_key, first)[1] == b"x"
        assert bob._state() == before
    bob.generate_fallback_key()
    assert bob.create_inbound_session(alice.curve25519_key, first)[1] == b"x"
    assert bob.forget_fallback_key()
    refuse(bob, alice.curve25519_key, first, "olm.one-time-key-unknown")


# Signatures and uploads


def check_signature(account: Account, value: object) -> None:
    """The object carries this account's good signature, by hand."""
    assert isinstance(value, dict)
    signature = value["signatures"][USER][f"ed25519:{DEVICE}"]
    signed = {key: value[key] for key in value if key not in ("signatures", "unsigned")}
    raw = decode_base64(signature, length=64).accept()
    assert ed25519.verify(account.ed25519_key, raw, canonical_json.encode(signed))


def test_what_is_uploaded() -> None:
    account = Account()
    assert set(account.keys_upload(USER, DEVICE)) == {"device_keys"}
    account.generate_one_time_keys(3)
    account.generate_fallback_key()
    body = account.keys_upload(USER, DEVICE)
    assert set(body) == {"device_keys", "one_time_keys", "fallback_keys"}
    device, one_time, fallback = body["device_keys"], body["one_time_keys"], body["fallback_keys"]
    assert isinstance(device, dict)
    assert isinstance(one_time, dict)
    assert isinstance(fallback, dict)
    check_signature(account, device)
    assert {key: device[key] for key in device if key != "signatures"} == {
        "user_id": USER,
        "device_id": DEVICE,
        "algorithms": ["m.olm.v1.curve25519-aes-sha2", "m.megolm.v1.aes-sha2"],
        "keys": {
            f"curve25519:{DEVICE}": encode_base64(account.curve25519_key),
            f"ed25519:{DEVICE}": encode_base64(account.ed25519_key),
        },
    }
    for keys, objects, is_fallback in (
        (account.one_time_keys(), one_time, False),
        (account.fallback_key(), fallback, True),
    ):
        assert list(objects) == [f"signed_curve25519:{name}" for name in keys]
        for name, key in keys.items():
            value = objects[f"signed_curve25519:{name}"]
            check_signature(account, value)
            assert isinstance(value, dict)
            assert value["key"] == encode_base64(key)
            assert value.get("fallback", False) is is_fallback
            assert set(value) == {"key", "signatures"} | ({"fallback"} if is_fallback else set())
    account.mark_keys_as_published()
    assert set(account.keys_upload(USER, DEVICE)) == {"device_keys"}


@pytest.mark.peer("signedjson")
def test_signatures_hold_for_signedjson() -> None:
    keys, sign = (find_peer("signedjson"), __import__("signedjson.key").key, __import__("signedjson.sign").sign)[
        1:
    ]
    account = Account()
    account.generate_one_time_keys(1)
    account.generate_fallback_key()
    verify_key = keys.decode_verify_key_bytes(f"ed25519:{DEVICE}", account.ed25519_key)
    (one_time,) = account.signed_one_time_keys(USER, DEVICE).values()
    (fallback,) = account.signed_fallback_key(USER, DEVICE).values()
    for value in (account.device_keys(USER, DEVICE), one_time, fallback):
        sign.verify_signed_json(value, USER, verify_key)


def test_signing_keeps_the_object_and_other_signatures() -> None:
    account = Account()
    value: dict[str, canonical_json.JsonValue] = {
        "b": [1, {"unsigned": 2, "signatures": {}}],
        "unsigned": {"age": 1},
        "signatures": {USER: {"ed25519:OTHER": "x", f"ed25519:{DEVICE}": "old"}, "@bob:b": {"ed25519:B": "y"}},
    }
    before = copy.deepcopy(value)
    signed = account.sign_json(value, USER, DEVICE)
    assert value == before
    check_signature(account, signed)
    signatures = signed["signatures"]
    assert isinstance(signatures, dict)
    own = signatures[USER]
    assert isinstance(own, dict)
    assert own["ed25519:OTHER"] == "x"
    assert own[f"ed25519:{DEVICE}"] != "old"
    assert signatures["@bob:b"] == {"ed25519:B": "y"}
    assert (signed["unsigned"], signed["b"]) == (value["unsigned"], value["b"])
    # Neither of the two top-level members enters the signature.
    bare = account.sign_json({"b": value["b"]}, USER, DEVICE)
    bare_signatures = bare["signatures"]
    assert isinstance(bare_signatures, dict)
    assert bare_signatures[USER] == {f"ed25519:{DEVICE}": own[f"ed25519:{DEVICE}"]}


@pytest.mark.parametrize("signatures", [None, [], "x", {USER: None}, {USER: "x"}])
def test_signatures_that_are_no_objects(signatures: canonical_json.JsonValue) -> None:
    with pytest.raises(InputError, match=r"json\.type"):
        Account().sign_json({"signatures": signatures}, USER, DEVICE)


def test_sign() -> None:
    account = Account()
    signature = account.sign(b"message")
    assert ed25519.verify(account.ed25519_key, signature, b"message")
    assert not ed25519.verify(account.ed25519_key, signature, b"another")


# Sessions


@CONFIGS
def test_each_spelling_of_keys_and_message(config: SessionConfig) -> None:
    for as_text in (False, True):
        alice, bob = accounts()
        keys: list[str | bytes] = [bob.curve25519_key, one_time_key(bob), alice.curve25519_key]
        if as_text:
            keys = [encode_base64(key) if isinstance(key, bytes) else key for key in keys]
        first = alice.create_outbound_session(keys[0], keys[1], config=config).encrypt(b"hello")
        message = first.to_base64() if as_text else first.to_bytes()
        assert bob.create_inbound_session(keys[2], message, config=config)[1] == b"hello"


@CONFIGS
def test_rubbish_does_not_burn_a_one_time_key(config: SessionConfig) -> None:
    alice, bob, first = begin(config)
    wire = first.to_bytes()
    before = bob._state()
    for place in range(len(wire)):
        changed = bytearray(wire)
        changed[place] ^= 0x10
        for strictness in (STRICT, CLIENTS):
            with pytest.raises(E2EError):
                bob.create_inbound_session(
                    alice.curve25519_key, bytes(changed), config=config, strictness=strictness
                )
    assert bob._state() == before
    changed = bytearray(wire)
    changed[-1] ^= 1
    refuse(bob, alice.curve25519_key, bytes(changed), "olm.mac-invalid", config)
    assert bob.create_inbound_session(alice.curve25519_key, wire, config=config)[1] == b"hello"
    assert bob.stored_one_time_key_count == 0
    assert bob.one_time_keys() == {}


def test_a_replay_is_refused() -> None:
    alice, bob, first = begin()
    bob.create_inbound_session(alice.curve25519_key, first)
    refuse(bob, alice.curve25519_key, first, "olm.one-time-key-unknown")


def test_a_stranger_with_another_base_key_does_not_burn_it_either() -> None:
    alice, bob, first = begin()
    mallory = Account()
    stolen = replace(first.session_keys, identity_key=mallory.curve25519_key)
    refuse(bob, mallory.curve25519_key, PreKeyMessage.build(stolen, first.message), "olm.mac-invalid")
    assert bob.create_inbound_session(alice.curve25519_key, first)[1] == b"hello"


def test_another_identity_key_is_refused() -> None:
    alice, bob, first = begin()
    mallory = Account()
    refuse(bob, mallory.curve25519_key, first, "olm.identity-mismatch")
    refuse(bob, encode_base64(mallory.curve25519_key), first.to_base64(), "olm.identity-mismatch")
    # The same point in another spelling is another key: bit 255 is ignored by the curve, not here.
    spelled = alice.curve25519_key[:31] + bytes((alice.curve25519_key[31] ^ 0x80,))
    refuse(bob, spelled, first, "olm.identity-mismatch")
    assert bob.create_inbound_session(alice.curve25519_key, first)[1] == b"hello"


@pytest.mark.parametrize("low", forge.SMALL_ORDER)
def test_keys_of_small_order_are_refused_in_each_role(low: bytes) -> None:
    alice, bob, first = begin()
    before = alice._state()
    for keys in ((low, one_time_key(bob)), (bob.curve25519_key, low)):
        with pytest.raises(E2EError, match=r"x25519\.non-contributory"):
            alice.create_outbound_session(*keys)
    assert alice._state() == before
    as_identity = replace(first.session_keys, identity_key=low)
    refuse(bob, low, PreKeyMessage.build(as_identity, first.message), "x25519.non-contributory")
    as_base = replace(first.session_keys, base_key=low)
    refuse(bob, alice.curve25519_key, PreKeyMessage.build(as_base, first.message), "x25519.non-contributory")


@pytest.mark.parametrize("low", forge.SMALL_ORDER)
def test_a_first_ratchet_key_of_small_order_is_refused(low: bytes) -> None:
    """The session could never answer, so it is not made, and the one-time key stays."""
    alice, bob = accounts()
    key = one_time_key(bob)
    outbound = alice.create_outbound_session(bob.curve25519_key, key)
    outbound._ratchet.ratchet_key = low  # type: ignore[union-attr]
    refuse(bob, alice.curve25519_key, outbound.encrypt(b"x").to_bytes(), "x25519.non-contributory")
    good = alice.create_outbound_session(bob.curve25519_key, key).encrypt(b"x").to_bytes()
    assert bob.create_inbound_session(alice.curve25519_key, good)[1] == b"x"


def test_the_message_does_not_choose_the_format() -> None:
    for mine, other in (
        (SessionConfig.VERSION_1, SessionConfig.VERSION_2),
        (SessionConfig.VERSION_2, SessionConfig.VERSION_1),
    ):
        alice, bob, first = begin(other)
        refuse(bob, alice.curve25519_key, first.to_bytes(), "wire.version", mine)
        refuse(bob, alice.curve25519_key, first, "wire.version", mine)


def test_a_first_message_far_ahead() -> None:
    alice, bob = accounts()
    outbound = alice.create_outbound_session(bob.curve25519_key, one_time_key(bob))
    messages = [outbound.encrypt(b"%d" % number) for number in range(2002)]
    refuse(bob, alice.curve25519_key, messages[2001].to_bytes(), "olm.index-gap")
    inbound, plaintext = bob.create_inbound_session(alice.curve25519_key, messages[2000].to_bytes())
    assert plaintext == b"2000"
    assert inbound.decrypt(messages[1999]) == b"1999"
    assert inbound.decrypt(messages[2001]) == b"2001"


def test_odd_pre_key_messages_open_for_clients_only() -> None:
    alice, bob, first = begin()
    odd = first.to_bytes() + b"\x3a\x04junk"
    refuse(bob, alice.curve25519_key, odd, "wire.field-unknown")
    refuse(bob, alice.curve25519_key, PreKeyMessage.parse(odd).value, "wire.field-unknown")
    inbound, plaintext = bob.create_inbound_session(alice.curve25519_key, odd, strictness=CLIENTS)
    assert plaintext == b"hello"
    assert inbound.matches(first)


def test_secrets_do_not_show() -> None:
    account = Account(rng=forge.stream(b"account"))
    account.generate_one_time_keys(1, rng=forge.stream(b"one-time"))
    account.generate_fallback_key(rng=forge.stream(b"fallback"))
    parts = [account, account._one_time_keys, account._fallback_keys, account._fallback_keys._current]
    shown = " ".join(map(repr, parts))
    for name in (b"account", b"one-time", b"fallback"):
        rng = forge.stream(name)
        for secret in (rng(32), rng(32)):
            assert secret.hex() not in shown
            assert encode_base64(secret) not in shown
            assert repr(secret)[2:-1] not in shown
