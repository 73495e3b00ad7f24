"""The Atom feed: planted failures, stuck work, errors and findings; held against the rules of RFC 4287 by hand."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from xml.etree import ElementTree

import pytest
from helpers.denying import denied
from helpers.report_database import ReportDatabase
from helpers.serving import Served

from storyreport.web import accounts
from storyreport.web.mode import mode_for
from storyreport.web.server import Extras

ATOM = "{http://www.w3.org/2005/Atom}"
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
HOSTILE = "</content><script>alert(1)</script> & ]]> \x1b[31m \ufffe"
HEADER = "id,run,step,status,started_at,ended_at,error,pipeline\n"


def moment(**ago: float) -> str:
    """The time so long ago, in whole seconds."""
    return (datetime.now(timezone.utc) - timedelta(**ago)).strftime("%Y-%m-%dT%H:%M:%SZ")


FAILED, STUCK, OLD, AGAIN = moment(days=2), moment(hours=3), moment(days=40), moment(days=1)
TO_COME = moment(days=-20)


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> ReportDatabase:
    """Two sources: one with a new failure, an old error that came again, stuck work and an unpriced call."""
    folder = tmp_path_factory.mktemp("feed")
    database = ReportDatabase(folder)
    for name, rows in {
        "studio": [
            f'1,r1,write,failed,{FAILED},{FAILED},"Boom {HOSTILE}"',
            f"2,r2,write,failed,{OLD},{OLD},Old trouble",
            f"3,r3,write,failed,{AGAIN},{AGAIN},Old trouble",
            f"4,r4,draw,running,{STUCK},,",
            # By a clock that is wrong: no news.
            f"5,r5,colour,failed,{TO_COME},{TO_COME},Trouble to come",
        ],
        "shop": [f"1,s1,pack,failed,{AGAIN},{AGAIN},Out of paper,nightly"],
    }.items():
        place = folder / name
        place.mkdir()
        (place / "attempts.csv").write_text(HEADER + "\n".join(rows) + "\n", encoding="utf-8")
        if name == "studio":
            call = f"id,provider,model,called_at,input_tokens\nc1,nobody,unknown,{AGAIN},5\n"
            (place / "calls.csv").write_text(call, encoding="utf-8")
        database.ingest(place)
    return database


@pytest.fixture(scope="module")
def served(database: ReportDatabase) -> Iterator[Served]:
    """A server of them."""
    served = Served(database.path)
    yield served
    served.close()


def entries(served: Served, address: str = "/-/feed") -> dict[str, dict[str, str]]:
    """The entries of a feed by title (each with id, updated, link and content), after a look at the rules."""
    answer = served.get(address)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/atom+xml; charset=utf-8"
    root = ElementTree.fromstring(answer.content)
    assert root.tag == f"{ATOM}feed"
    for one in (root, *root.findall(f"{ATOM}entry")):
        # Exactly one id, title and updated, each of the right form; and of links with one relation, one.
        assert [len(one.findall(ATOM + name)) for name in ("id", "title", "updated")] == [1, 1, 1]
        assert re.fullmatch(r"urn:uuid:[0-9a-f-]{36}", one.findtext(f"{ATOM}id", ""))
        assert TIME.fullmatch(one.findtext(f"{ATOM}updated", ""))
        links = {link.get("rel"): link.get("href", "") for link in one.findall(f"{ATOM}link")}
        assert len(links) == len(one.findall(f"{ATOM}link"))
        assert all(re.match(r"https?://\S+$", link) for link in links.values())
        assert "alternate" in links
        known = {"id", "title", "updated", "link", "content", "author", "entry"}
        assert {child.tag for child in one} <= {ATOM + name for name in known}
    assert root.findtext(f"{ATOM}author/{ATOM}name") == "storyreport"
    (own,) = (link.get("href", "") for link in root.findall(f"{ATOM}link") if link.get("rel") == "self")
    assert own.endswith(address)
    found = [
        {child.tag.removeprefix(ATOM): child.text or child.get("href") or "" for child in entry}
        for entry in root.findall(f"{ATOM}entry")
    ]
    assert len({entry["id"] for entry in found}) == len(found)
    times = [entry["updated"] for entry in found]
    assert times == sorted(times, reverse=True)
    assert not times or root.findtext(f"{ATOM}updated") == times[0]
    return {f"{entry['title']} {entry['link'].rpartition('/')[2]}": entry for entry in found}


def test_failures_stuck_work_new_errors_and_findings(served: Served) -> None:
    """Each once, at the time at which it came to be; an error that is older than a month is not new."""
    found = entries(served)
    failed = found["Failed: write of studio r1?source=studio"]
    assert failed["updated"] == FAILED.replace("Z", ".000Z")
    assert failed["content"].startswith("run r1\nBoom </content><script>alert(1)</script> & ]]>")
    assert not re.search("[\x00-\x08\x0b-\x1f\ufffe]", failed["content"])
    assert "Failed: write of studio r3?source=studio" in found
    # Forty days ago.
    assert not any(" r2?" in title for title in found)
    # An hour after its last sign of life.
    stuck = datetime.strptime(STUCK, "%Y-%m-%dT%H:%M:%SZ") + timedelta(hours=1)
    assert [entry["updated"] for title, entry in found.items() if title.startswith("Stuck: draw")] == [
        stuck.strftime("%Y-%m-%dT%H:%M:%SZ")
    ]
    new = [title for title in found if title.startswith("New error")]
    assert any("Boom" in title for title in new)
    assert any("Out of paper" in title for title in new)
    assert not any("Old trouble" in title for title in new)
    assert "Warning: unpriced calls cost" in found


def test_ids_stay(served: Served, database: ReportDatabase) -> None:
    """After an ingest, and from another server; what is new comes on top."""
    before = entries(served)
    path = database.path.parent / "shop" / "attempts.csv"
    text, now = path.read_text(encoding="utf-8"), moment()
    path.write_text(text + f"9,s9,pack,failed,{now},{now},Fire\n", encoding="utf-8")
    database.ingest(path.parent)
    other = Served(database.path)
    after = entries(other)
    other.close()
    kept = {title: entry["id"] for title, entry in after.items() if title in before}
    assert kept == {title: entry["id"] for title, entry in before.items()}
    assert {title for title in after if title not in before} == {
        "Failed: pack of shop s9?source=shop",
        "New error: Fire top_errors",
    }


def test_of_one_source_or_pipeline(served: Served) -> None:
    """Others are left out; an unknown name is said."""
    found = entries(served, "/-/feed?source=shop")
    assert "Failed: pack of shop s1?source=shop" in found
    assert not any("studio" in title for title in found)
    found = entries(served, "/-/feed?pipeline=nightly")
    assert "Failed: pack of shop s1?source=shop" in found
    assert any(title.startswith("New error: Out of paper") for title in found)
    # The call without a price is of no pipeline.
    assert not any("studio" in title or "Boom" in title or "unpriced" in title for title in found)
    for name in ("source", "pipeline"):
        answer = served.get(f"/-/feed?{name}=nobody")
        assert (answer.status_code, answer.text) == (404, f"There is no {name} 'nobody'.\n")


def test_home_names_the_feed(served: Served) -> None:
    """Of the source that was chosen there."""
    assert '<link rel="alternate" type="application/atom+xml" title="Failures and findings" href="/-/feed">' in (
        served.get("/").text
    )
    assert 'href="/-/feed?source=shop"' in served.get("/?source=shop").text


def test_what_may_not_be_seen_is_in_no_entry(served: Served) -> None:
    """A denied report's rows and its check are left out; who may see no database gets nothing."""
    with denied("failed_runs"):
        assert not any(title.startswith("Failed") for title in entries(served))
    with denied("cost"):
        assert not any("unpriced" in title for title in entries(served))
    with denied():
        assert served.get("/-/feed").status_code == 403


