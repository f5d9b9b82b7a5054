"""Proof by programs: what a fix makes of random programs does what they did.

    python tests/proof/programs.py --examples 20000 --seed 1 --jobs 4

Each program is run before and after a safe fix; requests, prints and exceptions must be equal. An unsafe fix may
differ, but must send nothing to a place that did not get it before; how many differ, and why, is told at the end.
"""

import argparse
import gc
import io
import multiprocessing
import random
import re
import signal
import sys
import time
import tokenize
import warnings
import zlib
from collections import Counter
from collections.abc import Generator
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from functools import partial

from grammar import programs
from hypothesis import HealthCheck, Phase, given, seed, settings, strategies as st
from transport import Outcome, Sent, Transport

from sessionize import check_source, fix_source
from sessionize.engine.results import Diagnostic, Report
from sessionize.files.settings import Settings
from sessionize.library.surroundings import Surroundings
from sessionize.rules import RULES
from sessionize.write.comments import WHY_NO_COOKIES

CHUNK = 250  # programs between two looks at what was found


class _Script(Surroundings):
    """A generated program is all that there is: nothing imports it."""

    def is_script(self, filename: str, closed: bool | None) -> bool:
        return True


SCRIPT = _Script()


class FixError(AssertionError):
    """A fix that breaks a promise."""


@dataclass(frozen=True)
class Case:
    """A program, the settings it is fixed by, and whether its servers set cookies."""

    source: str
    settings: Settings
    cookies: bool

    def __str__(self) -> str:
        changed = {name: value for name in ("session_style", "cookies", "hoist")
                   if (value := getattr(self.settings, name)) != getattr(Settings(), name)}  # fmt: skip
        return f"# {changed or 'default settings'}{', servers set cookies' if self.cookies else ''}\n{self.source}"


@dataclass
class Tally:
    """What was seen; counts of different runs are added."""

    counts: Counter[str] = field(default_factory=Counter)
    unsafe: Counter[str] = field(default_factory=Counter)  # by reason
    differing: Counter[str] = field(default_factory=Counter)
    examples: dict[str, str] = field(default_factory=dict)  # the shortest that differs, by reason

    def add(self, other: "Tally") -> None:
        self.counts += other.counts
        self.unsafe += other.unsafe
        self.differing += other.differing
        for reason, example in other.examples.items():
            self.keep(reason, example)

    def keep(self, reason: str, example: str) -> None:
        if reason not in self.examples or len(example) < len(self.examples[reason]):
            self.examples[reason] = example


_SETTINGS = st.builds(
    Settings,
    session_style=st.sampled_from(("assign", "assign", "with")),
    cookies=st.sampled_from(("share", "isolate")),
    hoist=st.sampled_from((("headers", "auth"), ("headers", "auth"), ("headers", "auth", "cookies", "params"), ())),
)
cases = st.builds(Case, programs(), _SETTINGS, st.booleans())


# --- the promises -----------------------------------------------------------------------------------------------------


def judge(case: Case, transport: Transport, tally: Tally) -> None:
    """Holds all that is promised of the fixes of a program. Raises FixError."""
    try:
        compile(case.source, "program.py", "exec", dont_inherit=True)
    except SyntaxError:
        tally.counts["not Python"] += 1
        return
    tally.counts["programs"] += 1
    found = check_source(case.source, "program.py", case.settings, surroundings=SCRIPT)
    kinds = {finding.applicability or "refused" for finding in found}
    tally.counts.update(kinds)
    tally.counts["with a fix"] += bool(kinds - {"refused"})
    tally.counts["findings"] += bool(found)
    before = None
    if "safe" in kinds or sampled(case.source):
        report = fixed(case, found)
        before = judge_safe(case, report, transport, tally) if report.after is not None else None
    if "unsafe" in kinds:
        bold = replace(case, settings=replace(case.settings, unsafe_fixes=True))
        judge_unsafe(bold, found, before or transport.run(case.source, cookies=case.cookies), transport, tally)


