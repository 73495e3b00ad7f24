"""The commands that print rows of reports, and what other commands that read share: completion, limits, warnings."""

import contextlib
import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..errors import StoryreportError, UsageError
from ..terminal.control import CONTROL
from ..terminal.output import AS_JSON, Shape, echo, write
from .options import EPILOG, with_config, with_database, with_format, with_queries

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from ..config import Config
    from ..reports import Catalogue, Report, Rows

# The columns that are the answer of a report at the prompt, where these are not what its chart draws.
ANSWERS = {
    "overview": ("period", "source", "runs", "success_pct", "stories_accepted", "cost", "cost_per_accepted_story"),
    "run_timeline": ("step", "attempt", "status", "duration_ms", "error"),
    "story_attempts": ("step", "attempt", "status", "duration_ms", "error"),
    "story_trees": ("story", "title", "problems", "nodes", "endings"),
    "batch_events": ("at", "step", "status", "message"),
    "recent_events": ("at", "step", "status", "message"),
}


@contextlib.contextmanager
def opened(database: Path) -> Iterator[Any]:
    """The report database, for reading."""
    from ..schema import open_for_reading
    from ..transaction import interruptible

    with contextlib.closing(open_for_reading(database)) as connection, interruptible(connection):
        yield connection


def use_limits(config_path: Path | None) -> "Config | None":
    """Let the reports use the limits of the sources file, if there is one."""
    from .. import config, reports

    found = config.find(config_path)
    if found and found.limits:
        from ..verdicts import bounds

        bounds.use(found.limits)
    if found and found.health:
        reports.set_limits(found.health)
    return found


def warn_of_broken_reports(queries: tuple[Path, ...]) -> "Catalogue":
    """The catalogue with the reports of these folders; the files that cannot be used are listed on stderr."""
    from .. import reports

    reports.add_folders(queries)
    catalogue = reports.load_catalogue()
    for sentence in (*catalogue.missing, *map(str, catalogue.broken)):
        click.echo(f"Warning: {CONTROL.sub(' ', sentence)}", err=True)
    return catalogue


def warn_of_wrong_limits() -> None:
    """List the limits of the sources file that cannot be used, and so are not drawn, on stderr."""
    from ..verdicts import bounds

    for sentence in bounds.wrong():
        click.echo(f"Warning: {CONTROL.sub(' ', sentence)}", err=True)


def warn_of_broken_pages(folders: tuple[Path, ...]) -> None:
    """Add folders of pages; the files that cannot be used are listed on stderr."""
    from .. import dashboards

    dashboards.add_folders(folders)
    loaded = dashboards.load()
    for sentence in (*loaded.missing, *map(str, loaded.broken)):
        click.echo(f"Warning: {CONTROL.sub(' ', sentence)}", err=True)


# Completion ----------------------------------------------------------------------------------------------------------


def complete_reports(_: click.Context, __: click.Parameter, incomplete: str) -> list["CompletionItem"]:
    """Names of reports, with their titles."""
    from click.shell_completion import CompletionItem

    from .. import reports

    found = reports.load_reports().values()
    return [CompletionItem(each.name, help=each.title) for each in found if each.name.startswith(incomplete)]


def complete_params(ctx: click.Context, _: click.Parameter, incomplete: str) -> list["CompletionItem"]:
    """Parameters of the report; after the `=`, values that the report database knows."""
    from click.shell_completion import CompletionItem

    from .. import reports
    from ..reports import DATES

    # A `-p` that has no value yet keeps click from knowing the arguments before it.
    named = ctx.params.get("name") or next(iter(ctx.args), "")
    report = reports.load_reports().get(named)
    params = {param.name: param for param in report.params} if report else {}
    name, is_value, start = incomplete.partition("=")
    if not is_value:
        return [CompletionItem(f"{key}=", help=param.help) for key, param in params.items() if key.startswith(name)]
    if name not in params:
        return []
    if choices := params[name].choices:
        return [CompletionItem(f"{name}={value}") for value in choices if value.startswith(start)]
    kind = params[name].type if params[name].type in ("source", "pipeline", "step") else name
    values = DATES if params[name].type == "date" else complete_names(ctx, kind, start)
    return [CompletionItem(f"{name}={value}") for value in values if value.startswith(start)]


