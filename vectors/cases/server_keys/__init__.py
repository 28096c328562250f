# SPDX-License-Identifier: Apache-2.0
"""Keys that servers publish."""
