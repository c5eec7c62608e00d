"""The documentation: ``python -m sphinx -W docs docs/_build/html``, with the extra `docs`."""

import os
import sys
import warnings
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))
os.environ.pop("MPLBACKEND", None)  # notebooks draw inline, the gallery by itself

import generated  # noqa: E402
import links  # noqa: E402
from sphinx.ext import autosummary  # noqa: E402

import spinfem  # noqa: E402

generated.write_all()
os.environ["IPYTHONDIR"] = str(generated.kernel_profile(HERE / "_build" / "ipython"))

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

myst_enable_extensions = ["dollarmath", "amsmath", "colon_fence", "deflist"]
myst_heading_anchors = 3
nb_execution_mode = "cache"
nb_execution_cache_path = str(HERE / "_build" / "notebooks")
nb_execution_raise_on_error = True
nb_execution_timeout = 300
nb_execution_in_temp = True  # what a page writes is not left beside it
nb_code_prompt_show = "Show what is set up here"
nb_code_prompt_hide = "Hide it"
smartquotes = False  # it makes a dash of --help, and quotes of primes
suppress_warnings = ["config.cache", "ref.python"]  # the latter: `x` of several classes

# --- docstrings --------------------------------------------------------------------------------

autosummary_generate = True
autosummary.WELL_KNOWN_ABBREVIATIONS += ("eq.", "eqs.")  # no sentences end there
autodoc_typehints = "none"
autodoc_member_order = "bysource"
numpydoc_show_class_members = False
numpydoc_xref_param_type = False
nitpicky = True
nitpick_ignore_regex = [("py:obj", r"[^.]*")]  # names of parameters, and of what is in files

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
    "write_computation_times": False,
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
    "header_links_before_dropdown": 7,
    "navigation_with_keys": False,
    "show_prev_next": False,
    "footer_start": ["copyright"],
    "footer_end": [],
    "secondary_sidebar_items": ["page-toc"],
}
html_copy_source = False
html_show_sourcelink = False


# --- links ---------------------------------------------------------------------------------------

linkcheck_ignore = [
    r"https?://(localhost|127\.0\.0\.1)\b",
    r"https://doi\.org/",  # publishers turn away what is no browser
]
linkcheck_timeout = 20


def skip_member(app, what, name, member, skip, options):
    """Skip fields of named tuples: the docstring of the class has them, they have none."""
    return True if str(member.__doc__).startswith("Alias for field number") else None


def setup(app):
    app.connect("autodoc-skip-member", skip_member)
    app.connect("html-page-context", links.mend_backlinks)
    app.connect("build-finished", links.check)
