# SPDX-License-Identifier: Apache-2.0
"""The one registry of reasons.

Every error, verdict and finding carries a member of `Reason`.  A member is a plain string
(``"megolm.replay"``), so that it can be compared, sorted and written to JSON as it is; it also knows its
severity, the clause that it stands on, the evidence that is needed to decide it, and one sentence in
English and in German.  Codes are append-only: a published code never changes its meaning.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

__all__ = ["Reason", "Severity"]

Language = Literal["en", "de"]


class Severity(StrEnum):
    """How much a reason weighs.  `rank` orders them: info 0, warning 1, error 2."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"

    @property
    def rank(self) -> int:
        """0 for info, 1 for warning, 2 for error."""
        return _RANKS[self.value]


_RANKS = {"info": 0, "warning": 1, "error": 2}
_I, _W, _E = Severity.INFO, Severity.WARNING, Severity.ERROR

# Clauses.  "App" is the appendices of the Matrix specification, "CS" its client-server API.
_BASE64 = "Matrix App: Unpadded Base64; RFC 4648 sections 3.5, 4, 5"
_JSON = "Matrix App: Canonical JSON; RFC 8259"
_FIELDS = "Matrix Olm/Megolm: message format"
_MEGOLM = "Matrix Megolm: message format"
_SESSION = "Matrix Megolm: session-sharing and session export formats"
_OLM = "Matrix Olm: The Olm Protocol"
_OLM_FORMAT = "Matrix Olm: The Olm Message Format"
_OLM_EVENT = "Matrix CS: m.olm.v1.curve25519-aes-sha2"
_SEND_TO_DEVICE = "Matrix CS: Send-to-Device messaging"
_ONE_TIME = "Matrix CS: One-time and fallback keys"
_ED25519 = "RFC 8032 section 5.1; Matrix App: Signing Details"
_ENCRYPTED = "Matrix CS: m.room.encrypted, m.megolm.v1.aes-sha2"
_ENCRYPTION = "Matrix CS: m.room.encryption"
_REPLAY = "Matrix CS: End-to-End Encryption, protection against replay attacks"
_KEY_FILE = "Matrix CS: Key exports, key export format"
_TO_DEVICE = "Matrix CS: m.room_key, m.forwarded_room_key, m.secret.send, m.dummy: encrypted with Olm"
_PAYLOAD = "Matrix CS: m.olm.v1.curve25519-aes-sha2, Validation of incoming decrypted events"
_DEVICE_KEYS = (
    "Matrix CS: Validation of incoming decrypted events, 5; Device keys; Matrix App: Checking for a Signature"
)
_ROOM_KEY = "Matrix CS: m.room_key, m.forwarded_room_key"
_FORWARDED = "Matrix CS: Key requests; m.forwarded_room_key"
_WITHHELD = "Matrix CS: Reporting that decryption keys are withheld"
_EVENT = "Matrix CS: Size limits; room event format"
_SIGNED_JSON = "Matrix App: Signing Details, Checking for a Signature"
_EVENT_SIGNING = "Matrix SS: Validating hashes and signatures on received events"
_POLICY_SERVER = "Matrix SS: Validating Policy Server signatures"
_SERVER_KEYS = "Matrix SS: Retrieving server keys"
_REQUEST_AUTH = "Matrix SS: Request Authentication"
_TOOL = "e2echeck: threat model"


