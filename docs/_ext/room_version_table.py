# SPDX-License-Identifier: Apache-2.0
"""The table of room versions, made from `e2echeck.events.ROOM_VERSIONS` when the documentation is built.

The directive ``{room-version-table} NAME`` puts it into a page: ``rules`` or ``redaction``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.util.docutils import SphinxDirective
from vector_catalogue import code, table

from e2echeck.events import ROOM_VERSIONS, EventIdFormat

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from sphinx.application import Sphinx

_IDS: Final = {
    EventIdFormat.OPAQUE: "a member of the event",
    EventIdFormat.BASE64: "reference hash, standard base64",
    EventIdFormat.URL_SAFE_BASE64: "reference hash, URL-safe base64",
}


def _yes(value: object) -> str:
    return "yes" if value else "no"


def _names(names: Iterable[str]) -> str:
    return ", ".join(map(code, sorted(names))) or "nothing"


def rules() -> Iterator[str]:
    """What differs between the versions, but for redaction."""
    heads = ["version", "event ID", "room ID", "strict canonical JSON", "largest `depth`", "key validity counts"]
    heads += ["hashes in references", "authorising server signs"]
    rows = (
        [
            code(version.identifier),
            _IDS[version.event_id_format],
            "event ID of the create event, with `!` for `$`"
            if version.room_id_is_hash
            else "a member of each event",
            _yes(version.strict_canonical_json),
            code(str(version.largest_depth)),
            _yes(version.enforces_key_validity),
            _yes(version.hashes_in_references),
            _yes(version.restricted_joins),
        ]
        for version in ROOM_VERSIONS.values()
    )
    return table(heads, rows)


def redaction() -> Iterator[str]:
    """What redaction keeps, one row for each run of versions that keep the same."""
    runs: dict[tuple[str, str], list[str]] = {}
    types = {name: None for version in ROOM_VERSIONS.values() for name, _ in version.content}
    for event_type in ("", *types):
        for version in ROOM_VERSIONS.values():
            kept = version.kept_content(event_type)
            words = "everything" if kept is None else _names(kept)
            if event_type == "":
                words = _names(version.top_level)
            elif event_type == "m.room.member" and version.keeps_third_party_signed:
                words += ", `signed` of `third_party_invite`"
            runs.setdefault((event_type, words), []).append(version.identifier)
    rows = (
        [code(event_type) if event_type else "the event itself", _span(versions), words]
        for (event_type, words), versions in runs.items()
    )
    return table(["content of", "versions", "keeps"], rows)


def _span(versions: list[str]) -> str:
    return versions[0] if len(versions) == 1 else f"{versions[0]} to {versions[-1]}"


_TABLES: Final[dict[str, Callable[[], Iterator[str]]]] = {"rules": rules, "redaction": redaction}


class RoomVersionTable(SphinxDirective):
    """``{room-version-table} NAME``."""

    required_arguments: ClassVar[int] = 1
    has_content: ClassVar[bool] = False

    def run(self) -> list[nodes.Node]:
        """The table."""
        self.env.note_reread()  # what it is made from is no part of the documentation
        lines = StringList(list(_TABLES[self.arguments[0]]()), source="room versions")
        container = nodes.container()
        self.state.nested_parse(lines, self.content_offset, container)
        return container.children


def setup(app: Sphinx) -> dict[str, bool]:
    """What Sphinx calls."""
    app.add_directive("room-version-table", RoomVersionTable)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
