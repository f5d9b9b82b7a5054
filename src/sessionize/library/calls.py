"""The calls of requests' functions, and the functions that are handed on instead of called."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import NamedTuple

from sessionize.analysis.flow import Flow
from sessionize.analysis.origins import Origins
from sessionize.analysis.tables import Tables
from sessionize.library.profile import MODULES, VERBS
from sessionize.library.threads import EACH, Threads
from sessionize.syntax import outline as o, values as v
from sessionize.syntax.access import ARGUMENT, CALL, READ, UNPACK

# The functions that take a generator to its end at once.
EAGER = frozenset({"list", "tuple", "set", "dict", "frozenset", "sum", "any", "all", "min", "max", "sorted", "join"})

# The verb of a call that names its function only at run time: `getattr(requests, method)(url)`.
ANY = ""


class BareCall(NamedTuple):
    """A call of one of requests' functions.

    root: the name that the callee starts with; shown: all of it.
    pooled: whether a pool of threads makes the call, perhaps later.
    """

    id: int
    verb: str
    root: str
    shown: str
    site: o.CallSite
    frame: int
    pooled: bool = False

    @property
    def is_mapped(self) -> bool:
        """True if its function is handed to `map`, or to a pool of threads, which calls it."""
        return self.id != self.site.tick

    @property
    def unpacks(self) -> bool:
        """Tell whether it passes `*` or `**` arguments, which no one knows."""
        return self.site.value.unpacks

    def argument(self, keyword: str, position: int = -1) -> v.Value | None:
        """The argument of that keyword, or at that position."""
        return self.site.value.argument(keyword, position)


class Reference(NamedTuple):
    """One of requests' functions that is not called here but handed on: to the call `taker`, or elsewhere (-1)."""

    use: o.Use
    verb: str
    shown: str
    taker: int

    @property
    def id(self) -> int:
        return self.use.tick


