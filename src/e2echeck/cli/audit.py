# SPDX-License-Identifier: Apache-2.0
"""The verb ``audit``."""

from __future__ import annotations

import contextlib
import gc
import json
import sys
import time
from typing import TYPE_CHECKING, Final, TextIO

import e2echeck.audit as library
from e2echeck.audit.keys import read_bounded
from e2echeck.audit.later import Later
from e2echeck.audit.report.output import complete_file
from e2echeck.audit.report.pseudonyms import KEY_LENGTH, Pseudonyms
from e2echeck.audit.report.records import finding_record, summary_record
from e2echeck.audit.report.text import finding_lines, summary_lines
from e2echeck.errors import InputError
from e2echeck.reasons import Reason, Severity

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from e2echeck.audit.evidence import Source
    from e2echeck.events import server_keys
else:
    server_keys = Later("e2echeck.events.server_keys")

__all__ = ["run"]

INCOMPLETE: Final = 5
_LINE_EVERY_SECONDS: Final = 10.0


def run(options: argparse.Namespace) -> int:
    """Audit, write the reports, and return the exit code."""
    gc.freeze()  # What was imported stays until the end; nobody need look at it again and again.
    _guard_inputs(options)
    names = Pseudonyms(_pseudonym_key(options.pseudonym_key_file), show=options.show_identities)
    with contextlib.ExitStack() as stack:
        output: TextIO = sys.stdout
        if options.output is not None:
            output = stack.enter_context(complete_file(options.output))
        progress = stack.enter_context(_progress(quiet=options.quiet))

        def write(finding: library.Finding) -> None:
            if options.format == "jsonl":
                output.write(json.dumps(finding_record(finding, names), ensure_ascii=True) + "\n")
            else:
                output.writelines(line + "\n" for line in finding_lines(finding, names, options.language))

        summary = library.run(
            options.evidence,
            library.Options(
                keys=options.key_sources,
                appservices=options.appservice,
                server_keys=[library.ServerKeySource(path) for path in options.server_keys],
                pinned_keys=[server_keys.parse_pinned(text) for text in options.server_key],
                threads=options.threads,
            ),
            on_finding=write,
            on_progress=progress,
        )
        names.learn(summary.users)
        if options.format == "text":
            output.writelines(line + "\n" for line in summary_lines(summary, names, options.language))
        if options.summary is not None:
            file = stack.enter_context(complete_file(options.summary))
            json.dump(summary_record(summary, names, _shown(options)), file, ensure_ascii=True, indent=1)
            file.write("\n")
    if summary.has_findings(Severity(options.fail_on)):
        return 1
    return 0 if summary.complete or options.allow_incomplete else INCOMPLETE


def _guard_inputs(options: argparse.Namespace) -> None:
    """Refuse to write over anything that is read.

    Raises:
        InputError: ``usage.invalid``.
    """
    written = [path.resolve() for path in (options.output, options.summary) if path is not None]
    read = [*options.evidence, *options.appservice, *options.server_keys, options.pseudonym_key_file]
    for source in options.key_sources:
        read += [source.path, source.passphrase_path]
    inputs = [path.resolve() for path in read if path is not None]
    if len(set(written)) != len(written):
        raise InputError(Reason.USAGE, "--output and --summary name one file")
    for path in written:
        if path in inputs or (path.exists() and any(folder in inputs for folder in path.parents)):
            raise InputError(Reason.USAGE, "an output names a file of the inputs")


def _shown(options: argparse.Namespace) -> dict[str, object]:
    """The options that decide what a report says."""
    return {
        "keys": len(options.key_sources),
        "appservices": len(options.appservice),
        "server_keys": len(options.server_keys),
        "pinned_server_keys": len(options.server_key),
        "fail_on": options.fail_on,
        "allow_incomplete": options.allow_incomplete,
        "show_identities": options.show_identities,
        "stable_pseudonyms": options.pseudonym_key_file is not None,
    }


def _pseudonym_key(path: Path | None) -> bytes | None:
    if path is None:
        return None
    key = read_bounded(path, 4096)
    if len(key) < KEY_LENGTH:
        raise InputError(Reason.USAGE, f"a pseudonym key has {KEY_LENGTH} bytes or more")
    return key


@contextlib.contextmanager
def _progress(*, quiet: bool) -> Iterator[Callable[[Source, int], None]]:
    """A bar on a terminal where rich is installed, plain lines elsewhere; always on standard error."""
    if quiet:
        yield lambda source, events: None  # noqa: ARG005
        return
    if sys.stderr.isatty():
        try:
            from rich.console import Console  # noqa: PLC0415 - only with the extra
            from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn  # noqa: PLC0415
        except ImportError:
            pass
        else:
            columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
            with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
                task = bar.add_task("reading", total=None)
                yield lambda source, events: bar.update(
                    task, description=f"input {source.number}: {events} events"
                )
            return
    last = time.monotonic()

    def line(source: Source, events: int) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= _LINE_EVERY_SECONDS:
            last = now
            print(f"input {source.number}: {events} events", file=sys.stderr)

    yield line
