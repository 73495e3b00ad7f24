"""The commands that serve: `serve`, and `demo` with sample sources."""

from pathlib import Path
from typing import Any

import click

from ..nouns import counted
from .options import (
    EPILOG,
    EXISTING_FILE,
    EXISTING_FOLDER,
    VISITORS,
    Mount,
    with_config,
    with_database,
    with_public,
    with_queries,
)
from .places import progress_line
from .reports import use_limits, warn_of_broken_pages, warn_of_broken_reports, warn_of_wrong_limits


@click.command(epilog=EPILOG)
@with_database
@with_queries
@click.option(
    "--pages",
    type=click.Path(path_type=Path),
    multiple=True,
    metavar="DIR",
    help="Pages of your own, beside ours (repeatable).",
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8001, show_default=True, type=click.IntRange(0, 65535), help="Port to listen on.")
@click.option("--open", "open_browser", is_flag=True, help="Open the home page in a browser.")
@click.option("--metadata", type=EXISTING_FILE, metavar="FILE", help="Datasette metadata (JSON or YAML), over ours.")
@click.option("--plugins-dir", type=EXISTING_FOLDER, metavar="DIR", help="Datasette plugins, beside ours.")
@click.option("--template-dir", type=EXISTING_FOLDER, metavar="DIR", help="Templates, in place of ours.")
@click.option("--static", type=Mount(), multiple=True, metavar="MOUNT:DIR", help="Serve a folder's files at /MOUNT/.")
@click.option("--setting", "settings", nargs=2, multiple=True, metavar="NAME VALUE", help="A setting of Datasette.")
@click.option("--root", is_flag=True, help="Print an address that logs in as root.")
@click.option("--cors", is_flag=True, help="Let other sites' pages read the data addresses.")
@with_public
@with_config
@click.option("--crossdb", is_flag=True, help="Let SQL join across databases in /_memory.")
def serve(
    database: Path,
    queries: tuple[Path, ...],
    pages: tuple[Path, ...],
    host: str,
    port: int,
    open_browser: bool,
    root: bool,
    static: tuple[tuple[str, Path], ...],
    settings: tuple[tuple[str, str], ...],
    config_path: Path | None,
    **extras: Any,
) -> None:
    """Serve the reports with Datasette until Ctrl-C."""
    from ..web.mode import mode_for
    from ..web.server import Extras
    from ..web.server import serve as run

    use_limits(config_path)
    warn_of_broken_reports(queries)
    warn_of_wrong_limits()
    warn_of_broken_pages(pages)
    mode = mode_for(database, host, *(extras.pop(name) for name in VISITORS))
    run(database, host, port, open_browser, root, Extras(static=static, settings=dict(settings), mode=mode, **extras))


@click.command()
@click.argument("folder", metavar="[DIR]", default="storyreport-demo", type=click.Path(file_okay=False, path_type=Path))
@click.option("--no-serve", is_flag=True, help="Write and ingest the samples without serving them.")
@click.option("--port", default=8001, show_default=True, type=click.IntRange(0, 65535), help="Port to listen on.")
def demo(folder: Path, no_serve: bool, port: int) -> None:
    """Write sample sources into DIR (storyreport-demo), ingest them and serve the reports."""
    from datetime import datetime, timezone

    from ..demo import REPORT_DATABASE, write_sources
    from ..ingest import ingest as run
    from ..ingest import requests_for

    paths = write_sources(folder, datetime.now(timezone.utc))
    database = folder / REPORT_DATABASE
    for request in requests_for(paths, None, None):
        with progress_line() as progress:
            outcome = run(database, request, progress)
        click.echo(f"{outcome.name}: {counted(outcome.counts.read, 'row')} read in {outcome.duration_ms / 1000:.1f} s")
    if no_serve:
        click.echo(f"See them with: storyreport serve --db {database}")
        return
    from ..web.server import serve as serve_database

    serve_database(database, "127.0.0.1", port)
