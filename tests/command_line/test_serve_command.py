"""The command serve as a process: it starts, answers, stops, or says why not."""

import json
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from helpers.cli_cases import SLOWEST, assert_one_sentence
from helpers.command_line import environment, storyreport
from helpers.platforms import on_posix


def test_serve_on_a_port_that_is_taken(report_db: Path, tmp_path: Path) -> None:
    """A port that another program listens on is named."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        done = storyreport("serve", "--port", port, "--db", report_db, cwd=tmp_path)
    assert_one_sentence(done, 1)
    assert str(port) in done.stderr


def test_serve_on_a_host_that_is_none(report_db: Path, tmp_path: Path) -> None:
    """An address that is not this machine's is named."""
    done = storyreport(
        "serve", "--host", "192.0.2.1", "--public", "--anonymous", "--port", 0, "--db", report_db, cwd=tmp_path
    )
    assert_one_sentence(done, 1)
    assert "192.0.2.1" in done.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
@on_posix
def test_serve_answers_and_stops(number: signal.Signals, report_db: Path, tmp_path: Path) -> None:
    """The server says where it is, answers there, and stops in order when it is asked to."""
    command = [sys.executable, "-m", "storyreport", "serve", "--port", "0", "--db", str(report_db)]
    with subprocess.Popen(command, cwd=tmp_path, env=environment(), stderr=subprocess.PIPE, encoding="utf-8") as server:
        try:
            assert server.stderr is not None
            first = server.stderr.readline()
            match = re.search(r"http://127\.0\.0\.1:\d+/", first)
            assert match, first
            for address in ("", "storyreport/slowest_steps.json?_shape=objects"):
                with urllib.request.urlopen(match[0] + address, timeout=30) as response:
                    assert response.status == 200
                    body = response.read()
            steps = {
                row["step"]: (row["executions"], row["total_ms"], row["max_ms"]) for row in json.loads(body)["rows"]
            }
            assert steps == SLOWEST
            server.send_signal(number)
            _, rest = server.communicate(timeout=30)
        finally:
            server.kill()
    allowed = (0, 130) if number is signal.SIGINT else (0, 143, -number)
    assert server.returncode in allowed
    assert "Traceback" not in rest
