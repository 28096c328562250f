# SPDX-License-Identifier: Apache-2.0
"""The scripts around the native kernel on a machine without Rust."""

from __future__ import annotations

import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Mapping

TOOLS = Path(__file__).parents[1] / "tools"
RUST_VERSION: str = tomllib.loads((TOOLS.parent / "native" / "Cargo.toml").read_text())["package"]["rust-version"]


REQUIRED = pytest.mark.parametrize(
    ("environment", "status"),
    [({}, 0), ({"E2ECHECK_REQUIRE": "peers"}, 0), ({"E2ECHECK_REQUIRE": "peers,native"}, 1)],
)


def run(path: Path, environment: Mapping[str, str]) -> tuple[int, str, str]:
    """Status, output and errors of the script, with the programs at `path` alone."""
    bash = shutil.which("bash")
    assert bash is not None
    done = subprocess.run(
        [bash, str(TOOLS / "test_native.sh")],
        env={"PATH": str(path), **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def provide(path: Path, *names: str) -> None:
    """Put programs of this machine at `path`."""
    for name in names:
        program = shutil.which(name)
        assert program is not None
        (path / name).symlink_to(program)


@REQUIRED
def test_without_cargo_the_rust_code_is_not_tested(
    tmp_path: Path, environment: Mapping[str, str], status: int
) -> None:
    provide(tmp_path, "dirname")
    assert run(tmp_path, environment) == (status, "The Rust code is not tested: cargo is missing.\n", "")


@REQUIRED
@pytest.mark.parametrize("version", ["1.63.0", "1.9.0", "0.99.0-nightly"])
def test_with_an_old_cargo_neither(
    tmp_path: Path, environment: Mapping[str, str], status: int, version: str
) -> None:
    provide(tmp_path, "bash", "cut", "dirname", "sed")
    write_cargo(tmp_path, version)
    found = run(tmp_path, environment)
    message = f"The Rust code is not tested: it needs Rust {RUST_VERSION}, this is {version}.\n"
    assert found == (status, message, "")


@REQUIRED
def test_with_a_cargo_that_does_not_start_neither(
    tmp_path: Path, environment: Mapping[str, str], status: int
) -> None:
    provide(tmp_path, "bash", "cut", "dirname")
    (tmp_path / "cargo").write_text("#!/usr/bin/env bash\necho no toolchain >&2\nexit 1\n")
    (tmp_path / "cargo").chmod(0o755)
    assert run(tmp_path, environment) == (status, "The Rust code is not tested: cargo does not start.\n", "")


@pytest.mark.parametrize("version", [RUST_VERSION, f"{RUST_VERSION}.1", "1.100.0", "2.0.0-beta"])
def test_with_a_new_cargo_it_is(tmp_path: Path, version: str) -> None:
    provide(tmp_path, "bash", "cut", "dirname", "sed")
    write_cargo(tmp_path, version)
    status, output, errors = run(tmp_path, {})
    assert (status, errors) == (0, "")
    assert [line.split()[0] for line in output.splitlines()] == ["fmt", "clippy", "test"]


def write_cargo(path: Path, version: str) -> None:
    """A cargo of this version that says what it is asked to do."""
    cargo = path / "cargo"
    cargo.write_text(
        f"""#!/usr/bin/env bash
case "$*" in
    --version) echo "cargo {version} (0123abc 2022-01-01)" ;;
    *--version) ;;
    *) echo "$@" ;;
esac
"""
    )
    cargo.chmod(0o755)
