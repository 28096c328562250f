# SPDX-License-Identifier: Apache-2.0
"""The calls that make and use accounts and sessions, by name; the other half of `e2echeck.vectors.OPERATIONS`.

What an implementation keeps between calls is named by handles: strings that it makes up and that nobody else reads.
A handle must never come to name something else, not even in another process of the same program.  A refused call
leaves everything as it was.
"""

from __future__ import annotations

from typing import Final

from e2echeck.vectors.operations import Kind, Operation, Parameter

__all__ = ["SESSION_OPERATIONS"]


def _bytes(name: str, description: str, *, optional: bool = False) -> Parameter:
    return Parameter(name, Kind.BYTES, description, optional)


def _handle(name: str, description: str) -> Parameter:
    return Parameter(name, Kind.HANDLE, description)


_ACCOUNT: Final = _handle("account", "an account of olm.new_account")
_OLM_SESSION: Final = _handle("session", "a session of olm.create_outbound_session or olm.create_inbound_session")
_GROUP_SESSION: Final = _handle("session", "a session of megolm.new_group_session")
_INBOUND: Final = _handle("session", "a session of megolm.new_inbound")
_PLAINTEXT: Final = _bytes("plaintext", "any bytes, also none")
_IDENTITY_KEY: Final = _bytes("identity_key", "the Curve25519 identity key of the other side, 32 bytes")
_PRE_KEY: Final = _bytes("message", "a pre-key message, raw")
_TYPE: Final = Parameter("message_type", Kind.INTEGER, "0 for a pre-key message, 1 for a normal one")
_COUNT: Final = Parameter("count", Kind.INTEGER, "0 to 5000")

_ALL: Final = (
    Operation("olm_session.new_account", "Make an account with new keys.", (), (_handle("account", "it"),)),
    Operation(
        "olm_session.identity_keys",
        "The public identity keys of an account.",
        (_ACCOUNT,),
        (
            _bytes("ed25519", "the fingerprint key, 32 bytes"),
            _bytes("curve25519", "the identity key, 32 bytes"),
        ),
    ),
    Operation(
        "olm_session.generate_one_time_keys",
        "Make one-time keys and count them as published.",
        (_ACCOUNT, _COUNT),
        (
            Parameter("one_time_keys", Kind.LIST, "the public halves of the new ones, 32 bytes each"),
            Parameter("key_ids", Kind.LIST, "their key ids in the same order, ASCII", optional=True),
        ),
    ),
    Operation(
        "olm_session.generate_fallback_key",
        "Make a fallback key and count it as published; the one before it stays usable, none before that.",
        (_ACCOUNT,),
        (
            _bytes("fallback_key", "the public half, 32 bytes"),
            _bytes("key_id", "its key id, ASCII", optional=True),
        ),
    ),
    Operation(
        "olm_session.sign",
        "Sign with the fingerprint key.",
        (_ACCOUNT, _bytes("message", "any bytes")),
        (_bytes("signature", "64 bytes"),),
    ),
    Operation(
        "olm_session.create_outbound_session",
        "Begin a session with another device.",
        (_ACCOUNT, _IDENTITY_KEY, _bytes("one_time_key", "a one-time or fallback key of it, 32 bytes")),
        (_handle("session", "the session"),),
    ),
    Operation(
        "olm_session.create_inbound_session",
        "The session that a pre-key message begins, if the message decrypts; a one-time key is used up by it then, "
        "and only then.  The identity key in the message has to be the one that is given.",
        (_ACCOUNT, _IDENTITY_KEY, _PRE_KEY),
        (_handle("session", "the session"), _PLAINTEXT),
    ),
    Operation(
        "olm_session.session_id",
        "The id of a session, the same on both sides.",
        (_OLM_SESSION,),
        (_bytes("session_id", "SHA-256 of the three keys that name the session, 32 bytes"),),
    ),
    Operation(
        "olm_session.matches",
        "Whether a pre-key message names the keys of a session; not whether it decrypts.",
        (_OLM_SESSION, _PRE_KEY),
        (Parameter("matches", Kind.BOOLEAN, "whether it does"),),
    ),
    Operation(
        "olm_session.encrypt",
        "Encrypt: a pre-key message until the session has decrypted one of the other side, then a normal one.",
        (_OLM_SESSION, _PLAINTEXT),
        (_TYPE, _bytes("message", "the message, raw")),
    ),
    Operation(
        "olm_session.skip",
        "Encrypt so many messages and lose them, which can be done without this call as well, only slower.",
        (_OLM_SESSION, _COUNT),
    ),
    Operation(
        "olm_session.decrypt",
        "Decrypt, each message once.",
        (_OLM_SESSION, _TYPE, _bytes("message", "the message, raw")),
        (_PLAINTEXT,),
    ),
    Operation(
        "olm_session.has_received",
        "Whether a session has decrypted a message of the other side.",
        (_OLM_SESSION,),
        (Parameter("has_received", Kind.BOOLEAN, "whether it has"),),
    ),
    Operation(
        "megolm_session.new_group_session",
        "Make a session to send with.",
        (),
        (
            _handle("session", "the session"),
            _bytes("public_key", "its Ed25519 key, 32 bytes; session_id is its unpadded base64"),
        ),
    ),
    Operation(
        "megolm_session.session_key",
        "The signed key that opens the session from its next message on.",
        (_GROUP_SESSION,),
        (_bytes("session_key", "session-sharing format, 229 bytes"),),
    ),
    Operation(
        "megolm_session.encrypt",
        "Encrypt and sign.",
        (_GROUP_SESSION, _PLAINTEXT),
        (_bytes("message", "raw message"),),
    ),
    Operation(
        "megolm_session.skip",
        "Encrypt so many messages and lose them, which can be done without this call as well, only slower.",
        (_GROUP_SESSION, _COUNT),
    ),
    Operation(
        "megolm_session.new_inbound",
        "Make a session to receive with.",
        (
            _bytes("session_key", "session-sharing format, 229 bytes when well-formed", optional=True),
            _bytes("exported", "export format, 165 bytes when well-formed", optional=True),
        ),
        (
            _handle("session", "the session"),
            _bytes("public_key", "its Ed25519 key, 32 bytes"),
            Parameter("first_known_index", Kind.INTEGER, "the first index that it can decrypt"),
        ),
        (("session_key", "exported"),),
    ),
    Operation(
        "megolm_session.open",
        "Verify and decrypt.  The same message opens as often as it is given.",
        (_INBOUND, _bytes("message", "the message, raw")),
        (_PLAINTEXT, Parameter("message_index", Kind.INTEGER, "0 to 2^32-1")),
    ),
    Operation(
        "megolm_session.export",
        "The session from an index on, or a refusal when the session begins later.",
        (_INBOUND, Parameter("index", Kind.INTEGER, "0 to 2^32-1")),
        (_bytes("exported", "export format, 165 bytes"),),
    ),
    Operation("release", "Forget what a handle names.", (_handle("handle", "any handle"),)),
)

SESSION_OPERATIONS: Final = {operation.name: operation for operation in _ALL}
"""Every operation by its name."""
