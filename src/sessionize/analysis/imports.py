"""Tell whether an import has run at a place: `requests` may be missing, replaced, or not imported yet."""

from __future__ import annotations

import sys

from sessionize.analysis.flow import Flow, Place
from sessionize.analysis.memo import memo
from sessionize.analysis.origins import Origins
from sessionize.syntax import outline as o, values as v

# Of the standard library, what binds names that requests has as well: `webbrowser.get`, `unittest.mock.patch`.
_BINDING_LIKE_NAMES = frozenset(("webbrowser", "unittest.mock"))


class Imports:
    def __init__(self, origins: Origins, flow: Flow) -> None:
        self.outline = origins.outline
        self.names = origins.names
        self.origins = origins
        self.flow = flow

    def lift(self, place: Place, owner: int) -> Place | None:
        """A place as the scope `owner` sees it: there, or at the `def` in that scope that contains it."""
        while True:
            scope = self.flow.function_around(place.block)
            if scope == owner:
                return place
            part = self.outline.scopes[scope].part
            if part == -1:
                return None
            place = Place(part, part, self.outline.parts[part].tick)

    def bound(self, name: str, scope: int, place: Place) -> str:
        """Tell whether an import of `name` has run at `place`: `surely`, `maybe` or `never`."""
        owner = self.names.owner(name, scope)
        imports = self.origins.main_bindings(owner, name)
        instead = self._live_fallbacks(owner, name)
        if self.import_before(name, scope, place) is None:
            here = any(self.flow.frame[bind.part] == self.flow.frame[place.block] for bind in imports)
            others = [*instead, *self.origins.alike(owner, name)]
            late = not others or min([*imports, *others]).tick > place.tick
            return "never" if here and late else "maybe"
        return "maybe" if instead else "surely"

    def rebinding_star(self, name: str, scope: int) -> str:
        """The module whose star import may bind an imported name to something else; empty if there is none.

        Those of the standard library bind none that is imported here, but for two.
        """
        owner = self.names.owner(name, scope)
        imports = self.origins.main_bindings(owner, name)
        for star in self.names.stars if owner == 0 and imports else ():
            module = star.value.path if isinstance(star.value, v.Imported) else ""
            known = module.partition(".")[0] in sys.stdlib_module_names and module not in _BINDING_LIKE_NAMES
            if star.tick > imports[-1].tick and not known:
                return module.strip(".") or "."
        return ""

    @memo
    def import_before(self, name: str, scope: int, place: Place) -> o.Bind | None:
        """The import of `name` that has surely run at `place`, if there is one."""
        owner = self.names.owner(name, scope)
        seen = self.lift(place, owner)
        if seen is None:
            return None
        handlers = {self.outline.parts[bind.part].parent for bind in self.origins.alike(owner, name)}
        for bind in self.origins.main_bindings(owner, name):
            if self.flow.dominates(bind, seen, handlers):
                return bind
        return None

    @memo
    def _live_fallbacks(self, owner: int, name: str) -> list[o.Bind]:
        """The bindings of a variable that stand in for an import, and that something later may see."""
        imports = {*self.origins.main_bindings(owner, name), *self.origins.alike(owner, name)}
        bindings = self.origins.bindings(owner, name)
        return [bind for bind in bindings if bind not in imports and not self._is_left(bind)]

    def _is_left(self, bind: o.Bind) -> bool:
        """Tell whether the handler that makes a binding is left at once, so that nothing later sees it."""
        for part in self.flow.ancestors(bind.part):
            if self.outline.parts[part].kind == "handler":
                return not self.flow.exits.goes_on(part)
        return False
