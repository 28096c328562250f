# SPDX-License-Identifier: Apache-2.0
"""Answers with server keys: what they need, and what they may lack."""

from __future__ import annotations

import copy
import json
import pickle
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from e2echeck.encoding import encode_base64
from e2echeck.errors import E2EError, InputError, VerificationError
from e2echeck.events.server_keys import (
    MOST_BYTES,
    MOST_KEYS,
    ServerKeys,
    check_server_keys,
    key_ring,
)
from e2echeck.hazmat import ed25519
from e2echeck.reasons import Reason
from e2echeck.signing import KeyRing, VerifyKey, sign_json, verify_json
from tests.canonical_json.values import VALUES
from tests.events.servers import (
    NAME,
    NON_CANONICAL,
    NOTARY_SEED,
    NOW,
    OLD_SEED,
    OTHER_SEED,
    RECORDED,
    SEED,
    SMALL_ORDER,
    parse,
    public,
    published,
    sign,
    unsigned,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

NOTARY = "notary.example.org"


def reasons(answer: object, **options: Any) -> tuple[str, ...]:
    """What is said of an answer."""
    verdict = check_server_keys(answer, **{"fetched_at": NOW, **options})  # type: ignore[arg-type]
    return tuple(map(str, verdict.reasons))


# One answer


@pytest.mark.parametrize(("fetched_at", "answer"), RECORDED)
def test_recorded_answers_hold(fetched_at: int, answer: bytes) -> None:
    """What Synapse published, with ports in the names, and nothing to say about it."""
    name = json.loads(answer)["server_name"]
    keys = ServerKeys.parse(answer, server_name=name, fetched_at=fetched_at)
    assert keys.server_name == name
    assert keys.reasons == ()
    assert keys.valid_until == keys.valid_until_ts == json.loads(answer)["valid_until_ts"]
    (key,) = keys.verify_keys
    assert encode_base64(key.public_key) == json.loads(answer)["verify_keys"][key.key_id]["key"]
    assert key.entity == name
    assert pickle.loads(pickle.dumps(keys)) == keys  # noqa: S301


@pytest.mark.parametrize(("fetched_at", "answer"), RECORDED)
def test_every_change_of_a_recorded_answer_is_found(fetched_at: int, answer: bytes) -> None:
    """Each member taken away, replaced, or with one character changed."""
    for changed in _changes(json.loads(answer)):
        verdict = check_server_keys(changed, fetched_at=fetched_at)
        assert not verdict.ok
        with pytest.raises(E2EError) as refused:
            ServerKeys.parse(changed, fetched_at=fetched_at)
        assert refused.value.code is verdict.code


def _changes(value: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield {**value, "added": 1}
    for path in _paths(value):
        for make in (_drop, _null, _edit):
            changed = copy.deepcopy(value)
            inner = changed
            for name in path[:-1]:
                inner = inner[name]
            make(inner, path[-1])
            if changed != value:
                yield changed


def _paths(value: object, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield (*path, name)
            yield from _paths(inner, (*path, name))


def _drop(inner: dict[str, Any], name: str) -> None:
    del inner[name]


def _null(inner: dict[str, Any], name: str) -> None:
    inner[name] = None


def _edit(inner: dict[str, Any], name: str) -> None:
    value = inner[name]
    if isinstance(value, int):
        inner[name] = value + 1
    elif isinstance(value, str):
        inner[name] = ("1" if value[0] != "1" else "2") + value[1:]
    elif value:
        inner[name + "x"] = inner.pop(name)


def test_unsigned_is_not_signed() -> None:
    """A member `unsigned`, and signatures of others, change nothing."""
    answer = published()
    answer["unsigned"] = {"age": 1}
    answer["signatures"]["other.example.org"] = {"ed25519:x": "?", "rsa:1": None}
    answer["signatures"][NAME]["ed25519:other"] = "AAAA"
    assert reasons(answer) == ()


def test_the_answer_is_not_touched() -> None:
    """Neither by a check nor by a refusal."""
    for answer in (published(), unsigned()):
        before = copy.deepcopy(answer)
        check_server_keys(answer, fetched_at=NOW)
        assert answer == before


def test_another_server_than_the_one_asked() -> None:
    """The name is compared with case."""
    assert reasons(published(), server_name=NAME) == ()
    for name in ("example.com", "EXAMPLE.ORG", "example.org:8448", "sub.example.org"):
        assert reasons(published(), server_name=name) == ("server-key.name-mismatch",)
    with pytest.raises(VerificationError) as refused:
        ServerKeys.parse(published(), server_name="example.com", fetched_at=NOW)
    assert refused.value.code is Reason.SERVER_KEY_NAME_MISMATCH


@pytest.mark.parametrize(
    "name",
    [
        "matrix.org",
        "matrix.org:8888",
        "1.2.3.4",
        "1.2.3.4:1234",
        "[1234:5678::abcd]",
        "[1234:5678::abcd]:5678",
        "[::ffff:1.2.3.4]",
        "localhost",
        "MATRIX.org",
        "a" * 255,
    ],
)
def test_server_names(name: str) -> None:
    """The examples of the specification, and its limits."""
    assert reasons(published(name=name), server_name=name) == ()


@pytest.mark.parametrize(
    "name",
    [
        "",
        "a b",
        "matrix.org:",
        "matrix.org:123456",
        "matrix.org:80a",
        "matrix.org\n",
        "[::1",
        "::1",
        "[]",
        "[:]",
        "[1:2]",
        "[::1%lo]",
        "[::g]",
        "[1.2.3.4]",
        "exämple.org",
        "a_b.org",
        "example.org/x",
        "user@example.org",
        "a" * 256,
        "matrix.org:\uff11",
        None,
        1,
    ],
)
def test_what_is_no_server_name(name: Any) -> None:
    """Outside the grammar, and names of other types."""
    answer = unsigned()
    answer["server_name"] = name
    if isinstance(name, str):
        answer = sign_json(answer, name, "ed25519:a_1", SEED)
    assert reasons(answer) == ("server-key.malformed",)


@pytest.mark.parametrize("member", ["server_name", "verify_keys", "valid_until_ts", "signatures"])
def test_a_member_that_must_be_there(member: str) -> None:
    """Without it the answer has no form."""
    answer = published()
    del answer[member]
    assert reasons(answer) == ("server-key.malformed",)


def test_old_verify_keys_may_be_absent() -> None:
    """The one member that is not required."""
    answer = unsigned()
    del answer["old_verify_keys"]
    assert parse(sign(answer)).old_verify_keys == ()


@pytest.mark.parametrize("wrong", [None, [], "x", 1, True, 1.5, {"ed25519:x": None}, {"ed25519:x": {"key": 1}}])
@pytest.mark.parametrize("member", ["verify_keys", "old_verify_keys", "valid_until_ts"])
def test_members_of_the_wrong_form(member: str, wrong: object) -> None:
    """Never a raw error; an answer with a float has no canonical form."""
    if member == "valid_until_ts" and type(wrong) is int:
        wrong = "1"
    answer = published()
    answer[member] = wrong
    assert reasons(answer) == (("json.forbidden-value",) if wrong == 1.5 else ("server-key.malformed",))


@pytest.mark.parametrize("wrong", [None, "1", True, []])
def test_expired_ts_of_the_wrong_form(wrong: object) -> None:
    """An old key without a time is of no use, and a bool is no number."""
    answer = unsigned(old={"old": (OLD_SEED, NOW)})
    answer["old_verify_keys"]["ed25519:old"]["expired_ts"] = wrong
    assert reasons(sign(answer)) == ("server-key.malformed",)


@pytest.mark.parametrize("signatures", [None, [], "x", {}, {NAME: None}, {NAME: []}, {NAME: {}}, {"x": {}}])
def test_signatures_of_the_wrong_form(signatures: object) -> None:
    """Either nothing is there, or it is unreadable."""
    answer = unsigned()
    answer["signatures"] = signatures
    unreadable = not isinstance(signatures, dict) or signatures.get(NAME, {}) in (None, [])
    assert reasons(answer) == (f"server-key.signature-{'invalid' if unreadable else 'missing'}",)


@pytest.mark.parametrize("signature", [None, 1, "", "AAAA", "?", "A" * 86, "A" * 64 * 2**10])
def test_a_signature_that_is_none(signature: object) -> None:
    """Of any type and length."""
    answer = unsigned()
    answer["signatures"] = {NAME: {"ed25519:a_1": signature}}
    assert "server-key.signature-invalid" in reasons(answer)


# Which keys have to sign


def test_one_of_two_keys_signs() -> None:
    """Enough, and reported."""
    answer = unsigned(current={"a_1": SEED, "a_2": OTHER_SEED})
    keys = parse(sign(answer, a_2=OTHER_SEED))
    assert keys.reasons == (Reason.SERVER_KEY_KEY_UNSIGNED,)
    assert [key.key_id for key in keys.verify_keys] == ["ed25519:a_1", "ed25519:a_2"]
    assert reasons(sign(answer, a_1=SEED, a_2=OTHER_SEED)) == ()


def test_every_signature_of_a_current_key_must_hold() -> None:
    """In whichever order they stand."""
    answer = unsigned(current={"a_1": SEED, "a_2": OTHER_SEED})
    for order in ({"a_1": SEED, "a_2": SEED}, {"a_2": SEED, "a_1": SEED}):
        assert reasons(sign(answer, **order)) == ("server-key.signature-invalid",)


def test_an_old_key_cannot_sign_for_the_current_ones() -> None:
    """Else whoever has a key that was given up could publish new ones."""
    answer = unsigned(old={"old": (OLD_SEED, NOW)})
    assert reasons(sign(answer, old=OLD_SEED)) == ("server-key.signature-missing",)
    assert reasons(sign(answer, old=OLD_SEED, a_1=SEED)) == ()


def test_no_current_keys() -> None:
    """Nothing can sign it."""
    assert reasons(sign(unsigned(current={}), a_1=SEED)) == ("server-key.signature-missing",)


def test_other_algorithms_are_ignored() -> None:
    """Whatever their entries are."""
    answer = unsigned()
    answer["verify_keys"] |= {"rsa:1": None, "ed25519": 3, "": [], "__proto__": {}}
    answer["old_verify_keys"]["rsa:2"] = {"key": 1}
    keys = parse(sign(answer))
    assert [key.key_id for key in keys.verify_keys] == ["ed25519:a_1"]
    assert not keys.reasons
    assert not keys.old_verify_keys


# Keys


@pytest.mark.parametrize(
    ("key", "detail"),
    [
        ("", "base64.length"),
        ("AAAA", "base64.length"),
        (public(OTHER_SEED)[:-1], "base64.length"),
        (public(OTHER_SEED) + "A", "base64.length"),
        (public(OTHER_SEED)[:-2], "base64.malformed"),
        ("?" * 43, "base64.malformed"),
        (" " + public(OTHER_SEED), "base64.whitespace"),
        ("-" * 43, "base64.alphabet"),
        (SMALL_ORDER, "ed25519.key-small-order"),
        (NON_CANONICAL, "ed25519.key-non-canonical"),
        (encode_base64(b"\x02" + bytes(31)), "ed25519.key-invalid"),
        ("A" * 65536, "base64.length"),
    ],
)
@pytest.mark.parametrize("member", ["verify_keys", "old_verify_keys"])
def test_a_key_that_verifies_nothing_is_left_out(key: str, detail: str, member: str) -> None:
    """The other ones of the answer stay of use; the detail says why and holds no key."""
    answer = unsigned()
    answer[member]["ed25519:bad"] = {"key": key, "expired_ts": 1}
    answer = sign(answer)
    verdict = check_server_keys(answer, fetched_at=NOW)
    assert verdict.reasons == (Reason.SERVER_KEY_KEY_UNUSABLE,)
    assert verdict.detail == f"a key that is {detail}"
    keys = parse(answer)
    assert [key.key_id for key in (*keys.verify_keys, *keys.old_verify_keys)] == ["ed25519:a_1"]


def test_padding_is_read_and_reported() -> None:
    """As servers read it."""
    answer = unsigned()
    answer["verify_keys"]["ed25519:a_1"]["key"] += "="
    keys = parse(sign(answer))
    assert keys.reasons == (Reason.BASE64_PADDING,)
    assert keys.verify_keys[0].public_key == ed25519.public_key(SEED)


@pytest.mark.parametrize("version", ["", "a-b", "a.b", "ä", "a b", "a:b", "x" * 248])
def test_key_ids_outside_the_grammar(version: str) -> None:
    """Reported, and used."""
    keys = parse(sign(unsigned(current={version: SEED}), **{version: SEED}))
    assert keys.reasons == (Reason.SERVER_KEY_KEY_ID,)
    assert keys.verify_keys[0].key_id == f"ed25519:{version}"


def test_one_id_for_a_current_and_an_old_key() -> None:
    """Reported; both keys stay, and the ring holds them apart."""
    keys = parse(published(old={"a_1": (OLD_SEED, NOW)}))
    assert keys.reasons == (Reason.SERVER_KEY_KEY_ID_REUSED,)
    ring = key_ring([keys])
    assert len(ring.find(NAME, "ed25519:a_1")) == 2
    for seed, at, expected in (
        (SEED, NOW + 1, ()),
        (OLD_SEED, NOW, ()),
        (OLD_SEED, NOW + 1, (Reason.SIGNATURE_INVALID,)),
    ):
        value = sign_json({"a": 1}, NAME, "ed25519:a_1", seed)
        assert verify_json(value, NAME, ring, at=at).reasons == expected


def test_a_key_that_everybody_has() -> None:
    """The answer is read and the key stays in the ring, so that whatever it signs is called worthless."""
    bad = "l/O9hxMVKB6Lg+3Hqf0FQQZhVESQcMzbPN1Cz2nM3og"
    answer = unsigned()
    answer["verify_keys"]["ed25519:bad"] = {"key": bad}
    keys = parse(sign(answer))
    assert keys.reasons == (Reason.SIGNATURE_KEY_KNOWN_BAD, Reason.SERVER_KEY_KEY_UNSIGNED)
    assert not check_server_keys(sign(answer), fetched_at=NOW).ok
    value = {"signatures": {NAME: {"ed25519:bad": "A" * 86}}}
    assert Reason.SIGNATURE_KEY_KNOWN_BAD in verify_json(value, NAME, key_ring([keys])).reasons


# Bounds


def test_counts_and_sizes_are_bounded() -> None:
    """One more than allowed is refused before any signature is looked at."""
    for member in ("verify_keys", "old_verify_keys"):
        for count, expected in ((MOST_KEYS, ()), (MOST_KEYS + 1, ("evidence.limit",))):
            answer = unsigned()
            rest = count - len(answer[member])
            answer[member] |= {f"rsa:{number}": None for number in range(rest)}
            assert reasons(sign(answer)) == expected
    for more, expected in ((0, ()), (1, ("evidence.limit",))):
        answer = unsigned()
        answer["x"] = ""
        covered = {name: value for name, value in answer.items() if name != "signatures"}
        answer["x"] = "x" * (MOST_BYTES - len(json.dumps(covered, separators=(",", ":"))) + more)
        assert reasons(sign(answer)) == expected
    assert reasons(b" " * (4 * MOST_BYTES + 1)) == ("evidence.limit",)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "json.malformed"),
        (b"[]", "server-key.malformed"),
        (b"null", "server-key.malformed"),
        (b"[" * 100_000, "json.depth"),
        (b'{"a":' + b"9" * 5000 + b"}", "json.forbidden-value"),
        (b'{"a":1,"a":1}', "json.duplicate-key"),
        (b'{"a":"\\ud800"}', "json.surrogate"),
        (b"\xff", "json.utf8"),
    ],
)
def test_bytes_that_are_no_answer(data: bytes, code: str) -> None:
    """The code of what they are, and an error of ours."""
    assert reasons(data) == (code,)
    with pytest.raises(InputError) as refused:
        ServerKeys.parse(data, fetched_at=NOW)
    assert refused.value.code == code


