"""The health checks on the home page: those with new findings, with known ones alone, and those that passed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .. import reports
from ..verdicts import acknowledged
from . import answers, links
from .visitor import Visitor

# Where these checks passed, their names alone would say that nothing failed.
PASSED = {"failed": "failed stories", "failed runs": "failed runs without a story"}


@dataclass(frozen=True)
class Check:
    """A row of the report `health`; the address is that of the report that shows it, where the visitor may see it."""

    name: str
    status: str
    text: str
    action: str
    address: str
    count: int
    new: int

    @property
    def passed(self) -> str:
        """What was looked for in vain."""
        return PASSED.get(self.name, self.name)


@dataclass(frozen=True)
class Health:
    """The checks with new findings, the worst first, those with known ones alone, and those that passed."""

    title: str
    address: str
    error: str
    failed: tuple[Check, ...]
    known: tuple[Check, ...]
    passed: tuple[Check, ...]

    @property
    def known_findings(self) -> int:
        """How many findings are folded up."""
        return sum(check.count for check in self.known)


async def health(visitor: Visitor, chosen: Mapping[str, str], is_bad: bool = False) -> Health | None:
    """The checks that the visitor may see; None where they may not see the report.

    Where the last hours are bad beside them (`is_bad`), not everything is all right.
    """
    result = await visitor.rows("health", chosen, "select * from report")
    if result is None:
        return None
    shown = await visitor.may_see(reports.load_reports())
    held = {row["check_name"] for row in (await answers.rows(visitor.datasette, acknowledged.HELD)).rows}
    rows = [row for row in result.rows if not row["report"] or row["report"] in shown]
    checks = [_check(visitor, row, await _new(visitor, row, held, chosen)) for row in rows]
    found = sorted((check for check in checks if check.status != "ok"), key=lambda check: check.status)
    failed = tuple(check for check in found if check.new)
    known = tuple(check for check in found if not check.new)
    passed = tuple(check for check in checks if check.status == "ok")
    title = "All checks are ok" if is_bad else "Everything is all right"
    if result.error:
        title = "Is everything all right?"
    elif not checks:
        title = "Nothing has been checked yet"
    elif failed:
        title = f"{len(failed)} thing{'s' if len(failed) > 1 else ''} to look at"
    elif known:
        title = "Nothing new to look at"
    return Health(title, links.report(visitor.datasette, "health"), result.error, failed, known, passed)


async def _new(visitor: Visitor, row: Mapping[str, Any], held: set[str], chosen: Mapping[str, str]) -> int:
    """How many of a check's findings are new; all of them where that cannot be found out."""
    if row["check"] not in held or not row["count"]:
        return int(row["count"])
    question = acknowledged.new(row["check"])
    answer = await visitor.rows(question.report, {**chosen, **question.params}, question.select)
    return int(answer.rows[0]["new"]) if answer and answer.rows else int(row["count"])


def _check(visitor: Visitor, row: Mapping[str, Any], new: int) -> Check:
    address = links.report(visitor.datasette, row["report"]) if row["report"] else ""
    text = str(row["detail"] or row["count"])
    if 0 < new < row["count"]:
        text = f"{text} {new:,} new, the others are known."
    return Check(row["check"], row["status"], text, row["action"] or "", address, row["count"], new)
