# SPDX-License-Identifier: Apache-2.0
"""Reports: text, JSON lines, the summary, and the pseudonyms that stand for people in all of them."""