def test_a_value_that_no_json_is() -> None:
    """Other types, keys that are no text, nesting."""
    deep: dict[str, Any] = {}
    for _ in range(100_000):
        deep = {"a": deep}
    for value in ({"x": {1}}, {1: 2}, {"x": "\ud800"}, {"x": float("nan")}, deep, [published()], None):
        assert not check_server_keys(value, fetched_at=NOW).ok  # type: ignore[arg-type]


@given(st.dictionaries(st.sampled_from([*published(), "unsigned"]), VALUES))
def test_any_members(members: dict[str, Any]) -> None:
    """A verdict, always, and the same as `parse`."""
    verdict = check_server_keys({**published(), **members}, fetched_at=NOW)
    if verdict.ok:
        assert parse({**published(), **members}).server_name == NAME
        return
    with pytest.raises(E2EError) as refused:
        parse({**published(), **members})
    assert refused.value.code in verdict.reasons


# Notaries


def notarised(answer: dict[str, Any], seed: bytes = NOTARY_SEED) -> dict[str, Any]:
    """The answer with the signature of a notary."""
    return sign_json(answer, NOTARY, "ed25519:n", seed)


NOTARY_KEY = VerifyKey(NOTARY, "ed25519:n", ed25519.public_key(NOTARY_SEED), valid_until=NOW)
NOTARY_RING = KeyRing([NOTARY_KEY])


