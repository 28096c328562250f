# SPDX-License-Identifier: Apache-2.0
"""The same made input for e2echeck and for other people's servers."""
