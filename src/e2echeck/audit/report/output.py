# SPDX-License-Identifier: Apache-2.0
"""Files that appear complete or not at all, readable by their owner only."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["complete_file"]


@contextlib.contextmanager
def complete_file(path: Path) -> Iterator[TextIO]:
    """A text file under a temporary name (mode 0600) that takes its name when the block ends without an error.

    Raises:
        OSError: when it cannot be created or renamed.
    """
    descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(temporary).unlink()
        raise
