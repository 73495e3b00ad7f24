"""The files in `src/storyreport/stored/`, which answer without the command line, or spare it work.

They are words to complete, help of reports, headers of rollups and reports, and words for statuses in all spellings.
"""

import json
import sqlite3
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import click
from click.shell_completion import get_completion_class

from storyreport import bundle, headers, reports, statuses
from storyreport.cli import cli
from storyreport.commands.reports import report_help
from storyreport.reports import header
from storyreport.rollups.definition import HEADER
from storyreport.schema import definitions as files
from storyreport.shortcuts import COMPLETE, SHELLS


def words(_: sqlite3.Connection) -> str:
    """Lines of context, word and help; see `shortcuts`.

    Options also have their names (if they are given once) and whether they take a value, reports their topic and size.
    """
    lines = [*_of_command(cli, click.Context(cli, info_name="storyreport"), ""), *_of_reports()]
    return "".join("\t".join(" ".join(field.split()) for field in line) + "\n" for line in lines)


def helps(_: sqlite3.Connection) -> str:
    """The help of every report."""
    known = reports.load_reports().values()
    return "\n".join(f"$ storyreport report {each.name} --help\n{report_help(each)}\n" for each in known)


def script(shell: str, _: sqlite3.Connection) -> str:
    """The script that a shell runs for completion."""
    made = get_completion_class(shell)
    assert made
    found = made(cli, {}, "storyreport", COMPLETE)
    return f"{found.source_template % found.source_vars()}\n"


def rollup_headers(_: sqlite3.Connection) -> str:
    """The headers of the rollups' files, parsed, by the digests of their texts."""
    found = (HEADER.fullmatch(text) for _, text in files.rollups().values())
    texts = [match[1] for match in found if match]
    return json.dumps({headers.digest(text): headers.parse(text) for text in texts}, indent=1) + "\n"


def report_headers(connection: sqlite3.Connection) -> str:
    """The headers of our reports, parsed, and the columns of their SELECTs, by the digests of the files' texts."""
    found = {}
    for path in sorted((bundle.root() / "queries").glob("*.sql")):
        text = path.read_text(encoding="utf-8")
        match = header.HEADER.fullmatch(text)
        assert match
        parsed = headers.parse(match[1])
        columns = connection.execute(
            f"select * from (\n{match[2].strip().removesuffix(';')}\n) limit 0",
            dict.fromkeys(parsed.get("params", ()), ""),
        )
        found[headers.digest(text)] = {"header": parsed, "columns": [column for column, *_ in columns.description]}
    return json.dumps(found, indent=1) + "\n"


def _of_command(command: click.Command, context: click.Context, path: str) -> Iterator[tuple[str, ...]]:
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            child = command.get_command(context, name)
            assert child
            yield path, name, child.get_short_help_str()
            yield from _of_command(child, click.Context(child, context, info_name=name), f"{path} {name}".strip())
    for param in command.get_params(context):
        if isinstance(param, click.Option) and not param.hidden:
            names = [*param.opts, *param.secondary_opts]
            once = "" if param.multiple or param.count else " ".join(names)
            for name in names:
                is_flag = param.is_flag or param.count
                yield f"{path} -", name, param.help or "", once, "" if is_flag else "value"
                if isinstance(param.type, click.Choice):
                    yield from ((f"{path} {name}", str(choice), "") for choice in param.type.choices)


def _of_reports() -> Iterator[tuple[str, ...]]:
    folder = bundle.root() / "queries"
    for report in reports.load_reports().values():
        yield "reports", report.name, report.title, report.topic, str((folder / f"{report.name}.sql").stat().st_size)
    for report in reports.load_reports().values():
        for param in report.params:
            yield f"report {report.name} -p", f"{param.name}=", param.help
            values = param.choices or (reports.DATES if param.type == "date" else ())
            yield from ((f"report {report.name} {param.name}=", f"{param.name}={value}", "") for value in values)


STORED = Path(reports.__file__).parent.parent / "stored"
WRITERS: dict[Path, Callable[[sqlite3.Connection], str]] = {
    STORED / "words.tsv": words,
    STORED / "reports.txt": helps,
    headers.ROLLUPS: rollup_headers,
    headers.REPORTS: report_headers,
    statuses.STORED: lambda _: statuses.to_store(),
    **{STORED / f"completion.{shell}": partial(script, shell) for shell in SHELLS},
}
