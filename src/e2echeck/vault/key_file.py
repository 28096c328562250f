# SPDX-License-Identifier: Apache-2.0
"""Reading and writing Megolm key files and plain key lists (Matrix CS, "Key exports").

A key file is base64 between two marker lines, of
``01 | salt (16) | IV (16) | iterations (4, big endian) | ciphertext | HMAC-SHA-256 (32)``; AES and MAC key come
from PBKDF2-HMAC-SHA-512 over the passphrase.  Inside, and in a plain key list, is a JSON list of sessions.
"""

from __future__ import annotations

import binascii
import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from e2echeck import canonical_json
from e2echeck.encoding import decode_base64
from e2echeck.errors import E2EError, InputError, VerificationError
from e2echeck.hazmat import aes, kdf, mac
from e2echeck.limits import DEFAULT, Limits
from e2echeck.megolm import ExportedSessionKey
from e2echeck.reasons import Reason
from e2echeck.verdict import CLIENTS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = [
    "RECOMMENDED_ITERATIONS",
    "ExportedRoomKey",
    "KeyFile",
    "read",
    "write",
    "write_list",
]

ALGORITHM: Final = "m.megolm.v1.aes-sha2"
RECOMMENDED_ITERATIONS: Final = 100_000
"""The specification's SHOULD for PBKDF2: `read` reports fewer, `write` refuses them."""

_MOST_ITERATIONS: Final = 0xFFFF_FFFF
_LINE: Final = 96
_BEGIN: Final = b"-----BEGIN MEGOLM SESSION DATA-----"
_END: Final = b"-----END MEGOLM SESSION DATA-----"
_HEAD: Final = 1 + 16 + 16 + 4
_TAG: Final = 32


@dataclass(frozen=True, slots=True)
class ExportedRoomKey:
    """One session of a key list; `session_key` is secret, the rest is what the exporting client claims.

    Attributes:
        room_id: the room it is for.
        session_key: the unsigned export format.
        sender_key: Curve25519 key of the sending device, or None (also for an empty string).
        sender_claimed_ed25519: Ed25519 key that the sending device claimed, or None (also for an empty string).
        forwarding_chain: Curve25519 keys of the devices that forwarded it.
    """

    room_id: str
    session_key: ExportedSessionKey
    sender_key: str | None
    sender_claimed_ed25519: str | None
    forwarding_chain: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class KeyFile:
    """What a key file or key list holds.

    Attributes:
        keys: the usable entries.
        refused: position and reason of each entry that was left out.
        oddities: of the file: ``key-file.kdf-weak`` (fewer than 100,000 iterations), ``key-file.latin1-passphrase``,
            ``key-file.iv-bit-63``, ``base64.stray-bits``.
        iterations: PBKDF2 iterations, None for a plain list.
    """

    keys: tuple[ExportedRoomKey, ...]
    refused: tuple[tuple[int, Reason], ...] = ()
    oddities: tuple[Reason, ...] = ()
    iterations: int | None = None


def read(data: bytes, passphrase: str | bytes | None = None, *, limits: Limits = DEFAULT) -> KeyFile:
    """Read an encrypted key file, or a plain JSON list of sessions.

    Args:
        data: the whole file.  The base64 between the marker lines may be wrapped, padded or on one line.
        passphrase: as str, or the bytes of a passphrase file; not needed for a plain list.  It is tried as UTF-8
            first, then, where that differs, as latin-1 (matrix-nio writes such files), which is reported.
        limits: bounds size, entries and PBKDF2 iterations.

    The MAC is verified before anything is decrypted.  Each entry is checked for its algorithm, its room_id, the
    form of its session key and that session_id is the key's public key; unusable entries are left out and named.
    NOT checked, because the format has nothing to check it with: that a session is genuine, or whose it is.

    Raises:
        InputError: ``key-file.malformed``, ``key-file.version``, ``key-file.kdf-limit`` (0 iterations or more than
            `Limits.kdf_iterations`), ``key-file.passphrase-missing``, ``evidence.limit``, ``base64.*``.
        VerificationError: ``key-file.mac-invalid``: wrong passphrase or damaged file.

    Clause: Matrix CS, "Key export format".
    """
    opened = open_file(data, passphrase, limits=limits)
    keys, refused = opened.entries(limits)
    return KeyFile(keys, refused, opened.oddities, opened.iterations)


