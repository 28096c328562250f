# SPDX-License-Identifier: Apache-2.0
"""The scripts around the native kernel on a machine without Rust."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Mapping

TOOLS = Path(__file__).parents[1] / "tools"


@pytest.mark.parametrize(
    ("environment", "status"),
    [({}, 0), ({"E2ECHECK_REQUIRE": "peers"}, 0), ({"E2ECHECK_REQUIRE": "peers,native"}, 1)],
)
def test_without_cargo_the_rust_code_is_not_tested(
    tmp_path: Path, environment: Mapping[str, str], status: int
) -> None:
    bash, dirname = shutil.which("bash"), shutil.which("dirname")
    assert bash is not None
    assert dirname is not None
    (tmp_path / "dirname").symlink_to(dirname)
    done = subprocess.run(
        [bash, str(TOOLS / "test_native.sh")],
        env={"PATH": str(tmp_path), **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (status, "")
    assert done.stdout == "The Rust code is not tested: cargo is missing.\n"
