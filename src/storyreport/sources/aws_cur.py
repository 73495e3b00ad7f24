"""AWS Cost and Usage Reports (CUR and CUR 2.0) as CSV: the bill of every service that the report has.

Credits, refunds and discounts are lines of their own and negative. Resources and tags are not copied, and of accounts a
short digest. Reports as Parquet must be written as CSV first. Seen were headers of real reports and invented lines.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from . import System, Type, recordfiles

# Column → its name in CUR and in CUR 2.0 (Data Exports).
NAMES = {
    "line_item_id": ("identity/LineItemId", "identity_line_item_id"),
    "time_interval": ("identity/TimeInterval", "identity_time_interval"),
    "bill_begins": ("bill/BillingPeriodStartDate", "bill_billing_period_start_date"),
    "started_at": ("lineItem/UsageStartDate", "line_item_usage_start_date"),
    "line_item_type": ("lineItem/LineItemType", "line_item_line_item_type"),
    "product_code": ("lineItem/ProductCode", "line_item_product_code"),
    "usage_type": ("lineItem/UsageType", "line_item_usage_type"),
    "product_name": ("product/ProductName", "product_product_name"),
    "operation": ("lineItem/Operation", "line_item_operation"),
    "usage_amount": ("lineItem/UsageAmount", "line_item_usage_amount"),
    "cost": ("lineItem/UnblendedCost", "line_item_unblended_cost"),
    # After the discounts that were agreed on: what is charged, where the report has it.
    "net_cost": ("lineItem/NetUnblendedCost", "line_item_net_unblended_cost"),
    "currency": ("lineItem/CurrencyCode", "line_item_currency_code"),
}
ACCOUNT = (
    *("lineItem/UsageAccountId", "line_item_usage_account_id"),
    *("bill/PayerAccountId", "bill_payer_account_id"),
)
SIGNS = ("started_at", "product_code", "usage_type", "cost")

LINES = recordfiles.table(
    {
        "line_item_id": Type.KEY,
        "account": Type.KEY,
        "time_interval": Type.KEY,
        "bill_begins": Type.UTC,
        "started_at": Type.UTC,
        "line_item_type": Type.WORD,
        "product_code": Type.WORD,
        "usage_type": Type.WORD,
        "product_name": Type.WORD,
        "operation": Type.WORD,
        "usage_amount": Type.NUMBER,
        "cost": Type.NUMBER,
        "net_cost": Type.NUMBER,
        "currency": Type.WORD,
    },
    required=("started_at", "cost"),
)


def is_ours(record: Mapping[str, Any]) -> bool:
    """Whether a record is a line of a report."""
    return any(all(NAMES[sign][version] in record for sign in SIGNS) for version in (0, 1))


def rows(record: Mapping[str, Any]) -> Iterator[recordfiles.Row]:
    """The row of a line; one of the marketplace has the product's name, for its code says nothing."""
    row = recordfiles.columns(record, NAMES)
    _, marketplace, usage_type = str(row["usage_type"] or "").rpartition("MP:")
    if marketplace:
        row |= {"usage_type": usage_type, "product_name": row["product_name"] or _name_in(record.get("product"))}
    else:
        row["product_name"] = None
    yield {**row, "account": recordfiles.account(record, ACCOUNT)}


def _name_in(product: Any) -> str | None:
    """The name in CUR 2.0's map of a product."""
    try:
        name = json.loads(product)["product_name"]
    except (TypeError, ValueError, KeyError, RecursionError):
        return None
    return name if isinstance(name, str) else None


SYSTEM = System(
    name="aws_cur",
    title="AWS Cost and Usage Report",
    parts={"lines": recordfiles.part("aws_cur_lines", LINES, is_ours, recordfiles.each(rows))},
)
