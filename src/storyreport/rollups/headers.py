"""The YAML headers of rollups, parsed: those of ours are stored so, for YAML takes longer than to add up a new run."""

import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Any

STORED = Path(__file__).parent.parent / "stored" / "rollup_headers.json"


def read(text: str) -> Any:
    """What a header says, as it is stored for this very text or otherwise parsed; ValueError where it is not YAML."""
    stored = _stored()
    name = digest(text)
    return stored[name] if name in stored else parse(text)


def parse(text: str) -> Any:
    """What a header says; ValueError where it is not YAML."""
    # Importing PyYAML takes a while.
    import yaml

    try:
        return yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except yaml.YAMLError as error:
        raise ValueError(error) from None


def digest(text: str) -> str:
    """What a header is stored by."""
    return hashlib.sha256(text.encode()).hexdigest()[:32]


@cache
def _stored() -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(STORED.read_text(encoding="utf-8"))
    except FileNotFoundError:
        # Before it is generated.
        return {}
    return found
