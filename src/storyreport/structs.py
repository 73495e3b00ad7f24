"""Data classes that start in a third of the time: an ingest of a few rows makes forty of them before it begins.

Only the constructor is generated; how they are shown, compared and hashed is the same function for all. That nobody
assigns to a frozen one is checked by mypy, which takes them for what they replace.
"""

from dataclasses import dataclass, fields
from operator import attrgetter
from typing import TYPE_CHECKING, Any

__all__ = ["struct"]

if TYPE_CHECKING:
    from dataclasses import dataclass as struct
else:

    def struct(cls: Any = None, *, frozen: bool = False) -> Any:
        """As `dataclass`, shown, compared and hashed alike; an assignment to a frozen one is not refused."""
        return _made(cls, frozen) if cls else lambda later: _made(later, frozen)


def _made(cls: Any, frozen: bool) -> Any:
    made: Any = dataclass(repr=False, eq=False)(cls)
    shown = [field.name for field in fields(made) if field.repr]
    compared = [field.name for field in fields(made) if field.compare]
    # Of a single name it gives no tuple; without any, all are equal.
    values = attrgetter(*compared) if compared else type

    def represented(self: Any) -> str:
        return f"{type(self).__qualname__}({', '.join(f'{name}={getattr(self, name)!r}' for name in shown)})"

    def is_equal(self: Any, other: object) -> Any:
        return values(self) == values(other) if type(self) is type(other) else NotImplemented

    def hashed(self: Any) -> int:
        return hash(values(self))

    made.__repr__, made.__eq__, made.__hash__ = represented, is_equal, hashed if frozen else None
    return made
