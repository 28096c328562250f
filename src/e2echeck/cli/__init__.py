# SPDX-License-Identifier: Apache-2.0
"""The command line: arguments in, one library call, text out."""

from e2echeck.cli.main import main

__all__ = ["main"]
