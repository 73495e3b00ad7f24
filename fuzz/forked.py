"""Commands in forks of this process, which has the program loaded: most of a trial is then the work that is tried."""

import contextlib
import importlib
import os
import pkgutil
import signal
import sys
import time
import traceback
from pathlib import Path

import storyreport

# What is printed, in the folder of a trial.
PRINTED = "printed"
LOOK_SECONDS = 0.002
PASSED_OVER = ("storyreport.__main__", "storyreport.web", "storyreport.sources.")


def load() -> None:
    """Import the program, so that no fork has to; what needs an extra that is not installed is left."""
    for module in pkgutil.walk_packages(storyreport.__path__, "storyreport."):
        if not module.name.startswith(PASSED_OVER):
            with contextlib.suppress(ModuleNotFoundError):
                importlib.import_module(module.name)


def start(folder: Path, *arguments: str) -> int:
    """Start a command in a folder; return its process."""
    sys.stdout.flush()
    process = os.fork()
    if process:
        return process
    code = 70
    try:
        os.chdir(folder)
        os.environ["TMPDIR"] = str(folder)
        printed = os.open(PRINTED, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(printed, 1)
        os.dup2(printed, 2)
        sys.argv = ["storyreport", *arguments]
        importlib.import_module("storyreport.__main__").main()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(bool(end.code))
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def finish(process: int, seconds: float) -> int | None:
    """The exit code of a command; None where it was killed because it took longer."""
    until = time.monotonic() + seconds
    while True:
        ended, status = os.waitpid(process, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() >= until:
            os.kill(process, signal.SIGKILL)
            os.waitpid(process, 0)
            return None
        time.sleep(LOOK_SECONDS)


def run(folder: Path, *arguments: str, seconds: float = 300) -> tuple[int | None, str]:
    """The exit code of a command, None where it took longer, and what it printed."""
    code = finish(start(folder, *arguments), seconds)
    return code, (folder / PRINTED).read_text(errors="replace")
