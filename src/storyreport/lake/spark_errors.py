"""Spark's errors in one line each, and whether a master and its workers are there before the first stage."""

import logging
import os
import re
import shutil
import socket
import subprocess
from urllib.parse import urlsplit

from ..errors import StoryreportError

LONGEST = 300
MASTER_S = 10
PYTHON = re.compile(r"(?:\w+Error|\w+Exception): ")
JAVA = re.compile(r"^(?:Caused by: |: )?(?:[a-z]\w*\.)+\w+(?:Exception|Error): ")
JAVA_NEEDED = "Spark needs Java 17 or newer, {found}: install openjdk-17-jre-headless, or set JAVA_HOME."


def reason(error: BaseException) -> str:
    """What an error comes from: of an error of a worker's Python that, of Java's the last cause, or its first line."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    python = [line for line in lines if PYTHON.match(line)]
    java = [line for line in lines if JAVA.match(line)]
    chosen = [*lines[:1], *java[:1], *(line for line in java if line.startswith("Caused by: ")), *python[-1:]]
    return JAVA.sub("", chosen[-1])[:LONGEST] if chosen else type(error).__name__


def is_full(error: BaseException) -> bool:
    """Whether a disk had no space left."""
    return "No space left" in str(error)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether the driver or an executor had too little memory; a driver may lose what it has no room for."""
    return any(sign in str(error) for sign in ("Java heap space", "OutOfMemoryError", "TaskResultLost"))


def quiet() -> None:
    """Let Python's part of Spark log nothing of a statement that fails: the error is said by the command."""
    logging.getLogger("SQLQueryContextLogger").disabled = True


def check_java() -> None:
    """Raise StoryreportError where there is no Java to start."""
    if java() is None:
        raise StoryreportError(JAVA_NEEDED.format(found="which is not here"))


def java() -> str | None:
    """The Java that Spark starts: that of JAVA_HOME, or else the one on the path."""
    home = os.environ.get("JAVA_HOME")
    return shutil.which(os.path.join(home, "bin", "java") if home else "java")


def not_started(error: BaseException, master: str) -> StoryreportError:
    """Why Spark did not start."""
    if "JAVA_GATEWAY_EXITED" in str(error) and (command := java()):
        said = subprocess.run([command, "-version"], capture_output=True, text=True, check=False).stderr.splitlines()
        version = re.search(r'version "(\d+)', said[0]) if said else None
        if version and int(version[1]) < 17:
            return StoryreportError(JAVA_NEEDED.format(found=f"and {command} is Java {version[1]}"))
    return StoryreportError(
        f"Spark did not start with the master {master or 'of its configuration'} ({reason(error)}): see whether it"
        " runs, and name it with --master."
    )


def check_master(master: str) -> None:
    """Raise StoryreportError where none of a standalone cluster's masters accepts a connection."""
    if not master.startswith("spark://"):
        return
    problems = [_problem(one) for one in master.removeprefix("spark://").split(",")]
    if all(problems):
        raise StoryreportError(
            f"No Spark master answers at {master} ({problems[0]}): start it, or name another with --master."
        )


def _problem(address: str) -> str:
    """Why there is no connection to HOST:PORT; '' where there is one."""
    try:
        place = urlsplit(f"spark://{address}")
        socket.create_connection((place.hostname or "", place.port or 7077), MASTER_S).close()
    except (OSError, ValueError) as error:
        return str(error)
    return ""
