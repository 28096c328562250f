# SPDX-License-Identifier: Apache-2.0
"""Copies of one session: what connects, what merges, and who vouches for which index."""

from __future__ import annotations

import json
from itertools import permutations
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from e2echeck.audit.keys import KeySource, load_keys
from e2echeck.errors import InputError, StateError, VerificationError
from e2echeck.limits import DEFAULT
from e2echeck.megolm import (
    ExportedSessionKey,
    GroupSession,
    InboundGroupSession,
    InboundGroupSessions,
    MegolmMessage,
    SessionKey,
    SessionOrdering,
)
from e2echeck.megolm.ratchet import LAST_INDEX, Ratchet
from e2echeck.megolm.sessions import MOST_COPIES
from e2echeck.reasons import Reason
from e2echeck.room_keys import decrypt_room_event
from e2echeck.vault import key_file
from e2echeck.vault.key_file import ExportedRoomKey

if TYPE_CHECKING:
    from pathlib import Path

PARTS, SEED = bytes(range(128)), bytes(range(200, 232))
INDICES = st.one_of(st.integers(0, LAST_INDEX), st.sampled_from([0, 255, 256, 2**16, 2**24, LAST_INDEX]))
ROOM, OTHER = "!room:example.org", "!other:example.org"
# Who tampers with the state at `at` by changing one part: the states are the same again from `meets` on.
TAMPERED = [(200, 3, 256), (256, 3, 512), (200, 2, 2**16), (2**16 + 1, 1, 2**24), (2**24 - 1, 3, 2**24)]


def sender_at(index: int, parts: bytes = PARTS, start: int = 0) -> GroupSession:
    """The sender of the one session of these tests at `index`, its ratchet being `parts` at `start`."""
    randomness = iter((parts, SEED))
    session = GroupSession(rng=lambda _: next(randomness))
    session._ratchet = Ratchet(parts, start)
    session._ratchet.advance_to(index)
    return session


def signed(index: int, parts: bytes = PARTS, start: int = 0) -> InboundGroupSession:
    """A copy by a signed session key at `index`."""
    return InboundGroupSession(sender_at(index, parts, start).session_key())


def export(index: int, parts: bytes = PARTS, start: int = 0) -> InboundGroupSession:
    """A copy by an unsigned export at `index`."""
    return InboundGroupSession.import_session(signed(index, parts, start).export_at(index))


def tampered(at: int, part: int) -> bytes:
    """The genuine state at `at` with one part changed."""
    parts = bytearray(signed(at).export_at(at).ratchet)
    parts[32 * part] ^= 1
    return bytes(parts)


def message(index: int, parts: bytes = PARTS, start: int = 0) -> MegolmMessage:
    """The message with this index; its plaintext says which ratchet made it."""
    kind = "genuine" if parts == PARTS else "wrong"
    return sender_at(index, parts, start).encrypt(f"{kind} {index}".encode())


def opened(sessions: InboundGroupSessions, item: MegolmMessage) -> tuple[bytes, bool] | str:
    """Plaintext and whether it is verified, or the code of the refusal."""
    public_key = sender_at(0)._public_key
    form = item.authenticated_form(public_key)
    assert form is not None
    try:
        found = sessions.open(public_key, item, form)[0]
    except (StateError, VerificationError) as error:
        return error.code
    return found.plaintext, found.signing_key_verified


@given(INDICES, INDICES, st.booleans(), st.booleans())
def test_merging_two_copies(first: int, second: int, first_signed: bool, second_signed: bool) -> None:
    one = signed(first) if first_signed else export(first)
    two = signed(second) if second_signed else export(second)
    assert one.connected(two)
    assert two.connected(one)
    merged = one.merge(two)
    assert merged is not None
    assert merged.first_known_index == min(first, second)
    vouched = [i for i, is_signed in ((first, first_signed), (second, second_signed)) if is_signed]
    assert merged.verified_from == (min(vouched) if vouched else None)
    assert merged.signing_key_verified == (bool(vouched) and min(vouched) == min(first, second))
    assert merged.export_at_first_known_index() == signed(min(first, second)).export_at_first_known_index()
    assert (one.first_known_index, one.verified_from) == (first, first if first_signed else None)
    last = max(first, second)
    assert merged.decrypt(message(last)).signing_key_verified == bool(vouched)


