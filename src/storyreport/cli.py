"""The command line: its commands, each imported when it is called, and how errors are said."""

import re
from importlib import import_module
from typing import Any

import click

from . import __version__
from .commands import COMMANDS, unknown
from .commands.loading import failed_with
from .commands.options import EPILOG
from .errors import StoryreportError, UsageError

DATABASE = re.compile(r"unexpected extra argument \((\S+\.(?:db|sqlite3?))\)$")


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
        command: click.Command = getattr(import_module(f".commands.{module}", __package__), name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """A command by its name; UsageError with the nearest name where there is none."""
        if sentence := unknown(args[0]):
            raise UsageError(sentence)
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command."""
        try:
            return super().invoke(ctx)
        except (StoryreportError, OSError) as error:
            return ctx.exit(failed_with(error))
        except click.UsageError as error:
            # As `datasette FILE` takes it.
            if found := DATABASE.search(error.message):
                return ctx.exit(failed_with(UsageError(f"A report database is named with --db: --db {found[1]}.")))
            raise


@click.group(cls=Group, epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="%(prog)s %(version)s")
def cli() -> None:
    """Load the histories of AI story pipelines into one SQLite database and report on them with Datasette."""
