"""What README.md, CHANGELOG.md and the fixtures tell is what there is: no more, and no less."""

import re
from dataclasses import fields
from pathlib import Path

import click

from sessionize.cli import cli
from sessionize.config import Settings, load
from sessionize.rules import RULES

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
PARSED = [rule for rule in RULES if rule.name != "syntax-error"]


def section(title: str) -> str:
    return README.split(f"\n## {title}\n")[1].split("\n## ")[0]


def test_rules() -> None:
    rules = {(rule.code, rule.name) for rule in RULES}
    assert set(re.findall(r"^\| (RQS\d+) \| ([\w-]+) \|", section("Rules"), re.MULTILINE)) == rules
    assert set(re.findall(r"(RQS\d+) ([a-z-]+):", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"))) == rules


def test_fixtures() -> None:
    folders = {path.name for path in (ROOT / "fixtures").iterdir() if path.is_dir()}
    assert folders == {rule.name for rule in PARSED}


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


def test_commands_and_options() -> None:
    assert set(re.findall(r"^    sessionize (\w+)", section("Use"), re.MULTILINE)) == set(cli.commands)
    options = {
        option
        for command in cli.commands.values()
        for parameter in command.params
        if isinstance(parameter, click.Option)
        for option in parameter.opts
    }
    assert set(re.findall(r"(?<![\w-])--?[a-z][a-z-]*", section("Use"))) == options


def test_settings(tmp_path: Path) -> None:
    (example,) = re.findall(r"```toml\n(.*?)```", section("Settings"), re.DOTALL)
    (tmp_path / "pyproject.toml").write_text(example, encoding="utf-8")
    assert load(tmp_path, config=None, isolated=False)[1] == tmp_path / "pyproject.toml"
    assert {field.name.replace("_", "-") for field in fields(Settings)} <= set(re.findall(r"[\w-]+", example))


def test_python_example() -> None:
    (example,) = re.findall(r"```python\n(.*?)```", section("Python"), re.DOTALL)
    names = {"source": "import requests\nwhile True:\n    requests.get(url)\n"}
    exec(compile(example, "README.md", "exec"), names)
    assert "session.get(url)" in names["new_source"]


def test_quick_start_is_two_commands() -> None:
    commands = [line.strip() for line in section("Quick start").splitlines() if line.startswith("    ")]
    assert [command.split("&&")[0].strip() for command in commands] == ["pip install .", "pip install -e '.[test]'"]
    (example,) = re.findall(r"fixtures/\S+", commands[0])
    assert (ROOT / example).is_file()
