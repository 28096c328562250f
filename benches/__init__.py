# SPDX-License-Identifier: Apache-2.0
"""Timings of the bulk paths; ``make bench``."""
