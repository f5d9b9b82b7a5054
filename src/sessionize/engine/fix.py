"""Fix of one source, proven before it is told: what was written is analysed again.

Nothing here raises for what a file holds: whatever is wrong with it is a diagnostic or an error of its report.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable
from contextlib import suppress
from dataclasses import replace

from sessionize.engine.analysis import Analysis, analyse
from sessionize.engine.check import examine
from sessionize.engine.diagnostics import diagnostics
from sessionize.engine.notebooks import on_bytes
from sessionize.engine.results import PLEASE_REPORT, Report
from sessionize.engine.rewriting import Rewriting
from sessionize.files.settings import Settings
from sessionize.fixes.outcome import Fix, LostCommentError
from sessionize.library.surroundings import UNKNOWN, Surroundings
from sessionize.rules import BY_CODE
from sessionize.syntax.parse import UnreadableError, parse_ast, refusal


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
            fixes.extend(sorted(found.wanted_fixes, key=lambda fix: min(map(found.reading.span, fix.calls))))
        return Report(filename)

    on_bytes(data, filename, settings, note)
    return fixes


def _fix(
    text: str, filename: str, settings: Settings, surroundings: Surroundings, only: Container[Fix] | None = None
) -> Report:
    unfixed, found = examine(text, filename, settings, surroundings)
    if found is None:
        return unfixed
    unfixed = replace(unfixed, bare=found.callees())
    if not found.wanted_fixes:
        return unfixed
    fixes: list[Fix] = []
    left_out: list[Fix] = []
    try:
        rewriting = Rewriting(found)
        found = rewriting.analysis
        for fix in found.wanted_fixes:
            (fixes if only is None or fix in only else left_out).append(fix)
        if not fixes:
            return unfixed
        made = {fix.id for fix in fixes}
        fixed = tuple(told for told in diagnostics(found, found.findings) if told.fix in made)
        after = rewriting.text_with(fixes)
    except UnreadableError as error:
        return replace(unfixed, error=f"not fixed, as {error}")
    except LostCommentError:
        return replace(unfixed, error=f"the fix would lose a comment; {PLEASE_REPORT}")
    try:
        again = analyse(after, filename, settings, surroundings)
        left = diagnostics(again, again.findings)
        tree = again.reading.tree  # none where only LibCST reads it
        if tree is not None and (broken := refusal(tree)) and not refusal(parse_ast(text)):
            return replace(unfixed, error=f"not fixed, as Python would refuse it: {broken}")
    except UnreadableError as error:
        return replace(unfixed, error=f"the fix would break it: {error}; {PLEASE_REPORT}")
    if not _codes(again, again.wanted_fixes) <= _codes(found, left_out):
        return replace(unfixed, error=f"a second fix would change it again; {PLEASE_REPORT}")
    untimed = {call.id for facts in found.views for call in facts.bare.calls if facts.bare.waits(call)}
    return Report(
        filename,
        text,
        after,
        fixed,
        left,
        known=again.known,
        redirected=found.callees(_calls(fixes)),
        bare=again.callees(),
        unsafe_fixes=settings.unsafe_fixes,
        untimed=sum(redirect.call in untimed for fix in fixes for redirect in fix.redirects),
    )


def _codes(found: Analysis, fixes: Iterable[Fix]) -> Counter[str]:
    """The number of findings of each rule that these fixes are for.

    A finding that stands for a file's calls is left out: once its call is fixed, it goes on to the next one.
    """
    calls = _calls(fixes)
    codes: Counter[str] = Counter()
    for finding in found.findings:
        if finding.call in calls and not BY_CODE[finding.code].once_a_file:
            codes[finding.code] += 1
    return codes


def _calls(fixes: Iterable[Fix]) -> set[int]:
    return {call for fix in fixes for call in fix.calls}
