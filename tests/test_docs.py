"""What README.md, docs/, CHANGELOG.md and the fixtures tell is what there is: no more, and no less."""

import doctest
import re
import runpy
import shlex
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import click
import pytest

from sessionize import fix_source
from sessionize.cli import cli
from sessionize.engine import check, fix
from sessionize.files.codes import NAMES
from sessionize.files.settings import EXTEND, KEYS
from sessionize.files.settings_files import load
from sessionize.report.formats import FORMATS, format_named
from sessionize.rules import RULES

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
USAGE = (ROOT / "docs/usage.md").read_text(encoding="utf-8")
PARSED = [rule for rule in RULES if rule.name != "syntax-error"]


def section(title: str, page: str = README) -> str:
    return page.split(f"\n## {title}\n")[1].split("\n## ", maxsplit=1)[0]


def test_rules() -> None:
    rules = {(rule.code, rule.name) for rule in RULES}
    rows = re.findall(r"^\| (RQS\d+) \| \[([\w-]+)\]\(docs/rules/([\w-]+)\.md\) \|", section("Rules"), re.MULTILINE)
    assert {(code, name) for code, name, _ in rows} == rules, "README.md has a row for each rule"
    assert all(name == page for _, name, page in rows)
    named = set(re.findall(r"(RQS\d+) ([a-z-]+):", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")))
    assert named == rules, "CHANGELOG.md names each rule"


def test_names_of_rules() -> None:
    assert {rule.code: rule.name for rule in RULES} == NAMES, "src/sessionize/files/codes.py names each rule"


def test_fixtures() -> None:
    folders = {path.name for path in (ROOT / "fixtures").iterdir() if path.is_dir()}
    rules = {rule.name for rule in PARSED}
    assert folders == {*rules, "closed-world"}, "each rule has a folder of fixtures, and each folder but one a rule"


def test_pages() -> None:
    for rule in RULES:
        assert [line for line in rule.page.splitlines() if line.startswith("## ")] == [
            "## What it does",
            "## Why is this bad?",
            "## Example",
            "## Fix safety",
            "## When not to use",
            "## References",
        ], rule.name


def test_pages_are_those_in_docs() -> None:
    paths = [*(ROOT / "docs/rules").iterdir(), *(ROOT / "docs/doubts").iterdir()]
    written = {f"{path.parent.name}/{path.name}": path.read_text(encoding="utf-8") for path in paths}
    assert written == runpy.run_path(str(ROOT / "docs/rules.py"))["pages"](), "run: python docs/rules.py"


def test_how_it_works() -> None:
    page = (ROOT / "docs/how-it-works.md").read_text(encoding="utf-8")
    assert page == runpy.run_path(str(ROOT / "docs/how_it_works.py"))["page"](), "run: python docs/how_it_works.py"
    folders = {path.parent.name for path in (ROOT / "src/sessionize").glob("*/__init__.py")}
    assert set(re.findall(r"`(\w+)/`", page)) <= folders, "docs/how_it_works.py names a folder that is not there"


def test_messages() -> None:
    page = (ROOT / "docs/messages.md").read_text(encoding="utf-8")
    assert page == runpy.run_path(str(ROOT / "docs/messages.py"))["page"](), "run: python docs/messages.py"


@pytest.mark.parametrize(
    ("ours", "word"),
    [(r"(every|each) turn\b|turns? of (a|the|its) (loop|`(for|while))", "iteration"), (r"log-ins?\b", "login")],
)
def test_one_word_for_a_thing(ours: str, word: str) -> None:
    """In pages, messages and docstrings: the field's."""
    paths = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "src").rglob("*.py")]
    assert len(paths) > 100
    found = [path.name for path in paths if re.search(ours, path.read_text(encoding="utf-8"), re.IGNORECASE)]
    assert found == [], f"say {word}"


def test_commands_and_options() -> None:
    (synopsis,) = re.findall(r"```text\n(.*?)```", USAGE, re.DOTALL)
    assert set(re.findall(r"^sessionize (\w+)", synopsis, re.MULTILINE)) == set(cli.commands)
    options = {
        option
        for command in cli.commands.values()
        for parameter in command.params
        if isinstance(parameter, click.Option)
        for option in parameter.opts
    }
    first_cells = re.findall(r"^\| (`-.*?|`\w+ -.*?) \| ", section("Options", USAGE), re.MULTILINE)
    named = set(re.findall(r"(?<![\w-])--?[a-z][a-z-]*", " ".join(first_cells)))
    assert named == options, "docs/usage.md, section Options, has a row for each option"


