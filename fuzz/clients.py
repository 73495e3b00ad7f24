"""Many clients of a server at once, on this machine: its answers by status, and its memory over time.

    python -m fuzz.clients --minutes 10 --clients 100

Serves the samples to others without a login, as a process of its own. A status but 200, 302 (the search), 403, 404 and
503, and memory that goes on to grow, are findings. Linux only: memory is read from /proc.
"""

import argparse
import asyncio
import random
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

ADDRESSES = (
    *("/", "/?q=story", "/-/reports", "/-/pages", "/-/page/cost", "/-/feed", "/storyreport", "/storyreport/stories"),
    *("/storyreport/slowest_steps", "/storyreport/slowest_steps.json", "/storyreport/cost.csv", "/storyreport/cost"),
    *("/storyreport/top_errors", "/storyreport/runs", "/storyreport/run_wall.json", "/storyreport/failed_stories.csv"),
    *("/storyreport/step_runs?_size=20", "/storyreport/cost.svg", "/storyreport/inputs", "/-/databases", "/unknown"),
)
EXPECTED = {200, 302, 403, 404, 503}
LOOK_SECONDS = 15


async def get(port: int, address: str, patience_s: float) -> int:
    """The status of an answer that was read to its end; 0 where the client left before."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(f"GET {address} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode())
        answer = await asyncio.wait_for(reader.read(-1), patience_s)
    except asyncio.TimeoutError:
        return 0
    finally:
        writer.close()
    found = re.match(rb"HTTP/1\.1 (\d{3})", answer)
    return int(found[1]) if found else -1


async def client(port: int, rng: random.Random, until: float, found: Counter[int]) -> None:
    """Ask one thing after the other; one time in twenty leave early; wait where the server says so."""
    while time.monotonic() < until:
        status = await get(port, rng.choice(ADDRESSES), 0.05 if rng.random() < 0.05 else 120)
        found[status] += 1
        await asyncio.sleep(2 if status == 503 else rng.uniform(0, 0.2))


async def watch(process: int, until: float) -> list[float]:
    """The memory of the server (MB), from time to time."""
    sizes_mb = []
    while time.monotonic() < until:
        await asyncio.sleep(LOOK_SECONDS)
        lines = Path(f"/proc/{process}/status").read_text()
        sizes_mb.append(round(int(re.findall(r"VmRSS:\s+(\d+)", lines)[0]) / 1024, 1))
        print(f"{sizes_mb[-1]} MB", flush=True)
    return sizes_mb


async def trial(port: int, process: int, clients: int, seconds: float) -> tuple[Counter[int], list[float]]:
    """Answers by status (0: left early), and the memory of the server over time."""
    found, until = Counter[int](), time.monotonic() + seconds
    every = [client(port, random.Random(number), until, found) for number in range(clients)]
    sizes_mb, *_ = await asyncio.gather(watch(process, until), *every)
    return found, sizes_mb


def main() -> None:
    """Ask until the time is over; exit code 1 where an answer was not as documented."""
    parser = argparse.ArgumentParser(description="Many clients of a server.")
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--clients", type=int, default=100)
    given = parser.parse_args()
    command = [sys.executable, "-m", "storyreport"]
    with tempfile.TemporaryDirectory(prefix="clients-") as folder:
        subprocess.run([*command, "demo", folder, "--no-serve"], check=True, capture_output=True)
        options = ["--public", "--anonymous", "--port", "0", "--db", f"{folder}/storyreport.db"]
        with subprocess.Popen([*command, "serve", *options], stderr=subprocess.PIPE, text=True) as server:
            try:
                assert server.stderr
                port = int(re.findall(r":(\d+)/", server.stderr.readline())[0])
                found, sizes_mb = asyncio.run(trial(port, server.pid, given.clients, given.minutes * 60))
            finally:
                server.terminate()
    print(", ".join(f"{count:,} times {status or 'left early'}" for status, count in sorted(found.items())))
    print(f"memory at first {sizes_mb[0]} MB, then at most {max(sizes_mb)} MB, at last {sizes_mb[-1]} MB")
    sys.exit(1 if set(found) - EXPECTED - {0} else 0)


if __name__ == "__main__":
    main()
