"""Who comes in: the gate before every page of a public server, and its login page."""

from __future__ import annotations

import asyncio
import contextlib
import re
import time
import weakref
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, urlsplit

import datasette as package
from datasette import Request, Response, utils
from datasette.plugins import pm
from datasette.utils import baseconv

from . import accounts, details, feed, mode
from .addresses import local_path
from .data import sentence

LOGIN = "/-/login"
# What everybody gets: the login page, what it looks like, and Datasette's own login by `serve --root`.
OPEN = re.compile(r"/(static|vega|-/static|-/static-plugins)/.+|/-/(login|auth-token)|/favicon\.ico")
# Pages below /-/ that an anonymous visitor may see; Datasette's own there say how the server is built.
OURS = re.compile(rf"/-/(reports|pages|(page|{'|'.join(details.SECTIONS)})/.+)|{feed.PATH}")
# What follows `/-/` in addresses of the data, for the same visitor: the list of reports and parts of a table's page.
OF_DATA = re.compile(r"queries(\.json)?|query(\.\w+)?|definition|count|fragment|autocomplete")
LOG_IN = "Log in to see this: pages at /-/login, data with the header `Authorization: Bearer TOKEN`."
CLOSED = "This page is closed to visitors who have not logged in."
OTHER_NAME = "This server is for its own machine: open it as localhost or 127.0.0.1, or serve it with --public."
SESSION_SECONDS = 14 * 24 * 3600
# Passwords that are checked at the same time, and wrong ones for a name from an address within a minute.
CHECKS, WRONG, MINUTE = 2, 5, 60
WAIT = "There were too many wrong passwords for this name: wait a minute."
ELSEWHERE = "The form was sent from another site: open this page here and log in."
BUSY = "Too many people log in at this moment: try again."
# What Datasette 1.0 raises of a token of its own that is wrong; an earlier one knows no such error.
WRONG_TOKEN: tuple[type[Exception], ...] = (package.TokenInvalid,) if hasattr(package, "TokenInvalid") else ()
# For a name that nobody has, so that an answer takes as long.
NOBODY = accounts.hashed("")


def known_accounts(datasette: Any) -> accounts.Accounts:
    """The users and tokens as they are now; none where the server has no file of them."""
    path = mode.of(datasette).accounts
    return accounts.read(path) if path else accounts.Accounts()