class BareCalls:
    def __init__(self, origins: Origins, flow: Flow, tables: Tables, threads: Threads) -> None:
        self.outline = origins.outline
        self.names = origins.names
        self.origins = origins
        self.flow = flow
        self.tables = tables
        self.threads = threads
        self.calls = tuple(self._bare_calls())

    def _bare_calls(self) -> Iterator[BareCall]:
        for site, path in self.origins.called:
            func = site.value.func
            function = self.origins.library.function(path)
            if function is not None:
                verb, shown = function, v.dotted(func)
            elif isinstance(func, v.Call) and site.value.args and (taken := self.by_text(func, site.scope)):
                verb, shown = taken
            else:
                continue
            root = v.dotted(func.args[0].value if isinstance(func, v.Call) else func).partition(".")[0]
            yield BareCall(site.tick, verb, root, shown, site, self.flow.frame[site.part])

    def by_text(self, value: v.Call, scope: int) -> tuple[str, str] | None:
        """The verb of `getattr(requests, "get")`, and how to show it: `ANY` where the name is not a plain string."""
        if len(value.args) < 2 or self.origins.path_of(value.func, scope) != "builtins.getattr":
            return None
        library, name = value.args[0].value, value.args[1].value
        if self.origins.path_of(library, scope) not in MODULES:
            return None
        if not isinstance(name, v.Const):
            return ANY, f"getattr({v.dotted(library)}, ...)"
        return (str(name.value), f"{v.dotted(library)}.{name.value}") if name.value in VERBS else None

    @cached_property
    def references(self) -> list[Reference]:
        """The functions of requests that are taken as values."""
        found = []
        for use, path in self.origins.imported_uses:
            reached = self.origins.follow(path, use.access.steps) if use.access.keeps else ""
            function = self.origins.library.function(reached)
            if function is not None:
                found.append(Reference(use, function, f"{use.name}{use.access.path}", use.call))
            elif path in MODULES and use.access == ARGUMENT:
                by_text = self._kept_by_text(self.outline.calls[use.call])
                found += [Reference(use, *by_text, -1)] if by_text is not None else []
        return found

    def _kept_by_text(self, site: o.CallSite) -> tuple[str, str] | None:
        """The function that `fetch = getattr(requests, "get")` takes (see `by_text`), if `fetch` is then called."""
        taken = self.by_text(site.value, site.scope)
        for bind in self.tables.binds_at[site.part] if taken is not None else ():
            owner = self.names.owner(bind.name, bind.scope)
            same = bind.scope == site.scope and bind.value == site.value
            if same and CALL in self.names.accesses(owner, bind.name):
                return taken
        return None

    def is_eager(self, taker: o.CallSite) -> bool:
        """Tell whether a call takes a generator that it is handed to its end at once: `list(...)`, `", ".join(...)`."""
        func = taker.value.func
        path = self.origins.path_of(func, taker.scope) or ""
        joins = isinstance(func, v.Attribute) and func.attr == "join"
        return joins or path.removeprefix("builtins.") in EAGER

    @cached_property
    def mapped(self) -> list[BareCall]:
        """The functions handed to a `map` that is gone through on the spot, or to a pool of threads.

        Each stands for the calls that are made.
        """
        return list(filter(None, map(self._made_by, self.references)))

    def _made_by(self, ref: Reference) -> BareCall | None:
        if ref.taker == -1:
            return None
        site = self.outline.calls[ref.taker]
        first, *given = site.value.args
        if v.dotted(first.value) != ref.shown:  # `pool.submit(retry, requests.get, url)`
            return None
        method = v.last_name(site.value.func)
        pooled = self.threads.pool(site) is not None
        if pooled and method == "submit":  # `pool.submit(requests.get, url, timeout=5)`
            fits, passed = ref.verb != "get" or all(arg.keyword for arg in given[1:]), tuple(given)
        elif pooled:  # `pool.map(requests.get, urls, timeout=5)`, which is the time that the pool has
            items = [arg for arg in given if not arg.keyword]
            fits, passed = method in EACH and _maps(ref, items), ()
        else:
            here = self.origins.paths[ref.taker] == "builtins.map" and self._is_taken_here(site)
            fits, passed = here and _maps(ref, given), ()
        if not fits:
            return None
        stands = site._replace(value=v.Call(v.OPAQUE, passed), scope=ref.use.scope)
        return BareCall(ref.id, ref.verb, ref.use.name, ref.shown, stands, self.flow.frame[site.part], pooled)

    def _is_taken_here(self, site: o.CallSite) -> bool:
        """Tell whether what a call gives is taken to its end on the spot."""
        eager = site.access == ARGUMENT and self.is_eager(self.outline.calls[site.into])
        return eager or site.access in (READ, UNPACK)

    def is_basic_auth(self, value: v.Value, scope: int) -> bool:
        """Tell whether a value is `HTTPBasicAuth(user, password)`, which is what a pair becomes.

        See requests/models.py, `prepare_auth`.
        """
        if not isinstance(value, v.Call) or value.unpacks:
            return False
        params = ["username", "password"]
        if [arg.keyword or name for arg, name in zip(value.args, params, strict=False)] != params:
            return False
        return self.origins.path_of(value.func, scope) == "requests.auth.HTTPBasicAuth"

    def function(self, call: BareCall) -> int:
        """The scope of the function or lambda in which a call stands; 0 for the module."""
        return self.outline.parts[call.frame].scope

    @cached_property
    def shown(self) -> set[str]:
        """The callees of bare calls as they are written; those on a session are written otherwise."""
        return {call.shown for call in (*self.calls, *self.mapped)}


def _maps(ref: Reference, items: Sequence[v.Argument]) -> bool:
    """Tell whether a function is called with each item, its URL, and none that a POST may fail for waits long."""
    if len(items) != 1 or items[0].stars or ref.verb == "request":
        return False
    return ref.verb not in ("post", "patch") or not isinstance(items[0].value, v.Call)
