"""RQS201: the same headers on every call that could share a session."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeAlias

from sessionize.analysis.flow import Place
from sessionize.files.settings import Settings
from sessionize.homes.module_home import module_home
from sessionize.homes.object_home import object_home
from sessionize.library.calls import BareCall
from sessionize.rules.rule import Finding, Rule
from sessionize.sharing.facts import Facts
from sessionize.sharing.hoisting import Interval
from sessionize.sharing.shared_headers import shared_headers

# A call, some of its options, and the words for how often they are passed.
_Unchanged: TypeAlias = tuple[BareCall, tuple[str, ...], str]


def unchanged(facts: Facts, settings: Settings, options: Iterable[str]) -> Iterator[_Unchanged]:
    """The calls that should share a session which could hold some of these options for all.

    None where they share that of the project: what is set on it would hold for all calls there are.
    """
    if settings.session_factory_shared:
        return
    for frame in facts.groups.by_frame:
        calls = facts.groups.repeated[frame]
        place = facts.groups.place(calls) if calls else None
        if place is not None:
            yield from _with(calls, tuple(_held(facts, calls, place, options)))
    for owner, calls in facts.groups.lasting.items():
        lasting = object_home(facts, owner, calls) if owner else module_home(facts, calls)
        held = () if isinstance(lasting, str) else lasting.options
        yield from _with(calls, tuple(option for option in options if option in held))


def _with(calls: Sequence[BareCall], options: tuple[str, ...]) -> Iterator[_Unchanged]:
    passed = (
        "passed to every call that could share a session" if len(calls) > 1 else "passed each time this call is made"
    )
    for call in calls if options else ():
        yield call, options, passed


def _held(facts: Facts, calls: Sequence[BareCall], place: Place, options: Iterable[str]) -> Iterator[str]:
    """The options that a session which is made at `place` may hold, or a part of them."""
    for option in options:
        whole = Interval(facts, calls, place).keeps(option)
        if whole or (option == "headers" and shared_headers(facts, calls, place) is not None):
            yield option


def check(facts: Facts, settings: Settings) -> Iterator[Finding]:
    """## What it does
    Finds headers that are the same, and unchanged, on every call that should share a session (RQS101 to RQS105): the
    same `headers=`, or what comes first in the displays that are passed, `{"X-Api-Key": self.key, ...}`.

    ## Why is this bad?
    What is the same for all calls is said once on the session: `session.headers.update(...)`. A call that is added
    later can't forget it.

    ## Example
    ```python
    for name in names:
        requests.get(f"{BASE}/{name}", headers=HEADERS, timeout=10)
    ```

    Use instead:
    ```python
    session = requests.Session()
    session.headers.update(HEADERS)
    for name in names:
        session.get(f"{BASE}/{name}", timeout=10)
    ```

    ## Fix safety
    The headers move only where each call sends exactly what it sent: all calls of the session pass the same; they are a
    dict display with string keys and no `None`, or a name bound to one; nothing changes it, or could know it under
    another name, before the last call; and taking it early can't raise. Anything else stays at the calls, which are
    redirected all the same. They are set with `update`, which keeps the session's defaults.

    Of displays that differ, the headers move that come first in all of them, as a session sends its own before those
    of the call; `User-Agent`, `Accept`, `Accept-Encoding` and `Connection`, which it has anyway, move from any place.
    Their values are texts, and names and attributes that stay the same: `f"token {self.token}"` where only `__init__`
    sets `self.token`. A variable `headers` that nothing else needs goes.

    ## When not to use
    Where calls with other headers will follow on the same session. With `session-factory-shared` nothing is found.

    ## References
    - [requests: Session.headers](https://requests.readthedocs.io/en/latest/api/#requests.Session.headers)
    """
    for call, _, passed in unchanged(facts, settings, ["headers"] if "headers" in settings.hoist else []):
        yield Finding("RQS201", call.id, f"the same headers are {passed}", ("headers",))


REPEATED_HEADERS = Rule("RQS201", "repeated-headers", check, once_a_session=True, cure="along")
