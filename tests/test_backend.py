# SPDX-License-Identifier: Apache-2.0
"""Which engine is chosen, by word, by environment and for a block; and what becomes of a kernel that does not fit."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from types import ModuleType
from typing import TYPE_CHECKING

import pytest

from e2echeck import _backend
from e2echeck.errors import StateError
from e2echeck.reasons import Reason
from tests.native import TIERS, needs_kernel

if TYPE_CHECKING:
    from collections.abc import Iterator


class FakeKernel(ModuleType):
    """A kernel with one tier, and whatever else is wrong with it."""

    def __init__(self, *, abi: object = _backend.ABI, reasons: tuple[str, ...] = ("", "json.depth")) -> None:
        super().__init__("e2echeck_native")
        self.ABI = abi
        self.VERSION = "0"
        self.TIERS = ("portable", "other")
        self.REASONS = reasons

    def available_tiers(self) -> bytes:
        return b"\x00"


Install = Callable[[ModuleType | None], None]


def forget() -> None:
    """Let the kernel be looked for anew."""
    _backend._native.cache_clear()
    _backend._by_environment.cache_clear()


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """``install(kernel)`` makes this the kernel that is found; None for none at all."""

    def put(kernel: ModuleType | None) -> None:
        monkeypatch.setitem(sys.modules, "e2echeck_native", kernel)
        monkeypatch.delenv(_backend.ENVIRONMENT, raising=False)
        forget()

    yield put
    monkeypatch.undo()
    forget()


def refusal(choice: str) -> str:
    with pytest.raises(StateError) as caught:
        _backend.active(choice)
    assert caught.value.code is Reason.BACKEND_UNAVAILABLE
    return caught.value.detail


def test_without_a_kernel(install: Install) -> None:
    install(None)
    assert _backend.active().label == "pure"
    assert _backend.active("auto").label == "pure"
    assert _backend.kernel() is None
    assert [backend.name for backend in _backend.available()] == ["pure"]
    assert "extra native" in refusal("native")
    assert "pure, auto, native" in refusal("portable")


def test_with_a_kernel(install: Install) -> None:
    install(FakeKernel())
    for choice in ("auto", "native", "portable"):
        backend = _backend.active(choice)
        assert (backend.name, backend.tier, backend.label) == ("native", "portable", "native (portable)")
    kernel = _backend.kernel()
    assert kernel is not None
    assert kernel.reasons == (None, Reason.JSON_DEPTH)
    assert kernel.numbers == {Reason.JSON_DEPTH: 1}
    assert _backend.active("pure").kernel is None
    # The processor has not every tier, and the word that was asked for is not repeated.
    assert "other" not in refusal("other")
    assert "portable" in refusal("secret")


@pytest.mark.parametrize(
    "kernel",
    [
        pytest.param(FakeKernel(abi=_backend.ABI + 1), id="another interface"),
        pytest.param(FakeKernel(abi=None), id="no number"),
        pytest.param(FakeKernel(reasons=("", "json.unheard-of")), id="unknown reason"),
    ],
)
def test_a_kernel_that_does_not_fit(install: Install, kernel: ModuleType) -> None:
    """Automatic choice warns and goes on in Python; asked for by name it is an error."""
    install(kernel)
    with pytest.warns(RuntimeWarning, match="native kernel is not used"):
        assert _backend.active().name == "pure"
    assert _backend.active().name == "pure"  # said once
    assert refusal("native")
    assert refusal("portable")


@pytest.mark.parametrize(
    "error",
    [
        ImportError("undefined symbol"),
        ModuleNotFoundError("No module named 'other'", name="other"),
        OSError("file too short"),
        SystemError("initialization failed"),
        AttributeError("REASONS"),
        MemoryError(),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_kernel_that_cannot_be_loaded(
    install: Install, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """Whatever the reason is, automatic choice warns and goes on in Python."""
    install(None)

    def load(name: str) -> ModuleType:
        assert name == "e2echeck_native"
        raise error

    monkeypatch.setattr(_backend, "import_module", load)
    with pytest.warns(RuntimeWarning, match=f"it cannot be loaded .{type(error).__name__}."):
        assert _backend.active().name == "pure"
    assert type(error).__name__ in _backend.why_not_native()
    assert refusal("native")


@pytest.mark.parametrize("missing", ["REASONS", "TIERS", "VERSION", "available_tiers"])
def test_a_kernel_with_something_missing(install: Install, monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    kernel = FakeKernel()
    if missing in vars(kernel):
        delattr(kernel, missing)
    else:
        monkeypatch.delattr(FakeKernel, missing)
    install(kernel)
    with pytest.warns(RuntimeWarning, match="it cannot be loaded"):
        assert _backend.active().name == "pure"
    assert refusal("portable")


def test_for_a_block_and_for_this_thread_alone(install: Install) -> None:
    install(FakeKernel())
    with _backend.using("pure"):
        assert _backend.kernel() is None
        with _backend.using("portable") as backend:
            assert _backend.kernel() is backend.kernel
        assert _backend.active().name == "pure"
        seen: list[str] = []
        thread = threading.Thread(target=lambda: seen.append(_backend.active().name))
        thread.start()
        thread.join()
        assert seen == ["native"]
    assert _backend.active().name == "native"


@pytest.mark.parametrize("choice", ["pure", "auto", "", "nonsense"])
def test_environment(choice: str) -> None:
    """The variable is read by a process that only imports the package."""
    code = (
        "from e2echeck import _backend\n"
        "try: print(_backend.active().name)\n"
        "except Exception as error: print(error.code)"
    )
    environment = {**os.environ, _backend.ENVIRONMENT: choice}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    expected = {"pure": {"pure"}, "nonsense": {"backend.unavailable"}}.get(choice, {"pure", "native"})
    assert done.stdout.strip() in expected


@needs_kernel
def test_the_kernel_that_is_installed() -> None:
    """Its tiers are found, and numbers and reasons go both ways."""
    assert tuple(backend.tier for backend in _backend.available() if backend.name == "native") == TIERS
    assert TIERS[0] == "portable"
    with _backend.using("native") as backend:
        assert backend.tier == TIERS[-1]
        kernel = backend.kernel
        assert kernel is not None
        assert backend.version == kernel.functions.VERSION
        assert all(kernel.reasons[number] is reason for reason, number in kernel.numbers.items())
