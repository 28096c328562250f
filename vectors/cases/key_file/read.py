# SPDX-License-Identifier: Apache-2.0
"""Megolm key files: the encrypted file and its armour.

Two marker lines, base64 between them, and in it version 1, salt, IV, iterations, ciphertext and a MAC over all before.
AES and MAC key come from PBKDF2 over the passphrase. The MAC is verified before anything is decrypted. Inside is a JSON
list of sessions.
"""

from __future__ import annotations

import json
from functools import partial

from e2echeck.reasons import Reason
from e2echeck.testing.forge import (
    KeyFileArmour,
    MegolmForger,
    flip_bit,
    key_file,
    key_file_body,
    key_file_entry,
    seeded,
)
from vectors.registry import Draft, case, invalid, valid

FLAGS = {
    "Armour": "It is about the marker lines and the base64 between them.",
    "Costly": "A reader without a limit works on it for hours; it was not put to other implementations.",
    "FewIterations": "The file asks for fewer iterations than the specification's 100,000, so that tests are quick.",
}
_CLAUSE = "Matrix CS: Key exports, key export format"
_ALICE = MegolmForger.from_label("key_file.read")
_ROOM = "!room:example.org"
_PASSPHRASE = "correct horse battery staple"  # noqa: S105
_SALT = seeded("key_file.read salt", 16)
# Bit 63 is clear.
_IV = seeded("key_file.read iv", 8) + b"\x0b" + seeded("key_file.read iv tail", 7)
_LIST = json.dumps([key_file_entry(_ALICE, room_id=_ROOM)]).encode()
_KEYS = [(_ROOM, _ALICE.session_id, _ALICE.exported())]
_file = partial(key_file, _LIST, _PASSPHRASE, salt=_SALT, iv=_IV, iterations=1000)
_body = partial(key_file_body, _LIST, _PASSPHRASE, salt=_SALT, iv=_IV, iterations=1000)


def _opened(
    file: bytes, note: str = "", passphrase: str = _PASSPHRASE, keys: list[tuple[str, str, bytes]] = _KEYS
) -> Draft:
    return valid("key_file.read", {"room_keys": keys}, file=file, passphrase=passphrase.encode(), note=note)


def _refused(
    reason: Reason, file: bytes, note: str = "", passphrase: str = _PASSPHRASE, unrefused: str | None = None
) -> Draft:
    return invalid(
        "key_file.read", reason, file=file, passphrase=passphrase.encode(), note=note, unrefused=unrefused
    )


@case(clause=_CLAUSE)
def honest() -> Draft:
    """A key file as clients write it: 100,000 iterations, lines of 76 characters, padded."""
    return _opened(_file(iterations=100_000))


@case(clause=_CLAUSE, flags=("FewIterations",))
def iterations() -> dict[str, Draft]:
    """A key file with few iterations; a reader opens it and may warn."""
    return {
        str(count): _opened(_file(iterations=count), f"It asks for {count}.") for count in (1, 2, 255, 256, 65_536)
    }


@case(clause=_CLAUSE, flags=("Armour", "FewIterations"))
def layout() -> dict[str, Draft]:
    """The same bytes in another layout of lines, with or without padding."""
    armours = {
        "64": KeyFileArmour(width=64),
        "96": KeyFileArmour(width=96),
        "one-line": KeyFileArmour(width=None),
        "crlf": KeyFileArmour(newline="\r\n"),
        "unpadded": KeyFileArmour(padding=0),
    }
    return {name: _opened(_file(armour=armour), f"The layout is {name}.") for name, armour in armours.items()}


@case(clause=_CLAUSE, flags=("FewIterations",))
def passphrase() -> dict[str, Draft]:
    """A passphrase that is more than a few letters; it is taken as UTF-8."""
    words = {
        "one": "x", "spaces": "  with spaces  ", "umlaut": "Schlüssel", "emoji": "\U0001f512\U0001f511",
        "longer-than-a-block": "0123456789" * 15, "control": "tab\tand\nnewline",
    }  # fmt: skip
    return {
        name: _opened(key_file(_LIST, word, salt=_SALT, iv=_IV, iterations=1000), f"It is {word!a}.", word)
        for name, word in words.items()
    }


