"""The sessions that a file has, and what it makes of them."""

from __future__ import annotations

from collections import defaultdict
from functools import cached_property, partial
from typing import NamedTuple

from sessionize.analysis.flow import Flow
from sessionize.analysis.memo import memo
from sessionize.analysis.origins import Origins
from sessionize.analysis.tables import Tables
from sessionize.library.calls import BareCall
from sessionize.library.profile import SESSION, VERBS
from sessionize.syntax import outline as o, values as v
from sessionize.syntax.access import KEPT, Access


class SessionUse(NamedTuple):
    """The use that is made of the sessions of one name.

    calls: those made on it, as if they were bare.
    done: all that is done with it, as for a `Use`.
    handed_on: whether other code may get it.
    frames: those of its uses.
    around: the parts that hold all its uses.
    """

    calls: tuple[BareCall, ...]
    done: set[Access]
    handed_on: bool
    frames: set[int]
    around: set[int]


class Sessions:
    def __init__(self, origins: Origins, flow: Flow, tables: Tables) -> None:
        self.outline = origins.outline
        self.names = origins.names
        self.origins = origins
        self.flow = flow
        self.tables = tables

    @cached_property
    def bound(self) -> dict[int, list[o.Bind]]:
        """The names bound to a plain `requests.Session()`, by scope."""
        sessions = defaultdict(list)
        for bind in self.outline.binds:
            if self.is_plain(bind.value, bind.scope):
                sessions[bind.scope].append(bind)
        return sessions

    def is_plain(self, value: v.Value, scope: int) -> bool:
        """Tell whether an expression is `requests.Session()`."""
        return isinstance(value, v.Call) and not value.args and self.origins.path_of(value.func, scope) == SESSION

    @memo
    def session_use(self, scope: int, name: str) -> SessionUse:
        """The use of the sessions that a variable is bound to."""
        done = self.names.accesses(scope, name)
        parts = {use.part for use in self.names.uses(scope, name)}
        calls = map(partial(self.on_session, root=name), self.tables.graph.method_calls[scope, name])
        return SessionUse(
            calls=tuple(call for call in calls if call.verb in VERBS),
            done=done,
            handed_on=any(access in KEPT or access.taken for access in done),
            frames=set(map(self.flow.frame.__getitem__, parts)),
            around=self.flow.common(parts),
        )

    def on_session(self, number: int, root: str) -> BareCall:
        """The call of that id on a session, which `root` names, as if it were bare."""
        site = self.outline.calls[number]
        verb = v.last_name(site.value.func)
        return BareCall(site.tick, verb, root, f"{root or 'Session()'}.{verb}", site, self.flow.frame[site.part])
