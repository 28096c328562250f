# SPDX-License-Identifier: Apache-2.0
"""``python -m vectors``: write all vector files and their schema anew, byte for byte the same from the same cases.

``--check`` writes nothing and fails when a file is not what the cases make of it.  ``--confirm`` first asks the peers
that are installed about every vector and keeps their answers in ``vectors/answers``.  ``--only AREA`` leaves the other
areas alone.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from e2echeck.vectors.lint import lint
from e2echeck.vectors.model import json_schema
from vectors.confirm import confirm
from vectors.registry import Answers, collect

HERE = Path(__file__).parent
DATA = HERE / "data"
ANSWERS = HERE / "answers"


def read_answers() -> Answers:
    """What is known of the peers."""
    names: dict[str, str] = {}
    answers: dict[str, tuple[str, dict[str, str]]] = {}
    for path in sorted(ANSWERS.glob("*.json")):
        value = json.loads(path.read_text("ascii"))
        names.update(value["peers"])
        answers.update({name: (fingerprint, given) for name, (fingerprint, given) in value["answers"].items()})
    return Answers(names, answers)


def contents(answers: Answers, only: str | None = None) -> dict[Path, str]:
    """What every file has to be, by its path.

    Raises:
        SystemExit: with the problems that `lint` finds.
    """
    files = tuple(collect(answers, only))
    problems = lint(files)
    if problems:
        raise SystemExit("\n".join(problems))
    schema = json.dumps(json_schema(), indent=1, ensure_ascii=True) + "\n"
    made = {DATA / file.area / f"{file.module}.json": file.to_json() for file in files}
    return {**made, DATA / "vectors.schema.json": schema}


def main(arguments: list[str] | None = None) -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m vectors", description="Write the vector files.")
    parser.add_argument("--check", action="store_true", help="only compare")
    parser.add_argument("--confirm", action="store_true", help="ask the peers first")
    parser.add_argument("--only", metavar="AREA", help="leave the other areas alone")
    options = parser.parse_args(arguments)
    if options.confirm:
        ANSWERS.mkdir(exist_ok=True)
        for area, text in confirm(read_answers(), options.only).items():
            (ANSWERS / f"{area}.json").write_text(text, "ascii")
    made = contents(read_answers(), options.only)
    present = set(DATA.glob(f"{options.only or '*'}/*.json")) | set(DATA.glob("*.json"))
    stale = present - made.keys()
    wrong = [path for path, text in made.items() if not path.exists() or path.read_text("ascii") != text]
    if options.check:
        for path in sorted([*stale, *wrong]):
            print(f"{path.relative_to(HERE.parent)} is not what the cases make of it")
        return 1 if stale or wrong else 0
    for path in stale:
        path.unlink()
    for path in wrong:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(made[path], "ascii")
    print(f"{len(made)} files, {len(wrong)} written, {len(stale)} removed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
