"""The command `snapshot`: the reports as they are now, as a site, a page or a database for others."""

from pathlib import Path

import click

from ..errors import UsageError
from ..nouns import counted
from .options import EPILOG, with_config, with_database, with_queries
from .places import progress_line
from .reports import opened, use_limits

FILE = click.Path(dir_okay=False, path_type=Path)


@click.command(epilog=EPILOG)
@click.argument("folder", metavar="[DIR]", required=False, type=click.Path(path_type=Path))
@click.option("--one-file", type=FILE, metavar="FILE", help="One HTML page with the first rows of every report.")
@click.option(
    "--database", "copy", type=FILE, metavar="FILE", help="A copy of the report database without keys and locations."
)
@click.option(
    "--bundle",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Such a copy with all that Datasette needs to serve it, and a Dockerfile.",
)
@click.option("--period", default="7d", show_default=True, metavar="PERIOD", help="Period of the first page.")
@with_config
@with_database
@with_queries
def snapshot(
    folder: Path | None,
    one_file: Path | None,
    copy: Path | None,
    bundle: Path | None,
    period: str,
    config_path: Path | None,
    database: Path,
    queries: tuple[Path, ...],
) -> None:
    """Write the reports as a static site into DIR, which opens from disk and needs no server."""
    from .. import reports
    from ..sharing import packed
    from ..sharing import snapshot as site
    from ..sharing.digest import digest
    from ..upkeep.public import publish

    if not (folder or one_file or copy or bundle):
        raise UsageError("Name what to write: a DIR, --one-file FILE, --database FILE or --bundle DIR.")
    use_limits(config_path)
    reports.add_folders(queries)
    if folder or one_file:
        with opened(database) as connection, progress_line() as progress:
            progress("reading the reports")
            first, found = digest(connection, period), site.answers(connection)
            stories = site.failed_stories(connection) if folder else []
        if folder:
            click.echo(f"{folder / 'index.html'}: {counted(site.write_site(folder, first, found, stories), 'file')}")
        if one_file:
            one_file.write_text(site.one_file(first, found), encoding="utf-8")
            click.echo(f"{one_file}: {one_file.stat().st_size / 1e6:,.1f} MB")
    copies = [copy] if copy else []
    if bundle:
        # The database is looked for before anything is written.
        with opened(database):
            copies.append(packed.write(bundle))
    for target in copies:
        with progress_line() as progress:
            size = publish(database, target, progress)
        click.echo(f"{target}: {size / 1e6:,.1f} MB")
    if bundle:
        click.echo(f"In {bundle}: {packed.command()}")
