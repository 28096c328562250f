# SPDX-License-Identifier: Apache-2.0
"""Sphinx: MyST pages, the reference from docstrings, and tables from vector files and room versions."""

from __future__ import annotations

import sys
from importlib.metadata import version as installed_version
from pathlib import Path

# Its own extension, and the cases of the vectors.
sys.path[:0] = [str(Path(__file__).parent / "_ext"), str(Path(__file__).parent.parent)]

project = "e2echeck"
author = "The e2echeck contributors"
copyright = author
release = version = installed_version("e2echeck")

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "vector_catalogue", "room_version_table"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build", "_ext"]
myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3

# Docstrings write `name` for a thing of the package.
default_role = "py:obj"
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_preserve_defaults = True
autodoc_default_options = {"members": True, "undoc-members": True, "show-inheritance": True}
napoleon_numpy_docstring = False
napoleon_use_ivar = True

# ``type[...]`` in a signature is Python's, and not one of the attributes that are called so.
suppress_warnings = ["ref.python"]

html_theme = "furo"
html_title = f"e2echeck {release}"
