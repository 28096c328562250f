# SPDX-License-Identifier: Apache-2.0
"""Ed25519: the equation is that without the cofactor.

A signer may add a point of small order T to A, to R, or to both.  If what is added cancels, the signature holds for
everybody.  If not, it holds for those who multiply the equation by 8, as RFC 8032 section 5.1.7 permits too, and one
client shows as genuine what another refuses.  All Matrix libraries leave the cofactor out, and so does the strict rule.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

from e2echeck.hazmat.edwards import L
from e2echeck.reasons import Reason
from e2echeck.testing.forge import ForgedSignature, forge_torsion, seeded
from e2echeck.vectors import Result
from vectors.registry import Draft, case

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FLAGS: dict[str, str] = {}
_CLAUSE = "RFC 8032 section 5.1.7 step 3"
_SECRET: Final = int.from_bytes(seeded("ed25519.torsion", 31), "little")
_NONCE: Final = int.from_bytes(seeded("ed25519.torsion, a nonce", 31), "little")


def _drafts(pairs: tuple[tuple[int, int], ...], fits: Callable[[int, int, int], bool]) -> dict[str, Draft]:
    """For each pair of multiples, what is signed under the first message for which they and k fit."""
    made = {}
    for torsion_a, torsion_r in pairs:
        forged = next(f for f in _forgeries(torsion_a, torsion_r) if fits(torsion_a, torsion_r, _challenge(f)))
        values = {"public_key": forged.public_key, "message": forged.message, "signature": forged.signature}
        note = f"To A is added {torsion_a} times, to R {torsion_r} times a point of order 8."
        # The equation without the cofactor, with k reduced, as the rules have it.
        holds = (torsion_r + _challenge(forged) % L * torsion_a) % 8 == 0
        made[f"{torsion_a}-{torsion_r}"] = Draft(
            "ed25519.verify",
            values,
            Result.VALID if holds else Result.INVALID,
            {} if holds else None,
            None if holds else Reason.ED25519_SIGNATURE_INVALID,
            note=note,
        )
    return made


def _forgeries(torsion_a: int, torsion_r: int) -> Iterator[ForgedSignature]:
    """Over numbered messages."""
    for number in range(1000):
        message = b"message %d" % number
        yield forge_torsion(a=_SECRET, torsion_a=torsion_a, r=_NONCE, torsion_r=torsion_r, message=message)


def _challenge(forged: ForgedSignature) -> int:
    """The whole 512 bits of k."""
    return int.from_bytes(hashlib.sha512(forged.r + forged.public_key + forged.message).digest(), "little")


@case(clause=_CLAUSE)
def cancels() -> dict[str, Draft]:
    """A and R are of mixed order, or one of them is, and what is added cancels: R + k*A has no torsion."""
    pairs = ((1, 0), (4, 0), (1, 7), (1, 1), (2, 6), (3, 5), (4, 4), (6, 2), (7, 3))
    return _drafts(pairs, lambda a, r, k: (r + k % L * a) % 8 == 0)


@case(clause=_CLAUSE)
def needs_cofactor() -> dict[str, Draft]:
    """A or R is of mixed order and what is added does not cancel: only the equation times 8 holds."""
    pairs = ((1, 0), (2, 0), (4, 0), (7, 0), (0, 1), (0, 2), (0, 4), (0, 7), (1, 7), (3, 3), (4, 4), (6, 2))
    return _drafts(pairs, lambda a, r, k: (r + k % L * a) % 8 != 0)


@case(clause=_CLAUSE)
def k_reduced() -> dict[str, Draft]:
    """What is added to A and R cancels when k is reduced modulo L first, and not with all 512 bits of k."""
    pairs = ((1, 6), (2, 4), (5, 0))
    return _drafts(pairs, lambda a, r, k: (r + k % L * a) % 8 == 0 and (r + k * a) % 8 != 0)


@case(clause=_CLAUSE)
def k_not_reduced() -> dict[str, Draft]:
    """What is added to A and R cancels with all 512 bits of k, and not when k is reduced modulo L first, as all do."""
    pairs = ((1, 6), (2, 4), (5, 0))
    return _drafts(pairs, lambda a, r, k: (r + k % L * a) % 8 != 0 and (r + k * a) % 8 == 0)
