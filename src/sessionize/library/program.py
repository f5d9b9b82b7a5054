"""A file and all that its names, its flow and its calls mean, topic by topic."""

from __future__ import annotations

from collections.abc import Container, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from sessionize.analysis.callgraph import CallGraph
from sessionize.analysis.classes import Classes
from sessionize.analysis.flow import Flow
from sessionize.analysis.imports import Imports
from sessionize.analysis.mutations import Mutations
from sessionize.analysis.names import Names
from sessionize.analysis.origins import Origins
from sessionize.analysis.retries import Retries
from sessionize.analysis.tables import Tables
from sessionize.library.calls import BareCall, BareCalls
from sessionize.library.hosts import Hosts
from sessionize.library.patched import Patched
from sessionize.library.sessions import Sessions
from sessionize.library.surroundings import Around
from sessionize.library.threads import Threads
from sessionize.library.visitors import Visitors
from sessionize.library.waits import Waits
from sessionize.library.words import file_names_user
from sessionize.profiles import REQUESTS, Library
from sessionize.syntax import outline as o, values as v

if TYPE_CHECKING:
    from sessionize.library.patches import Patch

_LEAVING = frozenset({"sys.exit", "os._exit", "os.abort", "builtins.exit", "builtins.quit"})


class Program:
    def __init__(
        self,
        outline: o.Outline,
        around: Around = Around(),  # noqa: B008  # a tuple
        factory: str = "",
        *,
        shared: bool = False,
        library: Library = REQUESTS,
    ) -> None:
        """around: the project of the file, which is asked only where an answer matters.

        factory: the path of a function that makes sessions, beside `requests.Session`, or gives a `shared` one.
        library: the one whose calls are looked for.
        """
        self.outline = outline
        self.filename = around.filename
        self.around = around
        self.factory = factory
        self.names = Names(outline)
        self.library = library.with_factory(factory) if factory and not shared else library
        self.origins = Origins(outline, self.names, self.library)
        leaving = set()
        for call, path in self.origins.called:
            if path in _LEAVING and outline.parts[call.part].kind == "simple":
                leaving.add(call.part)
        self.flow = Flow(outline, leaving)
        self.retries = Retries(outline, self.names, self.flow, self.origins.is_function_call)
        self.threads = Threads(self.origins)
        self.graph = CallGraph(self.origins, self.flow, self.retries.loops, self.threads.run_by, around.in_package)
        self.tables = Tables(self.origins, self.flow, self.graph)
        self.classes = Classes(self.origins, self.graph, self.tables)
        self.imports = Imports(self.origins, self.flow)
        self.mutations = Mutations(self.origins)
        self.bare = BareCalls(self.origins, self.flow, self.tables, self.threads)
        self.hosts = Hosts(self.origins, self.tables)
        self.visitors = Visitors(self.origins, self.graph)
        self.sessions = Sessions(self.origins, self.flow, self.tables, self.classes, factory)
        self.patched = Patched(self.origins, self.bare, around)

    @cached_property
    def names_user(self) -> bool:
        """True if something in the file names a user."""
        return file_names_user(self.outline, self.factory)

    @cached_property
    def names_of_functions(self) -> set[str]:
        """The names of the file's functions themselves."""
        return {row.name for row in self.outline.scopes if row.kind == "function"}

    @cached_property
    def packages(self) -> set[str]:
        """The first names of all modules that the file imports: `os` of `os.path`."""
        return {module.partition(".")[0] for module in self.outline.modules}

    @cached_property
    def waits(self) -> Waits:
        all_repeatable = all(call.repeatable for call in (*self.bare.calls, *self.bare.mapped))
        return Waits(self, self.around.delays(sleeps_only=all_repeatable))

    def patches_of(self, call: BareCall) -> Sequence[Patch]:
        """The patches that replace a call (see `Patched.patches_of`); none where nobody reads those of its library."""
        return self.patched.patches_of(call) if self.library.reads_patches else ()

    def path_of_callee(self, value: v.Value, scope: int) -> str | None:
        """The path of a function, `api.fetch`, or of a method by that of its class: `api.Client.fetch`.

        Of a method only where all that makes its object is known: `client = Client()`, `self.api = Client()`.
        """
        path = self.origins.path_of(value, scope)
        if path is not None or not isinstance(value, v.Attribute):
            return path
        match value.value:
            case v.Attribute(attr=attr):
                made = {self._class_of(store.value, store.scope) for store in self.tables.stores_of.get(attr, ())}
                cls = made.pop() if len(made) == 1 else None
            case receiver:
                cls = self._class_of(receiver, scope)
        return f"{cls}.{value.attr}" if cls is not None else None

    def _class_of(self, value: v.Value, scope: int) -> str | None:
        """The path of what makes an object: `api.Client` for `api.Client(key)`, or for a name bound to it."""
        if isinstance(value, v.Name):
            binds = self.names.seen(value.name, scope)
            value, scope = (binds[0].value, binds[0].scope) if len(binds) == 1 else (v.OPAQUE, scope)
        return self.origins.path_of(value.func, scope) if isinstance(value, v.Call) else None

    def calls_of(self, names: Container[str]) -> list[o.CallSite]:
        """The calls of what has one of these names (see `CallGraph.named`)."""
        return [call for call, named in self.graph.named if named in names]

    def is_changed_elsewhere(self, name: str) -> bool:
        """Tell whether another file may bind a name of this module anew, or change its value."""
        return self.is_used_elsewhere(name) or self.around.may_set(name)

    def is_used_elsewhere(self, name: str) -> bool:
        """Tell whether another file may use a name of this module."""
        return not self.around.taken().isdisjoint({name, "*"})
