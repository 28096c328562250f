# SPDX-License-Identifier: Apache-2.0
"""What is published: the sdist, the wheel made from it, and that wheel in an environment with nothing else.

The environment needs the package index.  Without one these tests are skipped, or fail when E2ECHECK_REQUIRE names
``index``.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import Final

import pytest

import e2echeck

ROOT: Final = Path(__file__).resolve().parent.parent
LARGEST_WHEEL: Final = 3 * 2**20
PIP: Final = ("-m", "pip", "--disable-pip-version-check", "--quiet")
# Two events: one in clear in an encrypted room, so that there is something to find.
EVENTS: Final = [
    {
        "event_id": "$one",
        "room_id": "!room:example.org",
        "sender": "@alice:example.org",
        "type": "m.room.encryption",
        "state_key": "",
        "origin_server_ts": 1,
        "content": {"algorithm": "m.megolm.v1.aes-sha2"},
    },
    {
        "event_id": "$two",
        "room_id": "!room:example.org",
        "sender": "@alice:example.org",
        "type": "m.room.message",
        "origin_server_ts": 2,
        "content": {"msgtype": "m.text", "body": "hello"},
    },
]


def run(*command: str | Path, cwd: Path, environment: dict[str, str] | None = None) -> str:
    """Standard output of a command that has to succeed."""
    done = subprocess.run(
        command, cwd=cwd, env=environment, capture_output=True, text=True, check=False, timeout=100
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="session")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The source distribution."""
    directory = tmp_path_factory.mktemp("sdist")
    run(sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", directory, cwd=ROOT)
    (path,) = directory.glob("*.tar.gz")
    return path


@pytest.fixture(scope="session")
def wheel(sdist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, made from the source distribution and not from the checkout."""
    directory = tmp_path_factory.mktemp("wheel")
    alone = ("--no-index", "--no-deps", "--no-build-isolation")
    run(sys.executable, *PIP, "wheel", *alone, "--wheel-dir", directory, sdist, cwd=directory)
    (path,) = directory.iterdir()
    return path


@pytest.fixture(scope="session")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an environment that has the wheel and what it depends on, nothing else."""
    directory = tmp_path_factory.mktemp("installed")
    # Whatever of this project could be found otherwise is out of reach; settings of the index stay.
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "E2ECHECK"))}
    environment["PYTHON"] = sys.executable
    command = ["bash", str(ROOT / "tools" / "make_venv.sh"), str(directory / "venv")]
    made = subprocess.run(command, cwd=directory, env=environment, capture_output=True, check=False, timeout=100)
    if made.returncode != 0:
        reason = "no fresh environment: the package index cannot be reached"
        if "index" in os.environ.get("E2ECHECK_REQUIRE", "").replace(",", " ").split():
            pytest.fail(f"{reason}, and E2ECHECK_REQUIRE names index\n{made.stderr.decode()}", pytrace=False)
        pytest.skip(reason)
    python = directory / "venv" / "bin" / "python"
    del environment["PYTHON"]
    run(python, *PIP, "install", "--only-binary=:all:", wheel, cwd=directory, environment=environment)
    return python


def exercise(python: Path, directory: Path, *arguments: str) -> str:
    """Run the installed package elsewhere, in an environment without variables."""
    return run(python, "-I", *arguments, cwd=directory, environment={})


def names(wheel: Path) -> list[str]:
    with zipfile.ZipFile(wheel) as archive:
        return archive.namelist()


def test_wheel_is_pure_and_small(wheel: Path) -> None:
    """One file for every platform."""
    assert wheel.name == f"e2echeck-{e2echeck.__version__}-py3-none-any.whl"
    assert wheel.stat().st_size <= LARGEST_WHEEL


def test_wheel_carries_its_data(wheel: Path) -> None:
    """Types, schemas, and exactly the vector files of the checkout."""
    there = set(names(wheel))
    package = ROOT / "src" / "e2echeck"
    schemas = {f"e2echeck/{path.relative_to(package).as_posix()}" for path in package.rglob("*.schema.json")}
    data = ROOT / "vectors" / "data"
    files = {f"e2echeck/vectors/data/{path.relative_to(data).as_posix()}" for path in data.rglob("*.json")}
    assert {"e2echeck/py.typed", *schemas, *files} <= there
    assert schemas
    assert {name for name in there if name.startswith("e2echeck/vectors/data/")} == files
    with zipfile.ZipFile(wheel) as archive:
        for name in files:
            assert archive.read(name) == (data / name.removeprefix("e2echeck/vectors/data/")).read_bytes()


def test_wheel_carries_nothing_else(wheel: Path) -> None:
    """No tests, no cases, nothing compiled, nothing beside the package."""
    metadata = f"e2echeck-{e2echeck.__version__}.dist-info/"
    for name in names(wheel):
        assert name.startswith(("e2echeck/", metadata)), name
        assert not {"tests", "cases", "answers", "__pycache__"}.intersection(name.split("/")), name
        assert name.startswith(metadata) or name.endswith((".py", ".json", "py.typed")), name