def judge_safe(case: Case, report: Report, transport: Transport, tally: Tally) -> Outcome:
    """Holds that a safe fix changes nothing that can be seen. Returns what the program did before."""
    assert report.after is not None
    tally.counts["hoists"] += any(d.code.startswith("RQS2") for d in report.fixed)
    before = transport.run(case.source, cookies=case.cookies)
    after = transport.run(report.after, cookies=case.cookies)
    tally.counts["requests"] += len(before.sent)
    shown = f"{case}\n--- becomes ---\n{report.after}"
    if told := difference(before, after, without_cookies=case.cookies and case.settings.cookies == "share"):
        raise FixError(f"a safe fix changes {told}\n{shown}")
    if after.pools > before.pools:
        raise FixError(f"a safe fix opens more connections\n{shown}")
    return before


def fixed(case: Case, found: tuple[Diagnostic, ...]) -> Report:
    """What a fix makes of a program, held to what every fix promises."""
    report = fix_source(case.source, "program.py", case.settings, surroundings=SCRIPT)
    if report.error is not None:
        raise FixError(f"{report.error}\n{case}")
    allowed = {"safe", "unsafe"} if case.settings.unsafe_fixes else {"safe"}
    promised = {(d.code, d.start) for d in found if d.applicability in allowed}
    made = {(d.code, d.start) for d in report.fixed}
    once = {rule.code for rule in RULES if rule.once_a_session}  # fewer where sessions become one
    if made - promised or any(code not in once for code, _ in promised - made):
        raise FixError(f"fixed is not what check says can be\n{case}")
    if report.after is None:
        return report
    shown = f"{case}\n--- becomes ---\n{report.after}"
    try:
        compile(report.after, "program.py", "exec", dont_inherit=True)
    except SyntaxError as error:
        raise FixError(f"not Python any more: {error}\n{shown}") from None
    if (
        sampled(case.source)
        and fix_source(report.after, "program.py", case.settings, surroundings=SCRIPT).after is not None
    ):
        raise FixError(f"a second fix changes it\n{shown}")
    added = comments(report.after) - comments(case.source)
    if comments(case.source) - comments(report.after) or added.keys() - {WHY_NO_COOKIES}:
        raise FixError(f"comments differ\n{shown}")
    return report


def judge_unsafe(
    case: Case, found: tuple[Diagnostic, ...], before: Outcome, transport: Transport, tally: Tally
) -> None:
    """The same for an unsafe fix, which may differ, but may not show anything to a place that did not get it, nor use
    a session that is not there."""
    report = fixed(case, found)
    assert report.after is not None
    after = transport.run(report.after, cookies=case.cookies)
    shown = f"{case}\n--- becomes, by unsafe fixes ---\n{report.after}"
    if leaked := shared(after) - shared(before):
        raise FixError(f"{min(leaked)} was sent where it was not before\n{shown}")
    if missed := re.search(r"(name|variable|attribute) '_?session(_\d+)?'.*", f"{after.error}\n{after.output}"):
        raise FixError(f"an unsafe fix uses what is not there: {missed[0]}\n{shown}")
    reasons = {d.help.rpartition("; unsafe because ")[2] for d in report.fixed if d.applicability == "unsafe"}
    told = difference(before, after, without_cookies=case.cookies and case.settings.cookies == "share")
    for reason in reasons:
        tally.unsafe[reason] += 1
        if told:
            tally.differing[reason] += 1
            tally.keep(reason, f"changes {told}\n{shown}")


def difference(before: Outcome, after: Outcome, *, without_cookies: bool) -> str:
    """The first thing by which two runs can be told apart; empty if there is none."""
    sent = [[_without_cookies(one) for one in run.sent] if without_cookies else run.sent for run in (before, after)]
    for number, (one, other) in enumerate(zip(*sent, strict=False), 1):
        if one != other:
            return f"request {number}:\n  {one}\n  {other}"
    if len(before.sent) != len(after.sent):
        return f"the number of requests: {len(before.sent)}, {len(after.sent)}; {before.error!r}, {after.error!r}"
    if before.error != after.error:
        return f"the exception: {before.error!r}, {after.error!r}"
    if before.output != after.output:
        return f"the output:\n{before.output}---\n{after.output}"
    return ""


