"""The commands for who may see a public server: users and tokens."""

import sys
from pathlib import Path

import click

from ..errors import UsageError
from .options import with_database


@click.group()
def user() -> None:
    """Users who may log in to `serve --public`."""


@click.group()
def token() -> None:
    """Tokens with which scripts read from `serve --public`."""


@user.command("add")
@click.argument("name")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@with_database
def add_user(name: str, password_stdin: bool, database: Path) -> None:
    """Add a user, or give one a new password; only its hash is kept."""
    from ..web import accounts

    if not password_stdin and not sys.stdin.isatty():
        raise UsageError("There is no terminal to type the password in: pipe it in, with --password-stdin.")
    given = sys.stdin.readline().rstrip("\r\n") if password_stdin else None
    password = given if given is not None else click.prompt("Password", hide_input=True, confirmation_prompt=True)
    accounts.add_user(database, name, password)
    click.echo(f"{name} can log in to `storyreport serve --public --db {database}`")


@token.command("create")
@click.argument("name")
@with_database
def create_token(name: str, database: Path) -> None:
    """Print a new token; only its hash is kept. A token of the same name ends."""
    from ..web import accounts

    click.echo(accounts.create_token(database, name))
    click.echo(accounts.SHOWN_ONCE, err=True)


def _with_list_and_remove(group: click.Group, kind: str) -> None:
    """Give a group the commands to list and to remove its accounts."""

    @group.command("list", help=f"Print the names of the {kind}.")
    @with_database
    def show(database: Path) -> None:
        from ..web import accounts

        for name in accounts.names(database, kind):
            click.echo(name)

    @group.command("remove", help=f"Remove one of the {kind}; whoever uses it is out at once.")
    @click.argument("name")
    @with_database
    def remove(name: str, database: Path) -> None:
        from ..web import accounts

        accounts.remove(database, kind, name)


_with_list_and_remove(user, "users")
_with_list_and_remove(token, "tokens")
