"""The doubt `patched`: something takes the place of requests, or changes it."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from functools import cached_property
from itertools import chain

from sessionize.doubts.doubt import Kind, Sharing
from sessionize.files.paths import path_in_project
from sessionize.library.calls import BareCall
from sessionize.library.patches import is_module, module_of
from sessionize.profiles import Library
from sessionize.project.meddling import meddling
from sessionize.sharing.facts import Facts
from sessionize.syntax.access import ARGUMENT, UNPACK, VALUE

_SMALL = frozenset({"machine", "micropython", "utime", "usocket", "esp", "esp32", "rp2"})
_TESTING = frozenset({"pytest", "unittest", "vcr", "nose"})


class PatchedLibrary(Kind):
    """Something takes the place of `requests.get`, or changes requests: `mock.patch("app.requests.get")`.

    ## Why it matters
    Once the call is `session.get`, a test that replaces `requests.get` by name no longer reaches it, and the call goes
    to the network, or passes where it should fail. Code that replaces parts of requests may treat sessions differently.

    ## How to find out
    RQS301 lists the patches of a call. Libraries that replace the transport (responses, requests_mock, vcr) see
    sessions as well.

    Patches of httpx, niquests and curl_cffi are not read. There the doubt holds where another file of the project names
    the library, or respx, pytest_httpx, niquests_mock or nimax, and patches something, sets an attribute of it or hands
    it on; respx and pytest_httpx see clients, too.

    ## What to do
    Let the patches move along, `sessionize fix --unsafe-fixes --rewrite-patches`, or with `accept = ["patched"]` and
    `rewrite-patches = true` in the settings. If you only accept the doubt, `--accept patched`, tests that patch
    `requests.get` call the network from then on, and you have to fix them yourself.
    """

    name = "patched"

    @property
    def library(self) -> Library:
        return self.facts.library

    def reason(self, sharing: Sharing) -> str:
        for call in sharing.calls:
            if patches := self.facts.patches_of(call):
                return f"{patches[0]} replaces `{patches[0].target}` by name"
            if file := unread_patch(self.facts, call):
                return f"{file} may replace `{call.shown}` by name, which is not looked for"
        for call in sharing.calls:
            named = self.facts.origins.path_of_name(call.root, call.site.scope) == self.library.name
            if named and self.facts.around.may_replace(call.root):
                return f"another file may put something else in the place of `{call.root}` here"
        return self._of_file or self._of_others

    @cached_property
    def _of_file(self) -> str:
        """The reason why no session in this file is known to be as good; empty if nothing speaks against it."""
        if code := meddling(self.facts.around.text.encode(errors="replace")):
            shown = textwrap.shorten(code, 60)
            return f"this file changes {self.library.name}, or what it is made of, or hands it on: `{shown}`"
        return next(chain(self._changed(), self._imports(), self._test()), "")

    @cached_property
    def _of_others(self) -> str:
        """The reason why requests may be another one by other files; empty if nothing speaks for it."""
        if other := self.facts.around.other_that("meddles"):
            return f"{other} changes {self.library.name}, or what it is made of, or hands it on"
        if self.library.name in self.facts.around.beside():
            return f"`{self.library.name}` may be the module of that name beside this file"
        return ""

    def _changed(self) -> Iterator[str]:
        """Changes by this file to a library of which `meddling` knows nothing: `httpx.get = fake`, `wrap(httpx)`."""
        uses = self.facts.origins.imported_uses if not self.library.reads_patches else ()
        for use, path in uses:
            access = use.access
            handed_on = path == self.library.name and access in (VALUE, ARGUMENT, UNPACK)
            beneath = path.partition(".")[0] in self.library.beneath or (path, access.attribute) == ("sys", "modules")
            changed = access.attribute == "__dict__" or (access.attribute != "" and access.rebinds)
            if handed_on or (beneath and changed):
                yield f"`{use.name}{access.path}` is changed in this file, or handed on"

    def _imports(self) -> Iterator[str]:
        for module in sorted(self.facts.packages):
            named = module.startswith(f"{self.library.name}_") and module not in self.library.leaving
            if module in self.library.replacing or named:
                yield f"{module} may change how {self.library.name} works"
            if module in _SMALL:
                yield f"this is a program for MicroPython, whose {self.library.name} has no {self.library.word}s"

    def _test(self) -> Iterator[str]:
        path = path_in_project(self.facts.filename)
        named = re.fullmatch(r"(test_.*|.*_tests?|tests?|conftest)\.(pyi?|ipynb)", path.name)
        inside = {"test", "tests", "testing"}.intersection(path.parts)
        if named or inside or not (_TESTING | self.library.mocks).isdisjoint(self.facts.packages):
            yield f"this is a test, and tests often patch `{self.library.name}.get` and the like"


def unread_patch(facts: Facts, call: BareCall) -> str:
    """The file, or the patch, that may replace what a call names, of a library whose patches are not read; else empty.

    That is one that names the library and patches something, or a patch of this file's own name for it, as in
    `mock.patch("client.get")`.
    """
    if facts.library.reads_patches:
        return ""
    module = module_of(facts.filename)
    for patch in facts.around.patches(frozenset({call.root, facts.library.name})):
        parts = patch.target.split(".")
        for place, part in enumerate(parts):
            if part == facts.library.name or (part == call.root and is_module(parts[:place], module)):
                return str(patch)
    return facts.around.file_replacing(facts.library.named_in_tests)
