"""No command connects to anything but this machine; each process is watched."""

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from helpers.command_line import environment
from helpers.processes import fetched

# Python tells an audit hook of each connection and each name that is looked up, whichever library asks for it.
GUARD = r"""
import os, sys

LOCAL = {"127.0.0.1", "::1", "localhost", "0.0.0.0", "", None}


def watch(event, arguments):
    if event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
        address = arguments[1]
    elif event in ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"):
        address = (arguments[0],)
    else:
        return
    if isinstance(address, tuple) and address[0] not in LOCAL and address[0] != b"127.0.0.1":
        with open(os.environ["CONNECTIONS"], "a") as file:
            file.write(f"{event} {address}\n")


sys.addaudithook(watch)
"""
PAGES = (
    "/",
    "/storyreport/slowest_steps",
    "/storyreport/slowest_steps.json",
    "/storyreport/cost.csv",
    "/storyreport/top_errors",
    "/storyreport/runs",
    "/find?q=story",
    "/-/versions.json",
)


@pytest.fixture
def watched(tmp_path: Path) -> dict[str, str]:
    """The environment of a process that notes its connections in tmp_path/connections."""
    (tmp_path / "guard").mkdir()
    (tmp_path / "guard" / "sitecustomize.py").write_text(GUARD, encoding="utf-8")
    log = tmp_path / "connections"
    log.touch()
    return environment(PYTHONPATH=str(tmp_path / "guard"), CONNECTIONS=str(log))


def run(variables: dict[str, str], folder: Path, *arguments: str) -> None:
    subprocess.run(
        [sys.executable, "-m", "storyreport", *arguments], cwd=folder, env=variables, capture_output=True, check=True
    )


@contextmanager
def serving(variables: dict[str, str], folder: Path) -> Iterator[str]:
    """The address of a server of the samples."""
    command = [sys.executable, "-m", "storyreport", "serve", "--port", "0", "--db", "samples/storyreport.db"]
    with subprocess.Popen(command, cwd=folder, env=variables, stderr=subprocess.PIPE, encoding="utf-8") as server:
        try:
            assert server.stderr
            found = re.search(r"http://127\.0\.0\.1:\d+", server.stderr.readline())
            assert found
            yield found[0]
        finally:
            server.terminate()
            server.communicate(timeout=30)


def test_the_guard_sees_a_connection(watched: dict[str, str], tmp_path: Path) -> None:
    """To an address that is nobody's, and to a name."""
    code = (
        "import socket, contextlib\n"
        "with contextlib.suppress(OSError): socket.create_connection(('192.0.2.1', 9), 0.05)\n"
        "with contextlib.suppress(OSError): socket.getaddrinfo('pricing.invalid', 443)"
    )
    subprocess.run([sys.executable, "-c", code], env=watched, check=True)
    seen = (tmp_path / "connections").read_text()
    assert "192.0.2.1" in seen
    assert "pricing.invalid" in seen


def test_nothing_connects(watched: dict[str, str], tmp_path: Path) -> None:
    """The samples, an ingest, prices, the doctor, a backup, a report, and a server with its pages."""
    run(watched, tmp_path, "demo", "samples", "--no-serve")
    database = ("--db", "samples/storyreport.db")
    for command in (
        ("ingest", "samples/gateway.jsonl", "--full"),
        ("reprice",),
        ("doctor",),
        ("backup", "copy.db"),
        ("report", "cost"),
        ("optimize",),
    ):
        run(watched, tmp_path, *command, *database)
    with serving(watched, tmp_path) as address:
        statuses = {page: fetched(address + page)[0] for page in PAGES}
    assert {page for page, status in statuses.items() if status >= 500} == set()
    assert (tmp_path / "connections").read_text() == ""
