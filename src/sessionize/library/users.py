"""The user a call is made for, as far as its own arguments say: credentials, cookies, headers like `Authorization`."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import NamedTuple

from sessionize.library.calls import BareCall
from sessionize.library.changes import Changes, Parameter, Read, Variable, Variables
from sessionize.library.program import Program
from sessionize.syntax import values as v

# A token against forged requests is another for each of a user's calls.
_USER = re.compile(r"authorization|cookie|.*api-?key|(?!.*[cx]srf).*token")
_BINDING = ("ntlm", "negotiate")
_LOOKING = frozenset({"get", "items", "keys", "values", "copy", "get_dict"})
_IN_TURN = frozenset({"next", "pop", "popleft", "popitem", "choice"})  # another answer each time
_TAKING = frozenset({"pop", "popitem", "clear"})


class Argument(NamedTuple):
    """An argument of a call that may say for whom it is made."""

    scope: int
    option: str
    value: v.Value


class Item(NamedTuple):
    """A thing that says for whom a call is made: an option, or a header in small letters, and its value. One that only
    may say it has an empty key."""

    key: str
    value: v.Value
    scope: int


class Users:
    def __init__(self, facts: Program) -> None:
        self.facts = facts
        self.variables = Variables(facts)
        # By argument, and by the variables of one object, as they are asked for.
        self._known: dict[Argument, tuple[Item, ...]] = {}
        self._found: dict[Argument, tuple[tuple[str, v.Value], ...]] = {}
        self._binds: dict[Argument, bool] = {}
        self._given: dict[frozenset[Variable], list[tuple[int, int, str]]] = {}
        self._few: dict[frozenset[Variable], list[tuple[int, str]]] = {}

    def said(self, calls: Iterable[BareCall]) -> Iterator[Item]:
        """The items of calls that say for whom they are made. A shared argument is gone through once."""
        for argument in dict.fromkeys(argument for call in calls for argument in self._arguments(call)):
            yield from self._said(argument)

    def credentials(self, call: BareCall) -> list[tuple[tuple[str, v.Value], ...]]:
        """The arguments of a call that are, or may be, a name and a password: by header, the values."""
        return list(filter(None, map(self._credentials, self._arguments(call))))

    def in_turn(self, calls: Iterable[BareCall]) -> bool:
        """Tell whether an argument takes the next of some users' credentials."""
        arguments = (argument for call in calls for argument in self._arguments(call) if argument.option != "params")
        inner = (inner for argument in arguments for inner in v.within(argument.value))
        return any(isinstance(value, v.Call) and v.last_name(value.func) in _IN_TURN for value in inner)

    def reads(self, value: v.Value, scope: int) -> Iterator[Read]:
        """The reads of a value that may say for whom a call is made."""
        return (read for read in self.variables.reads(value, scope) if self.told or read.part != "()")

    def changes(self, read: Read) -> Iterator[Changes]:
        """The places where that changes, or where a variable gets an item that says it, or may say it."""
        yield from self.variables.changes(read)
        if not read.part:
            group = self.variables.group(read.variable)
            yield self.variables.once("given", group, lambda: [given[:2] for given in self._sets(group)])

    def bind_connection(self, call: BareCall) -> bool:
        """Tell whether its Authorization is, or may be, of a kind that a server ties to the connection (NTLM)."""
        return next(self.binding([call]), None) is not None

    def binding(self, calls: Iterable[BareCall]) -> Iterator[Item]:
        """The items of calls that make them so."""
        if self._binding:
            arguments = dict.fromkeys(argument for call in calls for argument in self._arguments(call))
            yield from (item for argument in filter(self._may_bind, arguments) for item in self._said(argument))

    @cached_property
    def told(self) -> bool:
        """True if a string or an attribute of the file has the name of such a header."""
        return any(_USER.fullmatch(word.lower()) for word in self.facts.outline.attributes)

    @cached_property
    def _binding(self) -> bool:
        """True if a text of the file begins with the name of such a kind."""
        return any(word.lower() in _BINDING for word in self.facts.outline.attributes)

    # --- arguments ----------------------------------------------------------------------------------------------------

    def _arguments(self, call: BareCall) -> Iterator[Argument]:
        """The arguments that may say for whom a call is made."""
        given = {option: call.argument(option) for option in ("auth", "cookies", "headers")}
        given["params"] = call.argument("params", 1 if call.verb == "get" else -1)
        url = call.argument("url", 1 if call.verb == "request" else 0)
        if isinstance(url, v.Join) and any(isinstance(p, v.Const) and "@" in str(p.value) for p in url.parts):
            given[""] = url
        for option, value in given.items():
            if value is not None and value != v.NONE:
                scope = self.facts.names.owner(value.name, call.site.scope) if isinstance(value, v.Name) else -1
                yield Argument(call.site.scope if scope == -1 else scope, option, value)

    def _said(self, argument: Argument) -> tuple[Item, ...]:
        """The items that an argument gives."""
        if argument not in self._known:
            scope, option, value = argument
            items = [Item(option, value, scope)]
            if option in ("headers", "params"):
                items = [*self._items(value, scope, set())]
            if option == "params":
                items = [item._replace(key=f"{item.key} in params") for item in items if item.key]
            self._known[argument] = tuple(item for item in items if item.value != v.NONE)
        return self._known[argument]

    def _credentials(self, argument: Argument) -> tuple[tuple[str, v.Value], ...]:
        if argument not in self._found:
            said = self._said(argument)
            self._found[argument] = tuple(item[:2] for item in said if item.key in ("auth", "authorization", ""))
        return self._found[argument]

    def _may_bind(self, argument: Argument) -> bool:
        if argument not in self._binds:
            items = (item for item in self._said(argument) if item.key in ("authorization", ""))
            prefixes = {self.facts.hosts.prefix(item.value, item.scope).lower() for item in items}
            self._binds[argument] = any(not prefix or prefix.startswith(_BINDING) for prefix in prefixes)
        return self._binds[argument]

    # --- items of dicts -----------------------------------------------------------------------------------------------

    def _items(self, value: v.Value, scope: int, seen: set[Variable] | None = None) -> Iterator[Item]:
        """The items of a dict that say for whom a call is made; with an empty key what else may hold such items.

        seen: the variables that were looked into, as `headers = {**headers, ...}` holds itself; none is if it is None.
        """
        match value:
            case v.Dict(items=items):
                for key, item in items:
                    if key is None:
                        yield from self._items(item, scope, seen)
                    elif (user := self._user(key, scope)) is not None:
                        yield Item(user, item, scope)
            case v.Sequence(items=pairs):
                for pair in pairs:
                    if not isinstance(pair, v.Sequence) or len(pair.items) != 2:
                        yield Item("", pair, scope)
                    elif (user := self._user(pair.items[0], scope)) is not None:
                        yield Item(user, pair.items[1], scope)
            case v.Binary(op="|", left=left, right=right):
                yield from self._items(left, scope, seen)
                yield from self._items(right, scope, seen)
            case v.Call(func=v.Attribute(value=inner, attr="copy"), args=()):
                yield from self._items(inner, scope, seen)
            case v.Call(func=func, args=args) if self.facts.origins.path_of(func, scope) == "builtins.dict":
                yield from self._given_items(args, scope, seen)
            case v.Name(name=name) if seen is not None:
                if (variable := (self.facts.names.owner(name, scope), name)) not in seen:
                    seen.add(variable)
                    yield from self._items_of(variable, seen)
            case _:
                yield Item("", value, scope)

    def _items_of(self, variable: Variable, seen: set[Variable]) -> Iterator[Item]:
        """The items of a variable that say so."""
        owner, name = variable
        itself = Item("", v.Name(name), owner)
        binds = self.facts.names.binds(owner, name)
        for bind in binds:
            if bind.form not in ("assign", "walrus"):
                yield itself
                continue
            items = list(self._items(bind.value, owner, seen))
            yield from (itself if not item.key and isinstance(item.value, v.Opaque) else item for item in items)
            if items and self.facts.flow.frame[bind.part] != self.facts.flow.frame[binds[0].part]:
                yield itself
        if not binds:
            yield itself
        for tick, key in self._few_sets(self.variables.group(variable)):
            yield Item(key, v.Item(v.Name(name), v.Const(tick, "int")), owner)

    def _given_items(self, args: Sequence[v.Argument], scope: int, seen: set[Variable] | None = None) -> Iterator[Item]:
        """The items of `dict(...)` and `headers.update(...)` that say so."""
        for arg in args:
            if arg.keyword is None:
                yield from self._items(arg.value, scope, seen)
            elif (user := self._user(v.Const(arg.keyword, "str"), scope)) is not None:
                yield Item(user, arg.value, scope)

    def _user(self, key: v.Value, scope: int) -> str | None:
        """A key in small letters if it says for whom a call is made, nothing if it may, None if it does not."""
        key = self.facts.origins.resolve_once(key, scope)
        if not isinstance(key, v.Const) or key.kind == "bytes":
            return ""
        said = str(key.value).lower()
        return said if _USER.fullmatch(said) else None

    def _few_sets(self, group: frozenset[Variable]) -> list[tuple[int, str]]:
        """Two of each key of the sets below: they differ as all do."""
        if group not in self._few:
            sets: dict[str, list[tuple[int, str]]] = defaultdict(list)
            for tick, _, key in self._sets(group):
                sets[key].append((tick, key))
            self._few[group] = [each for same in sets.values() for each in same[:2]]
        return self._few[group]

    def _sets(self, group: frozenset[Variable]) -> list[tuple[int, int, str]]:
        """The items that variables of one object are given, here or by a function of this file, or that are taken away,
        and that say for whom a call is made, or may say it: tick, part, key."""
        handed = (each for variable in group for each in self.variables.handed.get(variable, ()))
        return self._own_sets(group) + [(*at, "") for at, parameter in handed if parameter in self._signed]

    def _own_sets(self, group: frozenset[Variable]) -> list[tuple[int, int, str]]:
        """The sets by `name[key] =`, `name.update(...)` and the like. Each item of cookies says it."""
        if group not in self._given:
            jar = not self._jars.isdisjoint(group)
            given: list[tuple[int, int, str | None]] = []
            for owner, name in group:
                sets = [use for use in self.variables.items_changed[owner, name] if use.access.changes_item]
                given += [(use.tick, use.part, self._user(use.key, use.scope)) for use in sets]
                for site in map(self.facts.outline.calls.__getitem__, self.facts.tables.method_calls[owner, name]):
                    args, method = site.value.args, v.last_name(site.value.func)
                    if method == "update":
                        given += [(site.tick, site.part, item.key) for item in self._given_items(args, site.scope)]
                    elif method == "setdefault" or (method in _TAKING and args):
                        given += [(site.tick, site.part, self._user(arg.value, site.scope)) for arg in args[:1]]
                    elif method in _TAKING:
                        given.append((site.tick, site.part, ""))
                    if jar and method not in _LOOKING:
                        given.append((site.tick, site.part, "cookie"))
                if jar:
                    given += [(use.tick, use.part, "cookie") for use in sets]
            self._given[group] = [(tick, part, key) for tick, part, key in given if key is not None]
        return self._given[group]

    @cached_property
    def _jars(self) -> set[Variable]:
        """The variables that are handed over as cookies."""
        return {
            (self.facts.names.owner(arg.value.name, site.scope), arg.value.name)
            for site in self.facts.outline.calls
            for arg in site.value.args
            if arg.keyword == "cookies" and isinstance(arg.value, v.Name)
        }

    @cached_property
    def _signed(self) -> set[Parameter]:
        """The parameters that a function gives an item that says for whom a call is made, itself or by another."""
        return self.variables.spread(
            variable for variable in self.variables.parameters if self._own_sets(self.variables.group(variable))
        )
