"""Scripts that call themselves: all callers of their functions are in the file."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cached_property

from sessionize.library.calls import BareCall
from sessionize.library.program import Program
from sessionize.syntax import outline as o, values as v
from sessionize.syntax.access import ARGUMENT, CALL, READ
from sessionize.syntax.values import last_name

# Decorators from these call a function where it is called, or at the end of its module.
_CALLING_AT_ONCE = frozenset(
    {"builtins", "functools", "contextlib", "dataclasses", "abc", "typing", "click", "typer", "tenacity", "backoff"}
)
_PLAIN_BASES = frozenset({"object", "Exception", "ABC", "Generic", "Protocol"})
# A service calls functions of such names, and keeps the program between two of its events.
_CALLED_BY_A_SERVICE = re.compile(r"(.*_)?(handlers?|handle|wsgi|asgi|application|app)")


class ClosedWorld:
    """One file, which is a closed world for some of its calls if nothing else can make them."""

    def __init__(self, facts: Program, calls: Sequence[BareCall]) -> None:
        self.facts = facts
        self.calls = calls
        self.outline = facts.outline

    @cached_property
    def holds(self) -> bool:
        """True for a script that nothing imports, that runs its functions and hands none of them to other code.

        Of its functions and classes those count that lead to one of the calls.
        """
        opening = (
            self._called_by_others,
            self._decorated,
            self._derived,
            self._functions_handed,
            self._generators_handed,
            self._objects_handed,
        )
        return self.start != -1 and not any(any(found()) for found in opening) and self.facts.find_script()

    @cached_property
    def _leading(self) -> set[str]:
        """The names of the functions and classes that lead to one of the calls."""
        around = {scope for call in self.calls for scope in self.facts.tables.scopes_around(call.site.scope)}
        names = frozenset(self.outline.scopes[scope].name for scope in around) - {""}
        leading = self.facts.reaching.leading_to(names)
        return leading | {self.outline.scopes[cls].name for cls in self._classes(leading)}

    def _classes(self, leading: set[str]) -> Iterator[int]:
        """The classes with a method of such a name."""
        for cls in self.facts.tables.classes:
            if any(self.outline.scopes[scope].name in leading for scope in self.facts.tables.inner[cls]):
                yield cls

    @cached_property
    def start(self) -> int:
        """The tick of the module's first call of one of them: `if __name__ == "__main__": main()`; -1 without one."""
        return next((call.tick for call in self._calls if self.facts.flow.frame[call.part] == 0), -1)

    def _called_by_others(self) -> Iterator[bool]:
        """Functions that a service calls, and lambdas, of which nobody knows who does."""
        for row in self.outline.scopes:
            if row.kind == "function" and row.name in self._leading:
                yield _CALLED_BY_A_SERVICE.fullmatch(row.name) is not None
        calls = [call.scope for call in self._calls] + [call.site.scope for call in self.calls]
        for scope in calls:
            yield any(self.outline.scopes[around].kind == "lambda" for around in self.facts.tables.scopes_around(scope))

    @cached_property
    def _calls(self) -> list[o.CallSite]:
        """The calls of functions and classes that lead to one of those calls."""
        called = zip(self.outline.calls, self.facts.reaching.called, strict=True)
        return [call for call, named in called if named in self._leading]

    def _decorated(self) -> Iterator[bool]:
        """Functions and classes with a decorator that may hand them to others: `@app.route("/")`."""
        for row in self.outline.scopes:
            for decorator in row.decorators if row.name in self._leading else ():
                yield not self._calls_at_once(decorator, row.parent)

    def _calls_at_once(self, decorator: v.Value, scope: int, depth: int = 0) -> bool:
        func = decorator.func if isinstance(decorator, v.Call) else decorator
        path = self.facts.origins.path_of(func, scope)
        if path is not None or depth > 2:
            return (path or "").partition(".")[0] in _CALLING_AT_ONCE
        root = next(iter(v.names_in(func)), "")  # `cli` of `@cli.command()`, which is made by a decorator, or a call
        binds = self.facts.names.binds(self.facts.names.owner(root, scope), root)
        makers: list[v.Value] = [bind.value for bind in binds if isinstance(bind.value, v.Call)]
        for row in self.outline.scopes:
            makers += row.decorators if row.name == root else ()
        return bool(makers) and all(self._calls_at_once(maker, scope, depth + 1) for maker in makers)

    def _derived(self) -> Iterator[bool]:
        """Classes whose base is not in this file, and may call their methods."""
        own = {self.outline.scopes[cls].name for cls in self.facts.tables.classes}
        for cls in self.facts.tables.classes:
            row = self.outline.scopes[cls]
            for base in row.bases if row.name in self._leading else ():
                yield last_name(base) not in own | _PLAIN_BASES

    def _functions_handed(self) -> Iterator[bool]:
        """Uses of such names that are no calls: `run(fetch)`, `self.fetch = fetch`, `Fire(Client)`."""
        for use in self.outline.uses:
            if use.name in self._leading and not use.access.steps:
                yield use.access not in (CALL, READ) and not self._goes_to(use, builtins=True)
            for number, step in enumerate(use.access.steps, 1):
                if step in self._leading:
                    yield not (use.access.calls and number == len(use.access.steps))

    def _generators_handed(self) -> Iterator[bool]:
        """Generators that other code may go through in a thread of its own: `prefetch(pages())`."""
        pausing = {self.facts.flow.frame[part] for _, part in self.outline.pauses}
        names = {self.outline.scopes[self.outline.parts[part].scope].name for part in pausing}
        for call in self._calls:
            if last_name(call.value.func) in names and call.access == ARGUMENT:
                yield not self._is_own(call.into)

    def _objects_handed(self) -> Iterator[bool]:
        """Objects with such methods that go to code of another file: `server.register(client)`, `submit(self)`."""
        for use in self.outline.uses:
            if use.access.end == ARGUMENT.end and self._is_such_object(use):
                yield not self._goes_to(use)

    def _is_such_object(self, use: o.Use) -> bool:
        made: list[v.Value] = []
        if use.access.steps:
            made += [store.value for store in self.facts.tables.stores_of.get(use.access.steps[-1], ())]
        else:
            method = self.facts.graph.method(use.scope)
            if method is not None and method.instance == use.name:
                return self.outline.scopes[method.owner].name in self._leading
            owner = self.facts.names.owner(use.name, use.scope)
            made += [bind.value for bind in self.facts.names.binds(owner, use.name)]
        return any(isinstance(value, v.Call) and last_name(value.func) in self._classes_by_name for value in made)

    @cached_property
    def _classes_by_name(self) -> set[str]:
        return {self.outline.scopes[cls].name for cls in self.facts.tables.classes} & self._leading

    def _goes_to(self, use: o.Use, *, builtins: bool = False) -> bool:
        """Tell whether a value is handed to a function or class of this file, or to one of Python's own."""
        if use.access.end != ARGUMENT.end or use.call == -1:
            return False
        return self._is_own(use.call) and (not builtins or self.facts.origins.paths[use.call] is not None)

    def _is_own(self, call: int) -> bool:
        """Tell whether a call is one of a function or class of this file, or of one of Python's own."""
        path = self.facts.origins.paths[call] if call != -1 else ""
        if path is not None:
            return path.startswith("builtins.")
        own = {row.name for row in self.outline.scopes if row.kind in ("function", "class")}
        return last_name(self.outline.calls[call].value.func) in own
