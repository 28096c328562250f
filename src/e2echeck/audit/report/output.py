# SPDX-License-Identifier: Apache-2.0
"""Files that appear complete or not at all, readable by their owner only."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, Final, TextIO

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["complete_file"]

# A new file, which is nobody's link; not every platform knows all of these.
_WHERE_KNOWN: Final = ("O_NOFOLLOW", "O_CLOEXEC", "O_BINARY")
_NEW: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | sum(getattr(os, name, 0) for name in _WHERE_KNOWN)


@contextlib.contextmanager
def complete_file(path: Path) -> Iterator[TextIO]:
    """A text file under a temporary name (mode 0600) that takes its name when the block ends without an error.

    Raises:
        OSError: when it cannot be created or renamed.
    """
    temporary = path.parent / f".{path.name}.{os.urandom(8).hex()}.part"
    descriptor = os.open(temporary, _NEW, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
