"""The digest of a period: planted work, changes and new errors, in each format; counts by hand."""

import json
import re
from datetime import datetime, timedelta, timezone
from email import message_from_string, policy
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from helpers.cli_cases import assert_one_sentence
from helpers.command_line import loaded, ok, storyreport

from storyreport.commands.digest import FORMATS
from storyreport.sharing.digest import Digest, Section

HOSTILE = "<b>*bad* & [x](y)</b> \x1b[31m"


def moment(days: float) -> str:
    """The time so many days ago."""
    return (datetime.now(timezone.utc) - timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two runs completed and one failed today; three completed ten days ago; 2 USD of calls today, 5 USD before."""
    rows = [("n1", "completed", 0, ""), ("n2", "completed", 0, ""), ("n3", "failed", 0, f"Boom {HOSTILE}")]
    rows += [(f"o{number}", "completed", 10, "") for number in range(3)]
    (tmp_path / "studio").mkdir()
    (tmp_path / "studio" / "attempts.csv").write_text(
        "id,run,step,status,started_at,ended_at,error\n"
        + "".join(
            f'{run},{run},write,{status},{moment(days)},{moment(days)},"{error}"\n' for run, status, days, error in rows
        ),
        encoding="utf-8",
    )
    (tmp_path / "studio" / "calls.csv").write_text(
        "id,provider,step,called_at,cost,currency\n"
        f"c1,studio,write,{moment(0)},2,USD\nc2,studio,write,{moment(10)},5,USD\n",
        encoding="utf-8",
    )
    loaded("studio", cwd=tmp_path)
    return tmp_path


def sections(folder: Path, *arguments: str) -> dict[str, dict[str, Any]]:
    """The sections of the digest as JSON, by title."""
    answer = json.loads(ok("digest", *arguments, "--format", "json", cwd=folder))
    return {section["title"]: section for section in answer["sections"]}


def test_what_was_done_and_changed(folder: Path) -> None:
    """In seven days against the seven before; the cost is the period's, the error is new."""
    found = sections(folder, "--period", "7d")
    work = {row["work"]: (row["now"], row["full"], row["before"]) for row in found["Work done"]["rows"]}
    assert (work["runs completed"], work["runs failed"]) == ((2, 0, 3), (1, 0, 0))
    assert found["Cost"]["lines"] == ["2.00 USD"]
    (failed,) = found["What failed most"]["lines"]
    assert re.fullmatch(r"studio failed once in write, at \d{4}-\d\d-\d\d \d\d:\d\d UTC: Boom .*", failed)
    assert [row["occurrences"] for row in found["New errors"]["rows"]] == [1]
    assert any("failed" in line for line in found["To look at"]["lines"])
    # Hours are not the days that the sections are of: the verdict says which it means.
    verdict = json.loads(ok("digest", "--period", "24h", "--format", "json", cwd=folder))["verdict"]
    assert ". Last 24 h: 3 runs, 1 failed (none the day before), 2.00 USD" in verdict
    verdict = json.loads(ok("digest", "--period", "7d", "--format", "json", cwd=folder))["verdict"]
    assert verdict.endswith("Last 7 days: 3 runs, 1 failed (none in the 7 days before), 2.00 USD.")


def test_days_are_compared_by_full_ones(folder: Path) -> None:
    """Today's 2 USD are no full day's: yesterday's 4 USD are, beside 5 USD ten days ago; 9 of today change nothing."""
    with (folder / "studio" / "calls.csv").open("a", encoding="utf-8") as file:
        file.write(f"c3,studio,write,{moment(1)},4,USD\nc4,studio,draw,{moment(0)},9,USD\n")
    loaded("studio", cwd=folder)
    answer = json.loads(ok("digest", "--period", "7d", "--format", "json", cwd=folder))
    assert answer["verdict"].endswith(" 15.00 USD, 20 % less than the 7 days before.")
    # In 24 hours 11 USD, 4 USD the 24 before: draw makes all of it.
    said = sections(folder, "--period", "24h")["What cost more"]["lines"]
    assert said == ["draw of studio cost 9.00 USD more: 9.00 USD, nothing the day before"]


def test_an_old_error_is_not_new(folder: Path) -> None:
    """It was seen ten days ago for the first time, and today again."""
    with (folder / "studio" / "attempts.csv").open("a", encoding="utf-8") as file:
        for name, days in (("x", 10), ("y", 0)):
            file.write(f"{name},{name},write,failed,{moment(days)},{moment(days)},Old\n")
    loaded("studio", cwd=folder)
    assert [row["error"][:4] for row in sections(folder, "--period", "7d")["New errors"]["rows"]] == ["Boom"]
    assert len(sections(folder, "--period", "14d")["New errors"]["rows"]) == 2


def test_an_empty_period(folder: Path) -> None:
    """No runs are said, and are no error."""
    rows = (folder / "studio" / "attempts.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    (folder / "old.csv").write_text("".join(row for row in rows if not row.startswith("n")), encoding="utf-8")
    ok("ingest", "old.csv", "--db", "old.db", cwd=folder)
    said = ok("digest", "--db", "old.db", cwd=folder)
    day = (datetime.now(timezone.utc) - timedelta(days=10)).date()
    assert said.splitlines()[0].endswith(f"All is well; no runs, the last one 10 days ago ({day}).")


def test_of_usage_alone_no_runs_are_missed(folder: Path) -> None:
    """2 USD today, 5 USD ten days ago."""
    ok("ingest", "studio/calls.csv", "--db", "usage.db", cwd=folder)
    for period, named in (("24h", "Last 24 h"), ("7d", "Last 7 days")):
        said = ok("digest", "--db", "usage.db", "--period", period, cwd=folder).splitlines()[0]
        assert said.endswith(f": All is well. {named}: 2.00 USD.")
    assert ok("status", "--db", "usage.db", cwd=folder).startswith("Last 24 hours: 2.00 USD.")


def test_links(folder: Path) -> None:
    """With --url each section leads to its report with its parameters."""
    found = sections(folder, "--url", "https://reports.example/", "--period", "7d")
    assert found["To look at"]["url"] == "https://reports.example/storyreport/health"
    assert found["Cost"]["url"].startswith("https://reports.example/storyreport/cost?since=2")
    assert sections(folder)["Cost"]["url"] is None


class Tags(HTMLParser):
    """The tags of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        """Keep a tag."""
        self.found.add(tag)


def test_formats_take_no_markup_from_an_error(folder: Path) -> None:
    """What an error says is text in each of them."""
    page = Tags()
    said = ok("digest", "--format", "html", "--url", "http://h", cwd=folder)
    page.feed(said)
    assert "b" not in page.found
    assert {"a", "ul", "li", "h1"} <= page.found
    slack = json.loads(ok("digest", "--format", "slack", "--url", "http://h", cwd=folder))
    texts = [block["text"]["text"] for block in slack["blocks"]]
    assert texts[0].startswith("storyreport, ")
    assert any("<http://h/storyreport/top_errors" in text and "Boom &lt;" in text for text in texts)
    assert all(len(text) <= 3000 for text in texts)
    markdown = ok("digest", "--format", "markdown", cwd=folder)
    assert "Boom \\<" in markdown
    assert "\x1b" not in markdown + said + ok("digest", cwd=folder)


@pytest.mark.parametrize("letters", [100, 101, 500])
def test_a_title_says_its_days_and_all_of_it_is_in_slack(letters: int) -> None:
    """Slack takes 150 letters of a header, of which the days are 50: a longer sentence stands below them."""
    verdict = "x" * letters
    slack = json.loads(FORMATS["slack"](Digest("2026-03-01", "2026-03-02", verdict, ()), ""))
    days = "storyreport, 2026-03-01 to 2026-03-02 (UTC days)"
    texts = [block["text"]["text"] for block in slack["blocks"]]
    assert texts == ([f"{days}: {verdict}"] if letters == 100 else [days, verdict])
    assert slack["text"] == f"{days}: {verdict}"


@pytest.mark.parametrize("name", ["text", "markdown", "html", "mail"])
def test_a_name_neither_ends_a_line_nor_turns_it_around(name: str) -> None:
    """Of a step that is called so, in the sentence and in a section; a mail's subject is one line."""
    called = "write\u2028Subject: paid\u202e % 001\u2066"
    found = Digest("2026-03-01", "2026-03-02", called, (Section("Failing steps", "failure_rates", {}, (called,), ()),))
    said = FORMATS[name](found, "")
    parts = message_from_string(said, policy=policy.default).iter_parts() if name == "mail" else ()
    text = next((part.get_content() for part in parts), said)
    assert text.count("write Subject: paid  % 001 ") >= 1
    assert not re.search("[\u2028\u202e\u2066]", said + text)


def test_charts(folder: Path) -> None:
    """A page has them within, a mail as parts, Markdown leads to them; here only the cost can be drawn."""
    page = ok("digest", "--format", "html", cwd=folder)
    assert page.count('<img src="data:image/png;base64,iVBOR') == 1
    mail = message_from_string(ok("digest", "--format", "mail", cwd=folder), policy=policy.default)
    assert mail["Subject"].startswith("storyreport, ")
    parts = {part.get_content_type(): part for part in mail.walk()}
    assert "Work done" in parts["text/plain"].get_content()
    shown = re.findall(r'<img src="cid:([^"]+)"', parts["text/html"].get_content())
    pictures = [part for part in mail.walk() if part.get_content_type() == "image/png"]
    assert [part["Content-ID"] for part in pictures] == [f"<{name}>" for name in shown]
    assert [part.get_content()[:4] for part in pictures] == [b"\x89PNG"]
    markdown = ok("digest", "--format", "markdown", "--url", "http://h", cwd=folder)
    assert re.findall(r"!\[Cost\]\((http://h/storyreport/cost\.png\?since=[^)]+)\)", markdown)
    assert "![" not in ok("digest", "--format", "markdown", cwd=folder), "without a server there is nothing to lead to"


def test_what_is_no_period(folder: Path) -> None:
    """Exit code 2 and one sentence."""
    done = storyreport("digest", "--period", "soon", cwd=folder)
    assert_one_sentence(done, 2)
    assert "24h" in done.stderr
