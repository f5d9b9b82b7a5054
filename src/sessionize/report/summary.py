"""The closing sentences of a run, and its exit status. Every number is counted from the reports."""

from __future__ import annotations

from collections import Counter
from operator import attrgetter
from typing import TYPE_CHECKING, TypeAlias

from sessionize.report.wording import count

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from sessionize.engine.results import Diagnostic, Report

_Call: TypeAlias = tuple[str, int | None, tuple[int, int]]  # file, cell, row and column

# So many unsafe fixes that it is worth a look which doubt most of them share.
_MANY = 10
# The best way first.
HOW = {"safe": "with `sessionize fix`", "unsafe": "with `sessionize fix --unsafe-fixes`", None: "to fix by hand"}


def summary(
    reports: Sequence[Report],
    *,
    clean: int = 0,
    gone: int = 0,
    doing: str = "check",
    written: bool = True,
    advise: bool = True,
) -> str:
    """The closing sentences: what was fixed, what is left and how to fix it, which files failed.

    clean: how many files there are of which there is nothing to report; gone: how many findings a baseline lists that
    are no longer there. doing: `check`, `fix`, `silence` or `list`. advise: to say which doubt to accept.
    """
    known = sum(report.known for report in reports)
    failures = sum(report.failed for report in reports)
    sentences = [_fixed(reports, doing, written=written), _untimed(reports)]
    sentences.append(_left(reports, doing, written=written, advise=advise))
    if known and doing == "list":
        files = sum(report.known > 0 for report in reports)
        sentences.append(f"Listed {count(known, 'finding')} in {count(files, 'file')}.")
    if failures:
        sentences.append(f"{count(failures, 'file')} could not be {'fixed' if doing == 'fix' else 'checked'}.")
    if not any(sentences):
        sentences.append("All checks passed!" if reports or clean else "No Python files found.")
    if known and doing != "list":
        sentences.append(f"{count(known, 'finding')} in the baseline.")
    if gone:
        sentences.append(f"{count(gone, 'entry', 'entries')} of the baseline {'is' if gone == 1 else 'are'} obsolete.")
    return " ".join(filter(None, sentences))


def _fixed(reports: Sequence[Report], doing: str, *, written: bool) -> str:
    fixed = _calls(reports, attrgetter("fixed"))
    if not fixed:
        return ""
    done = "Silenced" if doing == "silence" else "Fixed" if written else "Would fix"
    # A file that changes and in which no call does is a test whose patches move.
    moved = sum(report.after is not None and not report.fixed for report in reports)
    tests = f", and {'moved' if written else 'move'} patches in {count(moved, 'other file')}" if moved else ""
    return f"{done} {_extent(fixed)}{tests}."


def _untimed(reports: Sequence[Report]) -> str:
    """Calls without a timeout that a fix redirects, in files where no finding reports them."""
    if not any(report.untimed for report in reports):
        return ""
    from sessionize.rules import RULES  # noqa: PLC0415  # most runs begin and end without

    (code,) = [rule.code for rule in RULES if rule.tells_untimed]
    untimed = 0
    for report in reports:
        if all(found.code != code for found in report.left):
            untimed += report.untimed
    if not untimed:
        return ""
    all_of_them = untimed == len(_calls(reports, attrgetter("fixed")))
    subject = f"{untimed} of them" if not all_of_them else "It" if untimed == 1 else "They"
    has = "has" if untimed == 1 else "have"
    return f"{subject} {has} no `timeout=`; `--extend-select {code}` finds {'it' if untimed == 1 else 'them'}."


def _left(reports: Sequence[Report], doing: str, *, written: bool, advise: bool) -> str:
    left = _calls(reports, _by_the_settings)
    if not left:
        return ""
    if doing == "silence":
        return f"Left {_extent(left)}, on lines that cannot take a comment."
    counts = Counter(left.values())
    # What a fix was asked to do, and has not done, the user or the tests said no to.
    ways_of = {**HOW, "safe": "left out"} if doing == "fix" else HOW
    ways = ", ".join(f"{counts[kind]} {way}" for kind, way in ways_of.items() if counts[kind])
    told = f"{'Left' if doing == 'fix' else 'Found'} {_extent(left, ' to fix')}: {ways}"
    if doing == "fix" and not any(report.fixed for report in reports):
        told = f"{'Fixed' if written else 'Would fix'} nothing. {told}"
    if not written:  # the findings themselves are not shown
        told += "; `sessionize check` says why"
    return f"{told}.{_accepting(reports) if advise and counts['unsafe'] > _MANY else ''}"


def _accepting(reports: Sequence[Report]) -> str:
    """The one doubt that most of the unsafe fixes have; most projects can answer it."""
    from sessionize.report.statistics import unlocking  # noqa: PLC0415  # few runs need it

    ((name,), more), *_ = unlocking([found for report in reports for found in report.left])
    told = f" With `--accept {name}`, `fix` makes {more} of these; `sessionize rule {name}` says what to check."
    return told if more else ""


def exit_status(reports: Iterable[Report], *, written: bool = True) -> int:
    """2 if a file failed, 1 if findings are left or a fix was made but not written, 0 else."""
    status = 0
    for report in reports:
        if report.failed:
            return 2
        if report.left or (report.after is not None and not written):
            status = 1
    return status


def _by_the_settings(report: Report) -> Iterator[Diagnostic]:
    """The findings left in a file; an unsafe fix that the settings ask for counts as a safe one."""
    for found in report.left:
        asked_for = report.unsafe_fixes and found.applicability == "unsafe"
        yield found._replace(applicability="safe") if asked_for else found


def _calls(reports: Iterable[Report], told: Callable[[Report], Iterable[Diagnostic]]) -> dict[_Call, str | None]:
    """The calls that are told of in reports, with the best applicability of the diagnostics at each."""
    best: dict[_Call, str | None] = {}
    for report in reports:
        for found in told(report):
            if not found.unreadable:
                best[found.place] = min(best.get(found.place), found.applicability, key=[*HOW].index)
    return best


def _extent(calls: dict[_Call, str | None], purpose: str = "") -> str:
    return f"{count(len(calls), 'call')}{purpose} in {count(len({filename for filename, *_ in calls}), 'file')}"
