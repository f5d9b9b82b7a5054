"""What an outline means for requests: which calls are bare, which repeat, which host they reach.

Nothing here decides what to do about it; `rules` name the patterns and `plan` the cure.
"""

from __future__ import annotations

import re
import string
from bisect import bisect
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from types import MappingProxyType
from typing import NamedTuple, TypeAlias

from sessionize.analysis.callgraph import CallGraph
from sessionize.analysis.flow import NEXT, Event, Flow, Place
from sessionize.analysis.names import Names
from sessionize.analysis.retries import Retries
from sessionize.library.patches import FUNCTIONS, Patch, module_of
from sessionize.syntax import outline as o
from sessionize.syntax.ipython import CELL

# The functions of requests, and what each takes by position (requests/api.py).
VERBS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "get": ("url", "params"),
        "post": ("url", "data", "json"),
        "put": ("url", "data"),
        "patch": ("url", "data"),
        "delete": ("url",),
        "head": ("url",),
        "options": ("url",),
        "request": ("method", "url"),
    }
)

_Named: TypeAlias = tuple[int, str] | str  # a variable, or a name alone
# Other paths to the functions of requests and to its class of sessions.
SAME: Mapping[str, str] = MappingProxyType(
    {
        "requests.session": "requests.Session",
        "requests.sessions.Session": "requests.Session",
        "requests.api.sessions": "requests.sessions",
        **{f"requests.api.{verb}": f"requests.{verb}" for verb in VERBS},
    }
)
_LIBRARY = frozenset({"requests", "requests.api"})
# A copy of requests in another package: `botocore.vendored.requests`, `pip._vendor.requests`.
_COPY = re.compile(r"(?:.*\.)?_?vendor(?:ed)?\.requests")
# What an import may bind that a call of requests, or of a session, begins with.
_CALLED = frozenset(f"requests.{name}" for name in (*FUNCTIONS, "api", "sessions")) | {"requests"}
_LEAVING = frozenset({"sys.exit", "os._exit", "os.abort", "builtins.exit", "builtins.quit"})
# Those that ask for something and change nothing.
READING = frozenset({"get", "head", "options"})
# What is done on a session that is only called.
METHODS = frozenset(f".{verb}()" for verb in VERBS)
_CLOSING = frozenset({".close()"})
# What tells a session something for the calls to come.
_SETTING = re.compile(
    r"\.(?:[\w.\[\]]+(?:=|del)|mount\(\)|\w+\.(?:update|set|set_cookie|set_policy|setdefault|pop|clear)\(\))"
)
# What takes a generator to its end at once.
EAGER = frozenset({"list", "tuple", "set", "dict", "frozenset", "sum", "any", "all", "min", "max", "sorted", "join"})
# Calls that only look at what they are given.
_LOOKING = frozenset(
    f"builtins.{name}"
    for name in ("print", "len", "dict", "str", "repr", "sorted", "list", "tuple", "set", "bool", "isinstance")
) | {"json.dumps", "copy.copy", "copy.deepcopy"}
_READING = frozenset({"read", "unpack", "[]", ".get()", ".items()", ".keys()", ".values()", ".copy()"})
# Calls that show all attributes of what they are given, and modules whose functions write them to a file.
_SHOWING = frozenset({"builtins.vars", "builtins.dir", "inspect.getmembers"}) | {
    f"dataclasses.{name}" for name in ("asdict", "astuple", "fields")
}
_PICKLING = frozenset({"pickle", "cPickle", "dill", "cloudpickle", "joblib", "jsonpickle"})
_DUMPING = frozenset({"dump", "dumps", "encode"})
# Methods that run once for each object.
_INITIAL = frozenset({"__init__", "__post_init__", "__attrs_post_init__"})


# The verb of a call that names its function only at run time: `getattr(requests, method)(url)`.
ANY = ""


class BareCall(NamedTuple):
    """A call of one of requests' functions. `root` is the name that the callee starts with, `shown` all of it."""

    id: int
    verb: str
    root: str
    shown: str
    site: o.CallSite
    home: int

    @property
    def unpacks(self) -> bool:
        """Whether it passes `**` arguments, of which no one knows the names."""
        return any(arg.stars == "**" for arg in self.site.value.args)

    def argument(self, keyword: str, position: int = -1) -> o.Value | None:
        """The argument of that keyword, or at that position."""
        args = self.site.value.args
        for arg in args:
            if arg.keyword == keyword:
                return arg.value
        return args[position].value if 0 <= position < len(args) and not args[position].keyword else None


class Reference(NamedTuple):
    """One of requests' functions that is not called here but handed on: to the call `taker`, or elsewhere (-1)."""

    use: o.Use
    verb: str
    shown: str
    taker: int


class Served(NamedTuple):
    """What is made of the sessions of one name.

    calls: those made on it, as if they were bare; done: all that is done with it, as for a `Use`; handed_on: whether
    other code may get it; homes: of its uses; around: the parts that hold them all.
    """

    calls: tuple[BareCall, ...]
    done: set[str]
    handed_on: bool
    homes: set[int]
    around: set[int]


class IdleSession(NamedTuple):
    """A `requests.Session()` that serves too few calls.

    id: of the call that makes it; bind: the name it gets, if any; loops: what makes it anew; calls: those made on it;
    plain: whether nothing is set on it.
    """

    id: int
    site: o.CallSite
    bind: o.Bind | None
    loops: tuple[int, ...]
    calls: tuple[BareCall, ...]
    plain: bool = True


