# SPDX-License-Identifier: Apache-2.0
"""Test vectors for Matrix end-to-end encryption: their model, and the files that come with this package.

Each vector is one call that an implementation has to accept or to refuse, with its bytes in hexadecimal, its reason,
and what confirms it.  The files are plain JSON and need no Python; this package reads and checks them.

>>> from e2echeck import vectors
>>> file = vectors.load("megolm", "message")
>>> file.vectors[0].result in vectors.Result
True
"""

from e2echeck.vectors.lint import lint
from e2echeck.vectors.loader import areas, load, load_all
from e2echeck.vectors.model import FORMAT, Result, Value, Vector, VectorFile, json_schema
from e2echeck.vectors.operations import OPERATIONS, Kind, Operation, Parameter

__all__ = [
    "FORMAT",
    "OPERATIONS",
    "Kind",
    "Operation",
    "Parameter",
    "Result",
    "Value",
    "Vector",
    "VectorFile",
    "areas",
    "json_schema",
    "lint",
    "load",
    "load_all",
]
