"""Users and tokens of a public server: hashes, in a file beside the report database that only its owner may read."""

from __future__ import annotations

import hashlib
import json
import os
import re
import secrets
import stat
import sys
from binascii import b2a_base64
from pathlib import Path

from ..errors import StoryreportError, UsageError

SUFFIX = ".access.json"
NAME = re.compile(r"[A-Za-z0-9_.@+-]{1,64}")
# Datasette's own, who logs in by the address that `serve --root` prints.
RESERVED = "root"
SHORTEST_PASSWORD = 10
# As datasette-auth-passwords writes hashes, with more rounds.
ALGORITHM, ROUNDS = "pbkdf2_sha256", 600_000
TOKEN_PREFIX = "sr_"
SHOWN_ONCE = "It is shown this once: send it as the header `Authorization: Bearer TOKEN`."


class Accounts:
    """Name → hash of the password or token, and the key that signs who has logged in."""

    # Not a dataclass: to import that takes as long as to list all users.
    def __init__(
        self, secret: str = "", users: dict[str, str] | None = None, tokens: dict[str, str] | None = None
    ) -> None:
        self.secret = secret or secrets.token_hex(32)
        self.users = users or {}
        self.tokens = tokens or {}

    def session_of(self, name: str) -> str | None:
        """What a session of a user holds of their password: it ends with it. None for an unknown user."""
        return hashlib.sha256(self.users[name].encode()).hexdigest()[:16] if name in self.users else None

    @property
    def is_empty(self) -> bool:
        """Whether nobody can log in."""
        return not (self.users or self.tokens)

    def owner_of(self, token: str) -> str | None:
        """The name of a token; it is random and long, so that a plain hash cannot be guessed back."""
        digest = _token_hash(token)
        found = [name for name, known in self.tokens.items() if secrets.compare_digest(known, digest)]
        return found[0] if found else None


def path_for(database: Path) -> Path:
    """The file of a report database's accounts."""
    return database.with_name(database.name + SUFFIX)


def read(path: Path) -> Accounts:
    """The accounts in a file, none where there is no file; StoryreportError where it is not ours alone or broken."""
    try:
        with path.open(encoding="utf-8") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            if os.name == "posix" and mode & 0o077:
                raise StoryreportError(f"{path} can be read by others: close it with `chmod 600 {path}`.")
            return Accounts(**json.load(file))
    except FileNotFoundError:
        return Accounts()
    except (ValueError, TypeError):
        raise StoryreportError(f"{path} is damaged: delete it and add the users and tokens again.") from None


def write(path: Path, accounts: Accounts) -> None:
    """Replace the file as one."""
    name = f"{path}.{secrets.token_hex(8)}"
    # The new file is its owner's alone from the start.
    handle = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(vars(accounts), file, indent=1)
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise


def names(database: Path, kind: str) -> list[str]:
    """The names of the users or tokens (`kind` is "users" or "tokens"), in order."""
    return sorted(getattr(_known(database), kind))


def add_user(database: Path, name: str, password: str) -> None:
    """Add a user, or give one a new password; UsageError for a name or a password that cannot be."""
    if len(password) < SHORTEST_PASSWORD:
        raise UsageError(f"The password is shorter than {SHORTEST_PASSWORD} characters: choose a longer one.")
    accounts = _for_change(database, name)
    accounts.users[name] = hashed(password)
    write(path_for(database), accounts)


def create_token(database: Path, name: str) -> str:
    """A new token, in place of an earlier one of this name; it is stored nowhere."""
    accounts, token = _for_change(database, name), TOKEN_PREFIX + secrets.token_urlsafe(32)
    accounts.tokens[name] = _token_hash(token)
    write(path_for(database), accounts)
    return token


def remove(database: Path, kind: str, name: str) -> None:
    """Remove a user or a token (`kind` is "users" or "tokens"); UsageError where there is none."""
    accounts = _known(database)
    if getattr(accounts, kind).pop(name, None) is None:
        raise UsageError(f"There is no {kind.removesuffix('s')} {name!r}: `storyreport {kind[:-1]} list` shows them.")
    write(path_for(database), accounts)


def hashed(password: str) -> str:
    """The hash of a password, with a new salt."""
    return _hash(password, secrets.token_hex(16), ROUNDS)


def is_password(password: str, known: str) -> bool:
    """Whether a password has this hash. It takes a quarter of a second: never call it in an event loop."""
    _, rounds, salt, _ = known.split("$")
    return secrets.compare_digest(known, _hash(password, salt, int(rounds)))


def _hash(password: str, salt: str, rounds: int) -> str:
    digest = hashlib.pbkdf2_hmac("sha256", password.encode(), salt.encode(), rounds)
    return f"{ALGORITHM}${rounds}${salt}${b2a_base64(digest, newline=False).decode()}"


def _token_hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _known(database: Path) -> Accounts:
    """The accounts of a report database; StoryreportError where neither it nor they are there."""
    path = path_for(database)
    if not (database.is_file() or path.is_file()):
        raise _missing(database)
    return read(path)


def _missing(database: Path) -> StoryreportError:
    return StoryreportError(f"{database} does not exist: ingest a source first, or name another one with --db.")


def _for_change(database: Path, name: str) -> Accounts:
    if not NAME.fullmatch(name) or name == RESERVED:
        raise UsageError(f"{name!r} cannot be a name: use up to 64 letters, digits and _.@+-, and not 'root'.")
    if not database.is_file():
        raise _missing(database)
    return read(path_for(database))


def quick(arguments: list[str]) -> str | None:
    """What a plain command of ours prints, done without click; None where the command line has to look."""
    group, words = arguments[0], arguments[1:]
    database = Path(os.environ.get("STORYREPORT_DB") or "storyreport.db")
    if words[-2:-1] == ["--db"]:
        words, database = words[:-2], Path(words[-1])
    if any(word.startswith("-") for word in words) or database.is_dir():
        return None
    try:
        match group, words:
            case "user" | "token", ["list"]:
                return "".join(f"{name}\n" for name in names(database, f"{group}s"))
            case "user" | "token", ["remove", name]:
                remove(database, f"{group}s", name)
                return ""
            case "token", ["create", name]:
                token = create_token(database, name)
                print(SHOWN_ONCE, file=sys.stderr)
                return f"{token}\n"
    except (StoryreportError, OSError):
        # Said by the command line, in its way; nothing was changed.
        pass
    return None
