"""How many requests are answered at once, and how the work for a client that left is stopped."""

import asyncio
import weakref
from typing import Any

AT_ONCE = 64
READS = ("GET", "HEAD")
RETRY_SECONDS = 2
# What is answered within this time is not stopped.
QUICK_SECONDS = 0.05


class Traffic:
    """The requests that are being answered; one counts from its body's end until its answer begins."""

    def __init__(self) -> None:
        self.running = self.receiving = 0

    @property
    def is_full(self) -> bool:
        """Whether one more is too many."""
        return self.running >= AT_ONCE

    @property
    def is_full_of_bodies(self) -> bool:
        """Whether too many requests are still sending their bodies."""
        return self.receiving >= AT_ONCE

    async def answer(self, app: Any, scope: dict[str, Any], receive: Any, send: Any) -> None:
        """Let the app answer a request, until the client leaves."""
        if scope["method"] not in READS:
            self.receiving += 1
            try:
                receive = await _whole(receive)
            finally:
                self.receiving -= 1
        is_counted = True
        self.running += 1

        async def counted(message: Any) -> None:
            nonlocal is_counted
            if is_counted:
                is_counted = False
                self.running -= 1
            await send(message)

        try:
            if scope["method"] in READS:
                await _while_connected(app, scope, receive, counted)
            else:
                await app(scope, receive, counted)
        finally:
            self.running -= is_counted


# Datasette 1.0 wraps itself again for each request of its own client.
_OF: weakref.WeakKeyDictionary[Any, Traffic] = weakref.WeakKeyDictionary()


def of(datasette: Any) -> Traffic:
    """The traffic of a Datasette."""
    return _OF.setdefault(datasette, Traffic())


async def _whole(receive: Any) -> Any:
    """The same messages, after the last one of the body has come."""
    messages = [await receive()]
    while messages[-1].get("more_body"):
        messages.append(await receive())
    waiting = iter(messages)

    async def again() -> Any:
        return next(waiting, None) or await receive()

    return again


async def _while_connected(app: Any, scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Run the app, and cancel it where the client leaves before it has its answer."""
    work, loop = asyncio.current_task(), asyncio.get_running_loop()
    unread: asyncio.Queue[Any] | None = None
    watching: asyncio.Task[None] | None = None
    is_answered = is_cancelled = False

    async def until_left(unread: asyncio.Queue[Any]) -> None:
        nonlocal is_cancelled
        message = {"type": ""}
        while message["type"] != "http.disconnect":
            message = await receive()
            unread.put_nowait(message)
        if not is_answered and work:
            is_cancelled = work.cancel()

    def watch() -> asyncio.Queue[Any]:
        nonlocal unread, watching
        if unread is None:
            unread = asyncio.Queue()
            watching = loop.create_task(until_left(unread))
        return unread

    async def messages() -> Any:
        queue = watch()
        is_left = watching is not None and watching.done() and queue.empty()
        return {"type": "http.disconnect"} if is_left else await queue.get()

    async def sent(message: Any) -> None:
        nonlocal is_answered
        is_answered = is_answered or (message["type"] == "http.response.body" and not message.get("more_body"))
        await send(message)

    # Most answers are there before anybody leaves, and a task for each takes as long as all other checks.
    begin = loop.call_later(QUICK_SECONDS, watch)
    try:
        await app(scope, messages, sent)
    except asyncio.CancelledError:
        if not is_cancelled:
            raise
    finally:
        begin.cancel()
        if watching:
            watching.cancel()