@dataclass(frozen=True, slots=True, repr=False)
class OpenedFile:
    """A key file whose entries are not read yet; secret.

    Attributes:
        json: the list of sessions.
        oddities, iterations: as of `KeyFile`.
    """

    json: bytes
    oddities: tuple[Reason, ...] = ()
    iterations: int | None = None

    def entries(self, limits: Limits) -> tuple[tuple[ExportedRoomKey, ...], tuple[tuple[int, Reason], ...]]:
        """The usable entries, and position and reason of the others; raises as `read`."""
        return _read_list(self.json, limits)


def open_file(data: bytes, passphrase: str | bytes | None = None, *, limits: Limits = DEFAULT) -> OpenedFile:
    """The first part of `read`: up to the list of sessions, of which nothing is checked.

    Raises:
        InputError, VerificationError: as `read`.
    """
    if len(data) > limits.key_file_bytes:
        raise InputError(Reason.EVIDENCE_LIMIT, f"{len(data)} bytes")
    start = data.find(_BEGIN)
    if start < 0:
        return OpenedFile(data)
    end = data.find(_END, start)
    if end < 0:
        raise InputError(Reason.KEY_FILE_MALFORMED, "no end marker")
    body = b"".join(data[start + len(_BEGIN) : end].split())
    decoded = decode_base64(body, limits=Limits(base64_characters=limits.key_file_bytes))
    refusal = CLIENTS.refused(decoded.oddities)
    if refusal is not None:
        raise InputError(refusal)
    if passphrase is None:
        raise InputError(Reason.KEY_FILE_PASSPHRASE_MISSING)
    oddities: list[Reason] = [oddity for oddity in decoded.oddities if oddity is not Reason.BASE64_PADDING]
    plaintext, iterations = _decrypt(decoded.value, passphrase, oddities, limits)
    return OpenedFile(plaintext, tuple(oddities), iterations)


def _decrypt(data: bytes, passphrase: str | bytes, oddities: list[Reason], limits: Limits) -> tuple[bytes, int]:
    if not data or data[0] != 1:
        raise InputError(Reason.KEY_FILE_VERSION, str(data[0]) if data else "empty")
    if len(data) < _HEAD + _TAG:
        raise InputError(Reason.KEY_FILE_MALFORMED, f"{len(data)} bytes")
    salt, iv = data[1:17], data[17:33]
    iterations = int.from_bytes(data[33:37], "big")
    if not 1 <= iterations <= limits.kdf_iterations:
        raise InputError(Reason.KEY_FILE_KDF_LIMIT, f"{iterations} iterations, limit {limits.kdf_iterations}")
    for spelling, oddity in _spellings(passphrase):
        keys = kdf.pbkdf2_hmac_sha512(spelling, salt, iterations, 64, limits=limits)
        if mac.verify_hmac_sha256(keys[32:], data[:-_TAG], data[-_TAG:], length=_TAG):
            if oddity is not None:
                oddities.append(oddity)
            if iterations < RECOMMENDED_ITERATIONS:
                oddities.append(Reason.KEY_FILE_KDF_WEAK)
            if iv[8] & 0x80:
                oddities.append(Reason.KEY_FILE_IV_BIT_63)
            return aes.ctr(keys[:32], iv, data[_HEAD:-_TAG]), iterations
    raise VerificationError(Reason.KEY_FILE_MAC_INVALID)


def _utf8(passphrase: str | bytes) -> bytes:
    return passphrase.encode("utf-8", "surrogatepass") if isinstance(passphrase, str) else passphrase


