# SPDX-License-Identifier: Apache-2.0
"""Modules that are imported when they are first used.

Most evidence is encrypted events in order, which the kernel verifies alone; what reads the rest takes a tenth of a
second to import.
"""

from __future__ import annotations

from importlib import import_module

__all__ = ["Later"]


class Later:
    """Stands for a module until one of its names is used.

    Args:
        name: of the module.
    """

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, attribute: str) -> object:
        value: object = getattr(import_module(self._name), attribute)
        setattr(self, attribute, value)
        return value
