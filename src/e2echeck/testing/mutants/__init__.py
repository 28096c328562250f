# SPDX-License-Identifier: Apache-2.0
"""Wrong implementations on purpose: small variants of our own code that vectors must catch.

A vector that no wrong implementation fails proves little.  Each mutant here makes one mistake that an implementation
could make, most of them mistakes that one has made, and names the vectors that must catch it.
``python -m e2echeck.testing.mutants`` applies each in turn and reports survivors.

>>> from e2echeck.testing import mutants
>>> all(mutant.killers for mutant in mutants.MUTANTS)
True
"""

from e2echeck.testing.mutants import (
    base64,
    canonical_json,
    events,
    hazmat,
    hkdf,
    json_reading,
    json_syntax,
    key_file,
    megolm,
    olm,
    olm_payload,
    olm_ratchet,
    redaction,
    signing,
)
from e2echeck.testing.mutants.registry import MUTANTS, Mutant, Patch, Survivor, survivors

__all__ = [
    "MUTANTS",
    "Mutant",
    "Patch",
    "Survivor",
    "base64",
    "canonical_json",
    "events",
    "hazmat",
    "hkdf",
    "json_reading",
    "json_syntax",
    "key_file",
    "megolm",
    "olm",
    "olm_payload",
    "olm_ratchet",
    "redaction",
    "signing",
    "survivors",
]
