"""Sentences of ours as HTML: what stands between backticks is code."""

import re
from html import escape

CODE = re.compile(r"`([^`\n]+)`")


def html(text: str) -> str:
    """A sentence as HTML, escaped as templates do it."""
    return CODE.sub(r"<code>\1</code>", escape(text).replace("&#x27;", "&#39;").replace("&quot;", "&#34;"))
