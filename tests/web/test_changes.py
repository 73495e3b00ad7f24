"""What changed in the last seven days, on the home page and in the digest: planted rows, shares by hand."""

import json
import re
from contextlib import closing
from html import unescape
from pathlib import Path

import pytest
from helpers.attempts import attempt, moment, write
from helpers.command_line import ok
from helpers.report_database import ReportDatabase
from helpers.serving import Served

from storyreport.schema import connect
from storyreport.sharing.digest import digest

# Hours within the last seven days, and within the seven before, whatever the time of the day is.
NOW, BEFORE = 2 * 24, 9 * 24


def attempts(step: str, hours: int, number: int, failed: int) -> list[dict[str, str]]:
    """So many executions of a step, of which so many failed."""
    return [
        attempt(f"{step}-{hours}-{n}", hours + n / 100, step=step, status="failed" if n < failed else "completed")
        for n in range(number)
    ]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of draft 10 of 25 fail, 1 of 20 before; of paint 1 of 20, 4 of 20 before; of rare 19 of 19, which are too few."""
    folder = tmp_path_factory.mktemp("changes")
    rows = [
        *(*attempts("draft", NOW, 25, 10), *attempts("draft", BEFORE, 20, 1)),
        *(*attempts("paint", NOW, 20, 1), *attempts("paint", BEFORE, 20, 4)),
        *(*attempts("rare", NOW, 19, 19), *attempts("rare", BEFORE, 20, 0)),
        *(*attempts("calm", NOW, 20, 2), *attempts("calm", BEFORE, 20, 2)),
    ]
    # acme: 20 calls of 2 USD, 1 USD each before. other: as much as before. few: 19 calls; young: 19 before.
    calls = [
        f"{provider}-{n},{provider},{moment(hours + n / 100)},{cost},USD"
        for provider, now, before in (
            ("acme", (20, 2), (20, 1)),
            ("other", (20, 1), (20, 1)),
            ("few", (19, 9), (20, 1)),
            ("young", (20, 9), (19, 1)),
        )
        for hours, (number, cost) in ((NOW, now), (BEFORE, before))
        for n in range(number)
    ]
    ReportDatabase(folder).ingest(write(folder / "studio", rows, calls))
    return folder


def tables(folder: Path) -> dict[str, list[list[str]]]:
    """The cells of each table of changes, by its title."""
    with closing(Served(folder / "report.db")) as served:
        page = served.get("/").text.partition('<section class="changes"')[2]
    found = {}
    for section in re.findall(r"<h3>(.*?)</section>", page, re.DOTALL):
        title = re.sub(r"<[^>]*>", "", section.partition("</h3>")[0])
        rows = re.findall(r"<tr[^>]*>(.*?)</tr>", section.partition("<tbody")[2], re.DOTALL)
        found[title] = [
            [
                unescape(re.sub(r"<[^>]*>", "", cell)).strip()
                for cell in re.findall(r"<td[^>]*>(.*?)</td>", row, re.DOTALL)
            ]
            for row in rows
        ]
    return found


def test_steps_that_fail_more_or_less_often(folder: Path) -> None:
    """The worst first; what is as before, and what has too few executions, is left out, and so is the only source."""
    assert tables(folder)["Failing steps"] == [
        ["draft", "40.0 %", "5.0 %"],
        ["paint", "5.0 %", "20.0 %"],
    ]


def test_what_costs_more_or_less(folder: Path) -> None:
    assert tables(folder)["Cost up to yesterday"] == [["acme", "40.00 USD", "20.00 USD", "100.0 %"]]


def test_the_digest_says_the_same(folder: Path) -> None:
    found = json.loads(ok("digest", "--period", "7d", "--format", "json", "--db", "report.db", cwd=folder))
    lines = {section["title"]: section["lines"] for section in found["sections"]}
    assert lines["Failing steps"] == [
        "draft of studio: 40.0 % failed, 5.0 % before",
        "paint of studio: 5.0 % failed, 20.0 % before",
    ]
    assert lines["Changes of cost"] == ["acme of studio: 40.00 USD up to yesterday, 20.00 USD in as many days before"]


def test_a_step_of_two_pipelines_says_which(tmp_path: Path) -> None:
    """In films it takes three times as long as before, in books twice; a step of one pipeline needs no name.

    Of the step that changed in films alone (2 s, 3 s now, 5 of 20 failed), it is said too.
    """
    took = {
        ("write", "films"): (10, 30),
        ("write", "books"): (10, 20),
        ("print", "books"): (40, 20),
        ("bind", "films"): (2, 3),
        ("bind", "books"): (2, 2),
    }
    failed = [("bind", "films", NOW, n) for n in range(5)]
    rows = [
        attempt(
            f"{step}-{pipeline}-{hours}-{n}",
            hours + n / 100,
            seconds,
            step=step,
            pipeline=pipeline,
            status="failed" if (step, pipeline, hours, n) in failed else "completed",
        )
        for (step, pipeline), both in took.items()
        for hours, seconds in zip((BEFORE, NOW), both, strict=True)
        for n in range(20)
    ]
    ReportDatabase(tmp_path).ingest(write(tmp_path / "studio", rows))
    shown = tables(tmp_path)
    slower = [["write", "films"], ["write", "books"], ["bind", "films"], ["print", ""]]
    assert [row[:2] for row in shown["Slower and faster steps"]] == slower
    assert shown["Failing steps"] == [["bind", "films", "25.0 %", "0.0 %"]]
    with closing(connect(tmp_path / "report.db")) as connection:
        lines = {section.title: section.lines for section in digest(connection, "7d").sections}
    assert [line.partition(":")[0] for line in lines["Slower and faster steps"]] == [
        "write of studio films",
        "write of studio books",
        "bind of studio films",
        "print of studio",
    ]
    assert lines["Failing steps"] == ("bind of studio films: 25.0 % failed, 0.0 % before",)
    # 20 times 30, 20 and 20 seconds.
    assert [line.partition(",")[0] for line in lines["Most time spent"]] == [
        "write of studio films: 10 min",
        "print of studio: 6 min 40 s",
        "write of studio books: 6 min 40 s",
    ]