def test_an_earlier_export_does_not_become_verified() -> None:
    merged = export(0).merge(signed(5))
    assert merged is not None
    assert (merged.first_known_index, merged.verified_from, merged.signing_key_verified) == (0, 5, False)
    assert [merged.decrypt(message(i)).signing_key_verified for i in (0, 4, 5, 6)] == [False, False, True, True]
    batch = merged.decrypt_many([message(i).to_base64() for i in (6, 4, 5)] + ["x"])
    assert [item.signing_key_verified for item in batch] == [True, False, True, False]


@pytest.mark.parametrize(("at", "part", "meets"), TAMPERED)
def test_a_tampered_export_that_connects_verifies_nothing_before_the_meeting(
    at: int, part: int, meets: int
) -> None:
    """A holder of the state at `at` changes one part: it connects to a signed key that begins at `meets`."""
    wrong = tampered(at, part)
    planted, late = export(at, wrong, at), signed(meets)
    assert planted.connected(late)
    for merged in (planted.merge(late), late.merge(planted)):
        assert merged is not None
        assert (merged.first_known_index, merged.verified_from, merged.signing_key_verified) == (at, meets, False)
        # Messages that fit the tampered state (who has the private key made them) open unverified.
        for index in (at, meets - 1):
            assert not merged.decrypt(message(index, wrong, at)).signing_key_verified
            with pytest.raises(VerificationError, match=r"megolm\.mac-invalid"):
                merged.decrypt(message(index))
        assert merged.decrypt(message(meets)).signing_key_verified
    for order in permutations((planted, late, signed(0))):
        sessions = InboundGroupSessions()
        for copy in order:
            sessions.add(copy)
        assert len(sessions.copies(late.public_key)) == 2
        assert sessions.unconnected == {late.public_key}
        for index in (0, at - 1, at, meets - 1, meets, meets + 1):
            assert opened(sessions, message(index)) == (f"genuine {index}".encode(), True)
        for index in (at, meets - 1):
            assert opened(sessions, message(index, wrong, at)) == (f"wrong {index}".encode(), False)


# A copy: whether it is signed, tampered with, and its index.
COPIES = st.lists(
    st.tuples(st.booleans(), st.sampled_from([None, 2, 3]), st.sampled_from([0, 200, 210, 255, 256, 257, 300])),
    min_size=1,
    max_size=5,
)


def is_same(one: int | None, two: int | None, index: int) -> bool:
    """Whether the ratchets tampered with at 200 in these parts are the same at `index` (below 2^16)."""
    if one == two:
        return True
    return {one, two} == {None, 3} and index >= 256


@given(COPIES)
def test_a_message_is_verified_exactly_by_the_signed_keys(copies: list[tuple[bool, int | None, int]]) -> None:
    """In whichever order copies come: opened when some copy fits, verified when a signed key leads to its state."""
    copies = [(is_signed, part, max(index, 200) if part else index) for is_signed, part, index in copies]
    states = {part: (tampered(200, part), 200) if part else (PARTS, 0) for part in (None, 2, 3)}
    sessions = InboundGroupSessions()
    for is_signed, part, index in copies:
        parts, start = states[part]
        sessions.add((signed if is_signed else export)(index, parts, start))
    for sent in (None, 2, 3):
        for index in (200, 230, 255, 256, 301):
            parts, start = states[sent]
            fits = [c for c in copies if c[2] <= index and is_same(c[1], sent, index)]
            got = opened(sessions, message(index, parts, start))
            assert isinstance(got, tuple) == bool(fits)
            if fits:
                assert isinstance(got, tuple)
                assert got[1] == any(is_signed for is_signed, _, _ in fits)
    differ = any(
        not is_same(one[1], two[1], max(one[2], two[2])) for one in copies for two in copies
    )  # every pair that is kept apart shows
    assert bool(sessions.unconnected) == differ


