"""Lists what an installed storyreport is made of, as CycloneDX 1.5: each distribution, its version and its licence.

python docs/sbom.py > sbom.json       # with the Python of the environment that is listed
"""

import importlib.metadata
import json
import re
import sys
from typing import Any

ROOT = "storyreport"
NAME = re.compile(r"[A-Za-z0-9._-]+")


def distributions(root: str) -> list[importlib.metadata.Distribution]:
    """A distribution and all that it needs here, by name; what is not installed here is not needed here."""
    found: dict[str, importlib.metadata.Distribution] = {}
    wanted = [root]
    while wanted:
        name = wanted.pop()
        try:
            distribution = importlib.metadata.distribution(name)
        except importlib.metadata.PackageNotFoundError:
            continue
        key = re.sub(r"[-_.]+", "-", distribution.metadata["Name"]).lower()
        if key in found:
            continue
        found[key] = distribution
        # An extra is an optional part.
        needs = (each for each in distribution.requires or () if "extra ==" not in each)
        wanted += [match[0] for each in needs if (match := NAME.match(each))]
    return [found[key] for key in sorted(found)]


def component(distribution: importlib.metadata.Distribution) -> dict[str, Any]:
    """A distribution as CycloneDX describes one."""
    meta: Any = distribution.metadata.json
    name, version = meta["name"], meta["version"]
    classified = [each.rpartition(" :: ")[2] for each in meta.get("classifier", ()) if each.startswith("License")]
    licence = meta.get("license_expression") or ", ".join(classified) or (meta.get("license") or "").split("\n")[0]
    return {
        "type": "library",
        "name": name,
        "version": version,
        "purl": f"pkg:pypi/{re.sub(r'[-_.]+', '-', name).lower()}@{version}",
        "licenses": [{"license": {"name": licence}}] if licence else [],
    }


def document() -> dict[str, Any]:
    """All of it."""
    own, *others = sorted(distributions(ROOT), key=lambda each: each.metadata["Name"] != ROOT)
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"component": {**component(own), "type": "application"}},
        "components": [component(each) for each in others],
    }


if __name__ == "__main__":
    json.dump(document(), sys.stdout, indent=1)
    print()
