"""RQS203: cookies of an earlier response that are handed to later calls."""

from __future__ import annotations

from collections.abc import Iterator

from sessionize.files.settings import Settings
from sessionize.rules.rule import Finding, Rule
from sessionize.sharing.facts import Facts


def check(facts: Facts, settings: Settings) -> Iterator[Finding]:
    """## What it does
    Finds `cookies=` arguments that are the cookies of an earlier response of the same file:
    `cookies=response.cookies`, a name or an attribute for them, `dict(response.cookies)`,
    `response.cookies.get_dict()`.

    ## Why is this bad?
    A session does that by itself, for all calls, and follows what servers change. By hand each call has to be handed
    the right jar, the cookies of later responses are lost, and those of redirects, too.

    ## Example
    ```python
    response = requests.post(f"{BASE}/login", data=FORM)
    news = requests.get(f"{BASE}/news", cookies=response.cookies)
    ```

    Use instead:
    ```python
    session = requests.Session()
    response = session.post(f"{BASE}/login", data=FORM)
    news = session.get(f"{BASE}/news")
    ```

    ## Fix safety
    The fix is unsafe: a session also sends the cookies of redirects and of later responses, keeps them apart by domain
    and path, and sends them with calls that passed none. It is made where all the calls are of one function, the
    first, in no loop, gives the cookies, all others pass them as they are (`cookies=response.cookies`), all have the
    same `auth=` and `headers=`, and no variable is left without a use: else the session might send cookies of one user
    with a call for another, and is yours to place. Without `--unsafe-fixes` the calls share a session that keeps no
    cookies, and pass on what they passed.

    ## When not to use
    Where a call must not send what later responses set.

    ## References
    - [requests: Session Objects](https://requests.readthedocs.io/en/latest/user/advanced/#session-objects)
    """
    for call in facts.bare.calls:
        if facts.carried.answers(call):
            message = "`cookies=` passes on the cookies of an earlier response; a session does that automatically"
            yield Finding("RQS203", call.id, message)


CARRIED_COOKIES = Rule("RQS203", "carried-cookies", check, once_a_session=True, cure="carried")
