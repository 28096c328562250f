# SPDX-License-Identifier: Apache-2.0
"""Ed25519 in the native kernel: the verdicts of the reference, on every tier, one by one and in bulk."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from e2echeck import _backend
from e2echeck.hazmat import ed25519, edwards
from e2echeck.vectors import Result, areas, load
from tests.hazmat.forge import TORSION, Forged, forge, large_non_canonical, reference_verify, torsion_cases
from tests.hazmat.vectors_ed25519 import RFC_8032, SPECCHECK
from tests.native import TIERS, each_tier, needs_kernel

if TYPE_CHECKING:
    from e2echeck._backend import Kernel

Case = tuple[bytes, bytes, bytes]
"""A public key, a signature and a message."""


def kernel(tier: str) -> Kernel:
    """The kernel with this tier."""
    found = _backend.active(tier).kernel
    assert found is not None
    return found


def bulk(tier: str, cases: list[Case], threads: int = 1) -> list[bool]:
    """The verdicts of `verify_many`."""
    native = kernel(tier)
    columns = tuple(list(column) for column in zip(*cases, strict=True)) or ([], [], [])
    verdicts = native.functions.verify_many(native.tier, threads, *columns)
    assert set(verdicts) <= {0, 1}
    return [bool(verdict) for verdict in verdicts]


def judge(tier: str, cases: list[Case]) -> list[bool]:
    """The verdicts of the kernel, which are the same one by one, in bulk, and in bulk with each item many times."""
    native = kernel(tier)
    verdicts = [native.functions.verify(native.tier, *case) for case in cases]
    assert bulk(tier, cases) == verdicts
    # Many of one key take other tables than few.
    for times in (3, 40):
        assert bulk(tier, [case for case in cases for _ in range(times)]) == [
            verdict for verdict in verdicts for _ in range(times)
        ]
    return verdicts


def case_of(forged: Forged) -> Case:
    """The parts of a forged signature."""
    return forged.public_key, forged.signature, forged.message


def signed(seed: int, number: int) -> Case:
    """A genuine signature."""
    secret = seed.to_bytes(32, "little")
    message = b"%d" % number * (number % 60)
    return ed25519.public_key(secret), ed25519.sign(secret, message), message


@each_tier
def test_all_vectors_have_their_results(tier: str) -> None:
    """Published ones, points of small order and second spellings, scalars of L and more, torsion."""
    cases, expected = [], []
    for vector in (vector for module in areas()["ed25519"] for vector in load("ed25519", module).vectors):
        if vector.operation == "ed25519.verify":
            key, signature, message = (vector.input[name] for name in ("public_key", "signature", "message"))
            assert isinstance(key, bytes)
            assert isinstance(signature, bytes)
            assert isinstance(message, bytes)
            cases.append((key, signature, message))
            expected.append(vector.result)
    assert len(cases) > 100
    verdicts = judge(tier, cases)
    assert verdicts == [ed25519.verify(*case) for case in cases]
    answers = {Result.VALID: True, Result.INVALID: False}
    assert all(answers.get(result, holds) == holds for result, holds in zip(expected, verdicts, strict=True))


@each_tier
def test_the_known_answers_come_out(tier: str) -> None:
    """Those on which libraries disagree, by which the reference chooses its engine."""
    answers = ed25519._KNOWN_ANSWERS
    cases = [(bytes.fromhex(a), bytes.fromhex(r + s), b"") for _, a, r, s in answers]
    assert judge(tier, cases) == [holds for holds, *_ in answers]


@each_tier
def test_published_signatures(tier: str) -> None:
    """RFC 8032 holds; of the edge cases of ed25519-speccheck, what the reference says."""
    genuine = [
        (bytes.fromhex(v.public_key), bytes.fromhex(v.signature), bytes.fromhex(v.message)) for v in RFC_8032
    ]
    edges = [
        (bytes.fromhex(v.public_key), bytes.fromhex(v.signature), bytes.fromhex(v.message)) for v in SPECCHECK
    ]
    assert judge(tier, genuine + edges) == [True] * len(genuine) + [ed25519.verify(*case) for case in edges]


@each_tier
def test_forged_torsion_and_second_spellings(tier: str) -> None:
    """A and R with each torsion component, with and without one that cancels; points with y of p and more."""
    cases = [
        case_of(forged)
        for torsion_a in range(len(TORSION))
        for torsion_r in range(len(TORSION))
        for forged in torsion_cases(torsion_a, torsion_r).values()
    ]
    genuine = signed(5, 3)
    for encoding in (*large_non_canonical(), *sorted(edwards.SMALL_ORDER_ENCODINGS)):
        cases += [
            (encoding, genuine[1], genuine[2]),
            (genuine[0], encoding + genuine[1][32:], genuine[2]),
            case_of(forge(a=0, torsion_a=0, r=3, torsion_r=0, message=encoding)),
        ]
    verdicts = judge(tier, cases)
    assert verdicts == [ed25519.verify(*case) for case in cases]
    assert any(verdicts)
    assert not all(verdicts)


@needs_kernel
@given(st.data())
def test_mutated_signatures_have_the_verdict_of_the_reference(data: st.DataObject) -> None:
    """A batch of some keys with bits turned, parts exchanged and L added; also by the slow reference."""
    cases = []
    for number in range(data.draw(st.integers(0, 24))):
        key, signature, message = signed(data.draw(st.integers(1, 3)), number)
        match data.draw(st.sampled_from(("none", "none", "bit", "plus-l", "message", "key"))):
            case "bit":
                position = data.draw(st.integers(0, 511))
                signature = (int.from_bytes(signature) ^ 1 << position).to_bytes(64)
            case "plus-l":
                s = int.from_bytes(signature[32:], "little") + edwards.L
                signature = signature[:32] + s.to_bytes(32, "little")
            case "message":
                message += b"."
            case "key":
                position = data.draw(st.integers(0, 255))
                key = (int.from_bytes(key) ^ 1 << position).to_bytes(32)
        cases.append((key, signature, message))
    expected = [ed25519.verify(*case) for case in cases]
    assert [reference_verify(*case) for case in cases[:2]] == expected[:2]
    for tier in TIERS:
        assert bulk(tier, cases) == expected
        assert bulk(tier, cases[::-1]) == expected[::-1]


@each_tier
def test_wrong_lengths_do_not_hold_and_move_no_other_verdict(tier: str) -> None:
    """Of keys and of signatures."""
    key, signature, message = signed(1, 1)
    wrong = [
        (key[:31], signature, message),
        (key + b"\0", signature, message),
        (b"", signature, message),
        (key, signature[:63], message),
        (key, signature + b"\0", message),
        (key, b"", message),
    ]
    right = (key, signature, message)
    cases = [case for bad in wrong for case in (right, bad, right)]
    assert judge(tier, cases) == [True, False, True] * len(wrong)


@each_tier
def test_threads_and_order_make_no_difference(tier: str) -> None:
    """Some keys with many signatures and many with few, mixed, a few of them bad."""
    cases = [
        signed(seed, number)
        for seed, count in ((1, 300), (2, 40), *((n, 2) for n in range(3, 40)))
        for number in range(count)
    ]
    expected = []
    for place, (key, signature, message) in enumerate(cases):
        good = place % 11 != 5
        cases[place] = (key, signature, message if good else message + b".")
        expected.append(good)
    both = list(zip(cases, expected, strict=True))
    Random(7).shuffle(both)
    cases, expected = [case for case, _ in both], [verdict for _, verdict in both]
    for threads in (0, 1, 2, 5):
        assert bulk(tier, cases, threads) == expected


@each_tier
def test_columns_of_different_lengths_and_unknown_tiers_are_refused(tier: str) -> None:
    """With ValueError; what is not bytes with TypeError."""
    native = kernel(tier)
    key, signature, message = signed(1, 1)
    with pytest.raises(ValueError, match="as many"):
        native.functions.verify_many(native.tier, 1, [key], [signature], [])
    with pytest.raises(ValueError, match="no such tier"):
        native.functions.verify_many(200, 1, [], [], [])
    with pytest.raises(ValueError, match="no such tier"):
        native.functions.verify(200, key, signature, message)
    text: Any = "text"
    with pytest.raises(TypeError):
        native.functions.verify(native.tier, key, signature, text)
    assert native.functions.verify_many(native.tier, 1, [], [], []) == b""
    long = bytes(1 << 17)
    secret = bytes(32)
    assert native.functions.verify(native.tier, ed25519.public_key(secret), ed25519.sign(secret, long), long)
