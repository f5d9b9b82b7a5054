"""Rows of an outline by where they stand and what they are called: plain indices, each made when it is first used."""

from __future__ import annotations

from bisect import bisect
from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import cached_property
from operator import attrgetter

from sessionize.analysis.callgraph import CallGraph
from sessionize.analysis.flow import Flow
from sessionize.analysis.grouping import grouped
from sessionize.analysis.memo import memo
from sessionize.analysis.origins import Origins
from sessionize.syntax import outline as o, values as v
from sessionize.syntax.ipython import CELL


class Tables:
    def __init__(self, origins: Origins, flow: Flow, graph: CallGraph) -> None:
        self.outline = origins.outline
        self.names = origins.names
        self.origins = origins
        self.flow = flow
        self.graph = graph
        self.scopes_around = self.outline.scopes_around
        self.function_around = flow.function_around

    @cached_property
    def classes(self) -> list[int]:
        return [scope for scope, row in enumerate(self.outline.scopes) if row.kind == "class"]

    @cached_property
    def inner(self) -> dict[int, list[int]]:
        """The scopes directly inside each scope."""
        return grouped(range(len(self.outline.scopes)), lambda scope: self.outline.scopes[scope].parent)

    @cached_property
    def binds_in(self) -> dict[int, list[o.Bind]]:
        return grouped(self.outline.binds, attrgetter("scope"))

    @cached_property
    def binds_at(self) -> dict[int, list[o.Bind]]:
        """The bindings by the part in which they stand."""
        return grouped(self.outline.binds, attrgetter("part"))

    @cached_property
    def calls_in(self) -> dict[int, list[o.CallSite]]:
        """The calls that the methods of each class make; by 0 those of no method."""
        return grouped(self.outline.calls, lambda call: self.graph.owner(call.scope))

    @cached_property
    def init_calls(self) -> dict[int, dict[int, o.CallSite]]:
        """The calls of another `__init__`, by frame, with their ids."""
        calls: dict[int, dict[int, o.CallSite]] = defaultdict(dict)
        for number, call in enumerate(self.outline.calls):
            if call.name == "__init__":
                calls[self.flow.frame[call.part]][number] = call
        return calls

    @cached_property
    def super_calls(self) -> dict[int, dict[int, o.CallSite]]:
        """The calls of `super()`, by each scope around them, with their ids."""
        calls: dict[int, dict[int, o.CallSite]] = defaultdict(dict)
        for number, (call, path) in enumerate(self.origins.called):
            if path == "builtins.super":
                for scope in self.scopes_around(call.scope):
                    calls[scope][number] = call
        return calls

    @cached_property
    def calls_by_name(self) -> dict[str, list[o.CallSite]]:
        """The calls by the last name of what they call."""
        return grouped(self.outline.calls, attrgetter("name"))

    def calls_of(self, func: v.Value) -> list[o.CallSite]:
        """The calls of what an expression names, as it is written."""
        return [call for call in self.calls_by_name[v.last_name(func)] if call.value.func == func]

    def names_of(self, scopes: Iterable[int]) -> set[str]:
        """The names of some scopes; empty ones are of the module, of lambdas and comprehensions."""
        return {self.outline.scopes[scope].name for scope in scopes}

    @cached_property
    def functions_with(self) -> dict[str, set[str]]:
        """The names of the functions in which each name stands; by an empty one of those that use their object in a
        way that may run any of its methods."""
        functions: dict[str, set[str]] = defaultdict(set)
        for call in self.outline.calls:
            for word in (call.name, *call.access.attributes):
                functions[word] |= self.functions_around(call.scope)
        for use in self.outline.uses:
            for word in (use.name, *use.access.attributes):
                functions[word] |= self.functions_around(use.scope)
            method = self.graph.method(use.scope)
            if method is not None and method.instance == use.name and not use.access.attribute:
                functions[""].add(self.outline.scopes[method.scope].name)
        return functions

    @memo
    def functions_around(self, scope: int) -> set[str]:
        """The names of the functions in which a scope lies."""
        rows = map(self.outline.scopes.__getitem__, self.scopes_around(scope))
        return {row.name for row in rows if row.kind == "function"}

    @cached_property
    def classes_with(self) -> dict[str, set[str]]:
        """The names of the classes with a method of each name."""
        classes: dict[str, set[str]] = defaultdict(set)
        for cls in self.classes:
            for scope in self.inner[cls]:
                classes[self.outline.scopes[scope].name].add(self.outline.scopes[cls].name)
        return classes

    @cached_property
    def in_displays(self) -> set[str]:
        """The names of what is called in a list, set or dict: `[Name(...), Name(...)]`."""
        names = set()
        for bind in self.outline.binds:
            display = bind.value
            if isinstance(display, v.Dict) or (isinstance(display, v.Sequence) and display.kind != "tuple"):
                for value in v.within(display):
                    if isinstance(value, v.Call):
                        names.add(v.last_name(value.func))
        return names

    @cached_property
    def returns_in(self) -> dict[int, list[int]]:
        """The `return` statements of each function that has one."""
        returns = [number for number, part in enumerate(self.outline.parts) if part.kind == "return"]
        return dict(grouped(returns, lambda number: self.outline.parts[number].scope))

    def returned(self, function: int) -> v.Value:
        """The value of the one `return` of a function; opaque where there is another, or none."""
        returns = self.returns_in.get(function, ())
        return self.outline.parts[returns[0]].value if len(returns) == 1 else v.OPAQUE

    @cached_property
    def stores_in(self) -> dict[int, list[o.Store]]:
        """The attributes that are set in each scope."""
        return grouped(self.outline.stores, attrgetter("scope"))

    @cached_property
    def storing(self) -> set[int]:
        """The parts that set attributes."""
        return set(map(attrgetter("part"), self.outline.stores))

    @cached_property
    def stores_of(self) -> dict[str, list[o.Store]]:
        """The statements that set each attribute."""
        return grouped(self.outline.stores, attrgetter("attr"))

    @cached_property
    def names_of_classes(self) -> set[str]:
        """The names of the file's classes themselves."""
        return self.names_of(self.classes)

    @cached_property
    def class_names(self) -> set[str]:
        """The names that the bodies of the file's classes bind."""
        return {bind.name for scope in self.classes for bind in self.binds_in.get(scope, ())}

    @cached_property
    def pausing(self) -> set[int]:
        """The frames of generators and coroutines, in whose pauses others go on."""
        return {self.flow.frame[part] for _, part in self.outline.pauses}

    def qualified_name(self, function: int) -> str:
        """`fetch` of a function of the module, `Client.fetch` of a method of one of its classes; else empty."""
        row = self.outline.scopes[function]
        if row.kind != "function":
            return ""
        around = self.outline.scopes[row.parent]
        if around.kind == "class" and around.parent == 0:
            return f"{around.name}.{row.name}"
        return row.name if row.parent == 0 else ""

    @cached_property
    def cells(self) -> Sequence[int]:
        """The ticks at which the cells of a notebook, or of a script with `# %%`, end; none in any other file."""
        return [call.tick for call in self.outline.calls if call.value.func == v.Name(CELL)] or self.outline.cells

    def cell(self, tick: int) -> int:
        """The cell that something stands in, counted from 0."""
        return bisect(self.cells, tick)

    @cached_property
    def loop_targets(self) -> dict[int, list[o.Bind]]:
        """The names that each loop binds; several for the loops of one comprehension."""
        targets = [bind for bind in self.outline.binds if bind.form in ("for", "unpack")]
        return grouped(targets, lambda bind: self.outline.parts[bind.part].parent)