def _without_cookies(sent: Sent) -> Sent:
    return sent._replace(headers=tuple(header for header in sent.headers if header[0] != "Cookie"))


def shared(outcome: Outcome) -> set[tuple[str, str, str, str]]:
    """Which header, credential and cookie went to which host and path; but for the cookies that servers set."""
    told = set()
    for sent in outcome.sent:
        for name, value in sent.headers:
            values = value.split("; ") if name == "Cookie" else [value]
            told |= {(sent.host, sent.path, name, text) for text in values if not text.startswith("visit=")}
    return told


def sampled(source: str) -> bool:
    """One program in four, for what costs much and is looked at by the tool itself as well."""
    return zlib.crc32(source.encode()) % 4 == 0


def comments(source: str) -> Counter[str]:
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return Counter(token.string for token in tokens if token.type == tokenize.COMMENT)


# --- many programs ----------------------------------------------------------------------------------------------------


def search(examples: int, number: int | None, transport: Transport, tally: Tally, *, shrink: bool = True) -> None:
    """Judges that many programs: those of a seed, or always the same. Raises the FixError of a small one that fails."""

    def test(case: Case) -> None:
        judge(case, transport, tally)

    budget = settings(
        max_examples=examples,
        database=None,
        deadline=None,
        derandomize=number is None,
        phases=(Phase.generate, Phase.shrink) if shrink else (Phase.generate,),
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
    )
    chosen = test if number is None else seed(number)(test)
    budget(given(cases)(chosen))()


def chunk(number: int, examples: int, *, shrink: bool = True) -> tuple[int, Tally, str]:
    """One chunk in a process of its own; the failure it found, if any."""
    tally = Tally()
    warnings.simplefilter("ignore")
    gc.freeze()
    gc.set_threshold(200_000)  # syntax trees are many objects, and hold no cycles
    with Transport().connected() as transport:
        try:
            search(examples, number, transport, tally, shrink=shrink)
        except FixError as failure:
            return number, tally, str(failure)
    return number, tally, ""


def chunks(examples: int, first: int, jobs: int, *, shrink: bool) -> Generator[tuple[int, Tally, str]]:
    numbers = random.Random(first).sample(range(1 << 40), -(-examples // CHUNK))
    run = partial(chunk, examples=min(CHUNK, examples), shrink=shrink)
    with multiprocessing.get_context("spawn").Pool(jobs, maxtasksperchild=20) as pool:
        yield from pool.imap_unordered(run, numbers)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--examples", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", "-j", type=int, default=1)
    parser.add_argument("--first", action="store_true", help="end at the first failure, without making it small")
    options = parser.parse_args()
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job would not hear it
    total, failures, start = Tally(), 0, time.monotonic()
    found = chunks(options.examples, options.seed, options.jobs, shrink=not options.first)
    with suppress(KeyboardInterrupt), closing(found):  # what was seen so far is told
        for number, tally, failure in found:
            total.add(tally)
            if failure:
                failures += 1
                print(f"\n=== chunk {number} ===\n{failure}", flush=True)
                if options.first:
                    return 1
            rate = total.counts["programs"] / (time.monotonic() - start)
            done = f"{total.counts['programs']} programs, {rate:.0f} a second, {failures} failures"
            print(f"\r{done}", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    summary(total, failures)
    return 1 if failures else 0


def summary(total: Tally, failures: int) -> None:
    programs = total.counts["programs"] or 1
    print(f"\n{programs} programs, {failures} failures")
    for name, count in total.counts.most_common():
        print(f"  {name:12} {count:8}  {count / programs:6.1%}")
    print("\nunsafe fixes: reason, programs, of these differ")
    for reason, count in total.unsafe.most_common():
        print(f"  {count:7} {total.differing[reason]:6}  {reason}")
    for reason, example in total.examples.items():
        print(f"\n--- {reason} ---\n{example}")


if __name__ == "__main__":
    sys.exit(main())
