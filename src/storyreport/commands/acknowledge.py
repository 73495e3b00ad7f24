"""The command `ack`: put known findings of a check aside, so that new ones stand out."""

from pathlib import Path

import click

from ..errors import UsageError
from ..nouns import counted
from ..terminal.output import CONTROL
from .options import EPILOG, with_config, with_database, with_format
from .places import progress_line
from .reports import opened, use_limits


@click.command(epilog=EPILOG)
@click.argument("check", required=False, default="")
@click.option(
    "--until", "until_text", default="", metavar="DATE", help="Last day (UTC) that it holds [default: always]."
)
@click.option("--note", default="", metavar="TEXT", help="Why the findings are left as they are.")
@click.option("--list", "is_list", is_flag=True, help="List what is acknowledged.")
@click.option("--remove", is_flag=True, help="Take an acknowledgement back.")
@with_format
@with_config
@with_database
def ack(
    check: str,
    until_text: str,
    note: str,
    is_list: bool,
    remove: bool,
    form: str,
    config_path: Path | None,
    database: Path,
) -> None:
    """Acknowledge the findings that the check CHECK of `health` has now.

    The home page folds them up, `check` and `digest` leave them out. A finding that comes later is new.
    """
    if is_list == bool(check):
        raise UsageError("Name a check, such as `storyreport ack orphans`, or use --list.")
    if is_list:
        _list(database, form)
        return
    from ..upkeep import acknowledge as upkeep

    # Limits name a check of two words so.
    check = check.replace("_", " ")

    use_limits(config_path)
    with progress_line() as progress:
        if remove:
            upkeep.take_back(database, check, progress)
            click.echo(f"{check}: all findings count again")
            return
        day = upkeep.until(until_text)
        number = upkeep.acknowledge(database, check, day, CONTROL.sub(" ", note).strip(), progress)
    findings = counted(number, "finding")
    click.echo(f"{check}: {findings} acknowledged{f' until {day}' if day else ''}; new ones are reported")


def _list(database: Path, form: str) -> None:
    from .. import reports
    from ..terminal.output import AS_JSON, Shape, write

    with opened(database) as connection:
        write(form, *reports.run(connection, reports.find("known_findings"), {}), Shape(all_by=AS_JSON))
