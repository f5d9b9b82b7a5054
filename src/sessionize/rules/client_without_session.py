"""RQS104: bare calls in the methods of a class."""

from __future__ import annotations

from collections.abc import Iterator

from sessionize.files.settings import Settings
from sessionize.rules.rule import Finding, Rule
from sessionize.sharing.facts import Facts


def check(facts: Facts, settings: Settings) -> Iterator[Finding]:
    """## What it does
    Finds a class whose instance methods make bare calls of requests: two or more that may reach one host, or one in a
    method that reads its object. A class all of whose calls run once for each object, in `__init__`, is left alone,
    and so is one whose objects this file makes in web handlers only: each lives for a single visit.

    Calls may reach one host where their URLs name the same, or begin with the same name, `self.url`; a URL that does
    not show may be to any host.

    ## Why is this bad?
    An object that stands for a service is asked again and again; each of its calls opens a connection of its own (see
    RQS101).

    ## Example
    ```python
    class Client:
        def __init__(self, token):
            self.headers = {"Authorization": f"Bearer {token}"}

        def items(self):
            return requests.get(f"{BASE}/items", headers=self.headers).json()

        def users(self):
            return requests.get(f"{BASE}/users", headers=self.headers).json()
    ```

    Use instead:
    ```python
    class Client:
        def __init__(self, token):
            self.headers = {"Authorization": f"Bearer {token}"}
            self._session = requests.Session()
            self._session.headers.update(self.headers)

        def items(self):
            return self._session.get(f"{BASE}/items").json()

        def users(self):
            return self._session.get(f"{BASE}/users").json()
    ```

    ## Fix safety
    As for RQS103. Besides, a subclass in another file may not call `super().__init__()`, or may change what was set
    once; and the `__init__` of a base in another file may make one of the calls, behind which the session is made.
    Where `__init__` can't be written into, another form is chosen.

    Where a session for each object is not right, all share the module's: this file makes the objects in a loop or a
    list, an object makes others like it, or `vars()`, `pickle.dump()` and the like would show the session. That needs
    calls that only read, and that say nothing of their object but in the URL: no token and no POST. Else the fix is
    refused with the reason.

    ## When not to use
    For objects that live for a single call.

    ## References
    - [requests: Session Objects](https://requests.readthedocs.io/en/latest/user/advanced/#session-objects)
    """
    for call in facts.groups.clients:
        yield Finding("RQS104", call.id, f"`{call.shown}` opens a new connection for every call this object makes")


CLIENT_WITHOUT_SESSION = Rule("RQS104", "client-without-session", check, cure="lasting")
