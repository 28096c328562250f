# SPDX-License-Identifier: Apache-2.0
"""Keys at rest.  Today: `key_file`, the files in which clients export Megolm sessions."""
