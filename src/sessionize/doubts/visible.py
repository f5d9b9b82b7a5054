"""The doubt `visible`: code that looks at variables by text or by frame, in which a new one would show."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Sequence
from functools import cached_property
from operator import attrgetter

from sessionize.doubts.doubt import Kind, Sharing
from sessionize.library.calls import BareCall
from sessionize.sharing.cookies import may_keep
from sessionize.syntax import outline as o, values as v
from sessionize.syntax.ipython import LINE

_OF_CODE = frozenset(("co_varnames", "co_names", "co_nlocals", "co_code", "co_consts", "co_stacksize", "f_locals"))
# What other files may take from a module, and by which they see a new name of it.
_OF_MODULE = frozenset(("*", "__dict__", "session", "http"))
_FRAMES = frozenset({"sys._getframe", "inspect.currentframe", "inspect.stack", "inspect.getmembers"}) | {
    *("inspect.getsource", "inspect.getsourcelines"),
}


class Visible(Kind):
    """The program looks at its own variables, text or times: `locals()`, `eval(text)`, `f"{requests.get(url)=}"`.

    ## Why it matters
    The session is a new variable, and its import a new name. `print(locals())` shows it, `template.format(**locals())`
    hands it on, `eval` may use its name for something else. An f-string with `=` prints the text of the call.
    `response.elapsed` no longer counts the handshake: a program that measures a server, or waits by it, sees others.

    ## How to find out
    Is what `locals()` gives printed, stored or compared? Handed to a template it is harmless.

    ## What to do
    Accept the doubt where one more name does not matter: `--accept visible`.
    """

    name = "visible"

    def of_call(self, call: BareCall) -> str:
        for text in self._spelled.get(call.site.tick, ()):
            if all(word in text for word in call.shown.split(".")):
                return "stands in an f-string with `=`, whose text would change"
        return ""

    def reason(self, sharing: Sharing) -> str:
        if reason := super().reason(sharing):
            return reason
        frame = sharing.calls[0].frame if sharing.owner is None else 0
        if self.facts.library.redirects and (other := self._reading_next(sharing)):
            return f"{other} reads `.next_request`, which has no cookies where the client keeps none"
        if self._reads_elapsed:
            return "`.elapsed` is read, and no longer counts the handshake of each call"
        if other := self.facts.around.other_that("measures"):
            return f"{other} reads `.elapsed`, which no longer counts the handshake of each call"
        if other := self.facts.around.other_that("shows"):
            return f"the new variable may show where {other} looks at the variables or the text of functions"
        if self._adds_public_name(sharing) and self.facts.around.is_starred():
            return "another file does `import *` of this one, and would get the new name, too"
        if frame == 0 and sharing.owner is None and not self.facts.around.seen().isdisjoint(_OF_MODULE):
            return "another file may look at the names of this module, and would see the new one"
        if frame == 0 and self._gives_missing_names:
            return "the module has a `__getattr__`, and a new name would bypass it"
        if frame in self._by_frame:
            return f"the new variable would show in `{self._by_frame[frame]}`"
        if self._changes_imports(sharing) and (shown := self._of_imports(sharing.calls)):
            return f"the new import would show in `{shown}`"
        for line in self._running:
            if line[0] != "%":
                return f"{line} cannot be read, and may do anything"
        return ""

    def _reading_next(self, sharing: Sharing) -> str:
        """The file that may send `response.next_request`, of a client that keeps no cookies; else empty."""
        if may_keep(self.facts, self.settings, sharing.calls, sharing.owner):
            return ""
        own = "this file" if "next_request" in self.facts.outline.attributes else ""
        return own or self.facts.around.other_that("follows-redirects")

    @cached_property
    def _reads_elapsed(self) -> bool:
        """True if the file reads `.elapsed` of anything, or may do so by its name, `getattr(reply, "elapsed")`."""
        outline = self.facts.outline
        rows: list[o.Use | o.CallSite] = [*outline.uses, *outline.calls]
        read = any("elapsed" in row.access.attributes for row in rows)
        return read or ("elapsed" in outline.texts and self.facts.mutations.reachable_by_string("elapsed"))

    @cached_property
    def _spelled(self) -> dict[int, list[str]]:
        """The f-strings with `=` that show a call, by its tick."""
        outline = self.facts.outline
        ticks = sorted(map(attrgetter("tick"), outline.calls)) if outline.spelled else []
        spelled = defaultdict(list)
        for start, end, text in outline.spelled:
            for tick in ticks[bisect_right(ticks, start) : bisect_right(ticks, end)]:
                spelled[tick].append(text)
        return spelled

    @cached_property
    def _gives_missing_names(self) -> bool:
        """True if the module has a `__getattr__`, and no `__all__` that tells which names are wanted."""
        own = any(row.name == "__getattr__" and row.parent == 0 for row in self.facts.outline.scopes)
        return own and not self.facts.outline.dunder_all

    def _adds_public_name(self, sharing: Sharing) -> bool:
        """Tell whether a session for these calls, or what it is made by, may be a name that `import *` takes."""
        outline, names = self.facts.outline, self.facts.names
        if outline.dunder_all:
            return False
        if sharing.owner is None and sharing.calls[0].frame == 0:
            return True
        at_top = any(names.owner(call.root, call.site.scope) == 0 for call in sharing.calls)
        return at_top and self._changes_imports(sharing)

    def _changes_imports(self, sharing: Sharing) -> bool:
        """Tell whether a session for these calls may need an import, or leave one without use."""
        for call in sharing.calls:
            if self.facts.origins.path_of_name(call.root, call.site.scope) != self.facts.library.name:
                return True
        return not may_keep(self.facts, self.settings, sharing.calls, sharing.owner)

    @cached_property
    def _by_frame(self) -> dict[int, str]:
        """The thing in which a new variable would show, by frame: `locals()`."""
        showing = {}
        frames = ""
        frame = self.facts.flow.frame
        for call, path in self.facts.origins.called:
            name = (path or "").removeprefix("builtins.")
            if name in ("eval", "exec") or (name in ("locals", "vars", "dir") and not call.value.args):
                showing[frame[call.part]] = f"{name}()"
            elif name == "globals":
                showing[0] = "globals()"
            elif name in _FRAMES:
                frames = f"{name}()"
        for use in self.facts.outline.uses:
            if use.name == "sys" and use.access.attribute == "modules":
                showing[0] = "sys.modules"
        if code := sorted(_OF_CODE & self.facts.outline.attributes):
            frames = f".{code[0]}"
        if frames:
            showing = dict.fromkeys(frame, frames)
        for line in self._running:
            showing.setdefault(0, line)
        return showing

    def _of_imports(self, calls: Sequence[BareCall]) -> str:
        """The thing in which the names that imports bind would show, beside those of these calls; else empty."""
        owners = {self.facts.names.owner(call.root, call.site.scope) for call in calls}
        for owner in sorted(owners - {-1} | {0}):
            if shown := self._by_frame.get(self.facts.outline.scopes[owner].root):
                return shown
        return self._evaluating

    @cached_property
    def _evaluating(self) -> str:
        """The first call that runs text which may name what the module imports; empty if there is none."""
        for path in self.facts.origins.paths:
            if path in ("builtins.eval", "builtins.exec"):
                return f"{path.removeprefix('builtins.')}()"
        return ""

    @cached_property
    def _running(self) -> list[str]:
        """The lines of a notebook that may run any code: a magic like `%run`, or a cell that cannot be read."""
        running = []
        for call in self.facts.outline.calls:
            line = call.value.args[1].value if call.value.func == v.Name(LINE) else v.NONE
            if isinstance(line, v.Const) and line != v.NONE:
                running.append(str(line.value))
        return running
