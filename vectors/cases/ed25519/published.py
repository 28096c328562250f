# SPDX-License-Identifier: Apache-2.0
"""Ed25519: published signatures.

The signatures of RFC 8032, the twelve edge cases of "Taming the many EdDSAs" (IACR ePrint 2020/1244,
ed25519-speccheck), and a selection of C2SP/wycheproof and C2SP/CCTV.  The sources say what a signature is; what becomes
of it here follows from the strict rules: canonical A and R, neither of small order, S below L, no cofactor.
"""

from __future__ import annotations

from typing import Final

from e2echeck.reasons import Reason
from vectors.cases.ed25519._published import CCTV, RFC_8032, SPECCHECK, WYCHEPROOF, Flagged, Verified
from vectors.registry import Draft, case, invalid, valid

FLAGS: dict[str, str] = {}
_CLAUSE = "RFC 8032 section 5.1.7"
_SPECCHECK = "IACR ePrint 2020/1244, table 5"


def _good(vector: Verified | Flagged, by: str, note: str) -> Draft:
    key, message, signature = map(bytes.fromhex, (vector.public_key, vector.message, vector.signature))
    return valid("ed25519.verify", {}, public_key=key, message=message, signature=signature, by=(by,), note=note)


def _bad(vector: Verified | Flagged, reason: Reason, note: str) -> Draft:
    key, message, signature = map(bytes.fromhex, (vector.public_key, vector.message, vector.signature))
    return invalid("ed25519.verify", reason, public_key=key, message=message, signature=signature, note=note)


@case(clause="RFC 8032 sections 5.1.7 and 7.1")
def rfc_8032() -> dict[str, Draft]:
    """A signature of RFC 8032 section 7.1."""
    return {
        name: _good(
            Verified(vector.message, vector.public_key, vector.signature),
            "RFC 8032 section 7.1",
            f"Its message has {len(vector.message) // 2:,} bytes.",
        )
        for name, vector in RFC_8032.items()
    }


# What the table of the paper says of each, and the first rule that it breaks.
_SPECCHECK_CASES: Final[tuple[tuple[Reason | None, str], ...]] = (
    (Reason.ED25519_KEY_SMALL_ORDER, "A and R are of small order and S is 0."),
    (Reason.ED25519_KEY_SMALL_ORDER, "A is of small order, R is not."),
    (Reason.ED25519_R_SMALL_ORDER, "R is of small order, A is not."),
    (None, "A and R are of mixed order, and their torsion cancels."),
    (Reason.ED25519_SIGNATURE_INVALID, "A and R are of mixed order, and only the cofactor removes their torsion."),
    (
        Reason.ED25519_SIGNATURE_INVALID,
        "A is of mixed order, R is not, and only the cofactor removes the torsion.",
    ),
    (Reason.ED25519_S_NON_CANONICAL, "S is not below L."),
    (Reason.ED25519_S_NON_CANONICAL, "S is far beyond L, with its highest bit set."),
    (
        Reason.ED25519_R_NON_CANONICAL,
        "R is not canonical and of small order, and k is hashed from R as it stands.",
    ),
    (
        Reason.ED25519_R_NON_CANONICAL,
        "R is not canonical and of small order, and k is hashed from R encoded again.",
    ),
    (
        Reason.ED25519_KEY_NON_CANONICAL,
        "A is not canonical and of small order, and k is hashed from A encoded again.",
    ),
    (
        Reason.ED25519_KEY_NON_CANONICAL,
        "A is not canonical and of small order, and k is hashed from A as it stands.",
    ),
)


@case(clause=_CLAUSE)
def speccheck() -> dict[str, Draft]:
    """A case of "Taming the many EdDSAs" (ed25519-speccheck)."""
    return {
        f"case-{number}": _good(vector, _SPECCHECK, f"Case {number}: {note}")
        if reason is None
        else _bad(vector, reason, f"Case {number}: {note}")
        for number, (vector, (reason, note)) in enumerate(zip(SPECCHECK, _SPECCHECK_CASES, strict=True))
    }


_WYCHEPROOF: Final[dict[int, tuple[Reason | None, str]]] = {
    38: (Reason.ED25519_SIGNATURE_LENGTH, "A zero byte was taken out of the signature."),
    40: (Reason.ED25519_SIGNATURE_LENGTH, "A leading zero byte was taken away from the signature."),
    84: (None, "S is just below L."),
    85: (Reason.ED25519_S_NON_CANONICAL, "S is just above L."),
    86: (None, "An implementation failed it at random (random test failure 1)."),
    91: (None, "An implementation failed it at random (random test failure 6)."),
    98: (None, "An implementation failed it at random (random test failure 13)."),
    114: (None, "Its making overflowed in an implementation, with a message of 4 bytes."),
    116: (None, "Its making overflowed in an implementation, with a message of 20 bytes."),
    118: (None, "Its making overflowed in an implementation, with another message of 20 bytes."),
    122: (None, "Arithmetic of an implementation went wrong on it."),
    125: (None, "Arithmetic of an implementation went wrong on this one too."),
    130: (None, "Arithmetic of an implementation went wrong on this third one."),
}


@case(clause=_CLAUSE)
def wycheproof() -> dict[str, Draft]:
    """A test of C2SP/wycheproof, testvectors_v1/ed25519_test.json."""
    made = {}
    for number, (reason, note) in _WYCHEPROOF.items():
        text = f"It is tcId {number}. {note}"
        vector = WYCHEPROOF[number]
        made[f"tc-{number}"] = (
            _good(vector, f"C2SP/wycheproof ed25519_test.json tcId {number}", text)
            if reason is None
            else _bad(vector, reason, text)
        )
    return made


# The first of these flags that a vector has is the first rule that it breaks.
_FLAG_REASONS: Final = {
    "non_canonical_A": Reason.ED25519_KEY_NON_CANONICAL,
    "low_order_A": Reason.ED25519_KEY_SMALL_ORDER,
    "non_canonical_R": Reason.ED25519_R_NON_CANONICAL,
    "low_order_R": Reason.ED25519_R_SMALL_ORDER,
    "low_order_residue": Reason.ED25519_SIGNATURE_INVALID,
}


@case(clause=_CLAUSE)
def cctv() -> dict[str, Draft]:
    """A vector of C2SP/CCTV, ed25519/ed25519vectors.json; the rules of ZIP 215 would have it accepted."""
    made = {}
    for number, vector in CCTV.items():
        flags = " and ".join(vector.flags) or "none"
        reason = next((reason for flag, reason in _FLAG_REASONS.items() if flag in vector.flags), None)
        text = f"It is number {number}, its flags there are {flags}."
        by = f"C2SP/CCTV ed25519vectors.json number {number}"
        made[f"number-{number}"] = _good(vector, by, text) if reason is None else _bad(vector, reason, text)
    return made
