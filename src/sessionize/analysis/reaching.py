"""Functions that lead to a call, by the last names of what is called: `sleep`, and all that calls it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from functools import cached_property

from sessionize.analysis.flow import Flow
from sessionize.analysis.memo import memo
from sessionize.analysis.origins import Origins
from sessionize.syntax import outline as o, values as v
from sessionize.syntax.values import last_name


class Reaching:
    def __init__(
        self, origins: Origins, flow: Flow, run_by: Callable[[o.CallSite, str | None], v.Value | None]
    ) -> None:
        """`run_by`: the function that a call, of a path, makes a thread run, which counts as called."""
        self.outline = origins.outline
        self.run_by = run_by
        self.origins = origins
        self.flow = flow

    @memo
    def leading_to(self, names: frozenset[str]) -> set[str]:
        """The names, and those of this file's functions that call one of them, directly or not."""
        reaching = set(names)
        todo = list(reaching)
        while todo:
            new = self._callers.get(todo.pop(), set()) - reaching
            reaching |= new
            todo += new
        return reaching

    @cached_property
    def _callers(self) -> dict[str, set[str]]:
        """The names of the functions that call each name."""
        callers: dict[str, set[str]] = defaultdict(set)
        for frame, calls in self.calls_in.items():
            if function := self.outline.scopes[self.outline.parts[frame].scope].name:
                for named in calls:
                    callers[named].add(function)
        return callers

    @cached_property
    def calls_in(self) -> dict[int, dict[str, list[tuple[int, int]]]]:
        """(tick, part) of the calls of each frame, by what they call."""
        calls: dict[int, dict[str, list[tuple[int, int]]]] = defaultdict(lambda: defaultdict(list))
        for call, named in zip(self.outline.calls, self.called, strict=True):
            calls[self.flow.frame[call.part]][named].append((call.tick, call.part))
        return calls

    @cached_property
    def called(self) -> list[str]:
        """The last name of what each call calls: `sleep`, also after `from time import sleep as nap`, or after `nap =
        time.sleep`; `fetch` for `Thread(target=fetch)`."""
        called = []
        for call, path in self.origins.called:
            if (run := self.run_by(call, path)) is not None:
                called.append(last_name(run))
                continue
            func = call.value.func
            followed = self.origins.resolve_once(func, call.scope) if isinstance(func, v.Name) else v.OPAQUE
            named = path if isinstance(followed, v.Opaque) else self.origins.path_of(followed, call.scope)
            called.append(named.rpartition(".")[2] if named is not None else last_name(func))
        return called