def actor_of_token(datasette: Any, request: Any) -> dict[str, Any] | None:
    """The actor of a request with a token in its header."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.startswith(accounts.TOKEN_PREFIX):
        return None
    name = known_accounts(datasette).owner_of(token)
    return {"id": name, "token": name} if name else None


async def answer(datasette: Any, scope: dict[str, Any]) -> Any:
    """The answer to a visitor who may not come in; None for everybody else."""
    served, path = mode.of(datasette), local_path(datasette, scope)
    host = dict(scope["headers"]).get(b"host", b"localhost").decode("latin-1")
    if served.local and not mode.is_own_name(host):
        # A page elsewhere may let its own name lead to this machine, and would then read all of it.
        return sentence("", 403, OTHER_NAME)
    is_for_all = served.local or not (served.login or _is_of_the_server(path)) or OPEN.fullmatch(path)
    if is_for_all or await _is_known(datasette, scope):
        return None
    extension = path.rpartition("/")[2].rpartition(".")[2]
    if served.login:
        is_data = extension in ("json", "csv", "db", "md") or path == feed.PATH
        if is_data or scope["method"] not in ("GET", "HEAD"):
            response = sentence(extension, 401, LOG_IN)
            response.headers["www-authenticate"] = "Bearer"
            return response
        target = path + ("?" + scope["query_string"].decode("latin-1") if scope["query_string"] else "")
        return Response.redirect(f"{datasette.urls.path(LOGIN)}?next={quote(target)}")
    return sentence(extension, 403, CLOSED)


def _is_of_the_server(path: str) -> bool:
    """Whether a page is about the server or the schema rather than about what the reports tell."""
    data, found, rest = path.partition("/-/")
    return bool(found) and not (OF_DATA.fullmatch(rest) if data else OURS.fullmatch(path.rstrip("/")))


async def _is_known(datasette: Any, scope: dict[str, Any]) -> bool:
    """Whether a request is of somebody who has logged in and has not been removed since."""
    found = pm.hook.actor_from_request(datasette=datasette, request=Request(scope, None))
    # Every one is awaited, though the first actor counts: so does Datasette.
    actors = []
    for each in found:
        # Datasette itself answers who sends a wrong one.
        with contextlib.suppress(*WRONG_TOKEN):
            actors += [actor] if (actor := await utils.await_me_maybe(each)) else []
    if not actors or not mode.of(datasette).login:
        return bool(actors)
    people, actor = known_accounts(datasette), actors[0]
    name, session = str(actor.get("id")), actor.get("session")
    # A session of `serve --root` does not outlive that server, though the key that signed it does.
    is_root = name == accounts.RESERVED and getattr(datasette, "root_enabled", False)
    return is_root or actor.get("token") in people.tokens or (session or "") == people.session_of(name)


class Attempts:
    """The wrong passwords of the last minute, and how many are being checked."""

    def __init__(self) -> None:
        self.checking = 0
        self.wrong: dict[tuple[str, str], list[float]] = {}

    def are_too_many(self, who: tuple[str, str]) -> bool:
        """Whether a name must wait."""
        since = time.monotonic() - MINUTE
        self.wrong = {key: times for key, times in self.wrong.items() if times[-1] > since}
        return len([at for at in self.wrong.get(who, ()) if at > since]) >= WRONG

    async def check(self, who: tuple[str, str], is_right: Callable[[], bool]) -> bool:
        """Check a password in a thread: everybody else is answered meanwhile."""
        self.checking += 1
        try:
            found = await asyncio.get_running_loop().run_in_executor(None, is_right)
        finally:
            self.checking -= 1
        if not found:
            self.wrong.setdefault(who, []).append(time.monotonic())
        return found


_ATTEMPTS: weakref.WeakKeyDictionary[Any, Attempts] = weakref.WeakKeyDictionary()


async def login(datasette: Any, request: Any) -> Any:
    """The login page, and the answer to a name and a password."""
    served = mode.of(datasette)
    if not served.login:
        return Response.text("Nobody logs in here.\n", status=404)
    target = request.args.get("next") or ""
    if request.method != "POST":
        return await _page(datasette, request, target, "", 200)
    if _is_of_another_site(request):
        return await _page(datasette, request, "", ELSEWHERE, 403)
    given = await request.post_vars()
    name, password, target = (given.get(key) or "" for key in ("name", "password", "next"))
    if not accounts.NAME.fullmatch(name):
        # No user can have this name, and it may be a megabyte: it is not remembered.
        return await _page(datasette, request, target, "The name or the password is wrong.", 403)
    attempts = _ATTEMPTS.setdefault(datasette, Attempts())
    who = name, (request.scope.get("client") or ("",))[0]
    if attempts.are_too_many(who):
        return await _page(datasette, request, target, WAIT, 429)
    if attempts.checking >= CHECKS:
        return await _page(datasette, request, target, BUSY, 503)
    known = known_accounts(datasette)
    stored = known.users.get(name)
    if not await attempts.check(who, lambda: accounts.is_password(password, stored or NOBODY)) or not stored:
        return await _page(datasette, request, target, "The name or the password is wrong.", 403)
    return _logged_in(datasette, name, known.session_of(name), target)


def _logged_in(datasette: Any, name: str, session: str | None, target: str) -> Any:
    is_local = target.startswith("/") and not target.startswith(("//", "/\\")) and target.isprintable()
    response = Response.redirect(datasette.urls.path(target if is_local else "/"))
    cookie = {"a": {"id": name, "session": session}, "e": baseconv.base62.encode(int(time.time()) + SESSION_SECONDS)}
    response.set_cookie("ds_actor", datasette.sign(cookie, "actor"), max_age=SESSION_SECONDS, httponly=True)
    return response


def _is_of_another_site(request: Any) -> bool:
    """Whether a page elsewhere sent the form: it would log a visitor in as somebody of its own choice."""
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if site or not origin:
        return site in ("cross-site", "same-site")
    # Without HTTPS a browser only tells the origin; behind a proxy, ours is not known.
    is_proxied = any(name.startswith("x-forwarded-") for name in request.headers)
    return not is_proxied and urlsplit(origin).netloc != request.headers.get("host")


async def _page(datasette: Any, request: Any, target: str, error: str, status: int) -> Any:
    html = await datasette.render_template("login.html", {"error": error, "next": target}, request=request)
    return Response.html(html, status=status, headers={"cache-control": "private, no-store"})
