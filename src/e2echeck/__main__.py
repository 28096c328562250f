# SPDX-License-Identifier: Apache-2.0
"""``python -m e2echeck``."""

import sys

from e2echeck.cli import main

if __name__ == "__main__":
    sys.exit(main())
