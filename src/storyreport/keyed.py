"""Values hashed with a report database's own key: who is meant is not kept, who is the same is."""

import hmac
import os
import sqlite3
from collections.abc import Callable
from functools import lru_cache

from .patterns import Pattern
from .tokens import IN_SMALL, TOKEN

HASH_DIGITS = 16
# What is longer is not kept in memory.
LONG = 200
# No token is as short, and none in small letters, which are hexadecimal digits.
SHORT, SHORT_IN_SMALL = 19, 30
# In a key, unlike in a text, name@1.2.3 is a version.
E_MAIL = Pattern(r"[\w.+%-]{1,64}(?:@|%40)(?:[\w-]+\.)+[^\W\d_]{2,}(?![\w-])")
# The user and the password of an address; and a value behind the name of a secret, as in a signed address.
LOGIN = Pattern(r"(?<=://)[^\s/@]{1,200}(?=@)")
SECRET = Pattern(
    r"(?i)((?:(?:api|access|secret|account|private)[-_]?key(?:[-_]?id)?|(?<![a-z])(?:sig|signature|token|passwd|pw|pass)"
    r"|[-_](?:token|signature|credential|secret|pass)|password|secret|pwd|authorization)=)(?!secret-)([^\s&;,\"'<>]{4,})"
)
HASHED, HASHED_SECRET = "e-mail-", "secret-"
# How a key of several parts writes "/" and "~" within one of them (`values.keys`), and how deep keys may lie in keys.
ESCAPED = ("~1", "~0")
DEPTH = 4
# What a key has that may be private, in column {c}, and the key as it is kept. To look for one sign takes a seventh of
# what it takes to look for one of several; tokens are long, and most of them have capitals.
MAY_BE_PRIVATE = (
    "({c} glob '*@*' or {c} glob '*=*' or {c} glob '*%*'"
    f" or (length({{c}}) > {SHORT} and (length({{c}}) > {SHORT_IN_SMALL} or cast({{c}} as text) <> lower({{c}}))))"
)
PRIVATE_KEY = f"case when {MAY_BE_PRIVATE} then private_key(cast({{c}} as blob)) else {{c}} end"


def register(connection: sqlite3.Connection) -> None:
    """Make keyed_hash and private_key callable from SQL; the report database's key is made where it has none yet."""
    read = "select value from main.secrets where name = 'keyed_hash'"
    row = connection.execute(read).fetchone()
    if row is None:
        connection.execute("insert into main.secrets values ('keyed_hash', ?)", [os.urandom(32).hex()])
        row = connection.execute(read).fetchone()
    keyed_hash, private_key = private_keys(bytes.fromhex(row[0]))
    connection.create_function("keyed_hash", 1, keyed_hash, deterministic=True)
    connection.create_function("private_key", 1, private_key, deterministic=True)


def secret_of(connection: sqlite3.Connection) -> bytes:
    """The report database's key, which `register` has made."""
    row = connection.execute("select value from main.secrets where name = 'keyed_hash'").fetchone()
    return bytes.fromhex(row[0])


def private_keys(
    secret: bytes,
) -> tuple[Callable[[bytes | None], str | None], Callable[[bytes | str | None], str | None]]:
    """The functions keyed_hash and private_key with a report database's key."""

    def computed(value: bytes) -> str:
        return hmac.digest(secret, value, "sha256").hex()[:HASH_DIGITS]

    # Thousands of rows are of the same user.
    again = lru_cache(maxsize=1024)(computed)

    def keyed_hash(value: bytes | None) -> str | None:
        if not value:
            return None
        return again(value) if len(value) < LONG else computed(value)

    def private_key(value: bytes | str | None) -> str | None:
        text = value.decode(errors="replace") if isinstance(value, bytes) else value
        return private(text, DEPTH) if text else text

    def part_of_key(part: str, depth: int) -> str:
        whole = part.replace("~1", "/").replace("~0", "~")
        kept = private(whole, depth)
        return part if kept == whole else kept.replace("~", "~0").replace("/", "~1")

    def private(text: str, depth: int) -> str:
        if "~" in text and depth and any(sign in text for sign in ESCAPED):
            text = "/".join(part_of_key(part, depth - 1) if "~" in part else part for part in text.split("/"))
        if "=" in text:
            text = SECRET.sub(lambda found: f"{found[1]}{HASHED_SECRET}{keyed_hash(found[2].encode())}", text)
        if "://" in text:
            text = LOGIN.sub(lambda found: f"{HASHED_SECRET}{keyed_hash(found[0].encode())}", text)
        # Most long keys are numbers in small letters, with signs between them.
        if len(text) > SHORT and (IN_SMALL.search(text) or not text.islower()):
            text = TOKEN.sub(lambda found: f"{HASHED_SECRET}{keyed_hash(found[0].encode())}", text)
        if "@" in text or "%40" in text:
            text = E_MAIL.sub(lambda found: f"{HASHED}{keyed_hash(found[0].encode())}", text)
        return text

    return keyed_hash, private_key