def _spellings(passphrase: str | bytes) -> list[tuple[bytes, Reason | None]]:
    """The passphrase as bytes, in the order in which to try it."""
    utf8 = _utf8(passphrase)
    spellings: list[tuple[bytes, Reason | None]] = [(utf8, None)]
    try:
        latin1 = utf8.decode("utf-8").encode("latin-1")
    except UnicodeError:
        return spellings
    if latin1 != utf8:
        spellings.append((latin1, Reason.KEY_FILE_LATIN1))
    return spellings


def _read_list(data: bytes, limits: Limits) -> tuple[tuple[ExportedRoomKey, ...], tuple[tuple[int, Reason], ...]]:
    try:
        entries = canonical_json.read(data, limits=Limits(json_bytes=limits.key_file_bytes)).value
    except InputError as error:
        raise InputError(Reason.KEY_FILE_MALFORMED, f"its JSON is refused as {error.code}") from None
    if not isinstance(entries, list):
        raise InputError(Reason.KEY_FILE_MALFORMED, "its JSON is not a list")
    if len(entries) > limits.key_file_sessions:
        raise InputError(Reason.EVIDENCE_LIMIT, f"{len(entries)} entries")
    keys: list[ExportedRoomKey] = []
    refused: list[tuple[int, Reason]] = []
    for position, entry in enumerate(entries):
        try:
            keys.append(_read_entry(entry))
        except E2EError as error:
            refused.append((position, error.code))
    return tuple(keys), tuple(refused)


def read_entry(data: bytes, *, limits: Limits = DEFAULT) -> ExportedRoomKey:
    """One entry of a list that is well-formed as a whole.

    Raises:
        InputError: why the entry is unusable, as in `KeyFile.refused`.
    """
    return _read_entry(canonical_json.read(data, limits=Limits(json_bytes=limits.key_file_bytes)).value)


def _read_entry(entry: object) -> ExportedRoomKey:
    if not isinstance(entry, dict):
        raise InputError(Reason.KEY_ENTRY_MALFORMED)
    if entry.get("algorithm") != ALGORITHM:
        raise InputError(Reason.MEGOLM_ALGORITHM_UNKNOWN)
    room_id, text = entry.get("room_id"), entry.get("session_key")
    if not isinstance(room_id, str) or not isinstance(text, str):
        raise InputError(Reason.KEY_ENTRY_MALFORMED)
    key = ExportedSessionKey.parse(text).accept(CLIENTS)
    if entry.get("session_id") != key.session_id:
        raise InputError(Reason.MEGOLM_SESSION_ID_MISMATCH)
    claimed = entry.get("sender_claimed_keys")
    chain = entry.get("forwarding_curve25519_key_chain")
    sender_key = entry.get("sender_key")
    ed25519 = claimed.get("ed25519") if isinstance(claimed, dict) else None
    return ExportedRoomKey(
        room_id,
        key,
        sender_key if isinstance(sender_key, str) and sender_key else None,
        ed25519 if isinstance(ed25519, str) and ed25519 else None,
        tuple(link for link in chain if isinstance(link, str)) if isinstance(chain, list) else (),
    )


