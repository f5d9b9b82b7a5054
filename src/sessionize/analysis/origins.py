"""The things that names stand for: `requests.get` for `get` behind `from requests import get`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property

from sessionize.analysis.memo import memo
from sessionize.analysis.names import Names
from sessionize.profiles import Library
from sessionize.syntax import outline as o, values as v


class Origins:
    """The origins of the names in one file."""

    def __init__(self, outline: o.Outline, names: Names, library: Library) -> None:
        self.outline = outline
        self.names = names
        self.library = library
        self.paths = [self.path_of(call.value.func, call.scope) for call in outline.calls]  # what each call calls

    @property
    def called(self) -> Iterator[tuple[o.CallSite, str | None]]:
        """Each call with the path of what it calls."""
        return zip(self.outline.calls, self.paths, strict=True)

    def path_of(self, value: v.Value, scope: int) -> str | None:
        """The dotted path that an expression names: `requests.get`, `builtins.print`.

        None if it begins with no import, and with no name that only Python itself binds.
        """
        attributes = []
        while isinstance(value, v.Attribute):
            attributes.append(value.attr)
            value = value.value
        path = self.path_of_name(value.name, scope) if isinstance(value, v.Name) else None
        return self.follow(path, reversed(attributes)) if path is not None else None

    def follow(self, path: str, attributes: Iterable[str]) -> str:
        """The path that attributes reach from a path: from `requests` both `get` and `api.get` reach `requests.get`."""
        for attribute in attributes:
            path = f"{path}.{attribute}"
            path = self.library.aliases.get(path, path)
        return path

    def path_of_name(self, name: str, scope: int) -> str | None:
        return self._path_of_variable(self.names.owner(name, scope), name)

    def is_function_call(self, value: v.Value, scope: int) -> bool:
        """Tell whether an expression calls a function of the library: `requests.get(url)`."""
        path = self.path_of(value.func, scope) if isinstance(value, v.Call) else None
        return self.library.function(path) is not None

    @memo
    def _path_of_variable(self, owner: int, name: str) -> str | None:
        if owner == -1:
            return f"builtins.{name}"
        if self.library.name in map(self.path, self.alike(owner, name)):
            return self.library.name
        paths = set(map(self.path, self.main_bindings(owner, name)))
        return paths.pop() if len(paths) == 1 else None

    @memo
    def main_bindings(self, owner: int, name: str) -> list[o.Bind]:
        """The bindings of a variable without fallbacks, such as `except ImportError: requests = None`."""
        live = self.bindings(owner, name)
        instead = self._fallbacks(live) if len(live) > 1 else ()
        return [bind for bind in live if bind.tick not in instead] or live

    def alike(self, owner: int, name: str) -> list[o.Bind]:
        """The imports of a copy of the library that stand in for the library, or the other way round.

        `except ImportError: from botocore.vendored import requests`. With either, the variable serves as the library:
        its functions, and its sessions, are those of one module.
        """
        main = self.main_bindings(owner, name)
        copies = [bind for bind in self.bindings(owner, name) if bind not in main and self._is_library(bind)]
        return copies if all(map(self._is_library, main)) else []

    def _is_library(self, bind: o.Bind) -> bool:
        """Tell whether an import binds the library, or a copy of it."""
        path = self.path(bind) or ""
        return path == self.library.name or self.library.copies.fullmatch(path) is not None

    def path(self, bind: o.Bind) -> str | None:
        """The dotted path of what an import binds; None for other bindings."""
        if not isinstance(bind.value, v.Imported):
            return None
        return self.library.aliases.get(bind.value.path, bind.value.path)

    def bindings(self, owner: int, name: str) -> list[o.Bind]:
        """The bindings of a variable but those under `if TYPE_CHECKING:`."""
        return [b for b in self.names.binds(owner, name) if b.form != "declare" and not self._for_types(b)]

    def _for_types(self, bind: o.Bind) -> bool:
        for part in self.outline.parts_around(bind.part):
            around = self.outline.parts[part - 1]  # as its test, a name, has no parts, the first arm follows it
            if around.kind == "if" and v.last_name(around.value) == "TYPE_CHECKING":
                return True
        return False

    def _fallbacks(self, live: Sequence[o.Bind]) -> set[int]:
        """The ticks of the bindings that stand in for a module that may be missing.

        They are in the handler of its import, or say `requests = None` before the import or in another branch.
        """
        parts = self.outline.parts
        imports: Counter[int] = Counter()  # in each part
        for bind in live:
            if bind.form == "import":
                imports.update(self.outline.parts_around(bind.part))
        if not imports:
            return set()
        before: Counter[int] = Counter()  # those so far, in each part, and in all (-1)
        found = set()
        for bind in live:
            imported = bind.form == "import"
            handles, branched = False, 0
            for part in self.outline.parts_around(bind.part):
                row = parts[part]
                if row.kind == "handler":
                    handles = handles or imports[row.parent] > imported
                elif row.kind == "arm":
                    branched += before[row.parent] - before[part]
            if (handles and (imported or bind.form == "assign")) or (
                bind.form == "assign" and bind.value == v.NONE and branched == before[-1]
            ):
                found.add(bind.tick)
            if imported:
                before.update((*self.outline.parts_around(bind.part), -1))
        return found

    @cached_property
    def imports(self) -> list[o.Bind]:
        """The bindings that imports make, in the order in which they run."""
        return [bind for bind in self.outline.binds if bind.form == "import"]

    @cached_property
    def imported_uses(self) -> list[tuple[o.Use, str]]:
        """The uses of imported names, each with the path that it stands for."""
        names = {bind.name for bind in self.imports}
        found = []
        for use in self.outline.uses:
            path = self.path_of_name(use.name, use.scope) if use.name in names else None
            if path is not None:
                found.append((use, path))
        return found

    def resolve_once(self, value: v.Value | None, scope: int) -> v.Value:
        """A value, followed through a name that is bound once: `HEADERS` is `{...}`; that of None where it is left out.

        It is opaque where the name is bound otherwise.
        """
        if value is None:
            return v.NONE
        if not isinstance(value, v.Name):
            return value
        binds = self.names.seen(value.name, scope)
        return binds[0].value if len(binds) == 1 and binds[0].form == "assign" else v.OPAQUE
