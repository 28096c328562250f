# SPDX-License-Identifier: Apache-2.0
"""Room events as servers send them to each other: room versions, redaction, hashes and signatures."""
