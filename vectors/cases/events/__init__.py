# SPDX-License-Identifier: Apache-2.0
"""Room events between servers."""