def complete_names(ctx: click.Context, kind: str, start: str) -> list[str]:
    """Names of a kind in the report database that begin like this; none where it cannot be read."""
    from .. import reports

    try:
        with opened(ctx.params.get("database") or Path("storyreport.db")) as connection:
            return [name for name in reports.names_like(connection, kind, start) if name.startswith(start)]
    except (StoryreportError, OSError):
        return []


def complete_sources(ctx: click.Context, _: click.Parameter, incomplete: str) -> list["CompletionItem"]:
    """Names of sources."""
    from click.shell_completion import CompletionItem

    return [CompletionItem(name) for name in complete_names(ctx, "source", incomplete)]


def complete_keys(ctx: click.Context, _: click.Parameter, incomplete: str) -> list["CompletionItem"]:
    """Keys of stories and runs."""
    from click.shell_completion import CompletionItem

    return [CompletionItem(name) for kind in ("story", "run") for name in complete_names(ctx, kind, incomplete)]


# report --------------------------------------------------------------------------------------------------------------


class ReportCommand(click.Command):
    """`report NAME --help` explains that report."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Print the help of a report, where one is named."""
        if helps := {"-h", "--help"} & set(args):
            given, _, _ = self.make_parser(ctx).parse_args([word for word in args if word not in helps])
            if isinstance(name := given.get("name"), str):
                from .. import reports

                reports.add_folders(given.get("queries") or ())
                click.echo(report_help(reports.find(name)))
                ctx.exit()
        words = list(args)
        try:
            return super().parse_args(ctx, args)
        except click.UsageError as error:
            if hint := _as_parameter(words):
                raise UsageError(hint) from error
            raise


def _as_parameter(words: list[str]) -> str:
    """A sentence on the first word that is a parameter of a report, but not given as one; '' where none is."""
    from .. import reports

    names = {param.name for report in reports.load_reports().values() for param in report.params}
    for before, word in itertools.pairwise(("", *words)):
        name, is_value, value = word.lstrip("-").partition("=")
        if name in names and before not in ("-p", "--param") and (word.startswith("--") or is_value):
            return f"A parameter of a report is given with -p: -p {name}={value or 'VALUE'}."
    return ""


def report_help(report: "Report") -> str:
    """The help of a report: what it shows, its parameters and columns."""
    formatter = click.HelpFormatter(width=78)
    formatter.write_usage("storyreport", f"report {report.name} [-p KEY=VALUE]...")
    formatter.write_paragraph()
    with formatter.indentation():
        formatter.write_text(f"{report.title}. {report.description}")
    with formatter.section("Parameters"):
        formatter.write_dl(
            [
                (
                    f"-p {param.name}={'|'.join(param.choices) or param.noun.upper()}",
                    param.help + (f" [{param.default}]" if param.default else ""),
                )
                for param in report.params
            ]
        )
    with formatter.section("Columns"):
        formatter.write_text(", ".join(report.columns))
    return formatter.getvalue().rstrip()


