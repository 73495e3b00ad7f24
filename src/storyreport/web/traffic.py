"""How many requests are answered at once, and how the work for a client that left is stopped."""

import asyncio
import contextlib
import weakref
from typing import Any

AT_ONCE = 64
READS = ("GET", "HEAD")
RETRY_SECONDS = 2


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
    unread: asyncio.Queue[Any] = asyncio.Queue()
    is_answered = False

    async def until_left() -> None:
        message = {"type": ""}
        while message["type"] != "http.disconnect":
            message = await receive()
            unread.put_nowait(message)

    left = asyncio.ensure_future(until_left())

    async def messages() -> Any:
        return {"type": "http.disconnect"} if left.done() and unread.empty() else await unread.get()

    async def sent(message: Any) -> None:
        nonlocal is_answered
        is_answered = is_answered or (message["type"] == "http.response.body" and not message.get("more_body"))
        await send(message)

    work = asyncio.ensure_future(app(scope, messages, sent))
    try:
        await asyncio.wait({work, left}, return_when=asyncio.FIRST_COMPLETED)
        if not work.done() and not is_answered:
            work.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await work
    finally:
        work.cancel()
        left.cancel()
