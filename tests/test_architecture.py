"""The table in CONTRIBUTING.md holds: who imports whom, and what the command line does not load."""

import ast
import pydoc
import re
import subprocess
import sys
from pathlib import Path

import pytest

import sessionize

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "src" / "sessionize"
MODULES = sorted(PACKAGE.rglob("*.py"))
ROW = re.compile(r"\| (?P<modules>`[^|]+`) \| [^|]+ \| (?P<allowed>[^|]+) \|")


def table() -> dict[str, set[str]]:
    """What each module may import."""
    allowed: dict[str, set[str]] = {}
    for row in ROW.finditer((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")):
        above = set(allowed) if row["allowed"] == "all above" else set(re.findall(r"`(\w+)/?`", row["allowed"]))
        allowed |= dict.fromkeys(re.findall(r"`(\w+)/?`", row["modules"]), above)
    return allowed


def part(path: Path) -> str:
    """A module's name in the table; a folder is one part."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(path: Path) -> set[str]:
    """The modules that are imported anywhere in a file, as dotted names."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def test_table_names_the_modules_that_exist() -> None:
    missing, gone = sorted(set(map(part, MODULES)) - set(table())), sorted(set(table()) - set(map(part, MODULES)))
    assert not missing, f"the table in CONTRIBUTING.md has no row for {missing}: what it owns, and what it may import"
    assert not gone, f"the table in CONTRIBUTING.md has a row for {gone}, which is no module"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports(path: Path) -> None:
    assert part(path) in table(), f"the table in CONTRIBUTING.md needs a row for `{part(path)}`"
    ours = {name.split(".")[1] for name in imports(path) if name.startswith("sessionize.")} & set(map(part, MODULES))
    forbidden = sorted(ours - {part(path)} - table()[part(path)])
    assert not forbidden, f"`{part(path)}` may not import {forbidden} by its row in the table in CONTRIBUTING.md"


def test_libcst_stays_at_the_borders() -> None:
    users = {part(path) for path in MODULES if any(name.split(".")[0] == "libcst" for name in imports(path))}
    assert users <= {"engine", "parse", "read_cst", "rewrite", "repatch", "codemod"}


def test_no_module_for_odds_and_ends() -> None:
    assert not {"utils", "types", "common", "helpers"} & {path.stem for path in MODULES}


def test_help_shows_the_interface() -> None:
    shown = pydoc.plain(pydoc.render_doc(sessionize))
    for name in sessionize.__all__:
        assert re.search(rf"^    (class )?{name}\(", shown, re.MULTILINE)
    assert set(sessionize.__all__) <= set(dir(sessionize))


@pytest.mark.parametrize("module", ["sessionize", "sessionize.cli", "sessionize.flake8_plugin"])
def test_import_is_quick(module: str) -> None:
    slow = {"libcst", "pathspec", "tomllib", "tomli"}
    if module == "sessionize.flake8_plugin":
        slow |= {"click", "sessionize.engine"}
    program = f"import sys, {module}; print(*({slow} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, text=True).stdout == "\n"


def test_settings_load_no_rule_and_no_libcst() -> None:
    slow = {"libcst", "sessionize.rules"}
    program = f"import sys; from sessionize import Settings; Settings(); print(*({slow} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, text=True).stdout == "\n"


@pytest.mark.parametrize(
    ("text", "loaded"),
    [
        ("'''How requests are queued.'''\n", set()),
        ("import requests\nfor name in names:\n    requests.get(name)\n", {"sessionize.engine", "sessionize.rules"}),
    ],
)
def test_check_loads_what_its_files_need(tmp_path: Path, text: str, loaded: set[str]) -> None:
    (tmp_path / "a.py").write_text(text, encoding="utf-8")
    slow = {
        "libcst",
        "pathspec",
        "sessionize.engine",
        "sessionize.rules",
        "sessionize.pool",
        "multiprocessing",
        "distributed",
    }
    program = (
        f"import sys; from sessionize.cli import main; main(); print(*({slow} & set(sys.modules)), file=sys.stderr)"
    )
    command = [sys.executable, "-c", program, "check", "-q", "--output-format=concise", str(tmp_path)]
    assert set(subprocess.run(command, capture_output=True, text=True).stderr.split()) == loaded
