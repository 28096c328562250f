# SPDX-License-Identifier: Apache-2.0
"""Megolm: ratchet, messages, sessions in transit."""
