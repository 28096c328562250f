# SPDX-License-Identifier: Apache-2.0
"""Install pip into the environment that runs this file, without ensurepip.

The newest wheel that suits this Python is taken from PyPI's JSON API and compared with the SHA-256 given there;
a wheel of pip can install itself.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path
from urllib.parse import urljoin

PROJECT = "https://pypi.org/pypi/pip/json"
TIMEOUT = 60


def main() -> int:
    """Fetch, compare, install; the exit status of the installation."""
    if sys.prefix == sys.base_prefix:
        print("bootstrap_pip.py installs into a virtual environment only", file=sys.stderr)
        return 2
    try:
        with urllib.request.urlopen(PROJECT, timeout=TIMEOUT) as answer:
            files = json.load(answer)["urls"]
        wheel = next(file for file in files if file["packagetype"] == "bdist_wheel" and not file["yanked"])
        address = urljoin(PROJECT, wheel["url"])  # a mirror may give a relative one
        with urllib.request.urlopen(address, timeout=TIMEOUT) as answer:
            data = answer.read()
    except (OSError, StopIteration) as error:
        print(f"pip could not be fetched: {error!r}", file=sys.stderr)
        return 1
    if hashlib.sha256(data).hexdigest() != wheel["digests"]["sha256"]:
        print(f"{wheel['filename']} is not the file that PyPI describes", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / wheel["filename"]
        path.write_bytes(data)
        command = [
            sys.executable,
            str(path / "pip"),
            "--disable-pip-version-check",
            "install",
            "--quiet",
            str(path),
        ]
        return subprocess.run(command, check=False).returncode  # noqa: S603 - its own interpreter


if __name__ == "__main__":
    sys.exit(main())
