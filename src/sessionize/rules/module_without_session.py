"""RQS105: bare calls in two or more functions of a module."""

from __future__ import annotations

from collections.abc import Iterator

from sessionize.files.settings import Settings
from sessionize.rules.rule import Finding, Rule
from sessionize.sharing.facts import Facts


def check(facts: Facts, settings: Settings) -> Iterator[Finding]:
    """## What it does
    Finds a module of which two or more functions make bare calls of requests that may reach one host: their URLs name
    the same, or begin with the same name, `BASE`; a URL that does not show may be to any host.

    A call that passes on what a visitor of a web application sent, `cookies=request.cookies`, is left alone: no session
    is to serve several visitors.

    ## Why is this bad?
    Who uses one of the functions most often uses the others too, and each call opens a connection of its own (see
    RQS101).

    ## Example
    ```python
    def items():
        return requests.get(f"{BASE}/items", headers=HEADERS).json()

    def users():
        return requests.get(f"{BASE}/users", headers=HEADERS).json()
    ```

    Use instead:
    ```python
    _session = requests.Session()
    _session.headers.update(HEADERS)

    def items():
        return _session.get(f"{BASE}/items").json()

    def users():
        return _session.get(f"{BASE}/users").json()
    ```

    ## Fix safety
    As for RQS103.

    ## When not to use
    As for RQS103.

    ## References
    - [requests: Session Objects](https://requests.readthedocs.io/en/latest/user/advanced/#session-objects)
    """
    for call in facts.groups.scattered:
        message = f"`{call.shown}` opens a new connection, as other functions of this module do"
        yield Finding("RQS105", call.id, message)


MODULE_WITHOUT_SESSION = Rule("RQS105", "module-without-session", check, cure="lasting")
