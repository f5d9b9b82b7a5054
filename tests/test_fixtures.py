"""Every case in `fixtures/` is held to all that a fix promises; adding a case is adding files."""

import argparse
import io
import json
import os
import pkgutil
import re
import shlex
import shutil
import tokenize
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal
from unittest.mock import patch

import pytest
from around import answering
from command import Run
from wire import Run as WireRun, Servers, differences, run as run_program

from sessionize.engine.check import check_bytes
from sessionize.engine.fix import fix_bytes, offers
from sessionize.engine.results import Diagnostic, Report
from sessionize.files.settings import Settings
from sessionize.files.text import decode, encode
from sessionize.profiles import LIBRARIES
from sessionize.project.project import Project
from sessionize.project.projects import Projects
from sessionize.run.testpatches.migrate import fix_alone

ROOT = Path(__file__).parent.parent
FIXTURES = ROOT / "fixtures"
BEFORE, AFTER, FINDINGS = ".before.py", ".after.py", ".findings.txt"
PAIRS = sorted(FIXTURES.glob(f"*/*{BEFORE}"))
UNTOUCHED = sorted(FIXTURES.glob("*/untouched/*.py"))


def case(path: Path) -> str:
    """`folder/case`, the name of a case in messages."""
    return str(path.relative_to(FIXTURES)).removesuffix(".py").removesuffix(".before")


# niquests is not in the extra `test`: its wheels put another urllib3 in the place of the one that requests uses.
MISSING = {library.name for library in LIBRARIES if find_spec(library.name) is None}


def skip_without_library(before: Path) -> None:
    """Skips a case named after a library that is not installed: `niquests-from-import`."""
    name = before.name.partition("-")[0]
    if name in MISSING:
        pytest.skip(f"{name} is not installed")


# By their scope the tests of one case come one after the other, so that what was worked out for it can be used again.
each_pair = pytest.mark.parametrize("before", PAIRS, ids=case, scope="module")
each_untouched = pytest.mark.parametrize("path", UNTOUCHED, ids=case)


def beside(before: Path, suffix: str) -> Path:
    return before.with_name(before.name.removesuffix(BEFORE) + suffix)


def settings_of(data: bytes) -> Settings:
    """The settings that the first line asks for: `# flags: --session-style with --unsafe-fixes`."""
    return settings_in(data.partition(b"\n")[0].decode("latin-1"))


@cache
def settings_in(first: str) -> Settings:
    flags = argparse.ArgumentParser(allow_abbrev=False, argument_default=argparse.SUPPRESS)
    flags.add_argument("--extend-select", type=lambda codes: tuple(codes.split(",")))
    flags.add_argument("--session-style", choices=("assign", "with"))
    flags.add_argument("--session-name")
    flags.add_argument("--cookies", choices=("share", "isolate"))
    flags.add_argument("--closed", action="store_true")
    flags.add_argument("--unsafe-fixes", action="store_true")
    flags.add_argument("--rewrite-patches", action="store_true")
    _, marker, asked = first.partition("# flags:")
    return replace(Settings(closed=False), **vars(flags.parse_args(shlex.split(asked) if marker else [])))


def shown(path: Path) -> str:
    """The name the tool is given; relative, so that the folders above the project do not matter."""
    return path.relative_to(ROOT).as_posix()


@cache
def report_of(path: Path, data: bytes, settings: Settings) -> Report:
    """What a fix tells."""
    if settings.moves_patches:
        report = fix_alone(data, shown(path), settings, Nowhere())
    else:
        report = fix_bytes(data, shown(path), settings, surroundings=AROUND)
    assert report.error is None
    return report


def fixed(path: Path, data: bytes, settings: Settings) -> bytes:
    """What a fix leaves in the file."""
    after = report_of(path, data, settings).after
    return data if after is None else encode(decode(data), after)


class Nowhere(Projects):
    """No other files are there: a case is a program of its own."""

    def of(self, _filename: str, /) -> Project:
        return Project(os.devnull, {})


# A file as it lies there, but for the tests of the project; it is a script where its settings say so.
PROJECTS = Projects()
AROUND = answering(
    taken=PROJECTS.taken,
    is_script=PROJECTS.is_script,
    may_set=lambda *_: False,
    file_replacing=lambda *_: "",
    may_set_attribute=lambda *_, **__: False,
)


