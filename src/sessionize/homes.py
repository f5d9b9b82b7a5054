"""Where a session lives that outlives a function: on the object or in the module. Or why it can't live there."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from sessionize import outline as o
from sessionize.facts import BareCall, Facts, names_in
from sessionize.flow import EXIT, Place
from sessionize.outline import last_name
from sessionize.steady import may_ever_change, plain_dict, plain_pair

_PLAIN_BASES = frozenset({"object", "ABC", "Generic"})
_STRANGE_BASES = frozenset(
    ("NamedTuple", "Enum", "IntEnum", "StrEnum", "Flag", "IntFlag", "Protocol", "TypedDict", "BaseModel", "tuple")
)
_ATTRS = frozenset({"attrs", "attr", "define", "frozen", "mutable", "s", "attributes"})
_RESTORING = frozenset({"__reduce__", "__reduce_ex__", "__setstate__", "__copy__", "__deepcopy__", "__new__"})
_GUARDING = frozenset({"__setattr__", "__getattribute__"})


@dataclass(frozen=True, slots=True)
class Home:
    """A place for a session. instance: the name of the object there; needs: the path of what its style is made with."""

    place: Place
    style: str
    reason: str
    hoist: tuple[str, ...] = ()
    instance: str = ""
    needs: str = ""


# --- the module -------------------------------------------------------------------------------------------------------


def module_home(facts: Facts, calls: Sequence[BareCall]) -> Home | str:
    """Behind the imports, and behind any constant that a hoist needs, before the first function with such a call."""
    first = min(_top_level(facts, call.site.part) for call in calls)
    top = facts.flow.children[0]
    imports = {bind.part for bind in facts.outline.binds if bind.how in ("import", "star")}
    before = [part for part in top if part < first and part in imports and facts.outline.parts[part].kind == "simple"]
    if not before:
        return "requests is not imported at the top of the module"
    hoist = []
    behind = before[-1]
    for option in ("headers", "auth"):
        needed = _constants(facts, option, calls, first)
        if needed is not None:
            hoist.append(option)
            behind = max((behind, *needed))
    following = top[top.index(behind) + 1]
    while facts.outline.parts[following].form == "joined":
        following = top[top.index(following) + 1]
    reason = "all users of the module then share the session: look for threads, forks and tests that patch requests"
    return Home(Place(0, behind, facts.outline.parts[following].tick), "behind", reason, tuple(hoist))


def _constants(facts: Facts, option: str, calls: Sequence[BareCall], first: int) -> list[int] | None:
    """The top-level statements that bind what all calls pass as `option`, if that is the same for ever; else None."""
    place = Place(0, first, facts.outline.parts[first].tick)
    if may_ever_change(facts, option, calls, place) is not None:
        return None
    value = calls[0].argument(option)
    names = names_in(value) if value is not None else []
    return [bind.part for name in names for bind in facts.names.binds(0, name)]


def _top_level(facts: Facts, part: int) -> int:
    """The statement of the module's top level in which a part stands, through functions and classes."""
    while True:
        for ancestor in facts.flow.ancestors(part):
            if facts.outline.parts[ancestor].parent == 0:
                return ancestor
        part = facts.outline.scopes[facts.outline.parts[facts.flow.home[part]].scope].part


# --- the object -------------------------------------------------------------------------------------------------------


def object_home(facts: Facts, owner: int, calls: Sequence[BareCall]) -> Home | str:
    """In `__init__`, or in the form that is right for the class; a reason where none is."""
    row = facts.outline.scopes[owner]
    body = {bind.name: bind for bind in facts.outline.binds if bind.scope == owner}
    bases = [base for base in row.bases if last_name(_bare(base)) not in _PLAIN_BASES]
    if reason := _strange(facts, owner, set(body)):
        return reason
    if any(facts.outline.scopes[facts.function(call)].name == "__del__" for call in calls):
        return "`__del__` may run on an object whose `__init__` failed"
    reason = "it lives as long as the object: look for subclasses, threads and tests that patch requests"
    decorators = [last_name(_bare(decorator)) for decorator in row.decorators]
    statements = facts.flow.children[row.root]
    if "dataclass" in decorators:
        fields = [s for s in statements if any(b.part == s and b.how in ("declare", "assign") for b in body.values())]
        if not fields:
            return "its dataclass has no field behind which a session could stand"
        return Home(_place(facts, row.root, fields[-1]), "field", reason, needs="dataclasses.field")
    init = body.get("__init__")
    lazy = bool(_RESTORING.intersection(body)) or _uninitialised_subclass(facts, row.name)
    if init is None or lazy:
        methods = [s for s in statements if facts.outline.parts[s].kind == "def"]
        place = _place(facts, row.root, methods[0])
        if bases or lazy:
            return Home(place, "property", reason, needs="functools.cached_property")
        return Home(place, "init", reason, instance="self")
    if init.how != "def":
        return "its `__init__` is no plain method"
    scope = next(s for s, r in enumerate(facts.outline.scopes) if r.part == init.part and r.kind == "function")
    return _in_init(facts, scope, bool(bases), calls, reason)


def _bare(value: o.Value) -> o.Value:
    """`Generic` of `Generic[T]`, `dataclass` of `dataclass(frozen=True)`."""
    return value.value if isinstance(value, o.Item) else value.func if isinstance(value, o.Call) else value


