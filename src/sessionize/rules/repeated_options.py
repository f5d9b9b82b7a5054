"""RQS202: the same `auth=` (by setting `cookies=` and `params=`) on every call that could share a session."""

from __future__ import annotations

from collections.abc import Iterator

from sessionize.files.settings import Settings
from sessionize.rules.repeated_headers import unchanged
from sessionize.rules.rule import Finding, Rule
from sessionize.sharing.facts import Facts


def check(facts: Facts, settings: Settings) -> Iterator[Finding]:
    """## What it does
    Finds `auth=` arguments that are the same, and unchanged, on every call that should share a session (RQS101 to
    RQS105). With the setting `hoist` it does the same for `cookies=` and `params=`.

    ## Why is this bad?
    What is the same for all calls is said once on the session: `session.auth = (user, password)`.

    ## Example
    ```python
    for name in names:
        requests.get(f"{BASE}/{name}", auth=(user, password))
    ```

    Use instead:
    ```python
    session = requests.Session()
    session.auth = (user, password)
    for name in names:
        session.get(f"{BASE}/{name}")
    ```

    ## Fix safety
    As for RQS201. Only a pair moves, as `(self.user, self.password)` of attributes that only `__init__` sets, or
    `HTTPBasicAuth(user, password)`, which is what requests makes of one: other objects may keep a state, and an
    identity bound to the connection would outlive its call. `verify`, `proxies`, `timeout`, `stream` and
    `allow_redirects` never move: the environment beats a session's `verify` and `proxies`, and a session has no
    `timeout`.

    ## When not to use
    Where calls without these credentials will follow on the same session.

    ## References
    - [requests: Session.auth](https://requests.readthedocs.io/en/latest/api/#requests.Session.auth)
    """
    wanted = [option for option in settings.hoist if option != "headers"]
    for call, options, passed in unchanged(facts, settings, wanted):
        shown = ", ".join(f"`{option}=`" for option in options)
        yield Finding("RQS202", call.id, f"the same {shown} is {passed}", options)


REPEATED_OPTIONS = Rule("RQS202", "repeated-options", check, once_a_session=True, cure="along")
