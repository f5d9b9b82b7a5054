"""The doubt `patched`: something takes the place of requests, or changes it."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from functools import cached_property
from itertools import chain

from sessionize.doubts.doubt import Kind, Sharing
from sessionize.files.paths import path_in_project
from sessionize.project.meddling import meddling

_REPLACING = frozenset({"requests_cache", "httpretty", "pytest_socket"})
# Of all packages that are named after requests these leave it as it is, unless they are told to patch it.
_LEAVING = frozenset(
    (
        *("requests_toolbelt", "requests_oauthlib", "requests_file", "requests_ftp", "requests_futures"),
        *("requests_ntlm", "requests_ntlm2", "requests_negotiate", "requests_negotiate_sspi", "requests_kerberos"),
        *("requests_gssapi", "requests_credssp", "requests_aws4auth", "requests_auth_aws_sigv4", "requests_hawk"),
        *("requests_pkcs12", "requests_html", "requests_ratelimiter", "requests_unixsocket", "requests_unixsocket2"),
        *("requests_ip_rotator", "requests_threads", "requests_tor", "requests_auth", "requests_http_signature"),
        *("requests_testadapter", "requests_pprint", "requests_jwt", "requests_wsgi_adapter", "requests_httpsig"),
        "requests_mock",
    )
)
_SMALL = frozenset({"machine", "micropython", "utime", "usocket", "esp", "esp32", "rp2"})
_TESTING = frozenset({"pytest", "unittest", "responses", "requests_mock", "vcr", "nose"})


class PatchedLibrary(Kind):
    """Something takes the place of `requests.get`, or changes requests: `mock.patch("app.requests.get")`.

    ## Why it matters
    Once the call is `session.get`, a test that replaces `requests.get` by name no longer reaches it, and the call goes
    to the network, or passes where it should fail. Code that replaces parts of requests may treat sessions differently.

    ## How to find out
    RQS301 lists the patches of a call. Libraries that replace the transport (responses, requests_mock, vcr) see
    sessions as well.

    ## What to do
    Let the patches move along, `sessionize fix --unsafe-fixes --rewrite-patches`, or with `accept = ["patched"]` and
    `rewrite-patches = true` in the settings. If you only accept the doubt, `--accept patched`, tests that patch
    `requests.get` call the network from then on, and you have to fix them yourself.
    """

    name = "patched"

    def reason(self, sharing: Sharing) -> str:
        for call in sharing.calls:
            if patches := self.facts.patched.patches_of(call):
                return f"{patches[0]} replaces `{patches[0].target}` by name"
        return self._of_file or self._of_others

    @cached_property
    def _of_file(self) -> str:
        """The reason why no session in this file is known to be as good; empty if nothing speaks against it."""
        if code := meddling(self.facts.around.text.encode(errors="replace")):
            return f"this file changes requests, or what it is made of, or hands it on: `{textwrap.shorten(code, 60)}`"
        return next(chain(self._imports(), self._test()), "")

    @cached_property
    def _of_others(self) -> str:
        """The reason why requests may be another one by other files; empty if nothing speaks for it."""
        if other := self.facts.around.other_that("meddles"):
            return f"{other} changes requests, or what it is made of, or hands it on"
        if "requests" in self.facts.around.beside():
            return "`requests` may be the module of that name beside this file"
        if self.facts.around.may_replace():
            return "another file may put something else in the place of `requests` here"
        return ""

    def _imports(self) -> Iterator[str]:
        for module in sorted(self.facts.packages):
            if module in _REPLACING or (module.startswith("requests_") and module not in _LEAVING):
                yield f"{module} may change how requests works"
            if module in _SMALL:
                yield "this is a program for MicroPython, whose requests has no sessions"

    def _test(self) -> Iterator[str]:
        path = path_in_project(self.facts.filename)
        named = re.fullmatch(r"(test_.*|.*_tests?|tests?|conftest)\.(pyi?|ipynb)", path.name)
        inside = {"test", "tests", "testing"}.intersection(path.parts)
        if named or inside or not _TESTING.isdisjoint(self.facts.packages):
            yield "this is a test, and tests often patch `requests.get` and the like"
