"""The calls of one file's functions and methods: from where, how often, and, by names alone, what they lead to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from itertools import filterfalse
from typing import NamedTuple

from sessionize.analysis.chains import Event, chained
from sessionize.analysis.closure import closure
from sessionize.analysis.flow import Flow
from sessionize.analysis.grouping import grouped
from sessionize.analysis.memo import memo
from sessionize.analysis.origins import Origins
from sessionize.syntax import outline as o, values as v
from sessionize.syntax.access import ARGUMENT, CALL, VALUE

_NO_INSTANCE = frozenset({"", "cls", "mcs", "klass"})
# Calls that run what they are handed: again and again, or once.
_MAPPING = frozenset(
    ("map", "imap", "imap_unordered", "starmap", "map_async", "starmap_async", "thread_map", "process_map", "apply")
)
_RUNNING = frozenset(
    ("Thread", "Timer", "Process", "submit", "apply_async", "run_in_executor", "to_thread", "delayed", "spawn")
) | {"start_new_thread"}
TAKING = _MAPPING | _RUNNING
_IMPLICITLY_STATIC = frozenset({"__new__", "__init_subclass__", "__class_getitem__"})


class Method(NamedTuple):
    """An instance method: its scope, its class's scope, and what it calls the instance."""

    scope: int
    owner: int
    instance: str