def test_a_notary_signs_too() -> None:
    """With its own key, over the same bytes."""
    answer = notarised(published())
    assert reasons(answer, notary=NOTARY, notary_keys=NOTARY_RING) == ()
    keys = ServerKeys.parse(answer, fetched_at=NOW, notary=NOTARY, notary_keys=NOTARY_RING)
    assert keys.notary == NOTARY
    assert {key.source for key in keys.verify_keys} == {"notary"}


def test_what_a_notary_may_not_leave_out() -> None:
    """Its signature, and the server's."""
    missing, invalid = "server-key.notary-signature-missing", "server-key.notary-signature-invalid"
    options: dict[str, Any] = {"notary": NOTARY, "notary_keys": NOTARY_RING}
    assert reasons(published(), **options) == (missing,)
    assert reasons(notarised(published(), SEED), **options) == (invalid,)
    assert reasons(notarised(unsigned()), **options) == ("server-key.signature-missing",)
    assert reasons(unsigned(), **options) == ("server-key.signature-missing", missing)


@pytest.mark.parametrize(
    "ring",
    [
        None,
        KeyRing(),
        KeyRing([VerifyKey(NAME, "ed25519:n", NOTARY_KEY.public_key)]),
        KeyRing([VerifyKey(NOTARY, "ed25519:m", NOTARY_KEY.public_key)]),
        KeyRing([VerifyKey(NOTARY, "ed25519:n", NOTARY_KEY.public_key, valid_until=NOW - 1)]),
        KeyRing([VerifyKey(NOTARY, "ed25519:n", NOTARY_KEY.public_key, expired=NOW + 1)]),
    ],
)
def test_a_notary_whose_key_is_not_known(ring: KeyRing | None) -> None:
    """Said, and not taken for its signature: `notary` stays empty."""
    answer = notarised(published())
    assert reasons(answer, notary=NOTARY, notary_keys=ring) == ("server-key.notary-key-unknown",)
    assert ServerKeys.parse(answer, fetched_at=NOW, notary=NOTARY, notary_keys=ring).notary is None


def test_a_server_is_its_own_notary() -> None:
    """One signature is both."""
    assert reasons(published(), notary=NAME) == ()


def test_minimum_valid_until_ts() -> None:
    """To the millisecond."""
    answer = published(valid_until_ts=NOW)
    assert reasons(answer, minimum_valid_until_ts=NOW) == ()
    assert reasons(answer, minimum_valid_until_ts=NOW + 1) == ("server-key.validity-short",)