def test_formats() -> None:
    listed = re.findall(r"`(\w+)`", section("Formats", USAGE).partition(". ")[0])
    assert listed == [*FORMATS], "docs/usage.md, section Formats, lists the output formats in its first sentence"
    (row,) = re.findall(r"^\| `--statistics` \| .*\((.*)\) \|$", USAGE, re.MULTILINE)
    counting = [name for name in FORMATS if format_named(name).statistics]
    assert re.findall(r"`(\w+)`", row) == counting, "docs/usage.md, --statistics, lists its formats"
    (edits,) = re.findall(r"(`json`[^.]*) list a fix's `edits`", section("Formats", USAGE))
    editing = [name for name in FORMATS if format_named(name).edits]
    assert re.findall(r"`(\w+)`", edits) == editing, "docs/usage.md says which formats list `edits`"


def test_example() -> None:
    (example,) = re.findall(r"```diff\n(.*?)```", README, re.DOTALL)
    before, after = (
        "import requests\n\n" + "".join(line[1:] for line in example.splitlines(keepends=True) if line[0] != sign)
        for sign in "+-"
    )
    assert fix_source(before).after == after


def test_settings(tmp_path: Path) -> None:
    (example,) = re.findall(r"```toml\n(.*?)```", section("Settings", USAGE), re.DOTALL)
    # Two settings name files and one a function, which are not everywhere; one is by default neither true nor false.
    example, number = re.subn(r"^# (?=[a-z-]+ = )", "", example, flags=re.MULTILINE)
    assert number == 4
    project = tmp_path / "project"
    project.mkdir()
    (tmp_path / "pyproject.toml").write_text("[tool.sessionize]\n")
    (project / "package").mkdir()
    (project / "package/module.py").write_text("def make_session(): ...\n")
    (project / "sessionize-baseline.json").write_text('{"files": {}}')
    (project / "pyproject.toml").write_text(example, encoding="utf-8")
    assert load(project).file == project / "pyproject.toml"
    assert {*KEYS, EXTEND} <= set(re.findall(r"[\w-]+", example))


def test_python_example() -> None:
    (example,) = re.findall(r"```python\n(.*?)```", section("Python"), re.DOTALL)
    output = StringIO()
    with redirect_stdout(output):
        exec(compile(example, "README.md", "exec"), {})
    said = re.findall(r"#  ?(.*\w)$", example, re.MULTILINE)
    printed = output.getvalue().splitlines()
    assert [printed[0], printed[-1]] == [said[0], said[-1]]
    assert "    print(session.get(f" in output.getvalue()


def test_settings_in_python() -> None:
    (example,) = re.findall(r"```python\n(.*?)```", section("Python", USAGE), re.DOTALL)
    names: dict[str, Any] = {}
    exec(compile(example, "usage.md", "exec"), names)
    assert "http = requests.Session()" in names["report"].after
    assert "set_policy" in names["report"].after


def test_examples_in_docstrings() -> None:
    done = [doctest.testmod(module) for module in (check, fix)]
    assert sum(failed for failed, _ in done) == 0
    assert sum(tried for _, tried in done) >= 10


def test_hooks_leave_out_what_is_excluded(tmp_path: Path) -> None:
    hooks = (ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8")
    entries = [entry.split() for entry in re.findall(r"entry: sessionize (.*)", hooks)]
    assert [entry[0] for entry in entries] == ["check", "fix"]
    source = "import requests\nwhile True:\n    requests.get(url)\n"
    (tmp_path / "dist").mkdir()
    file = tmp_path / "dist/a.py"
    file.write_text(source)
    settings = tmp_path / "sessionize.toml"
    settings.write_text("")
    assert [cli.main([*entry, str(file)], standalone_mode=False) for entry in entries] == [0, 0]
    assert file.read_text() == source
    settings.write_text("exclude = []\n")
    assert [cli.main([*entry, str(file)], standalone_mode=False) for entry in entries] == [1, 0]
    assert "session.get(url)" in file.read_text()


def test_quick_start_is_two_commands(
    capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    commands = [line.strip() for line in section("Quick start").splitlines() if line.startswith("    ")]
    assert [command.split("&&")[0].strip() for command in commands] == ["pip install .", "pip install -e '.[test]'"]
    # Where the user is, among tests that patch requests.
    monkeypatch.chdir(ROOT)
    words = shlex.split(commands[0].split("&&")[1])
    assert words[0] == "sessionize"
    assert cli.main(words[1:], standalone_mode=False) == 0
    diff = capfdbinary.readouterr().out.decode()
    assert "+    session = requests.Session()" in diff
    assert "session.headers.update(" in diff
