"""What an answer cost is not known where nobody knows how much was sent: too little would be a wrong amount."""

from pathlib import Path

import pytest
from helpers.report_database import ReportDatabase


# GPT-4o: 2.50 dollars a million in, 1.25 from the cache, 10 out.
@pytest.mark.parametrize(
    ("sent", "cached", "cost"),
    [
        ("", "", None),
        ("many", "", None),
        ("-5", "", None),
        ("0", "", 0.01),
        ("1000", "", 0.0125),
        ("", "1000", 0.01125),
        # Nothing came from the cache: that says nothing of the rest.
        ("", "0", None),
        ("9223372036854775808", "0", None),
    ],
)
def test_an_answer_to_unknown_tokens_is_unpriced(
    db: ReportDatabase, tmp_path: Path, sent: str, cached: str, cost: float | None
) -> None:
    header = "id,called_at,model,input_tokens,cache_read_tokens,output_tokens\n"
    (path := tmp_path / "calls.csv").write_text(f"{header}1,2026-03-01,gpt-4o,{sent},{cached},1000\n", "utf-8")
    db.ingest(path)
    assert db.sql("select output_tokens, round(estimated_cost, 9) from calls") == [(1000, cost)]
    assert [row["unpriced_calls"] for row in db.report("cost", since="2026-03-01")] == [int(cost is None)]
