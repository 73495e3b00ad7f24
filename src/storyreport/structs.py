"""Data classes that start fast: an ingest of a few rows makes forty of them before it begins.

Of each only the constructor is generated; how they are shown, compared and hashed is the same function for all. That
nobody assigns to a frozen one is checked by mypy, which takes them for data classes. So does `dataclasses`, which takes
as long to import as they do to make: it is imported by who uses it.
"""

from operator import attrgetter
from typing import TYPE_CHECKING, Any

__all__ = ["as_dict", "field", "names_of", "replace", "struct"]


class _Field:
    """What `field` says of a field, until its class is made; NONE is no default, and an argument that was not given."""

    def __init__(self, default: Any, factory: Any, is_shown: bool = True, is_compared: bool = True):
        self.default, self.factory, self.is_shown, self.is_compared = default, factory, is_shown, is_compared


NONE = _Field(None, None)

if TYPE_CHECKING:
    from dataclasses import dataclass as struct
    from dataclasses import field, replace
else:

    def struct(cls: Any = None, *, frozen: bool = False) -> Any:
        """As `dataclass`, shown, compared and hashed alike; an assignment to a frozen one is not refused."""
        return _made(cls, frozen) if cls else lambda later: _made(later, frozen)

    def field(*, default: Any = NONE, default_factory: Any = None, repr: bool = True, compare: bool = True) -> Any:
        """As `dataclasses.field`."""
        return _Field(default, default_factory, repr, compare)

    def replace(row: Any, **changes: Any) -> Any:
        """As `dataclasses.replace`."""
        return type(row)(**{**as_dict(row), **changes})


def names_of(cls: Any) -> tuple[str, ...]:
    """The names of a struct's fields."""
    return tuple(cls.STRUCT)


def as_dict(row: Any) -> dict[str, Any]:
    """The values of a struct by name; unlike those of `dataclasses.asdict` they are no copies."""
    return {name: getattr(row, name) for name in row.STRUCT}


def _made(cls: Any, frozen: bool) -> Any:
    given = {name: vars(cls).get(name, NONE) for name in cls.__annotations__}
    found = {name: one if isinstance(one, _Field) else _Field(one, None) for name, one in given.items()}
    for name, one in found.items():
        if one is not NONE and one.default is not NONE:
            setattr(cls, name, one.default)
        elif name in vars(cls):
            delattr(cls, name)
    compared = [name for name, one in found.items() if one.is_compared]
    shown = [name for name, one in found.items() if one.is_shown]
    # Of a single name it gives no tuple; without any, all are equal.
    values = attrgetter(*compared) if compared else type

    def represented(self: Any) -> str:
        return f"{type(self).__qualname__}({', '.join(f'{name}={getattr(self, name)!r}' for name in shown)})"

    def is_equal(self: Any, other: object) -> Any:
        return values(self) == values(other) if type(self) is type(other) else NotImplemented

    def hashed(self: Any) -> int:
        return hash(values(self))

    cls.STRUCT, cls.__dataclass_fields__ = found, _DataclassFields()
    cls.__init__ = _constructor(cls, found)
    cls.__repr__, cls.__eq__, cls.__hash__ = represented, is_equal, hashed if frozen else None
    return cls


def _constructor(cls: Any, found: dict[str, _Field]) -> Any:
    """A function that takes the fields and sets them; one that is not given has its default, or a new one."""
    known: dict[str, Any] = {"NONE": NONE}
    parameters, lines = ["self"], []
    for name, one in found.items():
        known |= {f"default_{name}": one.default, f"new_{name}": one.factory}
        default = "" if one is NONE else "=NONE" if one.factory else f"=default_{name}"
        parameters.append(f"{name}{default}")
        value = f"new_{name}() if {name} is NONE else {name}" if one.factory else name
        lines.append(f" self.{name} = {value}")
    exec(f"def __init__({', '.join(parameters)}):\n" + "\n".join(lines or [" pass"]), known)
    known["__init__"].__qualname__ = f"{cls.__qualname__}.__init__"
    return known["__init__"]


class _DataclassFields:
    """The fields as `dataclasses` knows them, made when it asks for them."""

    def __get__(self, _: Any, cls: Any) -> Any:
        import dataclasses

        def described(one: _Field) -> Any:
            how: dict[str, Any] = {"repr": one.is_shown, "compare": one.is_compared}
            if one.factory:
                how["default_factory"] = one.factory
            elif one is not NONE:
                how["default"] = one.default
            return dataclasses.field(**how)

        rows = [(name, cls.__annotations__[name], described(one)) for name, one in cls.STRUCT.items()]
        cls.__dataclass_fields__ = vars(dataclasses.make_dataclass(cls.__name__, rows))["__dataclass_fields__"]
        return cls.__dataclass_fields__
