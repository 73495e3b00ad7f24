"""What calls of a lake cost that name no cost: priced by the statement that prices an ingest's."""

import sqlite3

from ..pricing.estimates import HAS_USAGE, IS_BILLED, ONCE, PRICED, RATE_COLUMNS, rate_row, rates_of
from ..pricing.files import kept
from ..pricing.rates import KEY
from .core import Core, layouts
from .dialect import translate

UNPRICED = "select * from calls where cost is null"
FLAGS = ("is_free", "takes_tokens", "prices_tokens")
TEXTS = (*KEY, "priced_as", "currency", "from_day", "until_day", "from_time", "until_time")
COLUMNS = {
    name: "flag"
    if name in FLAGS
    else "text"
    if name in TEXTS
    else "integer"
    if name.endswith("_tokens") and not name.startswith("extra_")
    else "real"
    for name in RATE_COLUMNS
}


def price(core: Core, connection: sqlite3.Connection) -> None:
    """Make `calls` of the loaded ones, with an estimate where they have no cost."""
    keys = ", ".join(KEY)
    used = f"select {keys}, max({HAS_USAGE}) > 0 as has_usage from ({UNPRICED}) as calls group by {keys}"
    found = list(core.engine.rows(translate(used, core.engine.dialect)))
    price_file = kept(connection)
    rates = [
        rate_row(tuple(key), rate)
        for *key, has_usage in found
        for rate in rates_of(tuple(key), bool(has_usage), price_file)
    ]
    core.engine.table("rates", COLUMNS, rates)
    core.keep("estimates", PRICED.replace(ONCE, "").format(calls=UNPRICED, is_billed=IS_BILLED))
    layout = layouts()["calls"]
    estimated = {"estimated_cost": "cost", "estimated_currency": "currency", "priced_as": "priced_as"}
    made = {column: sql for column, sql in layout.generated.items() if "estimated_cost" in sql}
    columns = ", ".join(
        f"estimates.{estimated[name]} as {name}" if name in estimated else f"loaded.{name}"
        for name in layout.types
        if name not in made
    )
    generated = "".join(f", cast({sql} as {layout.types[name]}) as {name}" for name, sql in made.items())
    core.keep(
        "calls",
        f"select priced.*{generated} from (select {columns} from loaded_calls as loaded"
        " left join estimates on estimates.id = loaded.id) as priced",
    )
