"""Rules and their findings: `Rule`, `Finding`."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from typing import NamedTuple

from sessionize.files.settings import Settings
from sessionize.sharing.facts import Facts


class Finding(NamedTuple):
    """A call site that shows a rule's pattern: a call, or a function that is handed on; `call` is its id.

    options: the arguments that repeat, for a rule about arguments.
    """

    code: str
    call: int
    message: str
    options: tuple[str, ...] = ()


class Rule(NamedTuple):
    """A pattern. `check` is a pure function, and its docstring is the rule's page.

    by_default: whether it is in force where nobody asks for it.
    by_hand: why it has no fix, if it never has one.
    once_a_file: whether one finding stands for all calls of a file.
    once_a_session: whether one finding stands for all calls that could share a session.
    tells_untimed: whether it reports calls without a timeout, which a fix would else count.
    level: `warning` or `error`, as SARIF has it.
    cure: the kind of fix that resolves it: `local`, `lasting`, `idle` or `carried`; `along` for that of another rule.
    """

    code: str
    name: str
    check: Callable[[Facts, Settings], Iterable[Finding]]
    by_default: bool = True
    by_hand: str = ""
    once_a_file: bool = False
    once_a_session: bool = False
    tells_untimed: bool = False
    level: str = "warning"
    cure: str = ""

    @property
    def page(self) -> str:
        """The rule's page, in Markdown."""
        return inspect.getdoc(self.check) or ""

    @property
    def summary(self) -> str:
        """The first paragraph of the page, in one line."""
        _title, *lines = self.page.partition("\n\n")[0].splitlines()
        return " ".join(lines)

    @property
    def titled(self) -> str:
        """The page with its title, as it is printed."""
        return f"# {self.name} ({self.code})\n\n{self.page}\n"
