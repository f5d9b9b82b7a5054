"""`fix --interactive`: each fix is shown, and made only if the user wants it.

It talks on standard error, as standard output is for what is found.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass, replace

import click

from sessionize.doubts import KINDS
from sessionize.engine.check import check_bytes
from sessionize.engine.fix import fix_bytes, offers
from sessionize.engine.results import Report
from sessionize.files.settings import Settings
from sessionize.fixes.outcome import SAFE, Fix
from sessionize.project.projects import Projects
from sessionize.report import diff
from sessionize.report.terminal import echo, printable
from sessionize.report.wording import row_of
from sessionize.rules import BY_CODE

_SENTENCE = re.compile(r"\. (?=[A-Z])")
STAYS = "--interactive does not update patches in tests: rewrite-patches is ignored."
ANSWERS = {
    "yes": "make this fix",
    "no": "leave it",
    "all": "make it and all later ones in this file",
    "ALL": "the same, in all files",
    "quit": "stop, and write the fixes accepted so far (Ctrl-C: none of this file)",
    "explain": "what the rule finds, and what makes the fix unsafe",
}


@dataclass
class Dialogue:
    """The user's answers so far. every: to make all fixes that follow; stopped: to ask no more.

    told: whether the user knows which setting does not hold.
    """

    projects: Projects
    every: bool = False
    stopped: bool = False
    told: bool = False

    def fix(self, data: bytes, name: str, settings: Settings) -> Report:
        """The report of a file with the fixes that are wanted; of what the user is no longer asked about, a check."""
        moves = settings.moves_patches
        settings = replace(settings, rewrite_patches=False)  # that changes other files than the one that is shown
        try:
            if not self.stopped:
                wanted = None if self.every else self._wanted(data, name, settings, moves=moves)
                return self._fixed(data, name, settings, wanted)
        except (KeyboardInterrupt, EOFError):
            self.stopped = True
            echo("\n", err=True)
        return check_bytes(data, name, settings, surroundings=self.projects)

    def _fixed(self, data: bytes, name: str, settings: Settings, only: list[Fix] | None) -> Report:
        return fix_bytes(data, name, settings, surroundings=self.projects, only=only)

    def _wanted(self, data: bytes, name: str, settings: Settings, *, moves: bool) -> list[Fix]:
        """EOFError and KeyboardInterrupt as the user ends the dialogue. moves: whether patches would, elsewhere."""
        fixes = offers(data, name, settings, surroundings=self.projects)
        wanted: list[Fix] = []
        for number, fix in enumerate(fixes, 1):
            alone = self._fixed(data, name, settings, [fix])
            title = f"fix {number} of {len(fixes)}"
            if alone.change is None:
                echo(f"{printable(name)}: {title} is left out: {printable(alone.error or '')}\n", err=True)
                continue
            codes = ", ".join(_codes(alone))
            title = click.style(f"{printable(name)}:{row_of(alone.fixed[0])}: {codes}, {title}", bold=True)
            unsafe = "" if fix.applicability == SAFE else click.style(" (unsafe)", fg="yellow", bold=True)
            shown = diff.coloured(diff.unified(name, *alone.change))
            if moves and unsafe and not self.told:
                self.told = True
                echo(f"{STAYS}\n", err=True)
            echo(f"{title}{unsafe}\n{printable(fix.help)}\n{shown}", err=True)
            answer = _answer(alone, fix)
            if answer.casefold() == "all":
                self.every = answer == "ALL"
                return [*wanted, *fixes[number - 1 :]]
            if answer == "quit":
                self.stopped = True
                break
            if answer == "yes":
                wanted.append(fix)
        return wanted


def _answer(alone: Report, fix: Fix) -> str:
    """Asks the user about a fix: one of `ANSWERS`, but for `explain`."""
    unsafe = "" if fix.applicability == SAFE else "unsafe "
    while True:
        keys = ", ".join(f"[{word[0]}]{word[1:]}" for word in ANSWERS)
        echo(click.style(f"Make this {unsafe}fix? {keys}, [?] ", bold=True), err=True)
        line = sys.stdin.buffer.readline().decode(errors="replace")
        if not line:
            raise EOFError
        answer = _meant(line.strip())
        if answer == "explain":
            echo(_explained(alone, fix), err=True)
        elif answer == "?":
            echo("".join(f"  {word[0]}, {word:8} {meaning}\n" for word, meaning in ANSWERS.items()), err=True)
        else:
            return answer


def _meant(typed: str) -> str:
    """The answer that begins with what was typed; `A` is not `a`, all else may be in any case. `?` for no answer."""
    for answer in ANSWERS:
        if typed and (answer.startswith(typed) or (typed[0] not in "aA" and answer.startswith(typed.casefold()))):
            return answer
    return "?"


def _explained(alone: Report, fix: Fix) -> str:
    """A line for each rule and each doubt of a fix, and one for their pages."""
    rules = {code: _SENTENCE.split(BY_CODE[code].summary)[0] for code in _codes(alone)}
    doubts = {kind.name: kind.summary() for kind in KINDS if kind.name in fix.doubt_names}
    lines = [f"  {name}: {summary.removesuffix('.')}.\n" for name, summary in (rules | doubts).items()]
    return f"{''.join(lines)}  More: sessionize rule {' '.join(rules | doubts)}\n\n"


def _codes(report: Report) -> list[str]:
    return sorted({found.code for found in report.fixed})
