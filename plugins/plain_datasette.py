"""Lets a Datasette that is started by itself serve a report database as `storyreport serve` does."""

# mypy: disallow-untyped-decorators=False

from typing import Any

from datasette import hookimpl

from storyreport.web import plain


@hookimpl
def register_output_renderer(datasette: Any) -> list[Any]:
    """No renderer: it is the hook that is called when the databases are known and none is open yet."""
    plain.adopt(datasette)
    return []
