# SPDX-License-Identifier: Apache-2.0
"""Verifies and audits Matrix end-to-end encryption."""
