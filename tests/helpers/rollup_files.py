"""Rollups of tests: a copy of the folder of rollups that files can be added to, changed in and removed from."""

import shutil
from pathlib import Path

import pytest

from storyreport.rollups import definition
from storyreport.schema import definitions as files


class RollupFiles:
    """The rollups that storyreport knows as long as a test runs."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch):
        self.folder = folder
        shutil.copytree(files.ROLLUPS, folder, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
        monkeypatch.setattr(files, "ROLLUPS", folder)
        self.read_again()

    def write(self, name: str, text: str) -> None:
        """Write the file '<topic>/<name>.sql', as a new version of storyreport would have it."""
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        self.read_again()

    def change(self, name: str, before: str, after: str) -> None:
        """Change a text that is in a file."""
        text = (self.folder / name).read_text(encoding="utf-8")
        assert before in text
        self.write(name, text.replace(before, after))

    def remove(self, name: str) -> None:
        """Delete a file."""
        (self.folder / name).unlink()
        self.read_again()

    @staticmethod
    def read_again() -> None:
        """Forget what was read of files before."""
        for cached in (files.rollups, files.hashes, files.whole, definition.definitions):
            cached.cache_clear()
