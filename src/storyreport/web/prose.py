"""Sentences of ours in templates."""

from markupsafe import Markup

from ..values import prose


def markup(text: object) -> Markup:
    """A sentence as HTML; what stands between backticks is code."""
    return text if isinstance(text, Markup) else Markup(prose.html(str(text)))
