"""The tiles of the home page: six figures of the last days against as many days before, with a picture of days.

Today is not over: sums are compared by full days, those up to yesterday against as many before.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from ..nouns import counted
from ..reports import periods
from ..values.quantities import duration, money, share
from ..verdicts.figures import change_words
from . import links
from .visitor import Visitor

DAYS, PICTURED_DAYS = 7, 28
COST, COST_PER_STORY = "Cost", "Cost per accepted story"
# Smaller changes, in percent and in points, are neither good nor bad.
LEAST_PCT, LEAST_POINTS = 5, 1
# An en dash stands for a value that is not known.
UNKNOWN = "\N{EN DASH}"
# The picture's measures in units of its own: a bar a day, one unit apart.
BAR_WIDTH, BAR_HEIGHT = 3, 24

Values = Mapping[date, float]
Chosen = Mapping[str, str]


@dataclass(frozen=True)
class Bar:
    """A day's bar in a picture, in the picture's units."""

    x: int
    y: float
    height: float


@dataclass(frozen=True)
class Tile:
    """A figure: its value, the words below it, its change with whether that is good or bad, its days as bars."""

    title: str
    address: str
    value: str = UNKNOWN
    detail: str = ""
    change: str = ""
    tone: str = ""
    explained: str = ""
    picture: tuple[Bar, ...] = ()
    others: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True)
class Words:
    """How a change is called up and down, and whether up is good."""

    up: str
    down: str
    is_good_up: bool

    def tone(self, change: float) -> str:
        """`good` or `bad`."""
        return "good" if (change > 0) == self.is_good_up else "bad"

    def of(self, change: float) -> str:
        """The word for a change."""
        return self.up if change > 0 else self.down


@dataclass(frozen=True)
class Span:
    """Sums of the last days, of the days before, and of each day that is pictured.

    `full` are those of the full days up to yesterday, and of as many before; None where what is compared is no sum.
    `is_young` is a history that begins within the days before: a part of them is no measure for a sum.
    """

    now: float
    before: float
    days: Values
    full: tuple[float, float] | None = None
    is_young: bool = False


DONE = """
    select
        day,
        sum(runs_completed) as completed,
        sum(runs_failed) as failed,
        sum(stories_completed) as stories
    from report
    group by day
"""
SPENT = """
    select
        day,
        currency,
        sum(cost) as cost
    from report
    where cost is not null
    group by day, currency
"""
USED = """
    select
        day,
        sum(calls) as calls,
        sum(total_tokens) as tokens,
        sum(unpriced_calls) as unpriced_calls
    from report
    group by day
"""
# Of calls whose outcome is known, as the report has it of each endpoint.
SUCCEEDED = """
    select
        100.0 * sum(succeeded)
        / sum(case when succeeded > 0 then 100.0 * succeeded / success_pct else calls end) as success_pct
    from report
    where success_pct is not null
"""
DURATIONS = "select day, p50_ms from report"
# What is stuck now, by the day of its last sign of life.
SILENT = """
    select
        substr(coalesce(last_activity_at, started_at, ''), 1, 10) as day,
        count(*) as stuck
    from report
    group by 1
