"""The table in CONTRIBUTING.md holds: which folders there are, who imports whom; and what the program does not load."""

import ast
import pydoc
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

import sessionize

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "src" / "sessionize"
MODULES = sorted(PACKAGE.rglob("*.py"))
FOLDERS = sorted(path.parent for path in PACKAGE.glob("*/__init__.py"))
ROW = re.compile(r"^\| `(?P<folder>\w+)/` \|", re.MULTILINE)
DOORS = "the doors"


def column() -> list[str]:
    """The folders in the order of the table, lowest first; above all stand the doors, the modules in no folder."""
    return [*ROW.findall((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")), DOORS]


def part(path: Path) -> str:
    """The folder that a module is in."""
    folder = path.relative_to(PACKAGE).parts[0]
    return DOORS if folder.endswith(".py") else folder


@cache
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


def test_table_has_a_row_a_folder() -> None:
    there = {folder.name for folder in FOLDERS}
    rows = set(column()) - {DOORS}
    for name in sorted(there - rows):
        pytest.fail(
            f"add a row for `{name}/` to the table under Architecture in CONTRIBUTING.md, below all that it imports"
        )
    for name in sorted(rows - there):
        pytest.fail(f"there is no folder src/sessionize/{name}: take its row out of the table in CONTRIBUTING.md")


def test_imports_go_down_the_table() -> None:
    order = column()
    named = [(path, name) for path in MODULES for name in sorted(imports(path)) if name.startswith("sessionize.")]
    for path, name in named:
        below = order[: order.index(part(path)) + 1]
        folder = name.split(".")[1]
        known = folder in order or part(path) == DOORS or name == "sessionize.__version__"
        assert known, f"{path} imports {name}, a door"
        if folder in order:
            assert folder in below, f"{part(path)}/ imports {folder}/, which stands above it in CONTRIBUTING.md's table"


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_folder_says_what_is_inside(folder: Path) -> None:
    """One sentence, and few enough modules to see at a glance."""
    said = ast.get_docstring(ast.parse((folder / "__init__.py").read_bytes())) or ""
    assert said.splitlines()[:1], f"src/sessionize/{folder.name}/__init__.py has no docstring"
    modules = [path for path in folder.glob("*.py") if path.name != "__init__.py"]
    assert len(modules) <= 14, f"src/sessionize/{folder.name} has {len(modules)} modules: split it"


def test_libcst_stays_at_the_borders() -> None:
    users = {path.stem for path in MODULES if any(name.split(".")[0] == "libcst" for name in imports(path))}
    writers = {path.stem for path in MODULES if part(path) == "write"}
    assert users <= {"parse", "reading", "read_cst", "cst_expressions", "repatch", "replace", "codemod"} | writers


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
        slow |= {"click", "sessionize.engine.check"}
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
        (
            "import requests\nfor name in names:\n    requests.get(name)\n",
            {"sessionize.engine.check", "sessionize.rules"},
        ),
    ],
)
def test_check_loads_what_its_files_need(tmp_path: Path, text: str, loaded: set[str]) -> None:
    (tmp_path / "a.py").write_text(text, encoding="utf-8")
    slow = {
        "libcst",
        "pathspec",
        "sessionize.debug",
        "sessionize.engine.check",
        "sessionize.rules",
        "sessionize.run.pool",
        "multiprocessing",
        "distributed",
    }
    program = (
        f"import sys; from sessionize.cli import main; main(); print(*({slow} & set(sys.modules)), file=sys.stderr)"
    )
    command = [sys.executable, "-c", program, "check", "-q", "--output-format=concise", str(tmp_path)]
    assert set(subprocess.run(command, capture_output=True, text=True).stderr.split()) == loaded
