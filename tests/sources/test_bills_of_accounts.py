"""Bills of several accounts in one command: equal lines of two are two, a line of one that is exported again is one."""

import json
from pathlib import Path

import pytest
from helpers.report_database import ReportDatabase

OPENAI = (
    "start_time,end_time,start_time_iso,end_time_iso,amount_value,amount_currency,line_item,project_id,organization_id\n"
    '1793923200,1794009600,2026-11-06T00:00:00+00:00,2026-11-07T00:00:00+00:00,2.5,usd,"gpt-5, input",,{}\n'
)
ANTHROPIC = (
    "usage_date_utc,model,workspace,api_key,usage_type,context_window,token_type,cost_usd,cost_type\n"
    "2026-11-06,Claude Sonnet 4.6,{},key,standard,≤ 200k,output,2.5,token\n"
)
AWS = (
    "bill/PayerAccountId,lineItem/UsageAccountId,identity/LineItemId,lineItem/UsageStartDate,lineItem/ProductCode,"
    "lineItem/UsageType,lineItem/UnblendedCost,lineItem/CurrencyCode\n"
    "1,{},a,2026-11-06T00:00:00Z,AmazonBedrock,in,2.5,USD\n"
)
GOOGLE = (
    "billing_account_id,project.id,service.description,sku.description,usage_start_time,cost,currency,cost_type\n"
    "b,{},Vertex AI,in,2026-11-06 10:00:00+00:00,2.5,USD,regular\n"
)
AZURE = (
    "Date,SubscriptionId,MeterCategory,MeterName,CostInBillingCurrency,BillingCurrencyCode\n"
    "11/06/2026,{},Azure OpenAI,in,2.5,USD\n"
)
FOCUS = (
    "BilledCost,BillingCurrency,BillingAccountId,ChargePeriodStart,ServiceName,SkuId,ChargeCategory,ProviderName\n"
    "2.5,USD,{},2026-11-06T00:00:00Z,Azure OpenAI,in,Usage,Microsoft\n"
)
DEEPSEEK = "user_id,utc_date,model,wallet_type,cost,currency\n{},2026-11-06,deepseek-chat,PAID,2.5,USD\n"
AMOUNT = {"amount": {"value": 2.5, "currency": "usd"}, "line_item": "gpt-5, input", "organization_id": "ACCOUNT"}
COSTS = json.dumps({"data": [{"start_time": 1793923200, "end_time": 1794009600, "results": [AMOUNT]}]})
BILLS = {
    "openai_console": OPENAI,
    "openai_usage": COSTS,
    "anthropic_console": ANTHROPIC,
    "aws_cur": AWS,
    "gcp_billing": GOOGLE,
    "azure": AZURE,
    "focus": FOCUS,
    "deepseek": DEEPSEEK,
}


@pytest.mark.parametrize(("accounts", "cost"), [(("tales", "poems"), 5.0), (("tales", "tales"), 2.5)])
@pytest.mark.parametrize("name", BILLS)
def test_equal_lines_of_two_accounts_are_two(
    db: ReportDatabase, tmp_path: Path, name: str, accounts: tuple[str, str], cost: float
) -> None:
    bill = BILLS[name].replace("{}", "ACCOUNT")
    paths = [tmp_path / f"{place}.{'json' if bill == COSTS else 'csv'}" for place in "ab"]
    for path, account in zip(paths, accounts, strict=True):
        path.write_text(bill.replace("ACCOUNT", account), "utf-8")
    db.ingest(*paths)
    assert db.one("select sum(cost) from calls where gone_at is null") == cost
    assert b"poems" not in db.path.read_bytes()


@pytest.mark.parametrize(
    "names", [("bill", "bill (1)"), ("bill (9)", "bill (10)"), ("bill", "bill(1)"), ("bill", "bill-1")]
)
@pytest.mark.parametrize("is_folder", [True, False])
@pytest.mark.parametrize("name", BILLS)
def test_a_bill_that_was_downloaded_again(
    db: ReportDatabase, tmp_path: Path, name: str, is_folder: bool, names: tuple[str, str]
) -> None:
    """The later download counts, of a day that had 2.5 and has 3.5 now: in a folder, and as a shell lists them."""
    bill = BILLS[name].replace("{}", "tales").replace("ACCOUNT", "tales")
    (folder := tmp_path / "bills").mkdir()
    for stem, amount in zip(names, ("2.5", "3.5"), strict=True):
        path = folder / f"{stem}.{'json' if BILLS[name] == COSTS else 'csv'}"
        path.write_text(bill.replace("2.5", amount), "utf-8")
    db.ingest(*([folder] if is_folder else sorted(folder.iterdir())))
    assert db.one("select sum(cost) from calls where gone_at is null") == 3.5


@pytest.mark.parametrize(("keys", "cost"), [(("tales", "poems"), 5.0), (("tales", "tales"), 2.5)])
@pytest.mark.parametrize("as_folder", [True, False])
def test_exports_of_two_keys_of_anthropic_add_up(
    db: ReportDatabase, tmp_path: Path, keys: tuple[str, str], cost: float, as_folder: bool
) -> None:
    """Of one workspace: the console exports each key by itself; what it exports of a key again is the same."""
    (folder := tmp_path / "exports").mkdir()
    paths = [folder / f"{place}.csv" for place in "ab"]
    for path, key in zip(paths, keys, strict=True):
        path.write_text(ANTHROPIC.replace("{},key", f"Default,{key}"), "utf-8")
    given = [folder] if as_folder else paths
    db.ingest(*given)
    assert db.one("select sum(cost) from calls where gone_at is null") == cost
    assert db.ingest(*given).unchanged
