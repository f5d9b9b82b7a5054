"""The calls of requests' functions, and the functions that are handed on instead of called."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import NamedTuple

from sessionize.analysis.flow import Flow
from sessionize.analysis.origins import Origins
from sessionize.analysis.tables import Tables
from sessionize.library.threads import EACH, Threads
from sessionize.syntax import outline as o, values as v
from sessionize.syntax.access import ARGUMENT, CALL, READ, UNPACK, Access

# The functions that take a generator to its end at once.
EAGER = frozenset({"list", "tuple", "set", "dict", "frozenset", "sum", "any", "all", "min", "max", "sorted", "join"})

# What of an answer is there before its body is read.
_OF_HEAD = frozenset({"status_code", "headers", "ok", "url", "reason", "history", "is_redirect", "raise_for_status"})

# The verb of a call that names its function only at run time: `getattr(requests, method)(url)`.
ANY = ""

# Methods that ask for something and change nothing.
READING = frozenset({"get", "head", "options"})


class BareCall(NamedTuple):
    """A call of one of requests' functions.

    root: the name that the callee starts with; shown: all of it.
    taker: the call that its function is handed to, of which `site` then tells when it is made; else -1.
    pooled: whether that is a pool of threads, which makes the call perhaps later.
    each: whether it makes one for each of several items.
    """

    id: int
    verb: str
    root: str
    shown: str
    site: o.CallSite
    frame: int
    taker: int = -1
    pooled: bool = False
    each: bool = False

    @property
    def is_mapped(self) -> bool:
        """True if its function is handed to `map`, or to a pool of threads, which calls it."""
        return self.taker != -1

    @property
    def method(self) -> str:
        """Its HTTP method in small letters; empty if that is not known: `requests.request(method, url)`."""
        if self.verb != "request":
            return self.verb
        value = self.argument("method", 0)
        return str(value.value).lower() if isinstance(value, v.Const) else ""

    @property
    def url(self) -> v.Value | None:
        return self.argument("url", 1 if self.verb == "request" else 0)

    @property
    def reads(self) -> bool:
        """True if it only reads."""
        return self.method in READING

    @property
    def repeatable(self) -> bool:
        """True if it may be made again by hand where it failed, as no POST or PATCH may."""
        return self.method not in ("post", "patch", "")

    @property
    def by_position(self) -> int:
        """The number of arguments that it passes by position, in front of all others."""
        args = self.site.value.args
        for number, arg in enumerate(args):
            if arg.keyword is not None or arg.stars:
                return number
        return len(args)

    @property
    def unpacks(self) -> bool:
        """Tell whether it passes `*` or `**` arguments, which no one knows."""
        return self.site.value.unpacks

    def argument(self, keyword: str, position: int = -1) -> v.Value | None:
        """The argument of that keyword, or at that position."""
        return self.site.value.argument(keyword, position)

    def given(self, option: str) -> v.Value | None:
        """The value of an option; None as well if it is `None`."""
        value = self.argument(option)
        return None if value == v.NONE else value


class Reference(NamedTuple):
    """One of requests' functions that is not called here but handed on: to the call `taker`, or elsewhere (-1).

    options: those that `partial(requests.get, timeout=5)` adds, where that is handed on.
    """

    use: o.Use
    verb: str
    shown: str
    taker: int
    options: tuple[v.Argument, ...] = ()

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
        if self.origins.path_of(library, scope) not in self.origins.library.modules:
            return None
        if not isinstance(name, v.Const):
            return ANY, f"getattr({v.dotted(library)}, ...)"
        known = name.value in self.origins.library.functions
        return (str(name.value), f"{v.dotted(library)}.{name.value}") if known else None

    def waits(self, call: BareCall) -> bool:
        """Tell whether a call may wait for ever: it surely has no `timeout=`, or None as one."""
        option, place = self.origins.library.timeout
        timeout = call.argument(option, place if call.verb == "request" else -1)
        return self.origins.library.waits and not call.unpacks and timeout in (None, v.NONE)

    def leaves_unread(self, call: BareCall) -> bool:
        """Tell whether nothing reads what a call with `stream=True` gets, but for `response.status_code` and the like.

        Its connection is not used again then.
        """
        accesses = [call.site.access]
        for bind in self.tables.binds_at[call.site.part]:
            if bind.value == call.site.value and bind.form != "with":
                accesses = [use.access for use in self.names.uses(bind.scope, bind.name)]
        streams = call.argument("stream") == v.Const(value=True, kind="bool")
        return streams and all(access.attribute in _OF_HEAD for access in accesses)

    @cached_property
    def references(self) -> list[Reference]:
        """The functions of requests that are taken as values."""
        found = []
        for use, path in self.origins.imported_uses:
            reached = self.origins.follow(path, use.access.steps) if use.access.keeps else ""
            function = self.origins.library.function(reached)
            if function is not None:
                found.append(Reference(use, function, f"{use.name}{use.access.path}", *self._taker(use.call)))
            elif path in self.origins.library.modules and use.access == ARGUMENT:
                by_text = self._kept_by_text(self.outline.calls[use.call])
                found += [Reference(use, *by_text, -1)] if by_text is not None else []
        return found

    def _taker(self, call: int) -> tuple[int, tuple[v.Argument, ...]]:
        """The call that a function is handed to, and the options that come with it by `partial`."""
        site = self.outline.calls[call] if call != -1 else None
        if site is None or self.origins.paths[call] != "functools.partial" or site.access != ARGUMENT:
            return call, ()
        options = site.value.args[1:]
        return (site.into, options) if all(option.keyword for option in options) else (call, ())

    def _kept_by_text(self, site: o.CallSite) -> tuple[str, str] | None:
        """The function that `fetch = getattr(requests, "get")` takes (see `by_text`), if `fetch` is then called."""
        taken = self.by_text(site.value, site.scope)
        for bind in self.tables.binds_at[site.part] if taken is not None else ():
            owner = self.names.owner(bind.name, bind.scope)
            same = bind.scope == site.scope and bind.value == site.value
            if same and CALL in self.names.accesses(owner, bind.name):
                return taken
        return None

    def is_taken_here(self, access: Access, taker: int) -> bool:
        """Tell whether a generator, or a `map`, is taken to its end on the spot, by its use.

        taker: the call that it is handed to, which may do so: `list(...)`, `", ".join(...)`.
        """
        return access in (READ, UNPACK) or (access == ARGUMENT and self._is_eager(self.outline.calls[taker]))

    def _is_eager(self, taker: o.CallSite) -> bool:
        """Tell whether a call takes a generator that it is handed to its end."""
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
        method = v.last_name(site.value.func)
        position = 1 if method == "run_in_executor" else 0  # `run_in_executor(None, requests.get, url)`
        if len(site.value.args) <= position or not _is_handed(ref, site.value.args[position]):
            return None
        given = site.value.args[position + 1 :]
        pooled, each = self._is_pooled(ref.taker), method in EACH
        if pooled and not each:  # `pool.submit(requests.get, url, timeout=5)`
            fits, passed = ref.verb != "get" or all(arg.keyword for arg in given[1:]), given
        elif pooled:  # `pool.map(requests.get, urls, timeout=5)`, which is the time that the pool has
            fits, passed = _maps(ref, [arg for arg in given if not arg.keyword]), ()
        else:
            mapped = self.origins.paths[ref.taker] == "builtins.map" and self.is_taken_here(site.access, site.into)
            fits, passed = mapped and _maps(ref, given), ()
        if not fits:
            return None
        stands = site._replace(value=v.Call(v.OPAQUE, (*passed, *ref.options)), scope=ref.use.scope)
        frame = self.flow.frame[site.part]
        return BareCall(ref.id, ref.verb, ref.use.name, ref.shown, stands, frame, ref.taker, pooled, each or not pooled)

    def _is_pooled(self, taker: int) -> bool:
        """Tell whether a call hands a function to threads, which call it once or for each item."""
        site = self.outline.calls[taker]
        method = v.last_name(site.value.func)
        if method == "run_in_executor" and site.value.args:
            executor = site.value.args[0].value
            return executor == v.NONE or self.threads.is_pool(executor, site.scope)
        if self.origins.paths[taker] == "asyncio.to_thread":
            return True
        return self.threads.hands_to_pool(site) and (method == "submit" or method in EACH)

    def is_basic_auth(self, value: v.Value, scope: int) -> bool:
        """Tell whether a value is `HTTPBasicAuth(user, password)`, which is what a pair becomes.

        See requests/models.py, `prepare_auth`.
        """
        if not isinstance(value, v.Call) or value.unpacks:
            return False
        params = ["username", "password"]
        if [arg.keyword or name for arg, name in zip(value.args, params, strict=False)] != params:
            return False
        return self.origins.path_of(value.func, scope) == self.origins.library.pair

    def function(self, call: BareCall) -> int:
        """The scope of the function or lambda in which a call stands; 0 for the module."""
        return self.outline.parts[call.frame].scope

    @cached_property
    def shown(self) -> set[str]:
        """The callees of bare calls as they are written; those on a session are written otherwise."""
        return {call.shown for call in (*self.calls, *self.mapped)}


def _is_handed(ref: Reference, argument: v.Argument) -> bool:
    """Tell whether an argument is a function that is handed on, by itself or by a `partial`."""
    value = argument.value
    if isinstance(value, v.Call) and value.args[:1] and value.args[1:] == ref.options:
        value = value.args[0].value
    return v.dotted(value) == ref.shown and not argument.keyword and not argument.stars


def _maps(ref: Reference, items: Sequence[v.Argument]) -> bool:
    """Tell whether a function is called with each item, its URL, and none that a POST may fail for waits long."""
    if len(items) != 1 or items[0].stars or ref.verb == "request":
        return False
    return ref.verb not in ("post", "patch") or not isinstance(items[0].value, v.Call)
