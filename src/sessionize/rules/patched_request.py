"""RQS301: a bare call that should share a session, and that tests replace by name."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import filterfalse
from operator import attrgetter

from sessionize.files.settings import Settings
from sessionize.library.calls import BareCall
from sessionize.library.patches import Patch
from sessionize.rules.rule import Finding, Rule
from sessionize.sharing.facts import Facts


def check(facts: Facts, settings: Settings) -> Iterator[Finding]:
    """## What it does
    Finds a bare call that should share a session (RQS101 to RQS105), and that a test of the project replaces by name:
    `mock.patch("requests.get")`, `patch.object(requests, "get")`, `monkeypatch.setattr(requests, "get", fake)`,
    `mocker.patch(...)`, `requests.get = fake`. It names the file and line of the test. It is reported at the call, and
    not at the patch, because the call is what a fix would change, and often the only file that is looked at; once a
    file, at the first such call, with the functions that the others call.

    All Python files of the project are searched for patches, whatever they are called: from the folder with its
    `pyproject.toml`, `sessionize.toml`, `setup.py`, `setup.cfg` or `.git` on, without such folders inside of it. Where
    there is none around a file, its own folder is searched, with the packages and the `tests` in it. Settings leave
    files out of what is checked, not out of this search. It is made only where a call should share a session. A test
    concerns the modules that it, its `conftest.py` and what they import may load, and those that it names; all, where
    one of these loads what it does not import (`import_module`, Django).

    | what is replaced | concerns |
    |---|---|
    | `requests.get`, `client.requests.get` | all calls of `requests.get`: both name the one function |
    | `client.requests`, `client.get` (imported by `from`) | the calls of the module `client` |
    | `requests.api.request`, `requests.sessions.Session` | all calls, for they are made of these |
    | `requests.Session`, `Session.__init__` | all calls: a fix uses these in another way |
    | `requests.Session.get` | all calls of `requests.get`, which a fix would bring into its reach |
    | `Session.request` | none: it is still called, by `session.get` with `"GET"` where `requests.get` passes `"get"` |
    | `Session.send`, `HTTPAdapter.send`, what `responses`, `requests_mock` and `vcr` do | none: it works as before |

    ## Why is this bad?
    A fix calls a session's method, and a patch of `requests.get` no longer has an effect: the test reaches the network.

    ## Example
    ```python
    @mock.patch("requests.get")
    def test_all_pages(get):
        get.return_value.json.return_value = []
        assert client.all_pages() == []
    ```

    Use instead:
    ```python
    @mock.patch("requests.Session.get")
    def test_all_pages(get):
        get.return_value.json.return_value = []
        assert client.all_pages() == []
    ```

    ## Fix safety
    The fix of such a call is unsafe, whatever it is without the test, and also where this rule is not selected.

    With `--unsafe-fixes --rewrite-patches` the patches move along with the calls. Nothing is set on the session then,
    so that they get the same arguments. Where bare calls remain, the patch stays, and a second one makes the session's
    method call what is patched. A call stays as it is if its patch can't be moved: one of the whole module; one of
    `requests.request`, which as `Session.request` would reach every method; one whose target is put together at run
    time. A patch of the class also reaches sessions that were there before: look at a test that uses both.

    ## When not to use
    There is no reason to leave it out: it costs nothing where there is nothing to fix.

    ## References
    - [unittest.mock: Where to patch](https://docs.python.org/3/library/unittest.mock.html#where-to-patch)
    """
    return _bypassing(facts)


def _patches(facts: Facts, call: BareCall) -> list[Patch]:
    """The patches that replace a call, and that one on a session would go past."""
    return list(filterfalse(attrgetter("catches_sessions"), facts.patches_of(call)))


def _bypassing(facts: Facts) -> Iterator[Finding]:
    """The first call with a patch that one on a session would go past. It speaks of the others."""
    bypassed = list(filter(partial(_patches, facts), facts.groups.sharing))
    if not bypassed:
        return
    call, *others = bypassed
    patch, *more = _patches(facts, call)
    where = f"({patch}{f' and {len(more)} more' if more else ''})"
    message = f"`{patch.target}` is patched by name {where}, and a call on a session would bypass the patch"
    if others:
        named = ", ".join(dict.fromkeys(f"`{other.shown}`" for other in others))
        message += f"; this holds for {len(others)} more call{'s' * (len(others) > 1)}, of {named}"
    yield Finding("RQS301", call.id, message)


PATCHED_REQUEST = Rule("RQS301", "patched-request", check, once_a_file=True, cure="along")
