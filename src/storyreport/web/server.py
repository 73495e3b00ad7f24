"""Serving: a report database published by Datasette with this bundle's reports, pages and charts."""

from __future__ import annotations

import contextlib
import difflib
import errno
import socket
import sys
import webbrowser
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvicorn
import yaml
from datasette.app import DEFAULT_SETTINGS, Datasette
from datasette.plugins import pm
from datasette.utils import BadMetadataError, module_from_path, parse_metadata
from jinja2 import ChoiceLoader, FileSystemLoader

from .. import bundle, rollups, schema
from ..errors import StoryreportError, UsageError
from . import DATABASE, accounts, mode
from .databases import CrossDatabase, ReportDatabase, ServedDatabase
from .mode import Mode

# How long answers may take after Ctrl-C.
STOP_SECONDS = 3
SWITCH = {"on": True, "true": True, "1": True, "off": False, "false": False, "0": False}


class Server(uvicorn.Server):
    """Says where it listens, once it does."""

    address = ""
    login = ""
    open_browser = False

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start as uvicorn does, then tell people."""
        await super().startup(sockets)
        if self.started:
            print(f"Serving {self.address} (Ctrl-C stops it)", file=sys.stderr, flush=True)
            if self.login:
                print(f"Log in as root: {self.login}", file=sys.stderr, flush=True)
            if self.open_browser:
                webbrowser.open(self.login or self.address)


@dataclass(frozen=True)
class Extras:
    """What Datasette gets beside our bundle, as its own options of these names take it."""

    metadata: Path | None = None
    plugins_dir: Path | None = None
    template_dir: Path | None = None
    static: tuple[tuple[str, Path], ...] = ()
    settings: Mapping[str, str] = field(default_factory=dict)
    cors: bool = False
    crossdb: bool = False
    mode: Mode = field(default_factory=lambda: Mode(local=True))


def datasette_for(path: Path, extras: Extras | None = None) -> Datasette:
    """Datasette with the report database at path, which it calls `storyreport` whatever the file is called."""
    extras, root = extras or Extras(), bundle.root()
    for plugin in sorted(extras.plugins_dir.glob("*.py")) if extras.plugins_dir else ():
        if not pm.has_plugin(plugin.name):
            pm.register(module_from_path(str(plugin), plugin.name), plugin.name)
    known = accounts.read(extras.mode.accounts) if extras.mode.accounts else None
    served = Datasette(
        [],
        # Whoever has logged in stays so when the server starts again.
        secret=known.secret if known and not known.is_empty else None,
        # A thread that looks up a thousand rows in a long history finds their pages the next time.
        settings={
            "cache_size_kb": schema.CACHE_KIB,
            # It tries every column of a long history for each page of a table.
            "suggest_facets": False,
            **_settings(extras.settings),
            "default_allow_sql": extras.mode.sql,
        },
        metadata=_metadata(root / "metadata.yml", extras.metadata),
        plugins_dir=str(root / "plugins"),
        template_dir=str(root / "templates"),
        static_mounts=[
            ("static", str(root / "static")),
            *((mount, str(folder)) for mount, folder in extras.static),
        ],
        cors=extras.cors,
        crossdb=extras.crossdb,
    )
    setattr(served, mode.ATTRIBUTE, extras.mode)
    setattr(served, mode.OWN_CODE, bool(extras.template_dir or extras.plugins_dir))
    # Without a file Datasette adds a memory database to have something to show.
    served.remove_database("_memory")
    if extras.crossdb:
        served.add_database(CrossDatabase(served, path), name="_memory")
    served.add_database(ReportDatabase(served, path), name=DATABASE)
    if extras.template_dir:
        environment = getattr(served, "_jinja_env", None) or served.jinja_env
        environment.loader = ChoiceLoader([FileSystemLoader(str(extras.template_dir)), environment.loader])
    return served


def _metadata(ours: Path, theirs: Path | None) -> dict[str, Any]:
    """Our metadata, those of rollups, and over them a user's file; StoryreportError where that cannot be read."""
    metadata: dict[str, Any] = yaml.safe_load(ours.read_text(encoding="utf-8"))
    metadata["databases"][DATABASE]["tables"] |= rollups.descriptions()
    if theirs is None:
        return metadata
    try:
        return _merged(metadata, parse_metadata(theirs.read_text(encoding="utf-8")))
    except (OSError, ValueError, BadMetadataError) as error:
        raise StoryreportError(f"{theirs} cannot be read as JSON or YAML ({error}): check --metadata.") from None


def _merged(ours: dict[str, Any], theirs: Mapping[str, Any]) -> dict[str, Any]:
    """A mapping in another one, key by key."""
    for key, value in theirs.items():
        own = ours.get(key)
        ours[key] = _merged(own, value) if isinstance(own, dict) and isinstance(value, dict) else value
    return ours


def _settings(given: Mapping[str, str]) -> dict[str, Any]:
    """Datasette's settings with values of their types; UsageError for an unknown one or a wrong value."""
    found: dict[str, Any] = {}
    for name, text in given.items():
        if name not in DEFAULT_SETTINGS:
            close = difflib.get_close_matches(name, DEFAULT_SETTINGS, n=1)
            raise UsageError(f"There is no setting {name!r}{f': did you mean {close[0]}?' if close else '.'}")
        kind = type(DEFAULT_SETTINGS[name])
        if (kind is bool and text.lower() not in SWITCH) or (kind is int and not text.isdigit()):
            raise UsageError(
                f"The setting {name} takes {'on or off' if kind is bool else 'a whole number'}, not {text!r}."
            )
        found[name] = SWITCH[text.lower()] if kind is bool else kind(text)
    return found


def serve(
    path: Path, host: str, port: int, open_browser: bool = False, root: bool = False, extras: Extras | None = None
) -> None:
    """Serve the report database at path until Ctrl-C; with `root` the address to log in with is printed."""
    schema.open_for_reading(path).close()
    with contextlib.closing(_listen(host, port)) as listener:
        # asyncio does so for sockets of its own making only; otherwise an answer on a kept connection waits 40 ms.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        served: Any = datasette_for(path, extras)
        server = Server(
            uvicorn.Config(served.app(), lifespan="on", log_level="warning", timeout_graceful_shutdown=STOP_SECONDS)
        )
        name = f"[{host}]" if ":" in host else host
        server.address = f"http://{name}:{listener.getsockname()[1]}/"
        server.open_browser = open_browser
        if root:
            served.root_enabled = True  # Datasette 1.0 wants it said
            server.login = f"{server.address}-/auth-token?token={served._root_token}"
        # uvicorn shuts down in order on Ctrl-C and then raises it again.
        with contextlib.suppress(KeyboardInterrupt):
            server.run(sockets=[listener])
        for database in served.databases.values():
            if isinstance(database, ServedDatabase):
                database.workers.close()


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
