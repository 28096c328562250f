# SPDX-License-Identifier: Apache-2.0
"""Verifies and audits Matrix end-to-end encryption."""

__version__ = "0.1.0"
