# SPDX-License-Identifier: Apache-2.0
"""Which libraries the primitives come from."""

from __future__ import annotations

import cryptography
import nacl

__all__ = ["versions"]


def versions() -> dict[str, str]:
    """The version of each, by the name of its package."""
    return {"cryptography": cryptography.__version__, "pynacl": nacl.__version__}
