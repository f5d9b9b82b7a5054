"""The doubt `lifetime`."""

from __future__ import annotations

from sessionize.doubts.doubt import Kind, Sharing
from sessionize.homes.object_class import ObjectClass
from sessionize.sharing.closed_world import ClosedWorld

_OF_MODULE = "all users of the module then share the session: look for threads, forks and tests that patch {library}"
_OF_OBJECT = "the session lives as long as the object: look for subclasses, threads and tests that patch {library}"
_BESIDE_A_BASE = (
    "the session lives as long as the object: look for subclasses, threads, tests that patch {library}, "
    "and for a base class with an attribute of that name"
)


class Lifetime(Kind):
    """The session outlives the function of its calls: `self._session` of an object, `_session` of a module.

    ## Why it matters
    Whoever uses the object, or the module, uses the session: threads, a forked process, a subclass that has an
    `__init__` of its own, code that pickles or copies the object, tests that replace `requests.get`. A base in
    another file may have an attribute of the same name. The session also holds its connections open for as long as it
    lives.

    There is no such doubt where the code shows all users:

    - in a script that runs itself, whose functions and objects stay in it, and whose name no other Python file of its
      project mentions;
    - for the session of a module, where the settings say `closed = true` and everything that imports the module runs in
      one thread of one process, without a `sleep` or `input()`.

    ## How to find out
    Search the project for the class, or for imports of the module, and answer these:

    - Do several threads, or the visitors of a web application, use it? Then it has to keep no cookies:
      `cookies = "isolate"`.
    - Is the process forked while it is open (Celery, gunicorn's `preload_app`, `multiprocessing`)? See
      [`forks`](forks.md).
    - Do tests replace `requests.get` by name? See [`patched`](patched.md).
    - Does a subclass have an `__init__` that does not call `super().__init__()`, or is the object pickled or copied?
      Leave the call as it is, with `# noqa`.
    - Do minutes pass between two calls? See [`idle`](idle.md).

    ## What to do
    If nothing speaks against it, accept the doubt for the project, `accept = ["lifetime"]` in the settings, or for one
    run, `--accept lifetime`. Or let your tests decide, as far as they run that code:
    `sessionize fix --unsafe-fixes --verify 'python -m pytest -q -x'`.

    `closed = true` in the settings says that nothing outside of the project uses its modules. Without it that is so for
    a project that describes no package to build; `closed = false` says that anybody may use them.
    """

    name = "lifetime"

    def reason(self, sharing: Sharing) -> str:
        if sharing.owner is None or ClosedWorld(self.facts, sharing.calls).holds:
            return ""
        if sharing.owner == 0 and self.facts.around.is_application():
            return ""
        look = _OF_MODULE
        if sharing.owner:
            strange = ObjectClass(self.facts, sharing.owner, sharing.calls).has_strangers
            look = _BESIDE_A_BASE if strange else _OF_OBJECT
        return look.format(library=self.facts.library.name)
