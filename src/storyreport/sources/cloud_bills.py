"""Cost exports of Azure (EA, MCA and pay-as-you-go, actual costs) and of GitHub, and bills in the FOCUS format.

Refunds, credits and adjustments are lines of their own and negative; what GitHub's plans include costs 0. Accounts,
subscriptions, resources and tags are not copied. Seen were headers of real exports and invented lines.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from . import System, Type, recordfiles

# Column → its names in Azure's exports (EA, MCA, pay-as-you-go) and in FOCUS (https://focus.finops.org).
AZURE = {
    "started_at": ("Date", "date", "UsageDateTime", "usageDateTime"),
    "service": ("MeterCategory", "meterCategory", "ConsumedService", "consumedService"),
    "item": ("MeterName", "meterName", "ProductName"),
    "kind": ("ChargeType", "chargeType"),
    "cost": ("CostInBillingCurrency", "costInBillingCurrency", "PreTaxCost", "preTaxCost", "Cost", "cost"),
    "currency": (
        *("BillingCurrencyCode", "billingCurrencyCode", "BillingCurrency", "billingCurrency"),
        *("Currency", "currency"),
    ),
}
FOCUS = {
    "bill_begins": ("BillingPeriodStart",),
    "started_at": ("ChargePeriodStart",),
    "provider": ("ServiceProviderName", "ProviderName", "PublisherName", "InvoiceIssuerName"),
    "service": ("ServiceName",),
    "item": ("SkuMeter", "ChargeDescription", "SkuId"),
    "kind": ("ChargeCategory",),
    "cost": ("BilledCost",),
    "currency": ("BillingCurrency",),
}
# The usage reports of GitHub's billing, in US dollars: requests to Copilot's models, since June 2026 AI credits.
GITHUB = {
    "started_at": ("date",),
    "service": ("product",),
    "item": ("model", "sku"),
    "cost": ("net_amount",),
}
# Whose bill a line is of: the account that is billed, and the subscription or account within it.
ACCOUNTS = (
    *(("BillingAccountId", "billingAccountId", "BillingAccountNumber", "billingAccountNumber"),),
    *(("SubAccountId", "SubscriptionId", "subscriptionId", "SubscriptionGuid", "subscriptionGuid"),),
)
FOCUS_SIGNS = frozenset(("ChargePeriodStart", "BilledCost", "BillingCurrency", "ChargeCategory"))
GITHUB_SIGNS = frozenset(("date", "product", "sku", "gross_amount", "net_amount"))
AZURE_SIGNS = ("cost", "currency", "started_at")
# How FOCUS names providers that our calls name otherwise.
PROVIDERS = {
    "microsoft": "azure",
    "microsoft azure": "azure",
    "amazon web services": "aws",
    "google": "gcp",
    "google cloud": "gcp",
    "google cloud platform": "gcp",
}
MONTH_FIRST = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})", re.ASCII)

LINES = recordfiles.table(
    {
        "bill_begins": Type.UTC,
        "started_at": Type.UTC,
        "account": Type.KEY,
        "provider": Type.WORD,
        "service": Type.WORD,
        "item": Type.WORD,
        "kind": Type.WORD,
        "cost": Type.NUMBER,
        "currency": Type.WORD,
    },
    required=("started_at", "cost", "currency"),
)


def is_ours(record: Mapping[str, Any]) -> bool:
    """Whether a record is a line of such an export."""
    is_azure = all(any(name in record for name in AZURE[sign]) for sign in AZURE_SIGNS)
    has_meter = any({f"{letter}eterName", f"{letter}eterCategory"} <= record.keys() for letter in "Mm")
    return any(record.keys() >= signs for signs in (FOCUS_SIGNS, GITHUB_SIGNS)) or (is_azure and has_meter)


def rows(record: Mapping[str, Any]) -> Iterator[recordfiles.Row]:
    """The row of a line."""
    if record.keys() >= GITHUB_SIGNS:
        account = recordfiles.account(record, "organization")
        yield {**recordfiles.columns(record, GITHUB), "provider": "github", "currency": "USD", "account": account}
        return
    is_focus = record.keys() >= FOCUS_SIGNS
    row = recordfiles.columns(record, FOCUS if is_focus else AZURE)
    provider = row.get("provider")
    if isinstance(provider, str):
        row["provider"] = PROVIDERS.get(provider.strip().lower(), provider.strip().lower())
    elif not is_focus:
        row["provider"] = "azure"
    # Azure writes the month first, whatever the language.
    if isinstance(row["started_at"], str) and (found := MONTH_FIRST.fullmatch(row["started_at"].strip())):
        row["started_at"] = f"{found[3]}-{int(found[1]):02}-{int(found[2]):02}"
    yield {**row, "account": recordfiles.account(record, *ACCOUNTS)}


SYSTEM = System(
    name="cloud_bills",
    title="cost export of Azure or GitHub, or FOCUS bill",
    parts={"lines": recordfiles.part("cloud_bills_lines", LINES, is_ours, recordfiles.each(rows))},
)
