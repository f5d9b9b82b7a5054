"""For whom a call is made, as far as its own arguments say: credentials, cookies, and headers like `Authorization`."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import cached_property

from sessionize import outline as o
from sessionize.facts import BareCall, Facts

# A token against forged requests is another for each of a user's calls.
_USER = re.compile(r"authorization|cookie|.*api-?key|(?!.*[cx]srf).*token")
_BINDING = ("ntlm", "negotiate")
_SETTING = frozenset({"update", "setdefault"})


class Users:
    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        # By variable, as they are asked for.
        self._known: dict[tuple[int, str], list[tuple[str, o.Value]]] = {}
        self._given: dict[tuple[int, str], list[tuple[int, int, str]]] = {}

    def said(self, call: BareCall) -> list[tuple[str, o.Value]]:
        """What of a call says for whom it is made: options and headers, and their values. What only may say it has an
        empty key."""
        scope = call.site.scope
        found = [(option, call.argument(option)) for option in ("auth", "cookies")]
        if (headers := call.argument("headers")) is not None:
            found += self._items(headers, scope)
        if (params := call.argument("params", 1 if call.verb == "get" else -1)) is not None:
            found += [(f"{key} in params", value) for key, value in self._items(params, scope) if key]
        url = call.argument("url", 1 if call.verb == "request" else 0)
        if isinstance(url, o.Join) and any(isinstance(p, o.Const) and "@" in str(p.value) for p in url.parts):
            found.append(("", url))
        return [(key, value) for key, value in found if value is not None and value != o.NONE]

    def changes(self, owner: int, name: str) -> list[tuple[int, int]]:
        """Where (tick, part) a variable is bound, or gets an item that says for whom a call is made, or may say it."""
        changes = [(bind.tick, bind.part) for bind in self.facts.names.binds(owner, name)]
        return changes + [(tick, part) for tick, part, _ in self._sets(owner, name)]

    def bind_connection(self, call: BareCall) -> bool:
        """Whether its Authorization is, or may be, of a kind that a server ties to the connection (NTLM, Negotiate)."""
        said = self.said(call) if self._binding else ()
        prefixes = {self.facts.prefix(value, call.site.scope) for key, value in said if key in ("", "authorization")}
        return "" in prefixes or any(prefix.lower().startswith(_BINDING) for prefix in prefixes)

    @cached_property
    def _binding(self) -> bool:
        """Whether a text of the file begins with the name of such a kind."""
        return any(word.lower() in _BINDING for word in self.facts.outline.attributes)

    # --- items of dicts -----------------------------------------------------------------------------------------------

    def _items(self, value: o.Value, scope: int) -> Iterator[tuple[str, o.Value]]:
        """The items of a dict that say for whom a call is made; with an empty key what else may hold such items."""
        match value:
            case o.Dict(items=items):
                for key, item in items:
                    if key is None:
                        yield from self._items(item, scope)
                    elif (user := self._user(key, scope)) is not None:
                        yield user, item
            case o.Binary(op="|", left=left, right=right):
                yield from self._items(left, scope)
                yield from self._items(right, scope)
            case o.Call(func=o.Attribute(value=inner, attr="copy"), args=()):
                yield from self._items(inner, scope)
            case o.Call(func=func, args=args) if self.facts.origin(func, scope) == "builtins.dict":
                yield from self._arguments(args, scope)
            case o.Name(name=name):
                yield from self._items_of(self.facts.names.owner(name, scope), name)
            case o.Const(value=None):
                return
            case _:
                yield "", value

    def _items_of(self, owner: int, name: str) -> list[tuple[str, o.Value]]:
        """The same of a variable."""
        if (owner, name) not in self._known:
            self._known[owner, name] = []  # `headers = {**headers, ...}` asks for it meanwhile
            known: list[tuple[str, o.Value]] = []
            binds = self.facts.names.binds(owner, name)
            for bind in binds:
                plain = bind.how in ("assign", "walrus")
                known += self._items(bind.value, owner) if plain else [("", o.Name(name))]
            known += [(key, o.Item(o.Name(name), o.Const(tick, "int"))) for tick, _, key in self._sets(owner, name)]
            if not binds:
                known.append(("", o.Name(name)))
            self._known[owner, name] = known
        return self._known[owner, name]

    def _arguments(self, args: Sequence[o.Argument], scope: int) -> Iterator[tuple[str, o.Value]]:
        """The same of `dict(...)` and `headers.update(...)`."""
        for arg in args:
            if arg.keyword is None:
                yield from self._items(arg.value, scope)
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
            self._given[owner, name] = []  # `headers.update(headers)` asks for it meanwhile
            sets = self.facts.names.items_set(owner, name)
            given = [(use.tick, use.part, self._user(use.key, use.scope)) for use in sets]
            for site in self._updates[owner, name]:
                args = site.value.args
                if o.last_name(site.value.func) == "update":
                    items = self._arguments(args, site.scope)
                    given += [(site.tick, site.part, key) for key, _ in items]
                else:
                    given += [(site.tick, site.part, self._user(arg.value, site.scope)) for arg in args[:1]]
            self._given[owner, name] = [(tick, part, key) for tick, part, key in given if key is not None]
        return self._given[owner, name]

    @cached_property
    def _updates(self) -> dict[tuple[int, str], list[o.CallSite]]:
        """The calls `name.update(...)` and `name.setdefault(...)`, by the variable."""
        calls = defaultdict(list)
        for site in self.facts.outline.calls:
            func = site.value.func
            if isinstance(func, o.Attribute) and isinstance(func.value, o.Name) and func.attr in _SETTING:
                calls[self.facts.names.owner(func.value.name, site.scope), func.value.name].append(site)
        return calls
