# SPDX-License-Identifier: Apache-2.0
"""Unpadded base64."""
