"""The YAML headers of rollups and reports, parsed: ours are stored so, for YAML takes longer than to add up a run."""

import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "stored"
# Digest → header, of rollups; digest of the file → header and columns of the SELECT, of reports.
ROLLUPS, REPORTS = FOLDER / "rollup_headers.json", FOLDER / "report_headers.json"


def read(text: str) -> Any:
    """What a rollup's header says, as it is stored for this very text or otherwise parsed; ValueError if not YAML."""
    found = stored(ROLLUPS, text)
    return parse(text) if found is None else found


def parse(text: str) -> Any:
    """What a header says; ValueError where it is not YAML."""
    # Importing PyYAML takes a while.
    import yaml

    try:
        return yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except yaml.YAMLError as error:
        raise ValueError(error) from error


def stored(file: Path, text: str) -> Any | None:
    """What is stored for this very text."""
    return _content(file).get(digest(text))


def digest(text: str) -> str:
    """What a text is stored by."""
    return hashlib.sha256(text.encode()).hexdigest()[:32]


@cache
def _content(file: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        # Before it is generated.
        return {}
    return found