@given(INDICES, st.integers(0, 3))
@example(LAST_INDEX, 3)
@example(LAST_INDEX - 256, 3)
@example(LAST_INDEX, 1)
@example(2**24 - 1, 1)
def test_where_ratchets_meet(index: int, part: int) -> None:
    parts = bytearray(PARTS)
    parts[32 * part + 7] ^= 4
    one, two = Ratchet(PARTS, index), Ratchet(bytes(parts), index)
    meeting = one.meeting_index(two)
    assert one.meeting_index(one.copy()) == index
    before = LAST_INDEX if meeting is None else meeting - 1
    assert index <= before
    for ratchet in (one, two):
        ratchet.advance_to(before)
    assert not one.same_state(two)
    assert meeting is not None or part == 0 or index >> (32 - 8 * part) == LAST_INDEX >> (32 - 8 * part)
    if meeting is not None:
        one.advance()
        with pytest.raises(InputError, match=r"usage\.invalid"):
            one.meeting_index(two)
        two.advance()
        assert one.same_state(two)


def test_a_key_object_without_a_valid_signature_vouches_for_nothing() -> None:
    key = sender_at(5).session_key()
    forged = SessionKey(3, key.ratchet, key.public_key, key.signature)
    with pytest.raises(VerificationError, match=r"session-key\.signature-invalid"):
        InboundGroupSession(forged)
    exported = signed(5).export_at(5)
    with pytest.raises(InputError, match=r"session-key\.malformed"):
        InboundGroupSession(exported)  # type: ignore[arg-type]


def test_advancing_forgets() -> None:
    session = signed(3)
    session.decrypt(message(9))
    assert [session.advance_to(index) for index in (-1, 0, 3)] == [False] * 3
    assert session.advance_to(7)
    assert session._latest.index == 9  # what is ahead is kept
    assert (session.first_known_index, session.verified_from, session.signing_key_verified) == (7, 7, True)
    with pytest.raises(StateError, match=r"key\.index-unknown"):
        session.decrypt(message(6))
    assert [session.decrypt(message(index)).plaintext for index in (9, 8, 7)] == [
        b"genuine 9", b"genuine 8", b"genuine 7",
    ]  # fmt: skip
    assert session.advance_to(20)
    assert session._initial.index == session._latest.index == 20  # no older state is left
    assert not session.advance_to(20)
    assert session.export_at_first_known_index() == signed(20).export_at(20)
    assert session.decrypt(message(20)).plaintext == b"genuine 20"
    with pytest.raises(StateError, match=r"megolm\.index-exhausted"):
        session.advance_to(LAST_INDEX + 1)
    with pytest.raises(StateError, match=r"megolm\.index-exhausted"):
        session.export_at(LAST_INDEX + 1)
    assert session.export_at(LAST_INDEX) == signed(LAST_INDEX).export_at(LAST_INDEX)
    assert session.first_known_index == 20
    assert session.advance_to(LAST_INDEX)
    assert session.decrypt(message(LAST_INDEX)).plaintext == b"genuine 4294967295"


def test_what_was_forgotten_is_not_vouched_for_after_a_merge() -> None:
    """A signed copy that forgot 5 to 255 cannot vouch for a tampered export of that range."""
    session = signed(5)
    session.advance_to(256)
    merged = session.merge(export(200, tampered(200, 3), 200))
    assert merged is not None
    assert (merged.first_known_index, merged.verified_from) == (200, 256)
    mixed = export(0).merge(signed(100))
    assert mixed is not None
    mixed.advance_to(50)
    assert (mixed.first_known_index, mixed.verified_from) == (50, 100)


