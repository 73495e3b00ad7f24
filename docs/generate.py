"""Write the generated parts of the documentation: `python -m docs.generate`. A test holds them equal to the code."""

import contextlib
import json
import re
import sqlite3
import sys
import tempfile
from collections.abc import Callable, Iterator
from itertools import groupby
from pathlib import Path

import click
import yaml
from click.testing import CliRunner

from docs import stored
from storyreport import config, reports, schema
from storyreport.__main__ import HELP
from storyreport.cli import cli
from storyreport.ingest import ingest, requests_for
from storyreport.rollups.definition import Table
from storyreport.rollups.definition import tables as rollup_tables

ROOT = Path(__file__).resolve().parent.parent
COLUMNS = ROOT / "docs" / "columns.yml"
BEGIN_HELP, END_HELP = "<!-- help: storyreport -->\n", "<!-- end help -->"
NOTICE = "<!-- Written by `python -m docs.generate`: do not edit. -->\n"
REPORTS_INTRO = """
All reports by topic. The page of a report is `/storyreport/<report>`, its data `/storyreport/<report>.json` or `.csv`;
`storyreport report <report> -p key=value` prints it. Names of reports and columns are stable.

Of a source that is rolled up from a lake (see scale.md) the database has rollups, what needs somebody now, and little
detail. A report of the class rollups says of it what it says of others; one of the current state does so, too, as long
as not more than `--land` rows of a kind are open or failed; one of detail has the rows that landed, and says so.

Times are UTC. Columns `*_ms` are milliseconds, `*_bytes` bytes, `*_pct` per cent. An empty value is unknown, never 0. A
parameter without a value has its default; an empty default means no restriction.

A `date` is `2026-01-31`, a time such as `2026-01-31T09:30Z` (its UTC day), a month `2026-01`, `today`, `yesterday`,
`month` (this one), `last_month`, or a number of hours, days or weeks. `24h` is the day that it was 24 hours ago. As
`since`, `7d` is the first of seven days that end with today; as `until`, it is the day before these. `until` includes
the whole last day: `since=last_month&until=last_month` is last month. After a
`since` in words, an empty `until` is today. An address keeps the word, so that its link stays right.
""".strip()
MODEL_INTRO = """
The tables of the report database. Times are UTC text `YYYY-MM-DDTHH:MM:SS.sssZ`, durations integer milliseconds
(`*_ms`), sizes bytes (`*_bytes`). Every row that comes from a source has `source_id` and `source_key` (unique
together), `input_id` (the part of the source that it was read from) and `gone_at` (when it was deleted in the source).

A reference to a story, run or node is an id. If its target is missing, the id is null and the `*_key` column beside it
holds the key as the source wrote it: the row is an orphan.

## Days

The generated column `day` is the UTC day (`YYYY-MM-DD`) that a row is counted on, taken from the first of its times
that is known. It is an empty text where none is: with `since` or `until` a report leaves such rows out.
""".strip()
# Tables of SQLite, the migrations and the search index.
INTERNAL = ("sqlite_", "_sqlite_migrations", "errors_fts")


def generated() -> dict[Path, str]:
    """The files that are generated, in part or whole, with their texts."""
    with report_database() as connection:
        return {path: write(connection) for path, write in WRITERS.items()}


@contextlib.contextmanager
def report_database() -> Iterator[sqlite3.Connection]:
    """A report database with one small source, so that it has every table."""
    with tempfile.TemporaryDirectory(prefix="storyreport-docs-") as folder:
        database, source = Path(folder) / "report.db", Path(folder) / "steps.csv"
        source.write_text("step,started_at\noutline,2026-03-01T10:00:00Z\n", encoding="utf-8")
        for request in requests_for([source], None, None):
            ingest(database, request)
        with contextlib.closing(schema.open_for_reading(database)) as connection:
            yield connection


def sources_schema(_: sqlite3.Connection) -> str:
    """The JSON schema of storyreport.toml, which editors use."""
    return json.dumps(config.schema(), indent=2) + "\n"


# Help ----------------------------------------------------------------------------------------------------------------


def help_text(_: sqlite3.Connection) -> str:
    """The help of the program and of its commands, which `--help` prints without building it."""
    commands = ((), *_commands(cli, click.Context(cli)))
    texts = (f"$ {' '.join(['storyreport', *command, '--help'])}\n{_help(*command).rstrip()}\n" for command in commands)
    return "\n".join(texts)


