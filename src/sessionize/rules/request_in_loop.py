"""RQS101: a bare call that a loop repeats."""

from __future__ import annotations

from collections.abc import Iterator

from sessionize.files.settings import Settings
from sessionize.rules.rule import Finding, Rule
from sessionize.sharing.facts import Facts


def check(facts: Facts, settings: Settings) -> Iterator[Finding]:
    """## What it does
    Finds calls of `requests.get`, `requests.post`, ... that a loop repeats: `for`, `while` (its test too),
    a comprehension or a generator expression; and those functions handed to `map`.

    A retry loop is no finding: one that the first good response ends (`if response.ok: return response`,
    `while response.status_code == 503:`), whatever it asks for; and one that a response may end
    (`if done(response): break`), where the method, the URL and what is sent stay the same. A loop over pages asks for
    another one in every iteration.

    Nor is a loop that calls another host each time: the loop's variable is the host, `f"https://{host}/status"`, or
    the port, or it goes over a literal list or dict of URLs. Each needs a connection of its own. Functions that are
    `@deprecated` are left alone by all rules.

    ## Why is this bad?
    Each call of `requests.get` makes a session of its own, uses it once and throws it away: it opens a TCP connection,
    does a TLS handshake and loads the CA certificates again. Of the 20 ms that a small HTTPS call took
    on a local network, 17 ms went into loading that file, 1 ms into the handshake; with one shared session it took
    about 1 ms. At a round trip of 40 ms the shared session was 3.5 times as fast.

    ## Example
    ```python
    for year in years:
        page = requests.get(f"https://example.com/{year}", headers=HEADERS)
    ```

    Use instead:
    ```python
    session = requests.Session()
    session.headers.update(HEADERS)
    for year in years:
        page = session.get(f"https://example.com/{year}")
    ```

    ## Fix safety
    The fix is safe where the session stays in one function, or in the script, and nothing about the calls could behave
    otherwise on a session: the same requests are sent in the same order, and the program sees the same values and
    exceptions. A session keeps cookies only where that is harmless: all its calls only read, in a file in which no
    name and no text names a user, a key or a session, nor in one that gives a part of their URLs; or all carry the same
    steady credentials, and nothing else that names a user differs between them. Every other session gets a line by
    which it keeps none. One difference comes with every session: a call may fail if the server closes the connection at
    that very moment.

    The fix is unsafe, and applied only with `--unsafe-fixes`, where the file alone cannot show that: with `**kwargs`,
    `proxies=`, `hooks=`, or a wait between the calls, say. The help line names the doubt, and each has a page. A
    session whose method is handed to a pool of threads keeps no cookies, so that all of them can use it. A function
    that is chosen at run time, as in `getattr(requests, method)(url)`, is reported and left alone.

    Calls of httpx share one `httpx.Client()` in a `with` block, those of niquests and curl_cffi a `Session()`, by fixes
    that are all unsafe (`sessionize rule sessions-differ`). What only a constructor takes, `verify=` say, stays.

    ## When not to use
    Where each call must have a connection of its own, as in a check that a server accepts connections.

    ## References
    - [requests: Session Objects](https://requests.readthedocs.io/en/latest/user/advanced/#session-objects)
    """
    yield from _calls_in_loops(facts)
    yield from _passed_functions(facts)


def _calls_in_loops(facts: Facts) -> Iterator[Finding]:
    for call in facts.bare.calls:
        if call.id in facts.groups.loops:
            yield Finding("RQS101", call.id, f"`{call.shown}` in a loop opens a new connection on every iteration")


def _passed_functions(facts: Facts) -> Iterator[Finding]:
    """`map(requests.get, urls)`, but for urls that all have another host."""
    for reference in filter(facts.groups.is_for_each, facts.bare.references):
        taker = facts.outline.calls[reference.taker]
        if not any(facts.hosts.all_differ(arg.value, taker.scope) for arg in taker.value.args[1:]):
            message = f"`{reference.shown}` passed to `{taker.name}` opens a new connection for every item"
            yield Finding("RQS101", reference.id, message)


REQUEST_IN_LOOP = Rule("RQS101", "request-in-loop", check, cure="local")
