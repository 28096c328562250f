# SPDX-License-Identifier: Apache-2.0
"""The calls that vectors make, by name: what goes in, what comes out.

An implementation is tested by giving it each call that it has.  A call either accepts, with all of its output, or
refuses.  Where an input can be given raw or as base64 text, a vector has exactly one of the two, and whoever gives
raw bytes to an interface that takes text encodes them as unpadded base64 first.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

__all__ = ["OPERATIONS", "Kind", "Operation", "Parameter"]


class Kind(StrEnum):
    """How a value is written in JSON.

    Attributes:
        BYTES: bytes, as hexadecimal in lower case; any bytes, also text that is no UTF-8.
        INTEGER: a JSON integer.
        BOOLEAN: true or false.
        WORD: one of a few words, as a JSON string.
        LIST: a JSON array of BYTES.
        ROOM_KEYS: a JSON array of objects with room_id and session_id (strings) and exported (BYTES, 165 bytes).
        HANDLE: a JSON string that the implementation made up for something it keeps; no vector has one.
    """

    BYTES = "bytes"
    INTEGER = "integer"
    BOOLEAN = "boolean"
    WORD = "word"
    LIST = "list"
    ROOM_KEYS = "room-keys"
    HANDLE = "handle"


@dataclass(frozen=True, slots=True)
class Parameter:
    """One value that goes into an operation or comes out of it.

    Attributes:
        name: its member in `input` or `output` of a vector.
        kind: how it is written.
        description: what it is, with lengths and encodings.
        optional: whether a vector may leave it out.
        words: for `Kind.WORD`, the words there are.
    """

    name: str
    kind: Kind
    description: str
    optional: bool = False
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Operation:
    """One call.

    Attributes:
        name: ``room.verb``.
        description: what it checks and computes.
        input: its parameters.
        output: what it returns when it accepts.
        alternatives: groups of optional inputs of which exactly one is given.
    """

    name: str
    description: str
    input: tuple[Parameter, ...]
    output: tuple[Parameter, ...] = ()
    alternatives: tuple[tuple[str, ...], ...] = ()


def _bytes(name: str, description: str, *, optional: bool = False) -> Parameter:
    return Parameter(name, Kind.BYTES, description, optional)


_CONFIG: Final = Parameter(
    "config",
    Kind.INTEGER,
    "1 for m.megolm.v1.aes-sha2 (messages of version 3, MAC of 8 bytes), 2 for the experimental configuration of "
    "vodozemac (messages of version 4, MAC of 32 bytes).  The caller knows it; the message must not choose it.",
)
_OLM_CONFIG: Final = Parameter(
    "config",
    Kind.INTEGER,
    "1 for m.olm.v1.curve25519-aes-sha2 (normal messages of version 3, MAC of 8 bytes), 2 for the experimental "
    "configuration of vodozemac (version 4, MAC of 32 bytes).  The caller knows it; the message must not choose it.",
)
_OLM_STATE: Final = (
    Parameter("session_keys", Kind.LIST, "I_A, E_A and E_B, 32 bytes each"),
    _bytes("root_key", "R_i, 32 bytes"),
    _bytes(
        "ratchet_secret", "the secret half of our T_i, 32 bytes; left out without a sending chain", optional=True
    ),
    _bytes("chain_key", "C_i,j of the sending chain, 32 bytes", optional=True),
    Parameter("chain_index", Kind.INTEGER, "j", optional=True),
    Parameter(
        "receiving",
        Kind.LIST,
        "the receiving chains, the newest first: ratchet key (32), chain key (32), next index (4, big endian)",
    ),
    Parameter(
        "skipped",
        Kind.LIST,
        "keys of skipped messages: ratchet key (32), message key (32), index (4, big endian)",
        optional=True,
    ),
    _OLM_CONFIG,
)
_URL_SAFE: Final = Parameter("url_safe", Kind.BOOLEAN, "whether the alphabet is the URL-safe one")
_EXPORTED: Final = "a session in export format, 165 bytes when well-formed"
_SESSION_KEY: Final = "a session in session-sharing format, 229 bytes when well-formed"
_SESSION_OUTPUT: Final = (
    _bytes("public_key", "the Ed25519 key of the session, 32 bytes; session_id is its unpadded base64"),
    Parameter("first_known_index", Kind.INTEGER, "the first index that the session can decrypt"),
)

_ROOM_VERSION: Final = Parameter(
    "room_version", Kind.WORD, "the version of the room", words=tuple(str(number) for number in range(1, 13))
)
_EVENT: Final = _bytes(
    "event",
    "the event as servers exchange it: JSON text of an object, UTF-8; in versions 1 and 2 with its event_id",
)
_JSON: Final = _bytes("json", "JSON text of an object, UTF-8")
_ENTITY: Final = _bytes("entity", "the member of signatures: a server name or a user id, UTF-8")
_KEY_ID: Final = _bytes("key_id", "with its algorithm, such as ed25519:1, UTF-8")
_PUBLIC_KEY: Final = _bytes("public_key", "the key of that id, 32 bytes when well-formed")
_SEED: Final = _bytes("seed", "of the Ed25519 key, 32 bytes")
_SERVER_KEYS: Final = (
    "server keys, each a text NAME=ed25519:ID:BASE64 in UTF-8: the name of the server, the id of the key and the "
    "unpadded base64 of its 32 bytes"
)
_HASH: Final = _bytes("hash", "SHA-256, 32 bytes")

_ALL: Final = (
    Operation(
        "canonical_json.canonicalise",
        "Read JSON from outside, refuse what canonical JSON cannot express, and write the canonical bytes.",
        (_bytes("json", "the text as received"),),
        (_bytes("canonical", "the canonical bytes, UTF-8"),),
    ),
    Operation(
        "base64.decode",
        "Read unpadded base64 that has exactly one spelling for each value.",
        (_bytes("text", "the characters"), _URL_SAFE),
        (_bytes("data", "the decoded bytes"),),
    ),
    Operation(
        "base64.encode",
        "Write unpadded base64.",
        (_bytes("data", "any bytes"), _URL_SAFE),
        (_bytes("text", "the characters, ASCII"),),
    ),
    Operation(
        "ed25519.verify",
        "Verify a signature by the strict rules: canonical A and R, neither of small order, S below L, no cofactor.",
        (
            _bytes("public_key", "A, 32 bytes when well-formed"),
            _bytes("message", "any bytes"),
            _bytes("signature", "R and S, 64 bytes when well-formed"),
        ),
    ),
    Operation(
        "ed25519.sign",
        "Sign, and derive the public key.",
        (_bytes("seed", "32 bytes"), _bytes("message", "any bytes")),
        (_bytes("public_key", "32 bytes"), _bytes("signature", "64 bytes")),
    ),
    Operation(
        "x25519.exchange",
        "Agree on a secret; refuse a result of 32 zero bytes.",
        (_bytes("secret", "32 bytes, not clamped"), _bytes("public", "u of the other side, 32 bytes")),
        (_bytes("shared_secret", "32 bytes"),),
    ),
    Operation(
        "x25519.public_key",
        "The public key of a secret.",
        (_bytes("secret", "32 bytes, not clamped"),),
        (_bytes("public", "32 bytes"),),
    ),
    Operation(
        "hkdf.derive",
        "HKDF with SHA-256, extract and expand.",
        (
            _bytes("ikm", "input key material"),
            _bytes("salt", "empty is the same as 32 zero bytes"),
            _bytes("info", "what the keys are for"),
            Parameter("length", Kind.INTEGER, "bytes wanted"),
        ),
        (_bytes("okm", "output key material"),),
    ),
    Operation(
        "megolm.import_session_key",
        "Take a session from an m.room_key; its signature must be right.",
        (
            _bytes("session_key", _SESSION_KEY, optional=True),
            _bytes("session_key_base64", "the same as characters", optional=True),
        ),
        _SESSION_OUTPUT,
        (("session_key", "session_key_base64"),),
    ),
    Operation(
        "megolm.import_exported",
        "Take a session from an export, which carries no signature.",
        (_bytes("exported", _EXPORTED, optional=True), _bytes("exported_base64", "as characters", optional=True)),
        _SESSION_OUTPUT,
        (("exported", "exported_base64"),),
    ),
    Operation(
        "megolm.export_at",
        "Import an exported session and export it at another index.",
        (_bytes("exported", _EXPORTED), Parameter("index", Kind.INTEGER, "0 to 2^32-1")),
        (_bytes("exported", "the session at that index, 165 bytes"),),
    ),
    Operation(
        "megolm.compare",
        "Say how one copy of a session relates to another.",
        (_bytes("first", _EXPORTED), _bytes("second", _EXPORTED)),
        (
            Parameter(
                "ordering",
                Kind.WORD,
                "of the first to the second: better is the same ratchet from an earlier index",
                words=("equal", "better", "worse", "unconnected"),
            ),
        ),
    ),
    Operation(
        "megolm.decrypt",
        "Take a session, verify a message with it and decrypt it.",
        (
            _bytes("exported", _EXPORTED, optional=True),
            _bytes("session_key", _SESSION_KEY, optional=True),
            _CONFIG,
            Parameter(
                "preceding",
                Kind.LIST,
                "messages given to the session before, accepted or not; what became of them does not matter",
                optional=True,
            ),
            _bytes("message", "the message, raw", optional=True),
            _bytes("message_base64", "the message as characters", optional=True),
        ),
        (_bytes("plaintext", "what was encrypted"), Parameter("message_index", Kind.INTEGER, "0 to 2^32-1")),
        (("exported", "session_key"), ("message", "message_base64")),
    ),
    Operation(
        "olm.create_inbound_session",
        "Begin a session from a pre-key message, and decrypt that message.",
        (
            _bytes("identity_secret", "the receiver's Curve25519 identity key, secret half, 32 bytes"),
            Parameter("one_time_secrets", Kind.LIST, "its one-time keys, secret halves of 32 bytes"),
            Parameter(
                "fallback_secrets",
                Kind.LIST,
                "its fallback keys, secret halves, the present one first",
                optional=True,
            ),
            _bytes("their_identity_key", "the Curve25519 key by which the sender is known, 32 bytes"),
            _OLM_CONFIG,
            Parameter(
                "preceding",
                Kind.LIST,
                "pre-key messages, raw, given to the account by the same call before; their answers do not matter",
                optional=True,
            ),
            _bytes("message", "the pre-key message, raw"),
        ),
        (
            _bytes("plaintext", "what was encrypted"),
            _bytes("session_id", "SHA-256 of I_A, E_A and E_B, 32 bytes; the id is its unpadded base64"),
        ),
    ),
    Operation(
        "olm.create_outbound_session",
        "Begin a session with given randomness, and encrypt its first message.",
        (
            _bytes("identity_secret", "the sender's Curve25519 identity key, secret half, 32 bytes"),
            _bytes("base_secret", "E_A, secret half, 32 bytes"),
            _bytes("ratchet_secret", "T_0, secret half, 32 bytes"),
            _bytes("their_identity_key", "I_B, 32 bytes"),
            _bytes("their_one_time_key", "E_B, 32 bytes"),
            _OLM_CONFIG,
            _bytes("plaintext", "any bytes"),
        ),
        (_bytes("message", "the pre-key message, raw"), _bytes("session_id", "as above, 32 bytes")),
    ),
    Operation(
        "olm.encrypt",
        "Encrypt with a session that is in a given state and has a sending chain.",
        (*_OLM_STATE, _bytes("plaintext", "any bytes")),
        (
            Parameter("message_type", Kind.INTEGER, "0 for a pre-key message, 1 for a normal one"),
            _bytes("message", "raw"),
        ),
    ),
    Operation(
        "olm.decrypt",
        "Decrypt with a session that is in a given state.",
        (
            *_OLM_STATE,
            Parameter(
                "preceding",
                Kind.LIST,
                "normal messages, raw, given to the session before; what became of them does not matter",
                optional=True,
            ),
            Parameter("message_type", Kind.INTEGER, "0 for a pre-key message, 1 for a normal one"),
            _bytes("message", "raw"),
        ),
        (_bytes("plaintext", "what was encrypted"),),
    ),
    Operation(
        "olm.read_ciphertext",
        "Read the entry that an m.room.encrypted event has for one recipient.",
        (_bytes("entry", "JSON text of the entry"),),
        (
            Parameter("message_type", Kind.INTEGER, "0 for a pre-key message, 1 for a normal one"),
            _bytes("message", "raw"),
        ),
    ),
    Operation(
        "olm.check_payload",
        "Check whom a decrypted Olm message names against who sent it and who received it.",
        (
            _bytes("plaintext", "what was decrypted"),
            _bytes("sender", "the sender of the event, a user id in UTF-8"),
            _bytes("sender_key", "the Curve25519 key of the session's other side, 32 bytes"),
            _bytes("recipient", "the own user id, UTF-8"),
            _bytes("recipient_ed25519", "the own Ed25519 key, 32 bytes"),
            _bytes(
                "sender_ed25519", "the Ed25519 key of the sending device, 32 bytes, if it is known", optional=True
            ),
        ),
    ),
    Operation(
        "olm.check_to_device",
        "Say whether an event to a device may come as it is, before anything is decrypted.",
        (_bytes("event", "JSON text of the event, as /sync gives it"),),
    ),
    Operation(
        "key_file.read",
        "Decrypt a Megolm key file and read the sessions in it, or read a plain list of sessions.",
        (
            _bytes("file", "the whole file"),
            _bytes("passphrase", "UTF-8; left out for a plain list", optional=True),
        ),
        (Parameter("room_keys", Kind.ROOM_KEYS, "the usable sessions, in their order"),),
    ),
    Operation(
        "signing.sign_json",
        "Sign a JSON object; signatures that it has stay.",
        (_JSON, _ENTITY, _KEY_ID, _SEED),
        (
            _bytes(
                "json", "the object with its signature, and with the unsigned that it had; canonical JSON, UTF-8"
            ),
        ),
    ),
    Operation(
        "signing.verify_json",
        "Verify the signature that an entity made with one key; signatures of others do not matter.",
        (_JSON, _ENTITY, _KEY_ID, _PUBLIC_KEY),
    ),
    Operation(
        "events.redact",
        "Redact an event by the rules of its room version.",
        (_ROOM_VERSION, _EVENT),
        (_bytes("redacted", "what is kept, but for unsigned, which is left out; canonical JSON, UTF-8"),),
    ),
    Operation(
        "events.content_hash",
        "The hash of an event without unsigned, signatures and hashes.",
        (_ROOM_VERSION, _EVENT),
        (_HASH,),
    ),
    Operation(
        "events.reference_hash",
        "The hash of a redacted event without signatures and unsigned.",
        (_ROOM_VERSION, _EVENT),
        (_HASH,),
    ),
    Operation(
        "events.event_id",
        "The id of an event: its own member in versions 1 and 2, and from version 3 on its reference hash.",
        (_ROOM_VERSION, _EVENT),
        (_bytes("event_id", "UTF-8, with its $"),),
    ),
    Operation(
        "events.sign",
        "Put the content hash into an event and sign it as a server; signatures that it has stay.",
        (_ROOM_VERSION, _EVENT, _bytes("server_name", "the server that signs, UTF-8"), _KEY_ID, _SEED),
        (_bytes("event", "with hashes and signatures, and with the unsigned that it had; canonical JSON, UTF-8"),),
    ),
    Operation(
        "events.check",
        "Check an event that came from a server: its form, its id if one is expected, the signatures that its room "
        "version demands, and its content hash.  Keys count as valid at any time.",
        (
            _ROOM_VERSION,
            _EVENT,
            _bytes("event_id", "the id by which the event was asked for, UTF-8", optional=True),
            Parameter("server_keys", Kind.LIST, _SERVER_KEYS),
        ),
        (
            Parameter(
                "outcome",
                Kind.WORD,
                "redacted when the signatures are right and the content hash is not: then only what redaction keeps "
                "is genuine",
                words=("genuine", "redacted"),
            ),
        ),
    ),
    Operation(
        "server_keys.check_event",
        "Check an event that came from a server with the answers that the server gave about its keys over time.",
        (
            _ROOM_VERSION,
            _EVENT,
            _bytes(
                "answers",
                "JSON text: an array of objects with fetched_at (milliseconds) and answer (of /_matrix/key/v2/server)",
            ),
        ),
        (Parameter("outcome", Kind.WORD, "as events.check", words=("genuine", "redacted")),),
    ),
    Operation(
        "request_auth.check",
        "Check that a request between servers is for this one and was signed by its origin.",
        (
            _bytes("header", "the value of the header Authorization"),
            _bytes("method", "such as PUT, ASCII"),
            _bytes("uri", "path and query as in the request line, ASCII"),
            _bytes("destination", "the name of the server that received it, UTF-8"),
            _bytes("content", "the body: JSON text, UTF-8; left out when there is none", optional=True),
            _bytes("origin", "the name of the server whose key is given, UTF-8"),
            _KEY_ID,
            _PUBLIC_KEY,
        ),
    ),
    Operation(
        "server_keys.check",
        "Check what a server answered to GET /_matrix/key/v2/server: its name and its own signature.",
        (
            _bytes("answer", "the body: JSON text, UTF-8"),
            _bytes("server_name", "the server that was asked, UTF-8"),
            Parameter("fetched_at", Kind.INTEGER, "when, in milliseconds since 1970"),
        ),
        (
            Parameter(
                "server_keys",
                Kind.LIST,
                f"the present {_SERVER_KEYS}; sorted as bytes, and without the algorithms that are not known",
            ),
            Parameter(
                "valid_until",
                Kind.INTEGER,
                "until when they are valid, in milliseconds since 1970: the lesser of "
                "valid_until_ts and 7 days after fetched_at",
            ),
        ),
    ),
)

OPERATIONS: Final = {operation.name: operation for operation in _ALL}
"""Every operation by its name."""
