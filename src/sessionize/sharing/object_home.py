"""Where a session lives on an object: in `__init__`, or in the form that is right for its class. Or why it can't."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cached_property

from sessionize.analysis.flow import Place
from sessionize.library.calls import BareCall
from sessionize.sharing.facts import Facts
from sessionize.sharing.hoisting import may_ever_change, plain_dict, plain_pair
from sessionize.sharing.module_home import OPTIONS, Home, line_of
from sessionize.syntax import outline as o
from sessionize.syntax.access import ARGUMENT, KEPT, SET, VALUE, Access
from sessionize.syntax.outline import last_name

_PLAIN_BASES = frozenset({"object", "ABC", "ABCMeta", "Generic"})
_STRANGE_BASES = frozenset(
    ("NamedTuple", "Enum", "IntEnum", "StrEnum", "Flag", "IntFlag", "Protocol", "TypedDict", "tuple", "type", "Struct")
) | {
    *("BaseModel", "BaseSettings", "RootModel"),
    # servers make such an object for each connection, which its `__init__` serves
    *(f"{kind}RequestHandler" for kind in ("Base", "Stream", "Datagram", "BaseHTTP", "SimpleHTTP")),
}
_ATTRS = frozenset({"attrs", "attr", "define", "frozen", "mutable", "s", "attributes"})
# Objects of such classes may come into being without `__init__`.
_RESTORING = frozenset(
    ("__getstate__", "__setstate__", "__reduce__", "__reduce_ex__", "__copy__", "__deepcopy__", "__new__", "__del__")
)
_STATE = frozenset({"__getstate__", "__reduce__", "__reduce_ex__"})  # by which a class chooses what is pickled
_COPYING = frozenset({"copy.deepcopy", "copy.replace", "dataclasses.replace"})
_GUARDING = frozenset({"__setattr__", "__getattribute__"})
_GENERATING = _ATTRS | {"dataclass"}  # decorators that write an `__init__`, which calls no other
OBJECT_REASON = "it lives as long as the object: look for subclasses, threads and tests that patch requests"


def object_home(facts: Facts, owner: int, calls: Sequence[BareCall]) -> Home | str:
    """A home for the session of the calls made by the objects of a class; a reason where there is none."""
    return _Class(facts, owner, calls).home()


def is_made_first(facts: Facts, owner: int, calls: Sequence[BareCall], store: o.Store) -> bool:
    """Whether what `__init__` of a class sets is surely there before anything may use it: `self.session = ...`."""
    cls = _Class(facts, owner, calls)
    inits = cls.inits()
    if len(inits) != 1 or cls.scopes.get(inits[0].part) != store.scope:
        return False
    if any(map(cls.skips_init, facts.classes.descendants[owner])):
        return False
    init = _Init(cls, store.scope)
    return line_of(facts, store.part) in init.before_stops()


class _Class:
    def __init__(self, facts: Facts, owner: int, calls: Sequence[BareCall]) -> None:
        self.facts = facts
        self.outline = facts.outline
        self.calls = calls
        self.owner = owner
        self.row = self.outline.scopes[owner]
        self.body = {bind.name: bind for bind in facts.tables.binds_in.get(owner, ())}
        self.statements = facts.flow.children[self.row.root]
        self.family = (owner, *sorted(facts.classes.ancestry(owner)))
        self.below = (owner, *facts.classes.descendants[owner])
        self.data = next((d for d in self.row.decorators if last_name(_bare(d)) == "dataclass"), None)
        self.based = bool(_bases(self.row))

    def home(self) -> Home | str:
        if reason := self.strange() or self.numerous():
            return reason
        inits = self.inits()
        options = {arg.keyword for arg in self.data.args} if isinstance(self.data, o.Call) else set()
        restored = any(map(self.inherited, _RESTORING)) or "__new__" in self.outline.attributes
        lazy = restored or any(map(self.skips_init, self.facts.classes.descendants[self.owner]))
        if self.data is not None and not inits and not lazy and "init" not in options:
            return self.field()
        if "slots" in options or ("frozen" in options and inits):
            return "its dataclass takes no attributes besides its fields"
        if any(bind.form != "def" for bind in inits):
            return "its `__init__` is no plain method"
        branched = len(inits) > 1 or any(self.outline.parts[bind.part].parent != self.row.root for bind in inits)
        tested = self.row.name.startswith("Test")  # pytest passes over a class with an `__init__`
        mixin = not any(map(self.is_called, self.below))  # or it may be one
        made = self.based or tested or self.row.decorators or mixin  # another `__init__` may be there
        wrapped = inits and self.outline.scopes[self.scopes[inits[0].part]].decorators
        above = self.above(self.scopes[inits[0].part]).values() if inits else ()
        beside = not self.based and any(call.value.args for call in above)  # `super().__init__(**options)` of a mixin
        if lazy or branched or wrapped or beside or (made and not inits):
            return self.at_first_use()
        return _Init(self, self.scopes[inits[0].part]).home() if inits else self.new_init()

    def inherited(self, name: str) -> o.Bind | None:
        """What the body of the class, or of one that it is derived from, binds to a name."""
        found = (self.facts.names.binds(scope, name) for scope in self.family)
        return next((binds[-1] for binds in found if binds), None)

    @cached_property
    def scopes(self) -> dict[int, int]:
        """The scopes of the methods and classes inside, by the statement that defines them."""
        return {self.outline.scopes[scope].part: scope for scope in self.facts.tables.inner[self.owner]}

    def is_called(self, scope: int) -> bool:
        """Whether this file makes objects of a class."""
        row = self.outline.scopes[scope]
        return bool(self.facts.graph.calls[row.parent, row.name])

    def inits(self) -> list[o.Bind]:
        """The bindings of `__init__` but those for type checkers."""
        return [
            bind
            for bind in self.facts.tables.binds_in.get(self.owner, ())
            if bind.name == "__init__"
            and not (
                bind.form == "def"
                and "overload" in map(last_name, self.outline.scopes[self.scopes[bind.part]].decorators)
            )
        ]

    def strange(self) -> str:
        """What about the class leaves no place for a session, if anything does."""
        rows = [self.outline.scopes[scope] for scope in self.family]
        named = {(_bare(base), row.parent) for row in rows for base in row.bases}
        bases = {last_name(base) for base, _ in named}
        bases |= {
            (self.facts.origins.path_of(base, scope) or "").rpartition(".")[2] for base, scope in named
        }  # under an alias
        if strange := sorted(bases & _STRANGE_BASES):
            return f"a class made from `{strange[0]}` has no place for a session of its own"
        if _ATTRS.intersection(last_name(_bare(decorator)) for decorator in self.row.decorators):
            return "a class made by attrs has no place for a session that is not a field"
        if "__slots__" in self.body:
            return "its `__slots__` have no place for a session"
        if guard := sorted(filter(self.inherited, _GUARDING)):
            return f"its `{guard[0]}` decides what happens to attributes"
        shown = self.facts.classes.shown_objects
        if not any(map(self.inherited, _STATE)):
            shown = self.facts.classes.pickled_objects | shown
        if what := next((shown[scope] for scope in (*self.related, -1) if scope in shown), ""):
            return f"`{what}` is used in this file, and the session would show in it"
        return ""

    # --- how many objects there are -----------------------------------------------------------------------------------

    def numerous(self) -> str:
        """Why each object's session would serve a single request, or all of them hold too many connections."""
        if self.facts.groups.initial.issuperset(call.id for call in self.calls):
            return "its requests are made once for each object"
        if self.copies_itself():
            return "its objects make others like them, and each would make a session"
        once = len(self.calls) == 1 and not self.facts.graph.is_helper(self.facts.bare.function(self.calls[0]))
        if any(self.is_one_of_many(site, once) for site in self.givings):
            return "this file makes its objects in a loop, and the session of each would hold a connection"
        if once and not self.facts.tables.in_displays.isdisjoint(
            self.outline.scopes[scope].name for scope in self.below
        ):
            return "this file makes lists of its objects, and the session of each would hold a connection"
        return ""

    @cached_property
    def related(self) -> tuple[int, ...]:
        """The class, those that it is derived from, and those that are derived from it."""
        return (*self.family, *self.below[1:])

    @cached_property
    def makings(self) -> list[o.CallSite]:
        """The calls that make objects of the class, or of one derived from it: `Name(...)`, `cls(...)`,
        `map(Name, ...)`."""
        rows = [self.outline.scopes[scope] for scope in self.below]
        inner = [scope for cls in self.below for scope in self.facts.tables.inner[cls]]
        variables = [*((row.parent, row.name) for row in rows), *((scope, "cls") for scope in inner)]
        return [site for variable in variables for site in self.facts.graph.sites(*variable)]

    def copies_itself(self) -> bool:
        """Whether a method makes new objects of the class, as those do that are called for every step of a chain."""
        scopes, graph = self.outline.scopes, self.facts.graph
        makers = {self.facts.tables.function_around(site.part) for site in self.makings}
        own = {scope for scope in makers if (method := graph.method(scope)) and method.owner in self.related}
        if any(scopes[scope].name != "__init__" for scope in own):
            return True
        related = {scopes[scope].name for scope in self.related}
        others = {scopes[scope].name for scope in makers - own if scopes[scope].parent in self.related}  # class methods
        for call in (call for scope in self.related for call in self.facts.tables.calls_in.get(scope, ())):
            method = graph.method(call.scope)
            instance = o.Name(method.instance if method is not None else "")
            path = self.facts.origins.path_of(call.value.func, call.scope)
            match call.value.func:
                case o.Call(func=func) if self.facts.origins.path_of(func, call.scope) == "builtins.type":
                    return True
                case o.Attribute(attr="__class__") | o.Name(name="__class__"):
                    return True
                case o.Attribute(value=o.Name(name=name), attr=attr):
                    if attr in others and name in (instance.name, *related):
                        return True
            if path in _COPYING and instance in (arg.value for arg in call.value.args):
                return True
        return False

    @property
    def givings(self) -> list[o.CallSite]:
        """The calls that make objects, and those of functions that return one."""
        found = list(self.makings)
        seen: set[int] = set()
        for site in found:  # which grows
            function = self.facts.tables.function_around(site.part)
            if function not in seen and site.access == VALUE and self.is_returned(site):
                seen.add(function)
                found += self.callers(function)
        return found

    def callers(self, function: int) -> list[o.CallSite]:
        """The calls of a function, or of a method on whatever object, and those that run it as they are handed it."""
        row = self.outline.scopes[function]
        return [*self.facts.tables.calls_by_name[row.name], *self.facts.graph.sites(row.parent, row.name)]

    def is_one_of_many(self, site: o.CallSite, once: bool) -> bool:
        """Whether a call gives one object after the other, of which each is kept or makes but one request.

        It stands in a loop, or in a function that is called in one.
        """
        graph, function = self.facts.graph, self.facts.tables.function_around(site.part)
        kept = self.is_kept(site)
        if graph.repeats(site) or (once and graph.is_helper(function)):
            return once or kept
        stored = not self.facts.tables.storing.isdisjoint(self.facts.flow.ancestors(site.part))  # in place of the last
        elsewhere = stored or self.is_returned(site)
        return kept and not elsewhere and any(map(graph.repeats, self.callers(function)))

    def is_returned(self, site: o.CallSite) -> bool:
        """Whether a function returns what a call gives, perhaps by a name."""
        places = (site.part, *(use.part for use in self.uses(site)))
        around = (part for place in places for part in self.facts.flow.ancestors(place))
        return any(self.outline.parts[part].kind == "return" for part in around)

    def is_kept(self, site: o.CallSite) -> bool:
        """Whether an object may live on: it is not called on the spot, or by a name that is only called."""
        if site.access not in KEPT:
            return False
        named = any(bind.value == site.value for bind in self.facts.tables.binds_at[site.part])
        return not named or any(use.access in KEPT for use in self.uses(site))

    def uses(self, site: o.CallSite) -> list[o.Use]:
        """The uses of the name that what a call gives is bound to: `city = City(name)`."""
        binds = [bind for bind in self.facts.tables.binds_at[site.part] if bind.value == site.value]
        return self.facts.names.uses(binds[0].scope, binds[0].name) if binds else []

    # --- forms other than a line in `__init__` ------------------------------------------------------------------------

    def field(self) -> Home | str:
        decorators = [self.facts.origins.path_of(_bare(d), self.row.parent) for d in self.row.decorators]
        if any(path not in _DATACLASS for path in decorators):
            return "its decorators may show the session, or have no place for it"
        declared = {bind.part for bind in self.body.values() if bind.form in _FIELDS}
        fields = [statement for statement in self.statements if statement in declared]
        if not fields:
            return "its dataclass has no field behind which a session could stand"
        behind = line_of(self.facts, fields[-1])
        return Home(self.place(self.row.root, behind), "field", OBJECT_REASON, needs="dataclasses.field")

    def at_first_use(self) -> Home:
        return Home(self.above_methods(), "property", OBJECT_REASON, needs="functools.cached_property")

    def new_init(self) -> Home:
        place = self.above_methods()
        hoist = tuple(h for h in OPTIONS if may_ever_change(self.facts, h, self.calls, place) is None)
        return Home(place, "init", OBJECT_REASON, hoist, "self")

    def above_methods(self) -> Place:
        """Before the statement of the class's body that holds the first method, perhaps in a branch."""
        around = self.facts.flow.ancestors(min(self.scopes))
        return self.place(self.row.root, next(s for s in around if self.outline.parts[s].parent == self.row.root))

    def place(self, block: int, statement: int) -> Place:
        return Place(block, statement, self.outline.parts[statement].tick)

    # --- subclasses ---------------------------------------------------------------------------------------------------

    def skips_init(self, subclass: int) -> bool:
        """Whether a subclass's `__init__` may not call another one, or uses the object before it does."""
        row = self.outline.scopes[subclass]
        generated = self.data is None and _GENERATING.intersection(last_name(_bare(d)) for d in row.decorators)
        if generated or len(_bases(row)) > 1:  # of several bases, one's `__init__` may hide the other's
            return True
        if any(bind.name == "__init__" and bind.form != "def" for bind in self.facts.tables.binds_in[subclass]):
            return True
        for scope in self.facts.tables.inner[subclass]:
            if self.outline.scopes[scope].name != "__init__":
                continue
            root = self.outline.scopes[scope].root
            inits = self.facts.tables.init_calls[root]
            left = self.facts.tables.returns_in.get(scope, len(self.outline.parts))
            above = [
                call.tick
                for call in inits.values()
                if self.outline.parts[call.part].parent == root and call.part < left
            ]
            method = self.facts.graph.method(scope)
            uses = self.facts.names.uses(scope, method.instance) if method is not None else []
            uses = [use for use in uses if use.call not in inits and _may_call(use.access)]
            if not above or any(use.tick < min(above) for use in uses):
                return True
        return False

    # --- bases --------------------------------------------------------------------------------------------------------

    @cached_property
    def has_strangers(self) -> bool:
        """Whether a base is not in this file."""
        known = {self.outline.scopes[scope].name for scope in self.family[1:]}
        bases = (base for scope in self.family for base in _bases(self.outline.scopes[scope]))
        return any(last_name(_bare(base)) not in known for base in bases)

    def above(self, scope: int) -> dict[int, o.CallSite]:
        """The calls of another `__init__` in an `__init__`, with their ids."""
        return self.facts.tables.init_calls[self.outline.scopes[scope].root]

    def calls_back(self) -> bool:
        """Whether the `__init__` of a base in this file may use the session."""
        for scope in (scope for cls in self.family[1:] for scope in self.facts.tables.inner[cls]):
            method = self.facts.graph.method(scope)
            if method is not None and self.outline.scopes[scope].name == "__init__":
                uses = self.facts.names.uses(scope, method.instance)
                uses = [use for use in uses if not (self.is_harmless(use) or _hands_over(use, self.above(scope)))]
                if any(_may_call(use.access) or _attribute(use.access) in self.leading for use in uses):
                    return True
        return False

    def is_harmless(self, use: o.Use) -> bool:
        """Whether a use of the object is known to run none of the calls: `super(Name, self)`, or a method of this file
        that leads to none."""
        called = use.access.method
        bind = self.inherited(called) if called else None
        if bind is not None and bind.form == "def":
            return called not in self.leading
        return use.call != -1 and self.facts.origins.paths[use.call] == "builtins.super"

    @cached_property
    def leading(self) -> set[str]:
        """The names of the functions of this file in which the calls stand, that name one of these, or that no one
        knows to name none."""
        rows = [
            self.outline.scopes[scope]
            for call in self.calls
            for scope in self.facts.tables.scopes_around(call.site.scope)
        ]
        todo = ["", *(row.name for row in rows if row.kind == "function")]
        found: set[str] = set()
        while todo:
            if (name := todo.pop()) not in found:
                found.add(name)
                todo += self.facts.tables.functions_with[name]
        return found - {""}