def write(
    keys: Sequence[ExportedRoomKey],
    passphrase: str | bytes,
    *,
    iterations: int = 500_000,
    rng: Callable[[int], bytes] = os.urandom,
    limits: Limits = DEFAULT,
) -> bytes:
    """An encrypted key file: between the marker lines padded base64 in lines of 96 characters, as Element writes it.

    Args:
        keys: what it is to hold, as in `write_list`.
        passphrase: as str (UTF-8) or bytes; not empty.  How good it is, is NOT checked.
        iterations: of PBKDF2, at least `RECOMMENDED_ITERATIONS` and at most what `limits` and 32 bits allow.
        rng: gives n random bytes; asked for 16 (salt) and then 16 (IV, of which bit 63 is cleared).
        limits: bounds iterations, entries and size, so that `read` with the same limits reads the file.

    Raises:
        InputError: ``key-file.passphrase-empty``, ``key-file.kdf-weak``, ``key-file.kdf-limit``, as `write_list`;
            ``usage.invalid`` when `rng` gives another number of bytes.

    Clause: Matrix CS, "Key export format".
    """
    secret = _utf8(passphrase)
    if not secret:
        raise InputError(Reason.KEY_FILE_PASSPHRASE_EMPTY)
    if iterations < RECOMMENDED_ITERATIONS:
        raise InputError(Reason.KEY_FILE_KDF_WEAK, f"{iterations} iterations")
    most = min(limits.kdf_iterations, _MOST_ITERATIONS)
    if iterations > most:
        raise InputError(Reason.KEY_FILE_KDF_LIMIT, f"{iterations} iterations, limit {most}")
    plaintext = write_list(keys, limits=limits)
    salt, iv = rng(16), bytearray(rng(16))
    if len(salt) != 16 or len(iv) != 16:
        raise InputError(Reason.USAGE, "rng gave another number of bytes than 16")
    iv[8] &= 0x7F  # clients that count in 64 bits only then count as AES-CTR does
    derived = kdf.pbkdf2_hmac_sha512(secret, salt, iterations, 64, limits=limits)
    head = b"\x01" + salt + iv + iterations.to_bytes(4, "big")
    data = head + aes.ctr(derived[:32], bytes(iv), plaintext)
    text = binascii.b2a_base64(data + mac.hmac_sha256(derived[32:], data), newline=False)
    lines = [text[start : start + _LINE] for start in range(0, len(text), _LINE)]
    file = b"\n".join((_BEGIN, *lines, _END, b""))
    if len(file) > limits.key_file_bytes:
        raise InputError(Reason.EVIDENCE_LIMIT, f"{len(file)} bytes")
    return file


def write_list(keys: Sequence[ExportedRoomKey], *, limits: Limits = DEFAULT) -> bytes:
    """A plain JSON list of sessions: bare secrets.  UTF-8, no white space, nothing behind the list.

    A missing `ExportedRoomKey.sender_key` is written as an empty string and a missing claimed key as an empty
    object, as libolm-based clients did; a client that insists on a Curve25519 key there refuses the list.
    Nothing says which `SessionConfig` a session has: the algorithm is always ``m.megolm.v1.aes-sha2``.

    Args:
        keys: the sessions, written in their order.  That they are genuine, or a room_id well-formed, is NOT checked.
        limits: bounds the number of entries and the bytes.

    Raises:
        InputError: ``evidence.limit``; ``key.entry-malformed`` for text with a lone surrogate, which is no UTF-8.

    Clause: Matrix CS, "Key export format".
    """
    if len(keys) > limits.key_file_sessions:
        raise InputError(Reason.EVIDENCE_LIMIT, f"{len(keys)} entries")
    entries: list[bytes] = []
    size = 2
    for key in keys:
        entries.append(_write_entry(key))
        size += len(entries[-1]) + 1
        if size > limits.key_file_bytes + 1:  # the last entry has no comma
            raise InputError(Reason.EVIDENCE_LIMIT, f"{size} bytes")
    return b"[" + b",".join(entries) + b"]"


def _write_entry(key: ExportedRoomKey) -> bytes:
    claimed = {} if key.sender_claimed_ed25519 is None else {"ed25519": key.sender_claimed_ed25519}
    entry = {
        "algorithm": ALGORITHM,
        "forwarding_curve25519_key_chain": list(key.forwarding_chain),
        "room_id": key.room_id,
        "sender_key": key.sender_key or "",
        "sender_claimed_keys": claimed,
        "session_id": key.session_key.session_id,
        "session_key": key.session_key.to_base64(),
    }
    text = json.dumps(entry, ensure_ascii=False, separators=(",", ":"))
    try:
        return text.encode()
    except UnicodeEncodeError:
        pass
    # Outside, because that error holds the text, and the text the key.
    raise InputError(Reason.KEY_ENTRY_MALFORMED, "a lone surrogate")
