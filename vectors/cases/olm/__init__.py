# SPDX-License-Identifier: Apache-2.0
"""Olm: key agreement, double ratchet, messages of both kinds."""
