# SPDX-License-Identifier: Apache-2.0
"""Auditing recorded evidence: readers, checks, findings, reports.

>>> from e2echeck import audit
>>> audit.run  # doctest: +ELLIPSIS
<function run at ...>

`run` reads evidence and keys and calls back with each `Finding`; it returns a `Summary`.  What a report without
findings does and does not prove is in the threat model (docs/threat-model.md).
"""

from e2echeck.audit.engine import Options, run
from e2echeck.audit.finding import SCHEMA_VERSION, Finding
from e2echeck.audit.server_keys import ServerKeySource
from e2echeck.audit.summary import Summary

__all__ = ["SCHEMA_VERSION", "Finding", "Options", "ServerKeySource", "Summary", "run"]
