# SPDX-License-Identifier: Apache-2.0
"""Reading Megolm key files and plain key lists (Matrix CS, "Key exports").

A key file is base64 between two marker lines, of
``01 | salt (16) | IV (16) | iterations (4, big endian) | ciphertext | HMAC-SHA-256 (32)``; AES and MAC key come
from PBKDF2-HMAC-SHA-512 over the passphrase.  Inside, and in a plain key list, is a JSON list of sessions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from e2echeck import canonical_json
from e2echeck.encoding import decode_base64
from e2echeck.errors import E2EError, InputError, VerificationError
from e2echeck.hazmat import aes, kdf, mac
from e2echeck.limits import DEFAULT, Limits
from e2echeck.megolm import ExportedSessionKey
from e2echeck.reasons import Reason
from e2echeck.verdict import CLIENTS

__all__ = ["ExportedRoomKey", "KeyFile", "read"]

ALGORITHM: Final = "m.megolm.v1.aes-sha2"
RECOMMENDED_ITERATIONS: Final = 100_000
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
        sender_key: Curve25519 key of the sending device, or None.
        sender_claimed_ed25519: Ed25519 key that the sending device claimed, or None.
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
    if len(data) > limits.key_file_bytes:
        raise InputError(Reason.EVIDENCE_LIMIT, f"{len(data)} bytes")
    start = data.find(_BEGIN)
    if start < 0:
        keys, refused = _read_list(data, limits)
        return KeyFile(keys, refused)
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
    keys, refused = _read_list(plaintext, limits)
    return KeyFile(keys, refused, tuple(oddities), iterations)


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


def _spellings(passphrase: str | bytes) -> list[tuple[bytes, Reason | None]]:
    """The passphrase as bytes, in the order in which to try it."""
    utf8 = passphrase.encode("utf-8", "surrogatepass") if isinstance(passphrase, str) else passphrase
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
        sender_key if isinstance(sender_key, str) else None,
        ed25519 if isinstance(ed25519, str) else None,
        tuple(link for link in chain if isinstance(link, str)) if isinstance(chain, list) else (),
    )
