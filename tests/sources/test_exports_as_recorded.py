"""Exports in columns that public samples have: bills and days, summed by hand."""

from pathlib import Path

import pytest
from helpers.report_database import ReportDatabase

# The file → model, calls, tokens in and out, cost, currency, of all rows.
EXPORTS = {
    "the days of OpenRouter's website": (
        "Date,Slug,Usage,BYOK Usage,Requests,Prompt Tokens,Completion Tokens,Reasoning Tokens\n"
        '"2026-05-12 00:00:00","anthropic/claude-opus-4.7","430.07","0","4115","70965665","3009973","0"\n'
        '"2026-05-13 00:00:00","openai/gpt-5","0.5","12.25","3","70965","3009","100"\n',
        [
            ("anthropic/claude-opus-4.7", 4115, 70965665, 3009973, 430.07, "USD"),
            ("openai/gpt-5", 3, 70965, 3009, 12.75, "USD"),
        ],
    ),
    "Azure's, of an enterprise": (
        "BillingAccountId,Date,Product,MeterCategory,MeterName,Cost,UnitPrice,BillingCurrency,ChargeType\n"
        "8611537,09/21/2026,Azure OpenAI - gpt-4o,Cognitive Services,gpt 4o Inp glbl Tokens,3.25,0.01,USD,Usage\n"
        "8611537,09/21/2026,Azure OpenAI - gpt-4o,Cognitive Services,gpt 4o Inp glbl Tokens,-1.25,0.01,USD,Refund\n",
        [
            ("gpt 4o Inp glbl Tokens", 0, None, None, 3.25, "USD"),
            ("gpt 4o Inp glbl Tokens (Refund)", 0, None, None, -1.25, "USD"),
        ],
    ),
    "Azure's, paid as one goes": (
        "subscriptionGuid,usageDateTime,meterCategory,meterName,quantity,resourceRate,preTaxCost,currency\n"
        "2639de71,2026-09-21,Cognitive Services,gpt 4o Outp Tokens,2,0.5,1,EUR\n"
        "2639de71,2026-09-21,Cognitive Services,gpt 4o Outp Tokens,1,0.5,0.5,EUR\n",
        [("gpt 4o Outp Tokens", 0, None, None, 1.5, "EUR")],
    ),
}


@pytest.mark.parametrize(("text", "calls"), EXPORTS.values(), ids=EXPORTS)
def test_every_recorded_export_counts_what_it_says(
    text: str, calls: list[tuple[object, ...]], db: ReportDatabase, tmp_path: Path
) -> None:
    file = tmp_path / "export.csv"
    file.write_text(text, encoding="utf-8")
    db.ingest(file)
    assert db.sql("select model, calls, input_tokens, output_tokens, cost, currency from calls order by id") == calls
