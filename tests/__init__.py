# SPDX-License-Identifier: Apache-2.0
"""The tests; a package, so that none of its directories can hide an installed module (`olm`)."""