@given(INDICES, st.integers(0, 2**20))
def test_exports_round_trip(first: int, ahead: int) -> None:
    session = signed(first)
    index = min(first + ahead, LAST_INDEX)
    for key, expected in ((session.export_at_first_known_index(), first), (session.export_at(index), index)):
        assert key.message_index == expected
        assert ExportedSessionKey.parse(key.to_base64()).accept() == key
        assert ExportedSessionKey.parse(key.to_bytes()).accept() == key
        again = InboundGroupSession.import_session(key.to_base64())
        assert again.export_at_first_known_index() == key
        assert again.verified_from is None
        assert session.connected(again)


def test_a_store_keeps_all_sources_and_the_better_copy() -> None:
    sessions = InboundGroupSessions()
    public_key = signed(0).public_key
    assert sessions.add(export(7), source="a") is None
    assert sessions.add(export(9), room_id=ROOM, source="b") is SessionOrdering.WORSE
    assert sessions.add(export(2), source="c") is SessionOrdering.BETTER
    assert sessions.add(signed(2), room_id=ROOM, source="a") is SessionOrdering.EQUAL
    (copy,) = sessions.copies(public_key)
    assert (copy.room_id, copy.sources, copy.source) == (ROOM, ("a", "b", "c"), "a")
    assert (copy.session.first_known_index, copy.session.verified_from) == (2, 2)
    assert sessions.unconnected == sessions.rooms_differ == frozenset()
    unnamed = InboundGroupSessions()
    unnamed.add(export(0))
    assert (unnamed.copies(public_key)[0].sources, unnamed.copies(public_key)[0].source) == ((), "")


@pytest.mark.parametrize("rooms", [(ROOM, OTHER), (OTHER, ROOM)])
def test_copies_for_different_rooms_are_not_merged(rooms: tuple[str, str]) -> None:
    sessions = InboundGroupSessions()
    public_key = signed(0).public_key
    assert sessions.add(export(3), room_id=rooms[0], source="first") is None
    assert sessions.add(signed(0), room_id=rooms[1], source="second") is SessionOrdering.BETTER
    assert [(c.room_id, c.sources, c.session.first_known_index) for c in sessions.copies(public_key)] == [
        (rooms[0], ("first",), 3), (rooms[1], ("second",), 0),
    ]  # fmt: skip
    assert sessions.rooms_differ == {public_key}
    assert sessions.unconnected == frozenset()
    # What is signed vouches for the ratchet, whichever room its source names.
    assert [c.session.verified_from for c in sessions.copies(public_key)] == [3, 0]
    item = message(5)
    form = item.authenticated_form(public_key)
    assert form is not None
    for room_id in (ROOM, OTHER):
        assert sessions.open(public_key, item, form, room_id=room_id)[1].room_id == room_id
    assert sessions.open(public_key, item, form)[1].room_id == rooms[0]
    # A copy without a room goes into both.
    assert sessions.add(export(1), source="third") is SessionOrdering.BETTER
    assert [(c.sources, c.session.first_known_index) for c in sessions.copies(public_key)] == [
        (("first", "third"), 1), (("second", "third"), 0),
    ]  # fmt: skip


def test_without_a_room_copies_are_tried_in_the_order_in_which_they_came() -> None:
    """With one, copies that name another room come last; both of these open the message."""
    planted, genuine = export(200, tampered(200, 3), 200), export(200)
    item = message(256)
    form = item.authenticated_form(genuine.public_key)
    assert form is not None
    sessions = InboundGroupSessions()
    sessions.add(planted, room_id=ROOM)
    sessions.add(genuine)
    for room_id, used in ((None, ROOM), (ROOM, ROOM), (OTHER, None)):
        assert sessions.open(genuine.public_key, item, form, room_id=room_id)[1].room_id == used