"""
PICTURED = {"since": f"{PICTURED_DAYS}d", "until": "today"}
LAST = {"since": f"{DAYS}d", "until": "today"}
BEFORE = {"since": f"{2 * DAYS}d", "until": f"{DAYS}d"}
IN_DAYS = f"last {DAYS} days"


async def tiles(visitor: Visitor, chosen: Chosen, has_runs: bool = True) -> list[Tile]:
    """The tiles that the visitor may see, in their order; those on runs only where something has run."""
    if not has_runs:
        return [*(await _money(visitor, chosen))[:1], *await _usage(visitor, chosen), *await _calls(visitor, chosen)]
    found: list[Tile | None] = [
        *await _work(visitor, chosen),
        await _median(visitor, chosen),
        *await _money(visitor, chosen),
        await _stuck(visitor, chosen),
    ]
    return [tile for tile in found if tile]


async def _work(visitor: Visitor, chosen: Chosen) -> list[Tile]:
    """Success rate and runs."""
    answer = await visitor.rows("throughput", {**chosen, **PICTURED}, DONE)
    if answer is None:
        return []
    address = links.report(visitor.datasette, "throughput", LAST | _given(chosen))
    if answer.error:
        return [Tile(title, address, note=answer.error) for title in ("Success rate", "Runs")]
    completed, failed = _span(answer.rows, "completed"), _span(answer.rows, "failed")
    ended = _span(answer.rows, "completed", "failed")
    rate = Span(
        _pct(completed.now, ended.now),
        _pct(completed.before, ended.before),
        {day: _pct(completed.days.get(day, 0), number) for day, number in ended.days.items() if number},
    )
    rates = Tile("Success rate", address, detail=f"no run ended in the {IN_DAYS}")
    if ended.now:
        was = rate.before if ended.before else None
        detail = f"{completed.now:,.0f} of {counted(round(ended.now), 'run')}"
        rates = _rate(address, rate.now, was, detail, _picture(rate.days, 100))
    runs = _tile("Runs", address, ended, f"{ended.now:,.0f}", Words("more", "fewer", True))
    return [rates, replace(runs, detail=f"{failed.now:,.0f} failed")]


async def _median(visitor: Visitor, chosen: Chosen) -> Tile | None:
    """The median duration of completed runs."""
    spans = [
        await visitor.rows("run_durations", {**chosen, **period, "by": by}, DURATIONS)
        for period, by in ((LAST, "period"), (BEFORE, "period"), (PICTURED, "day"))
    ]
    address = links.report(visitor.datasette, "run_durations", {**LAST, "by": "period"} | _given(chosen))
    if None in spans:
        return None
    error = next((answer.error for answer in spans if answer and answer.error), "")
    now, before, days = (answer.rows if answer else [] for answer in spans)
    if error or not now:
        return Tile("Median duration", address, note=error, detail=f"no run completed in the {IN_DAYS}")
    span = Span(now[0]["p50_ms"], before[0]["p50_ms"] if before else 0, _span(days, "p50_ms").days)
    tile = _tile("Median duration", address, span, duration(span.now), Words("slower", "faster", False), text=duration)
    return replace(tile, detail="of a completed run")


async def _money(visitor: Visitor, chosen: Chosen) -> list[Tile]:
    """Cost, and cost per accepted story, of each currency: the one with the largest sum is drawn.

    Where nothing cost anything on the days that are pictured there is neither, and without stories not the second.
    """
    spent = await visitor.rows("cost", {**chosen, **PICTURED}, SPENT)
    if spent is None or not (spent.rows or spent.error):
        return []
    address = links.report(visitor.datasette, "cost", LAST | _given(chosen))
    by_currency: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for row in spent.rows:
        by_currency[row["currency"] or ""].append(row)
    costs = {currency: _span(rows, "cost") for currency, rows in by_currency.items()}
    costs = dict(sorted(((c, span) for c, span in costs.items() if span.now), key=lambda pair: (-pair[1].now, pair[0])))
    words = Words("more", "less", False)
    found = [_of_money(COST, address, costs, words, spent.error, f"no cost in the {IN_DAYS}", IN_DAYS)]
    done = await visitor.rows("throughput", {**chosen, **PICTURED}, DONE)
    stories = _span(done.rows if done else [], "stories")
    if done and (done.error or any(stories.days.values())):
        each = {currency: _per(span, stories) for currency, span in costs.items()} if stories.now else {}
        none = f"no story accepted in the {IN_DAYS}" if costs else f"no cost in the {IN_DAYS}"
        detail = f"{counted(round(stories.now), 'story|stories')} accepted"
        # The same sums, by story.
        if await visitor.may_see(["cost_per_story"]):
            address = links.report(visitor.datasette, "cost_per_story", {**LAST, "by": "week"} | _given(chosen))
        error = spent.error or done.error
        found.append(_of_money(COST_PER_STORY, address, each, words, error, none, detail))
    return found


async def _usage(visitor: Visitor, chosen: Chosen) -> list[Tile]:
    """Calls and tokens."""
    used = await visitor.rows("cost", {**chosen, **PICTURED}, USED)
    if used is None or not used.rows:
        return []
    address = links.report(visitor.datasette, "cost", LAST | _given(chosen))
    spans = {title: _span(used.rows, title.lower()) for title in ("Calls", "Tokens")}
    unpriced = _span(used.rows, "unpriced_calls").now
    details = {"Calls": f"{unpriced:,.0f} without a known cost" if unpriced else IN_DAYS, "Tokens": IN_DAYS}
    # Neither more nor fewer of them is good.
    return [
        replace(
            _tile(title, address, span, f"{span.now:,.0f}", Words("more", "fewer", True)),
            tone="",
            detail=details[title],
        )
        for title, span in spans.items()
        if any(span.days.values())
    ]


async def _calls(visitor: Visitor, chosen: Chosen) -> list[Tile]:
    """The success rate of calls; nothing where no outcome is known."""
    answers = [await visitor.rows("api_reliability", {**chosen, **period}, SUCCEEDED) for period in (LAST, BEFORE)]
    now, was = (each.rows[0]["success_pct"] if each and not each.error else None for each in answers)
    if now is None:
        return []
    address = links.report(visitor.datasette, "api_reliability", LAST | _given(chosen))
    return [_rate(address, now, was, f"of the calls in the {IN_DAYS}")]


def _rate(address: str, now: float, was: float | None, detail: str, picture: tuple[Bar, ...] = ()) -> Tile:
    """The tile of a success rate in percent; `was` is None where there was none before."""
    words = Words("better", "worse", True)
    change = 0.0 if was is None else round(now - was, 1)
    before = f"none in the {DAYS} days before" if was is None else f"{was:.1f} % in the {DAYS} days before"
    return Tile(
        "Success rate",
        address,
        share(now),
        detail,
        f"{_sign(change)} {abs(change):.1f} points {words.of(change)}" if change else "",
        _tone(words, change, LEAST_POINTS),
        f"{share(now)} in the {IN_DAYS}, {before}",
        picture,
    )


def _of_money(
    title: str, address: str, costs: Mapping[str, Span], words: Words, error: str, none: str, detail: str
) -> Tile:
    if error or not costs:
        return Tile(title, address, note=error, detail="" if error else none)
    currency, span = next(iter(costs.items()))
    tile = _tile(title, address, span, money(span.now, currency), words, text=lambda value: money(value, currency))
    others = tuple(money(other.now, name) for name, other in costs.items() if name != currency)
    return replace(tile, detail=detail, others=others)


async def _stuck(visitor: Visitor, chosen: Chosen) -> Tile | None:
    """Stuck work; what is stuck now and was silent already when the last days began is the number before."""
    answer = await visitor.rows("stuck_runs", chosen, SILENT)
    if answer is None:
        return None
    address = links.report(visitor.datasette, "stuck_runs", _given(chosen))
    if answer.error:
        return Tile("Stuck", address, note=answer.error)
    counts = [(row["day"], row["stuck"]) for row in answer.rows]
    days = {day: float(sum(n for since, n in counts if since <= day.isoformat())) for day in _pictured()}
    total = float(sum(number for _, number in counts))
    span = Span(total, float(sum(n for since, n in counts if since < first_day().isoformat())), days)
    new = span.now - span.before
    return Tile(
        "Stuck",
        address,
        value=f"{total:,.0f}",
        detail="silent for too long" if total else "nothing is stuck",
        change=f"{_sign(new)} {new:,.0f} new" if new else "",
        tone="bad" if new else "",
        explained=f"{new:,.0f} of them silent since the {IN_DAYS}",
        picture=_picture(days) if total else (),
    )


def _tile(
    title: str,
    address: str,
    span: Span,
    value: str,
    words: Words,
    top: float = 0,
    text: Callable[[float], str] = "{:,.0f}".format,
) -> Tile:
    """A tile whose change is a share of the value before."""
    now, was = span.full or (span.now, span.before)
    change_pct = 100 * (now / was - 1) if was and not span.is_young else 0
    has_changed = abs(change_pct) >= 0.5
    before = f"{text(was) if was else 'nothing'} in the {DAYS} days before"
    if span.full:
        before = f"{text(now)} in the {DAYS} days up to yesterday, {before}"
    if span.is_young:
        before = "too few days before to compare with"
    return Tile(
        title,
        address,
        value,
        change=f"{_sign(change_pct)} {change_words(change_pct, words.up, words.down)}" if has_changed else "",
        tone=_tone(words, change_pct, LEAST_PCT),
        explained=f"{value} in the {IN_DAYS}, {before}",
        picture=_picture(span.days, top),
    )


def _sign(change: float) -> str:
    return "▲" if change > 0 else "▼"


def _tone(words: Words, change: float, least: float) -> str:
    return words.tone(change) if abs(change) >= least else ""


def _given(chosen: Chosen) -> dict[str, str]:
    return {name: value for name, value in chosen.items() if value}


def first_day() -> date:
    """The first (UTC) of the last days, which end with today."""
    return periods.now().date() - timedelta(days=DAYS - 1)


def _pictured() -> list[date]:
    today = periods.now().date()
    return [today - timedelta(days=ago) for ago in reversed(range(PICTURED_DAYS))]


def _span(rows: Sequence[Mapping[str, Any]], *columns: str) -> Span:
    """The sums of columns of rows with days."""
    days: dict[date, float] = defaultdict(float)
    for row in rows:
        if row["day"]:
            days[date.fromisoformat(row["day"])] += sum(row[column] or 0 for column in columns)
    first = first_day()
    before = first - timedelta(days=DAYS)
    one = timedelta(days=1)

    def between(since: date, until: date) -> float:
        return sum(value for day, value in days.items() if since <= day < until)

    full = (between(first - one, first - one + timedelta(days=DAYS)), between(before - one, first - one))
    is_young = before - one < min(days, default=date.min) < first
    return Span(between(first, date.max), between(before, first), days, full, is_young)


def _pct(part: float, whole: float) -> float:
    return 100 * part / whole if whole else 0


def _per(span: Span, stories: Span) -> Span:
    days = {day: span.days.get(day, 0) / number for day, number in stories.days.items() if number}
    return Span(span.now / stories.now, span.before / stories.before if stories.before else 0, days)


def _picture(days: Values, top: float = 0) -> tuple[Bar, ...]:
    """A bar for each of the last days with a value; the largest value, or `top`, is as high as the picture."""
    known = [(place, days[day]) for place, day in enumerate(_pictured()) if days.get(day) is not None]
    top = top or max((value for _, value in known), default=0)
    heights = [(place, max(1.0, round(BAR_HEIGHT * value / top, 1)) if value else 0.5) for place, value in known if top]
    return tuple(Bar(place * (BAR_WIDTH + 1), round(BAR_HEIGHT - height, 1), height) for place, height in heights)