class Reason(StrEnum):
    """A code of the form ``room.reason`` with what is known about it.

    Attributes:
        severity: its weight in a report.
        clause: document and section of the rule that is broken.
        evidence: what must be at hand to decide it (``wire``, ``keys``, ``state``, ``file``).
        en: one sentence in English.
        de: the same in German.
    """

    severity: Severity
    clause: str
    evidence: str
    en: str
    de: str

    def __new__(cls, code: str, severity: Severity, clause: str, evidence: str, en: str, de: str) -> Reason:
        member = str.__new__(cls, code)
        member._value_ = code
        member.severity = severity
        member.clause = clause
        member.evidence = evidence
        member.en = en
        member.de = de
        return member

    def text(self, language: Language = "en") -> str:
        """The sentence of this reason in English (``"en"``) or German (``"de"``)."""
        return self.de if language == "de" else self.en

    # base64
    BASE64_PADDING = (
        "base64.padding", _W, _BASE64, "wire",
        "The base64 text carries padding where unpadded base64 is required.",
        "Der Base64-Text trägt Füllzeichen, verlangt ist Base64 ohne Füllzeichen.",
    )  # fmt: skip
    BASE64_STRAY_BITS = (
        "base64.stray-bits", _W, _BASE64, "wire",
        "The last base64 character has unused bits that are not zero: one value has several spellings.",
        "Das letzte Base64-Zeichen hat unbenutzte Bits, die nicht null sind: ein Wert, mehrere Schreibweisen.",
    )  # fmt: skip
    BASE64_WHITESPACE = (
        "base64.whitespace", _E, _BASE64, "wire",
        "The base64 text contains white space.",
        "Der Base64-Text enthält Leerraum.",
    )  # fmt: skip
    BASE64_ALPHABET = (
        "base64.alphabet", _E, _BASE64, "wire",
        "The base64 text uses the other alphabet (standard for URL-safe, or the reverse).",
        "Der Base64-Text benutzt das jeweils andere Alphabet (Standard statt URL-sicher oder umgekehrt).",
    )  # fmt: skip
    BASE64_MALFORMED = (
        "base64.malformed", _E, _BASE64, "wire",
        "The text is not base64: a foreign character, or a length that no bytes can have.",
        "Der Text ist kein Base64: ein fremdes Zeichen oder eine unmögliche Länge.",
    )  # fmt: skip
    BASE64_LENGTH = (
        "base64.length", _E, _BASE64, "wire",
        "The base64 text decodes to another number of bytes than required.",
        "Der Base64-Text ergibt nicht die verlangte Zahl von Bytes.",
    )  # fmt: skip

    # the field encoding of Olm and Megolm messages
    WIRE_FIELD_UNKNOWN = (
        "wire.field-unknown", _E, _FIELDS, "wire",
        "The message has a field that its format does not define.",
        "Die Nachricht hat ein Feld, das ihr Format nicht kennt.",
    )  # fmt: skip
    WIRE_FIELD_REPEATED = (
        "wire.field-repeated", _E, _FIELDS, "wire",
        "A field of the message occurs more than once.",
        "Ein Feld der Nachricht kommt mehrmals vor.",
    )  # fmt: skip
    WIRE_FIELD_ORDER = (
        "wire.field-order", _E, _FIELDS, "wire",
        "The fields of the message are not in the order of its format.",
        "Die Felder der Nachricht stehen nicht in der Reihenfolge ihres Formats.",
    )  # fmt: skip
    WIRE_FIELD_MISSING = (
        "wire.field-missing", _E, _FIELDS, "wire",
        "A field that the format requires is missing.",
        "Ein vom Format verlangtes Feld fehlt.",
    )  # fmt: skip
    WIRE_FIELD_LENGTH = (
        "wire.field-length", _E, _FIELDS, "wire",
        "A field has another length than its format requires.",
        "Ein Feld hat nicht die Länge, die sein Format verlangt.",
    )  # fmt: skip
    WIRE_TYPE = (
        "wire.type", _E, _FIELDS, "wire",
        "A field has a wire type that its format does not allow.",
        "Ein Feld hat einen Drahttyp, den sein Format nicht erlaubt.",
    )  # fmt: skip
    WIRE_VARINT_LONG = (
        "wire.varint-long", _E, _FIELDS, "wire",
        "A varint is longer than its value needs.",
        "Ein Varint ist länger, als sein Wert es braucht.",
    )  # fmt: skip
    WIRE_VARINT_RANGE = (
        "wire.varint-range", _E, _FIELDS, "wire",
        "A 32-bit field holds a value beyond 32 bits; clients truncate it.",
        "Ein 32-Bit-Feld hält einen Wert über 32 Bit; Clients schneiden ihn ab.",
    )  # fmt: skip
    WIRE_VARINT_MALFORMED = (
        "wire.varint-malformed", _E, _FIELDS, "wire",
        "A varint has no end, or more than 64 bits.",
        "Ein Varint hat kein Ende oder mehr als 64 Bit.",
    )  # fmt: skip
    WIRE_LENGTH_PAST_END = (
        "wire.length-past-end", _E, _FIELDS, "wire",
        "A length points past the end of the message.",
        "Eine Länge zeigt über das Ende der Nachricht hinaus.",
    )  # fmt: skip
    WIRE_TRAILING_BYTES = (
        "wire.trailing-bytes", _E, _FIELDS, "wire",
        "There are bytes after the end of the format.",
        "Nach dem Ende des Formats folgen weitere Bytes.",
    )  # fmt: skip
    WIRE_VERSION = (
        "wire.version", _E, _FIELDS, "wire",
        "The version byte is not the one expected here.",
        "Das Versionsbyte ist nicht das hier erwartete.",
    )  # fmt: skip
    WIRE_LENGTH = (
        "wire.length", _E, _FIELDS, "wire",
        "The message is too short or too long for its format.",
        "Die Nachricht ist zu kurz oder zu lang für ihr Format.",
    )  # fmt: skip

    # JSON
    JSON_MALFORMED = (
        "json.malformed", _E, _JSON, "file",
        "The text is not JSON.",
        "Der Text ist kein JSON.",
    )  # fmt: skip
    JSON_DUPLICATE_KEY = (
        "json.duplicate-key", _E, _JSON, "file",
        "An object has the same key twice: readers differ in which value they take.",
        "Ein Objekt hat einen Schlüssel doppelt: Leser nehmen verschiedene Werte.",
    )  # fmt: skip
    JSON_FORBIDDEN_VALUE = (
        "json.forbidden-value", _E, _JSON, "file",
        "A value that canonical JSON forbids: float, exponent, -0, NaN, infinity or an integer beyond 2^53-1.",
        "Ein in kanonischem JSON verbotener Wert: Kommazahl, Exponent, -0, NaN, unendlich oder Ganzzahl über 2^53-1.",
    )  # fmt: skip
    JSON_SURROGATE = (
        "json.surrogate", _E, _JSON, "file",
        "A string has a lone surrogate, which UTF-8 cannot express.",
        "Eine Zeichenkette hat ein einzelnes Surrogat, das UTF-8 nicht darstellen kann.",
    )  # fmt: skip
    JSON_UTF8 = (
        "json.utf8", _E, _JSON, "file",
        "The text is not valid UTF-8.",
        "Der Text ist kein gültiges UTF-8.",
    )  # fmt: skip
    JSON_DEPTH = (
        "json.depth", _E, _JSON, "file",
        "The value is nested deeper than the limit allows.",
        "Der Wert ist tiefer verschachtelt, als die Grenze erlaubt.",
    )  # fmt: skip
    JSON_SIZE = (
        "json.size", _E, _JSON, "file",
        "The text is larger than the limit allows.",
        "Der Text ist größer, als die Grenze erlaubt.",
    )  # fmt: skip
    JSON_TYPE = (
        "json.type", _E, _JSON, "file",
        "A Python value or key that JSON cannot express, or a member of another type than required.",
        "Ein Wert oder Schlüssel, den JSON nicht darstellen kann, oder ein Eintrag von falschem Typ.",
    )  # fmt: skip

    # Ed25519 and X25519
    ED25519_KEY_LENGTH = (
        "ed25519.key-length", _E, _ED25519, "wire",
        "The Ed25519 key is not 32 bytes long.",
        "Der Ed25519-Schlüssel ist nicht 32 Byte lang.",
    )  # fmt: skip
    ED25519_SIGNATURE_LENGTH = (
        "ed25519.signature-length", _E, _ED25519, "wire",
        "The Ed25519 signature is not 64 bytes long.",
        "Die Ed25519-Signatur ist nicht 64 Byte lang.",
    )  # fmt: skip
    ED25519_KEY_INVALID = (
        "ed25519.key-invalid", _E, _ED25519, "wire",
        "The public key is no point of the curve.",
        "Der öffentliche Schlüssel ist kein Punkt der Kurve.",
    )  # fmt: skip
    ED25519_KEY_NON_CANONICAL = (
        "ed25519.key-non-canonical", _E, _ED25519, "wire",
        "The public key is not in canonical encoding.",
        "Der öffentliche Schlüssel ist nicht kanonisch kodiert.",
    )  # fmt: skip
    ED25519_KEY_SMALL_ORDER = (
        "ed25519.key-small-order", _E, _ED25519, "wire",
        "The public key is a point of small order, under which signatures prove nothing.",
        "Der öffentliche Schlüssel ist ein Punkt kleiner Ordnung; Signaturen damit beweisen nichts.",
    )  # fmt: skip
    ED25519_R_INVALID = (
        "ed25519.r-invalid", _E, _ED25519, "wire",
        "R of the signature is no point of the curve.",
        "R der Signatur ist kein Punkt der Kurve.",
    )  # fmt: skip
    ED25519_R_NON_CANONICAL = (
        "ed25519.r-non-canonical", _E, _ED25519, "wire",
        "R of the signature is not in canonical encoding.",
        "R der Signatur ist nicht kanonisch kodiert.",
    )  # fmt: skip
    ED25519_R_SMALL_ORDER = (
        "ed25519.r-small-order", _E, _ED25519, "wire",
        "R of the signature is a point of small order.",
        "R der Signatur ist ein Punkt kleiner Ordnung.",
    )  # fmt: skip
    ED25519_S_NON_CANONICAL = (
        "ed25519.s-non-canonical", _E, _ED25519, "wire",
        "S of the signature is not below the group order L.",
        "S der Signatur liegt nicht unter der Gruppenordnung L.",
    )  # fmt: skip
    ED25519_SIGNATURE_INVALID = (
        "ed25519.signature-invalid", _E, _ED25519, "wire",
        "The signature does not fit the key and the message.",
        "Die Signatur passt nicht zu Schlüssel und Nachricht.",
    )  # fmt: skip
    X25519_KEY_LENGTH = (
        "x25519.key-length", _E, "RFC 7748 section 5", "wire",
        "The Curve25519 key is not 32 bytes long.",
        "Der Curve25519-Schlüssel ist nicht 32 Byte lang.",
    )  # fmt: skip
    X25519_NON_CONTRIBUTORY = (
        "x25519.non-contributory", _E, "RFC 7748 section 6.1", "wire",
        "The key agreement gave the all-zero secret: the other key has small order.",
        "Die Schlüsselvereinbarung ergab das Nullgeheimnis: der andere Schlüssel hat kleine Ordnung.",
    )  # fmt: skip
    MAC_LENGTH = (
        "mac.length", _E, "RFC 2104; Matrix Olm: message authentication code", "wire",
        "The message authentication code has another length than its format requires.",
        "Der Authentisierungscode hat nicht die Länge, die sein Format verlangt.",
    )  # fmt: skip
    MAC_INVALID = (
        "mac.invalid", _E, "RFC 2104", "keys",
        "The message authentication code does not fit.",
        "Der Authentisierungscode passt nicht.",
    )  # fmt: skip
    AES_LENGTH = (
        "aes.length", _E, "NIST SP 800-38A", "wire",
        "A key, IV or ciphertext has a length that the cipher does not take.",
        "Schlüssel, IV oder Geheimtext hat eine Länge, die die Chiffre nicht nimmt.",
    )  # fmt: skip
    PADDING_INVALID = (
        "padding.invalid", _E, "RFC 5652 section 6.3 (PKCS#7)", "keys",
        "The padding of the plaintext is wrong.",
        "Die Auffüllung des Klartextes ist falsch.",
    )  # fmt: skip
    KDF_LENGTH = (
        "kdf.length", _E, "RFC 5869 section 2.3", "file",
        "A key of this length cannot be derived.",
        "Ein Schlüssel dieser Länge lässt sich nicht ableiten.",
    )  # fmt: skip

    # Megolm
    MEGOLM_MALFORMED = (
        "megolm.malformed", _E, _MEGOLM, "wire",
        "The ciphertext is no Megolm message that any client can read.",
        "Der Geheimtext ist keine Megolm-Nachricht, die ein Client lesen kann.",
    )  # fmt: skip
    MEGOLM_WIRE_NONCANONICAL = (
        "megolm.wire-noncanonical", _E, _MEGOLM, "wire",
        "The message is not written as clients write it: altered in transit, or made by an odd sender.",
        "Die Nachricht ist nicht so geschrieben, wie Clients schreiben: unterwegs verändert oder seltsamer Absender.",
    )  # fmt: skip
    MEGOLM_SIGNATURE_INVALID = (
        "megolm.signature-invalid", _E, _MEGOLM, "wire",
        "The signature does not fit the session: the message is forged or damaged.",
        "Die Signatur passt nicht zur Sitzung: die Nachricht ist gefälscht oder beschädigt.",
    )  # fmt: skip
    MEGOLM_MAC_INVALID = (
        "megolm.mac-invalid", _E, _MEGOLM, "keys",
        "The signature is right but the message authentication code is wrong.",
        "Die Signatur stimmt, der Authentisierungscode nicht.",
    )  # fmt: skip
    MEGOLM_PADDING_INVALID = (
        "megolm.padding-invalid", _E, _MEGOLM, "keys",
        "Signature and authentication code are right but the padding is wrong.",
        "Signatur und Authentisierungscode stimmen, die Auffüllung nicht.",
    )  # fmt: skip
    MEGOLM_PLAINTEXT_MALFORMED = (
        "megolm.plaintext-malformed", _E, _ENCRYPTED, "keys",
        "The decrypted payload is not an event: no JSON object with type, content and room_id.",
        "Der entschlüsselte Inhalt ist kein Ereignis: kein JSON-Objekt mit type, content und room_id.",
    )  # fmt: skip
    MEGOLM_REPLAY = (
        "megolm.replay", _E, _REPLAY, "wire",
        "The same ciphertext stands in more than one event.",
        "Derselbe Geheimtext steht in mehr als einem Ereignis.",
    )  # fmt: skip
    MEGOLM_INDEX_REUSE = (
        "megolm.index-reuse", _E, _REPLAY, "wire",
        "One message index of a session was used for different ciphertexts: same key and IV twice.",
        "Ein Nachrichtenindex einer Sitzung dient verschiedenen Geheimtexten: Schlüssel und IV doppelt benutzt.",
    )  # fmt: skip
    MEGOLM_INDEX_GAP = (
        "megolm.index-gap", _I, _MEGOLM, "wire",
        "Message indices of this session are missing from the evidence.",
        "Nachrichtenindizes dieser Sitzung fehlen in den Beweismitteln.",
    )  # fmt: skip
    MEGOLM_INDEX_EXHAUSTED = (
        "megolm.index-exhausted", _E, _MEGOLM, "keys",
        "The ratchet is at its last index, 2^32-1, and cannot advance.",
        "Die Ratsche steht am letzten Index, 2^32-1, und kann nicht weiter.",
    )  # fmt: skip
    MEGOLM_SENDER_MISMATCH = (
        "megolm.sender-mismatch", _E, _ENCRYPTED, "wire",
        "Messages of one session were sent under more than one user.",
        "Nachrichten einer Sitzung wurden unter mehr als einem Benutzer gesendet.",
    )  # fmt: skip
    MEGOLM_ROOM_MISMATCH = (
        "megolm.room-mismatch", _E, _ENCRYPTED, "wire",
        "A message was moved: its session or its inner room_id belongs to another room.",
        "Eine Nachricht wurde verschoben: Sitzung oder innere room_id gehört zu einem anderen Raum.",
    )  # fmt: skip
    MEGOLM_SESSION_ID_MISMATCH = (
        "megolm.session-id-mismatch", _E, _SESSION, "wire",
        "The session_id is not the Ed25519 key of the session.",
        "Die session_id ist nicht der Ed25519-Schlüssel der Sitzung.",
    )  # fmt: skip
    MEGOLM_ROTATION_OVERDUE = (
        "megolm.rotation-overdue", _W, _ENCRYPTION, "state",
        "A session was used beyond the room's rotation period.",
        "Eine Sitzung wurde über die Rotationsfrist des Raums hinaus benutzt.",
    )  # fmt: skip
    MEGOLM_ALGORITHM_UNKNOWN = (
        "megolm.algorithm-unknown", _E, _ENCRYPTED, "wire",
        "The event names an algorithm that is not m.megolm.v1.aes-sha2.",
        "Das Ereignis nennt ein anderes Verfahren als m.megolm.v1.aes-sha2.",
    )  # fmt: skip
    SESSION_KEY_MALFORMED = (
        "session-key.malformed", _E, _SESSION, "file",
        "The session key has the wrong length or version, or its public key is unusable.",
        "Der Sitzungsschlüssel hat falsche Länge oder Version, oder sein öffentlicher Schlüssel ist unbrauchbar.",
    )  # fmt: skip
    SESSION_KEY_SIGNATURE_INVALID = (
        "session-key.signature-invalid", _E, _SESSION, "file",
        "The session key is not signed by the key it carries.",
        "Der Sitzungsschlüssel ist nicht von dem Schlüssel signiert, den er trägt.",
    )  # fmt: skip

    # Olm
    OLM_MALFORMED = (
        "olm.malformed", _E, _OLM_EVENT, "wire",
        "The event or its entry for a recipient is no Olm message that any client can read.",
        "Das Ereignis oder sein Eintrag für einen Empfänger ist keine Olm-Nachricht, die ein Client lesen kann.",
    )  # fmt: skip
    OLM_MAC_INVALID = (
        "olm.mac-invalid", _E, "Matrix Olm: Olm Authenticated Encryption", "keys",
        "The message authentication code does not fit the session: the message is forged, damaged or for another one.",
        "Der Authentisierungscode passt nicht zur Sitzung: die Nachricht ist gefälscht, beschädigt oder für eine andere.",
    )  # fmt: skip
    OLM_PADDING_INVALID = (
        "olm.padding-invalid", _E, "Matrix Olm: Olm Authenticated Encryption", "keys",
        "The authentication code is right but the padding is wrong.",
        "Der Authentisierungscode stimmt, die Auffüllung nicht.",
    )  # fmt: skip
    OLM_INDEX_GAP = (
        "olm.index-gap", _E, "libolm and vodozemac: at most 2,000 messages skipped in a chain", "keys",
        "The message lies too far ahead of the last one of its chain.",
        "Die Nachricht liegt zu weit vor der letzten ihrer Kette.",
    )  # fmt: skip
    OLM_INDEX_EXHAUSTED = (
        "olm.index-exhausted", _E, _OLM_FORMAT, "keys",
        "The sending chain is past its last index, 2^32-1, and the other side has not answered.",
        "Die Sendekette ist über ihren letzten Index, 2^32-1, hinaus, und die Gegenseite hat nicht geantwortet.",
    )  # fmt: skip
    OLM_MESSAGE_KEY_UNKNOWN = (
        "olm.message-key-unknown", _E, "Matrix Olm: Receiving messages", "keys",
        "The key of this message is gone: it was used before, pushed out by later ones, or never kept.",
        "Der Schlüssel dieser Nachricht ist weg: schon benutzt, von späteren verdrängt oder nie aufgehoben.",
    )  # fmt: skip
    OLM_RATCHET_KEY_UNKNOWN = (
        "olm.ratchet-key-unknown", _E, "Matrix Olm: Receiving messages", "keys",
        "The message is of no known chain, and no new one can have begun before the last one was answered.",
        "Die Nachricht gehört zu keiner bekannten Kette, und vor einer Antwort auf die letzte kann keine neue beginnen.",
    )  # fmt: skip
    OLM_IDENTITY_MISMATCH = (
        "olm.identity-mismatch", _E, _OLM_EVENT, "wire",
        "The pre-key message names another identity key than its sender is known by.",
        "Die Pre-Key-Nachricht nennt einen anderen Identitätsschlüssel als den, unter dem ihr Absender bekannt ist.",
    )  # fmt: skip
    OLM_ONE_TIME_KEY_UNKNOWN = (
        "olm.one-time-key-unknown", _E, _OLM, "keys",
        "The account has no one-time or fallback key that the pre-key message names: used before, discarded, or never had.",
        "Das Konto hat den Einmal- oder Ersatzschlüssel der Pre-Key-Nachricht nicht: benutzt, verworfen oder nie gehabt.",
    )  # fmt: skip
    OLM_SESSION_MISMATCH = (
        "olm.session-mismatch", _E, _OLM, "wire",
        "The pre-key message belongs to another session.",
        "Die Pre-Key-Nachricht gehört zu einer anderen Sitzung.",
    )  # fmt: skip
    OLM_WIRE_NONCANONICAL = (
        "olm.wire-noncanonical", _E, _OLM_FORMAT, "wire",
        "The Olm message is not written as clients write it: altered in transit, or made by an odd sender.",
        "Die Olm-Nachricht ist nicht so geschrieben, wie Clients schreiben: unterwegs verändert oder seltsamer Absender.",
    )  # fmt: skip
    OLM_KEY_REUSE = (
        "olm.key-reuse", _E, "Matrix Olm: The Olm Algorithm; Olm Authenticated Encryption", "wire",
        "One ratchet key and chain index stand over different ciphertexts: key and IV were used twice, or one is forged.",
        "Ein Ratschenschlüssel und Kettenindex gehören zu verschiedenen Geheimtexten: Schlüssel und IV doppelt benutzt, oder einer ist gefälscht.",
    )  # fmt: skip
    OLM_HALF_OPEN = (
        "olm.half-open", _I, _OLM, "wire",
        "A session sent pre-key messages again and again, and the evidence holds no answer.",
        "Eine Sitzung sendete wiederholt Pre-Key-Nachrichten, und die Beweismittel enthalten keine Antwort.",
    )  # fmt: skip
    OTK_REUSED = (
        "otk.reused", _E, _ONE_TIME, "wire",
        "One one-time key that is no fallback key serves several sessions.",
        "Ein Einmalschlüssel, der kein Ersatzschlüssel ist, dient mehreren Sitzungen.",
    )  # fmt: skip
    OTK_SHARED_OR_FALLBACK = (
        "otk.shared-or-fallback", _I, _ONE_TIME, "wire",
        "One key serves several sessions: a fallback key, which may, or a one-time key, which must not.",
        "Ein Schlüssel dient mehreren Sitzungen: ein Ersatzschlüssel, der das darf, oder ein Einmalschlüssel, der es nicht darf.",
    )  # fmt: skip

    # to-device messages
    TO_DEVICE_REPEATED = (
        "to-device.repeated", _I, _SEND_TO_DEVICE, "wire",
        "One Olm message was queued more than once: sent again, delivered again, or replayed.",
        "Eine Olm-Nachricht wurde mehrfach eingereiht: nochmals gesendet, nochmals zugestellt oder wiedereingespielt.",
    )  # fmt: skip

    # keys and key files
    KEY_SESSION_UNKNOWN = (
        "key.session-unknown", _I, _ENCRYPTED, "keys",
        "No key for this session was given; its messages could not be opened.",
        "Für diese Sitzung wurde kein Schlüssel gegeben; ihre Nachrichten wurden nicht geöffnet.",
    )  # fmt: skip
    KEY_INDEX_UNKNOWN = (
        "key.index-unknown", _I, _SESSION, "keys",
        "The key of this session begins after some of its messages.",
        "Der Schlüssel dieser Sitzung beginnt erst nach einigen ihrer Nachrichten.",
    )  # fmt: skip
    KEY_COPIES_UNCONNECTED = (
        "key.copies-unconnected", _E, _SESSION, "keys",
        "Two copies of one session do not belong to one ratchet: one of them is not genuine.",
        "Zwei Kopien einer Sitzung gehören nicht zu einer Ratsche: eine davon ist nicht echt.",
    )  # fmt: skip
    KEY_ROOMS_DIFFER = (
        "key.rooms-differ", _W, _KEY_FILE, "file",
        "Copies of one session are filed under more than one room: at most one of them is right.",
        "Kopien einer Sitzung sind unter mehr als einem Raum abgelegt: höchstens einer davon stimmt.",
    )  # fmt: skip
    KEY_ENTRY_MALFORMED = (
        "key.entry-malformed", _W, _KEY_FILE, "file",
        "An entry of a key list is unusable and was left out.",
        "Ein Eintrag einer Schlüsselliste ist unbrauchbar und wurde ausgelassen.",
    )  # fmt: skip
    KEY_FILE_MALFORMED = (
        "key-file.malformed", _E, _KEY_FILE, "file",
        "The file is neither a Megolm key file nor a JSON list of sessions.",
        "Die Datei ist weder eine Megolm-Schlüsseldatei noch eine JSON-Liste von Sitzungen.",
    )  # fmt: skip
    KEY_FILE_VERSION = (
        "key-file.version", _E, _KEY_FILE, "file",
        "The key file has an unknown version.",
        "Die Schlüsseldatei hat eine unbekannte Version.",
    )  # fmt: skip
    KEY_FILE_MAC_INVALID = (
        "key-file.mac-invalid", _E, _KEY_FILE, "file",
        "The passphrase is wrong or the key file is damaged.",
        "Die Passphrase ist falsch oder die Schlüsseldatei beschädigt.",
    )  # fmt: skip
    KEY_FILE_PASSPHRASE_MISSING = (
        "key-file.passphrase-missing", _E, _KEY_FILE, "file",
        "The key file is encrypted and no passphrase was given.",
        "Die Schlüsseldatei ist verschlüsselt, und es wurde keine Passphrase gegeben.",
    )  # fmt: skip
    KEY_FILE_KDF_LIMIT = (
        "key-file.kdf-limit", _E, _KEY_FILE, "file",
        "The key file asks for no iterations, or for more than the limit allows.",
        "Die Schlüsseldatei verlangt keine oder mehr Iterationen, als die Grenze erlaubt.",
    )  # fmt: skip
    KEY_FILE_KDF_WEAK = (
        "key-file.kdf-weak", _W, _KEY_FILE, "file",
        "The key file uses fewer than 100,000 iterations.",
        "Die Schlüsseldatei benutzt weniger als 100.000 Iterationen.",
    )  # fmt: skip
    KEY_FILE_LATIN1 = (
        "key-file.latin1-passphrase", _I, _KEY_FILE, "file",
        "The passphrase opened the file only as latin-1, not as UTF-8.",
        "Die Passphrase öffnete die Datei nur als Latin-1, nicht als UTF-8.",
    )  # fmt: skip
    KEY_FILE_IV_BIT_63 = (
        "key-file.iv-bit-63", _I, _KEY_FILE, "file",
        "Bit 63 of the IV is set; the format asks for it to be cleared.",
        "Bit 63 des IV ist gesetzt; das Format verlangt null.",
    )  # fmt: skip
    KEY_FILE_PASSPHRASE_EMPTY = (
        "key-file.passphrase-empty", _E, _KEY_FILE, "file",
        "A key file is not written under an empty passphrase.",
        "Unter einer leeren Passphrase wird keine Schlüsseldatei geschrieben.",
    )  # fmt: skip

    # messages to devices, the plaintext of Olm messages, room keys that travel in them
    TO_DEVICE_UNENCRYPTED_ROOM_KEY = (
        "to-device.unencrypted-room-key", _E, _TO_DEVICE, "wire",
        "A room key was sent to a device in clear; whoever carried it could read or forge it.",
        "Ein Raumschlüssel wurde einem Gerät unverschlüsselt gesendet; jeder Überbringer konnte ihn lesen oder fälschen.",
    )  # fmt: skip
    TO_DEVICE_MEGOLM_WRAPPED = (
        "to-device.megolm-wrapped", _E, _TO_DEVICE, "wire",
        "A message to a device is encrypted with Megolm, which proves no sending device; only Olm is allowed there.",
        "Eine Nachricht an ein Gerät ist mit Megolm verschlüsselt, das kein sendendes Gerät beweist; erlaubt ist nur Olm.",
    )  # fmt: skip
    TO_DEVICE_UNENCRYPTED = (
        "to-device.unencrypted", _E, _TO_DEVICE, "wire",
        "A message to a device that has to be encrypted with Olm was sent in clear.",
        "Eine Nachricht an ein Gerät, die mit Olm verschlüsselt sein muss, wurde unverschlüsselt gesendet.",
    )  # fmt: skip
    TO_DEVICE_ALGORITHM_UNKNOWN = (
        "to-device.algorithm-unknown", _E, _OLM_EVENT, "wire",
        "The message to a device names an algorithm that is not m.olm.v1.curve25519-aes-sha2.",
        "Die Nachricht an ein Gerät nennt ein anderes Verfahren als m.olm.v1.curve25519-aes-sha2.",
    )  # fmt: skip
    TO_DEVICE_MALFORMED = (
        "to-device.malformed", _E, _OLM_EVENT, "wire",
        "The message to a device lacks type, sender, content, sender_key or ciphertext, or one has the wrong form.",
        "Der Nachricht an ein Gerät fehlt type, sender, content, sender_key oder ciphertext, oder eines hat falsche Form.",
    )  # fmt: skip
    TO_DEVICE_NOT_FOR_US = (
        "to-device.not-for-us", _E, _OLM_EVENT, "keys",
        "The message has no ciphertext for the Curve25519 key of this device.",
        "Die Nachricht hat keinen Geheimtext für den Curve25519-Schlüssel dieses Geräts.",
    )  # fmt: skip
    TO_DEVICE_SESSION_UNKNOWN = (
        "to-device.session-unknown", _E, _OLM_EVENT, "keys",
        "A normal Olm message came from a device with which there is no session.",
        "Eine normale Olm-Nachricht kam von einem Gerät, mit dem es keine Sitzung gibt.",
    )  # fmt: skip
    OLM_PAYLOAD_MALFORMED = (
        "olm-payload.malformed", _E, _PAYLOAD, "keys",
        "The plaintext of the Olm message has no type, content, sender, recipient, keys or recipient_keys of the right form.",
        "Dem Klartext der Olm-Nachricht fehlt type, content, sender, recipient, keys oder recipient_keys in rechter Form.",
    )  # fmt: skip
    OLM_PAYLOAD_SENDER_MISMATCH = (
        "olm-payload.sender-mismatch", _E, _PAYLOAD + ", 1", "keys",
        "The plaintext names another sender than the event.",
        "Der Klartext nennt einen anderen Absender als das Ereignis.",
    )  # fmt: skip
    OLM_PAYLOAD_SENDER_KEY_MISMATCH = (
        "olm-payload.sender-key-mismatch", _E, _PAYLOAD + ", 2", "keys",
        "The plaintext names another Ed25519 key than the sending device has.",
        "Der Klartext nennt einen anderen Ed25519-Schlüssel, als das sendende Gerät hat.",
    )  # fmt: skip
    OLM_PAYLOAD_SENDER_KEY_UNKNOWN = (
        "olm-payload.sender-key-unknown", _I, _PAYLOAD + ", 2", "keys",
        "The Ed25519 key of the sending device is not known; whether the plaintext names the right one is not decided.",
        "Der Ed25519-Schlüssel des sendenden Geräts ist unbekannt; ob der Klartext den richtigen nennt, bleibt offen.",
    )  # fmt: skip
    OLM_PAYLOAD_RECIPIENT_MISMATCH = (
        "olm-payload.recipient-mismatch", _E, _PAYLOAD + ", 3", "keys",
        "The plaintext is meant for another user.",
        "Der Klartext ist für einen anderen Benutzer bestimmt.",
    )  # fmt: skip
    OLM_PAYLOAD_RECIPIENT_KEY_MISMATCH = (
        "olm-payload.recipient-key-mismatch", _E, _PAYLOAD + ", 4", "keys",
        "The plaintext is meant for another device: its recipient_keys name another Ed25519 key.",
        "Der Klartext ist für ein anderes Gerät bestimmt: recipient_keys nennt einen anderen Ed25519-Schlüssel.",
    )  # fmt: skip
    OLM_PAYLOAD_DEVICE_KEYS_MISSING = (
        "olm-payload.device-keys-missing", _E, "Matrix CS: m.room_key_bundle", "keys",
        "A bundle of room keys was announced without the device keys of the sender.",
        "Ein Bündel von Raumschlüsseln wurde ohne die Geräteschlüssel des Absenders angekündigt.",
    )  # fmt: skip
    DEVICE_KEYS_MALFORMED = (
        "device-keys.malformed", _E, _DEVICE_KEYS, "keys",
        "The device keys lack user_id, device_id, algorithms or keys of the right form, or cannot be written as canonical JSON.",
        "Den Geräteschlüsseln fehlt user_id, device_id, algorithms oder keys in rechter Form, oder sie haben keine kanonische Form.",
    )  # fmt: skip
    DEVICE_KEYS_USER_MISMATCH = (
        "device-keys.user-mismatch", _E, _DEVICE_KEYS, "keys",
        "The device keys belong to another user than the sender.",
        "Die Geräteschlüssel gehören einem anderen Benutzer als dem Absender.",
    )  # fmt: skip
    DEVICE_KEYS_CURVE25519_MISMATCH = (
        "device-keys.curve25519-mismatch", _E, _DEVICE_KEYS, "keys",
        "The Curve25519 key in the device keys is missing or not the one that the message came from.",
        "Der Curve25519-Schlüssel in den Geräteschlüsseln fehlt oder ist nicht der, von dem die Nachricht kam.",
    )  # fmt: skip
    DEVICE_KEYS_ED25519_MISMATCH = (
        "device-keys.ed25519-mismatch", _E, _DEVICE_KEYS, "keys",
        "The Ed25519 key in the device keys is missing or not the one that the plaintext names.",
        "Der Ed25519-Schlüssel in den Geräteschlüsseln fehlt oder ist nicht der, den der Klartext nennt.",
    )  # fmt: skip
    DEVICE_KEYS_SIGNATURE_MISSING = (
        "device-keys.signature-missing", _E, _DEVICE_KEYS, "keys",
        "The device keys carry no readable signature of the device that they describe.",
        "Die Geräteschlüssel tragen keine lesbare Signatur des Geräts, das sie beschreiben.",
    )  # fmt: skip
    DEVICE_KEYS_SIGNATURE_INVALID = (
        "device-keys.signature-invalid", _E, _DEVICE_KEYS, "keys",
        "The device keys are not signed by the Ed25519 key that they name.",
        "Die Geräteschlüssel sind nicht von dem Ed25519-Schlüssel signiert, den sie nennen.",
    )  # fmt: skip
    ROOM_KEY_MALFORMED = (
        "room-key.malformed", _E, _ROOM_KEY, "keys",
        "The content lacks a member that a room key or a request for one needs, or a member has the wrong form.",
        "Dem Inhalt fehlt ein Eintrag, den ein Raumschlüssel oder eine Anfrage danach braucht, oder einer hat falsche Form.",
    )  # fmt: skip
    ROOM_KEY_UNREQUESTED = (
        "room-key.unrequested", _E, _FORWARDED, "keys",
        "A forwarded room key came that no open request of ours asks for.",
        "Ein weitergeleiteter Raumschlüssel kam, um den keine offene Anfrage von uns bittet.",
    )  # fmt: skip
    ROOM_KEY_FORWARDER_USER = (
        "room-key.forwarder-user", _E, _FORWARDED, "keys",
        "A forwarded room key came from a device of another user.",
        "Ein weitergeleiteter Raumschlüssel kam von einem Gerät eines anderen Benutzers.",
    )  # fmt: skip
    ROOM_KEY_FORWARDER_UNVERIFIED = (
        "room-key.forwarder-unverified", _E, _FORWARDED, "keys",
        "A forwarded room key came from a device that is not verified.",
        "Ein weitergeleiteter Raumschlüssel kam von einem Gerät, das nicht verifiziert ist.",
    )  # fmt: skip
    ROOM_KEY_FORWARDER_NOT_ASKED = (
        "room-key.forwarder-not-asked", _E, _FORWARDED, "keys",
        "A forwarded room key came from a device that was not asked for it.",
        "Ein weitergeleiteter Raumschlüssel kam von einem Gerät, das nicht danach gefragt wurde.",
    )  # fmt: skip
    ROOM_KEY_CLAIMED_KEYS_DIFFER = (
        "room-key.claimed-keys-differ", _E, _FORWARDED, "keys",
        "A forwarded room key claims another originating device than is known for the session.",
        "Ein weitergeleiteter Raumschlüssel nennt ein anderes Ursprungsgerät, als für die Sitzung bekannt ist.",
    )  # fmt: skip
    ROOM_KEY_ROOM_DIFFERS = (
        "room-key.room-differs", _E, _FORWARDED, "keys",
        "A forwarded room key puts a known session into another room.",
        "Ein weitergeleiteter Raumschlüssel verlegt eine bekannte Sitzung in einen anderen Raum.",
    )  # fmt: skip
    ROOM_KEY_NOT_REPLACED = (
        "room-key.not-replaced", _E, _FORWARDED, "keys",
        "The session is known already, and the forwarded copy does not connect to it or begins no earlier.",
        "Die Sitzung ist schon bekannt, und die weitergeleitete Kopie schließt nicht an sie an oder beginnt nicht früher.",
    )  # fmt: skip
    ROOM_KEY_BESIDE_DIRECT = (
        "room-key.beside-direct", _I, _FORWARDED, "keys",
        "The forwarded copy adds earlier messages to a session that was received directly; it is to be kept beside it.",
        "Die weitergeleitete Kopie ergänzt frühere Nachrichten einer direkt erhaltenen Sitzung; sie gehört neben diese.",
    )  # fmt: skip
    WITHHELD_MALFORMED = (
        "withheld.malformed", _E, _WITHHELD, "wire",
        "The notice lacks algorithm, sender_key or code, or a member has the wrong form.",
        "Der Mitteilung fehlt algorithm, sender_key oder code, oder ein Eintrag hat falsche Form.",
    )  # fmt: skip
    WITHHELD_SESSION_MISSING = (
        "withheld.session-missing", _E, _WITHHELD, "wire",
        "The notice has a code other than m.no_olm and lacks room_id or session_id.",
        "Die Mitteilung hat einen anderen code als m.no_olm und keine room_id oder session_id.",
    )  # fmt: skip
    WITHHELD_SESSION_UNEXPECTED = (
        "withheld.session-unexpected", _W, _WITHHELD, "wire",
        "The notice m.no_olm names a room or a session although it concerns all.",
        "Die Mitteilung m.no_olm nennt einen Raum oder eine Sitzung, obwohl sie alle betrifft.",
    )  # fmt: skip
    WITHHELD_CODE_MISPLACED = (
        "withheld.code-misplaced", _W, _WITHHELD, "wire",
        "The code m.history_not_shared belongs into a bundle of room keys, not into a notice.",
        "Der code m.history_not_shared gehört in ein Bündel von Raumschlüsseln, nicht in eine Mitteilung.",
    )  # fmt: skip

    # events and rooms
    EVENT_MALFORMED = (
        "event.malformed", _E, _EVENT, "wire",
        "The event lacks a required member, or a member has the wrong type.",
        "Dem Ereignis fehlt ein verlangter Eintrag, oder ein Eintrag hat den falschen Typ.",
    )  # fmt: skip
    EVENT_COPIES_DIFFER = (
        "event.copies-differ", _E, _EVENT, "wire",
        "Two copies of one event differ in content, sender, type or room.",
        "Zwei Kopien eines Ereignisses weichen in Inhalt, Absender, Typ oder Raum voneinander ab.",
    )  # fmt: skip
    EVENT_PLAINTEXT = (
        "event.plaintext-in-encrypted-room", _E, _ENCRYPTION, "state",
        "An event that had to be encrypted was sent in clear after encryption was turned on.",
        "Ein Ereignis, das verschlüsselt sein musste, wurde nach dem Einschalten unverschlüsselt gesendet.",
    )  # fmt: skip
    ROOM_NOT_ENCRYPTED = (
        "room.not-encrypted", _E, _ENCRYPTION, "state",
        "The room has messages and was never encrypted.",
        "Der Raum hat Nachrichten und war nie verschlüsselt.",
    )  # fmt: skip
    ROOM_ENCRYPTION_CHANGED = (
        "room.encryption-changed", _W, _ENCRYPTION, "state",
        "The encryption settings of the room were changed, emptied or weakened after they were set.",
        "Die Verschlüsselungseinstellungen des Raums wurden nachträglich geändert, geleert oder geschwächt.",
    )  # fmt: skip

    # events and signatures
    SIGNATURE_MALFORMED = (
        "signature.malformed", _E, _SIGNED_JSON, "wire",
        "What should be signed is no object, its signatures have the wrong form, or a signature is no base64 of 64 bytes.",
        "Das zu Signierende ist kein Objekt, seine Signaturen haben falsche Form, oder eine Signatur ist kein Base64 von 64 Bytes.",
    )  # fmt: skip
    SIGNATURE_MISSING = (
        "signature.missing", _E, _SIGNED_JSON, "wire",
        "The object carries no Ed25519 signature of the entity that had to sign it.",
        "Das Objekt trägt keine Ed25519-Signatur dessen, der es signieren musste.",
    )  # fmt: skip
    SIGNATURE_INVALID = (
        "signature.invalid", _E, _SIGNED_JSON, "keys",
        "A signature of the object does not hold under the key that it names.",
        "Eine Signatur des Objekts gilt unter dem Schlüssel, den sie nennt, nicht.",
    )  # fmt: skip
    SIGNATURE_KEY_ID = (
        "signature.key-id", _E, _SIGNED_JSON, "keys",
        "A signing key identifier is not ed25519, a colon and a version.",
        "Ein Signaturschlüsselbezeichner ist nicht ed25519, ein Doppelpunkt und eine Version.",
    )  # fmt: skip
    SIGNATURE_KEY_UNKNOWN = (
        "signature.key-unknown", _E, _SIGNED_JSON, "keys",
        "The object is signed with keys that are not known only; whether it is genuine is not decided.",
        "Das Objekt ist nur mit Schlüsseln signiert, die nicht bekannt sind; ob es echt ist, bleibt offen.",
    )  # fmt: skip
    SIGNATURE_KEY_EXPIRED = (
        "signature.key-expired", _E, _SIGNED_JSON + "; Matrix SS: Retrieving server keys", "keys",
        "The object is signed with a key that its owner had given up before.",
        "Das Objekt ist mit einem Schlüssel signiert, den sein Inhaber zuvor aufgegeben hatte.",
    )  # fmt: skip
    SIGNATURE_KEY_KNOWN_BAD = (
        "signature.key-known-bad", _E, "CVE-2026-24044; e2echeck: threat model", "keys",
        "The object is signed with a key whose private half is publicly known; the signature proves nothing.",
        "Das Objekt ist mit einem Schlüssel signiert, dessen geheime Hälfte öffentlich bekannt ist; das beweist nichts.",
    )  # fmt: skip
    SIGNATURE_KEY_SKIPPED = (
        "signature.key-skipped", _I, _EVENT_SIGNING, "keys",
        "Besides a signature that counts, one with an unknown or expired key was skipped.",
        "Neben einer Signatur, die zählt, wurde eine mit unbekanntem oder abgelaufenem Schlüssel übergangen.",
    )  # fmt: skip
    SIGNATURE_ALGORITHM_UNKNOWN = (
        "signature.algorithm-unknown", _I, _SIGNED_JSON, "wire",
        "A signature with an algorithm other than Ed25519 was skipped.",
        "Eine Signatur mit einem anderen Verfahren als Ed25519 wurde übergangen.",
    )  # fmt: skip
    SERVER_KEY_VALIDITY_UNKNOWN = (
        "server-key.validity-unknown", _I, "Matrix SS: Retrieving server keys", "keys",
        "The signature is later than every time until which the key is known to be valid, and the key is not known to have expired.",
        "Die Signatur ist später als jeder Zeitpunkt, bis zu dem der Schlüssel bekanntermaßen gilt; abgelaufen ist er nicht nachweislich.",
    )  # fmt: skip
    EVENT_TOO_LARGE = (
        "event.too-large", _E, _EVENT, "wire",
        "The event has more than 65,536 bytes, or one of its identifiers more than 255.",
        "Das Ereignis hat mehr als 65.536 Bytes oder einer seiner Bezeichner mehr als 255.",
    )  # fmt: skip
    EVENT_ID_MISMATCH = (
        "event.id-mismatch", _E, "Matrix SS: Calculating the reference hash for an event; Matrix rooms: Event IDs", "wire",
        "The event is known under another identifier than its hash or its own member gives.",
        "Das Ereignis ist unter einem anderen Bezeichner bekannt, als sein Hash oder sein eigener Eintrag ergibt.",
    )  # fmt: skip
    EVENT_HASH_MISMATCH = (
        "event.hash-mismatch", _E, _EVENT_SIGNING, "wire",
        "The content is not the one that was signed: only the redacted copy of the event counts.",
        "Der Inhalt ist nicht der signierte: es zählt nur die bereinigte Kopie des Ereignisses.",
    )  # fmt: skip
    EVENT_SIGNATURE_MISSING = (
        "event.signature-missing", _E, _EVENT_SIGNING, "wire",
        "The event carries no signature of a server that had to sign it.",
        "Dem Ereignis fehlt die Signatur eines Servers, der es signieren musste.",
    )  # fmt: skip
    EVENT_SIGNATURE_INVALID = (
        "event.signature-invalid", _E, _EVENT_SIGNING, "keys",
        "A signature of a server that had to sign the event is unreadable or does not hold.",
        "Eine Signatur eines Servers, der das Ereignis signieren musste, ist unlesbar oder gilt nicht.",
    )  # fmt: skip
    EVENT_SIGNING_KEY_UNKNOWN = (
        "event.signing-key-unknown", _E, _EVENT_SIGNING, "keys",
        "The event is signed with server keys that are not known; whether it is genuine is not decided.",
        "Das Ereignis ist mit unbekannten Serverschlüsseln signiert; ob es echt ist, bleibt offen.",
    )  # fmt: skip
    EVENT_SIGNING_KEY_EXPIRED = (
        "event.signing-key-expired", _E, _EVENT_SIGNING, "keys",
        "The event is signed with a key that its server had given up before the event.",
        "Das Ereignis ist mit einem Schlüssel signiert, den sein Server vor dem Ereignis aufgegeben hatte.",
    )  # fmt: skip
    EVENT_POLICY_SIGNATURE_MISSING = (
        "event.policy-signature-missing", _W, _POLICY_SERVER, "state",
        "The room has a policy server, and the event lacks its signature.",
        "Der Raum hat einen Policy-Server, und dem Ereignis fehlt dessen Signatur.",
    )  # fmt: skip
    EVENT_POLICY_SIGNATURE_INVALID = (
        "event.policy-signature-invalid", _W, _POLICY_SERVER, "state",
        "The signature of the policy server does not hold under the key in the state of the room.",
        "Die Signatur des Policy-Servers gilt unter dem Schlüssel aus dem Zustand des Raums nicht.",
    )  # fmt: skip
    EVENT_THIRD_PARTY_INVITE_INVALID = (
        "event.third-party-invite-invalid", _E, "Matrix SS: Third-party invites, Verifying the invite", "state",
        "No key of the invitation signed the mxid and token that a third-party invite quotes.",
        "Kein Schlüssel der Einladung hat die mxid und das Token signiert, auf die sich die Fremdeinladung beruft.",
    )  # fmt: skip
    EVENT_THIRD_PARTY_INVITE_UNCHECKED = (
        "event.third-party-invite-unchecked", _I, "Matrix SS: Third-party invites, Verifying the invite", "state",
        "The event is a third-party invite, which no server has to sign, and the keys of the invitation are not at hand.",
        "Das Ereignis ist eine Fremdeinladung, die kein Server signieren muss, und die Schlüssel der Einladung liegen nicht vor.",
    )  # fmt: skip
    EVENT_PRUNED = (
        "event.pruned", _I, _EVENT_SIGNING, "wire",
        "The event is a redacted copy; what was removed from it cannot be checked.",
        "Das Ereignis ist eine bereinigte Kopie; was daraus entfernt wurde, ist nicht prüfbar.",
    )  # fmt: skip
    ROOM_VERSION_UNKNOWN = (
        "room.version-unknown", _E, "Matrix rooms: Complete list of room versions", "state",
        "The room has a version whose rules are not known.",
        "Der Raum hat eine Version, deren Regeln nicht bekannt sind.",
    )  # fmt: skip

    # server keys, and requests between servers
    SERVER_KEY_MALFORMED = (
        "server-key.malformed", _E, _SERVER_KEYS, "keys",
        "The answer with a server's keys lacks a member, or a member has the wrong form.",
        "Der Antwort mit den Schlüsseln eines Servers fehlt ein Eintrag, oder ein Eintrag hat falsche Form.",
    )  # fmt: skip
    SERVER_KEY_NAME_MISMATCH = (
        "server-key.name-mismatch", _E, _SERVER_KEYS, "keys",
        "The answer holds the keys of another server than the one that was asked.",
        "Die Antwort enthält die Schlüssel eines anderen Servers als des gefragten.",
    )  # fmt: skip
    SERVER_KEY_KEY_ID = (
        "server-key.key-id", _W, _SERVER_KEYS, "keys",
        "The id of a server key has no version, or one with other characters than letters, digits and _.",
        "Die Kennung eines Serverschlüssels hat keine Version oder eine mit anderen Zeichen als Buchstaben, Ziffern und _.",
    )  # fmt: skip
    SERVER_KEY_KEY_UNUSABLE = (
        "server-key.key-unusable", _W, _SERVER_KEYS + "; RFC 8032 section 5.1.3", "keys",
        "A server key has the wrong length or is no point that can verify a signature; it was left out.",
        "Ein Serverschlüssel hat falsche Länge oder ist kein Punkt, der eine Signatur prüfen kann; er blieb außer Betracht.",
    )  # fmt: skip
    SERVER_KEY_KEY_ID_REUSED = (
        "server-key.key-id-reused", _W, _SERVER_KEYS, "keys",
        "A server uses one key id for two keys, or for a key that is current and old at once.",
        "Ein Server benutzt eine Schlüsselkennung für zwei Schlüssel oder für einen, der zugleich gültig und alt ist.",
    )  # fmt: skip
    SERVER_KEY_SIGNATURE_MISSING = (
        "server-key.signature-missing", _E, _SERVER_KEYS, "keys",
        "The answer is not signed by any of the server's current keys that it holds.",
        "Die Antwort ist von keinem der gültigen Schlüssel des Servers signiert, die sie enthält.",
    )  # fmt: skip
    SERVER_KEY_SIGNATURE_INVALID = (
        "server-key.signature-invalid", _E, _SERVER_KEYS, "keys",
        "A signature of the server on its own keys is unreadable or does not hold.",
        "Eine Signatur des Servers unter seinen eigenen Schlüsseln ist unlesbar oder gilt nicht.",
    )  # fmt: skip
    SERVER_KEY_KEY_UNSIGNED = (
        "server-key.key-unsigned", _W, _SERVER_KEYS, "keys",
        "One of the server's current keys did not sign the answer, so nothing shows that the server has its private half.",
        "Einer der gültigen Schlüssel hat die Antwort nicht signiert; nichts belegt, dass der Server die geheime Hälfte hat.",
    )  # fmt: skip
    SERVER_KEY_VALIDITY_CAPPED = (
        "server-key.validity-capped", _I, _SERVER_KEYS, "keys",
        "The answer claims to hold for more than 7 days after it was fetched; it counts for 7.",
        "Die Antwort will länger als 7 Tage nach ihrem Abruf gelten; sie zählt für 7.",
    )  # fmt: skip
    SERVER_KEY_VALIDITY_SHORT = (
        "server-key.validity-short", _W, "Matrix SS: Querying Keys Through Another Server, minimum_valid_until_ts", "keys",
        "The answer is over before the time that it was asked for.",
        "Die Antwort endet vor der Zeit, für die nach ihr gefragt wurde.",
    )  # fmt: skip
    SERVER_KEY_NOTARY_SIGNATURE_MISSING = (
        "server-key.notary-signature-missing", _E, "Matrix SS: Querying Keys Through Another Server", "keys",
        "The notary that handed out another server's keys did not sign them.",
        "Der Notar, der die Schlüssel eines anderen Servers ausgab, hat sie nicht signiert.",
    )  # fmt: skip
    SERVER_KEY_NOTARY_SIGNATURE_INVALID = (
        "server-key.notary-signature-invalid", _E, "Matrix SS: Querying Keys Through Another Server", "keys",
        "The notary's signature on another server's keys is unreadable, worthless or does not hold.",
        "Die Signatur des Notars unter den Schlüsseln eines anderen Servers ist unlesbar, wertlos oder gilt nicht.",
    )  # fmt: skip
    SERVER_KEY_NOTARY_KEY_UNKNOWN = (
        "server-key.notary-key-unknown", _I, "Matrix SS: Querying Keys Through Another Server", "keys",
        "No current key of the notary is known that signed; that the keys came through it is not shown.",
        "Kein gültiger Schlüssel des Notars ist bekannt, der signiert hat; dass die Schlüssel von ihm kommen, ist nicht gezeigt.",
    )  # fmt: skip
    SERVER_KEY_PINNED = (
        "server-key.pinned", _I, _SERVER_KEYS, "keys",
        "The server key was given by hand, without a signed answer and without a time of validity.",
        "Der Serverschlüssel wurde von Hand vorgegeben, ohne signierte Antwort und ohne Gültigkeitsdauer.",
    )  # fmt: skip
    REQUEST_AUTH_MALFORMED = (
        "request-auth.malformed", _E, _REQUEST_AUTH, "wire",
        "The Authorization header is not X-Matrix with a list of parameters, or names what is no server name.",
        "Der Authorization-Header ist nicht X-Matrix mit einer Liste von Parametern oder nennt etwas, das kein Servername ist.",
    )  # fmt: skip
    REQUEST_AUTH_PARAMETER_MISSING = (
        "request-auth.parameter-missing", _E, _REQUEST_AUTH, "wire",
        "The Authorization header lacks origin, key or signature.",
        "Dem Authorization-Header fehlt Herkunft, Schlüssel oder Signatur.",
    )  # fmt: skip
    REQUEST_AUTH_PARAMETER_REPEATED = (
        "request-auth.parameter-repeated", _E, _REQUEST_AUTH + "; RFC 9110 section 11.2", "wire",
        "The Authorization header has a parameter twice.",
        "Der Authorization-Header hat einen Parameter doppelt.",
    )  # fmt: skip
    REQUEST_AUTH_DESTINATION_MISSING = (
        "request-auth.destination-missing", _I, _REQUEST_AUTH, "wire",
        "The Authorization header does not name the destination, as before Matrix 1.3; the signature covers it all the same.",
        "Der Authorization-Header nennt das Ziel nicht, wie vor Matrix 1.3 üblich; die Signatur umfasst es dennoch.",
    )  # fmt: skip
    REQUEST_AUTH_DESTINATION_MISMATCH = (
        "request-auth.destination-mismatch", _E, _REQUEST_AUTH, "wire",
        "The request was meant for another server.",
        "Die Anfrage war für einen anderen Server bestimmt.",
    )  # fmt: skip
    REQUEST_AUTH_KEY_UNKNOWN = (
        "request-auth.key-unknown", _E, _REQUEST_AUTH, "keys",
        "The request is signed with a key that is not known for its origin; whether it is genuine is not decided.",
        "Die Anfrage ist mit einem Schlüssel signiert, der für ihre Herkunft nicht bekannt ist; ob sie echt ist, bleibt offen.",
    )  # fmt: skip
    REQUEST_AUTH_KEY_EXPIRED = (
        "request-auth.key-expired", _E, _REQUEST_AUTH + "; Publishing Keys", "keys",
        "The request is signed with an old key, or with one whose validity was over.",
        "Die Anfrage ist mit einem alten Schlüssel signiert oder mit einem, dessen Gültigkeit vorüber war.",
    )  # fmt: skip
    REQUEST_AUTH_SIGNATURE_INVALID = (
        "request-auth.signature-invalid", _E, _REQUEST_AUTH, "keys",
        "The signature of the request is unreadable or does not hold.",
        "Die Signatur der Anfrage ist unlesbar oder gilt nicht.",
    )  # fmt: skip

    # evidence
    EVIDENCE_UNREADABLE = (
        "evidence.unreadable", _E, _TOOL, "file",
        "The input cannot be read, or is of no known shape.",
        "Die Eingabe ist nicht lesbar oder hat keine bekannte Form.",
    )  # fmt: skip
    EVIDENCE_LIMIT = (
        "evidence.limit", _E, _TOOL, "file",
        "The input is larger than the limit allows.",
        "Die Eingabe ist größer, als die Grenze erlaubt.",
    )  # fmt: skip
    EVIDENCE_SCHEMA_UNKNOWN = (
        "evidence.schema-unknown", _W, _TOOL, "file",
        "The database has a schema version that this release was not tested with.",
        "Die Datenbank hat eine Schemaversion, mit der diese Ausgabe nicht geprüft wurde.",
    )  # fmt: skip
    USAGE = (
        "usage.invalid", _E, _TOOL, "file",
        "A function was called with an argument it does not take.",
        "Eine Funktion wurde mit einem unzulässigen Argument aufgerufen.",
    )  # fmt: skip
    BACKEND_UNAVAILABLE = (
        "backend.unavailable", _E, _TOOL, "file",
        "The backend that was asked for is not available.",
        "Das verlangte Backend ist nicht verfügbar.",
    )  # fmt: skip
    EXTRA_MISSING = (
        "extra.missing", _E, _TOOL, "file",
        "An optional dependency is not installed.",
        "Eine optionale Abhängigkeit ist nicht installiert.",
    )  # fmt: skip
