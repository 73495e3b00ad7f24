"""Google Cloud billing: the console's cost table (CSV), and the rows of the BigQuery export (JSON or CSV).

Credits are negative: lines of their own in the table, a list within each row of the export. Accounts, projects and
labels are not copied. The table begins with the invoice, whose currency counts, and may end with its total, which is
left out. Seen were invented files in the layout of real ones.
"""

import ast
import contextlib
import csv
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from ..readers import text as textfiles
from . import System, Type, recordfiles

SIGNS = {"Service description", "SKU description", "Cost type", "Usage start date"}
# The invoice, before the table.
LONGEST_INVOICE = 30
LONGEST_ENTRY = 200
OF_INVOICE = ("Currency", "Invoice date")
DELIMITER = re.compile(r"[,;\t|]")
COST = re.compile(r"(unrounded )?cost \((.+)\)", re.IGNORECASE)
CURRENCIES = {"$": "USD", "US$": "USD", "€": "EUR", "£": "GBP", "₹": "INR", "₩": "KRW", "R$": "BRL", "CHF": "CHF"}
CODE = re.compile("[A-Z]{3}")
ISO_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)

LINES = recordfiles.table(
    {
        "started_at": Type.UTC,
        "account": Type.KEY,
        "bill_month": Type.WORD,
        "service": Type.WORD,
        "sku": Type.WORD,
        "cost_type": Type.WORD,
        "credit_type": Type.WORD,
        "usage_amount": Type.NUMBER,
        "usage_unit": Type.WORD,
        "cost": Type.NUMBER,
        "currency": Type.WORD,
    },
    required=("started_at", "cost", "currency"),
)


def records(path: Path) -> Iterator[textfiles.Record]:
    """The records of a file; of a cost table, those below the invoice, with the invoice's currency."""
    invoice: dict[str, str] = {}
    header: list[str] = []
    delimiter = ","
    for place, (number, text, problem) in enumerate(textfiles.lines(path)):
        if not header and place > LONGEST_INVOICE:
            break
        if not header and "SKU description" not in (text or ""):
            name, value, *_ = (*DELIMITER.split((text or "")[:LONGEST_ENTRY], maxsplit=1), "")
            invoice[name.strip(' "')] = value.strip(' ,;|\t"')
            continue
        if not header:
            # A spreadsheet may have saved it again.
            delimiter = max(",;\t|", key=(text or "").count)
        cells = _cells(text or "", delimiter)
        if not header:
            header = cells if set(cells) >= SIGNS else []
        elif problem or len(cells) != len(header):
            yield number, None, problem or f"the line has not the {len(header)} fields of the header"
        else:
            values = {name: cell or None for name, cell in zip(header, cells, strict=True)}
            yield number, {**values, **{name: invoice.get(name) for name in OF_INVOICE}}, None
    if not header:
        yield from textfiles.records(path)


def _cells(text: str, delimiter: str) -> list[str]:
    try:
        return [cell.strip() for cell in next(csv.reader([text], delimiter=delimiter), [])]
    except csv.Error:
        return []


def is_ours(record: Mapping[str, Any]) -> bool:
    """Whether a record is a line of a cost table or a row of the export."""
    return record.keys() >= SIGNS or (
        {"usage_start_time", "cost", "currency", "cost_type"} <= record.keys()
        and bool({"sku", "sku.description", "sku_description"} & record.keys())
    )


def rows(record: Mapping[str, Any]) -> Iterable[recordfiles.Row]:
    """The rows of a line: its cost, and its credits."""
    return _table_rows(record) if record.keys() >= SIGNS else _export_rows(record)


def _table_rows(record: Mapping[str, Any]) -> Iterator[recordfiles.Row]:
    amounts = {name: match for name in record if (match := COST.fullmatch(name))}
    # The unrounded cost comes first.
    name, match = next(iter(sorted(amounts.items(), key=lambda item: item[1][1] is None)), (None, None))
    if name is None or match is None:
        raise textfiles.BrokenRecord("the line has no cost")
    if _is_total(record):
        return
    names = {
        "started_at": "Usage start date",
        "service": "Service description",
        "sku": "SKU description",
        "cost_type": "Cost type",
        "credit_type": "Credit type",
        "usage_amount": "Usage amount",
        "usage_unit": "Usage unit",
        "cost": name,
    }
    currency = record.get("Currency") or CURRENCIES.get(match[2], match[2])
    if not CODE.fullmatch(currency):
        raise textfiles.BrokenRecord(f"the currency {match[2]} is not known")
    account = recordfiles.account(record, "Billing account ID", "Project ID")
    row = {**recordfiles.columns(record, names), "currency": currency, "account": account}
    # The rounding of the whole is of no day. An invoice is dated the last day of its month.
    dated = record.get("Invoice date") or ""
    month = dated[:7].replace("-", "") if ISO_DATE.fullmatch(dated) else None
    yield {**row, "started_at": row["started_at"] or dated or None, "bill_month": month}


def _is_total(record: Mapping[str, Any]) -> bool:
    """Whether a line adds up the others: it names no service and no SKU."""
    words = {value.strip().lower() for value in record.values() if isinstance(value, str)}
    is_named = record.get("Service description") or record.get("SKU description")
    return not is_named and bool(words & {"total", "subtotal", "filtered total"})


def _export_rows(record: Mapping[str, Any]) -> Iterator[recordfiles.Row]:
    names = {
        "started_at": "usage_start_time",
        "cost_type": "cost_type",
        "service": ("service.description", "service_description"),
        "sku": ("sku.description", "sku_description"),
        "currency": "currency",
        "bill_month": ("invoice.month", "invoice_month"),
    }
    row = recordfiles.columns(record, names)
    project = recordfiles.inside(record, "project", "id")
    named = {**record, "project": project if isinstance(project, str) else None}
    row["account"] = recordfiles.account(named, "billing_account_id", ("project", "project.id", "project_id"))
    row["bill_month"] = row["bill_month"] or recordfiles.inside(record, "invoice", "month")
    row["service"] = row["service"] or recordfiles.inside(record, "service", "description")
    row["sku"] = row["sku"] or recordfiles.inside(record, "sku", "description")
    yield {
        **row,
        "usage_amount": recordfiles.inside(record, "usage", "amount"),
        "usage_unit": recordfiles.inside(record, "usage", "unit"),
        "cost": record.get("cost"),
    }
    for credit in _credits(record.get("credits")):
        kind = recordfiles.inside(credit, "type") or "credit"
        yield {**row, "credit_type": kind, "cost": recordfiles.inside(credit, "amount")}


def _credits(held: Any) -> list[Any]:
    """The credits of a row; in CSV they are a text: JSON, what Python prints of a list, or their sum by a query."""
    if isinstance(held, str) and held:
        try:
            held = json.loads(held)
        except (ValueError, RecursionError):
            with contextlib.suppress(ValueError, SyntaxError, RecursionError, MemoryError):
                held = ast.literal_eval(held)
    if isinstance(held, (int, float)) and not isinstance(held, bool):
        held = [{"amount": held}] if held else []
    if held and not isinstance(held, list):
        raise textfiles.BrokenRecord("credits is no list")
    return held or []


SYSTEM = System(
    name="gcp_billing",
    title="Google Cloud billing export",
    parts={"lines": recordfiles.part("gcp_billing_lines", LINES, is_ours, recordfiles.each(rows), records=records)},
)
