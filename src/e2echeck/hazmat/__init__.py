# SPDX-License-Identifier: Apache-2.0
"""Primitives only: signatures, key agreement, key derivation, codes and ciphers over libsodium and OpenSSL.

No function here knows a protocol.  Used alone, each can be used wrongly: callers are the protocol rooms, which
say in which order things are checked.  Which engine does which primitive, and why, stands in decision 0003.
"""
