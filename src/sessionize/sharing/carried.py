"""Cookies of one answer that are handed to later calls, as a session does by itself: `cookies=reply.cookies`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence, Set as AbstractSet
from functools import cached_property

from sessionize.analysis.memo import memo
from sessionize.library.calls import BareCall
from sessionize.library.program import Program
from sessionize.syntax import outline as o, values as v
from sessionize.syntax.access import ARGUMENT, Access


class Carried:
    """The carried cookies of one file."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.names = program.names
        self.origins = program.origins

    @memo
    def answers(self, call: BareCall) -> AbstractSet[int]:
        """The calls whose answers' cookies a call passes; none if it passes others as well, or none."""
        return self._answers(call.argument("cookies") or v.OPAQUE, call.site.scope, 0) or frozenset()

    def answer(self, call: BareCall) -> int | None:
        """The one call whose answer's cookies a call passes as they are: `cookies=reply.cookies`.

        `reply` is bound once, and nothing changes its cookies.
        """
        match call.argument("cookies"):
            case (
                v.Call(func=v.Attribute(value=jar, attr="get_dict"), args=())
                | v.Call(func=v.Name(name="dict"), args=(v.Argument(value=jar),))
                | jar
            ):
                pass
        if not isinstance(jar, v.Attribute) or not isinstance(jar.value, v.Name) or jar.attr != "cookies":
            return None
        name, owner = jar.value.name, self.names.owner(jar.value.name, call.site.scope)
        if len(self.names.binds(owner, name)) > 1 or any(map(self._may_change, self.names.uses(owner, name))):
            return None
        found = self._answers_of(name, call.site.scope) or ()
        return next(iter(found)) if len(found) == 1 else None

    def _may_change(self, use: o.Use) -> bool:
        """Tell whether a use of an answer may change its cookies: not `reply.text`, and not `cookies=reply.cookies`."""
        access = use.access
        if access.attribute not in ("", "cookies") or access.steps == ("cookies", "get_dict"):
            return False
        path = self.origins.paths[use.call] if access == Access(ARGUMENT.end, ("cookies",)) else None
        return path != "builtins.dict" and self.origins.library.function(path) is None

    def _answers(self, value: v.Value, scope: int, depth: int) -> AbstractSet[int] | None:
        """The calls that a jar, or a dict, is from; None if it may be from elsewhere."""
        match value:
            case v.Const(value=None) | v.Dict(items=()):  # before the first answer
                return frozenset()
            case v.Call(func=v.Attribute(value=jar, attr="get_dict" | "copy"), args=()):
                return self._answers(jar, scope, depth)
            case v.Call(func=func, args=(v.Argument(value=jar, stars=""),)):
                copies = self.origins.path_of(func, scope) in ("builtins.dict", self.origins.library.from_jar)
                return self._answers(jar, scope, depth) if copies else None
            case v.Attribute(value=v.Call() as answer, attr="cookies"):
                return self._made_by.get((answer, -1))
            case v.Attribute(value=v.Name(name=name), attr="cookies") if found := self._answers_of(name, scope):
                return found
            case v.Name(name=name) if depth < 3:
                return self._answers_of_all(self.names.seen(name, scope), depth + 1)
            case v.Attribute(attr=attr) if depth < 3:
                return self._answers_of_all(self.program.tables.stores_of[attr], depth + 1)
        return None

    def _answers_of_all(self, rows: Sequence[o.Bind | o.Store], depth: int) -> frozenset[int] | None:
        """The calls that all that is bound, or set, is from."""
        return _all([self._answers(row.value, row.scope, depth) for row in rows])

    def _answers_of(self, name: str, scope: int) -> frozenset[int] | None:
        """The calls that a variable has the answers of, and nothing else."""
        binds = self.names.seen(name, scope)
        return _all([self._made_by.get((bind.value, bind.part)) for bind in binds])

    @cached_property
    def _made_by(self) -> dict[tuple[v.Value, int], set[int]]:
        """The bare calls by what they are in the text, and the part in which they stand, or -1 for any part."""
        calls: dict[tuple[v.Value, int], set[int]] = defaultdict(set)
        for call in self.program.bare.calls:
            calls[call.site.value, call.site.part].add(call.id)
            calls[call.site.value, -1].add(call.id)
        return calls


def _all(found: Sequence[AbstractSet[int] | None]) -> frozenset[int] | None:
    """The calls of all, or None if one of them is not known, or there is none."""
    if not found or None in found:
        return None
    return frozenset().union(*filter(None, found))