class CallGraph:
    def __init__(
        self,
        origins: Origins,
        flow: Flow,
        loops: Callable[[o.CallSite], Sequence[int]],
        run_by: Callable[[o.CallSite, str | None], v.Value | None],
        in_package: Callable[[], bool],
    ) -> None:
        """`loops`: which of them repeat a call. `run_by`: the function that a call, of a path, makes a thread run.

        in_package: whether the file is a module of a package.
        """
        self.outline = origins.outline
        self.names = origins.names
        self.origins = origins
        self.flow = flow
        self.loops = loops
        self.run_by = run_by
        self.in_package = in_package

    def method(self, scope: int) -> Method | None:
        """The instance method that a scope is, or in which it is a function that sees the instance."""
        for outer in self.outline.scopes_around(scope):
            method = self._methods.get(outer)
            if method is not None:
                return method if self.names.owner(method.instance, scope) == outer else None
        return None

    def owner(self, scope: int) -> int:
        """The class in whose method a scope is; 0 if in none."""
        method = self.method(scope)
        return method.owner if method is not None else 0

    def class_of(self, name: str, scope: int) -> int:
        """The class of the object that a name is in its own method, `self`; 0 for any other name."""
        method = self.method(scope)
        return method.owner if method is not None and method.instance == name else 0

    def in_another_class(self, scope: int) -> bool:
        """Tell whether a class lies between a scope and the method around it: `self.__name` is another attribute
        there."""
        method = self.method(scope)
        while method is not None and scope != method.scope:
            if self.outline.scopes[scope].kind == "class":
                return True
            scope = self.outline.scopes[scope].parent
        return False

    @cached_property
    def _methods(self) -> dict[int, Method]:
        """The instance methods by scope."""
        methods = {}
        for scope, row in enumerate(self.outline.scopes):
            instance = self.first_parameters.get(scope, "")
            if row.kind == "function" and instance not in _NO_INSTANCE and self._is_method(scope, instance):
                methods[scope] = Method(scope, row.parent, instance)
        return methods

    def _is_method(self, scope: int, instance: str) -> bool:
        """Tell whether a function that takes an `instance` stands in a class, and is called on its objects only."""
        row = self.outline.scopes[scope]
        if self.outline.scopes[row.parent].kind != "class" or row.name in _IMPLICITLY_STATIC:
            return False
        # a function that the class's own body uses is a decorator or the like
        taken = not self.names.accesses(row.parent, row.name).isdisjoint((VALUE, ARGUMENT, CALL))
        # `Api.get(path)` or `cls.get(path)` of a class that is only a namespace
        named = instance != "self" and row.name in self._called_on_class[row.parent]
        bound_anew = len(self.names.binds(scope, instance)) > 1
        static = not {"staticmethod", "classmethod"}.isdisjoint(map(v.last_name, row.decorators))
        return not (taken or named or bound_anew or static)

    @cached_property
    def first_parameters(self) -> dict[int, str]:
        """The first parameter of each function; empty for `*args`."""
        first: dict[int, str] = {}
        for bind in self.outline.binds:
            if bind.form in ("param", "params"):
                first.setdefault(bind.scope, bind.name if bind.form == "param" else "")
        return first

    @cached_property
    def _called_on_class(self) -> dict[int, set[str]]:
        """The methods that are called on each class itself: `Api.get()`, or `cls.get()` in its methods."""
        called: dict[int, set[str]] = defaultdict(set)
        for scope, row in enumerate(self.outline.scopes):
            first = self.first_parameters.get(scope)
            if row.kind == "class":
                called[scope] |= self._methods_called(row.parent, row.name)
            elif first in _NO_INSTANCE:
                called[row.parent] |= self._methods_called(scope, first)
        return called

    def _methods_called(self, owner: int, name: str) -> set[str]:
        return {access.method for access in self.names.accesses(owner, name)}

    def reads_instance(self, scope: int) -> bool:
        """Tell whether the method around a scope looks at its object at all."""
        method = self.method(scope)
        return method is not None and bool(self.names.uses(method.scope, method.instance))

    @memo
    def is_helper(self, function: int) -> bool:
        """Tell whether a function of this file is called in a loop, by itself, or from two places or more.

        It also is a helper if its only caller is one.
        """
        for caller in self.only_callers(function):
            sites = self.calls_of(caller)
            if len(sites) != 1 or self.repeats(sites[0]):
                return bool(sites)
        return True

    def only_callers(self, function: int) -> Iterator[int]:
        """A function, and behind each that is called once in this file the one that calls it."""
        seen: set[int] = set()
        while function not in seen:
            yield function
            seen.add(function)
            sites = self.calls_of(function)
            if len(sites) != 1:
                return
            function = self.flow.function_around(sites[0].part)

    def repeats(self, site: o.CallSite) -> bool:
        """Tell whether a call runs in a loop, or hands its function to `map`."""
        return site.name in _MAPPING or bool(self.loops(site))

    @memo
    def calls_of(self, function: int) -> list[o.CallSite]:
        """The calls of a function by its name, and of a method by its instance; or by what is handed it.

        Those that are a demonstration don't count, and of some in one function that exclude each other only one does.
        """
        sites_for_real = filterfalse(self.is_demonstration, self._calls_of(function))
        by_frame = grouped(sites_for_real, lambda site: self.flow.frame[site.part])
        found: list[o.CallSite] = []
        for frame, sites in by_frame.items():
            events = [Event(site.tick, site.part, site.tick, None) for site in sites]
            apart = len(sites) > 1 and not any(map(self.repeats, sites)) and not chained(self.flow, frame, events, {})
            found += sites[:1] if apart else sites
        return found

    def is_demonstration(self, site: o.CallSite) -> bool:
        """Tell whether a call only shows what a module of a package does: under `if __name__ == "__main__":`."""
        around = map(self.outline.parts.__getitem__, self.flow.ancestors(site.part))
        return any(map(_is_main, around)) and self.in_package()

    def _calls_of(self, function: int) -> list[o.CallSite]:
        row = self.outline.scopes[function]
        if row.kind != "function":
            return []
        method = self._methods.get(function)
        if method is not None:
            return self._calls_on_instance[method.owner, row.name] + self._handed[method.owner, row.name]
        named = len(self.names.binds(row.parent, row.name)) == 1
        return self.sites(row.parent, row.name) if named else []

    def sites(self, owner: int, name: str) -> list[o.CallSite]:
        """The calls of what a variable names, and those that run it as they are handed it."""
        return self.calls[owner, name] + self._handed[owner, name]

    @cached_property
    def _handed(self) -> dict[tuple[int, str], list[o.CallSite]]:
        """The calls that run a function they are handed, by its variable, or a method, by its class and name."""
        calls = defaultdict(list)
        for use in self.outline.uses:
            taker = self.outline.calls[use.call] if use.call != -1 else None
            if taker is not None and taker.name in TAKING:
                owner = self.names.owner(use.name, use.scope)
                method = self._methods.get(owner)
                if use.access == ARGUMENT:
                    calls[owner, use.name].append(taker)
                elif method is not None and method.instance == use.name:
                    calls[method.owner, use.access.taken].append(taker)
        return calls

    @cached_property
    def _calls_on_instance(self) -> dict[tuple[int, str], list[o.CallSite]]:
        """The calls like `self.name()` in the methods of each class, by the class and the name."""
        calls = defaultdict(list)
        for method in self._methods.values():
            for number in self.method_calls[method.scope, method.instance]:
                site = self.outline.calls[number]
                calls[method.owner, site.name].append(site)
        return calls

    @cached_property
    def method_calls(self) -> dict[tuple[int, str], list[int]]:
        """The calls like `name.get(...)`, by the variable."""
        calls = defaultdict(list)
        for number, site in enumerate(self.outline.calls):
            func = site.value.func
            if isinstance(func, v.Attribute) and isinstance(func.value, v.Name):
                calls[self.names.owner(func.value.name, site.scope), func.value.name].append(number)
        return calls

    @cached_property
    def calls(self) -> dict[tuple[int, str], list[o.CallSite]]:
        """The calls like `name()`, by the variable."""
        calls = defaultdict(list)
        for site in self.outline.calls:
            func = site.value.func
            if isinstance(func, v.Name):
                calls[self.names.owner(func.name, site.scope), func.name].append(site)
        return calls

    # --- by the last names of what is called --------------------------------------------------------------------------

    @memo
    def leading_to(self, names: frozenset[str]) -> set[str]:
        """The names, and those of this file's functions that call one of them, directly or not: `sleep`, and all that
        calls it."""
        return closure(names, self.callers.__getitem__)

    @cached_property
    def callers(self) -> dict[str, set[str]]:
        """The names of the functions that call each name."""
        callers: dict[str, set[str]] = defaultdict(set)
        for call, named in self.named:
            if function := self.outline.scopes[self.flow.function_around(call.part)].name:
                callers[named].add(function)
        return callers

    @cached_property
    def named(self) -> list[tuple[o.CallSite, str]]:
        """Each call with the last name of what it calls: `sleep`, also after `from time import sleep as nap`, or after
        `nap = time.sleep`; `fetch` for `Thread(target=fetch)`."""
        return [(call, self._last_name(call, path)) for call, path in self.origins.called]

    def _last_name(self, call: o.CallSite, path: str | None) -> str:
        if (run := self.run_by(call, path)) is not None:
            return v.last_name(run)
        func = call.value.func
        followed = self.origins.resolve_once(func, call.scope) if isinstance(func, v.Name) else v.OPAQUE
        named = path if isinstance(followed, v.Opaque) else self.origins.path_of(followed, call.scope)
        return named.rpartition(".")[2] if named is not None else v.last_name(func)


def _is_main(part: o.Part) -> bool:
    """Tell whether a statement is `if __name__ == "__main__":`."""
    test = part.value if part.kind == "if" else v.OPAQUE
    return isinstance(test, v.Check) and test.op == "==" and v.Name("__name__") in test.values