def test_vouching_reaches_every_copy_that_is_kept_apart() -> None:
    """In whichever order three come that do not connect: each is vouched for from where it meets the signed one."""
    copies = {256: export(200, tampered(200, 3), 200), 2**16: export(200, tampered(200, 2), 200), 200: signed(200)}
    for order in permutations(copies.values()):
        sessions = InboundGroupSessions()
        answers = [sessions.add(copy) for copy in order]
        assert answers == [None, SessionOrdering.UNCONNECTED, SessionOrdering.UNCONNECTED]
        kept = [copy.session for copy in sessions.copies(order[0].public_key)]
        assert [session.first_known_index for session in kept] == [200] * 3
        expected = [next(start for start in copies if copies[start] is copy) for copy in order]
        assert [session.verified_from for session in kept] == expected


def test_the_number_of_copies_is_bounded() -> None:
    """More copies that fit nowhere are refused; what merges is still taken."""
    sessions = InboundGroupSessions()
    for number in range(MOST_COPIES - 1):
        sessions.add(export(0, bytes((number + 1,)) * 128))
    sessions.add(export(4))
    before = sessions.copies(signed(0).public_key)
    for refused in (export(0, bytes(128)), export(0, bytes((99,)) * 128)):
        with pytest.raises(InputError, match=rf"evidence\.limit.* {MOST_COPIES} "):
            sessions.add(refused)
    assert sessions.copies(signed(0).public_key) == before
    assert sessions.add(signed(2)) is SessionOrdering.BETTER
    assert len(sessions.copies(signed(0).public_key)) == MOST_COPIES
    assert opened(sessions, message(3)) == (b"genuine 3", True)


def test_the_audit_counts_what_a_store_refuses(tmp_path: Path) -> None:
    keys = [export(0, bytes((number,)) * 128).export_at_first_known_index() for number in range(MOST_COPIES + 3)]
    path = tmp_path / "keys.json"
    path.write_bytes(key_file.write_list([ExportedRoomKey(ROOM, key, None, None, ()) for key in keys]))
    sessions, (found,) = load_keys([KeySource(path)], DEFAULT)
    assert len(sessions.copies(signed(0).public_key)) == found.sessions == MOST_COPIES
    assert found.refused == {Reason.EVIDENCE_LIMIT: 3}
    assert sessions.unconnected == {signed(0).public_key}


@pytest.mark.parametrize("swapped", [False, True])
def test_vouching_reaches_the_copy_for_another_room(swapped: bool) -> None:
    """In either order: the copy that opens is not the one whose key was signed."""
    sessions = InboundGroupSessions()
    copies = [(signed(4), OTHER), (export(2), ROOM)]
    for copy, room_id in reversed(copies) if swapped else copies:
        sessions.add(copy, room_id=room_id)
    for index, verified in ((2, False), (3, False), (4, True), (9, True)):
        item = message(index)
        form = item.authenticated_form(copies[0][0].public_key)
        assert form is not None
        opened_message, copy_used = sessions.open(copies[0][0].public_key, item, form, room_id=ROOM)
        assert (opened_message.signing_key_verified, copy_used.room_id) == (verified, ROOM)
    assert copies[1][0].verified_from is None  # the session that was given is not changed


def test_a_room_event_says_for_its_own_index_whether_it_is_verified() -> None:
    keys = InboundGroupSessions()
    keys.add(export(0), room_id=OTHER)
    keys.add(export(0), room_id=ROOM)
    keys.add(signed(5))
    payload = json.dumps({"type": "m.room.message", "content": {}, "room_id": ROOM}).encode()
    seen = []
    for index in (0, 4, 5, 6):
        sender = sender_at(index)
        event = {
            "event_id": f"$event{index}", "room_id": ROOM, "sender": "@a:b", "type": "m.room.encrypted",
            "content": {"algorithm": "m.megolm.v1.aes-sha2", "session_id": sender.session_id,
                        "ciphertext": sender.encrypt(payload).to_base64()},
        }  # fmt: skip
        seen.append(decrypt_room_event(event, keys).signing_key_verified)
    assert seen == [False, False, True, True]
