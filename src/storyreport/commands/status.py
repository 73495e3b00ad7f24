"""The command `status`: of a story or run and its steps, or of everything."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click

from ..errors import UsageError
from ..nouns import counted
from ..terminal.output import AS_JSON, Shape, draws_blocks, echo, write
from .options import EPILOG, with_config, with_database
from .reports import complete_keys, complete_sources, opened, use_limits

# Runs of a pipeline that fit beside its name.
RUNS = 26

# Of a story and of a run: the report of its steps, and the columns that say the same in each row.
ABOUT = {"story": ("story_status", ("source", "story", "title")), "run": ("run_timeline", ())}
FIND = """
    select distinct :kind as kind, keyed.source_key as key, sources.name as source
    from sources
    cross join {table} as keyed
        on
            keyed.source_id = sources.id
            and keyed.source_key >= :key
            and keyed.source_key < :key || char(1114111)
    where :source in ('', sources.name)
    order by keyed.source_key <> :key, keyed.source_key
    limit 11
"""


@click.command(epilog=EPILOG)
@click.argument("key", metavar="[STORY|RUN]", required=False, shell_complete=complete_keys)
@click.option("--source", default="", metavar="NAME", shell_complete=complete_sources, help="Look in one source only.")
@click.option(
    "--format", "form", type=click.Choice(["table", "json"]), default="table", show_default=True, help="Output."
)
@with_config
@with_database
def status(key: str | None, source: str, form: str, config_path: Path | None, database: Path) -> None:
    """Print the status of a story or run and of its steps; the beginning of a key is enough.

    Without one: the last 24 hours, the last runs of each pipeline, and what to look at.
    """
    use_limits(config_path)
    with opened(database) as connection:
        if key is None:
            everything = _everything(connection, source)
        else:
            answers = [_about(connection, *one) for one in _found(connection, key, source)]
    if key is None:
        echo(_json(everything) if form == "json" else "\n".join(_home(everything)))
    elif form == "json":
        click.echo(_json(answers[0] if len(answers) == 1 else answers))
    else:
        _write(answers)


def _write(answers: Sequence[dict[str, Any]]) -> None:
    """Print stories and runs as tables."""
    for place, answer in enumerate(answers):
        if place:
            click.echo()
        steps = answer.pop("steps")
        if summary := answer.pop("summary", ""):
            click.echo(f"{summary}\n")
        write("table", list(answer), [tuple(answer.values())], Shape())
        click.echo()
        names = list(dict.fromkeys(name for step in steps for name in step))
        first = ("step", "status", "duration_ms", "error", "attempts")
        write("table", names, [tuple(step.values()) for step in steps], Shape(first=first, all_by=AS_JSON))


def _json(value: object) -> str:
    import json

    return json.dumps(value, indent=1)


# Of everything -------------------------------------------------------------------------------------------------------


def _everything(connection: Any, source: str) -> dict[str, Any]:
    """The verdict on the last 24 hours, the last runs of each pipeline (newest first), and the checks with findings."""
    from itertools import groupby

    from .. import reports
    from ..verdicts import figures, reasons

    if source:
        reports.check_name(connection, "source", source)
    wall = _rows(connection, "run_wall", {"source": source})
    pipelines = groupby(wall, key=lambda run: (run["source"], run["pipeline"]))
    checks = _rows(connection, "health", {"source": source})
    return {
        "last_24h": ", ".join(fact.text for fact in figures.of_hours(connection, 24, {"source": source})),
        "reasons": [f"{fact.text}: {fact.detail}" for fact in reasons.of_hours(connection, 24, source)],
        "pipelines": [
            {"source": name, "pipeline": pipeline, "runs": list(runs)} for (name, pipeline), runs in pipelines
        ],
        "checks": [check for check in checks if check["status"] != "ok"],
    }


def _home(found: dict[str, Any]) -> Iterator[str]:
    """The lines for a terminal; blocks only where they can be seen."""
    import shutil
    import textwrap

    from ..terminal import sparks, tables

    wide = shutil.get_terminal_size().columns
    for said in (f"Last 24 hours: {found['last_24h']}.", *found["reasons"]):
        yield from textwrap.wrap(said, wide)
    if found["pipelines"]:
        yield ""
    names = [" ".join(filter(None, (each["source"], each["pipeline"]))) for each in found["pipelines"]]
    width = min(sparks.NAME_WIDTH, max(map(tables.display_width, names), default=0))
    for name, each in zip(names, found["pipelines"], strict=True):
        runs = each["runs"]
        failed, slow = sum(run["status"] == "failed" for run in runs), sum(bool(run["is_slow"]) for run in runs)
        pictured = f"{sparks.runs(runs[:RUNS])}{' ' * (RUNS - len(runs))}  " if draws_blocks() else ""
        yield f"{tables.padded(name, width)}  {pictured}{counted(len(runs), 'run')}, {failed} failed, {slow} slow"
    yield ""
    if not found["checks"]:
        yield "All checks are ok."
        return
    columns = ["status", "detail", "report"]
    rows = [[check[column] for column in columns] for check in found["checks"]]
    yield from tables.table(columns, rows, wide)


# Of a story or run ---------------------------------------------------------------------------------------------------


def _found(connection: Any, key: str, source: str) -> list[tuple[str, str, str]]:
    """(kind, key, source) of the story or run that is meant; UsageError where there is none, or more than one."""
    from .. import reports

    if source:
        reports.check_name(connection, "source", source)
    tables = {"story": "stories", "run": "runs"}
    found: list[tuple[str, str, str]] = []
    for kind, table in tables.items():
        given = {"kind": kind, "key": key, "source": source}
        found += connection.execute(FIND.format(table=table), given).fetchall()
    if exact := [each for each in found if each[1] == key]:
        # A run may have the key of its story: the story says more.
        return [each for each in exact if each[0] == exact[0][0]]
    if not found or not key:
        likely = [name for kind in tables for name in reports.names_like(connection, kind, key)]
        raise UsageError(f"There is no story or run {key!r}{reports.hint('story', key, likely)}")
    if len({each[1] for each in found}) > 1:
        keys = ", ".join(dict.fromkeys(each[1] for each in found[:10]))
        raise UsageError(f"Several keys begin with {key!r}, name one of them: {keys}.")
    return [each for each in found if each[0] == found[0][0]]


def _about(connection: Any, kind: str, key: str, source: str) -> dict[str, Any]:
    """What is known of a story or run, and its `steps`: those of the report, a dict each."""
    name, same = ABOUT[kind]
    if kind == "story":
        rows = _rows(connection, name, {"source": source, kind: key})
        about: dict[str, Any] = {"source": source, "story": key, "title": rows[0]["title"] if rows else None}
        steps = [row for row in rows if row["step"] is not None]
        # A story without known steps has the status that its source gives.
        about |= {} if steps or not rows else {"status": rows[0]["status"]}
    else:
        about = dict(*_rows(connection, "run_status", {"source": source, kind: key})[:1])
        steps = _rows(connection, name, {"source": source, kind: key})
    return {**about, "steps": [{name: step[name] for name in step if name not in same} for step in steps]}


def _rows(connection: Any, name: str, given: dict[str, str]) -> list[dict[str, Any]]:
    from .. import reports

    columns, rows = reports.run(connection, reports.find(name), given)
    return [_row(columns, row) for row in rows]


def _row(columns: Sequence[str], row: Sequence[Any]) -> dict[str, Any]:
    return dict(zip(columns, row, strict=True))
