"""For whom a call is made, as far as its own arguments say: credentials, cookies, and headers like `Authorization`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import NamedTuple, TypeAlias

from sessionize import outline as o
from sessionize.facts import BareCall, Facts

# A token against forged requests is another for each of a user's calls.
_USER = re.compile(r"authorization|cookie|.*api-?key|(?!.*[cx]srf).*token")
_BINDING = ("ntlm", "negotiate")
Item: TypeAlias = tuple[str, o.Value]  # the key in small letters


class Argument(NamedTuple):
    """An argument of a call that may say for whom it is made."""

    scope: int
    option: str
    value: o.Value


class Users:
    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        # By argument, and by variable, as they are asked for.
        self._known: dict[Argument, tuple[Item, ...]] = {}
        self._found: dict[Argument, tuple[Item, ...]] = {}
        self._binds: dict[Argument, bool] = {}
        self._given: dict[tuple[int, str], list[tuple[int, int, str]]] = {}

    def said(self, calls: Iterable[BareCall]) -> Iterator[tuple[int, str, o.Value]]:
        """What of calls says for whom they are made: the scope, the option or header, and its value.

        What only may say it has an empty key. Calls often share an argument, which is gone through once.
        """
        for argument in dict.fromkeys(argument for call in calls for argument in self._arguments(call)):
            for key, value in self._said(argument):
                yield argument.scope, key, value

    def credentials(self, call: BareCall) -> list[tuple[Item, ...]]:
        """What of a call is, or may be, a name and a password, or what stands for them."""
        return list(filter(None, map(self._credentials, self._arguments(call))))

    def changes(self, owner: int, name: str) -> list[tuple[int, int]]:
        """Where (tick, part) a variable is bound, or gets an item that says for whom a call is made, or may say it."""
        changes = [(bind.tick, bind.part) for bind in self.facts.names.binds(owner, name)]
        return changes + [(tick, part) for tick, part, _ in self._sets(owner, name)]

    def bind_connection(self, call: BareCall) -> bool:
        """Whether its Authorization is, or may be, of a kind that a server ties to the connection (NTLM, Negotiate)."""
        return self._binding and any(map(self._may_bind, self._arguments(call)))

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
            items = self._items(value, scope, set()) if option in ("headers", "params") else [(option, value)]
            if option == "params":
                items = ((f"{key} in params", item) for key, item in items if key)
            self._known[argument] = tuple((key, item) for key, item in items if item != o.NONE)
        return self._known[argument]

    def _credentials(self, argument: Argument) -> tuple[Item, ...]:
        if argument not in self._found:
            said = self._said(argument)
            self._found[argument] = tuple(item for item in said if item[0] in ("auth", "authorization", ""))
        return self._found[argument]

    def _may_bind(self, argument: Argument) -> bool:
        if argument not in self._binds:
            values = (value for key, value in self._credentials(argument) if key != "auth")
            prefixes = {self.facts.prefix(value, argument.scope).lower() for value in values}
            self._binds[argument] = any(not prefix or prefix.startswith(_BINDING) for prefix in prefixes)
        return self._binds[argument]

    # --- items of dicts -----------------------------------------------------------------------------------------------

    def _items(self, value: o.Value, scope: int, seen: set[tuple[int, str]] | None = None) -> Iterator[Item]:
        """The items of a dict that say for whom a call is made; with an empty key what else may hold such items.

        seen: the variables that were looked into, as `headers = {**headers, ...}` holds itself; none is if it is None.
        """
        match value:
            case o.Dict(items=items):
                for key, item in items:
                    if key is None:
                        yield from self._items(item, scope, seen)
                    elif (user := self._user(key, scope)) is not None:
                        yield user, item
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
                    yield from self._items_of(*variable, seen)
            case _:
                yield "", value

    def _items_of(self, owner: int, name: str, seen: set[tuple[int, str]]) -> Iterator[Item]:
        """The same of a variable."""
        binds = self.facts.names.binds(owner, name)
        for bind in binds:
            if bind.how in ("assign", "walrus"):
                yield from self._items(bind.value, owner, seen)
            else:
                yield "", o.Name(name)
        if not binds:
            yield "", o.Name(name)
        for tick, _, key in self._sets(owner, name):
            yield key, o.Item(o.Name(name), o.Const(tick, "int"))

    def _given_items(
        self, args: Sequence[o.Argument], scope: int, seen: set[tuple[int, str]] | None = None
    ) -> Iterator[Item]:
        """The same of `dict(...)` and `headers.update(...)`."""
        for arg in args:
            if arg.keyword is None:
                yield from self._items(arg.value, scope, seen)
            elif (user := self._user(o.Const(arg.keyword, "str"), scope)) is not None:
                yield user, arg.value

    def _user(self, key: o.Value, scope: int) -> str | None:
        """A key in small letters if it says for whom a call is made, nothing if it may, None if it does not."""
        key = self.facts.constant(key, scope)
        if not isinstance(key, o.Const):
            return ""
        said = str(key.value).lower()
        return said if _USER.fullmatch(said) else None

    def _sets(self, owner: int, name: str) -> list[tuple[int, int, str]]:
        """The items that a variable is given by `name[key] =`, `name.update(...)` and the like, and that say for whom a
        call is made, or may say it: tick, part, key."""
        if (owner, name) not in self._given:
            sets = self.facts.names.items_set(owner, name)
            given = [(use.tick, use.part, self._user(use.key, use.scope)) for use in sets]
            for site in map(self.facts.outline.calls.__getitem__, self.facts.method_calls[owner, name]):
                args, method = site.value.args, o.last_name(site.value.func)
                if method == "update":
                    given += [(site.tick, site.part, key) for key, _ in self._given_items(args, site.scope)]
                elif method == "setdefault":
                    given += [(site.tick, site.part, self._user(arg.value, site.scope)) for arg in args[:1]]
            self._given[owner, name] = [(tick, part, key) for tick, part, key in given if key is not None]
        return self._given[owner, name]
