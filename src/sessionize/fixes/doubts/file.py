"""The whole file: it changes requests itself, or is a test."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cached_property

from sessionize.files.paths import path_in_project
from sessionize.fixes.doubts.showing import Showing
from sessionize.sharing.facts import Facts
from sessionize.syntax import outline as o, values as v
from sessionize.syntax.access import ARGUMENT, UNPACK, VALUE
from sessionize.syntax.values import last_name

# Requests and what it is made of: a module that assigns to it may change how sessions work.
_BENEATH = frozenset({"requests", "urllib3", "socket"})
_PATCHING = frozenset({"patch", "object", "setattr", "delattr", "import_module", "__import__", "wrap_function_wrapper"})
_REPLACING = frozenset({"requests_cache", "httpretty", "pytest_socket"})
_SMALL = frozenset({"machine", "micropython", "utime", "usocket", "esp", "esp32", "rp2"})
_SERVING = ("http.server", "socketserver")
_TESTING = frozenset({"pytest", "unittest", "responses", "requests_mock", "vcr", "nose"})


class WholeFile:
    def __init__(self, facts: Facts, showing: Showing) -> None:
        self.facts = facts
        self.outline = facts.outline
        self.showing = showing

    @cached_property
    def unsafe(self) -> str:
        """The reason why no session in this file is known to be safe; empty if nothing speaks against it."""
        checks: tuple[Callable[[], Iterator[str]], ...] = (
            self._changed,
            self._patched,
            self._imports,
            self._test,
            self._unread,
        )
        return next((reason for check in checks for reason in check()), "")

    def _changed(self) -> Iterator[str]:
        for use, path in self.facts.origins.imported_uses:
            if _changes_attribute(use):
                if path.partition(".")[0] in _BENEATH or (path == "sys" and use.access.attribute == "modules"):
                    yield f"`{use.name}{use.access.path}` is changed in this file"
            elif path == "requests" and self._may_be_changed(use):
                yield f"`{use.name}` is handed on in this file, and may be changed there"
        for use in self.outline.uses:  # of `session = requests.Session`, say
            if _changes_attribute(use):
                followed = self.facts.origins.resolve_once(v.Name(use.name), use.scope)
                if (self.facts.origins.path_of(followed, use.scope) or "").partition(".")[0] in _BENEATH:
                    yield f"what `{use.name}` names is changed in this file"

    def _may_be_changed(self, use: o.Use) -> bool:
        """Tell whether the code that a module is handed to may change it; `getattr(requests, name)` does not."""
        if use.access == ARGUMENT and self.facts.origins.paths[use.call] == "builtins.getattr":
            return False
        return use.access in (VALUE, ARGUMENT, UNPACK) or use.access.attribute == "__dict__"

    def _patched(self) -> Iterator[str]:
        for call in self.outline.calls:
            if last_name(call.value.func) in _PATCHING and call.value.args:
                subject = call.value.args[0].value
                path = self.facts.origins.path_of(subject, call.scope)
                if re.match(r"(.*\.)?requests\b", str(subject.value if isinstance(subject, v.Const) else path)):
                    yield "requests is patched in this file"

    def _imports(self) -> Iterator[str]:
        for module in self._modules:
            if module.partition(".")[0] in _REPLACING:
                yield f"{module.partition('.')[0]} changes how requests works"
            if module.partition(".")[0] in _SMALL:
                yield "this is a program for MicroPython, whose requests has no sessions"
            if module.startswith(_SERVING):
                yield "a server of this program may wait for the session's connection to close"

    def _test(self) -> Iterator[str]:
        path = path_in_project(self.facts.filename)
        named = re.fullmatch(r"(test_.*|.*_tests?|tests?|conftest)\.(pyi?|ipynb)", path.name)
        inside = {"test", "tests", "testing"}.intersection(path.parts)
        if named or inside or any(module.partition(".")[0] in _TESTING for module in self._modules):
            yield "this is a test, and tests replace `requests.get` and the like by name"

    def _unread(self) -> Iterator[str]:
        yield from (f"{line} cannot be read, and may do anything" for line in self.showing.running if line[0] != "%")

    @cached_property
    def _modules(self) -> list[str]:
        """The paths of all that the file imports."""
        return sorted(self.outline.modules)


def _changes_attribute(use: o.Use) -> bool:
    return use.access.attribute != "" and use.access.rebinds
