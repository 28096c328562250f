# SPDX-License-Identifier: Apache-2.0
"""Megolm key files and plain key lists."""
