# SPDX-License-Identifier: Apache-2.0
"""Megolm: the ratchet.

An exported session is imported and exported again at another index; what comes out is the ratchet there. All boundaries
at which parts are seeded anew are met in single steps and in jumps. The ratchet does not run backwards.
"""

from __future__ import annotations

from e2echeck.reasons import Reason
from e2echeck.testing.forge import MegolmForger, seeded
from vectors.registry import Draft, acceptable, case, invalid, valid

FLAGS = {
    "Boundary": "A part of the ratchet other than the last one is seeded anew on the way.",
    "FarSeek": "At most 1,023 HMACs do it: 255 steps of each of the four parts and three seeds.",
}
_CLAUSE = "Matrix Megolm: The Megolm ratchet algorithm"
_LAST = 2**32 - 1
_PARTS = {"zeros": bytes(128), "counting": bytes(range(128)), "ones": b"\xff" * 128}


def _advanced(parts: bytes, start: int, target: int, note: str) -> Draft:
    forger = MegolmForger(parts, start, seeded("megolm.ratchet", 32))
    return valid(
        "megolm.export_at", {"exported": forger.at(target).exported()}, exported=forger.exported(), index=target,
        note=note,
    )  # fmt: skip


@case(clause=_CLAUSE)
def nothing_to_do() -> dict[str, Draft]:
    """An export at the index where the session stands is the session itself."""
    return {
        str(index): _advanced(_PARTS["counting"], index, index, f"The index is {index}.")
        for index in (0, 1, 255, 2**24, _LAST)
    }


@case(clause=_CLAUSE)
def one_step() -> dict[str, Draft]:
    """One step from index 0: only R3 moves."""
    return {name: _advanced(parts, 0, 1, f"The ratchet is {name}.") for name, parts in _PARTS.items()}


@case(clause=_CLAUSE, flags=("Boundary",))
def step_over_a_boundary() -> dict[str, Draft]:
    """One step to an index at which R1, R2 or R3 are seeded from a part above them."""
    targets = (256, 512, 65_536, 131_072, 65_792, 2**24, 2**25, 2**24 + 256, 2**24 + 65_536, 2**31, 0xFF00_0000)
    return {
        str(target): _advanced(_PARTS["counting"], target - 1, target, f"From {target - 1} to {target}.")
        for target in targets
    }


@case(clause=_CLAUSE, flags=("Boundary",))
def jump() -> dict[str, Draft]:
    """A jump that crosses boundaries gives what single steps give."""
    pairs = (
        (0, 255), (0, 256), (0, 257), (1, 256), (254, 258), (255, 512), (256, 511), (300, 700), (0, 65_535),
        (0, 65_536), (65_000, 66_000), (65_535, 131_073), (0, 2**24 - 1), (0, 2**24), (2**24 - 1, 2**24 + 1),
        (2**24 - 300, 2**24 + 300),
        (0x0102_0304, 0x0102_0403), (0x0102_0304, 0x0103_0000), (0x00FF_FFFF, 0x0200_0000),
    )  # fmt: skip
    return {
        f"{start}-{target}": _advanced(_PARTS["counting"], start, target, f"From {start} to {target}.")
        for start, target in pairs
    }


@case(clause=_CLAUSE, flags=("FarSeek",))
def far_seek() -> dict[str, Draft]:
    """A jump over a large part of all indices."""
    pairs = (
        (0, 2**31 - 1),
        (1, 2**31),
        (2**31 - 1, 2**31),
        (2**31, _LAST),
        (0x8000_00FF, _LAST),
        (255, 0x7FFF_FF00),
    )
    return {
        f"{start}-{target}": _advanced(seeded("far", 128), start, target, f"From {start} to {target}.")
        for start, target in pairs
    }


@case(clause=_CLAUSE, flags=("FarSeek",))
def half_a_cycle() -> dict[str, Draft]:
    """A jump over 2^31 indices or more, which some implementations take for a step backwards."""
    parts = seeded("far", 128)
    drafts = {}
    for start, target in ((0, _LAST), (0, _LAST - 1), (0, 2**31), (0, 0xFF00_00FF), (255, 0xFFFF_FF00)):
        forger = MegolmForger(parts, start, seeded("megolm.ratchet", 32))
        drafts[f"{start}-{target}"] = acceptable(
            "megolm.export_at", {"exported": forger.at(target).exported()}, exported=forger.exported(), index=target,
            note=f"From {start} to {target}.",
        )  # fmt: skip
    return drafts


@case(clause=_CLAUSE)
def backwards() -> dict[str, Draft]:
    """An index before that of the session: the ratchet is one-way."""
    return {
        f"{start}-{target}": invalid(
            "megolm.export_at", Reason.KEY_INDEX_UNKNOWN,
            exported=MegolmForger(_PARTS["counting"], start, seeded("megolm.ratchet", 32)).exported(), index=target,
            note=f"From {start} to {target}.",
        )
        for start, target in ((1, 0), (256, 255), (65_536, 65_535), (2**24, 2**24 - 1), (_LAST, _LAST - 1))
    }  # fmt: skip
