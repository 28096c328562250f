# SPDX-License-Identifier: Apache-2.0
"""Requests between servers."""
