"""RQS302: a call on a session without `timeout=`."""

from __future__ import annotations

from collections.abc import Iterator

from sessionize.files.settings import Settings
from sessionize.rules.rule import Finding, Rule
from sessionize.sharing.facts import Facts


def check(facts: Facts, settings: Settings) -> Iterator[Finding]:
    """## What it does
    Finds calls on a `requests.Session` that pass no `timeout=`, or None. It is off by default: select `RQS302`, its
    name, `RQS3` or `ALL`; `RQS` alone does not select it.

    A session is one that the file shows: a name bound to `requests.Session()`, an attribute that the class sets to one,
    or `requests.Session().get(url)`. Left out are calls with `**options`, which may hold a timeout, and sessions that
    may bring one of their own: with an adapter mounted other than `requests.adapters.HTTPAdapter`, or a method
    replaced.

    ## Why is this bad?
    Requests waits indefinitely by default, also on a session, and a session cannot be told otherwise: it has no
    `timeout`. Ruff's S113, bandit's B113, pylint's W3101 and flake8-timeout look for that too, but at `requests.get`
    only. A call that `sessionize fix` redirects is out of their sight; this rule goes on seeing it.

    ## Example
    ```python
    with requests.Session() as session:
        page = session.get(url)
    ```

    Use instead:
    ```python
    with requests.Session() as session:
        page = session.get(url, timeout=10)
    ```

    ## Fix safety
    There is no fix: choose a timeout yourself. An adapter can say it for all calls of a session
    ([timeouts](../guides/timeouts.md)).

    ## When not to use
    Where calls may wait without end.

    ## References
    - [requests: Timeouts](https://requests.readthedocs.io/en/latest/user/advanced/#timeouts)
    """
    for call in facts.sessions.calls(timed=False):
        if facts.bare.waits(call):
            yield Finding("RQS302", call.id, f"`{call.shown}` is called without a timeout, and may wait indefinitely")


SESSION_CALL_WITHOUT_TIMEOUT = Rule(
    "RQS302",
    "session-call-without-timeout",
    check,
    by_default=False,
    by_hand="choose a timeout yourself",
    tells_untimed=True,
)
