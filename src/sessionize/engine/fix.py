"""Fix of one source, proven before it is told: what was written is analysed again.

Nothing here raises for what a file holds: whatever is wrong with it is a diagnostic or an error of its report.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from sessionize.engine.analysis import Analysis, analyse, broken, by_finding
from sessionize.engine.notebooks import on_bytes
from sessionize.engine.results import PLEASE_REPORT, Report
from sessionize.engine.rewriting import Rewriting
from sessionize.files import source
from sessionize.files.settings import Settings
from sessionize.fixes.outcome import SAFE, UNSAFE, Fix, LostCommentError
from sessionize.library.surroundings import UNKNOWN, Surroundings
from sessionize.library.timeouts import waits
from sessionize.rules import PATCHED_REQUEST
from sessionize.syntax.parse import UnreadableError


def fix_source(
    source: str,
    filename: str = "<stdin>",
    settings: Settings = Settings(),
    *,
    surroundings: Surroundings = UNKNOWN,
) -> Report:
    r"""Fixes what can be fixed: safe fixes, and unsafe ones where the settings say so.

    >>> report = fix_source("import requests\nfor url in urls:\n    requests.get(url)\n")
    >>> print(report.after, end="")
    import requests
    session = requests.Session()
    for url in urls:
        session.get(url)
    >>> len(report.fixed), report.left
    (1, ())

    Where nothing is fixed, `after` is None. Where something is left, `left` says what, and why.

    >>> report = fix_source("import requests\nfor url in urls:\n    requests.get(url, proxies=proxies)\n")
    >>> report.after, report.left[0].applicability
    (None, 'unsafe')
    >>> from sessionize.files.settings import Settings
    >>> "session.get" in fix_source(report.before, settings=Settings(unsafe_fixes=True)).after
    True
    """
    return _fix(source, filename, settings, surroundings)


def fix_bytes(
    data: bytes,
    filename: str,
    settings: Settings,
    *,
    surroundings: Surroundings = UNKNOWN,
    only: Container[Fix] | None = None,
) -> Report:
    """`fix_source` of a file's content; files that don't import requests are not parsed.

    only: those of its `offers` to make, all of them if None.
    """
    return on_bytes(data, filename, settings, lambda text: _fix(text, filename, settings, surroundings, only))


def offers(data: bytes, filename: str, settings: Settings, *, surroundings: Surroundings = UNKNOWN) -> list[Fix]:
    """The fixes that `fix_bytes` would make, in the order of their first calls."""
    fixes: list[Fix] = []

    def note(text: str) -> Report:
        with suppress(UnreadableError):  # `fix_bytes` tells that
            found = Rewriting(analyse(text, filename, settings, surroundings)).analysis
            fixes.extend(sorted(_applied(found), key=lambda fix: min(map(found.reading.span, fix.calls))))
        return Report(filename)

    on_bytes(data, filename, settings, note)
    return fixes


def fix_file(
    path: Path,
    settings: Settings,
    *,
    write: bool = True,
    surroundings: Surroundings = UNKNOWN,
) -> Report:
    """`fix_bytes` of a file, written back unless `write` is false."""
    try:
        report = fix_bytes(source.read(path), str(path), settings, surroundings=surroundings)
    except source.SourceError as error:
        return Report(str(path), error=str(error))
    return written(report) if write else report


def written(report: Report) -> Report:
    """The report of a fix, once its file holds what it says."""
    if report.change is None:
        return report
    try:
        source.write(report.filename, *report.change)
    except source.SourceError as error:
        return Report(report.filename, error=str(error))
    return report


def _fix(
    text: str,
    filename: str,
    settings: Settings,
    surroundings: Surroundings,
    only: Container[Fix] | None = None,
) -> Report:
    try:
        found = analyse(text, filename, settings, surroundings)
        left = found.diagnostics(found.findings)
    except UnreadableError as error:
        return Report(filename, text, left=broken(filename, settings, error, text))
    unfixed = Report(filename, text, left=left, known=found.known, bare=found.callees())
    if not _applied(found):
        return unfixed
    try:
        rewriting = Rewriting(found)
        found = rewriting.analysis
        fixes = [fix for fix in _applied(found) if only is None or fix in only]
        if not fixes:
            return unfixed
        decided = by_finding(fixes)
        answered = found.diagnostics(finding for finding in found.findings if (finding.call, finding.code) in decided)
        fixed = tuple(told for told in answered if told.applicability is not None)
        after = rewriting.written(fixes)
    except UnreadableError as error:
        return replace(unfixed, error=f"not fixed, as {error}")
    except LostCommentError:
        return replace(unfixed, error=f"the fix would lose a comment; {PLEASE_REPORT}")
    try:
        again = analyse(after, filename, settings, surroundings)
        left = again.diagnostics(again.findings)
    except UnreadableError as error:
        return replace(unfixed, error=f"the fix would break it: {error}; {PLEASE_REPORT}")
    left_out = [fix for fix in _applied(found) if only is not None and fix not in only]
    if not _codes(again, _applied(again)) <= _codes(found, left_out):
        return replace(unfixed, error=f"the fix would not come to rest; {PLEASE_REPORT}")
    untimed = {call.id for call in found.facts.bare.calls if waits(call)}
    return Report(
        filename,
        text,
        after,
        fixed,
        left,
        known=again.known,
        redirected=found.callees({call for fix in fixes for call in fix.calls}),
        bare=again.callees(),
        untimed=sum(redirect.call in untimed for fix in fixes for redirect in fix.redirects),
    )


def _applied(found: Analysis) -> list[Fix]:
    """The fixes that the settings allow to make."""
    allowed = (SAFE, UNSAFE) if found.settings.unsafe_fixes else (SAFE,)
    return [fix for fix in found.fixes if fix.applicability in allowed]


def _codes(found: Analysis, fixes: Iterable[Fix]) -> Counter[str]:
    """How many findings of each rule these fixes are for; what stands once a file goes on to the next call."""
    calls = {call for fix in fixes for call in fix.calls}
    codes = (finding.code for finding in found.findings if finding.call in calls)
    return Counter(code for code in codes if code != PATCHED_REQUEST.code)