@case(clause=_CLAUSE, flags=("FewIterations",))
def several_sessions() -> Draft:
    """A key file with three sessions, of which one begins late; they come out in their order."""
    forgers = [MegolmForger.from_label(f"key_file.read {i}", index=i * 300) for i in range(3)]
    plaintext = json.dumps([key_file_entry(forger, room_id=_ROOM) for forger in forgers]).encode()
    keys = [(_ROOM, forger.session_id, forger.exported()) for forger in forgers]
    return _opened(key_file(plaintext, _PASSPHRASE, salt=_SALT, iv=_IV, iterations=1000), keys=keys)


@case(clause=_CLAUSE, flags=("FewIterations",))
def empty_list() -> Draft:
    """A key file without a session in it."""
    return _opened(key_file(b"[]", _PASSPHRASE, salt=_SALT, iv=_IV, iterations=1000), keys=[])


@case(clause=_CLAUSE, flags=("FewIterations",))
def more_members() -> Draft:
    """An entry with members that the specification does not have; they do not matter."""
    entry = key_file_entry(_ALICE, room_id=_ROOM, shared_history=True, **{"org.example.more": {"a": [1, None]}})
    return _opened(key_file(json.dumps([entry]).encode(), _PASSPHRASE, salt=_SALT, iv=_IV, iterations=1000))


@case(clause=_CLAUSE, flags=("FewIterations",))
def iv_with_bit_63() -> Draft:
    """Bit 63 of the IV is set, as a writer must not do, and the low half of the counter block runs over its end.

    A reader opens it all the same: it counts the block as one number of 128 bits, as AES-CTR does.
    """
    return _opened(_file(iv=bytes(8) + b"\xff" * 8))


@case(clause=_CLAUSE, flags=("FewIterations",))
def iv_just_below_bit_63() -> Draft:
    """All lower bits of the low half of the IV are set: the next block sets bit 63, which is only counting."""
    return _opened(_file(iv=bytes(8) + b"\x7f" + b"\xff" * 7))


@case(clause=_CLAUSE, flags=("FewIterations",))
def wrong_passphrase() -> dict[str, Draft]:
    """Another passphrase than the file was written with."""
    words = {"other": "wrong", "case": "Correct horse battery staple", "trailing-space": _PASSPHRASE + " ",
             "newline": _PASSPHRASE + "\n", "empty": ""}  # fmt: skip
    return {
        name: _refused(Reason.KEY_FILE_MAC_INVALID, _file(), f"It is {word!a}.", word)
        for name, word in words.items()
    }


@case(clause=_CLAUSE, flags=("FewIterations",))
def flipped_bit() -> dict[str, Draft]:
    """One bit of the bytes inside was changed; the MAC covers all of them."""
    raw = _body()
    places = {"salt": 1, "iv-first": 17, "iv-last": 32, "ciphertext-first": 37, "ciphertext-last": -33,
              "mac-first": -32, "mac-last": -1}  # fmt: skip
    return {
        name: _refused(
            Reason.KEY_FILE_MAC_INVALID,
            KeyFileArmour().wrap(flip_bit(raw, 8 * (place % len(raw)))),
            f"It is the lowest of byte {place % len(raw)}.",
        )
        for name, place in places.items()
    }


@case(clause=_CLAUSE, flags=("FewIterations",))
def mac() -> dict[str, Draft]:
    """The MAC is not HMAC-SHA-256 over all bytes before it."""
    macs = {
        "zeros": (_file(mac=bytes(32)), "It is zeros."),
        "without-version": (_file(mac_over=lambda right: right[1:]), "It leaves out the version byte."),
        "ciphertext-only": (_file(mac_over=lambda right: right[37:]), "It covers the ciphertext only."),
        "cut": (_file(mac=lambda right: right[:31]), "It has 31 bytes."),
        "eight-bytes": (_file(mac=lambda right: right[:8]), "It has 8 bytes, as Olm's has."),
        "plaintext": (_file(mac_over=_LIST), "It covers the plaintext."),
    }
    return {name: _refused(Reason.KEY_FILE_MAC_INVALID, file, note) for name, (file, note) in macs.items()}


