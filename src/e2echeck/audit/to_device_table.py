# SPDX-License-Identifier: Apache-2.0
"""All to-device messages met so far, and the Olm entries in them, in columns: a few hundred bytes a message."""

from __future__ import annotations

import json
from array import array
from typing import TYPE_CHECKING, Final

from e2echeck.audit.later import Later
from e2echeck.audit.table import DIGEST_LENGTH, Names
from e2echeck.encoding import encode_base64

if TYPE_CHECKING:
    from e2echeck import olm
    from e2echeck.audit.checks.to_device import OlmEntry
    from e2echeck.audit.evidence import ToDeviceBatch
    from e2echeck.hazmat import x25519
    from e2echeck.reasons import Reason
else:
    olm, x25519 = Later("e2echeck.olm"), Later("e2echeck.hazmat.x25519")

__all__ = ["NO_NUMBER", "Keys", "ToDeviceTable"]

NO_NUMBER: Final = -1


class Keys:
    """Curve25519 keys by number, and which of them are of small order; each is tried once."""

    __slots__ = ("_numbers", "small", "values")

    def __init__(self) -> None:
        self._numbers: dict[bytes, int] = {}
        self.values: list[bytes] = []
        self.small: set[int] = set()

    def number(self, key: bytes) -> int:
        """The number of a key, given on first sight."""
        number = self._numbers.get(key)
        if number is None:
            number = self._numbers[key] = len(self.values)
            self.values.append(key)
            if x25519.is_small_order(key):
                self.small.add(number)
        return number

    def is_small(self, key: bytes) -> bool:
        """Whether a key is of small order."""
        return self.number(key) in self.small

    def text(self, number: int) -> str | None:
        """The key in base64, None for `NO_NUMBER`."""
        return None if number == NO_NUMBER else encode_base64(self.values[number])


class ToDeviceTable:
    """One row for each different message, one entry for each readable Olm ciphertext in it.

    A message is a further copy of an earlier one, and gets no row, when recipient, sender, type and content are the
    same and it stands in another input, or in the same one at the same place of the server's stream, or where the
    input has no such places: a client that asks /sync again gets the same messages again.  At another place of the
    stream it was queued once more and is a message of its own.

    Attributes:
        sender, user, device, kind: numbers in `users`, `users`, `devices`, `kinds`; "" for an unknown recipient.
        source, locator, table: the place; `table` is a number in `tables`.
        notes: (row, reason, detail, count) of what single messages show, each reason once a message.
        row, sender_key, recipient_key, ratchet_key, index, session, wire: of each entry; numbers in `keys` and
            `sessions`, or `NO_NUMBER`; `wire` is a hash of all bytes of the innermost message.
        digest: `DIGEST_LENGTH` bytes an entry, over its ciphertext.
        sessions: numbers of identity, base and one-time key.
        repeated: further copies.
    """

    def __init__(self) -> None:
        self.users, self.devices, self.kinds, self.tables = Names(), Names(), Names(), Names()
        for names in (self.users, self.devices, self.tables):
            names.number("")
        self.keys = Keys()
        self.sender, self.user, self.device, self.kind = array("I"), array("I"), array("I"), array("I")
        self.source, self.locator, self.table = array("I"), array("q"), array("B")
        self.notes: list[tuple[int, Reason, str, int]] = []
        self.row, self.sender_key, self.recipient_key = array("I"), array("i"), array("i")
        self.ratchet_key, self.index, self.session = array("i"), array("I"), array("i")
        self.wire, self.digest = array("q"), bytearray()
        self.sessions: list[tuple[int, int, int]] = []
        self._session_numbers: dict[tuple[int, int, int], int] = {}
        self.repeated = 0
        self._first: dict[tuple[int, int, int], int] = {}
        self._places: set[tuple[int, int, int, int, int]] = set()
        self._unaddressed: dict[int, int] = {}

    def __len__(self) -> int:
        return len(self.kind)

    def add(self, batch: ToDeviceBatch, i: int) -> int | None:
        """The row of message i, or None when it is a further copy."""
        user, device = self.users.number(batch.recipients[i]), self.devices.number(batch.devices[i])
        body = _hash(batch.senders[i], batch.types[i], batch.contents[i])
        if self._is_copy(body, user, device, batch.source.number, batch.streams[i]):
            self.repeated += 1
            return None
        row = len(self)
        self._first.setdefault((body, user, device), row)
        self._unaddressed.setdefault(body, row)
        self.sender.append(self.users.number(batch.senders[i]))
        self.user.append(user)
        self.device.append(device)
        self.kind.append(self.kinds.number(batch.types[i]))
        self.source.append(batch.source.number)
        self.locator.append(batch.locators[i])
        self.table.append(self.tables.number(batch.table))
        return row

    def _is_copy(self, body: int, user: int, device: int, source: int, stream: int) -> bool:
        place = (body, user, device, source, stream)
        met = place in self._places
        self._places.add(place)
        first = self._first.get((body, user, device))
        if first is not None:
            return met or self.source[first] != source
        # A message whose recipient one input does not tell is the same as one that another input addresses.
        other = self._unaddressed.get(body)
        if other is None or self.source[other] == source:
            return False
        if user == 0:
            return True
        if self.user[other] != 0:
            return False
        self.user[other], self.device[other] = user, device
        self._first[body, user, device] = other
        return True

    def add_entry(self, row: int, entry: OlmEntry) -> None:
        """Enter an Olm ciphertext of the message in `row`."""
        keys, session = self.keys, NO_NUMBER
        if entry.session_keys is not None:
            names = entry.session_keys
            three = (
                keys.number(names.identity_key), keys.number(names.base_key), keys.number(names.one_time_key)
            )  # fmt: skip
            session = self._session_numbers.setdefault(three, len(self.sessions))
            if session == len(self.sessions):
                self.sessions.append(three)
        self.row.append(row)
        for column, key in ((self.sender_key, entry.sender_key), (self.recipient_key, entry.recipient_key)):
            column.append(NO_NUMBER if key is None else keys.number(key))
        self.ratchet_key.append(keys.number(entry.ratchet_key))
        self.index.append(entry.index)
        self.session.append(session)
        self.wire.append(entry.wire)
        self.digest += entry.digest

    def digest_of(self, entry: int) -> bytes:
        """The digest of an entry's ciphertext."""
        return bytes(self.digest[entry * DIGEST_LENGTH : (entry + 1) * DIGEST_LENGTH])

    def session_id(self, session: int) -> str | None:
        """The id of a session, None for `NO_NUMBER`."""
        if session == NO_NUMBER:
            return None
        return olm.SessionKeys(*(self.keys.values[number] for number in self.sessions[session])).session_id

    def place(self, row: int) -> str:
        """Where a message is in its input."""
        table = self.tables[self.table[row]]
        return f"{table} {self.locator[row]}" if table else str(self.locator[row])


def _hash(sender: str, kind: str, content: dict[str, object]) -> int:
    """What copies of a message have in common.  Only compared within this process."""
    return hash((sender, kind, json.dumps(content, sort_keys=True)))