def _commands(group: click.Group, context: click.Context, *path: str) -> Iterator[tuple[str, ...]]:
    """The words of each command and of its own commands."""
    for name in group.list_commands(context):
        yield (*path, name)
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from _commands(command, click.Context(command, context, info_name=name), *path, name)


def commands_page(connection: sqlite3.Connection) -> str:
    """docs/commands.md with the help texts of all commands."""
    head, begin, rest = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8").partition(BEGIN_HELP)
    end, tail = END_HELP, rest.partition(END_HELP)[2]
    return f"{head}{begin}```\n{help_text(connection)}```\n{end}{tail}"


def _help(*command: str) -> str:
    # A terminal of 80 columns; the help without a command is stored as it is built.
    width = 78 if command else None
    return CliRunner().invoke(cli, [*command, "--help"], prog_name="storyreport", terminal_width=width).output


# Reports -------------------------------------------------------------------------------------------------------------


def report_reference(connection: sqlite3.Connection) -> str:
    """docs/reports.md: every report with its description, parameters and columns."""
    lines = [
        "# Reports",
        "",
        NOTICE,
        REPORTS_INTRO,
    ]
    for topic, group in groupby(reports.load_reports().values(), lambda report: report.topic):
        lines += ["", f"## {topic}"]
        for report in group:
            lines += ["", *_report(connection, report)]
    return "\n".join(lines) + "\n"


def _report(connection: sqlite3.Connection, report: reports.Report) -> Iterator[str]:
    columns, _ = reports.run(connection, report, {})
    yield f"### {report.title}: `{report.name}`"
    yield ""
    yield report.description
    yield ""
    yield f"Of a lake: {reports.class_of(report)}."
    yield ""
    yield "| parameter | type | default | meaning |"
    yield "|---|---|---|---|"
    for param in report.params:
        default = f"`{param.default}`" if param.default else ""
        yield f"| `{param.name}` | {', '.join(param.choices) or param.type} | {default} | {_cell(param.help)} |"
    yield ""
    yield f"Columns: {', '.join(f'`{column}`' for column in columns)}"


# Data model ----------------------------------------------------------------------------------------------------------


def data_model(connection: sqlite3.Connection) -> str:
    """docs/data-model.md: every table with its columns, references and indexes."""
    tables = [name for name in _names(connection, "table") if not name.startswith(INTERNAL)]
    core = [name for name in tables if not name.startswith(("rollup_", "pruned_"))]
    texts = descriptions()
    lines = [
        "# Data model",
        "",
        NOTICE,
        MODEL_INTRO,
        "",
        *_days(connection, core),
        "",
        "## References",
        "",
        "```mermaid",
        "erDiagram",
        *_relations(connection, core),
        "```",
        "",
        "`source_id` (to `sources`) and `input_id` (to `inputs`) are left out of the diagram.",
        "",
        "## Core tables",
    ]
    for table in core:
        lines += ["", *_table(connection, table, texts.get(table, ""))]
    lines += [
        "",
        "## Rollups",
        "",
        "Sums that `ingest` keeps current, by source and day; a table without `day` has the sums of the whole history.",
        "Columns of the key are bold.",
        "Reports read them instead of the history. Tables `pruned_*` hold what deleted details add to them.",
    ]
    common = yaml.safe_load(COLUMNS.read_text(encoding="utf-8"))
    for table in tables:
        if table in rollup_tables():
            lines += ["", *_rollup(connection, rollup_tables()[table], common)]
    lines += ["", "## Views", "", "| view | columns |", "|---|---|"]
    for view in _names(connection, "view"):
        columns = ", ".join(f"`{name}`" for name, *_ in _columns(connection, view))
        lines.append(f"| `{view}` | {columns} |")
    return "\n".join(lines) + "\n"


