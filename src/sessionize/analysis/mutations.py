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
    f"builtins.{name}"
    for name in ("print", "len", "dict", "str", "repr", "sorted", "list", "tuple", "set", "bool", "isinstance")
) | {"json.dumps", "copy.copy", "copy.deepcopy"}
_READING = frozenset({"get", "items", "keys", "values", "copy"})


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
        done: list[tuple[Access, o.Use | None]] = [
            (use.access, use) for use in self.outline.uses if not self._is_response(use.name, use.scope)
        ]
        done += [(call.access, None) for call, path in self.origins.called if not self.origins.library.owns(path)]
        chains = defaultdict(list)
        for access, use in done:
            for attr in {*access.attributes}:
                chains[attr].append((access, use))
        return chains

    def _is_response(self, name: str, scope: int) -> bool:
        return self._holds_responses(self.names.owner(name, scope), name)

    @memo
    def _holds_responses(self, owner: int, name: str) -> bool:
        """Tell whether a variable is bound to what functions of the library return, and to nothing else."""
        made = [bind.value for bind in self.names.binds(owner, name)]
        paths = [self.origins.path_of(value.func, owner) if isinstance(value, v.Call) else None for value in made]
        return bool(paths) and all(map(self.origins.library.owns, paths))

    @memo
    def mutating_uses(self, owner: int, name: str) -> list[o.Use]:
        """The uses of a variable that may change the dict it is bound to, or make it known under another name."""
        uses = self.names.uses(owner, name)
        return [use for use in uses if not (_only_reads(use.access) or self._is_looked_at(use))]

    def _is_looked_at(self, use: o.Use) -> bool:
        if use.access != ARGUMENT:
            return False
        call, path = self.outline.calls[use.call], self.origins.paths[use.call]
        kept = any(arg.keyword and arg.value == v.Name(use.name) for arg in call.value.args)  # `dict(headers=name)`
        return (path in _LOOKING and not kept) or self.origins.library.function(path) is not None

    def reachable_by_string(self, attr: str) -> bool:
        """Tell whether the file may change attributes, or take this one, by `setattr`, `getattr` and the like."""
        return self._names_in_text is None or attr in self._names_in_text

    @cached_property
    def _names_in_text(self) -> set[str] | None:
        """The names that `getattr` and the like are given; None if they may be any, as `setattr` takes any."""
        anything = "builtins.setattr" in self.origins.paths or "__setattr__" in self.outline.attributes
        names: list[v.Value] = [v.OPAQUE] if anything else []
        for call, path in self.origins.called:
            if path in ("builtins.getattr", "operator.attrgetter"):
                taken = slice(1, 2) if path == "builtins.getattr" else slice(None)
                names += [arg.value for arg in call.value.args[taken]]
        known = [str(name.value) for name in names if isinstance(name, v.Const)]
        return {word for text in known for word in text.split(".")} if len(known) == len(names) else None

    @cached_property
    def reflection(self) -> str:
        """The first thing that may reach variables otherwise than by name: `globals()`, `sys.modules`; or empty."""
        for call, path in self.origins.called:
            name = (path or "").removeprefix("builtins.")
            if name in ("eval", "exec", "globals") or (name in ("locals", "vars") and not call.value.args):
                return f"{name}()"
        shown = any(path == "sys" and use.access.attribute == "modules" for use, path in self.origins.imported_uses)
        return "sys.modules" if shown else ""


def _only_reads(access: Access) -> bool:
    """Tell whether a dict is only read: `name["a"]`, `name.get("a")`, `**name`."""
    item = access.steps == (ITEM,) and not (access.calls or access.rebinds)
    return item or access in (READ, UNPACK) or access.method in _READING
