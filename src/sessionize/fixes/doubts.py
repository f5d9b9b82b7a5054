"""Why sharing a session is not known to be safe: the conditions of the contract, each as a user should read it."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from typing import NamedTuple

from sessionize.analysis.flow import Place
from sessionize.files.settings import Settings
from sessionize.files.source import path_in_project
from sessionize.library.calls import BareCall
from sessionize.library.changes import Changes, Read
from sessionize.library.profile import READING, SAME, VERBS
from sessionize.library.threads import Threads
from sessionize.library.users import Users
from sessionize.sharing.facts import Facts
from sessionize.syntax import outline as o
from sessionize.syntax.access import ARGUMENT, READ, UNPACK, VALUE
from sessionize.syntax.ipython import CELL, LINE
from sessionize.syntax.outline import last_name

# Calls that wait for something, by their last name.
_WAITING = frozenset(
    (
        "sleep",
        "input",
        "getpass",
        "prompt",
        "confirm",
        "wait",
        "communicate",
        "as_completed",
        "select",
        "recv",
        "accept",
        "acquire",
        "poll",
        "result",
        "until",
        "readline",
        CELL,  # the user runs the next one, sooner or later
    )
)
_COMMANDS = frozenset(
    (
        *("os.system", "os.popen", "os.waitpid", "signal.pause"),
        *(f"subprocess.{name}" for name in ("run", "call", "check_call", "check_output", "getoutput")),
    )
)
# After these, two processes may hold one connection, or a closed one.
_FORKING = frozenset({"fork", "forkpty", "closerange", "DaemonContext"})
# What requests is made of: a module that assigns to it may change how sessions work.
_BENEATH = frozenset({"requests", "urllib3", "socket"})
_PATCHING = frozenset({"patch", "object", "setattr", "delattr", "import_module", "__import__", "wrap_function_wrapper"})
_FUNCTIONS = frozenset(f"requests.{verb}" for verb in VERBS)
_REPLACING = frozenset({"requests_cache", "httpretty", "pytest_socket"})
_SMALL = frozenset({"machine", "micropython", "utime", "usocket", "esp", "esp32", "rp2"})
_SERVING = ("http.server", "socketserver")
_TESTING = frozenset({"pytest", "unittest", "responses", "requests_mock", "vcr", "nose"})
_FRAMES = frozenset({"sys._getframe", "inspect.currentframe", "inspect.stack", "inspect.getmembers"})


class _Span(NamedTuple):
    """Where some calls are: their home, the first and the last tick, and the loops around any."""

    home: int
    first: int
    last: int
    loops: set[int]


class Doubts:
    """The doubts about the calls of one file."""

    def __init__(self, facts: Facts, settings: Settings) -> None:
        self.facts = facts
        self.settings = settings
        self.outline = facts.outline
        self.home = facts.flow.home
        self.users = Users(facts)
        self.threads = Threads(facts)
        self._leading: dict[frozenset[str], set[str]] = {}  # what leads to the functions of these names, as asked for

    def about(self, calls: Sequence[BareCall], place: Place) -> str:
        """The first reason to doubt that one session made at `place` serves the calls as well; empty without one."""
        for call in calls:
            if self.facts.imports.bound(call.root, call.site.scope, place) == "maybe":
                return f"`{call.root}` may be missing, or something else, where the session is made"
        return self.about_sharing(calls)

    def about_sharing(self, calls: Sequence[BareCall]) -> str:
        """The same, without a look at what the session is made with."""
        home = calls[0].home
        if reason := self.about_calls(calls):
            return reason
        if not all(map(_repeatable, calls)) and self.waits_between(calls):
            return "a wait lies between its calls, and a connection closed meanwhile would fail a POST or PATCH"
        if home in self._showing:
            return f"the new variable would show in `{self._showing[home]}`"
        if self._changes_imports(calls) and (shown := self._showing_imports(calls)):
            return f"what is imported would show in `{shown}`"
        if home in self._forking:
            return "after a fork two processes would use one connection"
        if any(map(self.taken_elsewhere, calls)):
            return "a generator expression takes the session elsewhere"
        return self.about_file

    def about_calls(self, calls: Sequence[BareCall]) -> str:
        """What about the calls themselves speaks against one session."""
        for call in calls:
            if patches := self.facts.patched.patches_of(call):
                return f"{patches[0]} replaces `{patches[0].target}` by name"
        for call in calls:
            if reason := self.about_call(call):
                return f"`{call.shown}` {reason}"
        if len({self.identity_of_connection(call) for call in calls}) > 1:
            return "its calls differ in `verify=` or `cert=`, which requests before 2.32 mixes up on one session"
        if self.settings.cookies == "share" and not self.for_one_user(calls):
            return "its calls are made for different users, and a session sends one's cookies with another's call"
        return ""

    def held(self, call: BareCall) -> str:
        """Why a call must stay where its patches are to move along: one can't, or would get other arguments."""
        patches = self.facts.patched.patches_of(call) if self.settings.moves_patches else []
        for patch in patches:
            if patch.obstacle:
                return f"{patch} replaces `{patch.target}` by name, and {patch.obstacle}"
        if patches and call.verb == "get" and call.argument("params", 1) is not call.argument("params"):
            return f"{patches[0]} replaces `{patches[0].target}` by name, and would get `params` by keyword"
        return ""

    def about_cells(self, calls: Sequence[BareCall], made: int) -> str:
        """Why the calls may run without the cell of a notebook in which their session is `made`; else empty.

        Cells are run one by one, again, and in any order. But a call needs the cell that imports requests as it is.
        """
        home = self.facts.tables.cell(made)
        for call in calls:
            binds = self.facts.names.binds(self.facts.names.owner(call.root, call.site.scope), call.root)
            if self.facts.tables.cell(call.site.tick) != home and {
                self.facts.tables.cell(bind.tick) for bind in binds
            } != {home}:
                return "a cell can be run without the one that would make its session"
        return ""

    def leak(self, calls: Sequence[BareCall], *, lasting: bool = False) -> str:
        """Why a session for these calls would carry one's credentials to another, which no fix may do; else empty.

        lasting: whether it outlives the functions of the calls.
        """
        if calls and self._replaced and not self.settings.moves_patches:
            return f"`{self._replaced}` is replaced in this file, and a session would go past what is there instead"
        bound = [call for call in calls if self._may_bind(call)]
        if bound and any(self.users.credentials(call) != self.users.credentials(bound[0]) for call in calls):
            return "some of the calls authenticate in a way that may stay with the connection, and others do not"
        span = self._span(calls)
        certs = [(call.argument("cert"), call.site.scope) for call in calls]
        auths = [(call.argument("auth"), call.site.scope) for call in bound if self._auth_binds(call)]
        told = [(item.value, item.scope) for item in self.users.binding(calls)]
        values = ((value, scope) for value, scope in dict.fromkeys([*certs, *auths, *told]) if value is not None)
        if self.users.in_turn(bound) or any(self._varies(span, *each, lasting=lasting) for each in values):
            return "a connection stays with the user it was made for, and its next call may be for another"
        if len({self.identity_of_connection(call)[1] for call in calls}) > 1:
            return "the calls differ in `cert=`, and requests before 2.32 would show one's certificate for another"
        return ""

    def _varies(self, span: _Span, value: o.Value, scope: int, *, lasting: bool, seen: tuple[o.Bind, ...] = ()) -> bool:
        """Whether a value may be another one for another of the calls, or when they run again."""
        if not o.is_known(value):
            return True
        for read in self.users.reads(value, scope):
            (owner, name), changes = read.variable, list(self.users.changes(read))
            method = self.facts.graph.method(owner) if owner > 0 else None
            if not lasting:
                if any(self._comes_between(span, each, read.by) for each in changes):
                    return True
            elif method is not None and (method.scope, method.instance) == read.variable:  # made with the object
                if read.part and frozenset().union(*(each.functions for each in changes)) - {"__init__"}:
                    return True
            elif sum(len(each.ticks) for each in changes) > (not read.part):
                return True
            elif owner > 0 and not read.part:
                (bind,) = self.facts.names.binds(owner, name)
                if bind.form != "assign" or bind in seen:
                    return True
                if self._varies(span, bind.value, owner, lasting=True, seen=(*seen, bind)):
                    return True
        return False

    @cached_property
    def _replaced(self) -> str:
        """The function of requests that this file puts another in the place of; empty if there is none."""
        for use, path in self.facts.origins.imported_uses:
            replaced = f"{path}{use.access.path}" if use.access.assigns else ""
            if SAME.get(replaced, replaced) in _FUNCTIONS:
                return f"{use.name}{use.access.path}"
        return ""

    def _may_bind(self, call: BareCall) -> bool:
        return self._auth_binds(call) or self.users.bind_connection(call)

    def _auth_binds(self, call: BareCall) -> bool:
        auth = call.argument("auth")
        return auth is not None and not self._is_pair(auth, call.site.scope)

    # --- one call -----------------------------------------------------------------------------------------------------

    def about_call(self, call: BareCall) -> str:
        """Why a call may behave otherwise on any session, as the rest of a sentence about it."""
        scope = call.site.scope
        if call.unpacks:
            return "passes `**` arguments that are not known"
        if call.argument("proxies") not in (None, o.NONE):
            return "passes `proxies=`, and a shared connection keeps its proxy"
        if call.argument("hooks") not in (None, o.NONE):
            return "passes `hooks=`, which may send requests of their own"
        auth = call.argument("auth")
        if auth is not None and not self._is_pair(auth, scope):
            return "passes an `auth=` that is not known to be a pair, and may stay with the connection"
        if self.users.bind_connection(call):
            return "authorizes its connection, and later calls on it would be answered for the same user"
        for text in self._spelled.get(call.site.tick, ()):
            if all(word in text for word in call.shown.split(".")):
                return "is spelled out by `=` in an f-string, and would read otherwise"
        verify = self.facts.origins.resolve_once(call.argument("verify"), scope)
        if not isinstance(verify, o.Const) or verify.kind not in ("bool", "str", "NoneType"):
            return "passes a `verify=` that is not True, False or a string"
        cert = self.facts.origins.resolve_once(call.argument("cert"), scope)
        if not all(isinstance(item, o.Const) for item in (cert.items if isinstance(cert, o.Sequence) else (cert,))):
            return "passes a `cert=` that is not a literal"
        return ""

    @cached_property
    def _spelled(self) -> dict[int, list[str]]:
        """The f-strings with `=` that show a call, by its tick."""
        ticks = sorted(call.tick for call in self.outline.calls) if self.outline.spelled else []
        spelled = defaultdict(list)
        for start, end, text in self.outline.spelled:
            for tick in ticks[bisect_right(ticks, start) : bisect_right(ticks, end)]:
                spelled[tick].append(text)
        return spelled

    def _is_pair(self, auth: o.Value, scope: int) -> bool:
        if isinstance(auth, o.Name):
            owner = self.facts.names.owner(auth.name, scope)
            binds = self.facts.names.binds(owner, auth.name)
            return bool(binds) and all(b.form == "assign" and self._is_pair_display(b.value, owner) for b in binds)
        return self._is_pair_display(auth, scope)

    def _is_pair_display(self, auth: o.Value, scope: int) -> bool:
        if isinstance(auth, o.Sequence):
            return auth.kind == "tuple" and len(auth.items) == 2
        return auth == o.NONE or self.facts.bare.is_basic_auth(auth, scope)

    def identity_of_connection(self, call: BareCall) -> tuple[o.Value, o.Value]:
        """What decides whether two calls may use one TLS connection."""
        verify = self.facts.origins.resolve_once(call.argument("verify"), call.site.scope)
        default = verify in (o.NONE, o.Const(value=True, kind="bool"))
        cert = self.facts.origins.resolve_once(call.argument("cert"), call.site.scope)
        if isinstance(cert, o.Opaque):
            cert = call.argument("cert") or o.NONE
        return (o.NONE if default else verify), cert

    # --- for whom -----------------------------------------------------------------------------------------------------

    def for_one_user(self, calls: Sequence[BareCall]) -> bool:
        """Whether the calls are made for one user, as far as can be seen: no two say otherwise, and none in turns."""
        if self.users.in_turn(calls):
            return False
        said: dict[str, o.Value] = {}
        read: set[Read] = set()
        together = len({call.home for call in calls}) == 1
        for key, value, scope in self.users.said(calls):
            unknown = isinstance(value, o.Opaque) and (key or self.users.told)
            if unknown or (key and said.setdefault(key, value) != value):
                return False
            if key or together:
                read.update(self.users.reads(value, scope))
        span = self._span(calls)
        return not any(self._comes_between(span, each, one.by) for one in read for each in self.users.changes(one))

    def for_all_objects(self, calls: Sequence[BareCall]) -> bool:
        """Whether one session can serve the calls of all objects: what may say for whom they are made is the module's,
        and none may sign its object in (a POST), unless no cookies are kept."""
        told = [(item.value, item.scope) for item in self.users.said(calls)]
        for call in calls:
            params = self.facts.origins.resolve_once(
                call.argument("params", 1 if call.verb == "get" else -1), call.site.scope
            )
            unknown = [item for key, item in params.items if key is None] if isinstance(params, o.Dict) else [params]
            tied = map(call.argument, ("cert", "verify", "proxies"))
            told += [(value, call.site.scope) for value in (*unknown, *tied) if value is not None]
        reads = self.settings.cookies == "isolate" or all(call.verb in READING for call in calls)
        known = all(o.is_known(value) for value, _ in told)
        names = ((name, scope) for value, scope in told for name in o.names_in(value))
        return reads and known and all(self.facts.names.owner(*each) in (-1, 0) for each in names)

    # --- between the calls --------------------------------------------------------------------------------------------

    def waits_between(self, calls: Sequence[BareCall]) -> bool:
        """Whether a sleep, input, command, `await` or `yield` can come between two of the calls."""
        waits = self._waits.get(calls[0].home, [])
        if waits and any(call.id < 0 for call in calls):  # `map` calls while it is gone through
            return True
        return self._between(self._span(calls), waits)

    def _span(self, calls: Sequence[BareCall]) -> _Span:
        ticks = [call.site.tick for call in calls]
        loops = {loop for part in {call.site.part for call in calls} for loop in self.facts.flow.loops(part)}
        return _Span(calls[0].home if calls else -1, min(ticks, default=0), max(ticks, default=0), loops)

    def _between(self, span: _Span, runs: Iterable[tuple[int, int]]) -> bool:
        """Whether something of the calls' home, (tick, part), can come between two of them."""
        _, first, last, loops = span
        return any(first < tick < last or not loops.isdisjoint(self.facts.flow.loops(part)) for tick, part in runs)

    def _comes_between(self, span: _Span, changes: Changes, by: str) -> bool:
        """Whether one of the changes can come between two of the calls, in their home or by a function that it calls.

        by: a function called for what changes; what that changes itself, it may keep for the next time.
        """
        if bisect_right(changes.ticks, span.first) < bisect_left(changes.ticks, span.last):
            return True
        if changes.functions not in self._leading:
            self._leading[changes.functions] = self._reaching(changes.functions - {""})
        called = self._calls_in[span.home]
        names = (called.keys() & self._leading[changes.functions]) - {by}
        runs = (run for name in names for run in called[name])
        return self._between(span, [*changes.in_home.get(span.home, ()), *runs])

    @cached_property
    def _waits(self) -> dict[int, list[tuple[int, int]]]:
        """(tick, part) of whatever may take its time, by home."""
        waits = defaultdict(list)
        for tick, part in self.outline.pauses:
            waits[self.home[part]].append((tick, part))
        waiting = self._reaching(_WAITING)
        for call, path, named in zip(self.outline.calls, self.facts.origins.paths, self._called, strict=True):
            waits_for = named in waiting and not _selects_by_text(named, call.value.args)
            if waits_for or _waits_without_a_key(named, call.value.args) or path in _COMMANDS:
                waits[self.home[call.part]].append((call.tick, call.part))
        for bind in self.outline.binds:  # `for line in sys.stdin`, `for change in watch()`
            slow = isinstance(bind.value, o.Call) and last_name(bind.value.func) in waiting
            if bind.form == "for" and (slow or self.facts.origins.path_of(bind.value, bind.scope) == "sys.stdin"):
                waits[self.home[bind.part]].append((bind.tick, bind.part))
        return waits

    def _reaching(self, names: Iterable[str]) -> set[str]:
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
        for home, calls in self._calls_in.items():
            if function := self.outline.scopes[self.outline.parts[home].scope].name:
                for named in calls:
                    callers[named].add(function)
        return callers

    @cached_property
    def _calls_in(self) -> dict[int, dict[str, list[tuple[int, int]]]]:
        """(tick, part) of the calls of each home, by what they call."""
        calls: dict[int, dict[str, list[tuple[int, int]]]] = defaultdict(lambda: defaultdict(list))
        for call, named in zip(self.outline.calls, self._called, strict=True):
            calls[self.home[call.part]][named].append((call.tick, call.part))
        return calls

    @cached_property
    def _called(self) -> list[str]:
        """The last name of what each call calls: `sleep`, also after `from time import sleep as nap`, or after `nap =
        time.sleep`."""
        called = []
        for call, path in zip(self.outline.calls, self.facts.origins.paths, strict=True):
            func = call.value.func
            followed = self.facts.origins.resolve_once(func, call.scope) if isinstance(func, o.Name) else o.OPAQUE
            named = path if isinstance(followed, o.Opaque) else self.facts.origins.path_of(followed, call.scope)
            called.append(named.rpartition(".")[2] if named is not None else last_name(func))
        return called

    # --- around the calls ---------------------------------------------------------------------------------------------

    def taken_elsewhere(self, call: BareCall) -> bool:
        """Whether the call is in a generator expression that is not taken to its end on the spot."""
        for part in self.facts.flow.ancestors(call.site.part):
            row = self.outline.parts[part]
            if row.kind == "genexp" and row.access not in (READ, UNPACK):
                taker = self.outline.calls[row.call] if row.access == ARGUMENT else None
                if taker is None or not self.facts.bare.is_eager(taker):
                    return True
        return False

    def _changes_imports(self, calls: Sequence[BareCall]) -> bool:
        """Whether a session for these calls may need an import, or leave one without use."""
        named = {self.facts.origins.path_of(o.Name(call.root), call.site.scope) for call in calls}
        return self.settings.cookies == "isolate" or named != {"requests"}

    @cached_property
    def _showing(self) -> dict[int, str]:
        """The homes in which a new variable would show, and in what."""
        showing = {}
        frames = ""
        for call, path in zip(self.outline.calls, self.facts.origins.paths, strict=True):
            name = (path or "").removeprefix("builtins.")
            if name in ("eval", "exec") or (name in ("locals", "vars", "dir") and not call.value.args):
                showing[self.home[call.part]] = f"{name}()"
            elif name == "globals":
                showing[0] = "globals()"
            elif name in _FRAMES:
                frames = f"{name}()"
        for use in self.outline.uses:
            if use.name == "sys" and use.access.attribute == "modules":
                showing[0] = "sys.modules"
        if frames:
            showing = dict.fromkeys(self.home, frames)
        for line in self._running:
            showing.setdefault(0, line)
        return showing

    def _showing_imports(self, calls: Sequence[BareCall]) -> str:
        """In what the names that imports bind show, beside those of these calls; empty if in nothing."""
        owners = {0, *(self.facts.names.owner(call.root, call.site.scope) for call in calls)} - {-1}
        shown = (self._showing.get(self.outline.scopes[owner].root) for owner in sorted(owners))
        return next(filter(None, shown), self._evaluating)

    @cached_property
    def _evaluating(self) -> str:
        """What of this file runs text that may name what the module imports; empty if nothing does."""
        names = (path.removeprefix("builtins.") for path in self.facts.origins.paths if path is not None)
        return next((f"{name}()" for name in names if name in ("eval", "exec")), "")

    @cached_property
    def _running(self) -> list[str]:
        """What of a notebook may run any code: a magic like `%run`, or a cell that cannot be read."""
        lines = [call.value.args[1].value for call in self.outline.calls if call.value.func == o.Name(LINE)]
        return [str(line.value) for line in lines if isinstance(line, o.Const) and line != o.NONE]

    @cached_property
    def _forking(self) -> set[int]:
        """The homes that fork, directly or through a function of this file."""
        forking = self._reaching(_FORKING)
        called = zip(self.outline.calls, self._called, strict=True)
        return {self.home[call.part] for call, named in called if named in forking}

    # --- the whole file -----------------------------------------------------------------------------------------------

    @cached_property
    def about_file(self) -> str:
        """Why no session in this file is known to be safe; empty if nothing speaks against it."""
        checks: tuple[Callable[[], Iterator[str]], ...] = (
            self._changed,
            self._patched,
            self._imports,
            self._test,
            self._unread,
        )
        return next((reason for check in checks for reason in check()), "")

    def _changed(self) -> Iterator[str]:
        for use, path in self.facts.origins.imported_uses:
            if _changes_attribute(use):
                if path.partition(".")[0] in _BENEATH or (path == "sys" and use.access.attribute == "modules"):
                    yield f"`{use.name}{use.access.path}` is changed in this file"
            elif (
                path == "requests"
                and use.access == ARGUMENT
                and self.facts.origins.paths[use.call] == "builtins.getattr"
            ):
                continue
            elif path == "requests" and (use.access in (VALUE, ARGUMENT, UNPACK) or use.access.attribute == "__dict__"):
                yield f"`{use.name}` is handed on in this file, and may be changed there"
        for use in self.outline.uses:  # of `session = requests.Session`, say
            if _changes_attribute(use):
                followed = self.facts.origins.resolve_once(o.Name(use.name), use.scope)
                if (self.facts.origins.path_of(followed, use.scope) or "").partition(".")[0] in _BENEATH:
                    yield f"what `{use.name}` names is changed in this file"

    def _patched(self) -> Iterator[str]:
        for call in self.outline.calls:
            if last_name(call.value.func) in _PATCHING and call.value.args:
                subject = call.value.args[0].value
                target = (
                    subject.value if isinstance(subject, o.Const) else self.facts.origins.path_of(subject, call.scope)
                )
                if re.match(r"(.*\.)?requests\b", str(target)):
                    yield "requests is patched in this file"

    def _imports(self) -> Iterator[str]:
        for module in self._modules:
            if module.partition(".")[0] in _REPLACING:
                yield f"{module.partition('.')[0]} changes how requests works"
            if module.partition(".")[0] in _SMALL:
                yield "this is a program for MicroPython, whose requests has no sessions"
            if module.startswith(_SERVING):
                yield "a server of this program may wait for the session's connection to close"

    def _test(self) -> Iterator[str]:
        path = path_in_project(self.facts.filename)
        named = re.fullmatch(r"(test_.*|.*_tests?|tests?|conftest)\.(pyi?|ipynb)", path.name)
        inside = {"test", "tests", "testing"}.intersection(path.parts)
        if named or inside or any(module.partition(".")[0] in _TESTING for module in self._modules):
            yield "this is a test, and tests replace `requests.get` and the like by name"

    def _unread(self) -> Iterator[str]:
        yield from (f"{line} cannot be read, and may do anything" for line in self._running if line[0] != "%")

    @cached_property
    def _modules(self) -> list[str]:
        """The paths of all that the file imports."""
        return sorted(self.outline.modules)


def _changes_attribute(use: o.Use) -> bool:
    return use.access.attribute != "" and use.access.rebinds


def _waits_without_a_key(named: str, args: Sequence[o.Argument]) -> bool:
    """Whether it is `queue.get(timeout=5)` or `thread.join()`: a dict's `get` needs a key, a string's `join` texts."""
    first = args[0] if args else None
    given = first.value if first is not None else o.OPAQUE
    kinds = {"get": ("bool",), "join": ("int", "float")}.get(named)
    known = first is None or first.keyword in ("block", "timeout")
    return kinds is not None and (known or (isinstance(given, o.Const) and given.kind in kinds))


def _selects_by_text(named: str, args: Sequence[o.Argument]) -> bool:
    """Whether it is `soup.select("td")`, which waits for nothing."""
    return named == "select" and bool(args) and isinstance(args[0].value, o.Const) and args[0].value.kind == "str"


def _repeatable(call: BareCall) -> bool:
    """Whether the request is no POST or PATCH, which can't be sent again when a connection turns out to be closed."""
    method: object = call.verb
    if call.verb == "request":
        value = call.argument("method", 0)
        method = value.value if isinstance(value, o.Const) else "post"
    return str(method).lower() not in ("post", "patch")
