"""RQS106: a session that a loop makes anew, or that serves a single call."""

from __future__ import annotations

from collections.abc import Iterator

from sessionize.files.settings import Settings
from sessionize.rules.rule import Finding, Rule
from sessionize.sharing.facts import Facts


def check(facts: Facts, settings: Settings) -> Iterator[Finding]:
    """## What it does
    Finds `requests.Session()` made in a loop, or made for one call and dropped. Where something is set on the session
    before its call, that counts only in a function that this file calls again and again, or in a method that reads its
    object.

    ## Why is this bad?
    A session saves time from its second call on. Made anew for each call it costs what a bare call costs (see RQS101).

    ## Example
    ```python
    for name in names:
        with requests.Session() as session:
            page = session.get(f"{BASE}/{name}")
    ```

    Use instead:
    ```python
    session = requests.Session()
    for name in names:
        page = session.get(f"{BASE}/{name}")
    ```

    ## Fix safety
    The session moves out of the loop where it is used for calls only, all of them in the loop; the fix is then as safe
    as that of RQS101. Where something is set on the session in the loop, or it is handed on, or it is made once for one
    call, nothing is changed.

    ## When not to use
    Where each iteration is for another user whose login stays with the connection, as with NTLM.

    ## References
    - [requests: Session Objects](https://requests.readthedocs.io/en/latest/user/advanced/#session-objects)
    """
    for session in facts.underused.sessions:
        message = "a session created for a single call saves nothing"
        if session.loops:
            message = "a session created in every iteration of a loop opens a new connection each time"
        elif not session.plain:
            message = "a session created on every call of this function opens a new connection each time"
        yield Finding("RQS106", session.id, message)


SESSION_NOT_REUSED = Rule("RQS106", "session-not-reused", check, cure="idle")