@case(clause=_CLAUSE, flags=("FewIterations",))
def version() -> dict[str, Draft]:
    """Another version byte, with the MAC over it."""
    return {
        str(number): _refused(Reason.KEY_FILE_VERSION, _file(version=number), f"It is {number}.")
        for number in (0, 2, 0x81, 255)
    }


@case(clause=_CLAUSE, flags=("FewIterations",))
def no_iterations() -> Draft:
    """The file asks for 0 iterations, with the MAC over that; PBKDF2 has at least one."""
    return _refused(
        Reason.KEY_FILE_KDF_LIMIT,
        _file(iterations=1, stated_iterations=0),
        unrefused="Common PBKDF2 code takes 0 for 1, and readers hand the number on; RFC 8018 wants a positive one.",
    )


@case(clause=_CLAUSE, flags=("Costly",))
def too_many_iterations() -> dict[str, Draft]:
    """The file asks for so many iterations that a reader without a limit of its own does nothing else for hours."""
    return {
        str(count): _refused(
            Reason.KEY_FILE_KDF_LIMIT, _file(stated_iterations=count), f"It asks for {count}.",
            unrefused="The specification sets no upper limit; a reader that takes files from others needs one.",
        )
        for count in (2**31, 2**32 - 1)
    }  # fmt: skip


@case(clause=_CLAUSE, flags=("FewIterations",))
def cut() -> dict[str, Draft]:
    """The bytes inside were cut at the end, behind the ciphertext's beginning."""
    raw = _body()
    return {
        str(n): _refused(Reason.KEY_FILE_MAC_INVALID, KeyFileArmour().wrap(raw[:-n]), f"{n} are missing.")
        for n in (2, 16, 32, 33)
    }


@case(clause=_CLAUSE, flags=("Armour", "FewIterations"))
def broken_armour() -> dict[str, Draft]:
    """Marker lines or base64 that are not as they have to be."""
    plain = _file()
    star = plain.replace(b"\n", b"\n*", 2)
    files = {
        "no-header": (
            _file(armour=KeyFileArmour(header="")),
            Reason.KEY_FILE_MALFORMED,
            "The first marker is missing.",
        ),
        "no-footer": (
            _file(armour=KeyFileArmour(footer="")),
            Reason.KEY_FILE_MALFORMED,
            "The last marker is missing.",
        ),
        "other-header": (
            _file(armour=KeyFileArmour(header="-----BEGIN MEGOLM SESSION-----")),
            Reason.KEY_FILE_MALFORMED,
            "The first marker names something else.",
        ),
        "foreign-character": (star, Reason.BASE64_MALFORMED, "There is a star in the base64."),
        "url-safe": (
            plain.replace(b"+", b"-").replace(b"/", b"_").replace(b"_____", b"-----"),
            Reason.BASE64_ALPHABET,
            "The base64 is in the URL-safe alphabet.",
        ),
        "empty": (b"", Reason.KEY_FILE_MALFORMED, "The file is empty."),
        "no-text": (b"\xff\xfe\x00\x01", Reason.KEY_FILE_MALFORMED, "The file is no text."),
    }
    return {name: _refused(reason, file, note) for name, (file, reason, note) in files.items()}


@case(clause=_CLAUSE, flags=("FewIterations",))
def plaintext() -> dict[str, Draft]:
    """The MAC is right and what is inside is no JSON list."""
    texts = {"empty": b"", "object": b"{}", "word": b"null", "number": b"7", "cut": _LIST[:-1],
             "trailing": _LIST + b"]",
             "no-utf-8": b'["\xff"]', "text": b"hello"}  # fmt: skip
    return {
        name: _refused(
            Reason.KEY_FILE_MALFORMED,
            key_file(text, _PASSPHRASE, salt=_SALT, iv=_IV, iterations=1000),
            f"What is inside is of this kind: {name}.",
        )
        for name, text in texts.items()
    }
