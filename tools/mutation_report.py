# SPDX-License-Identifier: Apache-2.0
"""Hold the mutants that survived a run of mutmut against those that docs/mutation.md lists.

    mutation_report.py RUN PAGE      compare; exit status 1 for a survivor that is not listed
    mutation_report.py RUN           print every survivor as the page lists it

RUN is the directory in which mutmut ran, PAGE the list: the lines of its fenced blocks of ``text``, which are
``module function: line``, the changed part of the line as ``{before => after}``.  Mutants are known by what they change
and not by mutmut's numbers, which move with every edit of a function.  Where one function has the same change twice,
the line stands twice.
"""

from __future__ import annotations

import ast
import json
import re
import sys
from collections import Counter
from pathlib import Path
from typing import Final

# What mutmut writes down as the exit status of the tests (mutmut 3.8, mutmut/stats.py).
KILLED: Final = {1, 3}
TIMEOUT: Final = {-24, 24, 36, 152, 255}
SEPARATOR: Final = "ǁ"  # between class and method in mutmut's names
TOKEN: Final = re.compile(r"\w+|\s+|.", re.DOTALL)
BLOCK: Final = re.compile(r"^```text\n(.*?)^```$", re.DOTALL | re.MULTILINE)
LARGEST_CONTEXT: Final = 60


def functions(path: Path) -> dict[str, str]:
    """Every function and method of a file by name, from behind its name on, without docstrings."""
    found = {}
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef):
            name, node.name = node.name, "f"
            node.decorator_list = []
            if ast.get_docstring(node, clean=False) is not None and len(node.body) > 1:
                del node.body[0]
            found[name] = ast.unparse(node)
    return found


def change(before: str, after: str) -> str:
    """The first to the last token that differ, on one line, with a little of what stands beside them."""
    old, new = TOKEN.findall(before), TOKEN.findall(after)
    start = 0
    while start < min(len(old), len(new)) and old[start] == new[start]:
        start += 1
    end = 0
    while end < min(len(old), len(new)) - start and old[-1 - end] == new[-1 - end]:
        end += 1
    middle = ["".join(tokens[start : len(tokens) - end]) for tokens in (old, new)]
    left = "".join(old[:start]).rpartition("\n")[2].lstrip()
    right = "".join(old[len(old) - end :]).partition("\n")[0]
    if len(left) > LARGEST_CONTEXT:
        left = "…" + left[-LARGEST_CONTEXT:]
    if len(right) > LARGEST_CONTEXT:
        right = right[:LARGEST_CONTEXT] + "…"
    return " ".join(f"{left}{{{middle[0]} => {middle[1]}}}{right}".split())


def describe(name: str, code: dict[str, str]) -> str:
    """A mutant of a mutated file as one line of the list, without its module."""
    function = name.rpartition("__mutmut_")[0]
    label = (
        function.removeprefix("x" + SEPARATOR).replace(SEPARATOR, ".") if SEPARATOR in function else function[2:]
    )
    return f"{label}: {change(code[f'{function}__mutmut_orig'], code[name])}"


def survivors(run: Path) -> tuple[Counter[str], Counter[str]]:
    """The mutants that were not killed, as lines, and how many mutants ended in which way."""
    lines: Counter[str] = Counter()
    ends: Counter[str] = Counter()
    for meta in sorted((run / "mutants").rglob("*.py.meta")):
        code = functions(meta.with_suffix(""))
        for key, status in json.loads(meta.read_text("utf-8"))["exit_code_by_key"].items():
            module, _, name = key.rpartition(".")
            end = "killed" if status in KILLED else "timeout" if status in TIMEOUT else "survived"
            if status is None:
                end = "not run"
            ends[end] += 1
            if end == "survived":
                lines[f"{module.removeprefix('e2echeck.')} {describe(name, code)}"] += 1
    return lines, ends


def main(arguments: list[str]) -> int:
    """Compare or print; see the top of this file."""
    found, ends = survivors(Path(arguments[0]))
    if len(arguments) == 1:
        print(*sorted(found.elements()), sep="\n")
        return 0
    listed = Counter(
        line
        for block in BLOCK.findall(Path(arguments[1]).read_text("utf-8"))
        for line in block.splitlines()
        if line
    )
    print(f"{ends.total()} mutants:", ", ".join(f"{count} {end}" for end, count in sorted(ends.items())))
    for line in (listed - found).elements():
        print("listed, but it did not survive:", line)
    for line in (found - listed).elements():
        print("SURVIVED, and is not listed:", line)
    if not ends["killed"] or ends["not run"]:
        print("The run is not complete.")
        return 1
    return 1 if found - listed else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
