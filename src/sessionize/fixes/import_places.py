"""Where a new import stands among those that are there: in isort's order, and where it has run when it is needed."""

from __future__ import annotations

import sys
from functools import cached_property

from sessionize.analysis.flow import Place
from sessionize.analysis.grouping import grouped
from sessionize.analysis.memo import memo
from sessionize.sharing.facts import Facts
from sessionize.syntax import outline as o, values as v

_STANDARD = sys.stdlib_module_names - {"__future__"}  # which stands above all others


class ImportPlaces:
    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        self.origins = facts.origins
        self.parts = facts.outline.parts

    def neighbour(self, module: str, last: o.Bind, place: Place) -> tuple[o.Bind, str]:
        """The import next to which `from module import ...` stands, and the side of it (see `ImportEdit`).

        last: the import of requests, which has run at `place`.
        """
        alike = self.origins.alike(self.facts.names.owner(last.name, last.scope), last.name)
        if alike:  # in a `try`, if it runs
            last = max((bind for bind in self._by_block[0] if bind.tick < place.tick), default=last)
        if module.partition(".")[0] in _STANDARD:
            return self._among_standard(module, last)
        return self._among_own(module, last, place)

    @memo
    def _among_standard(self, module: str, last: o.Bind) -> tuple[o.Bind, str]:
        """The neighbour of a module of the standard library.

        Only imports up to `last` count that stand in its block, and in its cell: they have run where it has. Those
        above a call don't, `monkey.patch_all()`: what it changes may have to be changed before more is imported.
        """
        cell = self.facts.tables.cell
        standard, behind, others = [], [], []
        mixed = False  # where the standard library stands below others, too, no empty line tells them apart
        block = self.parts[last.part].parent
        start = -1
        for call in self.facts.outline.calls:
            if self.parts[call.part].parent == block and call.tick < last.tick:
                start = max(start, call.tick)
        for bind in self._by_block[block]:
            path = self.origins.path(bind) or ""
            mixed = mixed or (bind.tick > last.tick and path.partition(".")[0] in _STANDARD)
            if not start < bind.tick <= last.tick or cell(bind.tick) != cell(last.tick):
                continue
            if path.partition(".")[0] in _STANDARD:
                standard.append(bind)
                if isinstance(bind.value, v.Imported) and (not bind.value.is_from or path.rpartition(".")[0] < module):
                    behind.append(bind)
            elif not path.startswith("__future__."):
                others.append(bind)
        if standard:
            return (behind[-1], "behind") if behind else (standard[0], "above")
        return (others[0], "above" if mixed else "apart") if others else (last, "below")

    def _among_own(self, module: str, last: o.Bind, place: Place) -> tuple[o.Bind, str]:
        """The neighbour of a module of the project: an import of the same package, or the last that has run by then.

        Only those of the cell count that imports requests.
        """
        frame, cell = self.facts.flow.frame, self.facts.tables.cell
        own_cell = cell(last.tick)
        package = module.partition(".")[0]
        there, smaller = [], []
        for bind in self._by_block[self.parts[last.part].parent]:
            path = self.origins.path(bind) or ""
            late = frame[bind.part] == frame[place.block] and bind.tick > place.tick
            if late or cell(bind.tick) != own_cell:
                continue
            last = max(last, bind, key=lambda each: each.tick)
            if path.partition(".")[0] == package:
                there.append(bind)
                smaller += [bind] if path.rpartition(".")[0] < module else []
        if smaller:
            return smaller[-1], "behind"
        return (there[0], "above") if there else (last, "below")

    @cached_property
    def _by_block(self) -> dict[int, list[o.Bind]]:
        """The imports by the block that they stand in."""
        return grouped(self.origins.imports, lambda bind: self.parts[bind.part].parent)
