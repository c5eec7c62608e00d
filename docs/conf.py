"""The documentation: ``python -m sphinx -W docs docs/_build/html``, with the extra `docs`."""

import os
import sys
import warnings
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))
os.environ.pop("MPLBACKEND", None)  # notebooks draw inline, the gallery by itself

import generated  # noqa: E402

import spinfem  # noqa: E402

generated.write_all()

project = "spinfem"
author = "The spinfem developers"
copyright = author
version = release = spinfem.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx-mathjax-offline",
    "sphinx.ext.viewcode",
    "numpydoc",
    "myst_nb",
    "sphinx_design",
    "sphinx_copybutton",
    "sphinx_gallery.gen_gallery",
]
exclude_patterns = ["_build", "_gallery", "_made", "gallery/**/*.ipynb", "gallery/**/*.py"]
default_role = "py:obj"
rst_prolog = ".. |e| replace:: \\|e\\|"
templates_path = ["_templates"]
source_suffix = {".rst": "restructuredtext", ".md": "myst-nb"}

# --- what is written in Markdown, and notebooks ------------------------------------------------

myst_enable_extensions = ["dollarmath", "colon_fence", "deflist"]
myst_heading_anchors = 3
nb_execution_mode = "cache"
nb_execution_cache_path = str(HERE / "_build" / "notebooks")
nb_execution_raise_on_error = True
nb_execution_timeout = 300
suppress_warnings = ["config.cache", "ref.python"]  # the latter: `x` of several classes

# --- docstrings --------------------------------------------------------------------------------

autosummary_generate = True
autodoc_typehints = "none"
autodoc_member_order = "bysource"
numpydoc_show_class_members = False
numpydoc_xref_param_type = False

# --- the gallery -------------------------------------------------------------------------------

sphinx_gallery_conf = {
    "examples_dirs": "_gallery",
    "gallery_dirs": "gallery",
    "filename_pattern": r"\.py$",
    "within_subsection_order": "FileNameSortKey",
    "remove_config_comments": True,
    "download_all_examples": False,
    "show_memory": False,
    "min_reported_time": 1e9,
    "abort_on_example_error": True,
    "reference_url": {"spinfem": None},
    "doc_module": ("spinfem",),
    "backreferences_dir": "reference/backreferences",
    "inspect_global_variables": False,
}
warnings.filterwarnings("ignore", message="FigureCanvasAgg is non-interactive")

# --- how it looks ------------------------------------------------------------------------------

html_theme = "pydata_sphinx_theme"
html_title = "spinfem"
html_static_path = ["_static"]
html_css_files = ["spinfem.css"]
html_sidebars = {name: [] for name in ("start", "faq", "performance", "validation")}
html_theme_options = {
    "show_toc_level": 2,
    "navigation_with_keys": False,
    "show_prev_next": False,
    "footer_start": ["copyright"],
    "footer_end": [],
    "secondary_sidebar_items": ["page-toc"],
}
html_copy_source = False
html_show_sourcelink = False
