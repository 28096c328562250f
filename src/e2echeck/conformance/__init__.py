# SPDX-License-Identifier: Apache-2.0
"""Running implementations, foreign ones and our own, over the vectors."""
