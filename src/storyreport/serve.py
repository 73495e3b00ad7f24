"""Serving: a report database published by Datasette with this bundle's reports, pages and charts."""

from __future__ import annotations

import contextlib
import copy
import errno
import socket
import sqlite3
import sys
import webbrowser
from pathlib import Path
from typing import Any
from urllib.parse import quote

import datasette_dashboards
import uvicorn
import yaml
from datasette.app import Datasette
from datasette.database import Database
from datasette.plugins import pm

from . import bundle, reports, rollups, schema
from .errors import StoryreportError

DATABASE = "storyreport"
DASHBOARDS = "dashboards"


class ReportDatabase(Database):  # type: ignore[misc]
    """A database file with any name: Datasette puts the path into a URI, where `?`, `#` and `%` mean something."""

    def connect(self, write: bool = False) -> sqlite3.Connection:
        """A connection as Datasette makes it, to the path as it is."""
        quoted = copy.copy(self)
        quoted.path = quote(self.path)
        connection: sqlite3.Connection = Database.connect(quoted, write)
        return connection


class Server(uvicorn.Server):
    """Says where it listens, once it does."""

    address = ""
    open_browser = False

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start as uvicorn does, then tell people."""
        await super().startup(sockets)
        if self.started:
            print(f"Serving {self.address} (Ctrl-C stops it)", file=sys.stderr, flush=True)
            if self.open_browser:
                webbrowser.open(self.address)


def datasette_for(path: Path) -> Datasette:
    """Datasette with the report database at path, which it calls `storyreport` whatever the file is called."""
    # Only the Vega files of datasette-dashboards are used: its pages escape nothing.
    if pm.has_plugin(DASHBOARDS):
        pm.unregister(name=DASHBOARDS)
    root = bundle.root()
    served = Datasette(
        [],
        # A thread that looks up a thousand rows in a long history finds their pages the next time.
        settings={"cache_size_kb": schema.CACHE_KIB},
        metadata=_metadata(root),
        plugins_dir=str(root / "plugins"),
        template_dir=str(root / "templates"),
        static_mounts=[
            ("static", str(root / "static")),
            ("vega", str(Path(datasette_dashboards.__file__).parent / "static")),
        ],
    )
    # Without a file Datasette adds a memory database to have something to show.
    served.remove_database("_memory")
    served.add_database(ReportDatabase(served, path=str(path.resolve()), is_mutable=True), name=DATABASE)
    return served


def _metadata(root: Path) -> dict[str, Any]:
    """The bundle's metadata, with the descriptions of rollups from their own files."""
    metadata: dict[str, Any] = yaml.safe_load((root / "metadata.yml").read_text(encoding="utf-8"))
    metadata["databases"][DATABASE]["tables"] |= rollups.descriptions()
    return metadata


def serve(path: Path, host: str, port: int, open_browser: bool) -> None:
    """Serve the report database at path until Ctrl-C."""
    schema.open_for_reading(path).close()
    reports.load_reports()
    with contextlib.closing(_listen(host, port)) as listener:
        # asyncio does so for sockets of its own making only; else an answer waits 40 ms on a connection that is kept.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        application: Any = datasette_for(path).app()
        server = Server(uvicorn.Config(application, lifespan="on", log_level="warning"))
        name = f"[{host}]" if ":" in host else host
        server.address = f"http://{name}:{listener.getsockname()[1]}/"
        server.open_browser = open_browser
        # uvicorn shuts down in order on Ctrl-C and then raises it again.
        with contextlib.suppress(KeyboardInterrupt):
            server.run(sockets=[listener])


def _listen(host: str, port: int) -> socket.socket:
    if not 0 <= port <= 65535:
        raise StoryreportError(f"There is no port {port}: choose one from 1024 to 65535 with --port.")
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise StoryreportError(f"Port {port} is in use: choose another with --port.") from None
        if error.errno == errno.EACCES:
            raise StoryreportError(f"Port {port} needs more rights: choose one above 1023 with --port.") from None
        raise StoryreportError(f"Cannot listen on {host}, port {port} ({error}): change --host or --port.") from None
