"""The command line: its commands, each imported when it is called, and how errors are said."""

from importlib import import_module
from typing import Any

import click

from . import __version__
from .control import CONTROL
from .errors import StoryreportError, UsageError
from .options import EPILOG

# Command → module and name. Of the commands that are not called nothing is imported: a script waits for it.
COMMANDS = {
    "ack": ("cli_ack", "ack"),
    "backup": ("cli_care", "backup"),
    "check": ("cli_check", "check"),
    "demo": ("cli_serve", "demo"),
    "diagnose": ("cli_fix", "diagnose"),
    "digest": ("cli_digest", "digest"),
    "doctor": ("cli_care", "doctor"),
    "export-lake": ("cli_lake", "export_lake"),
    "fix-script": ("cli_fix", "fix_script"),
    "ingest": ("cli_ingest", "ingest"),
    "init": ("cli_ingest", "init"),
    "note": ("cli_note", "note"),
    "optimize": ("cli_care", "optimize"),
    "prune": ("cli_care", "prune"),
    "record": ("cli_record", "record"),
    "report": ("cli_reports", "report"),
    "reprice": ("cli_care", "reprice"),
    "restore": ("cli_care", "restore"),
    "rollup": ("cli_lake", "rollup"),
    "run": ("cli_record", "run_command"),
    "scrub": ("cli_care", "scrub"),
    "serve": ("cli_serve", "serve"),
    "snapshot": ("cli_snapshot", "snapshot"),
    "sources": ("cli_sources", "sources"),
    "stats": ("cli_reports", "stats"),
    "status": ("cli_status", "status"),
    "token": ("cli_access", "token"),
    "user": ("cli_access", "user"),
}


class Group(click.Group):
    """Imports commands, and turns our exceptions into one sentence and an exit code: 1 failed, 2 wrong usage."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of all commands."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """A command, from its module."""
        if cmd_name not in COMMANDS:
            return None
        module, name = COMMANDS[cmd_name]
        command: click.Command = getattr(import_module(f".{module}", __package__), name)
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command."""
        try:
            return super().invoke(ctx)
        except StoryreportError as error:
            message, code = str(error), 2 if isinstance(error, UsageError) else 1
        except OSError as error:
            message, code = f"{error.filename or 'The system'}: {error.strerror or error}.", 1
        # It may hold names of a source, and a terminal obeys control characters.
        click.echo(f"Error: {CONTROL.sub(' ', message)}", err=True)
        return ctx.exit(code)


@click.group(cls=Group, epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="%(prog)s %(version)s")
def cli() -> None:
    """Load the histories of AI story pipelines into one SQLite database and report on them with Datasette."""
