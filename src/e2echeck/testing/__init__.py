# SPDX-License-Identifier: Apache-2.0
"""What people import into tests of their own implementation of Matrix end-to-end encryption.

``forge`` builds right and wrong bytes from explicit seeds, one byte at a time, and shares no code with the readers
of this library.  Nothing here belongs into production code.
"""
