# SPDX-License-Identifier: Apache-2.0
"""HKDF-SHA-256."""