def findings(path: Path) -> tuple[Diagnostic, ...]:
    data = path.read_bytes()
    report = check_bytes(data, shown(path), settings_of(data), surroundings=AROUND)
    assert report.error is None
    return report.left


def as_golden(finding: Diagnostic) -> str:
    start, end = finding.start, finding.end
    place = f"{start.row}:{start.column}-{end.row}:{end.column}"
    cure = f"    {finding.applicability or 'refused'}: {finding.help}\n" if finding.help else ""
    return f"{place} {finding.code} {finding.message}\n{cure}"


def assert_golden(golden: Path, found: tuple[Diagnostic, ...], update: bool) -> None:
    """The golden holds the findings, and is there exactly if there are any."""
    assert_content(golden, "".join(map(as_golden, found)).encode() or None, update)


def assert_content(golden: Path, content: bytes | None, update: bool) -> None:
    """The golden holds that content; with None there is none."""
    if update:
        golden.unlink(missing_ok=True)
        if content is not None:
            golden.write_bytes(content)
    assert (golden.read_bytes() if golden.exists() else None) == content


FOR_TOOLS = re.compile(r"# (noqa|nosec|(flake8|fmt|pylint|pyright|type):)")


def comments(data: bytes) -> Counter[str]:
    """The comments for people; some stand behind others on a line."""
    tokens = tokenize.tokenize(io.BytesIO(data).readline)
    found = [token.string for token in tokens if token.type == tokenize.COMMENT]
    return Counter(part for comment in found for part in re.split(r"  (?=# )", comment) if not FOR_TOOLS.match(part))


def standing_alone(data: bytes) -> Counter[str]:
    """The comments for tools on lines of their own, where they may hold for all that follows."""
    return Counter(line for line in map(str.strip, decode(data).text.splitlines()) if FOR_TOOLS.match(line))


@cache
def ran(program: Path | str, servers: Servers) -> tuple[WireRun, int]:
    """What a program sends and prints, and how many sessions it makes; a bare call makes one of its own."""
    sessions = 0

    def counted(make: Callable[..., None]) -> Callable[..., None]:
        def make_counted(*args: Any, **options: Any) -> None:
            nonlocal sessions
            sessions += 1
            make(*args, **options)

        return make_counted

    with ExitStack() as patches:
        for library in LIBRARIES:
            if library.name in MISSING:
                continue
            made = pkgutil.resolve_name(library.session)
            patches.enter_context(patch.object(made, "__init__", counted(made.__init__)))
        return run_program(program, servers), sessions


def keeps_no_cookies(after: bytes) -> bool:
    """Tell whether each session of a program is told so; others are plain by the rule, and may send cookies back."""
    made = sum(after.count(f"{made}()".encode()) for made in {library.session_class for library in LIBRARIES})
    return made == after.count(b".set_policy(") + after.count(b".discard_cookies = True") > 0


def assert_same_wire(before: Path, after: Path | str, servers: Servers) -> None:
    """Both programs send and print the same, the second over fewer connections."""
    (was, _), (now, _) = ran(before, servers), ran(after, servers)
    assert differences(was, now) == []
    assert was.requests, "the case sends nothing"
    assert was.error is None or was.error[0] == "SystemExit", "the case does not end by itself"
    assert sum(now.connections) < sum(was.connections)


# --- what is promised of a fix, worked out without running a program --------------------------------------------------


def fix_gives_after(before: Path, update: bool) -> None:
    data = before.read_bytes()
    assert_content(beside(before, AFTER), fixed(before, data, settings_of(data)), update)


def findings_are_as_golden(before: Path, update: bool) -> None:
    found = findings(before)
    assert found, "what is rewritten is also reported"
    assert_golden(beside(before, FINDINGS), found, update)


def after_is_final(before: Path) -> None:
    """A second fix changes nothing, and no finding is left that a fix could resolve."""
    after = beside(before, AFTER)
    data = after.read_bytes()
    settings = settings_of(data)
    assert settings == settings_of(before.read_bytes()), "both files need the same first line"
    assert fixed(after, data, settings) == data
    applied = {"safe", "unsafe"} if settings.unsafe_fixes else {"safe"}
    assert [finding for finding in findings(after) if finding.applicability in applied] == []


