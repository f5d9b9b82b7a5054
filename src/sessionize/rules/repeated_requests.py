"""RQS102: bare calls that run one after the other."""

from __future__ import annotations

from collections.abc import Iterator

from sessionize.files.settings import Settings
from sessionize.rules.rule import Finding, Rule
from sessionize.sharing.facts import Facts


def check(facts: Facts, settings: Settings) -> Iterator[Finding]:
    """## What it does
    Finds two or more calls of `requests.get`, `requests.post`, ... that run one after the other in the same function or
    script.

    ## Why is this bad?
    Each of them opens a connection of its own and loads the file of certificate authorities again (see RQS101), though
    the second could use the connection of the first.

    Calls that exclude each other are no finding (`if` and `else`, a `try` body and its handlers, `if method == "GET"`
    and below it `if method == "POST"`), nor are calls whose hosts are known and differ, nor a second try at the same
    URL where the response is bad (`if response.status_code == 400:`). A host that the source does not show counts as
    the same.

    ## Example
    ```python
    token = requests.post(f"{BASE}/login", json=user).json()["token"]
    page = requests.get(f"{BASE}/items", headers={"Authorization": f"Bearer {token}"})
    ```

    Use instead:
    ```python
    session = requests.Session()
    token = session.post(f"{BASE}/login", json=user).json()["token"]
    page = session.get(f"{BASE}/items", headers={"Authorization": f"Bearer {token}"})
    ```

    ## Fix safety
    As for RQS101.

    ## When not to use
    Where the calls must not share a connection.

    ## References
    - [requests: Session Objects](https://requests.readthedocs.io/en/latest/user/advanced/#session-objects)
    """
    for call in facts.bare.calls:
        if call.id in facts.groups.chained:
            count = len(facts.groups.repeated[call.frame])
            message = f"`{call.shown}` is one of {count} calls here that each open a new connection"
            yield Finding("RQS102", call.id, message)


REPEATED_REQUESTS = Rule("RQS102", "repeated-requests", check, cure="local")