_DATACLASS = frozenset({"dataclasses.dataclass", "functools.total_ordering"})
_FIELDS = frozenset({"declare", "assign"})


class _Init:
    """A place in `__init__`: as far down as it is sure to run before anything that may use the session."""

    def __init__(self, cls: _Class, scope: int) -> None:
        self.cls = cls
        self.facts = cls.facts
        self.outline = cls.outline
        self.scope = scope
        self.block = self.outline.scopes[scope].root
        self.above = cls.above(scope)
        self.method = self.facts.graph.method(scope)
        self.statements = [s for s in self.facts.flow.children[self.block] if self.outline.parts[s].form != "joined"]

    def home(self) -> Home | str:
        if self.outline.parts[self.block].form != "lines":
            return "its `__init__` stands on one line"
        if self.method is None:
            return "its `__init__` does not name the object"
        before = self.before_stops()
        if self.cls.has_strangers and any(self.line(call.part) not in before for call in self.above.values()):
            return self.cls.at_first_use()  # nothing may be set before the `__init__` of a base that no one has seen
        if len(before) < len(self.statements):
            stop = self.statements[len(before)]
            place = self.cls.place(self.block, stop)
            style = "assign"
        else:
            place = Place(self.block, before[-1], self.facts.tables.end)
            style = "behind"
        hoist = tuple(option for option in OPTIONS if self.held(option, before, place))
        return Home(place, style, OBJECT_REASON, hoist, self.instance)

    @property
    def instance(self) -> str:
        return self.method.instance if self.method is not None else ""

    def before_stops(self) -> list[int]:
        """The lines that surely run before any of `stops`."""
        stops = self.stops()
        return [s for s in self.statements if not stops or s < min(stops)]

    def stops(self) -> set[int]:
        """The lines that may use the session, or leave."""
        facts = self.facts
        left = facts.tables.returns_in.get(self.scope)
        stops = {self.line(left)} if left is not None else set()
        known = {} if self.cls.calls_back() else self.above
        stops |= {
            self.line(c.part) for number, c in facts.tables.super_calls[self.scope].items() if number - 1 not in known
        }
        inside = (call for call in self.cls.calls if self.scope in facts.tables.scopes_around(call.site.scope))
        stops |= {self.line(call.site.part) for call in inside}
        for use in facts.names.uses(self.scope, self.instance):
            bind = self.cls.inherited(use.access.path[1:]) if use.access.assigns else None
            setter = bind is not None and (bind.form == "def" or isinstance(bind.value, o.Call))  # of a property
            uses = setter or _may_call(use.access) or _attribute(use.access) in self.unknown
            if uses and not (self.cls.is_harmless(use) or _hands_over(use, known)):
                stops.add(self.line(use.part))
        return stops

    @cached_property
    def unknown(self) -> set[str]:
        """The attributes that may be properties: those of the class's body; with bases, all that are not set here."""
        stored = {store.attr for store in self.facts.tables.stores_in[self.scope]}
        read = {_attribute(use.access) for use in self.facts.names.uses(self.scope, self.instance)}
        anything = self.cls.based or "__getattr__" in self.cls.body
        return (self.cls.body.keys() | (read - stored if anything else set())) - {""}

    def line(self, part: int) -> int:
        """The line of the block in which a part stands, or the function around it, which may run from there on."""
        while (home := self.facts.flow.home[part]) != self.block:
            part = self.outline.scopes[self.outline.parts[home].scope].part
        path = list(self.facts.flow.ancestors(part))
        return line_of(self.facts, path[path.index(self.block) - 1])

    def held(self, option: str, before: Sequence[int], place: Place) -> bool:
        """Whether all calls pass the same attribute of the object, set once in `__init__` and changed nowhere in the
        file, or the same constant of the module."""
        value = self.cls.calls[0].argument(option)
        if any(call.argument(option) != value or call.unpacks for call in self.cls.calls):
            return False
        if not isinstance(value, o.Attribute) or value.value != o.Name(self.instance):
            return may_ever_change(self.facts, option, self.cls.calls, place) is None
        if value.attr in self.facts.tables.class_names or self.facts.mutations.reachable_by_string(value.attr):
            return False
        stores = self.facts.tables.stores_of[value.attr]
        check = plain_pair if option == "auth" else plain_dict
        if len(stores) != 1 or stores[0].scope != self.scope or check(stores[0].value) is not None:
            return False
        if line_of(self.facts, stores[0].part) not in before:
            return False
        done: Counter[str] = Counter()
        for what, use in self.facts.mutations.done_on(value.attr):
            own = use is not None and self.is_own(use)
            if what.plain and not own and (use is None or use.access.taken):  # it may live on under another name
                return False
            done["" if what.plain else str(what)] += own or what == SET
        return done.pop("=") == 1 and done.pop("") == len(self.cls.calls) and done.keys() <= {"[]", ".get()"}

    def is_own(self, use: o.Use) -> bool:
        """Whether a name is what a method of the class calls its object."""
        method = self.facts.graph.method(use.scope)
        return method is not None and (method.owner, method.instance) == (self.cls.owner, use.name)


def _bases(row: o.Scope) -> list[o.Value]:
    """The bases of a class that may have an `__init__`."""
    return [base for base in row.bases if last_name(_bare(base)) not in _PLAIN_BASES]


def _bare(value: o.Value) -> o.Value:
    """`Generic` of `Generic[T]`, `dataclass` of `dataclass(frozen=True)`."""
    return value.value if isinstance(value, o.Item) else value.func if isinstance(value, o.Call) else value


def _attribute(access: Access) -> str:
    """The attribute that a use of an object reads; empty if it sets one, or uses it otherwise."""
    return access.attribute if len(access.steps) > 1 or not access.assigns else ""


def _may_call(access: Access) -> bool:
    """Tell whether a use of an object may run its methods: it is called, handed on, printed, gone through."""
    return not access.attribute or access.calls or (access.rebinds and not access.assigns)


def _hands_over(use: o.Use, calls: Mapping[int, o.CallSite]) -> bool:
    """Whether a use hands the object itself to one of the calls: `Base.__init__(self)`."""
    return use.access == ARGUMENT and use.call in calls