def calls_without_a_timeout_stay_in_sight(before: Path) -> None:
    """What other linters no longer see is counted, and RQS302 sees it."""
    data = before.read_bytes()
    settings = settings_of(data)
    report = (
        fix_bytes(data, shown(before), settings, surroundings=AROUND)
        if settings.moves_patches
        else report_of(before, data, settings)
    )
    seen = [
        len(check_bytes(content, shown(before), Settings(select=("RQS302",)), surroundings=AROUND).left)
        for content in (data, fixed(before, data, settings))
    ]
    assert report.untimed == seen[1] - seen[0]


def each_fix_can_be_made_alone(before: Path) -> None:
    """`fix --interactive` may make any of the fixes of a file, or all but one."""
    data = before.read_bytes()
    settings = replace(settings_of(data), rewrite_patches=False)
    fixes = offers(data, shown(before), settings, surroundings=AROUND)
    all_but_one = [tuple(other for other in fixes if other != fix) for fix in fixes]
    for only in dict.fromkeys([*((fix,) for fix in fixes), *all_but_one]) if len(fixes) > 1 else ():
        report = fix_bytes(data, shown(before), settings, surroundings=AROUND, only=only)
        assert report.error is None
        assert report.after is not None


def comments_are_kept(before: Path) -> None:
    assert comments(before.read_bytes()) <= comments(beside(before, AFTER).read_bytes())


def no_comment_for_tools_comes_to_stand_alone(before: Path) -> None:
    assert standing_alone(beside(before, AFTER).read_bytes()) <= standing_alone(before.read_bytes())


@each_pair
def test_pair_gives_its_goldens(before: Path, update_goldens: bool) -> None:
    fix_gives_after(before, update_goldens)
    findings_are_as_golden(before, update_goldens)


# --- what is promised of a fix, shown by running both programs --------------------------------------------------------


def wire_is_the_same(before: Path, servers: Servers, cookie_servers: Servers) -> None:
    after = beside(before, AFTER)
    assert_same_wire(before, after, servers)
    if keeps_no_cookies(after.read_bytes()):
        assert_same_wire(before, after, cookie_servers)


def connections_are_reused(before: Path, servers: Servers) -> None:
    """A session opens one connection to a host; in a pool of threads one for each, `ThreadPoolExecutor(2)`."""
    run, sessions = ran(beside(before, AFTER), servers)
    threads = [int(size) for size in re.findall(rb"Pool(?:Executor)?\((?:max_workers=)?(\d+)\)", before.read_bytes())]
    allowed = sessions * max(threads, default=1)
    assert max(run.connections) <= allowed, "more connections: does `verify=` differ in the case, or a pool's size?"


FORMS: tuple[tuple[Literal["assign", "with"], Literal["auto", "share", "isolate"]], ...] = (
    ("assign", "share"),
    ("with", "isolate"),
)


def forms(own: Settings) -> list[Settings]:
    """Settings that a case is run with beside its own; where these isolate cookies, all do."""
    kept = own.cookies == "isolate"
    return [replace(own, session_style=style, cookies="isolate" if kept else kind) for style, kind in FORMS]


def form_holds(before: Path, settings: Settings) -> bytes:
    """What a fix gives in a form; it is final, or the findings say why there is none."""
    data = before.read_bytes()
    form = f"session_style={settings.session_style}, cookies={settings.cookies}"
    after = fixed(before, data, settings)
    if after == data:  # a form that is not safe, or that a session can't take here
        left = check_bytes(data, shown(before), settings, surroundings=AROUND).left
        assert left, form
        assert {finding.applicability for finding in left} <= {None, "unsafe"}, form
        assert None in {finding.applicability for finding in left} or not settings.unsafe_fixes, form
    else:
        assert fixed(before, after, settings) == after, form
    return after


def other_forms_hold(before: Path, all_forms: bool, servers: Servers, cookie_servers: Servers) -> None:
    """A case also holds in another form of a session; under isolation to the last cookie. Forms take turns by case."""
    data, golden = before.read_bytes(), beside(before, AFTER)
    tried = forms(settings_of(data))
    if not all_forms:
        tried = [tried[PAIRS.index(before) % len(tried)]]
    for after in dict.fromkeys(form_holds(before, settings) for settings in tried):
        if after != data:
            program = golden if golden.read_bytes() == after else decode(after).text
            assert_same_wire(before, program, cookie_servers if keeps_no_cookies(after) else servers)