class Facts:
    def __init__(
        self,
        outline: o.Outline,
        filename: str = "",
        patches: Callable[[frozenset[str]], Sequence[Patch]] = lambda _: (),
        taken: Callable[[], frozenset[str]] = frozenset,
    ) -> None:
        """`patches`: gives what tests replace by name, told which other names the file has for requests;
        asked only if a call is found that should share a session. `taken`: gives the names that other modules may take
        from this one, `*` for all; asked only if a fix would take one away."""
        self.outline = outline
        self.filename = filename
        self.find_patches = patches
        self.find_taken = taken
        self.names = Names(outline)
        # Of each variable, as they are asked for: what it stands for, its bindings and uses.
        self._paths: dict[tuple[int, str], str | None] = {}
        self._primaries: dict[tuple[int, str], list[o.Bind]] = {}
        self._others: dict[tuple[int, str], list[o.Bind]] = {}
        self._handled: dict[tuple[int, str], list[o.Use]] = {}
        self._answers: dict[tuple[int, str], bool] = {}
        self._served: dict[tuple[int, str], Served] = {}
        self._several: dict[tuple[int, str], bool] = {}  # whether the sessions of each name serve several calls
        self._spreading: dict[tuple[int, str, int], bool] = {}  # of the sessions of each name, and each loop
        self._before: dict[tuple[int, str, Place], o.Bind | None] = {}  # the import that ran at each place
        self._patches: dict[tuple[str, str], list[Patch]] = {}  # of each callee and function, as they are asked for
        # What each call calls, as `origin` says.
        self.paths = [self.origin(call.value.func, call.scope) for call in outline.calls]
        leaving = (
            call.part
            for call, path in zip(outline.calls, self.paths, strict=True)
            if path in _LEAVING and outline.parts[call.part].kind == "simple"
        )
        self.flow = Flow(outline, frozenset(leaving))
        self.retries = Retries(outline, self.names, self.flow, self._is_call)
        self.graph = CallGraph(outline, self.names, self.flow, self.retries.loops)
        self.calls = tuple(self._bare_calls())

    # --- what names stand for -----------------------------------------------------------------------------------------

    def origin(self, value: o.Value, scope: int) -> str | None:
        """The dotted path of what an expression names: `requests.get`, `builtins.print`, or None if it is neither
        imported nor a name that the file does not bind."""
        attributes = []
        while isinstance(value, o.Attribute):
            attributes.append(value.attr)
            value = value.value
        path = self._imported(value.name, scope) if isinstance(value, o.Name) else None
        for attribute in reversed(attributes if path is not None else ()):
            path = f"{path}.{attribute}"
            path = SAME.get(path, path)
        return path

    def _imported(self, name: str, scope: int) -> str | None:
        owner = self.names.owner(name, scope)
        if (owner, name) not in self._paths:
            paths = {self.path(bind) for bind in self._primary(owner, name)} if owner != -1 else {f"builtins.{name}"}
            if any(self.path(bind) == "requests" for bind in self.alike(owner, name)):
                paths = {"requests"}
            self._paths[owner, name] = paths.pop() if len(paths) == 1 else None
        return self._paths[owner, name]

    def _primary(self, owner: int, name: str) -> list[o.Bind]:
        """The bindings of a variable that are not made in place of another."""
        if (owner, name) not in self._primaries:
            live = self.bindings(owner, name)
            plain = len(live) == 1 or all(bind.how != "import" for bind in live)
            instead = () if plain else self._fallbacks(live)
            self._primaries[owner, name] = [bind for bind in live if bind.tick not in instead] or live
        return self._primaries[owner, name]

    def alike(self, owner: int, name: str) -> list[o.Bind]:
        """The imports of a copy of requests that are made in place of requests, or of requests in place of a copy.

        The variable serves as `requests` with either: its functions, and its sessions, are those of one library.
        """
        primary = self._primary(owner, name)
        copies = (bind for bind in self.bindings(owner, name) if bind not in primary and self._is_library(bind))
        return list(copies) if all(map(self._is_library, primary)) else []

    def _is_library(self, bind: o.Bind) -> bool:
        """Whether an import binds requests or a copy of it."""
        path = self.path(bind) or ""
        return path == "requests" or _COPY.fullmatch(path) is not None

    @staticmethod
    def path(bind: o.Bind) -> str | None:
        """The dotted path of what an import binds; None for other bindings."""
        return SAME.get(bind.value.path, bind.value.path) if isinstance(bind.value, o.Imported) else None

    def bindings(self, owner: int, name: str) -> list[o.Bind]:
        """The bindings of a variable but those under `if TYPE_CHECKING:`."""
        return [b for b in self.names.binds(owner, name) if b.how != "declare" and not self._for_types(b)]

    def _for_types(self, bind: o.Bind) -> bool:
        parts = self.outline.parts
        part = bind.part
        while parts[part].parent != -1:
            outer = parts[part].parent
            test = parts[outer].test
            if parts[outer].kind == "if" and self._first_arms.get(outer) == part:
                name = test.attr if isinstance(test, o.Attribute) else test.name if isinstance(test, o.Name) else ""
                if name == "TYPE_CHECKING":
                    return True
            part = outer
        return False

    @cached_property
    def _first_arms(self) -> dict[int, int]:
        """The block of each `if` that runs when its test holds."""
        arms: dict[int, int] = {}
        for part, row in enumerate(self.outline.parts):
            if row.kind == "arm":
                arms.setdefault(row.parent, part)
        return arms

    def _fallbacks(self, live: Sequence[o.Bind]) -> set[int]:
        """The ticks of those of a variable's bindings that are made in place of a module that may be missing: in the
        handler of its import, or `requests = None` before the import or in another branch."""
        parts = self.outline.parts
        imports = Counter(part for bind in live if bind.how == "import" for part in self._around(bind.part))
        before: Counter[int] = Counter()  # the imports so far, in each part, and in all (-1)
        found = set()
        for bind in live:
            around = list(self._around(bind.part))
            imported = bind.how == "import"
            attempts = [parts[part].parent for part in around if parts[part].kind == "handler"]
            handles = (imported or bind.how == "assign") and any(imports[part] > imported for part in attempts)
            arms = [part for part in around if parts[part].kind == "arm"]
            branched = sum(before[parts[arm].parent] - before[arm] for arm in arms)
            if handles or (bind.how == "assign" and bind.value == o.NONE and branched == before[-1]):
                found.add(bind.tick)
            if imported:
                before.update((*around, -1))
        return found

    def _around(self, part: int) -> Iterator[int]:
        while part != -1:
            yield part
            part = self.outline.parts[part].parent

    def _is_call(self, value: o.Value, scope: int) -> bool:
        """Whether an expression is a bare call."""
        path = self.origin(value.func, scope) if isinstance(value, o.Call) else None
        return path is not None and path.startswith("requests.") and path[9:] in VERBS

    def _bare_calls(self) -> Iterator[BareCall]:
        for call, path in enumerate(self.paths):
            site = self.outline.calls[call]
            func = site.value.func
            if path is not None and path.startswith("requests.") and path[9:] in VERBS:
                verb, shown = path[9:], o.dotted(func)
            elif isinstance(func, o.Call) and site.value.args and (taken := self.by_text(func, site.scope)):
                verb, shown = taken
            else:
                continue
            root = o.dotted(func.args[0].value if isinstance(func, o.Call) else func).partition(".")[0]
            yield BareCall(call, verb, root, shown, site, self.flow.home[site.part])

    def by_text(self, value: o.Call, scope: int) -> tuple[str, str] | None:
        """The verb of `getattr(requests, "get")`, and how to show it: `ANY` where the name is not a plain string."""
        if len(value.args) < 2 or self.origin(value.func, scope) != "builtins.getattr":
            return None
        library, name = value.args[0].value, value.args[1].value
        if self.origin(library, scope) not in _LIBRARY:
            return None
        if not isinstance(name, o.Const):
            return ANY, f"getattr({o.dotted(library)}, ...)"
        return (str(name.value), f"{o.dotted(library)}.{name.value}") if name.value in VERBS else None

    # --- the cells of a notebook --------------------------------------------------------------------------------------

    @cached_property
    def cells(self) -> list[int]:
        """The ticks at which the cells of a notebook end; none in a file that is no notebook."""
        return [call.tick for call in self.outline.calls if call.value.func == o.Name(CELL)]

    def cell(self, tick: int) -> int:
        """The cell that something stands in, counted from 0."""
        return bisect(self.cells, tick)

    # --- what repeats -------------------------------------------------------------------------------------------------

    @cached_property
    def by_home(self) -> dict[int, list[BareCall]]:
        """The bare calls of each home in the order in which they run."""
        homes: dict[int, list[BareCall]] = defaultdict(list)
        for call in sorted(self.calls, key=lambda call: call.site.tick):
            homes[call.home].append(call)
        return homes

    @cached_property
    def loops(self) -> dict[int, int]:
        """The innermost loop that repeats each call; calls that no loop repeats are left out."""
        found = {}
        for call in self.calls:
            loops = [loop for loop in self.retries.loops(call.site) if not self._new_host_each_turn(call, loop)]
            if loops:
                found[call.id] = loops[0]
        return found

    @cached_property
    def chained(self) -> set[int]:
        """The calls that no loop repeats but that run before or after another bare call of their home."""
        found: set[int] = set()
        for calls in self.by_home.values():
            found |= self.chained_among(calls)
        return found

    def chained_among(self, calls: Sequence[BareCall]) -> set[int]:
        """Those of some calls of one home that no loop repeats but that run before or after another of them."""
        return self._together(calls, [self.host(call) for call in calls]) - self.loops.keys()

    def _together(self, calls: Sequence[BareCall], keys: Sequence[str | None]) -> set[int]:
        """The calls of one home that can run before or after another one with a matching key."""
        if len(calls) < 2:
            return set()
        events = [Event(c.site.tick, c.site.part, c.id, key) for c, key in zip(calls, keys, strict=True)]
        again: dict[int, list[Event]] = defaultdict(list)
        for call, event in zip(calls, events, strict=True):
            for loop in self.flow.loops(call.site.part) if call.id in self.loops else ():
                again[loop].append(event)
        found = self.flow.chained(calls[0].home, events, again)
        for flows in self.retries.alternatives([call.site for call in calls]) if found else ():
            found &= set().union(*(flow.chained(calls[0].home, events, again) for flow in flows))
        return found

    @cached_property
    def repeated(self) -> dict[int, list[BareCall]]:
        """The calls of each home that should share a session."""
        repeated: dict[int, list[BareCall]] = defaultdict(list)
        for home, calls in self.by_home.items():
            repeated[home] = [call for call in calls if call.id in self.loops or call.id in self.chained]
        for call in self.mapped:
            repeated[call.home].append(call)
        return repeated

    @cached_property
    def single(self) -> list[BareCall]:
        """The calls that run once, as far as their own function shows."""
        return [call for call in self.calls if call.id not in self.loops and call.id not in self.chained]

    @cached_property
    def helpers(self) -> list[BareCall]:
        """The single calls in functions that this file calls again and again."""
        return [call for call in self.single if self.graph.is_helper(self.function(call))]

    @cached_property
    def clients(self) -> list[BareCall]:
        """The single calls of objects: in methods of a class that make two calls or more, or that read their object."""
        by_class: dict[int, list[BareCall]] = defaultdict(list)
        for call in self.calls:
            if (method := self.graph.method(call.site.scope)) is not None:
                by_class[method.owner].append(call)
        single = {call.id for call in self.single} - {call.id for call in self.helpers}
        return [
            call
            for owner, calls in by_class.items()
            for call in calls
            if call.id in single
            and not self.initial.issuperset(call.id for call in calls)
            and (len(calls) > 1 or owner in self._with_session or self.graph.reads_instance(call.site.scope))
        ]

    @cached_property
    def initial(self) -> set[int]:
        """The calls that run once for each object: in its `__init__`, or in a private method that nothing else calls.
        None of an object that has a session to make them on."""
        single = {call.id for call in self.single} - {call.id for call in self.helpers}
        return {call.id for call in self.calls if call.id in single and self._is_initial(self.function(call))}

    def _is_initial(self, function: int, seen: frozenset[int] = frozenset()) -> bool:
        method = self.graph.method(function)
        if method is None or method.scope != function or function in seen or method.owner in self._with_session:
            return False
        name = self.outline.scopes[function].name
        uses = list(self.done_on(name)) if name.startswith("_") else []
        return name in _INITIAL or (
            bool(uses)
            and all(
                done.startswith("()")
                and use is not None
                and self._is_initial(self.function_around(use.part), seen | {function})
                for done, use in uses
            )
        )

    @cached_property
    def _with_session(self) -> set[int]:
        """The classes whose methods make calls on what is called a session of the object, as a fix leaves them."""
        found = set()
        for site in self.outline.calls:
            match site.value.func:
                case o.Attribute(value=o.Attribute(value=o.Name(name=name), attr=attr), attr=verb):
                    method = self.graph.method(site.scope)
                    if verb in VERBS and "session" in attr and method is not None and method.instance == name:
                        found.add(method.owner)
        return found

    @cached_property
    def scattered(self) -> list[BareCall]:
        """The single calls of a module of which two functions or more make calls."""
        claimed = {call.id for call in (*self.helpers, *self.clients)}
        clients = {call.id for call in self.clients}
        functions = {self.function(call) for call in self.calls if call.id not in clients} - {0}
        single = [call for call in self.single if call.id not in claimed and self.function(call) != 0]
        return single if len(functions) > 1 else []

    @cached_property
    def sharing(self) -> list[BareCall]:
        """All calls that should share a session, in the order of their ids."""
        repeated = [call for call in self.calls if call.id in self.loops or call.id in self.chained]
        found = {call.id: call for call in (*repeated, *self.mapped, *self.helpers, *self.clients, *self.scattered)}
        return [found[number] for number in sorted(found)]

    @cached_property
    def lasting(self) -> dict[int, list[BareCall]]:
        """The calls whose session would outlive their function, by the scope of their class; 0 for the module."""
        groups: dict[int, list[BareCall]] = defaultdict(list)
        for call in sorted((*self.helpers, *self.clients, *self.scattered), key=lambda call: call.id):
            method = self.graph.method(call.site.scope)
            groups[method.owner if method is not None else 0].append(call)
        return groups

    @cached_property
    def patches(self) -> Sequence[Patch]:
        names = {bind.name for bind in self.imports if self.path(bind) in _CALLED}
        return self.find_patches(frozenset(names - {"requests"} | (FUNCTIONS if self.names.stars else set())))

    def patches_of(self, call: BareCall) -> list[Patch]:
        """What replaces the function that a call calls, or the class of the session that it is made on.

        What names the call's own module comes first.
        """
        if not self.patches:
            return []
        callee = call.shown, call.verb
        if callee not in self._patches:
            module = module_of(self.filename)
            bare = call.shown in self._bare
            found = [
                patch
                for patch in self.patches
                if (patch.reaches(module, *callee) if bare else patch.replaces_session(module))
            ]
            self._patches[callee] = sorted(found, key=lambda patch: module[-1] not in patch.target.split("."))
        return self._patches[callee]

    @cached_property
    def _bare(self) -> set[str]:
        """How the callees of bare calls are written; those on a session are written otherwise."""
        return {call.shown for call in (*self.calls, *self.mapped)}

    def function(self, call: BareCall) -> int:
        """The scope of the function or lambda in which a call stands; 0 for the module."""
        return self.outline.parts[call.home].scope

    def function_around(self, part: int) -> int:
        """The same of a part."""
        return self.outline.parts[self.flow.home[part]].scope

    def scopes_around(self, scope: int) -> Iterator[int]:
        """The scope itself and those around it."""
        while scope != -1:
            yield scope
            scope = self.outline.scopes[scope].parent

    # --- classes ------------------------------------------------------------------------------------------------------

    @cached_property
    def classes(self) -> list[int]:
        return [scope for scope, row in enumerate(self.outline.scopes) if row.kind == "class"]

    @cached_property
    def inner(self) -> dict[int, list[int]]:
        """The scopes directly inside each scope."""
        inner = defaultdict(list)
        for scope, row in enumerate(self.outline.scopes):
            inner[row.parent].append(scope)
        return inner

    @cached_property
    def binds_in(self) -> dict[int, list[o.Bind]]:
        binds = defaultdict(list)
        for bind in self.outline.binds:
            binds[bind.scope].append(bind)
        return binds

    @cached_property
    def binds_at(self) -> dict[int, list[o.Bind]]:
        """The bindings by the part in which they stand."""
        binds = defaultdict(list)
        for bind in self.outline.binds:
            binds[bind.part].append(bind)
        return binds

    def ancestry(self, scope: int) -> set[int]:
        """The classes of this file from which a class is derived, by name."""
        found: set[int] = set()
        looked_up: set[_Named] = set()
        todo = [scope]
        while todo:
            names = self._bases[todo.pop()] - looked_up
            looked_up |= names
            new = {cls for name in names for cls in self._classes_of.get(name, ())} - found
            found |= new
            todo += new
        return found

    @cached_property
    def _bases(self) -> dict[int, set[_Named]]:
        """By what the bases of each class are looked up."""
        named: dict[int, set[_Named]] = {}
        for scope in self.classes:
            row = self.outline.scopes[scope]
            bases = [base.value if isinstance(base, o.Item) else base for base in row.bases]  # `Base[int]`
            named[scope] = {name for base in bases for name in self._named(base, row.parent)}
            aliased = {o.last_name(self.constant(base, row.parent)) for base in bases}
            named[scope] |= aliased - {*map(o.last_name, bases)}
        return named

    def _named(self, base: o.Value, scope: int) -> list[_Named]:
        """By what a base is looked up: the variable of classes of this file, or the name; nothing if it is imported."""
        root = base.value if isinstance(base, o.Attribute) else base
        if isinstance(root, o.Name):
            variable = self.names.owner(root.name, scope), root.name
            hows = {bind.how for bind in self.names.binds(*variable)}
            if self.outline.scopes[scope].kind == "class" and variable[0] == scope:
                hows.add("outer")  # what a class body does not bind yet is looked up around it
            if hows <= {"import"}:
                return []
            if hows == {"class"} and o.last_name(base) not in self.stores_of:
                inner = self._classes_of[variable] if base != root else ()
                names: list[_Named] = [(cls, o.last_name(base)) for cls in inner] or [variable]
                if self._classes_of.keys() >= {*names}:
                    return names
        return [o.last_name(base)]

    @cached_property
    def _classes_of(self) -> dict[_Named, list[int]]:
        """The classes by their variable, and by their name alone."""
        named: dict[_Named, list[int]] = defaultdict(list)
        for scope in self.classes:
            row = self.outline.scopes[scope]
            named[row.name].append(scope)
            named[self.names.owner(row.name, row.parent), row.name].append(scope)
        return named

    @cached_property
    def descendants(self) -> dict[int, list[int]]:
        """The classes of this file that are derived from each."""
        derived = defaultdict(list)
        for scope in self.classes:
            for above in self.ancestry(scope):
                derived[above].append(scope)
        return derived

    @cached_property
    def calls_in(self) -> dict[int, list[o.CallSite]]:
        """The calls that the methods of each class make."""
        calls = defaultdict(list)
        for call in self.outline.calls:
            if (method := self.graph.method(call.scope)) is not None:
                calls[method.owner].append(call)
        return calls

    @cached_property
    def init_calls(self) -> dict[int, dict[int, o.CallSite]]:
        """The calls of another `__init__`, by home, with their ids."""
        calls: dict[int, dict[int, o.CallSite]] = defaultdict(dict)
        for number, call in enumerate(self.outline.calls):
            if o.last_name(call.value.func) == "__init__":
                calls[self.flow.home[call.part]][number] = call
        return calls

    @cached_property
    def super_calls(self) -> dict[int, dict[int, o.CallSite]]:
        """The calls of `super()`, by each scope around them, with their ids."""
        calls: dict[int, dict[int, o.CallSite]] = defaultdict(dict)
        for number, (call, path) in enumerate(zip(self.outline.calls, self.paths, strict=True)):
            for scope in self.scopes_around(call.scope) if path == "builtins.super" else ():
                calls[scope][number] = call
        return calls

    @cached_property
    def calls_by_name(self) -> dict[str, list[o.CallSite]]:
        """The calls by the last name of what they call."""
        calls = defaultdict(list)
        for call in self.outline.calls:
            calls[o.last_name(call.value.func)].append(call)
        return calls

    @cached_property
    def functions_with(self) -> dict[str, set[str]]:
        """The names of the functions in which each name stands; by an empty one of those that use their object in a
        way that may run any of its methods."""
        scopes = self.outline.scopes
        chains = [(call.scope, o.last_name(call.value.func), call.how) for call in self.outline.calls]
        chains += [(use.scope, use.name, use.how) for use in self.outline.uses]
        functions: dict[str, set[str]] = defaultdict(set)
        for scope, name, how in chains:
            around = {scopes[outer].name for outer in self.scopes_around(scope) if scopes[outer].kind == "function"}
            for word in (name, *re.findall(r"\.(\w+)", how)):
                functions[word] |= around
        for use in self.outline.uses:
            method = self.graph.method(use.scope)
            if method is not None and method.instance == use.name and use.how[0] != ".":
                functions[""].add(scopes[method.scope].name)
        return functions

    @cached_property
    def in_displays(self) -> set[str]:
        """The names of what is called in a list, set or dict: `[Name(...), Name(...)]`."""
        values = [bind.value for bind in self.outline.binds]
        displays = (v for v in values if isinstance(v, o.Dict) or (isinstance(v, o.Sequence) and v.kind != "tuple"))
        inner = (value for display in displays for value in o.within(display))
        return {o.last_name(value.func) for value in inner if isinstance(value, o.Call)}

    @cached_property
    def returns_in(self) -> dict[int, int]:
        """The first `return` of each function that has one."""
        returns: dict[int, int] = {}
        for number, part in enumerate(self.outline.parts):
            if part.kind == "return":
                returns.setdefault(part.scope, number)
        return returns

    @cached_property
    def stores_in(self) -> dict[int, list[o.Store]]:
        """The attributes that are set in each scope."""
        stores = defaultdict(list)
        for store in self.outline.stores:
            stores[store.scope].append(store)
        return stores

    @cached_property
    def storing(self) -> set[int]:
        """The parts that set attributes."""
        return {store.part for store in self.outline.stores}

    @cached_property
    def stores_of(self) -> dict[str, list[o.Store]]:
        """Where each attribute is set."""
        stores = defaultdict(list)
        for store in self.outline.stores:
            stores[store.attr].append(store)
        return stores

    def done_on(self, attr: str) -> Iterator[tuple[str, o.Use | None]]:
        """What the file does on attributes of this name, but on those of answers: `=`, `[]`, `.get()`, or nothing where
        one is read or handed on. With the use, if it is the attribute of a name."""
        chain = re.compile(rf"\.{attr}(del$|\W.*|$)")
        for how, use in self._chains.get(attr, ()):
            found = chain.search(how)
            assert found is not None
            yield found[1], None if found.start() else use

    @cached_property
    def _chains(self) -> dict[str, list[tuple[str, o.Use | None]]]:
        """What the file does on names but those of answers, and on what calls return, by each attribute in it."""
        done: list[tuple[str, o.Use | None]] = [(use.how, use) for use in self.outline.uses if not self._is_answer(use)]
        for call, path in zip(self.outline.calls, self.paths, strict=True):
            if not (path or "").startswith("requests."):
                done.append((call.how, None))
        chains = defaultdict(list)
        for how, use in done:
            for attr in {*re.findall(r"\.(\w+)", how), *re.findall(r"\.(\w+)del$", how)}:
                chains[attr].append((how, use))
        return chains

    def _is_answer(self, use: o.Use) -> bool:
        """Whether a name is bound to what functions of requests return, and to nothing else."""
        owner = self.names.owner(use.name, use.scope)
        if (owner, use.name) not in self._answers:
            made = [bind.value for bind in self.names.binds(owner, use.name)]
            paths = [self.origin(value.func, owner) if isinstance(value, o.Call) else None for value in made]
            answers = bool(paths) and all((path or "").startswith("requests.") for path in paths)
            self._answers[owner, use.name] = answers
        return self._answers[owner, use.name]

    def handled(self, owner: int, name: str) -> list[o.Use]:
        """The uses of a variable that may change the dict it is bound to, or make it known under another name."""
        if (owner, name) not in self._handled:
            uses = self.names.uses(owner, name)
            self._handled[owner, name] = [u for u in uses if not (u.how in _READING or self._is_looked_at(u))]
        return self._handled[owner, name]

    def _is_looked_at(self, use: o.Use) -> bool:
        if use.how != "arg":
            return False
        call, path = self.outline.calls[use.call], self.paths[use.call] or ""
        kept = any(arg.keyword and arg.value == o.Name(use.name) for arg in call.value.args)  # `dict(headers=name)`
        return (path in _LOOKING and not kept) or (path.startswith("requests.") and path[9:] in VERBS)

    @cached_property
    def class_names(self) -> set[str]:
        """What the bodies of the file's classes bind."""
        return {bind.name for scope in self.classes for bind in self.binds_in.get(scope, ())}

    def reaches_by_text(self, attr: str) -> bool:
        """Whether the file may change attributes, or take this one, by `setattr`, `getattr` and the like."""
        return self._names_in_text is None or attr in self._names_in_text

    @cached_property
    def _names_in_text(self) -> set[str] | None:
        """What `getattr` and the like are given as names; None if it may be anything, as `setattr` takes any."""
        anything = "builtins.setattr" in self.paths or "__setattr__" in self.outline.attributes
        names: list[o.Value] = [o.OPAQUE] if anything else []
        for call, path in zip(self.outline.calls, self.paths, strict=True):
            if path in ("builtins.getattr", "operator.attrgetter"):
                taken = slice(1, 2) if path == "builtins.getattr" else slice(None)
                names += [arg.value for arg in call.value.args[taken]]
        known = [str(name.value) for name in names if isinstance(name, o.Const)]
        return {word for text in known for word in text.split(".")} if len(known) == len(names) else None

    @cached_property
    def shown_objects(self) -> dict[int, str]:
        """What turns objects into data, by the class whose objects it sees; by -1 if it may be any."""
        shown: dict[int, str] = {}
        for use in self.outline.uses:
            if use.name == "vars" and use.how in ("value", "arg") and self.names.owner("vars", use.scope) == -1:
                shown.setdefault(-1, "vars")
            if "__dict__" in use.how:
                own = use.how.startswith(".__dict__")
                shown.setdefault(self._class_of(o.Name(use.name), use.scope) if own else -1, "__dict__")
        for call, path in zip(self.outline.calls, self.paths, strict=True):
            if "__dict__" in call.how:
                shown.setdefault(-1, "__dict__")
            if path in _SHOWING and call.value.args:
                given = call.value.args[0].value
                made = self.constant(given, call.scope)
                parsed = isinstance(made, o.Call) and o.last_name(made.func) == "parse_args"
                imported = not (self.origin(given, call.scope) or "builtins.").startswith("builtins.")
                if not parsed and not imported:
                    shown.setdefault(self._class_of(given, call.scope), f"{o.last_name(call.value.func)}()")
        return shown

    @cached_property
    def pickled_objects(self) -> dict[int, str]:
        """The same of what writes them to a file, unless their class says how."""
        pickled: dict[int, str] = {}
        for call, path in zip(self.outline.calls, self.paths, strict=True):
            module, _, name = (path or "").rpartition(".")
            if module in _PICKLING and name in _DUMPING and call.value.args:
                given = call.value.args[0].value
                scope = self._class_of(given, call.scope)
                if scope != -1 or (
                    isinstance(given, o.Name) and isinstance(self.constant(given, call.scope), o.Opaque)
                ):
                    pickled.setdefault(scope, f"{module}.{name}()")
        return pickled

    def _class_of(self, value: o.Value, scope: int) -> int:
        """The class of this file of which a value is an object: `self`, or what `Name(...)` made; -1 if unknown."""
        method = self.graph.method(scope)
        if method is not None and value == o.Name(method.instance):
            return method.owner
        made = self.constant(value, scope)
        classes = self._classes_of.get(o.last_name(made.func), ()) if isinstance(made, o.Call) else ()
        return classes[0] if len(classes) == 1 else -1

    @property
    def end(self) -> int:
        """A tick behind everything."""
        return self.outline.end

    @cached_property
    def reflection(self) -> str:
        """By what this file may reach variables other than by their names in it; empty if there is no such thing."""
        for call, path in zip(self.outline.calls, self.paths, strict=True):
            name = (path or "").removeprefix("builtins.")
            if name in ("eval", "exec", "globals") or (name in ("locals", "vars") and not call.value.args):
                return f"{name}()"
        shown = any(path == "sys" and use.how.startswith(".modules") for use, path in self.imported_uses)
        return "sys.modules" if shown else ""

    # --- hosts --------------------------------------------------------------------------------------------------------

    def host(self, call: BareCall, given: Mapping[str, o.Value] = MappingProxyType({})) -> str | None:
        """The host that a call reaches, where the source shows it. `given`: values of names to assume."""
        url = call.argument("url", 1 if call.verb == "request" else 0)
        return self._host(url, call.site.scope, given) if url is not None else None

    def _host(self, url: o.Value, scope: int, given: Mapping[str, o.Value]) -> str | None:
        text, whole = self._prefix(url, scope, given, 0)
        found = re.match(r"https?://([^/?#\\]+)([/?#\\]|$)", text, re.IGNORECASE)
        if found is None or not (whole or found[2]):
            return None
        return found[1].rpartition("@")[2].lower()

    def _new_host_each_turn(self, call: BareCall, loop: int) -> bool:
        """Whether the loop goes over a literal list that gives the call another known host on every turn."""
        targets = self._targets.get(loop, ())
        if len(targets) != 1:
            return False
        bind = targets[0]
        values = self._once(bind.value, bind.scope)
        if not isinstance(values, o.Sequence) or len(self.names.binds(bind.scope, bind.name)) != 1:
            return False
        if isinstance(bind.value, o.Name):  # a list may be filled
            owner = self.names.owner(bind.value.name, bind.scope)
            if any(use.how != "read" for use in self.names.uses(owner, bind.value.name)):
                return False
        hosts = [self.host(call, {bind.name: item}) for item in values.items]
        return None not in hosts and len(set(hosts)) == len(hosts)

    @cached_property
    def _targets(self) -> dict[int, list[o.Bind]]:
        """The names that each loop binds; several for the loops of one comprehension."""
        targets = defaultdict(list)
        for bind in self.outline.binds:
            if bind.how in ("for", "unpack"):
                targets[self.outline.parts[bind.part].parent].append(bind)
        return targets

    def _once(self, value: o.Value, scope: int) -> o.Value:
        """A value, or that of the name, if it is one that is bound once."""
        if isinstance(value, o.Name):
            owner = self.names.owner(value.name, scope)
            binds = self.names.binds(owner, value.name)
            return binds[0].value if len(binds) == 1 and binds[0].how == "assign" else o.OPAQUE
        return value

    def prefix(self, value: o.Value, scope: int) -> str:
        """The text that a string surely begins with."""
        return self._prefix(value, scope, {}, 0)[0]

    def _prefix(self, value: o.Value, scope: int, given: Mapping[str, o.Value], depth: int) -> tuple[str, bool]:
        """The text that a string begins with, as far as it is known, and whether that is all of it."""
        if depth > 8:
            return "", False
        match value:
            case o.Const(value=str(text)):
                return text, True
            case o.Name(name=name) if name in given:
                return self._prefix(given[name], scope, {}, depth + 1)
            case o.Name():
                return self._prefix(self._once(value, scope), scope, given, depth + 1)
            case o.Join(parts=parts):
                pieces: list[o.Value] = [p.value if isinstance(p, o.Hole) and p.plain else p for p in parts]
            case o.Binary(op="+", left=left, right=right):
                pieces = [left, right]
            case o.Binary(op="%", left=o.Const(value=str(text)), right=right):
                pieces = _percent(text, right)
            case o.Call(func=o.Attribute(value=template, attr="format"), args=args):
                text, whole = self._prefix(template, scope, given, depth + 1)
                pieces = _format(text, args) if whole else [o.Const(text.partition("{")[0], "str"), o.OPAQUE]
            case _:
                return "", False
        known = ""
        for piece in pieces:
            text, whole = self._prefix(piece, scope, given, depth + 1)
            known += text
            if not whole:
                return known, False
        return known, True

    # --- sessions that are not reused, functions that are handed on ---------------------------------------------------

    @cached_property
    def references(self) -> list[Reference]:
        """The functions of requests that are taken as values."""
        found = []
        for use, path in self.imported_uses:
            if path in _LIBRARY and use.taken and use.how[1:] in VERBS:
                found.append(Reference(use, use.how[1:], f"{use.name}{use.how}", use.call))
            elif path in _LIBRARY and use.how == "arg" and (taken := self._kept_by_text(self.outline.calls[use.call])):
                found.append(Reference(use, *taken, -1))
            elif use.how in ("value", "arg") and path.startswith("requests.") and path[9:] in VERBS:
                found.append(Reference(use, path[9:], use.name, use.call))
        return found

    def _kept_by_text(self, site: o.CallSite) -> tuple[str, str] | None:
        """What `fetch = getattr(requests, "get")` takes (see `by_text`), if `fetch` is then called."""
        taken = self.by_text(site.value, site.scope)
        binds = self.binds_in[site.scope] if taken is not None else ()
        kept = [bind for bind in binds if bind.part == site.part and bind.value == site.value]
        uses = (use for bind in kept for use in self.names.uses(self.names.owner(bind.name, bind.scope), bind.name))
        return taken if any(use.how.startswith("()") for use in uses) else None

    def is_eager(self, taker: o.CallSite) -> bool:
        """Whether a call takes a generator that it is handed to its end at once."""
        func = taker.value.func
        path = self.origin(func, taker.scope) or ""
        joins = isinstance(func, o.Attribute) and func.attr == "join"
        return joins or path.removeprefix("builtins.") in EAGER

    def spread(self, values: o.Value, scope: int) -> bool:
        """Whether values are a literal list of URLs whose hosts are all known and differ."""
        values = self._once(values, scope)
        if not isinstance(values, o.Sequence) or len(values.items) < 2:
            return False
        hosts = [self._host(item, scope, {}) for item in values.items]
        return None not in hosts and len(set(hosts)) == len(hosts)

    @cached_property
    def mapped(self) -> list[BareCall]:
        """The functions handed to a `map` that is gone through on the spot; each stands for the calls that are made."""
        found = []
        for ref in self.references:
            site = self.outline.calls[ref.taker] if ref.taker != -1 else None
            if site is None or self.paths[ref.taker] != "builtins.map" or ref.verb == "request":
                continue
            here = site.how in ("read", "unpack") or (
                site.how == "arg" and self.is_eager(self.outline.calls[site.into])
            )
            items = site.value.args[1:]
            slow = ref.verb in ("post", "patch") and isinstance(items[0].value, o.Call) if items else True
            if here and len(items) == 1 and not items[0].stars and not slow:
                stands = site._replace(value=o.Call(o.OPAQUE, ()), scope=ref.use.scope)
                home = self.flow.home[site.part]
                found.append(BareCall(-ref.use.tick, ref.verb, ref.use.name, ref.shown, stands, home))
        return found

    @cached_property
    def idle_sessions(self) -> list[IdleSession]:
        """The sessions that a loop makes anew, or that serve a single call."""
        found = []
        named: dict[tuple[int, int], list[o.Bind]] = defaultdict(list)
        for bind in (bind for binds in self.sessions.values() for bind in binds):
            named[bind.scope, bind.part].append(bind)
        for number, path in enumerate(self.paths):
            site = self.outline.calls[number]
            if path != "requests.Session" or site.value.args:
                continue
            loops = tuple(self.retries.again(site))
            outer = self.outline.calls[number - 1] if number else site
            func = outer.value.func
            if isinstance(func, o.Attribute) and func.value == site.value and outer.start == site.start:
                if func.attr in VERBS:
                    call = self.on_session(number - 1, "")
                    if not any(self._new_host_each_turn(call, loop) for loop in loops):
                        found.append(IdleSession(number, site, None, loops, (call,)))
                continue
            binds = [bind for bind in named[site.scope, site.part] if bind.tick > site.tick]
            if binds and binds[0].how in ("assign", "with") and not self._is_busy(binds[0], loops):
                served = self.served(binds[0])
                plain = served.done <= METHODS | _CLOSING
                found.append(IdleSession(number, site, binds[0], loops, served.calls, plain))
        return found

    def _is_busy(self, bind: o.Bind, loops: tuple[int, ...]) -> bool:
        """Whether a session with a name may serve more than one call, or is there for something else."""
        served = self.served(bind)
        if served.handed_on:
            return True
        if loops:
            around = [self.outline.parts[part].kind for part in self.flow.ancestors(bind.part)]
            sometimes = {"arm", "handler"}.intersection(around[: around.index("turn")])
            later = served.done and self.outline.parts[bind.part].parent not in served.around
            return bool(sometimes and later) or any(self._spreads(bind, loop) for loop in loops)
        home = self.flow.home[bind.part]
        if self.repeated[home] or served.homes != {home}:  # calls that may join it, or none
            return True
        if not served.calls or self._serves_several(bind):
            return True
        return not served.done <= METHODS | _CLOSING and not (self._is_set_up(bind) and self._runs_again(home))

    def _serves_several(self, bind: o.Bind) -> bool:
        """Whether one run of a function may make two calls on a session of that name. A call that is only retried is
        one, where the function runs again and again."""
        if (bind.scope, bind.name) not in self._several:
            self._several[bind.scope, bind.name] = self._are_several(self.served(bind).calls)
        return self._several[bind.scope, bind.name]

    def _are_several(self, calls: Sequence[BareCall]) -> bool:
        if self._together(calls, [None] * len(calls)):
            return True
        if self.graph.is_helper(self.function(calls[0])):
            return any(self.retries.loops(call.site) for call in calls)
        return any(self.flow.turns_again(call.site.part, call.site.tick) for call in calls)

    def _is_set_up(self, bind: o.Bind) -> bool:
        """Whether a session is only told something, as by `session.headers.update(...)`, before the calls on it."""
        uses = self.names.uses(bind.scope, bind.name)
        told = [use.tick for use in uses if use.how not in METHODS | _CLOSING]
        first = min(call.site.tick for call in self.served(bind).calls)
        setting = (_SETTING.fullmatch(use.how) for use in uses if use.tick in told)
        return all(setting) and max(told) < first

    def _runs_again(self, home: int) -> bool:
        """Whether a function is called again and again: by this file, or as a method that reads its object and is not
        one that Python calls, like `__init__`."""
        function = self.outline.parts[home].scope
        special = self.outline.scopes[function].name.startswith("__")
        return self.graph.is_helper(function) or (not special and self.graph.reads_instance(function))

    def _spreads(self, bind: o.Bind, loop: int) -> bool:
        """Whether a loop gives a call on a session of that name another host on every turn."""
        if (bind.scope, bind.name, loop) not in self._spreading:
            spreads = any(self._new_host_each_turn(call, loop) for call in self.served(bind).calls)
            self._spreading[bind.scope, bind.name, loop] = spreads
        return self._spreading[bind.scope, bind.name, loop]

    def served(self, bind: o.Bind) -> Served:
        """What a session is used for, or all sessions of its name."""
        variable = bind.scope, bind.name
        if variable not in self._served:
            uses = self.names.uses(*variable)
            calls = (self.on_session(number, bind.name) for number in self.method_calls[variable])
            around = [set(self.flow.ancestors(use.part)) for use in uses]
            self._served[variable] = Served(
                tuple(call for call in calls if call.verb in VERBS),
                {use.how for use in uses},
                any(use.how in ("value", "arg") or use.taken for use in uses),
                {self.flow.home[use.part] for use in uses},
                set.intersection(*around) if around else set(),
            )
        return self._served[variable]

    def on_session(self, number: int, root: str) -> BareCall:
        """A call on a session, which `root` names, as if it were bare."""
        site = self.outline.calls[number]
        verb = o.last_name(site.value.func)
        return BareCall(number, verb, root, f"{root or 'Session()'}.{verb}", site, self.flow.home[site.part])

    @cached_property
    def method_calls(self) -> dict[tuple[int, str], list[int]]:
        """The calls like `name.get(...)`, by the variable."""
        calls = defaultdict(list)
        for number, site in enumerate(self.outline.calls):
            func = site.value.func
            if isinstance(func, o.Attribute) and isinstance(func.value, o.Name):
                calls[self.names.owner(func.value.name, site.scope), func.value.name].append(number)
        return calls

    # --- imports, sessions and places -------------------------------------------------------------------------------

    @cached_property
    def sessions(self) -> dict[int, list[o.Bind]]:
        """The names bound to a plain `requests.Session()`, by scope."""
        sessions = defaultdict(list)
        for bind in self.outline.binds:
            value = bind.value
            if isinstance(value, o.Call) and self.origin(value.func, bind.scope) == "requests.Session":
                sessions[bind.scope].append(bind)
        return sessions

    @cached_property
    def imports(self) -> list[o.Bind]:
        return [bind for bind in self.outline.binds if bind.how == "import"]

    @cached_property
    def imported_uses(self) -> list[tuple[o.Use, str]]:
        """The uses of imported names, with the path of what each stands for."""
        names = {bind.name for bind in self.imports}
        uses = ((use, self._imported(use.name, use.scope)) for use in self.outline.uses if use.name in names)
        return [(use, path) for use, path in uses if path is not None]

    def is_basic_auth(self, value: o.Value, scope: int) -> bool:
        """`HTTPBasicAuth(user, password)`: what requests makes of a pair (requests/models.py, prepare_auth)."""
        if not isinstance(value, o.Call) or any(arg.stars for arg in value.args):
            return False
        if [arg.keyword or name for arg, name in zip(value.args, ("username", "password"), strict=False)] != [
            "username",
            "password",
        ]:
            return False
        return self.origin(value.func, scope) == "requests.auth.HTTPBasicAuth"

    def place(self, calls: Sequence[BareCall]) -> Place | None:
        """Where one session for the calls can be made (see `Flow.place`)."""
        scope = self.outline.parts[calls[0].home].scope
        return self.flow.place([(call.site.tick, call.site.part) for call in calls], scope)

    def seen_from(self, place: Place, owner: int) -> Place | None:
        """`place`, or where in the scope `owner` the function around it is defined."""
        while True:
            scope = self.outline.parts[self.flow.home[place.block]].scope
            if scope == owner:
                return place
            part = self.outline.scopes[scope].part
            if part == -1:
                return None
            place = Place(part, part, self.outline.parts[part].tick)

    def bound(self, name: str, scope: int, place: Place) -> str:
        """Whether an import of `name` has run at `place`: `surely`, `maybe` or `never`."""
        owner = self.names.owner(name, scope)
        imports = self._primary(owner, name)
        instead = self._instead(owner, name)
        if self.import_before(name, scope, place) is None:
            here = any(self.flow.home[bind.part] == self.flow.home[place.block] for bind in imports)
            others = [*instead, *self.alike(owner, name)]
            late = not others or all(bind.tick > place.tick for bind in (*imports, *others))
            return "never" if here and late else "maybe"
        starred = owner == 0 and any(star.tick > imports[-1].tick for star in self.names.stars[-1:])
        return "maybe" if instead or starred else "surely"

    def import_before(self, name: str, scope: int, place: Place) -> o.Bind | None:
        """The import of `name` that has surely run at `place`, if there is one."""
        owner = self.names.owner(name, scope)
        if (owner, name, place) not in self._before:
            seen = self.seen_from(place, owner)
            handlers = {self.outline.parts[bind.part].parent for bind in self.alike(owner, name)}
            primary = self._primary(owner, name)
            before = (b for b in primary if seen and self.flow.dominates(b.part, b.tick, seen, handlers))
            self._before[owner, name, place] = next(before, None)
        return self._before[owner, name, place]

    def _instead(self, owner: int, name: str) -> list[o.Bind]:
        """The bindings of a variable that are made in place of an import, and that something later may see."""
        if (owner, name) not in self._others:
            imports = {bind.tick for bind in (*self._primary(owner, name), *self.alike(owner, name))}
            others = (bind for bind in self.bindings(owner, name) if bind.tick not in imports)
            self._others[owner, name] = [bind for bind in others if not self._left(bind)]
        return self._others[owner, name]

    def _left(self, bind: o.Bind) -> bool:
        """Whether the handler that binds this is left at once, so that nothing later sees it."""
        parts = self.outline.parts
        handlers = [part for part in self._around(bind.part) if parts[part].kind == "handler"]
        return bool(handlers) and not self.flow.outcomes[handlers[0]] & NEXT

    def constant(self, value: o.Value | None, scope: int) -> o.Value:
        """What a value is, followed through a name that is bound once; None's value where it is left out."""
        return o.NONE if value is None else self._once(value, scope)


