"""`storyreport report` with dates in words."""

from pathlib import Path

from helpers.command_line import storyreport


def test_a_month_and_a_word_on_the_command_line(tmp_path: Path) -> None:
    """November has both of its edges; the years between then and now are in no last days."""
    days = ("2019-10-31", "2019-11-01", "2019-11-30", "2019-12-01")
    lines = [f"{day}T23:59:59Z,acme,1.0" for day in days]
    (tmp_path / "calls.csv").write_text("called_at,provider,cost\n" + "\n".join(lines), encoding="utf-8")
    assert storyreport("ingest", "calls.csv", cwd=tmp_path).returncode == 0

    def found(*given: str) -> list[str]:
        pairs = [part for pair in given for part in ("-p", pair)]
        done = storyreport("report", "cost", *pairs, "--format", "csv", cwd=tmp_path)
        assert (done.returncode, done.stderr) == (0, "")
        return sorted(line.partition(",")[0] for line in done.stdout.splitlines()[1:])

    assert found("since=2019-11", "until=2019-11") == ["2019-11-01", "2019-11-30"]
    assert found("since=2019-11-30T10:00Z", "until=yesterday") == ["2019-11-30", "2019-12-01"]
    assert found("since=7d") == []
    assert found("since=99999d", "until=last_month") == list(days)
