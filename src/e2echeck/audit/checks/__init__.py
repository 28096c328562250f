# SPDX-License-Identifier: Apache-2.0
"""The checks, by what they look at: one message, one session, one room."""
