"""What failed, is stuck or was found lately, as an Atom feed at `/-/feed`: of all sources, one source or pipeline."""

import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from xml.etree import ElementTree

from datasette import Response

from .. import reports
from . import context, links
from .permissions import ensure_database
from .visitor import Visitor

PATH = "/-/feed"
ATOM = "http://www.w3.org/2005/Atom"
MEDIA_TYPE = "application/atom+xml"
NAMES = ("source", "pipeline")
DAYS, MOST = 30, 50
# An entry keeps its id on every server and under every address: a reader shows it once.
NAMESPACE = uuid.UUID("6f0d1ac4-8f5e-4f60-9b4c-0f0a4a6f5c11")
# What XML cannot hold.
FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# A feed without entries is as old as this.
NEVER = "1970-01-01T00:00:00Z"

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Entry:
    """An entry: its id, title and text, the time at which it came to be (UTC text), and its page."""

    id: str
    title: str
    text: str
    updated: str
    address: str


@dataclass(frozen=True)
class Kind:
    """A kind of entries: its report, the report's parameters, the select of its rows (with `updated`), and its words.

    `key` are the columns that tell its entries apart.
    """

    name: str
    report: str
    values: Mapping[str, str]
    select: str
    key: tuple[str, ...]
    title: Callable[[Row], str]
    text: Callable[[Row], str]


def _work(row: Row) -> str:
    return f"{row['step'] or row['kind']} of {row['source']}"


def _about(row: Row) -> str:
    about = (("story", row["story"]), ("run", row["run"]))
    return ", ".join(f"{name} {value}" for name, value in about if value)


KINDS = (
    Kind(
        "failed",
        "failed_runs",
        {"since": f"{DAYS}d"},
        f"""
        select
            source,
            kind,
            run,
            story,
            step,
            failed_at as updated,
            error
        from report
        where failed_at is not null
        order by failed_at desc
        limit {MOST}
        """,
        ("source", "kind", "run", "story", "step", "updated"),
        lambda row: f"Failed: {_work(row)}",
        lambda row: "\n".join(filter(None, (_about(row), row["error"]))),
    ),
    Kind(
        "stuck",
        "stuck_runs",
        {},
        # It is stuck from the moment at which its silence is longer than the limit.
        f"""
        select
            source,
            kind,
            run,
            story,
            step,
            reason,
            coalesce(last_activity_at, started_at) as silent_since,
            strftime(
                '%Y-%m-%dT%H:%M:%SZ',
                coalesce(last_activity_at, started_at),
                case broken_limit when 'queued_minutes' then :queued_minutes else :minutes end || ' minutes'
            ) as updated
        from report
        where coalesce(last_activity_at, started_at) is not null
        order by updated desc
        limit {MOST}
        """,
        ("source", "kind", "run", "story", "step", "silent_since"),
        lambda row: f"Stuck: {_work(row)}",
        lambda row: "\n".join(filter(None, (_about(row), row["reason"]))),
    ),
    Kind(
        "error",
        "top_errors",
        # Read from the whole history: an error of a period may have been seen before it.
        {},
        f"""
        select
            error,
            example,
            min(first_seen) as updated
        from report
        where first_seen >= strftime('%Y-%m-%dT%H:%M:%SZ', 'now', '-{DAYS} days')
        group by error
        order by updated desc
        limit {MOST}
        """,
        ("error",),
        lambda row: f"New error: {row['error']}",
        lambda row: row["example"] or row["error"],
    ),
    Kind(
        "finding",
        "health",
        {},
        # What is found by the clock has entries of its own, or is too old from a known moment on.
        """
        select
            "check",
            status,
            detail,
            action,
            report,
            case
                when "check" = 'freshness'
                    then (
                        select strftime('%Y-%m-%dT%H:%M:%SZ', min(last_ingest_at), :stale_minutes || ' minutes')
                        from source_states
                        where :source in ('', name)
                    )
                else (
                    select max(finished_at)
                    from ingests
                    where
                        status = 'completed'
                        and inserted + updated + gone > 0
                        and source_id in (select id from sources where :source in ('', name))
                )
            end as updated
        from report
        where
            status <> 'ok'
            and "check" not in ('stuck', 'failed', 'failed runs')
        order by "check"
        """,
        ("check",),
        lambda row: f"{row['status'].capitalize()}: {row['check']}",
        lambda row: "\n".join(filter(None, (row["detail"], row["action"]))),
    ),
)


def address(datasette: Any, request: Any) -> str:
    """The feed's address for what the visitor has chosen."""
    chosen = {name: value for name, value in context.of(request).items() if name in NAMES}
    return str(datasette.urls.path(PATH)) + (f"?{urlencode(chosen)}" if chosen else "")


