"""The doubt `lifetime`."""

from __future__ import annotations

from sessionize.doubts.doubt import Kind, Sharing
from sessionize.homes.object_class import ObjectClass
from sessionize.sharing.closed_world import ClosedWorld

_OF_MODULE = "all users of the module then share the session: look for threads, forks and tests that patch requests"
_OF_OBJECT = "it lives as long as the object: look for subclasses, threads and tests that patch requests"
_BESIDE_A_BASE = (
    "it lives as long as the object: look for subclasses, threads, tests that patch requests, "
    "and for an attribute of that name in its base"
)


class Lifetime(Kind):
    """The session outlives the function of its calls: `self._session` of an object, `_session` of a module.

    ## Why it matters
    Whoever uses the object, or the module, uses the session: threads, a forked process, a subclass that has an
    `__init__` of its own, code that pickles or copies the object, tests that replace `requests.get`. A base in
    another file may have an attribute of the same name. The file alone shows none of them. The session also holds its
    connections open for as long as it lives.

    A script whose name stands in no other Python file of its project, that runs itself and hands neither its functions
    nor its objects on shows all of them, and there is no such doubt. Nor is there one about the session of a module
    where the settings say `closed = true`, and all that imports it runs in one thread of one process and never waits.

    ## How to find out
    Look at who makes the objects, or imports the module, and whether tests patch requests by name there.

    ## What to do
    Accept the doubt for the project, once you know: `accept = ["lifetime"]` in the settings, or `--accept lifetime`.
    `closed = true` tells that nobody outside of the project uses its modules, `closed = false` that somebody may use
    any of them.
    """

    name = "lifetime"

    def reason(self, sharing: Sharing) -> str:
        if sharing.owner is None or ClosedWorld(self.facts, sharing.calls).holds:
            return ""
        if sharing.owner == 0 and self.facts.around.is_application():
            return ""
        if not sharing.owner:
            return _OF_MODULE
        return _BESIDE_A_BASE if ObjectClass(self.facts, sharing.owner, sharing.calls).has_strangers else _OF_OBJECT
