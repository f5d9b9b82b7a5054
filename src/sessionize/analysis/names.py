"""The variable that a name means: Python's scoping rules on an outline.

https://docs.python.org/3/reference/executionmodel.html#resolution-of-names
"""

from __future__ import annotations

from collections import defaultdict
from functools import cached_property

from sessionize.analysis.grouping import grouped
from sessionize.syntax.access import Access
from sessionize.syntax.outline import Bind, Outline, Use


class Names:
    def __init__(self, outline: Outline) -> None:
        self._scopes = outline.scopes
        self._outline = outline
        self._binds: dict[tuple[int, str], list[Bind]] = defaultdict(list)
        self.stars: list[Bind] = []
        local = {(b.scope, b.name) for b in outline.binds if b.name not in self._scopes[b.scope].nonlocals}
        for bind in outline.binds:
            scope = self._scopes[bind.scope]
            owner = bind.scope
            if bind.name in scope.globals:
                owner = 0
            elif bind.name in scope.nonlocals:
                owner = scope.parent
                while owner > 0 and (self._scopes[owner].kind == "class" or (owner, bind.name) not in local):
                    owner = self._scopes[owner].parent
            self._binds[owner, bind.name].append(bind)
            if bind.form == "star":
                self.stars.append(bind)

    def owner(self, name: str, scope: int) -> int:
        """The scope whose variable `name` is in `scope`; -1 if the file binds none: a builtin, or a star import's."""
        start = scope
        while scope != -1:
            row = self._scopes[scope]
            if name in row.globals:
                return 0 if (0, name) in self._binds else -1
            if name not in row.nonlocals and (scope, name) in self._binds and (row.kind != "class" or scope == start):
                return scope
            scope = row.parent
        return -1

    def binds(self, owner: int, name: str) -> list[Bind]:
        """Every binding of that variable, in order."""
        return self._binds.get((owner, name), [])

    def seen(self, name: str, scope: int) -> list[Bind]:
        """Every binding of the variable that `name` is in `scope`."""
        return self.binds(self.owner(name, scope), name)

    def forms(self, owner: int, name: str) -> set[str]:
        """The forms of the bindings of that variable."""
        return {bind.form for bind in self.binds(owner, name)}

    def uses(self, owner: int, name: str) -> list[Use]:
        """Every use of that variable, in order."""
        return self._uses.get((owner, name), [])

    def accesses(self, owner: int, name: str) -> set[Access]:
        """The ways in which that variable is used."""
        return {use.access for use in self.uses(owner, name)}

    def is_taken(self, name: str, scope: int) -> bool:
        """Tell whether a new variable of `scope` must not have this name.

        It appears there or in a scope inside it, or a scope around it binds it.
        """
        if name in self._inside[scope]:
            return True
        while (scope := self._scopes[scope].parent) != -1:
            if (scope, name) in self._binds and self._scopes[scope].kind != "class":
                return True
        return False

    @cached_property
    def _uses(self) -> dict[tuple[int, str], list[Use]]:
        return grouped(self._outline.uses, lambda use: (self.owner(use.name, use.scope), use.name))

    @cached_property
    def _inside(self) -> dict[int, set[str]]:
        inside: dict[int, set[str]] = defaultdict(set)
        for use in self._outline.uses:
            inside[use.scope].add(use.name)
        for bind in self._outline.binds:
            inside[bind.scope].add(bind.name)
        for scope in reversed(range(len(self._scopes))):
            row = self._scopes[scope]
            inside[scope] |= row.globals | row.nonlocals
            if row.parent != -1:
                inside[row.parent] |= inside[scope]
        return inside
