"""A folder that Datasette serves from wherever it is put: this package, the reports, a Dockerfile and a command."""

import os
import shlex
import shutil
from importlib import metadata
from pathlib import Path

import yaml

from .. import __version__, bundle, reports, rollups
from ..errors import UsageError
from .snapshot import MARK, check_folder, write_anew

DATABASE = "storyreport.db"
PACKAGE = Path(__file__).parent.parent
# As in the wheel, so that the package finds them.
FOLDERS = ("queries", "pages", "plugins", "templates", "static")
INSIDE = "storyreport/bundle"
SETTINGS = {"default_allow_sql": "off", "suggest_facets": "off"}
DOCKERFILE = """\
FROM python:3.12-slim
WORKDIR /app
COPY requirements.txt .
RUN pip install --no-cache-dir -r requirements.txt
COPY . .
{variables}EXPOSE 8001
CMD {command} -h 0.0.0.0 -p ${{PORT:-8001}}
"""
README = """\
# Reports

The reports of storyreport {version} on `storyreport.db`, for Datasette. In this folder:

    pip install -r requirements.txt
    {command}

or with Docker:

    docker build -t reports . && docker run -p 8001:8001 reports

Everybody who reaches the server sees all reports. For people who log in, use `storyreport serve --public`.
"""


def write(folder: Path) -> Path:
    """Write everything but the report database, and return where that belongs.

    UsageError where the folder holds other things.
    """
    check_folder(folder)
    copy = folder / "storyreport"
    if copy.is_symlink():
        raise UsageError(f"{copy} is a link to another folder: delete it, or name a new folder.")
    if copy.exists():
        shutil.rmtree(copy)
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__", "bundle"))
    inside = folder / INSIDE
    for name in FOLDERS:
        shutil.copytree(bundle.root() / name, inside / name, ignore=shutil.ignore_patterns("__pycache__"))
    for own in filter(None, os.environ.get(reports.FOLDERS, "").split(os.pathsep)):
        for path in Path(own).glob("*.sql"):
            shutil.copyfile(path, inside / "queries" / path.name)
    (inside / "metadata.yml").write_text(_metadata(), encoding="utf-8")
    # A limit of the sources file is a default of the reports.
    limits = os.environ.get(reports.LIMITS, "")
    for name, text in {
        MARK: "{}",
        "requirements.txt": "".join(f"{line}\n" for line in _requirements()),
        "Dockerfile": DOCKERFILE.format(
            variables=f"ENV {reports.LIMITS}={shlex.quote(limits)}\n" if limits else "", command=command()
        ),
        ".dockerignore": "__pycache__\n",
        "README.md": README.format(
            version=__version__,
            command=(f"{reports.LIMITS}={shlex.quote(limits)} " if limits else "") + command(),
        ),
    }.items():
        write_anew(folder / name, text)
    database = folder / DATABASE
    database.unlink(missing_ok=True)
    return database


def command() -> str:
    """The command that serves it, in its folder: `python -m` finds the package there."""
    words = ["python", "-m", "datasette", "serve", "-i", DATABASE, "-m", f"{INSIDE}/metadata.yml"]
    words += ["--plugins-dir", f"{INSIDE}/plugins", "--template-dir", f"{INSIDE}/templates"]
    words += ["--static", f"static:{INSIDE}/static"]
    return shlex.join([*words, *(word for pair in SETTINGS.items() for word in ("--setting", *pair))])


def _metadata() -> str:
    """Our metadata with those of rollups."""
    found = yaml.safe_load((bundle.root() / "metadata.yml").read_text(encoding="utf-8"))
    found["databases"]["storyreport"]["tables"] |= rollups.descriptions()
    text: str = yaml.safe_dump(found, sort_keys=False, allow_unicode=True)
    return text


def _requirements() -> list[str]:
    """What the package needs, without what only some sources do."""
    return [line for line in metadata.requires("storyreport") or () if "extra ==" not in line]