@click.command(cls=ReportCommand, epilog=EPILOG)
@click.argument("name", required=False, shell_complete=complete_reports)
@click.option(
    "-p",
    "--param",
    "given",
    metavar="KEY=VALUE",
    multiple=True,
    shell_complete=complete_params,
    help="A parameter of the report.",
)
@with_format
@click.option("--json", "as_json", is_flag=True, help="Short for --format json.")
@click.option("--wide", is_flag=True, help="All columns in full, however wide the table becomes.")
@click.option("--safe-csv", is_flag=True, help="CSV for a spreadsheet: no cell is run as a formula.")
@click.option("--bom", is_flag=True, help="CSV with a byte-order mark, by which Excel knows UTF-8.")
@with_config
@with_database
@with_queries
def report(
    name: str | None,
    given: tuple[str, ...],
    form: str,
    as_json: bool,
    wide: bool,
    safe_csv: bool,
    bom: bool,
    config_path: Path | None,
    database: Path,
    queries: tuple[Path, ...],
) -> None:
    """Print a report, all of its rows; without a NAME, list the reports.

    The table has human units and the columns that fit; `report NAME --help` explains the report.
    """
    form = "csv" if safe_csv or bom else "json" if as_json else form
    if name is None:
        _list(form, Shape(is_wide=wide, is_safe=safe_csv, has_mark=bom), queries)
        return
    from .. import lake_detail, reports

    use_limits(config_path)
    reports.add_folders(queries)
    for sentence in reports.load_catalogue().missing:
        click.echo(f"Warning: {sentence}", err=True)
    found = reports.find(name)
    for pair in given:
        if "=" not in pair:
            raise UsageError(f"-p takes key=value, not {pair!r}.")
    parameters = dict(pair.split("=", 1) for pair in given)
    with_values = reports.bind(found, parameters)
    with opened(database) as connection:
        columns, rows = lake_detail.run(connection, found, parameters)
        reports.check_names(connection, found, with_values, bool(rows))
        if not lake_detail.readable(connection, found, with_values):
            for sentence in reports.missing(
                found, with_values, reports.lakes_of(connection, with_values.get("source", ""))
            ):
                click.echo(CONTROL.sub(" ", f"Note: {sentence}"), err=True)
        write(
            form,
            columns,
            rows,
            Shape(
                wide,
                ANSWERS.get(found.name, found.drawn),
                safe_csv,
                bom,
                lambda width: _above(found, columns, rows, width),
                "--wide",
            ),
        )


def _above(report: "Report", columns: Sequence[str], rows: "Rows", width: int) -> Iterator[str]:
    """What a terminal shows above the table: the headline, and the chart of days as lines of blocks."""
    import textwrap

    from .. import reports
    from ..terminal import sparks

    named = [dict(zip(columns, row, strict=True)) for row in rows]
    for lines in (
        textwrap.wrap(reports.headline(report.headline, named), width),
        list(sparks.over_time(report.chart, named, width)),
    ):
        yield from [*lines, ""] if lines else ()


def _list(form: str, shape: Shape, queries: tuple[Path, ...]) -> None:
    from .. import shortcuts

    rows = [] if queries else shortcuts.report_rows()
    if not rows:
        known = warn_of_broken_reports(queries).reports.values()
        rows = [(each.name, each.topic, each.title, ", ".join(param.name for param in each.params)) for each in known]
    if form == "table":
        plain = [[CONTROL.sub(" ", text) for text in row] for row in rows]
        echo(shortcuts.listing((topic, name, title) for name, topic, title, _ in plain).rstrip())
    else:
        write(form, list(shortcuts.LISTED), rows, shape)


# stats ---------------------------------------------------------------------------------------------------------------


@click.command(epilog=EPILOG)
@click.argument("source", required=False, shell_complete=complete_sources)
@with_format
@with_database
def stats(source: str | None, form: str, database: Path) -> None:
    """Print how many stories have which status at each step, of one SOURCE or of all.

    As JSON, a SOURCE is {step: {status: stories}}; without one, they are by source.
    """
    from .. import reports

    found = reports.find("step_states")
    with opened(database) as connection:
        values = reports.bind(found, {"source": source or ""})
        columns, rows = reports.run(connection, found, values)
        reports.check_names(connection, found, values, bool(rows))
    if form != "json":
        write(form, columns, rows, Shape(first=columns, all_by=AS_JSON))
        return
    import json

    by_source: dict[str, dict[str, dict[str, int]]] = {}
    for name, step, *counts, _ in rows:
        # A step of this name in another pipeline has a row of its own.
        stories = by_source.setdefault(name, {}).setdefault(step, {})
        for status, count in zip(columns[2:-1], counts, strict=True):
            if count:
                stories[status] = stories.get(status, 0) + count
    click.echo(json.dumps(by_source.get(source, {}) if source else by_source, indent=1))