def test_a_public_server_wants_a_token(database: ReportDatabase) -> None:
    """A reader cannot log in by a page; where everybody may come in, it gets the feed."""
    token = accounts.create_token(database.path, "reader")
    closed = Served(database.path, Extras(mode=mode_for(database.path, "0.0.0.0", False, True, False, ())))
    answer = closed.get("/-/feed")
    assert (answer.status_code, "<feed" in answer.text) == (401, False)
    assert closed.get("/-/feed", headers={"authorization": f"Bearer {token}"}).status_code == 200
    closed.close()
    everybody = Served(database.path, Extras(mode=mode_for(database.path, "0.0.0.0", False, True, True, ())))
    assert "Failed: pack of shop s1?source=shop" in entries(everybody)
    for address in ("/-/reports", "/-/pages"):
        assert everybody.get(address).status_code == 200
    everybody.close()


def test_it_stays_short(tmp_path: Path) -> None:
    """Two hundred failures of one day are the latest fifty."""
    database = ReportDatabase(tmp_path)
    rows = (f"{n},r{n},s{n},failed,{moment(hours=n / 10)},{moment(hours=n / 10)},No {n}" for n in range(200))
    place = tmp_path / "many"
    place.mkdir()
    (place / "attempts.csv").write_text(HEADER + "\n".join(rows) + "\n", encoding="utf-8")
    database.ingest(place)
    served = Served(database.path)
    found = [title for title in entries(served) if title.startswith("Failed")]
    served.close()
    assert len(found) == 50
    assert "Failed: s49 of many r49?source=many" in found
