"""The doubt `forks`."""

from __future__ import annotations

from functools import cached_property
from operator import attrgetter

from sessionize.doubts.doubt import Kind, Sharing
from sessionize.sharing.stretch import runs_code_of_others
from sessionize.syntax import outline as o

# After these, two processes may hold one connection, or a closed one.
_FORKING = frozenset({"fork", "forkpty", "closerange", "DaemonContext"})


class Forks(Kind):
    """The process may be forked while its session is open: `os.fork()`, `multiprocessing.Pool()`, Celery's workers.

    ## Why it matters
    Parent and child then read from one connection. With two children, 12 to 38 of 150 calls were given the response of
    another process; over TLS calls failed.

    ## How to find out
    Is the session used on both sides of the fork? One that is created after the fork is harmless.

    ## What to do
    Create the session after the fork, or close it in the child:
    `os.register_at_fork(after_in_child=session.close)`. Then accept the doubt: `--accept forks`. `sessionize init`
    writes a module whose sessions do so by themselves.
    """

    name = "forks"

    def reason(self, sharing: Sharing) -> str:
        """The reason: for a session of one function by what forks in it, and in code that others hand in to it."""
        facts = self.facts
        lasting = sharing.owner is not None or runs_code_of_others(facts, sharing.calls)
        frames = self._forking if lasting else self._forking.intersection(map(attrgetter("frame"), sharing.calls))
        by = facts.threads.forked_by if lasting else ""
        if frames or by or self._forks_out_of_sight:
            after = f"`{by}` may fork the process, and then two" if by else "after a fork two"
            return f"{after} processes would use one connection"
        if other := facts.around.other_that("forks") or (lasting and facts.around.other_that("runs-processes")):
            return f"{other} may fork the process, and then two processes would use one connection"
        return ""

    @cached_property
    def _forking(self) -> set[int]:
        """The frames that fork, directly or through a function of this file."""
        return {self.facts.flow.frame[call.part] for call in self._calls}

    @cached_property
    def _forks_out_of_sight(self) -> bool:
        """True if what forks runs without its name: in an `__enter__`, a lambda, a property."""
        around = (self.facts.outline.scopes[call.scope] for call in self._calls)
        return any(row.kind == "lambda" or row.name.startswith("__") or row.decorators for row in around)

    @cached_property
    def _calls(self) -> list[o.CallSite]:
        """The calls that fork, or that lead to one."""
        return self.facts.calls_of(self.facts.graph.leading_to(_FORKING))
