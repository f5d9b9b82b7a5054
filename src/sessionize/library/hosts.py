"""The hosts that calls reach, as far as the text of their URLs shows them."""

from __future__ import annotations

import re
import string
from collections.abc import Mapping
from types import MappingProxyType

from sessionize.analysis.origins import Origins
from sessionize.analysis.tables import Tables
from sessionize.library.calls import BareCall
from sessionize.syntax import values as v
from sessionize.syntax.access import READ


class Hosts:
    def __init__(self, origins: Origins, tables: Tables) -> None:
        self.names = origins.names
        self.origins = origins
        self.tables = tables

    def host(self, call: BareCall, given: Mapping[str, v.Value] = MappingProxyType({})) -> str | None:
        """The host that a call reaches, where the source shows it. `given`: values of names to assume."""
        url = call.argument("url", 1 if call.verb == "request" else 0)
        return self._host(url, call.site.scope, given) if url is not None else None

    def _host(self, url: v.Value, scope: int, given: Mapping[str, v.Value]) -> str | None:
        text, whole = self._prefix(url, scope, given, 0)
        found = re.match(r"https?://([^/?#\\]+)([/?#\\]|$)", text, re.IGNORECASE)
        if found is None or not (whole or found[2]):
            return None
        return found[1].rpartition("@")[2].lower()

    def changes_each_turn(self, call: BareCall, loop: int) -> bool:
        """Tell whether the loop goes over a literal list that gives the call another known host on every turn."""
        targets = self.tables.loop_targets.get(loop, ())
        if len(targets) != 1:
            return False
        bind = targets[0]
        values = self.origins.resolve_once(bind.value, bind.scope)
        if not isinstance(values, v.Sequence) or len(self.names.binds(bind.scope, bind.name)) != 1:
            return False
        if isinstance(bind.value, v.Name):  # a list may be filled
            owner = self.names.owner(bind.value.name, bind.scope)
            if not self.names.accesses(owner, bind.value.name) <= {READ}:
                return False
        return _all_differ([self.host(call, {bind.name: item}) for item in values.items])

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
        if depth > 8:
            return "", False
        match value:
            case v.Const(value=str(text)):
                return text, True
            case v.Name(name=name) if name in given:
                return self._prefix(given[name], scope, {}, depth + 1)
            case v.Name():
                return self._prefix(self.origins.resolve_once(value, scope), scope, given, depth + 1)
            case v.Hole(value=inner, plain=True):
                return self._prefix(inner, scope, given, depth)
            case v.Join(parts=parts):
                pieces: list[v.Value] = list(parts)
            case v.Binary(op="+", left=left, right=right):
                pieces = [left, right]
            case v.Binary(op="%", left=v.Const(value=str(text)), right=right):
                pieces = _percent(text, right)
            case v.Call(func=v.Attribute(value=template, attr="format")) as call:
                text, whole = self._prefix(template, scope, given, depth + 1)
                pieces = _format(text, call) if whole else [v.Const(text.partition("{")[0], "str"), v.OPAQUE]
            case _:
                return "", False
        known = ""
        for piece in pieces:
            text, whole = self._prefix(piece, scope, given, depth + 1)
            known += text
            if not whole:
                return known, False
        return known, True


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
