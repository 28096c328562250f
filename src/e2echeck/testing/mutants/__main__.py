# SPDX-License-Identifier: Apache-2.0
"""``python -m e2echeck.testing.mutants``: apply every mutant, report survivors, fail when there is one."""

from __future__ import annotations

import sys

from e2echeck.testing.mutants import MUTANTS, survivors


def main() -> int:
    """Run all mutants."""
    found = survivors()
    for survivor in found:
        print(f"{survivor.mutant.name}: {survivor.vector_id or '-'}: {survivor.why}")  # noqa: T201
        print(f"    {survivor.mutant.description}")  # noqa: T201
    print(f"{len(MUTANTS)} mutants, {sum(len(one.killers) for one in MUTANTS)} kills, {len(found)} survived")  # noqa: T201
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
