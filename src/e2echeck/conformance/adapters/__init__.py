# SPDX-License-Identifier: Apache-2.0
"""Adapters for implementations that are around: our own, and the peers of the extra ``peers``."""
