"""Charts as pictures, drawn in a process of its own and kept by what they show."""

import asyncio
import atexit
import base64
import hashlib
import json
import threading
import time
from collections import OrderedDict
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from ..charts import Drawing
from .workers import Worker

MOST_BYTES = 16 << 20
# What may wait for the one process that draws.
WAITING = 20
SECONDS = 10.0


class NotDrawnError(Exception):
    """A chart that could not be drawn; the message is a sentence."""


class Pictures:
    """The pictures of this process: the ones that were drawn, and the process that draws."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, bytes] = OrderedDict()
        self._size_bytes = 0
        self._threads: ThreadPoolExecutor | None = None
        self._worker: Worker | None = None
        self._waiting = 0
        self._lock = threading.Lock()
        atexit.register(self.close)

    async def picture(
        self, drawing: Drawing, title: str, config: Mapping[str, Any], form: str = "svg", alone: bool = False
    ) -> bytes:
        """The picture of a chart, `svg` or `png`; `alone`: with its title on a background. NotDrawnError otherwise."""
        parts = [{"heading": part.heading, "spec": part.spec} for part in drawing.parts]
        request = {"parts": parts, "config": dict(config), "title": title, "format": form, "alone": alone}
        text = json.dumps(request)
        # By its content: never of other rows, and drawn again only where something that it shows has changed.
        key = hashlib.sha256(text.encode()).hexdigest()
        if (kept := self._kept.get(key)) is not None:
            self._kept.move_to_end(key)
            return kept
        if self._waiting >= WAITING:
            raise NotDrawnError("This server draws as many charts as it can: try again in a moment.")
        self._threads = self._threads or ThreadPoolExecutor(1, thread_name_prefix="charts")
        self._waiting += 1
        try:
            ask = asyncio.get_running_loop().run_in_executor(self._threads, self._ask, {**request, "name": key[:8]})
            answer = await ask
        finally:
            self._waiting -= 1
        if "error" in answer:
            raise NotDrawnError(f"The chart cannot be drawn: {answer['error'].rstrip('.')}.")
        drawn = base64.b64decode(answer["picture"]) if form == "png" else answer["picture"].encode()
        self._keep(key, drawn)
        return drawn

    def close(self) -> None:
        """End the process."""
        with self._lock:
            if self._worker:
                self._worker.close()
                self._worker = None

    def _ask(self, request: Mapping[str, Any]) -> Any:
        with self._lock:
            # The process ends by itself when it was idle for a while.
            if self._worker and self._worker.process.poll() is not None:
                self._worker.close()
                self._worker = None
            self._worker = self._worker or Worker([], "storyreport.charts.drawer")
            worker = self._worker
        begun = time.monotonic()
        answer = worker.ask(request, SECONDS)
        if answer is not None:
            return answer
        self.close()
        is_late = time.monotonic() - begun >= SECONDS
        return {"error": f"it took longer than {SECONDS:.0f} seconds" if is_late else "the process that draws it ended"}

    def _keep(self, key: str, drawn: bytes) -> None:
        self._kept[key] = drawn
        self._size_bytes += len(drawn)
        while self._size_bytes > MOST_BYTES:
            _, oldest = self._kept.popitem(last=False)
            self._size_bytes -= len(oldest)


PICTURES = Pictures()
