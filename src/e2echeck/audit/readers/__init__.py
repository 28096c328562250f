# SPDX-License-Identifier: Apache-2.0
"""Readers: from files and databases to `EvidenceBatch`es."""

from e2echeck.audit.readers.inputs import Reader, Skipped, open_inputs

__all__ = ["Reader", "Skipped", "open_inputs"]