def _rollup(connection: sqlite3.Connection, table: Table, common: dict[str, str]) -> Iterator[str]:
    """The section of a rollup's table; a column without a meaning ends the command."""
    yield f"### {table.name}"
    yield ""
    yield " ".join(table.description.split())
    yield ""
    yield "| column | type | meaning |"
    yield "|---|---|---|"
    columns, meanings = list(_columns(connection, table.name)), {**common, **table.meanings}
    if missing := [name for name, *_ in columns if name not in meanings]:
        sys.exit(f"{table.name}: add what {', '.join(missing)} mean below `meanings` in the rollup's header.")
    key = {column.name for column in table.key}
    for name, kind, _ in columns:
        yield f"| {f'**`{name}`**' if name in key else f'`{name}`'} | {kind} | {_cell(meanings[name])} |"


def descriptions() -> dict[str, str]:
    """The descriptions of the tables, as Datasette shows them."""
    metadata = yaml.safe_load((ROOT / "metadata.yml").read_text(encoding="utf-8"))
    tables = metadata["databases"]["storyreport"]["tables"]
    return {name: about.get("description", "") for name, about in tables.items()}


def _table(connection: sqlite3.Connection, table: str, description: str) -> Iterator[str]:
    references = {row[3]: row[2] for row in connection.execute(f"pragma foreign_key_list({table})")}
    yield f"### {table}"
    yield ""
    if description:
        yield description
        yield ""
    yield "| column | type | constraint | reference |"
    yield "|---|---|---|---|"
    for name, kind, constraint in _columns(connection, table):
        reference = f"`{references[name]}`" if name in references else ""
        yield f"| `{name}` | {kind} | {constraint} | {reference} |"
    indexes = [_cell(sql.split(" on ", 1)[1]) for sql in _indexes(connection, table)]
    if indexes:
        yield ""
        yield f"Indexes: {'; '.join(f'`{index}`' for index in indexes)}"


def _columns(connection: sqlite3.Connection, table: str) -> Iterator[tuple[str, str, str]]:
    """(name, type, constraint) of each column."""
    for _, name, kind, is_required, default, key, hidden in connection.execute(f"pragma table_xinfo({table})"):
        if hidden == 1:
            continue
        words = [
            "primary key" if key else "",
            "not null" if is_required else "",
            f"default {default}" if default is not None else "",
            "generated" if hidden else "",
        ]
        yield name, kind.lower().removesuffix(" generated always"), ", ".join(filter(None, words))


def _days(connection: sqlite3.Connection, tables: list[str]) -> Iterator[str]:
    """A table of the generated days, with the times that they are taken from, the first known one first."""
    yield "| table | column | taken from |"
    yield "|---|---|---|"
    for table in tables:
        (sql,) = connection.execute("select sql from sqlite_master where name = ?", [table]).fetchone()
        for column, times in re.findall(r"\b(\w*day) text generated always as \(substr\((.*?), 1, 10\)\)", sql):
            taken = ", ".join(f"`{time}`" for time in re.findall(r"\w*at\b", times))
            yield f"| `{table}` | `{column}` | {taken} |"


def _relations(connection: sqlite3.Connection, tables: list[str]) -> Iterator[str]:
    for table in tables:
        for row in sorted(connection.execute(f"pragma foreign_key_list({table})"), key=lambda row: str(row[3])):
            if row[3] not in ("source_id", "input_id") or table in ("inputs", "ingests"):
                yield f"    {row[2]} ||--o{{ {table} : {row[3]}"


def _indexes(connection: sqlite3.Connection, table: str) -> list[str]:
    rows = connection.execute(
        "select sql from sqlite_master where type = 'index' and tbl_name = ? and sql is not null order by name", [table]
    )
    return [" ".join(sql.split()) for (sql,) in rows]


def _names(connection: sqlite3.Connection, kind: str) -> list[str]:
    # In the order in which they are made: what refers to others comes after them.
    return [
        name for (name,) in connection.execute("select name from sqlite_master where type = ? order by rowid", [kind])
    ]


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


WRITERS: dict[Path, Callable[[sqlite3.Connection], str]] = {
    Path(HELP): help_text,
    **stored.WRITERS,
    ROOT / "docs" / "commands.md": commands_page,
    ROOT / "src" / "storyreport" / "storyreport.schema.json": sources_schema,
    ROOT / "docs" / "reports.md": report_reference,
    ROOT / "docs" / "data-model.md": data_model,
}


def main() -> None:
    """Write all generated files."""
    for path, content in generated().items():
        path.write_text(content, encoding="utf-8")
        print(path.relative_to(ROOT))


if __name__ == "__main__":
    main()
