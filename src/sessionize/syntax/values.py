"""Expressions as frozen plain values: what one says, as far as a decision may lean on it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

if TYPE_CHECKING:
    from typing_extensions import dataclass_transform
else:

    def dataclass_transform(**_options: bool) -> Callable[[Any], Any]:
        return lambda decorator: decorator


_T = TypeVar("_T")


_METHODS = """
def __init__({self}): {stored}
def __eq__(self, other): return self.__class__ is other.__class__{same}
def __hash__(self): return hash(({held}))
def __repr__(self): return f"{name}({shown})"
"""


@dataclass_transform(frozen_default=True)
def _value(cls: type[_T]) -> type[_T]:
    """To a type checker `dataclass(frozen=True, slots=True)`, made in a fifth of the time, which every run pays."""
    names = tuple(cls.__annotations__)
    text = _METHODS.format(
        name=cls.__name__,
        self=", ".join(("self", *names)),
        stored="; ".join(f"self.{name} = {name}" for name in names) or "pass",
        same="".join(f" and self.{name} == other.{name}" for name in names),
        held="".join(f"self.{name}, " for name in names),
        shown=", ".join(f"{name}={{self.{name}!r}}" for name in names),
    )
    body = {name: value for name, value in vars(cls).items() if name not in ("__dict__", "__weakref__")}
    exec(text, {}, body)  # noqa: S102  # made of the names of fields
    made: type[_T] = type(cls.__name__, cls.__bases__, {**body, "__slots__": names, "__match_args__": names})
    return made


@_value
class Const:
    """A literal. `kind` is its type's name, so that `True` and `1` differ."""

    value: object
    kind: str


@_value
class Name:
    name: str


@_value
class Attribute:
    value: Value
    attr: str


@_value
class Item:
    """`value[key]`."""

    value: Value
    key: Value


@_value
class Hole:
    """`{value}` in an f-string; `plain` without a conversion or format."""

    value: Value
    plain: bool


@_value
class Join:
    """An f-string."""

    parts: tuple[Const | Hole, ...]


@_value
class Binary:
    """`left + right`, or with `%`, `*` or `|`."""

    op: str
    left: Value
    right: Value


@_value
class Dict:
    """A dict display; a key of None stands for `**value`."""

    items: tuple[tuple[Value | None, Value], ...]


@_value
class Sequence:
    """A list, tuple or set display; `kind` says which."""

    kind: str
    items: tuple[Value, ...]


@_value
class Argument:
    value: Value
    keyword: str | None
    stars: str


@_value
class Call:
    func: Value
    args: tuple[Argument, ...]

    @property
    def unpacks(self) -> bool:
        """True if it passes `*` or `**` arguments, which no one knows."""
        return any(arg.stars for arg in self.args)

    @property
    def keywords(self) -> set[str]:
        """The keywords of its arguments."""
        return {arg.keyword for arg in self.args if arg.keyword is not None}

    def argument(self, keyword: str, position: int = -1) -> Value | None:
        """The argument of that keyword, or at that position."""
        for arg in self.args:
            if arg.keyword == keyword:
                return arg.value
        placed = 0 <= position < len(self.args) and not self.args[position].keyword
        return self.args[position].value if placed else None


@dataclass(frozen=True, slots=True)
class Imported:
    """The thing that an import binds: `requests`, or `requests.get` for `from requests import get`.

    is_from: tells that from `import requests.get as get`.
    """

    path: str
    is_from: bool = field(default=False, compare=False)


@_value
class Opaque:
    """Any other expression. Two of them are never known to be the same."""


Value: TypeAlias = Const | Name | Attribute | Item | Hole | Join | Binary | Dict | Sequence | Call | Imported | Opaque


@_value
class Check(Opaque):
    """`a == b` or another comparison, `a and b and c`, `a or b`, `not a`: opaque but for its truth."""

    op: str
    values: tuple[Value, ...]


OPAQUE = Opaque()
NONE = Const(None, "NoneType")
_EMPTY = Const("", "str")


def last_name(value: Value) -> str:
    """The name behind the last dot of a name or attribute; empty for anything else."""
    return value.attr if isinstance(value, Attribute) else value.name if isinstance(value, Name) else ""


def within(value: Value) -> Iterator[Value]:
    """A value and all that it is made of, in the order of the text."""
    todo: list[Value | None] = [value]
    while todo:
        match todo.pop():
            case Attribute(value=inner) | Hole(value=inner) as found:
                todo.append(inner)
            case Item(value=inner, key=key) as found:
                todo += (key, inner)
            case Dict(items=pairs) as found:
                for pair in reversed(pairs):
                    todo += reversed(pair)
            case Sequence(items=parts) | Join(parts=parts) as found:
                todo += reversed(parts)
            case Binary(left=left, right=right) as found:
                todo += (right, left)
            case Call(func=func, args=args) as found:
                for arg in reversed(args):
                    todo.append(arg.value)
                todo.append(func)
            case None:
                continue
            case found:
                pass
        yield found


def names_in(value: Value) -> list[str]:
    """The names in a value."""
    return [inner.name for inner in within(value) if isinstance(inner, Name)]


def attributes_in(value: Value) -> set[str]:
    """The names of the attributes in a value."""
    return {inner.attr for inner in within(value) if isinstance(inner, Attribute)}


def dotted_in(value: Value) -> list[str]:
    """The attributes in a value as they are written: `self.key`."""
    return [dotted(inner) for inner in within(value) if isinstance(inner, Attribute)]


def is_known(value: Value) -> bool:
    """Tell whether the outline says all that a value is made of: nothing in it is opaque, as `a or b` is."""
    return not any(isinstance(inner, Opaque) for inner in within(value))


def called(value: Value) -> Value:
    """The thing that a value calls; nothing known for one that is no call."""
    return value.func if isinstance(value, Call) else OPAQUE


def called_name(value: Value) -> str:
    """The last name of what a value calls: `Client` of `api.Client(key)`; empty for one that is no call."""
    return last_name(called(value))


def checked(value: Value) -> Iterator[Value]:
    """A test and all that its truth is made of."""
    if isinstance(value, Check):
        for inner in value.values:
            yield from checked(inner)
    else:
        yield from within(value)


def dotted(value: Value) -> str:
    """Names joined by dots as they are written; empty for anything else."""
    return f"{dotted(value.value)}.{value.attr}" if isinstance(value, Attribute) else last_name(value)


def joined(parts: list[Value]) -> Value:
    """The value of adjacent string pieces: a `Const` where all are plain, else a `Join` of merged pieces."""
    pieces: list[Const | Hole] = []
    for part in parts:
        for piece in part.parts if isinstance(part, Join) else (part,):
            last = pieces[-1] if pieces else None
            if not isinstance(piece, Const | Hole):
                return OPAQUE
            if isinstance(piece, Const) and isinstance(last, Const) and piece.kind == last.kind:
                pieces[-1] = Const(last.value + piece.value, piece.kind)  # type: ignore[operator]
            elif last is None or piece != _EMPTY:
                pieces.append(piece)
    if len(pieces) == 1 and isinstance(pieces[0], Const):
        return pieces[0]
    return Join(tuple(pieces))