@each_pair
@pytest.mark.slow
@pytest.mark.usefixtures("unmeasured")
def test_pair_keeps_its_promises(before: Path, servers: Servers, cookie_servers: Servers) -> None:
    skip_without_library(before)
    after_is_final(before)
    calls_without_a_timeout_stay_in_sight(before)
    comments_are_kept(before)
    no_comment_for_tools_comes_to_stand_alone(before)
    wire_is_the_same(before, servers, cookie_servers)
    connections_are_reused(before, servers)


@each_pair
@pytest.mark.slow
@pytest.mark.usefixtures("unmeasured")
def test_pair_holds_in_other_forms_and_parts(
    before: Path, all_forms: bool, servers: Servers, cookie_servers: Servers
) -> None:
    skip_without_library(before)
    each_fix_can_be_made_alone(before)
    other_forms_hold(before, all_forms, servers, cookie_servers)


@pytest.mark.parametrize(
    "name",
    [
        "client-without-session/dataclass-frozen-with-slots",
        "client-without-session/dataclass-that-imports-no-field",
        "request-in-loop/import-at-the-end-of-a-block-goes",
    ],
)
def test_forms_that_run_what_no_golden_does(name: str) -> None:
    """Where a line is missed by coverage, and a form of a case runs it, the case is named here."""
    before = FIXTURES / f"{name}{BEFORE}"
    for settings in forms(settings_of(before.read_bytes())):
        form_holds(before, settings)


# --- all else ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a copy of all cases."""
    return shutil.copytree(FIXTURES, tmp_path_factory.mktemp("copied") / "fixtures").parent


@pytest.mark.slow
@pytest.mark.usefixtures("unmeasured")
@pytest.mark.parametrize(
    "name",
    [
        "request-in-loop/from-import",
        "request-in-loop/map-from-import",
        "repeated-requests/all-verbs",
        "repeated-options/auth-in-with-style",
        "module-without-session/two-imports-and-isolated-cookies",
    ],
)
def test_by_hand_a_case_gives_its_goldens(name: str, run: Run, copied: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each folder of cases is a project of its own, without the tests of this repository."""
    monkeypatch.chdir(copied)
    before = FIXTURES / f"{name}{BEFORE}"
    _, _, asked = before.read_text().partition("\n")[0].partition("# flags:")
    check = "--extend-select", "RQS3", "--output-format=json"
    told = json.loads(run("check", *check, shown(before)).out)
    settings = replace(settings_of(before.read_bytes()), unsafe_fixes=False)
    known = check_bytes(before.read_bytes(), shown(before), replace(settings, extend_select=("RQS3",))).left
    assert [found["message"] for found in told] == [found.message for found in known]
    run("fix", *shlex.split(asked), shown(before))
    assert Path(shown(before)).read_bytes() == beside(before, AFTER).read_bytes()


@each_untouched
def test_untouched_stays(path: Path, update_goldens: bool) -> None:
    data = path.read_bytes()
    assert fixed(path, data, settings_of(data)) == data
    assert_golden(path.with_suffix(FINDINGS), findings(path), update_goldens)


def test_there_are_enough_cases() -> None:
    assert len(PAIRS) >= 60
    assert len(UNTOUCHED) >= 60


def test_names_are_unique_in_their_folder() -> None:
    names = Counter(case(path).replace("/untouched/", "/") for path in [*PAIRS, *UNTOUCHED])
    assert [name for name, count in names.items() if count > 1] == []


def test_no_stray_files() -> None:
    expected = {beside(before, suffix) for before in PAIRS for suffix in (BEFORE, AFTER, FINDINGS)}
    expected |= set(UNTOUCHED)
    optional = {path.with_suffix(FINDINGS) for path in UNTOUCHED}
    expected |= {path.parent / "sessionize.toml" for path in (*PAIRS, *UNTOUCHED)}  # so that each folder is a project
    there = {path for path in FIXTURES.rglob("*") if path.is_file()}
    assert expected - there == set()
    assert there - expected - optional == set()
