"""The functions of ours that the SQL calls, run as Python by the engine: name → function and its SQL types."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..keyed import private_keys
from ..values import FUNCTIONS as VALUES

TEXT, INTEGER = "text", "integer"


@dataclass(frozen=True)
class Function:
    """A function of one row: what it takes and returns (text or integer); null in, null out."""

    name: str
    call: Callable[..., Any]
    takes: tuple[str, ...]
    returns: str


class PrivateKey:
    """The function private_key for a secret; it is made where it is called, for workers get a copy of this."""

    def __init__(self, secret: bytes):
        self.secret = secret
        self.made: Callable[[str | None], str | None] | None = None

    def __call__(self, key: str | None) -> str | None:
        """The key, with a hash in the place of an e-mail address."""
        if self.made is None:
            self.made = private_keys(self.secret)[1]
        return self.made(key)

    def __reduce__(self) -> tuple[type["PrivateKey"], tuple[bytes]]:
        return PrivateKey, (self.secret,)


def _clean_word(value: str | None, longest: int) -> str | None:
    cleaned: str | None = VALUES["clean_text"](_bytes(value), longest)
    return cleaned


def _clean_text(value: str | None) -> str | None:
    cleaned: str | None = VALUES["clean_text"](_bytes(value))
    return cleaned


def _is_text(value: str | None) -> int:
    return int(bool(VALUES["is_text"](_bytes(value))))


def _bytes(value: str | None) -> bytes | None:
    # The functions take what SQLite hands over: text that may not be UTF-8, as bytes.
    return None if value is None else value.encode("utf-8", "surrogatepass")


def functions(secret: bytes) -> list[Function]:
    """All functions; `secret` is the report database's own, with which e-mail addresses in keys are hashed."""
    return [
        Function("clean_text", _clean_text, (TEXT,), TEXT),
        Function("clean_word", _clean_word, (TEXT, INTEGER), TEXT),
        Function("is_text", _is_text, (TEXT,), INTEGER),
        Function("neutral", VALUES["neutral"], (TEXT,), TEXT),
        Function("error_text", VALUES["error_text"], (TEXT,), TEXT),
        Function("fingerprint", VALUES["fingerprint"], (TEXT,), TEXT),
        Function("currency_code", VALUES["currency_code"], (TEXT,), TEXT),
        Function("private_key", PrivateKey(secret), (TEXT,), TEXT),
        Function("duration_bucket", VALUES["duration_bucket"], (INTEGER,), INTEGER),
    ]
