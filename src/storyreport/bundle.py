"""Where the files lie that Datasette serves: reports, plugins, templates, static files and metadata."""

from functools import cache
from pathlib import Path


@cache
def root() -> Path:
    """The folder that holds metadata.yml, queries, pages, plugins, templates and static."""
    package = Path(__file__).resolve().parent
    installed = package / "bundle"
    # In a checkout (an editable install) the bundle is the checkout itself.
    return installed if installed.is_dir() else package.parent.parent
