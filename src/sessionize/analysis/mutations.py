"""Uses that may change an object: of its names, of attributes, and of what reaches them by strings."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from functools import cached_property

from sessionize.analysis.memo import memo
from sessionize.analysis.origins import Origins
from sessionize.syntax import outline as o, values as v
from sessionize.syntax.access import ARGUMENT, ITEM, READ, UNPACK, Access

# Calls that only look at what they are given.
_LOOKING = frozenset(
    map("builtins.{}".format, ("print", "len", "dict", "str", "repr", "sorted", "list", "tuple", "set", "bool"))
) | {"builtins.isinstance", "json.dumps", "copy.copy", "copy.deepcopy"}
_READING = frozenset({"get", "items", "keys", "values", "copy"})
_SETTING = frozenset({"setattr", "delattr", "__builtins__"})
_BY_STRING = frozenset(("__setattr__", "__getattribute__", "__dict__"))
# What runs any code, or gives the variables of a module or of a running function.
_RUNNING = frozenset({"eval", "exec", "globals", "__builtins__"})
_LOADING = frozenset({"importlib.import_module", "builtins.__import__"})
_OF_FRAMES = frozenset({"__globals__", "f_globals", "f_locals", "tb_frame"})
_REACHING = frozenset(
    ("sys.modules", "inspect.getmodule", "pkgutil.resolve_name", "gc.get_objects", "gc.get_referrers", "cProfile.run")
) | {"profile.run", "timeit.timeit", "timeit.repeat", "timeit.Timer"}


class Mutations:
    def __init__(self, origins: Origins) -> None:
        self.outline = origins.outline
        self.names = origins.names
        self.origins = origins

    def done_on(self, attr: str) -> Iterator[tuple[Access, o.Use | None]]:
        """The accesses to attributes of a name, but those of responses, each with the use if it is `name.attr`."""
        for access, use in self._chains.get(attr, ()):
            yield access.after(attr), use if access.attribute == attr else None

    @cached_property
    def _chains(self) -> dict[str, list[tuple[Access, o.Use | None]]]:
        """The accesses to names, but those of responses, and to what calls return, by each attribute in them."""
        chains: dict[str, list[tuple[Access, o.Use | None]]] = defaultdict(list)
        for use in self.outline.uses:
            if not self._holds_responses(self.names.owner(use.name, use.scope), use.name):
                for attr in {*use.access.attributes}:
                    chains[attr].append((use.access, use))
        for call, path in self.origins.called:
            if not self.origins.library.owns(path):
                for attr in {*call.access.attributes}:
                    chains[attr].append((call.access, None))
        return chains

    @memo
    def _holds_responses(self, owner: int, name: str) -> bool:
        """Tell whether a variable is bound to what functions of the library return, and to nothing else."""
        paths = [self.origins.path_of(v.called(bind.value), owner) for bind in self.names.binds(owner, name)]
        return bool(paths) and all(map(self.origins.library.owns, paths))

    @memo
    def mutating_uses(self, owner: int, name: str) -> list[o.Use]:
        """The uses of a variable that may change the dict it is bound to, or make it known under another name."""
        return list(filter(self._may_change, self.names.uses(owner, name)))

    def _may_change(self, use: o.Use) -> bool:
        if use.access != ARGUMENT:
            return not _only_reads(use.access)
        call, path = self.outline.calls[use.call], self.origins.paths[use.call]
        kept = any(arg.keyword and arg.value == v.Name(use.name) for arg in call.value.args)  # `dict(headers=name)`
        looks = path in _LOOKING or (_sets_headers(call.value.func) and not self._defines_update)
        sends = self.origins.library.function(path) is not None or self._sends_on_session(call)
        return (not looks or kept) and not sends

    def _sends_on_session(self, call: o.CallSite) -> bool:
        """Tell whether it is `session.get(...)`, or `self.session.get(...)`, on what is bound to sessions alone.

        It takes what is in a dict as a function of the library does: so a fix leaves what is known of a dict as it is.
        """
        match call.value.func:
            case v.Attribute(value=v.Name(name=name), attr=attr) if attr in self.origins.library.functions:
                bound = {self._makes_session(bind.value, bind.scope) for bind in self.names.seen(name, call.scope)}
            case v.Attribute(value=v.Attribute(attr=name), attr=attr) if attr in self.origins.library.functions:
                bound = self._stored[name]
            case _:
                return False
        return bound == {True}

    @cached_property
    def _stored(self) -> dict[str, set[bool]]:
        """The answers to whether what an attribute is set to makes a session."""
        stored: dict[str, set[bool]] = defaultdict(set)
        for store in self.outline.stores:
            stored[store.attr].add(self._makes_session(store.value, store.scope))
        return stored

    def _makes_session(self, value: v.Value, scope: int) -> bool:
        path = self.origins.path_of(value.func, scope) if isinstance(value, v.Call) else None
        return path == self.origins.library.session

    @cached_property
    def _defines_update(self) -> bool:
        """True if this file has an `update` of its own, which may keep what it is handed."""
        return any(row.name == "update" for row in self.outline.scopes)

    def reachable_by_string(self, attr: str) -> bool:
        """Tell whether the file may take or change an attribute by `setattr`, `getattr`, or as `_Client__token`."""
        mangled = attr.startswith("__") and any(name.endswith(attr) for name in self.outline.attributes - {attr})
        return mangled or self._names_in_text is None or attr in self._names_in_text

    @cached_property
    def _names_in_text(self) -> set[str] | None:
        """The names that `getattr` and the like are given; None if they may be any, as `setattr` takes any."""
        if _BY_STRING & self.outline.attributes or any(map(self._may_set, self.outline.uses)):
            return None
        names: set[str] = set()
        for call, path in self.origins.called:
            args = call.value.args
            if path == "builtins.vars" and args and not self._is_namespace(args[0].value, call.scope):
                return None
            if path in ("builtins.getattr", "operator.attrgetter"):
                for arg in args[1:2] if path == "builtins.getattr" else args:
                    if not isinstance(arg.value, v.Const):
                        return None
                    names.update(str(arg.value.value).split("."))
        return names

    def _may_set(self, use: o.Use) -> bool:
        """Tell whether it is `setattr`, called or not: `map(setattr, objects, names, values)`."""
        return use.name in _SETTING and self.names.owner(use.name, use.scope) == -1

    def _is_namespace(self, value: v.Value, scope: int) -> bool:
        """Tell whether a value is what `parser.parse_args()` gives, or a name for nothing but that, or its `vars()`.

        `parse_args(argv, client)` gives the object that it is handed.
        """
        if not isinstance(value, v.Name):
            return _gives_namespace(value)
        binds = self.names.seen(value.name, scope)
        return bool(binds) and all(_gives_namespace(bind.value) for bind in binds)

    @cached_property
    def reflection(self) -> bool:
        """True if something may reach variables otherwise than by name: `globals()`, `run = exec`, `sys.modules`."""
        for use in self.outline.uses:
            if use.name in _RUNNING and self.names.owner(use.name, use.scope) == -1:
                return True
        for call, path in self.origins.called:
            if path in ("builtins.locals", "builtins.vars") and not call.value.args:
                return True
            if path in _LOADING and v.Argument(v.Name("__name__"), None, "") in call.value.args:
                return True
        if not _OF_FRAMES.isdisjoint(self.outline.attributes) or "__main__" in self.outline.modules:
            return True
        for use, path in self.origins.imported_uses:
            if path == "builtins" and not use.access.steps:  # `getattr(builtins, name)`
                return True
            if not _REACHING.isdisjoint((path, f"{path}.{use.access.attribute}")):
                return True
        return False


def _sets_headers(func: v.Value) -> bool:
    """Tell whether a call is `session.headers.update(...)`, which takes what is in a dict, and not the dict."""
    return isinstance(func, v.Attribute) and func.attr == "update" and v.last_name(func.value) == "headers"


def _only_reads(access: Access) -> bool:
    """Tell whether a dict is only read: `name["a"]`, `name.get("a")`, `**name`."""
    item = access.steps == (ITEM,) and not (access.calls or access.rebinds)
    return item or access in (READ, UNPACK) or access.method in _READING


def _gives_namespace(made: v.Value) -> bool:
    """Tell whether a value is `parser.parse_args()`, or the `vars()` of one."""
    match made:
        case v.Call(func=v.Name(name="vars")):
            return True
        case v.Call(func=v.Attribute(attr="parse_args"), args=args) as call:
            return len(args) < 2 and not call.unpacks and call.argument("namespace") is None
    return False
