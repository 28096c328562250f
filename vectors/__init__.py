# SPDX-License-Identifier: Apache-2.0
"""The cases that the vector files are written from, and the files themselves in ``data/``."""
