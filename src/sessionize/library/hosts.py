"""The hosts that calls reach, as far as the text of their URLs shows them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from types import MappingProxyType

from sessionize.analysis.origins import Origins
from sessionize.analysis.tables import Tables
from sessionize.library.calls import BareCall
from sessionize.syntax import outline as o, values as v
from sessionize.syntax.access import READ

_HOLE = "\0"  # stands for what is not known in a text
# `https://{host}:{port}`, `https://{name}.example.org`; but not `https://example.org{path}`.
_HOST_WITH_HOLES = re.compile(rf"https?://([^/?#{_HOLE}]*[.:])?{_HOLE}([^/?#{_HOLE}]*[.:]{_HOLE})*", re.IGNORECASE)


class Hosts:
    def __init__(self, origins: Origins, tables: Tables) -> None:
        self.names = origins.names
        self.origins = origins
        self.tables = tables

    def host(self, call: BareCall, given: Mapping[str, v.Value] = MappingProxyType({})) -> str | None:
        """The host that a call reaches, where the source shows it. `given`: values of names to assume."""
        return self._host(call.url, call.site.scope, given) if call.url is not None else None

    def _host(self, url: v.Value, scope: int, given: Mapping[str, v.Value]) -> str | None:
        text, whole = self._prefix(url, scope, given, 0)
        found = re.match(r"https?://([^/?#\\]+)([/?#\\]|$)", text, re.IGNORECASE)
        if found is None or not (whole or found[2]):
            return None
        return found[1].rpartition("@")[2].lower()

    def site(self, call: BareCall) -> str:
        """The host of a call, or the name of what its URL begins with, `BASE`, `.url`; empty if it does not show."""
        return self.host(call) or _base(self.origins.resolve_once(call.url or v.OPAQUE, call.site.scope))

    def changes_each_turn(self, call: BareCall, loop: int) -> bool:
        """Tell whether a loop gives the call another host in every iteration.

        Its variable is the host, `f"https://{host}/"`, or it goes over a literal list or dict of known ones.
        """
        targets = list(self.tables.loop_targets.get(loop, ()))
        names = {bind.name for bind in targets}
        if not names.isdisjoint(self._names_of_host(call.url or v.OPAQUE, call.site.scope)):
            return True
        values = self._gone_through(loop, targets)
        if not values or len(self.names.binds(targets[-1].scope, targets[-1].name)) != 1:
            return False
        return _all_differ([self.host(call, {targets[-1].name: item}) for item in values])

    def _names_of_host(self, url: v.Value, scope: int) -> list[str]:
        """The names in the host and port of a URL: `host` and `port` in `f"http://{host}:{port}/info"`.

        None if they are hidden in a variable.
        """
        pieces = list(self._pieces(url, scope, {}, 0))
        shown = "".join(str(piece.value) if isinstance(piece, v.Const) else _HOLE for piece in pieces)
        host = _HOST_WITH_HOLES.match(shown)
        holes = [piece for piece in pieces if not isinstance(piece, v.Const)]
        return list(chain.from_iterable(map(v.names_in, holes[: host[0].count(_HOLE) if host is not None else 0])))

    def _gone_through(self, loop: int, targets: list[o.Bind]) -> Sequence[v.Value]:
        """The values that the last of a loop's targets gets, where a list or dict of this file holds them.

        `for url in URLS`, `for url in URLS.values()`, `for name, url in URLS.items()`.
        """
        if len(targets) == 1 and targets[0].form == "for":
            value = targets[0].value
            if isinstance(value, v.Call) and isinstance(value.func, v.Attribute) and value.func.attr == "values":
                value = value.func.value
            return self._held(value, targets[0].scope)
        for site in self.tables.calls_by_name["items"] if len(targets) == 2 else ():
            if site.part == loop and site.access == READ and isinstance(site.value.func, v.Attribute):
                return self._held(site.value.func.value, site.scope)
        return ()

    def _held(self, value: v.Value, scope: int) -> Sequence[v.Value]:
        """The items of a list, or the values of a dict, that is a display, or a name for one that is only read."""
        if isinstance(value, v.Name):
            accesses = self.names.accesses(self.names.owner(value.name, scope), value.name)
            if any(access.changed is not None or access.keeps for access in accesses):  # it may be filled
                return ()
        match self.origins.resolve_once(value, scope):
            case v.Sequence(items=items):
                return items
            case v.Dict(items=pairs):
                return [item for _, item in pairs]
        return ()

    def all_differ(self, values: v.Value, scope: int) -> bool:
        """Tell whether values are a literal list of URLs whose hosts are all known and differ."""
        values = self.origins.resolve_once(values, scope)
        if not isinstance(values, v.Sequence) or len(values.items) < 2:
            return False
        return _all_differ([self._host(item, scope, {}) for item in values.items])

    def prefix(self, value: v.Value, scope: int) -> str:
        """The text that a string surely begins with."""
        return self._prefix(value, scope, {}, 0)[0]

    def _prefix(self, value: v.Value, scope: int, given: Mapping[str, v.Value], depth: int) -> tuple[str, bool]:
        """The text that a string begins with, as far as it is known, and whether that is all of it."""
        known = ""
        for piece in self._pieces(value, scope, given, depth):
            if not isinstance(piece, v.Const):
                return known, False
            known += str(piece.value)
        return known, True

    def _pieces(self, value: v.Value, scope: int, given: Mapping[str, v.Value], depth: int) -> Iterator[v.Value]:
        """The texts that a string is made of, in order, and whatever is not known."""
        pieces: list[v.Value]
        match value:
            case v.Name(name=name) if name in given:
                pieces, given = [given[name]], {}
            case v.Name() if depth < 8 and (resolved := self.origins.resolve_once(value, scope)) != v.OPAQUE:
                pieces = [resolved]
            case v.Hole(value=inner, plain=True):
                pieces = [inner]
            case v.Join(parts=parts):
                pieces = list(parts)
            case v.Binary(op="+", left=left, right=right):
                pieces = [left, right]
            case v.Binary(op="%", left=v.Const(value=str(text)), right=right):
                pieces = _percent(text, right)
            case v.Call(func=v.Attribute(value=template, attr="format")) as call:
                text, whole = self._prefix(template, scope, given, depth + 1)
                pieces = _format(text, call) if whole else [v.Const(text.partition("{")[0], "str"), v.OPAQUE]
            case _:
                yield value
                return
        for piece in pieces:
            yield from self._pieces(piece, scope, given, depth + 1)


def _base(url: v.Value) -> str:
    """The name of the constant, attribute or function that a URL is put together from; empty for any other."""
    match url:
        case v.Call(func=v.Attribute(value=first, attr="format")) | v.Binary(left=first):
            return _base(first) or v.last_name(first)
        case v.Join(parts=(v.Const(value=""), v.Hole(value=first), *_)):
            return _base(first) or v.last_name(first)
        case v.Call(func=func, args=args):
            joined = v.last_name(func) in ("urljoin", "join") and args
            return v.last_name(args[0].value) if joined else f"{v.last_name(func)}()"
    return ""


def _all_differ(hosts: list[str | None]) -> bool:
    return None not in hosts and len(set(hosts)) == len(hosts)


def _percent(text: str, right: v.Value) -> list[v.Value]:
    """The pieces of `text % right`."""
    values = list(right.items) if isinstance(right, v.Sequence) and right.kind == "tuple" else [right]
    pieces: list[v.Value] = []
    for index, piece in enumerate(re.split(r"%s", text)):
        if index:
            pieces.append(values.pop(0) if values else v.OPAQUE)
        pieces.append(v.Const(piece.partition("%")[0], "str"))
        if "%" in piece:
            return [*pieces, v.OPAQUE]
    return pieces


def _format(text: str, call: v.Call) -> list[v.Value]:
    """The pieces of a text that a call formats: `text.format(host)`."""
    import string  # noqa: PLC0415  # few files need it

    pieces: list[v.Value] = []
    try:
        fields = list(string.Formatter().parse(text))
    except ValueError:
        return [v.OPAQUE]
    automatic = 0
    for literal, field, spec, conversion in fields:
        pieces.append(v.Const(literal, "str"))
        if field is not None:
            position = -1
            if not field or (field.isascii() and field.isdigit()):
                position = int(field) if field else automatic
                automatic += not field
            found = None if spec or conversion or call.unpacks else call.argument(field, position)
            pieces.append(found or v.OPAQUE)
    return pieces