async def page(request: Any, datasette: Any) -> Response:
    """The feed, with what the visitor may see; 404 for an unknown source or pipeline."""
    await ensure_database(datasette, request.actor)
    visitor = Visitor(datasette, request)
    chosen = {name: request.args.get(name) or "" for name in NAMES}
    source, pipeline = chosen["source"], chosen["pipeline"]
    is_known = {
        "source": not source or source in {each.name for each in await visitor.sources()},
        "pipeline": not pipeline or await visitor.has_pipeline(pipeline),
    }
    for name, value in chosen.items():
        if not is_known[name]:
            return Response.text(f"There is no {name} {value!r}.\n", status=404)
    entries: dict[str, Entry] = {}
    for kind in KINDS:
        result = await _rows(visitor, kind, chosen)
        if isinstance(result, str):
            return Response.text(f"{kind.report}: {result}\n", status=503)
        entries |= {entry.id: entry for entry in (_entry(visitor, kind, row, chosen) for row in result)}
    latest = sorted(entries.values(), key=lambda entry: entry.updated, reverse=True)
    return Response(_xml(visitor, latest, chosen), content_type=f"{MEDIA_TYPE}; charset=utf-8")


async def _rows(visitor: Visitor, kind: Kind, chosen: Mapping[str, str]) -> list[dict[str, Any]] | str:
    """The rows of a kind, none where the visitor may not see its report, or why they cannot be read."""
    report = reports.load_reports().get(kind.report)
    takes = {param.name for param in report.params} if report else set()
    if any(value and name not in takes for name, value in chosen.items()):
        return []
    given = {**kind.values, **{name: value for name, value in chosen.items() if name in takes}}
    result = await visitor.result(kind.report, given, kind.select)
    if result is None:
        return []
    shown = await visitor.may_see([row["report"] for row in result.rows if row.get("report")])
    return result.error or [row for row in result.rows if not row.get("report") or row["report"] in shown]


def _entry(visitor: Visitor, kind: Kind, row: Row, chosen: Mapping[str, str]) -> Entry:
    of_all = "" if "source" in kind.key else chosen["source"]
    key = "\x1f".join([kind.name, of_all, *(str(row[name] or "") for name in kind.key)])
    target = _target(visitor.datasette, kind, row, chosen)
    return Entry(_urn(key), kind.title(row), kind.text(row), _moment(row["updated"]), target)


def _target(datasette: Any, kind: Kind, row: Row, chosen: Mapping[str, str]) -> str:
    for name in ("run", "story"):
        if row.get(name):
            return links.detail(datasette, name, row[name], row["source"])
    source = row.get("source") or chosen["source"]
    return links.report(datasette, row.get("report") or kind.report, {"source": source} if source else {})


def _urn(key: str) -> str:
    return uuid.uuid5(NAMESPACE, key.encode("utf-8", "replace").decode()).urn


def _moment(value: str | None) -> str:
    """A time as Atom has it: with hours, seconds and zone."""
    text = value or NEVER
    return text if text.endswith("Z") else f"{text[:10]}T00:00:00Z"


def _xml(visitor: Visitor, entries: list[Entry], chosen: Mapping[str, str]) -> bytes:
    datasette, request = visitor.datasette, visitor.request
    given = {name: value for name, value in chosen.items() if value}
    query = f"?{urlencode(given)}" if given else ""
    root = ElementTree.Element("feed", xmlns=ATOM)
    words = ", ".join(f"{name} {value}" for name, value in given.items())
    for name, text in (
        ("id", _urn(f"feed{query}")),
        ("title", f"storyreport: failures and findings{f' ({words})' if words else ''}"),
        ("updated", max((entry.updated for entry in entries), default=NEVER)),
    ):
        _add(root, name, text)
    _add(_add(root, "author"), "name", "storyreport")
    own = datasette.absolute_url(request, str(datasette.urls.path(PATH)) + query)
    _add(root, "link", rel="self", type=MEDIA_TYPE, href=own)
    home = datasette.absolute_url(request, str(datasette.urls.instance()))
    _add(root, "link", rel="alternate", type="text/html", href=home)
    for entry in entries:
        _add_entry(root, entry, datasette.absolute_url(request, entry.address))
    written: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return written


def _add_entry(root: ElementTree.Element, entry: Entry, target: str) -> None:
    element = _add(root, "entry")
    _add(element, "id", entry.id)
    _add(element, "title", " ".join(entry.title.split()))
    _add(element, "updated", entry.updated)
    _add(element, "link", rel="alternate", type="text/html", href=target)
    _add(element, "content", entry.text, type="text")


def _add(parent: ElementTree.Element, name: str, text: str = "", **attributes: str) -> ElementTree.Element:
    element = ElementTree.SubElement(parent, name, {key: _safe(value) for key, value in attributes.items()})
    element.text = _safe(text) or None
    return element


def _safe(text: str) -> str:
    return FORBIDDEN.sub(" ", text)


def routes() -> list[tuple[str, Any]]:
    """The feed's address."""
    return [(rf"{PATH}$", page)]
