"""Code that looks at variables by text or by frame, in which a new one would show."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from sessionize.files.settings import Settings
from sessionize.library.calls import BareCall
from sessionize.sharing.cookies import may_keep
from sessionize.sharing.facts import Facts
from sessionize.syntax import values as v
from sessionize.syntax.ipython import LINE

_FRAMES = frozenset({"sys._getframe", "inspect.currentframe", "inspect.stack", "inspect.getmembers"})


class Showing:
    def __init__(self, facts: Facts, settings: Settings) -> None:
        self.facts = facts
        self.settings = settings
        self.outline = facts.outline
        self.frame = facts.flow.frame

    def changes_imports(self, calls: Sequence[BareCall]) -> bool:
        """Tell whether a session for these calls may need an import, or leave one without use."""
        named = {self.facts.origins.path_of(v.Name(call.root), call.site.scope) for call in calls}
        return named != {"requests"} or not may_keep(self.facts, self.settings, calls, None)

    @cached_property
    def by_frame(self) -> dict[int, str]:
        """The thing in which a new variable would show, by frame: `locals()`."""
        showing = {}
        frames = ""
        for call, path in self.facts.origins.called:
            name = (path or "").removeprefix("builtins.")
            if name in ("eval", "exec") or (name in ("locals", "vars", "dir") and not call.value.args):
                showing[self.frame[call.part]] = f"{name}()"
            elif name == "globals":
                showing[0] = "globals()"
            elif name in _FRAMES:
                frames = f"{name}()"
        for use in self.outline.uses:
            if use.name == "sys" and use.access.attribute == "modules":
                showing[0] = "sys.modules"
        if frames:
            showing = dict.fromkeys(self.frame, frames)
        for line in self.running:
            showing.setdefault(0, line)
        return showing

    def of_imports(self, calls: Sequence[BareCall]) -> str:
        """The thing in which the names that imports bind would show, beside those of these calls; else empty."""
        owners = {0, *(self.facts.names.owner(call.root, call.site.scope) for call in calls)} - {-1}
        shown = (self.by_frame.get(self.outline.scopes[owner].root) for owner in sorted(owners))
        return next(filter(None, shown), self._evaluating)

    @cached_property
    def _evaluating(self) -> str:
        """The first call that runs text which may name what the module imports; empty if there is none."""
        for path in self.facts.origins.paths:
            if path in ("builtins.eval", "builtins.exec"):
                return f"{path.removeprefix('builtins.')}()"
        return ""

    @cached_property
    def running(self) -> list[str]:
        """The lines of a notebook that may run any code: a magic like `%run`, or a cell that cannot be read."""
        lines = [call.value.args[1].value for call in self.outline.calls if call.value.func == v.Name(LINE)]
        return [str(line.value) for line in lines if isinstance(line, v.Const) and line != v.NONE]
