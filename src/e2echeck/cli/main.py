# SPDX-License-Identifier: Apache-2.0
"""``e2echeck``: parse arguments, run a verb, turn errors into exit codes.

Exit codes: 0 assessed, nothing at or above ``--fail-on``; 1 findings; 2 usage; 3 input unreadable; 4 internal error;
5 something that was asked for could not be assessed.  No traceback and no core dump: both could hold plaintext.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn

import e2echeck
from e2echeck.audit.keys import KeySource
from e2echeck.audit.report.text import safe
from e2echeck.cli import audit
from e2echeck.errors import E2EError
from e2echeck.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["main"]

FINDINGS: Final = 1
USAGE: Final = 2
UNREADABLE: Final = 3
INTERNAL: Final = 4
MOST_THREADS: Final = 256


class _Parser(argparse.ArgumentParser):
    """Errors in one line, with control characters escaped."""

    def error(self, message: str) -> NoReturn:
        self.exit(USAGE, f"e2echeck: {safe(message)}\n")


class _Keys(argparse.Action):
    """``--keys FILE`` opens an entry, ``--passphrase-file FILE`` completes the one just before it."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: str | Sequence[object] | None,
        option_string: str | None = None,
    ) -> None:
        sources: list[KeySource] = getattr(namespace, "key_sources", None) or []
        path = Path(str(values))
        if option_string == "--keys":
            sources = [*sources, KeySource(path)]
        elif not sources or sources[-1].passphrase_path is not None:
            parser.error("--passphrase-file must follow the --keys it belongs to")
        else:
            sources = [*sources[:-1], KeySource(sources[-1].path, path)]
        namespace.key_sources = sources


def _threads(text: str) -> int:
    number = int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else 0
    if not 1 <= number <= MOST_THREADS:
        message = f"1 to {MOST_THREADS:,} threads"
        raise argparse.ArgumentTypeError(message)
    return number


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="e2echeck",
        description="Verifies and audits Matrix end-to-end encryption.",
        epilog="Exit codes: 0 nothing found, 1 findings, 2 usage, 3 input unreadable, 4 internal error, 5 incomplete.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"e2echeck {e2echeck.__version__}")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB", parser_class=_Parser)
    verb = verbs.add_parser(
        "audit",
        help="check recorded evidence message by message",
        description="Checks every message in recorded evidence: Megolm with or without keys, Olm without.",
        allow_abbrev=False,
    )
    verb.add_argument(
        "evidence", nargs="+", type=Path, metavar="EVIDENCE", help="Synapse database, file, directory"
    )
    verb.add_argument("--keys", action=_Keys, metavar="FILE", help="Megolm key file or plain key list; repeatable")
    verb.add_argument("--passphrase-file", action=_Keys, metavar="FILE", help="passphrase of the --keys before it")
    verb.add_argument(
        "--appservice", action="append", default=[], type=Path, metavar="FILE", help="registration file"
    )
    verb.add_argument(
        "--server-keys", action="append", default=[], type=Path, metavar="FILE",
        help="answers with signing keys of servers, or rows of Synapse's table of them; repeatable",
    )  # fmt: skip
    verb.add_argument(
        "--server-key", action="append", default=[], metavar="NAME=ed25519:ID:BASE64",
        help="a signing key of a server that you vouch for; repeatable",
    )  # fmt: skip
    verb.add_argument("--format", choices=("text", "jsonl"), default="text")
    verb.add_argument("--language", choices=("en", "de"), default="en", help="of the text format")
    verb.add_argument("--output", type=Path, metavar="FILE", help="findings here instead of standard output")
    verb.add_argument("--summary", type=Path, metavar="FILE", help="summary as JSON")
    verb.add_argument("--fail-on", choices=("info", "warning", "error"), default="error", metavar="SEVERITY")
    verb.add_argument("--allow-incomplete", action="store_true", help="no exit code 5")
    verb.add_argument("--show-identities", action="store_true", help="real ids of users, devices and sessions")
    verb.add_argument(
        "--pseudonym-key-file", type=Path, metavar="FILE", help="32 bytes or more: stable pseudonyms"
    )
    verb.add_argument("--quiet", action="store_true", help="no progress")
    verb.add_argument(
        "--threads",
        type=_threads,
        default=0,
        metavar="N",
        help="threads of the native kernel; by default one a core",
    )
    verb.set_defaults(run=audit.run, key_sources=[])
    verb = verbs.add_parser(
        "doctor",
        help="which engine is in use, and whether it gives the known answers",
        description="Says which engine is in use and with what versions, and asks every engine here all test vectors.",
        allow_abbrev=False,
    )
    verb.add_argument("--format", choices=("text", "json"), default="text")
    verb.set_defaults(run=_doctor)
    return parser


def _doctor(options: argparse.Namespace) -> int:
    from e2echeck.cli import doctor  # noqa: PLC0415 - it brings all test vectors, which no other verb needs

    return doctor.run(options)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    _forbid_core_dumps()
    _clean_up_when_terminated()
    try:
        options = _parser().parse_args(arguments)
        code: int = options.run(options)
        sys.stdout.flush()
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else USAGE
    except BrokenPipeError:
        # The reader of our output went away; do not let the interpreter complain about it at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return UNREADABLE
    except E2EError as error:
        _say(str(error))
        return (
            USAGE if error.code in (Reason.USAGE, Reason.BACKEND_UNAVAILABLE, Reason.EXTRA_MISSING) else UNREADABLE
        )
    except OSError as error:
        _say(f"{error.filename or 'input or output'}: {error.strerror or 'failed'}")
        return UNREADABLE
    except KeyboardInterrupt:
        _say("interrupted")
        return INTERNAL
    except Exception as error:  # noqa: BLE001 - a traceback could show plaintext
        place = error.__traceback__
        while place is not None and place.tb_next is not None:
            place = place.tb_next
        where = f" in {place.tb_frame.f_code.co_qualname}:{place.tb_lineno}" if place is not None else ""
        _say(f"internal error: {type(error).__name__}{where}")
        return INTERNAL
    return code


def _say(message: str) -> None:
    print(f"e2echeck: {safe(message)}", file=sys.stderr)


def _clean_up_when_terminated() -> None:
    """Let SIGTERM unwind the stack, so that private copies and unfinished outputs are removed."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))


def _forbid_core_dumps() -> None:
    try:
        import resource  # noqa: PLC0415 - not on every platform
    except ImportError:
        return
    try:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    except (ValueError, OSError):
        return
