# SPDX-License-Identifier: Apache-2.0
"""One package for each area, one module for each file."""
