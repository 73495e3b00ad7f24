"""A day that two months' bills have: zones and late usage put a part of it on another bill than the rest."""

import json
from pathlib import Path

import pytest
from helpers.report_database import ReportDatabase

# Google's months begin at midnight in California: eight hours of December 1 (UTC) are on November's bill.
GOOGLE = json.dumps(
    {
        "billing_account_id": "b",
        "service": {"description": "Vertex AI"},
        "sku": {"description": "in"},
        "usage_start_time": "2026-12-01 03:00:00+00:00",
        "cost": 0,
        "currency": "USD",
        "cost_type": "regular",
        "invoice": {"month": "2026MM"},
    }
)
GOOGLE_CSV = (
    "billing_account_id,service.description,sku.description,usage_start_time,cost,currency,cost_type,invoice.month\n"
    "b,Vertex AI,in,2026-12-01 03:00:00+00:00,0,USD,regular,2026MM\n"
)
AWS = (
    "bill/PayerAccountId,bill/BillingPeriodStartDate,lineItem/UsageStartDate,lineItem/ProductCode,"
    "lineItem/UsageType,lineItem/UnblendedCost,lineItem/CurrencyCode\n"
    "1,2026-MM-01T00:00:00Z,2026-11-30T00:00:00Z,AmazonBedrock,in,0,USD\n"
)
FOCUS = (
    "BilledCost,BillingCurrency,BillingAccountId,BillingPeriodStart,ChargePeriodStart,ServiceName,SkuId,"
    "ChargeCategory,ProviderName\n"
    "0,USD,a,2026-MM-01T00:00:00Z,2026-12-01T00:00:00Z,Vertex AI,in,Usage,Google Cloud\n"
)
# Usage of November that was reported late is on December's invoice, which is dated its month's last day.
TABLE = (
    "Invoice number,1\nInvoice date,2026-MM-30\nCurrency,USD\n"
    "Service description,SKU description,Credit type,Cost type,Usage start date,Unrounded cost ($)\n"
    "Vertex AI,in,,Usage,2026-11-30,0\n"
)
BILLS = {"table.csv": TABLE, "google.jsonl": GOOGLE, "google.csv": GOOGLE_CSV, "aws.csv": AWS, "focus.csv": FOCUS}


def bill(path: Path, month: str, amount: str) -> Path:
    """A month's bill with one line of a day."""
    text = BILLS[path.name.partition("-")[2]].replace("MM", month)
    path.write_text(
        text.replace("\n0,", f"\n{amount},")
        .replace(",0,", f",{amount},")
        .replace(": 0,", f": {amount},")
        .replace(",0\n", f",{amount}\n")
    )
    return path


@pytest.mark.parametrize("is_at_once", [True, False])
@pytest.mark.parametrize("name", BILLS)
def test_a_day_on_two_bills(db: ReportDatabase, tmp_path: Path, name: str, is_at_once: bool) -> None:
    """1.25 dollars on November's bill and 0.5 on December's are 1.75; one that is given again replaces itself alone."""
    bills = [bill(tmp_path / f"{month}-{name}", month, amount) for month, amount in (("11", "1.25"), ("12", "0.5"))]
    for given in [bills] if is_at_once else [[path] for path in bills]:
        db.ingest(*given, name="bills", append=not is_at_once)
    assert db.one("select sum(cost) from calls where gone_at is null") == 1.75
    db.ingest(bill(tmp_path / f"again-{name}", "12", "0.75"), name="bills", append=True)
    assert db.one("select sum(cost) from calls where gone_at is null") == 2.0


def test_a_rounding_of_no_day(db: ReportDatabase, tmp_path: Path) -> None:
    """What Google rounds of an invoice has its date: 1.25 less 0.003 dollars; the total below is no amount."""
    path = bill(tmp_path / "11-table.csv", "11", "1.25")
    path.write_text(path.read_text("utf-8") + ",,,Rounding error,,-0.003\n,,,Total,,1.247\n", "utf-8")
    db.ingest(path)
    assert db.sql("select day, cost from calls order by cost") == [("2026-11-30", -0.003), ("2026-11-30", 1.25)]
    assert db.one("select count(*) from rejects where severity = 'rejected'") == 0
