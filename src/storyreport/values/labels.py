"""Labels of calls, a JSON object by kind: a mapping takes lists of them, such as tags, whole from its source."""

import json
from functools import lru_cache
from typing import Any

from .privacy import redacted
from .texts import clean_text


@lru_cache(maxsize=1024)
def clean_labels(labels: str | None) -> str | None:
    """The labels with each text fit to keep; None for what is no JSON object or nested too deeply."""
    if labels is None:
        return None
    try:
        found = json.loads(labels)
        kept = {kind: _kept(value) for kind, value in found.items()}
    except (ValueError, AttributeError, RecursionError):
        return None
    return labels if kept == found else json.dumps(kept, separators=(",", ":"))


def _kept(value: Any) -> Any:
    """A text by itself is a word or a hash, which was cleaned as such; only earlier versions left e-mail addresses."""
    if isinstance(value, list):
        return [clean_text(each) if isinstance(each, str) else each for each in value if not _is_nested(each)]
    return redacted(value) if isinstance(value, str) and "@" in value else value


def _is_nested(value: Any) -> bool:
    return isinstance(value, (list, dict))
