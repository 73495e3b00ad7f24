"""Servers as processes of their own, and what they answer."""

import re
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from helpers.command_line import environment


@contextmanager
def running(command: list[str], cwd: Path) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """The address and the process of a server of its own."""
    with subprocess.Popen(command, cwd=cwd, env=environment(), stderr=subprocess.PIPE, encoding="utf-8") as process:
        reading = threading.Thread(target=lambda: process.stderr and process.stderr.read())
        try:
            assert process.stderr
            lines: list[str] = []
            found = None
            while not found and (line := process.stderr.readline()):
                lines.append(line)
                found = re.search(r"(http://127\.0\.0\.1:\d+)", line)
            assert found, "".join(lines)
            reading.start()
            yield found[1], process
        finally:
            process.kill()
            if reading.ident:
                # Whatever the server started ends with it.
                reading.join(timeout=10)
                assert not reading.is_alive()


def serve(path: Path, *options: str) -> list[str]:
    """The command that serves a database."""
    return [sys.executable, "-m", "storyreport", "serve", "--port", "0", "--db", str(path), *options]


def fetched(address: str) -> tuple[int, str]:
    """The status and the text of an address."""
    try:
        with urllib.request.urlopen(address, timeout=30) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()
