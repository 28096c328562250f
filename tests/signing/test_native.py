# SPDX-License-Identifier: Apache-2.0
"""Signed JSON: the same verdicts with the kernel as without it, for good and for bad objects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from hypothesis import given
from hypothesis import strategies as st

from e2echeck import _backend
from e2echeck.hazmat import ed25519
from e2echeck.signing import KeyRing, Signed, VerifyKey, sign_json, verify_json, verify_many
from tests.canonical_json.values import VALUES
from tests.native import TIERS, needs_kernel

if TYPE_CHECKING:
    from e2echeck.verdict import Verdict

SEED: Final = bytes(range(32))
KEY: Final = VerifyKey("one.example", "ed25519:a", ed25519.public_key(SEED))
ODD: Final[st.SearchStrategy[Any]] = st.sampled_from(
    [1.5, 2**53, "\ud800", (), b"", float("nan"), [[[[[]]]]], None, -0.0]
)


@needs_kernel
@given(
    st.dictionaries(st.text(max_size=3), VALUES | ODD, max_size=4),
    st.sampled_from(["good", "changed", "flipped", "short", "odd"]),
    st.booleans(),
    st.integers(0, 511),
)
def test_any_object(value: dict[str, Any], kind: str, lenient: bool, bit: int) -> None:
    sendable = {name: item for name, item in value.items() if not isinstance(item, (float, tuple, bytes))}
    try:
        signed = sign_json(sendable, KEY.entity, KEY.key_id, SEED, lenient=lenient)
    except ValueError:
        signed = sign_json({}, KEY.entity, KEY.key_id, SEED)
    signature = signed["signatures"][KEY.entity][KEY.key_id]  # type: ignore[index]
    if kind == "changed":
        signed = {**signed, **value, "x": 0}
    elif kind == "flipped":
        text = chr(ord(signature[bit % 86]) ^ 1)
        signed["signatures"] = {KEY.entity: {KEY.key_id: signature[: bit % 86] + text + signature[bit % 86 + 1 :]}}
    elif kind == "short":
        signed["signatures"] = {KEY.entity: {KEY.key_id: signature[: bit % 86]}}
    elif kind == "odd":
        signed = {**signed, **value}
    ring = KeyRing([KEY])

    def verdicts() -> list[Verdict]:
        one = verify_json(signed, KEY.entity, ring, lenient=lenient)
        return [one, *verify_many([Signed(signed, KEY.entity), Signed(value, KEY.entity)], ring, lenient=lenient)]

    with _backend.using("pure"):
        expected = verdicts()
    assert expected[0].ok or kind != "good"
    for tier in TIERS:
        with _backend.using(tier):
            assert verdicts() == expected


@needs_kernel
@given(
    st.binary(max_size=40), st.binary(max_size=70), st.integers(0, 511), st.sampled_from([0, 1, 31, 33, 63, 65])
)
def test_signatures_of_other_lengths_and_other_types_of_bytes(
    message: bytes, junk: bytes, bit: int, size: int
) -> None:
    signature = ed25519.sign(SEED, message)
    flipped = bytearray(signature)
    flipped[bit // 8] ^= 1 << bit % 8
    for key, text in (
        (KEY.public_key, signature),
        (KEY.public_key, bytes(flipped)),
        (KEY.public_key, junk),
        (KEY.public_key, signature[:size]),
        (KEY.public_key[:size], signature),
        (junk, signature),
    ):
        with _backend.using("pure"):
            expected = ed25519.verify(key, text, message), ed25519.check(key, text, message)
        for tier in TIERS:
            with _backend.using(tier):
                assert (ed25519.verify(key, text, message), ed25519.check(key, text, message)) == expected
