"""For whom a call is made, as far as its own arguments say: credentials, cookies, and headers like `Authorization`."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import NamedTuple, TypeAlias

from sessionize import outline as o
from sessionize.facts import BareCall, Facts

# A token against forged requests is another for each of a user's calls.
_USER = re.compile(r"authorization|cookie|.*api-?key|(?!.*[cx]srf).*token")
_BINDING = ("ntlm", "negotiate")
_LOOKING = frozenset({"get", "items", "keys", "values", "copy", "get_dict"})
_IN_TURN = frozenset({"next", "pop", "popleft", "popitem", "choice"})  # another answer each time
Variable: TypeAlias = tuple[int, str]  # its scope and name


class Argument(NamedTuple):
    """An argument of a call that may say for whom it is made."""

    scope: int
    option: str
    value: o.Value


class Item(NamedTuple):
    """What says for whom a call is made: an option, or a header in small letters, and its value. What only may say it
    has an empty key."""

    key: str
    value: o.Value
    scope: int


class Users:
    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        # By argument, and by variable, as they are asked for.
        self._known: dict[Argument, tuple[Item, ...]] = {}
        self._found: dict[Argument, tuple[tuple[str, o.Value], ...]] = {}
        self._binds: dict[Argument, bool] = {}
        self._given: dict[Variable, list[tuple[int, int, str]]] = {}

    def said(self, calls: Iterable[BareCall]) -> Iterator[Item]:
        """What of calls says for whom they are made. They often share an argument, which is gone through once."""
        for argument in dict.fromkeys(argument for call in calls for argument in self._arguments(call)):
            yield from self._said(argument)

    def credentials(self, call: BareCall) -> list[tuple[tuple[str, o.Value], ...]]:
        """What of a call is, or may be, a name and a password, or what stands for them: by header, the values."""
        return list(filter(None, map(self._credentials, self._arguments(call))))

    def in_turn(self, calls: Iterable[BareCall]) -> bool:
        """Whether an argument takes the next of some users' credentials."""
        arguments = (argument for call in calls for argument in self._arguments(call) if argument.option != "params")
        inner = (inner for argument in arguments for inner in o.within(argument.value))
        return any(isinstance(value, o.Call) and o.last_name(value.func) in _IN_TURN for value in inner)

    def changes(self, variable: Variable, attr: str = "") -> list[tuple[int, int]]:
        """Where (tick, part) a variable is bound, or gets an item that says for whom a call is made, or may say it.

        attr: an attribute of it, to be asked for instead; where one of that name is changed.
        """
        names = self.facts.names
        if attr:
            changing = re.compile(rf"\.{attr}\b.*=")
            uses = [(use.tick, use.part) for use in names.uses(*variable) if changing.fullmatch(use.how)]
            return uses + [(store.tick, store.part) for store in self.facts.stores_of.get(attr, ())]
        binds = [(bind.tick, bind.part) for bind in names.binds(*variable)]
        return binds + [(tick, part) for tick, part, _ in self._sets(variable)]

    def bind_connection(self, call: BareCall) -> bool:
        """Whether its Authorization is, or may be, of a kind that a server ties to the connection (NTLM, Negotiate)."""
        return next(self.binding([call]), None) is not None

    def binding(self, calls: Iterable[BareCall]) -> Iterator[Item]:
        """What of calls makes them so."""
        if self._binding:
            arguments = dict.fromkeys(argument for call in calls for argument in self._arguments(call))
            yield from (item for argument in filter(self._may_bind, arguments) for item in self._said(argument))

    @cached_property
    def told(self) -> bool:
        """Whether a string or an attribute of the file has the name of such a header."""
        return any(_USER.fullmatch(word.lower()) for word in self.facts.outline.attributes)

    @cached_property
    def _binding(self) -> bool:
        """Whether a text of the file begins with the name of such a kind."""
        return any(word.lower() in _BINDING for word in self.facts.outline.attributes)

    # --- arguments ----------------------------------------------------------------------------------------------------

    def _arguments(self, call: BareCall) -> Iterator[Argument]:
        """The arguments that may say for whom a call is made."""
        given = {option: call.argument(option) for option in ("auth", "cookies", "headers")}
        given["params"] = call.argument("params", 1 if call.verb == "get" else -1)
        url = call.argument("url", 1 if call.verb == "request" else 0)
        if isinstance(url, o.Join) and any(isinstance(p, o.Const) and "@" in str(p.value) for p in url.parts):
            given[""] = url
        for option, value in given.items():
            if value is not None and value != o.NONE:
                yield Argument(call.site.scope, option, value)

    def _said(self, argument: Argument) -> tuple[Item, ...]:
        """What an argument says."""
        if argument not in self._known:
            scope, option, value = argument
            items = [Item(option, value, scope)]
            if option in ("headers", "params"):
                items = [*self._items(value, scope, set())]
            if option == "params":
                items = [item._replace(key=f"{item.key} in params") for item in items if item.key]
            self._known[argument] = tuple(item for item in items if item.value != o.NONE)
        return self._known[argument]

    def _credentials(self, argument: Argument) -> tuple[tuple[str, o.Value], ...]:
        if argument not in self._found:
            said = self._said(argument)
            self._found[argument] = tuple(item[:2] for item in said if item.key in ("auth", "authorization", ""))
        return self._found[argument]

    def _may_bind(self, argument: Argument) -> bool:
        if argument not in self._binds:
            items = (item for item in self._said(argument) if item.key in ("authorization", ""))
            prefixes = {self.facts.prefix(item.value, item.scope).lower() for item in items}
            self._binds[argument] = any(not prefix or prefix.startswith(_BINDING) for prefix in prefixes)
        return self._binds[argument]

    # --- items of dicts -----------------------------------------------------------------------------------------------

    def _items(self, value: o.Value, scope: int, seen: set[Variable] | None = None) -> Iterator[Item]:
        """The items of a dict that say for whom a call is made; with an empty key what else may hold such items.

        seen: the variables that were looked into, as `headers = {**headers, ...}` holds itself; none is if it is None.
        """
        match value:
            case o.Dict(items=items):
                for key, item in items:
                    if key is None:
                        yield from self._items(item, scope, seen)
                    elif (user := self._user(key, scope)) is not None:
                        yield Item(user, item, scope)
            case o.Sequence(items=pairs):
                for pair in pairs:
                    if not isinstance(pair, o.Sequence) or len(pair.items) != 2:
                        yield Item("", pair, scope)
                    elif (user := self._user(pair.items[0], scope)) is not None:
                        yield Item(user, pair.items[1], scope)
            case o.Binary(op="|", left=left, right=right):
                yield from self._items(left, scope, seen)
                yield from self._items(right, scope, seen)
            case o.Call(func=o.Attribute(value=inner, attr="copy"), args=()):
                yield from self._items(inner, scope, seen)
            case o.Call(func=func, args=args) if self.facts.origin(func, scope) == "builtins.dict":
                yield from self._given_items(args, scope, seen)
            case o.Name(name=name) if seen is not None:
                if (variable := (self.facts.names.owner(name, scope), name)) not in seen:
                    seen.add(variable)
                    yield from self._items_of(variable, seen)
            case _:
                yield Item("", value, scope)

    def _items_of(self, variable: Variable, seen: set[Variable]) -> Iterator[Item]:
        """The same of a variable."""
        owner, name = variable
        itself = Item("", o.Name(name), owner)
        binds = self.facts.names.binds(owner, name)
        for bind in binds:
            if bind.how not in ("assign", "walrus"):
                yield itself
                continue
            items = list(self._items(bind.value, owner, seen))
            yield from (itself if item[:2] == ("", o.OPAQUE) else item for item in items)
            if items and self.facts.flow.home[bind.part] != self.facts.flow.home[binds[0].part]:
                yield itself
        if not binds:
            yield itself
        for tick, _, key in self._sets(variable):
            yield Item(key, o.Item(o.Name(name), o.Const(tick, "int")), owner)

    def _given_items(self, args: Sequence[o.Argument], scope: int, seen: set[Variable] | None = None) -> Iterator[Item]:
        """The same of `dict(...)` and `headers.update(...)`."""
        for arg in args:
            if arg.keyword is None:
                yield from self._items(arg.value, scope, seen)
            elif (user := self._user(o.Const(arg.keyword, "str"), scope)) is not None:
                yield Item(user, arg.value, scope)

    def _user(self, key: o.Value, scope: int) -> str | None:
        """A key in small letters if it says for whom a call is made, nothing if it may, None if it does not."""
        key = self.facts.constant(key, scope)
        if not isinstance(key, o.Const) or key.kind == "bytes":
            return ""
        said = str(key.value).lower()
        return said if _USER.fullmatch(said) else None

    def _sets(self, variable: Variable) -> list[tuple[int, int, str]]:
        """The items that a variable is given, here or by a function of this file, and that say for whom a call is made,
        or may say it: tick, part, key."""
        handed = [(site.tick, site.part, "") for site, name in self._handed.get(variable, ()) if name in self._signed]
        return self._own_sets(variable) + handed

    def _own_sets(self, variable: Variable) -> list[tuple[int, int, str]]:
        """The same by `name[key] =`, `name.update(...)` and the like. Each item of cookies says it."""
        if variable not in self._given:
            given: list[tuple[int, int, str | None]] = []
            for owner, name in self._aliases.get(variable, {variable}):
                sets = self.facts.names.items_set(owner, name)
                given += [(use.tick, use.part, self._user(use.key, use.scope)) for use in sets]
                for site in map(self.facts.outline.calls.__getitem__, self.facts.method_calls[owner, name]):
                    args, method = site.value.args, o.last_name(site.value.func)
                    if method == "update":
                        given += [(site.tick, site.part, item.key) for item in self._given_items(args, site.scope)]
                    elif method == "setdefault":
                        given += [(site.tick, site.part, self._user(arg.value, site.scope)) for arg in args[:1]]
                    if variable in self._jars and method not in _LOOKING:
                        given.append((site.tick, site.part, "cookie"))
                if variable in self._jars:
                    given += [(use.tick, use.part, "cookie") for use in sets]
            self._given[variable] = [(tick, part, key) for tick, part, key in given if key is not None]
        return self._given[variable]

    @cached_property
    def _jars(self) -> set[Variable]:
        """The variables that are handed over as cookies."""
        return {
            (self.facts.names.owner(arg.value.name, site.scope), arg.value.name)
            for site in self.facts.outline.calls
            for arg in site.value.args
            if arg.keyword == "cookies" and isinstance(arg.value, o.Name)
        }

    @cached_property
    def _aliases(self) -> dict[Variable, set[Variable]]:
        """The variables that may hold one object, for each that is not the only one: by `a = b`, `a = b = {}`."""
        groups: dict[Variable, set[Variable]] = {}
        together: dict[int, Variable] = {}  # by the statement that binds them
        for bind in self.facts.outline.binds:
            if bind.how in ("assign", "walrus"):
                own = self.facts.names.owner(bind.name, bind.scope), bind.name
                other = together.setdefault(bind.part, own)
                if isinstance(bind.value, o.Name):
                    other = self.facts.names.owner(bind.value.name, bind.scope), bind.value.name
                if own != other:
                    group = groups.get(own, {own}) | groups.get(other, {other})
                    groups |= dict.fromkeys(group, group)
        return groups

    @cached_property
    def _handed(self) -> dict[Variable, list[tuple[o.CallSite, Variable]]]:
        """The calls of functions of this file that a variable is handed to, and the parameter that it is there."""
        names, scopes = self.facts.names, self.facts.outline.scopes
        functions = {(row.parent, row.name): number for number, row in enumerate(scopes) if row.kind == "function"}
        parameters: dict[int, list[str]] = defaultdict(list)
        for bind in self.facts.outline.binds:
            if bind.how == "param":
                parameters[bind.scope].append(bind.name)
        handed = defaultdict(list)
        for site in self.facts.outline.calls:
            func = site.value.func
            if isinstance(func, o.Name):
                function = functions.get((names.owner(func.name, site.scope), func.name), -1)
                for arg, name in zip(site.value.args, parameters.get(function, ()), strict=False):
                    if isinstance(arg.value, o.Name):
                        variable = names.owner(arg.value.name, site.scope), arg.value.name
                        handed[variable].append((site, (function, arg.keyword or name)))
        return handed

    @cached_property
    def _signed(self) -> set[Variable]:
        """The parameters that a function gives such an item, itself or by another."""
        givers = defaultdict(list)
        for variable, handed in self._handed.items():
            for _, parameter in handed:
                givers[parameter].append(variable)
        signed = {parameter for parameter in givers if self._own_sets(parameter)}
        todo = list(signed)
        while todo:
            new = set(givers.get(todo.pop(), ())) - signed
            signed |= new
            todo += new
        return signed
