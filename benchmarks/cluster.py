"""A Spark standalone cluster on this machine: a master and workers, each a process of its own with one core."""

import contextlib
import os
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pyspark

HOME = Path(pyspark.__file__).parent
READY_S = 30
LOCAL = ("--host", "127.0.0.1", "--webui-port", "0")


class Cluster:
    """A master's address and its workers."""

    def __init__(self, address: str, folder: Path, memory: str):
        self.address = address
        self.folder = folder
        self.memory = memory
        self.workers: list[subprocess.Popen[bytes]] = []

    def add_worker(self) -> None:
        """Start a worker; it registers within seconds, and an application that runs takes it."""
        given = ("--cores", "1", "--memory", self.memory, "--work-dir", str(self.folder / "work"), self.address)
        self.workers.append(_start(self.folder, "worker.Worker", *given))

    def kill_worker(self, number: int) -> None:
        """Kill a worker with its executors, as a machine that is lost."""
        _kill(self.workers.pop(number))


@contextlib.contextmanager
def running(workers: int, memory: str = "2g") -> Iterator[Cluster]:
    """A cluster of so many workers, until the end of the block."""
    with tempfile.TemporaryDirectory(prefix="cluster-") as name:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        cluster = Cluster(f"spark://127.0.0.1:{port}", Path(name), memory)
        master = _start(cluster.folder, "master.Master", "--port", str(port))
        try:
            _await(port)
            for _ in range(workers):
                cluster.add_worker()
            yield cluster
        finally:
            for process in (*cluster.workers, master):
                _kill(process)


def _start(folder: Path, role: str, *arguments: str) -> subprocess.Popen[bytes]:
    with (folder / "log").open("ab") as log:
        return subprocess.Popen(
            [HOME / "bin/spark-class", f"org.apache.spark.deploy.{role}", *LOCAL, *arguments],
            env={**os.environ, "SPARK_HOME": str(HOME)},
            stdout=log,
            stderr=log,
            # A worker's executors are killed with it.
            start_new_session=True,
        )


def _await(port: int) -> None:
    until = time.monotonic() + READY_S
    while True:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        if time.monotonic() > until:
            raise SystemExit(f"The master did not open its port within {READY_S} s.")
        time.sleep(0.1)


def _kill(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
