"""A library is a value: few modules name one, and what another value says is what is found, decided and worded."""

import ast
import re
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import pytest

from sessionize.engine.reading import Reading
from sessionize.files.settings import Settings
from sessionize.fixes.outcome import Fix, Outcome
from sessionize.fixes.plan import Planner
from sessionize.library.surroundings import UNKNOWN, Around
from sessionize.profiles import LIBRARIES, REQUESTS, Library
from sessionize.rules import RULES
from sessionize.sharing.facts import Facts

PACKAGE = Path(__file__).parent.parent / "src" / "sessionize"
# The modules that may name requests, and why. All others ask `facts.library`.
NAMING = {
    "profiles/__init__.py": "it imports the profile",
    "profiles/requests.py": "it is the profile",
    "profiles/curl_cffi.py": "its functions are in a module of that name",
    "library/program.py": "requests is the library where none is told",
    "library/surroundings.py": "requests is the library where none is told",
    "library/words.py": "it knows names of modules that name no user",
    "library/patches.py": "it reads the patches of requests",
    "library/patched.py": "likewise",
    "run/testpatches/migrate.py": "it moves the patches of requests",
    "run/testpatches/repatch.py": "likewise",
    "run/testpatches/replace.py": "likewise",
    "project/application.py": "it knows packages that start no threads",
    "project/looks.py": "it knows names of sessions that name no user",
    "project/meddling.py": "it looks for changes of requests",
    "project/project.py": "it reads the patches of requests",
    "project/projects.py": "likewise",
    "project/requirements.py": "it reads which requests is required",
    "doubts/mixed_verify.py": "it is about versions of requests",
    "fixes/obstacles.py": "likewise",
    "doubts/hooks.py": "it speaks of requests that are sent",
    "codemod.py": "it describes itself",
}
# The word, but for that in the name of a rule: `repeated-requests`.
WORD = re.compile(r"(?<!-)\brequests\b", re.IGNORECASE)


def code(path: Path) -> str:
    """The code of a module, without comments and docstrings."""
    tree = ast.parse(path.read_bytes())
    for node in ast.walk(tree):
        match node:
            case (
                ast.Module(body=[ast.Expr(value=ast.Constant(value=str()) as text), *_])
                | ast.ClassDef(body=[ast.Expr(value=ast.Constant(value=str()) as text), *_])
                | ast.FunctionDef(body=[ast.Expr(value=ast.Constant(value=str()) as text), *_])
            ):
                text.value = ""
    return ast.unparse(tree)


def test_few_modules_name_requests() -> None:
    found = {str(path.relative_to(PACKAGE)) for path in PACKAGE.rglob("*.py") if WORD.search(code(path))}
    assert found - NAMING.keys() == set(), "ask the profile, `facts.library`, and name no library"
    assert NAMING.keys() - found == set(), "these do not name requests any more: take them off the list"


# requests by other names, and with other answers
OTHER = REQUESTS._replace(
    name="wires",
    modules=frozenset({"wires"}),
    functions=MappingProxyType({"get": ("url",), "request": ("method", "url")}),
    session="wires.Pool",
    word="pool",
    makers=(("wires", "Pool"),),
    aliases=MappingProxyType({}),
    timeout=("limit", -1),
    apart="jar.forget({policy})",
    beneath=frozenset({"wires"}),
    reads_patches=False,
)
LOOP = "import wires\nfor url in urls:\n    wires.get(url, user=user)\n"


def outcomes(
    text: str, settings: Settings = Settings(), library: Library = OTHER, around: Around | None = None
) -> list[Outcome]:
    facts = Facts(Reading(text).outline, around or Around(), library=library)
    findings = [finding for rule in RULES for finding in rule.check(facts, settings)]
    return Planner(facts, settings).plan(findings)


def test_another_value_is_another_library() -> None:
    (fix,) = outcomes(LOOP, library=OTHER._replace(reads_patches=True))
    assert isinstance(fix, Fix)
    assert fix.new_session is not None
    assert fix.doubts == ()
    assert (fix.message, fix.new_session.target, fix.new_session.create, fix.new_session.apart) == (
        "Use one `wires.Pool` for all iterations",
        "pool",
        "wires.Pool()",
        "jar.forget(DefaultCookiePolicy)",
    )
    assert outcomes(LOOP.replace("wires", "requests")) == []


def test_a_name_of_the_settings_is_kept() -> None:
    (fix,) = outcomes(LOOP, replace(Settings(), session_name="http"))
    assert isinstance(fix, Fix)
    assert fix.new_session is not None
    assert fix.new_session.target == "http"


def test_patches_that_nobody_reads_are_a_doubt() -> None:
    (fix,) = outcomes(LOOP, around=Around(UNKNOWN))
    assert isinstance(fix, Fix)
    assert fix.help.endswith(
        "; unsafe because another file may replace `wires.get` by name, which is not looked for [patched]"
    )


@pytest.mark.parametrize(("waits", "expected"), [(True, [True, True, False]), (False, [False, False, False])])
def test_a_call_may_wait(waits: bool, expected: list[bool]) -> None:
    text = "import wires\nwires.get(url)\nwires.get(url, limit=None)\nwires.get(url, limit=3)\n"
    facts = Facts(Reading(text).outline, library=OTHER._replace(waits=waits))
    assert list(map(facts.bare.waits, facts.bare.calls)) == expected


def test_rules_that_know_a_library() -> None:
    assert all(REQUESTS.knows(rule.code) for rule in RULES)
    assert not OTHER._replace(rules=("RQS101",)).knows("RQS102")


@pytest.mark.parametrize("library", LIBRARIES, ids=lambda library: library.name)
def test_a_profile_agrees_with_itself(library: Library) -> None:
    assert library.name in library.modules
    assert library.name in library.beneath
    assert {*library.functions} <= library.sending
    assert library.session in {f"{module}.{made}" for module, made in library.makers}
