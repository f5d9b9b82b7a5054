"""The codes and names of the rules, and the selectors that stand for them.

Settings are checked by it, so it loads no rule.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import filterfalse

NAMES = {
    "RQS101": "request-in-loop",
    "RQS102": "repeated-requests",
    "RQS103": "request-helper-in-loop",
    "RQS104": "client-without-session",
    "RQS105": "module-without-session",
    "RQS106": "session-not-reused",
    "RQS201": "repeated-headers",
    "RQS202": "repeated-options",
    "RQS203": "carried-cookies",
    "RQS301": "patched-request",
    "RQS302": "session-call-without-timeout",
    "RQS901": "syntax-error",
}

# The names of the kinds of doubt.
DOUBTS = (
    "patched",
    "unknown-arguments",
    "proxies",
    "hooks",
    "connection-auth",
    "mixed-verify",
    "idle",
    "visible",
    "carried",
    "threads",
    "forks",
    "reach",
    "lifetime",
    "sessions-differ",
)


def matches(code: str, selector: str) -> bool:
    """In any case: noqa comments and `sessionize rule` take codes as they are typed, too."""
    name = selector.upper()
    return name in ("ALL", NAMES[code].upper()) or (name != "" and code.startswith(name))


def unknown_selectors(selectors: Iterable[str]) -> list[str]:
    """The selectors (a code, the beginning of one, a rule's name, or ALL) that select no rule."""
    return list(filterfalse(is_known, selectors))


def is_known(selector: str) -> bool:
    """Tell whether a selector selects a rule."""
    return any(matches(code, selector) for code in NAMES)


def no_such_rule(names: Sequence[str], others: Sequence[str] = ()) -> str:
    """A message about names that no rule has; with the rules that are meant, or that begin so.

    others: what may be meant besides.

    Of a code with other digits nobody knows which rule is meant.
    """
    from difflib import get_close_matches  # noqa: PLC0415  # only a mistake needs it

    for name in names if not others else ():
        if name in DOUBTS:
            return f"{name!r} is a doubt, not a rule: `--accept {name}` accepts it"
    known = {name.casefold(): name for name in (*NAMES, *NAMES.values(), *others)}
    near: list[str] = []
    for name in names:
        letters = name.rstrip("0123456789").upper()
        if letters != name.upper() and not get_close_matches(letters, ["RQS"]):
            return f"there is no rule {name!r}: those of sessionize begin with RQS, and `sessionize rule` lists them"
        begun = [code for code in NAMES if code.startswith(name.upper())]
        if not begun and not (letters == "RQS" and name[3:]):
            begun = [known[like] for like in get_close_matches(name.casefold(), known, n=1)]
        near += begun or [""]
    hint = "; `sessionize rule` lists all rules" if "" in near else f", did you mean {_quoted(near)}?"
    return f"there is no rule {'or doubt ' if others else ''}{_quoted(names)}{hint}"


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(map(repr, names))
