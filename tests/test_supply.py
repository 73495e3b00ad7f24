"""What storyreport needs: the lowest versions that CI tries are those that are declared; the list of all parts."""

import re
from pathlib import Path

from docs import sbom

ROOT = Path(__file__).parent.parent


def numbers(version: str) -> tuple[int, ...]:
    """0.2.0 and 0.2 are one version."""
    found = [int(each) for each in version.split(".")]
    return tuple(found[: max((place for place, each in enumerate(found, 1) if each), default=0)])


def test_ci_tries_the_lowest_versions() -> None:
    """Each dependency of every system, in the lowest version that is declared."""
    block = (ROOT / "pyproject.toml").read_text(encoding="utf-8").partition("\ndependencies = [")[2].partition("\n]")[0]
    declared = dict(re.findall(r'^ +"([\w-]+)>=([\d.]+)[^;"]*",', block, flags=re.M))
    tried = dict(line.split("==") for line in (ROOT / ".ci/lowest.txt").read_text(encoding="utf-8").split())
    assert len(declared) > 5
    assert {name: numbers(version) for name, version in declared.items()} == {
        name: numbers(version) for name, version in tried.items()
    }


def test_the_list_of_parts() -> None:
    """It is of storyreport, names what it needs and what that needs, and nothing that only tests need."""
    document = sbom.document()
    assert document["metadata"]["component"]["name"] == "storyreport"
    parts = {part["name"].lower(): part for part in document["components"]}
    assert {"datasette", "click", "jinja2", "uvicorn"} <= set(parts)
    assert not {"pytest", "selenium", "mypy"} & set(parts)
    assert parts["datasette"]["purl"] == f"pkg:pypi/datasette@{parts['datasette']['version']}"
    assert "Apache" in parts["datasette"]["licenses"][0]["license"]["name"]