def _percent(text: str, right: o.Value) -> list[o.Value]:
    """The pieces of `text % right`."""
    values = list(right.items) if isinstance(right, o.Sequence) and right.kind == "tuple" else [right]
    pieces: list[o.Value] = []
    for index, piece in enumerate(re.split(r"%s", text)):
        if index:
            pieces.append(values.pop(0) if values else o.OPAQUE)
        pieces.append(o.Const(piece.partition("%")[0], "str"))
        if "%" in piece:
            return [*pieces, o.OPAQUE]
    return pieces


def _format(text: str, args: tuple[o.Argument, ...]) -> list[o.Value]:
    """The pieces of `text.format(*args)`."""
    pieces: list[o.Value] = []
    try:
        fields = list(string.Formatter().parse(text))
    except ValueError:
        return [o.OPAQUE]
    automatic = 0
    for literal, field, spec, conversion in fields:
        pieces.append(o.Const(literal, "str"))
        if field is not None:
            plain = not spec and not conversion and not any(arg.stars for arg in args)
            numbered = field.isascii() and field.isdigit()
            position = int(field) if numbered else automatic
            automatic += not field
            named = [arg.value for arg in args if arg.keyword == field]
            placed = [arg.value for arg in args if arg.keyword is None][position : position + 1]
            found = placed if not field or numbered else named
            pieces.append(found[0] if plain and found else o.OPAQUE)
    return pieces


def names_in(value: o.Value) -> list[str]:
    """The names in a value."""
    return [inner.name for inner in o.within(value) if isinstance(inner, o.Name)]
