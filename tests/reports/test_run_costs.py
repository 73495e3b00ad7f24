"""What runs cost, of which a report lists the most expensive: by day, by currency, and whatever is chosen."""

import pytest
from helpers.report_database import ReportDatabase, pairs

ATTEMPTS = "run,pipeline,step,status,started_at,ended_at"
CALLS = "run,provider,called_at,cost,currency"


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> ReportDatabase:
    """Three days with a failed run of 9, a completed one of 5 and one of 4 USD (and 1 EUR); two newer runs are free."""
    folder = tmp_path_factory.mktemp("costs")
    attempts, calls = [ATTEMPTS], [CALLS]
    for day in ("01", "02", "03"):
        for name, status, cost, place in (
            ("bad", "failed", 9, 0),
            ("good", "completed", 5, 1),
            ("low", "completed", 4, 2),
        ):
            time = f"2026-03-{day}T1{place}:00:00Z"
            attempts.append(f"{name}-{day},{'books' if name != 'low' else 'films'},plan,{status},{time},{time}")
            # What a day costs grows by a cent a day.
            calls.append(f"{name}-{day},acme,{time},{cost}.{day},USD")
        calls.append(f"low-{day},acme,2026-03-{day}T12:00:00Z,1,EUR")
    attempts += [
        f"free-{hour},films,plan,completed,2026-03-04T{hour}:00:00Z,2026-03-04T{hour}:00:00Z" for hour in (10, 11)
    ]
    for name, lines in (("attempts", attempts), ("calls", calls)):
        (folder / f"{name}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    found = ReportDatabase(folder)
    found.ingest(folder / "attempts.csv", folder / "calls.csv", name="studio")
    return found


def runs(db: ReportDatabase, **given: str) -> list[str]:
    return [str(row["run"]) for row in db.report("recent_runs", order="cost", **given)]


def test_the_most_expensive_are_found_in_every_day_and_whatever_is_chosen(db: ReportDatabase) -> None:
    """9.03 > 9.02 > 9.01 > 5.03 …; a limit of one day must not hide what a choice leaves."""
    assert runs(db, limit="1") == ["bad-03"]
    assert runs(db, limit="4") == ["bad-03", "bad-02", "bad-01", "good-03"]
    assert runs(db, limit="1", status="completed") == ["good-03"]
    assert runs(db, limit="2", status="completed", until="2026-03-02") == ["good-02", "good-01"]
    assert runs(db, limit="1", pipeline="films") == ["low-03", "low-03"], "a row for each currency"
    assert runs(db, limit="1", step="plan", since="2026-03-01", until="2026-03-01") == ["bad-01"]
    assert runs(db, limit="1", step="unknown") == []


def test_free_runs_come_last_the_newest_first(db: ReportDatabase) -> None:
    """Nine runs cost something, of which three have a second row in EUR."""
    assert runs(db, limit="10")[-1] == "free-11"
    assert runs(db)[-2:] == ["free-11", "free-10"]
    assert runs(db, since="2026-03-04") == ["free-11", "free-10"]


def test_each_currency_has_its_own_sum(db: ReportDatabase) -> None:
    found = pairs(db.report("recent_runs", order="cost", limit="1", pipeline="films"), "cost", "currency")
    assert found == [(1.0, "EUR"), (4.03, "USD")]