def test_sdist_can_run_the_tests(sdist: Path) -> None:
    """Every file that the tests read is there, and nothing that was built."""
    with tarfile.open(sdist) as archive:
        there = {name.partition("/")[2] for name in archive.getnames()}
    wanted = {
        path.relative_to(ROOT).as_posix()
        for folder in ("src", "tests", "vectors", "harnesses", "tools", "benches", "examples")
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and not {"__pycache__", "build", "node_modules", "target"}.intersection(path.parts)
    }
    assert wanted <= there
    assert {"Makefile", "pyproject.toml", "docs/conf.py", ".ci/run"} <= there
    assert not [name for name in there if name.endswith(".pyc") or name.startswith((".venv", "build/", "dist/"))]


def test_environment_is_consistent_and_bare(installed: Path, tmp_path: Path) -> None:
    """Nothing is missing, and no extra came along."""
    run(installed, *PIP, "check", cwd=tmp_path)
    listing = json.loads(run(installed, "-m", "pip", "list", "--format=json", cwd=tmp_path))
    there = {entry["name"].lower() for entry in listing}
    assert {"e2echeck", "cryptography", "pynacl"} <= there
    assert not there & {"rich", "pyyaml", "pytest", "hypothesis", "vodozemac", "python-olm"}


def test_installed_library_works(installed: Path, tmp_path: Path) -> None:
    """It is imported from the environment, and a message comes through."""
    program = (
        "import e2echeck, importlib.metadata as m\n"
        "from e2echeck.megolm import GroupSession, InboundGroupSession\n"
        "sender = GroupSession()\n"
        "receiver = InboundGroupSession(sender.session_key())\n"
        "print(receiver.decrypt(sender.encrypt(b'hello').to_base64()).plaintext.decode())\n"
        "assert m.version('e2echeck') == e2echeck.__version__\n"
        "print(e2echeck.__file__)\n"
    )
    plaintext, place = exercise(installed, tmp_path, "-c", program).splitlines()
    assert plaintext == "hello"
    assert Path(place).is_relative_to(installed.parent.parent)


def test_installed_vectors_are_complete(wheel: Path, installed: Path, tmp_path: Path) -> None:
    """The installed loader finds all files, inside the package."""
    program = (
        "from e2echeck import vectors\n"
        "from e2echeck.vectors import loader\n"
        "print(loader.data_directory())\n"
        "print(*(f'{file.area}.{file.module}={len(file.vectors)}' for file in vectors.load_all()))\n"
    )
    place, counts = exercise(installed, tmp_path, "-c", program).splitlines()
    assert Path(place).is_relative_to(installed.parent.parent)
    expected = []
    with zipfile.ZipFile(wheel) as archive:
        for name in names(wheel):
            if re.fullmatch(r"e2echeck/vectors/data/\w+/\w+\.json", name):
                file = json.loads(archive.read(name))
                expected.append(f"{file['area']}.{file['module']}={len(file['vectors'])}")
    assert sorted(counts.split()) == sorted(expected)
    assert expected


def test_installed_command_audits(installed: Path, tmp_path: Path) -> None:
    """The command finds what is wrong, without the extra ``audit``."""
    (tmp_path / "events.json").write_text(json.dumps(EVENTS), "utf-8")
    command = [str(installed.with_name("e2echeck")), "audit", "events.json", "--format", "jsonl"]
    done = subprocess.run(command, cwd=tmp_path, env={}, capture_output=True, text=True, check=False, timeout=60)
    codes = [json.loads(line)["code"] for line in done.stdout.splitlines()]
    assert (done.returncode, codes) == (1, ["event.plaintext-in-encrypted-room"]), done.stderr


def test_what_needs_an_extra_names_it(installed: Path, tmp_path: Path) -> None:
    """A registration file is YAML; without the extra the command says what to install."""
    (tmp_path / "events.json").write_text(json.dumps(EVENTS), "utf-8")
    (tmp_path / "bridge.yaml").write_text("id: bridge\n", "utf-8")
    command = [str(installed.with_name("e2echeck")), "audit", "events.json", "--appservice", "bridge.yaml"]
    done = subprocess.run(command, cwd=tmp_path, env={}, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 2
    assert "audit" in done.stderr


def test_installed_children_start(installed: Path, tmp_path: Path) -> None:
    """The adapters that need no extra answer from a process of their own."""
    program = (
        "from e2echeck.conformance.adapters import peers\n"
        "found = peers.present()\n"
        "with found['openssl'] as adapter:\n"
        "    print(adapter.answer('x25519.public_key', {'secret': bytes(range(32))}).outcome)\n"
    )
    assert exercise(installed, tmp_path, "-c", program) == "accept\n"
