# SPDX-License-Identifier: Apache-2.0
"""The catalogue of test vectors, made from the vector files when the documentation is built.

For each area a page ``vectors/AREA.md`` is written, which is not under version control.  The directive
``{vector-table} NAME`` puts a table into a page that people write; the names are the keys of ``TABLES``.
"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.util.docutils import SphinxDirective

from e2echeck import vectors
from e2echeck.vectors import OPERATIONS, Kind, Parameter, Result, Vector, VectorFile
from vectors.__main__ import read_answers
from vectors.registry import digest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from sphinx.application import Sphinx

_PARTS: Final = re.compile(r"(`+)(.+?)\1", re.DOTALL)
_SPECIAL: Final = re.compile(r"[\\`*_{}\[\]<>#|~&]")


def text(words: str) -> str:
    """Plain words as Markdown in a table cell; what stands in backquotes is code."""
    written, end = [], 0
    for found in _PARTS.finditer(words):
        written += [_SPECIAL.sub(r"\\\g<0>", words[end : found.start()]), code(found[2])]
        end = found.end()
    return " ".join("".join([*written, _SPECIAL.sub(r"\\\g<0>", words[end:])]).split())


def code(words: str) -> str:
    """Words as code in a table cell."""
    return "`" + words.replace("|", "\\|") + "`"


def table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    """A Markdown table."""
    heads = list(heads)
    yield f"| {' | '.join(heads)} |"
    yield f"|{' --- |' * len(heads)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"


def counts(members: Iterable[Vector]) -> list[str]:
    """How many there are of each result class, and in all."""
    found = Counter(vector.result for vector in members)
    return [*(str(found[result]) for result in Result), str(found.total())]


def by_area() -> dict[str, list[VectorFile]]:
    """The files of each area."""
    areas: dict[str, list[VectorFile]] = {}
    for file in vectors.load_all():
        areas.setdefault(file.area, []).append(file)
    return areas


def title(files: list[VectorFile]) -> str:
    """What an area is called: titles begin with it, up to a colon."""
    return files[0].title.partition(":")[0]


def others(vector: Vector) -> str:
    """Who else says what about a vector."""
    said = [
        f"{word}: {text(', '.join(names))}"
        for word, names in (
            ("confirmed by", vector.confirmed_by),
            ("refused by", vector.refused_by),
            ("accepted by", vector.accepted_by),
        )
        if names
    ]
    if vector.unrefused is not None:
        said.append(f"refused by nobody: {text(vector.unrefused)}")
    return "; ".join(said)


def page(files: list[VectorFile]) -> Iterator[str]:
    """The page of one area."""
    members = [vector for file in files for vector in file.vectors]
    yield f"# {text(title(files))}"
    yield from ("", *table(["valid", "invalid", "acceptable", "all"], [counts(members)]))
    for file in files:
        valid, invalid, acceptable, _ = counts(file.vectors)
        yield from ("", f"## {text(file.title)}", "", text(file.description), "")
        path = f"{file.area}/{file.module}.json"
        yield f"{code(path)}: {valid} valid, {invalid} invalid, {acceptable} acceptable."
        for flag, prose in sorted(file.flags.items()):
            yield from ("", f"- **{text(flag)}**: {text(prose)}")
        rows = (
            (
                code(vector.id),
                text(vector.description) + (f" Shows {text(vector.bug)}." if vector.bug else ""),
                vector.result.value,
                code(vector.reason.value) if vector.reason else "",
                others(vector),
                text(vector.clause),
                text(", ".join(vector.flags)),
            )
            for vector in file.vectors
        )
        heads = ("id", "what it is", "result", "reason", "other implementations", "clause", "flags")
        yield from ("", *table(heads, rows))


def counts_table() -> Iterator[str]:
    """Areas and how many vectors of each class they have."""
    areas = by_area()
    rows = [
        [f"[{text(title(files))}](vectors/{area}.md)", *counts(v for file in files for v in file.vectors)]
        for area, files in areas.items()
    ]
    every = counts(vector for files in areas.values() for file in files for vector in file.vectors)
    return table(["area", *(result.value for result in Result), "all"], [*rows, ["all", *every]])


def peers_table() -> Iterator[str]:
    """What each other implementation answered, by area; answers about vectors that have changed do not count."""
    known = read_answers()
    rows: dict[tuple[str, str], Counter[str]] = {}
    for file in vectors.load_all():
        for vector in file.vectors:
            fingerprint, given = known.answers.get(vector.id, ("", {}))
            if fingerprint == digest(vector):
                for key, answer in given.items():
                    rows.setdefault((known.names[key], file.area), Counter())[f"{answer} {vector.result}"] += 1
    heads = ["implementation", "area", "valid: gives the output", "gives another", "refuses"]
    heads += ["invalid: refuses", "accepts", "acceptable: accepts", "gives another", "refuses"]
    wanted = [
        f"{answer} {result}"
        for result, answers in (
            ("valid", ("accept", "differ", "refuse")),
            ("invalid", ("refuse", "accept")),
            ("acceptable", ("accept", "differ", "refuse")),
        )
        for answer in answers
    ]
    return table(
        heads,
        ([text(name), area, *(str(found[key]) for key in wanted)] for (name, area), found in sorted(rows.items())),
    )


def operations_table() -> Iterator[str]:
    """Every operation with its values."""
    return table(
        ["operation", "what it does", "`input`", "`output`"],
        (
            [
                code(operation.name),
                text(operation.description),
                _values(operation.input, operation.alternatives),
                _values(operation.output, ()) or "nothing",
            ]
            for operation in OPERATIONS.values()
        ),
    )


def _values(parameters: tuple[Parameter, ...], alternatives: tuple[tuple[str, ...], ...]) -> str:
    described = []
    for parameter in parameters:
        group = next((group for group in alternatives if parameter.name in group), ())
        other = [name for name in group if name != parameter.name]
        kind = " or ".join(map(code, parameter.words)) if parameter.kind is Kind.WORD else parameter.kind.value
        note = f"; or {' or '.join(map(code, other))}" if other else "; optional" if parameter.optional else ""
        described.append(f"{code(parameter.name)} ({kind}{note}): {text(parameter.description)}")
    return "<br>".join(described)


def kinds_table() -> Iterator[str]:
    """How values are written, from the docstring of `Kind`."""
    found = re.findall(r"^\s+([A-Z_]+): (.+?)\.?$", Kind.__doc__ or "", re.MULTILINE)
    return table(["kind", "in JSON"], ([Kind[name].value, text(words)] for name, words in found))


def flags_table() -> Iterator[str]:
    """Every flag where it is used, with what it means there."""
    return table(
        ["flag", "module", "vectors", "meaning"],
        sorted(
            [
                code(flag),
                f"{file.area}.{file.module}",
                str(sum(flag in vector.flags for vector in file.vectors)),
                text(prose),
            ]
            for file in vectors.load_all()
            for flag, prose in file.flags.items()
        ),
    )


TABLES: Final[dict[str, Callable[[], Iterator[str]]]] = {
    "counts": counts_table,
    "flags": flags_table,
    "kinds": kinds_table,
    "operations": operations_table,
    "peers": peers_table,
}


class VectorTable(SphinxDirective):
    """``{vector-table} NAME``."""

    required_arguments: ClassVar[int] = 1
    has_content: ClassVar[bool] = False

    def run(self) -> list[nodes.Node]:
        """The table."""
        self.env.note_reread()  # the files it is made from are no part of the documentation
        lines = StringList(list(TABLES[self.arguments[0]]()), source="vector files")
        container = nodes.container()
        self.state.nested_parse(lines, self.content_offset, container)
        return container.children


def write_pages(app: Sphinx) -> None:
    """Write the pages of the areas; what has not changed keeps its time, and what has gone goes."""
    directory = Path(app.srcdir) / "vectors"
    directory.mkdir(exist_ok=True)
    pages = {directory / f"{area}.md": "\n".join(page(files)) + "\n" for area, files in by_area().items()}
    for path in set(directory.glob("*.md")) - pages.keys():
        path.unlink()
    for path, content in pages.items():
        if not path.exists() or path.read_text("utf-8") != content:
            path.write_text(content, "utf-8")


def setup(app: Sphinx) -> dict[str, bool]:
    """What Sphinx calls."""
    app.add_directive("vector-table", VectorTable)
    app.connect("builder-inited", write_pages)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
