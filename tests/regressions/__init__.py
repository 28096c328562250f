# SPDX-License-Identifier: Apache-2.0
"""One file for each fault that was found: what went wrong, so that it does not come back."""
