"""RQS103: a bare call in a function that this file calls again and again."""

from __future__ import annotations

from collections.abc import Iterator

from sessionize.files.settings import Settings
from sessionize.library.calls import BareCall
from sessionize.rules.rule import Finding, Rule
from sessionize.sharing.facts import Facts


def check(facts: Facts, settings: Settings) -> Iterator[Finding]:
    """## What it does
    Finds calls of `requests.get`, `requests.post`, ... in a function or method that is itself called in a loop, by
    itself, or from two or more places that don't exclude each other, or handed to a `map`; and functions of requests
    that are handed on: kept in a variable or a dict, or passed to another function.

    The loop may be in another file of the project, which the message then names: `from api import fetch`, also through
    a package that imports the name again, `Client().fetch(x)`, and `self.api.fetch(x)` where `self.api` is only ever
    a `Client()`. The calls of tests don't count, nor do those under `if __name__ == "__main__":` in a package.

    ## Why is this bad?
    The loop is elsewhere, but each of its iterations opens a new connection all the same (see RQS101).

    ## Example
    ```python
    def fetch(name):
        return requests.get(f"{BASE}/{name}").json()

    items = [fetch(name) for name in names]
    ```

    Use instead:
    ```python
    _session = requests.Session()

    def fetch(name):
        return _session.get(f"{BASE}/{name}").json()

    items = [fetch(name) for name in names]
    ```

    ## Fix safety
    The session lives as long as the module or the object. The fix is safe in a script that nothing else imports, as
    that shows all its callers, and on the module where the settings say `closed = true` and all that imports it runs in
    one thread and never waits. Elsewhere it is unsafe: after a fork two processes would share one connection, and tests
    that replace `requests.get` by name no longer reach the call. Where the file starts threads, the session keeps no
    cookies, so that they can all use it, and a pool of more than ten threads whose size is written out has as many
    connections.

    ## When not to use
    Where each call must have a connection of its own, as in a check that a server accepts connections.

    ## References
    - [requests: Session Objects](https://requests.readthedocs.io/en/latest/user/advanced/#session-objects)
    """
    for call in facts.groups.helpers:
        message = f"`{call.shown}` opens a new connection whenever this function is called, {_repeated(facts, call)}"
        yield Finding("RQS103", call.id, message)
    called = {call.id for call in facts.bare.mapped}  # `pool.submit(requests.get, url)`, once, is one call
    for reference in facts.bare.references:
        if reference.id not in called and not facts.groups.is_for_each(reference):
            message = f"`{reference.shown}` is stored or passed on, and opens a new connection whenever it is called"
            yield Finding("RQS103", reference.id, message)


def _repeated(facts: Facts, call: BareCall) -> str:
    """The words for what calls the function of a call again and again."""
    elsewhere = facts.groups.elsewhere(call)
    places = " and ".join(f"{each.file}:{each.row}" for each in elsewhere)
    if not places:
        return "and this file calls it repeatedly"
    return f"and {places} calls it repeatedly" if elsewhere[0].repeats else f"and it is called at {places}"


REQUEST_HELPER_IN_LOOP = Rule("RQS103", "request-helper-in-loop", check, cure="lasting")
