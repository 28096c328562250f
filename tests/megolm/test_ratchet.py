# SPDX-License-Identifier: Apache-2.0
"""The ratchet against a step-by-step definition, its cost, and its end."""

from __future__ import annotations

import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from e2echeck.errors import InputError, StateError
from e2echeck.megolm import ratchet as module
from e2echeck.megolm.ratchet import LAST_INDEX, Ratchet
from e2echeck.reasons import Reason

PARTS = bytes(range(128))
BOUNDARIES = (0, 1, 2**8, 2**16, 2**24, 2**25, 2**31, 2**32 - 2)


def by_definition(parts: bytes, index: int, steps: int) -> bytes:
    """The ratchet as the specification defines it: one index at a time."""
    r = [parts[i : i + 32] for i in range(0, 128, 32)]
    for i in range(index + 1, index + steps + 1):
        first = 0 if i % 2**24 == 0 else 1 if i % 2**16 == 0 else 2 if i % 2**8 == 0 else 3
        source = r[first]
        for j in range(first, 4):
            r[j] = hmac.new(source, bytes((j,)), hashlib.sha256).digest()
    return b"".join(r)


@pytest.mark.parametrize("boundary", BOUNDARIES)
def test_steps_across_boundaries(boundary: int) -> None:
    """Single steps and one jump agree with the definition around 2^8, 2^16 and 2^24."""
    start = max(0, boundary - 3)
    for steps in range(min(7, LAST_INDEX - start) + 1):
        jumped = Ratchet(PARTS, start)
        jumped.advance_to(start + steps)
        stepped = Ratchet(PARTS, start)
        for _ in range(steps):
            stepped.advance()
        assert jumped.to_bytes() == stepped.to_bytes() == by_definition(PARTS, start, steps)
        assert jumped.same_state(stepped)


@given(st.integers(0, LAST_INDEX), st.integers(0, 1500))
def test_jump_is_many_steps(start: int, steps: int) -> None:
    """A jump of any length gives what the definition gives."""
    steps = min(steps, LAST_INDEX - start)
    ratchet = Ratchet(PARTS, start)
    ratchet.advance_to(start + steps)
    assert ratchet.to_bytes() == by_definition(PARTS, start, steps)
    assert ratchet.index == start + steps


@given(st.lists(st.integers(0, LAST_INDEX), min_size=3, max_size=3).map(sorted))
def test_two_jumps_are_one(indices: list[int]) -> None:
    """Going on from an intermediate index gives the same state."""
    start, between, end = indices
    direct, detour = Ratchet(PARTS, start), Ratchet(PARTS, start)
    direct.advance_to(end)
    detour.advance_to(between)
    detour.advance_to(end)
    assert direct.same_state(detour)


@given(st.lists(st.integers(0, LAST_INDEX), min_size=2, max_size=2).map(sorted))
def test_cost_of_a_seek(indices: list[int]) -> None:
    """Each value that the target depends on is computed once: the steps and at most three seeds."""
    start, end = indices
    assert count_hmacs(start, end) == smallest_cost(start, end)


def test_costliest_seek() -> None:
    """From 0 to 2^32-1: 255 steps of each part and three seeds."""
    assert count_hmacs(0, LAST_INDEX) == 4 * 255 + 3
    assert count_hmacs(7, 7) == 0


def count_hmacs(start: int, end: int) -> int:
    calls = 0

    def counting(key: bytes, data: bytes) -> bytes:
        nonlocal calls
        calls += 1
        return hmac.digest(key, data, "sha256")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "hmac_sha256", counting)
        Ratchet(PARTS, start).advance_to(end)
    return calls


def smallest_cost(start: int, end: int) -> int:
    """Count the hashes that the definition needs, without doing any."""
    digits = [(start >> s & 0xFF, end >> s & 0xFF) for s in (24, 16, 8, 0)]
    first = next((j for j, (a, b) in enumerate(digits) if a != b), 4)
    if first == 4:
        return 0
    return (digits[first][1] - digits[first][0]) + sum(1 + digits[j][1] for j in range(first + 1, 4))


def test_no_wrap() -> None:
    """Behind 2^32-1 there is nothing, and backwards there is no way."""
    ratchet = Ratchet(PARTS, LAST_INDEX)
    before = ratchet.to_bytes()
    for call, code in (
        (ratchet.advance, Reason.MEGOLM_INDEX_EXHAUSTED),
        (lambda: ratchet.advance_to(LAST_INDEX + 1), Reason.MEGOLM_INDEX_EXHAUSTED),
        (lambda: ratchet.advance_to(0), Reason.KEY_INDEX_UNKNOWN),
    ):
        with pytest.raises(StateError) as caught:
            call()
        assert caught.value.code == code
    assert (ratchet.to_bytes(), ratchet.index) == (before, LAST_INDEX)


@pytest.mark.parametrize(("parts", "index"), [(bytes(127), 0), (bytes(129), 0), (PARTS, -1), (PARTS, 2**32)])
def test_refused_state(parts: bytes, index: int) -> None:
    """A ratchet has 128 bytes and a 32-bit index."""
    with pytest.raises(InputError, match=r"session-key\.malformed"):
        Ratchet(parts, index)


def test_copies_are_independent_and_silent() -> None:
    """A copy advances alone, and repr shows no state."""
    ratchet = Ratchet(PARTS, 5)
    twin = ratchet.copy()
    twin.advance()
    assert ratchet.to_bytes() == PARTS
    assert PARTS.hex()[:16] not in repr(ratchet)
    assert not ratchet.same_state(twin)
