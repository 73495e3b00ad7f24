"""Finding reports in the catalogue: by their words, and by other words for what they answer."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from datasette.utils import to_css_class

from .. import reports
from . import links
from .synonyms import SYNONYMS


@dataclass(frozen=True)
class Entry:
    """A report of the catalogue: its link, the words that find it, and whether the search finds it."""

    title: str
    summary: str
    address: str
    words: str
    is_found: bool


@dataclass(frozen=True)
class Topic:
    """The reports of a topic."""

    title: str
    entries: tuple[Entry, ...]

    @property
    def is_found(self) -> bool:
        """Whether the search finds one of its reports."""
        return any(entry.is_found for entry in self.entries)

    @property
    def anchor(self) -> str:
        """What an address names it by."""
        return str(to_css_class(self.title))


def topics(datasette: Any, listed: Iterable[reports.Report], search: str) -> list[Topic]:
    """The reports by topic, in their order; without a search all of them are found."""

    def entry(report: reports.Report) -> Entry:
        found = words(report)
        is_found = all(word in found for word in search.lower().split())
        return Entry(report.title, report.summary, links.report(datasette, report.name), found, is_found)

    grouped = groupby(listed, key=lambda report: report.topic)
    return [Topic(topic, tuple(map(entry, members))) for topic, members in grouped]


def words(report: reports.Report) -> str:
    """The words that find a report."""
    names = [report.name, report.name.replace("_", " "), report.title, report.topic, report.description]
    return " ".join([*names, *(param.name for param in report.params), SYNONYMS.get(report.name, "")]).lower()
