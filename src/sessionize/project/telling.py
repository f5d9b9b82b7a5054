"""The names by which other files use what waits in a file: `throttle`, `Limiter.get`, `for page in slow(pages)`."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cached_property
from io import StringIO
from itertools import chain

from sessionize.analysis.closure import closure
from sessionize.library.surroundings import Delaying
from sessionize.library.waits import SLEEP, Waits
from sessionize.syntax import outline as o, values as v
from sessionize.syntax.values import last_name

# Methods of Python's own types: what is called by such a name is mostly one of these.
_OF_PYTHON = frozenset(chain.from_iterable(map(dir, (str, list, dict, set, re.Pattern, re.Match, StringIO))))


class Telling:
    def __init__(self, waits: Waits) -> None:
        self.waits = waits
        self.program = waits.program

    def told(self, module: str) -> Delaying:
        """The names by which others use what waits in this file.

        module: its name. A function has that, or its class, before its own, too: `Limiter.get` is no dict's method.
        """
        kinds = (self.waits.sleeping, self.waits.dozing, self.waits.waiting)
        sleep, short, other = (frozenset(self._names_of(leading, module)) for leading in kinds)
        return Delaying(sleep, short, other, frozenset(chain.from_iterable(map(_plain, self._unseen))))

    def _names_of(self, leading: set[str], module: str) -> Iterator[str]:
        """The names of those functions, and of imports, that others may call."""
        scopes, origins = self.program.outline.scopes, self.program.origins
        for row in scopes:
            if row.kind == "function" and row.name in leading:
                yield from _plain(row.name)
                yield f"{scopes[row.parent].name or module}.{row.name}"
        for bind in origins.imports:
            if (origins.path(bind) or "").rpartition(".")[2] in leading:
                yield from _plain(bind.name)
                yield f"{module}.{bind.name}"

    @cached_property
    def _unseen(self) -> set[str]:
        """The names by whose mere use something sleeps: generators, properties, classes with an `__enter__` that does.

        Also variables of the module that are made of such, `pages = slow(3)`, or hold what sleeps: `{"nap": nap}`.
        """
        tables, outline = self.program.tables, self.program.outline
        names, holding = set[str](), set[int]()
        for call, named in self.program.graph.named:
            direct = self.waits.lengths.get(call.tick) == SLEEP
            if (direct or named in self.waits.sleeping) and self._is_hidden(call, direct=direct):
                around = list(tables.scopes_around(call.scope))
                names |= tables.names_of(around) - {""}
                holding.update(outline.scopes[scope].part for scope in around)  # `tick = lambda: sleep(3)`
        for use in outline.uses:
            if use.access.keeps and (use.name, *use.access.attributes)[-1] in self.waits.sleeping | {"sleep"}:
                holding.add(use.part)
        for part in holding:
            names.update(bind.name for bind in tables.binds_at.get(part, ()) if bind.scope == 0)
        return closure(names | self.waits.delays.unseen, self._made_of.__getitem__)

    def _is_hidden(self, call: o.CallSite, *, direct: bool) -> bool:
        """Tell whether a call stands where no call of a name leads to it. direct: it sleeps itself."""
        row = self.program.outline.scopes[call.scope]
        special = row.kind == "lambda" or row.name.startswith("__")
        pausing = self.program.flow.frame[call.part] in self.program.tables.pausing
        return special or pausing or (direct and self.waits.is_called_unnamed(call.scope))

    @cached_property
    def _made_of(self) -> dict[str, set[str]]:
        """The classes that are derived from each name, and the variables of the module and the imports made of it."""
        made: dict[str, set[str]] = defaultdict(set)
        for row in self.program.outline.scopes:
            for base in row.bases:
                made[last_name(base)].add(row.name)
        for bind in self.program.outline.binds:
            if bind.scope == 0 and bind.form in ("assign", "import"):
                path = self.program.origins.path(bind) if bind.form == "import" else ""
                for name in (*v.names_in(bind.value), v.called_name(bind.value), (path or "").rpartition(".")[2]):
                    made[name].add(bind.name)
        return made


def _plain(name: str) -> tuple[str, ...]:
    """A name by itself, if not much else is called so, as `__init__` and a dict's `get` are."""
    return () if name in _OF_PYTHON else (name,)