def _strange(facts: Facts, owner: int, body: set[str]) -> str:
    row = facts.outline.scopes[owner]
    bases = {last_name(_bare(base)) for base in row.bases}
    if strange := sorted(bases & _STRANGE_BASES):
        return f"a class made from `{strange[0]}` has no place for a session of its own"
    if _ATTRS.intersection(last_name(_bare(decorator)) for decorator in row.decorators):
        return "a class made by attrs has no place for a session that is not a field"
    if "__slots__" in body:
        return "its `__slots__` have no place for a session"
    if guard := sorted(_GUARDING & body):
        return f"its `{guard[0]}` decides what happens to attributes"
    for use in facts.outline.uses:
        method = facts.graph.method(use.scope)
        elsewhere = method is not None and method.owner != owner and method.instance == use.name
        if "__dict__" in use.how and not elsewhere:
            return "`__dict__` is used in this file, and the session would show in it"
    for call in facts.outline.calls:
        path = facts.origin(call.value.func, call.scope)
        if (path == "builtins.vars" and call.value.args) or path in ("dataclasses.asdict", "dataclasses.astuple"):
            return f"`{last_name(call.value.func)}()` is used in this file, and the session would show in it"
    return ""


def _uninitialised_subclass(facts: Facts, name: str) -> bool:
    """Whether a subclass in this file has an `__init__` that does not call `super().__init__`."""
    for scope, row in enumerate(facts.outline.scopes):
        if row.kind == "class" and any(last_name(base) == name for base in row.bases):
            inits = [s for s, r in enumerate(facts.outline.scopes) if r.parent == scope and r.name == "__init__"]
            if any(not _super_calls(facts, init) for init in inits):
                return True
    return False


def _super_calls(facts: Facts, init: int) -> list[o.CallSite]:
    """The calls of another `__init__` in an `__init__`."""
    root = facts.outline.scopes[init].root
    return [
        call
        for call in facts.outline.calls
        if last_name(call.value.func) == "__init__" and facts.flow.home[call.part] == root
    ]


def _place(facts: Facts, block: int, statement: int) -> Place:
    return Place(block, statement, facts.outline.parts[statement].tick)


def _in_init(facts: Facts, scope: int, based: bool, calls: Sequence[BareCall], reason: str) -> Home | str:
    """As far down in `__init__` as it is sure to run before anything that may use the session."""
    row = facts.outline.scopes[scope]
    block = row.root
    if facts.outline.parts[block].form != "lines":
        return "its `__init__` stands on one line"
    params = [bind.name for bind in facts.outline.binds if bind.scope == scope and bind.how == "param"]
    if not params or len(facts.names.binds(scope, params[0])) != 1:
        return "its `__init__` does not name the object"
    instance = params[0]
    statements = [s for s in facts.flow.children[block] if facts.outline.parts[s].form != "joined"]
    stops = {_child(facts, block, call.part) for call in _super_calls(facts, scope)} if based else set()
    for use in facts.names.uses(scope, instance):
        if facts.flow.home[use.part] == block and (use.how in ("value", "arg", "unpack") or use.how.endswith("()")):
            stops.add(_child(facts, block, use.part))
    stops |= {s for s in statements if facts.flow.outcomes[s] & EXIT}
    before = [s for s in statements if not stops or s < min(stops)]
    stop = statements[len(before)] if len(before) < len(statements) else None
    end = facts.outline.parts[stop].tick if stop is not None else facts.outline.calls[-1].tick + len(statements) + 10**9
    hoist = tuple(
        option for option in ("headers", "auth") if _held(facts, scope, instance, option, calls, before, block, end)
    )
    if stop is not None:
        return Home(Place(block, stop, end), "assign", reason, hoist, instance)
    return Home(Place(block, statements[-1], end), "behind", reason, hoist, instance)


def _child(facts: Facts, block: int, part: int) -> int:
    """The line of `block` in which a part stands."""
    path = list(facts.flow.ancestors(part))
    child = path[path.index(block) - 1] if block in path[1:] else part
    siblings = facts.flow.children[block]
    while facts.outline.parts[child].form == "joined":
        child = siblings[siblings.index(child) - 1]
    return child


def _held(
    facts: Facts,
    init: int,
    instance: str,
    option: str,
    calls: Sequence[BareCall],
    before: Sequence[int],
    block: int,
    end: int,
) -> bool:
    """Whether all calls pass the same attribute of the object, set once in `__init__` and changed nowhere in the file,
    or the same constant of the module."""
    value = calls[0].argument(option)
    if any(call.argument(option) != value for call in calls):
        return False
    if not isinstance(value, o.Attribute) or value.value != o.Name(instance):
        place = Place(block, block, end)
        return may_ever_change(facts, option, calls, place) is None
    stores = [store for store in facts.outline.stores if store.attr == value.attr]
    check = plain_pair if option == "auth" else plain_dict
    if (
        len(stores) != 1
        or stores[0].scope != init
        or stores[0].part not in before
        or check(stores[0].value) is not None
    ):
        return False
    owner = facts.outline.scopes[init].parent
    passed = 0
    for use in facts.outline.uses:
        if not re.match(rf"\.{value.attr}\b", use.how):
            continue
        method = facts.graph.method(use.scope)
        own = method is not None and method.owner == owner and method.instance == use.name
        if use.how == f".{value.attr}":
            passed += own
        elif use.how not in (f".{value.attr}=", f".{value.attr}[]", f".{value.attr}.get()"):
            return False
    return passed == len(calls)
