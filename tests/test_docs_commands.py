"""Every command line in README.md and docs/ is run as it stands there, and every block is what it says it is.

A block of commands is run line by line, in a folder with programs to check. What cannot be run here is listed in
`NOT_RUN` with the reason; what it tells sessionize to do has to be known to sessionize all the same.
"""

import json
import os
import re
import shlex
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from shutil import copy, copytree
from typing import NamedTuple

import click
import pytest
import yaml

from sessionize.cli import cli
from sessionize.files.settings_files import load

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent
# The texts of messages are no commands to type.
PAGES = [ROOT / "README.md", *(path for path in sorted((ROOT / "docs").glob("*.md")) if path.name != "messages.md")]
RULES = sorted((ROOT / "docs/rules").glob("*.md"))
DEMO = "fixtures/repeated-headers/bearer-token-constant.before.py"
LOOP = "import requests\n\nfor year in range(2020, 2024):\n    requests.get(f'https://example.com/{year}', timeout=9)\n"

NOT_RUN = {
    "pip install": "needs a package index",
    "uvx": "needs uv",
    "uv tool": "needs uv",
    "pipx": "needs pipx",
    "pytest": "is what runs this test",
    "python -m build": "needs build",
    "parallel": "GNU parallel is seldom installed",
    "multi-gitter": "needs repositories on a server, and the right to write to them",
    "sessionize init": "asks; tests/test_init.py answers",
    "sessionize fix --interactive": "asks on a terminal; tests/test_interactive.py answers",
    "sessionize fix --unsafe-fixes --verify": "runs the tests of a project; tests/test_verify.py has some",
    'eval "$(_SESSIONIZE_COMPLETE=zsh_source': "needs Zsh",
    "_SESSIONIZE_COMPLETE=fish_source": "needs Fish",
    "dask": "stays until it is ended; tests/test_cluster.py has a cluster",
    "sessionize check --cluster": "needs that cluster",
    "python benchmarks/": "takes minutes, on a quiet machine",
    "python tests/proof/": "takes minutes to hours; that its options are known is looked at",
}
NO_READER = {"diff": "test_docs.py makes it again", "text": "is none", "lua": "needs Neovim", "elisp": "needs Emacs"}
# The options with which findings are no failure.
SETTLED = {"--exit-zero", "--baseline", "--write-baseline", "--add-noqa"}


class Block(NamedTuple):
    """A fenced or an indented block; a line of text that is a command is a block, too, without a language."""

    page: str
    language: str
    text: str


def blocks(page: Path) -> list[Block]:
    text = page.read_text(encoding="utf-8")
    fence = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
    found = fence.findall(text)
    rest = fence.sub("", text)
    indented = re.compile(r"(?:^ {4}.*\n)+", re.MULTILINE)
    found += [("", re.sub("^    ", "", block, flags=re.MULTILINE)) for block in indented.findall(rest)]
    found += [("", line) for line in re.findall(r"`((?:sessionize|python) [^`<]+)`", indented.sub("", rest))]
    return [Block(page.name, *block) for block in found]


BLOCKS = [block for page in PAGES for block in blocks(page)]
# What stands on several pages is run once.
COMMANDS = list({block.text: block for block in BLOCKS if block.language in {"", "sh", "console"}}.values())


def commands(line: str) -> list[str]:
    """The commands that a line runs one after the other; a pipeline is one."""
    return re.split(r" && ", line.removeprefix("$ "))


def reason(command: str) -> str | None:
    return next((why for start, why in NOT_RUN.items() if command.startswith(start)), None)


def arguments(command: str) -> list[list[str]]:
    """What a command, or one that it starts, gives to sessionize."""
    told = re.findall(r"(?:^|[ '])sessionize ((?:check|fix|rule|config|server)\b(?:--verify '[^']*'|[^|'`])*)", command)
    return [shlex.split(words) for words in told]


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A git repository with a few programs, behind whose `origin/main` it is."""
    folder = tmp_path_factory.mktemp("repository")
    for name in ("first.py", "repositories/one/a.py", "repositories/two/b.py", "src/c.py"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(LOOP)
    (folder / DEMO).parent.mkdir(parents=True)
    for path in (DEMO, str(Path(DEMO).with_name("sessionize.toml"))):
        copy(ROOT / path, folder / path)
    identity = ["-c", "user.name=tests", "-c", "user.email=tests@example.org"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    for git in (
        ["init", "-q", "--template="],
        [*identity, "commit", "-q", "--allow-empty", "-m", "Begin"],
        ["update-ref", "refs/remotes/origin/main", "HEAD"],
        ["add", "."],
        [*identity, "commit", "-q", "-m", "Programs"],
    ):
        subprocess.run(["git", *git], cwd=folder, env=environment | {"GIT_CONFIG_GLOBAL": os.devnull}, check=True)
    return folder


@pytest.fixture
def project(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of that repository, and the commands of this Python."""
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "python").write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} "$@"\n')
    for name, module in {"sessionize": "sessionize.cli", "flake8": "flake8.main.cli"}.items():
        start = f"#!{sys.executable}\nimport sys\nfrom {module} import main\nsys.exit(main())\n"
        (programs / name).write_text(start)
    for program in programs.iterdir():
        program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    for who in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{who}_NAME", "tests")
        monkeypatch.setenv(f"GIT_{who}_EMAIL", "tests@example.org")
    return Path(copytree(repository, tmp_path / "project"))


def expected(command: str, *, fixed: bool) -> int:
    """The exit status, in a folder where there is something to fix, and all of it can be, or has been."""
    words = command.split()
    told = "sessionize check" in command or "--diff" in words or words[0] == "flake8"
    if fixed or not told or not SETTLED.isdisjoint(words):
        return 0
    return 123 if "xargs" in words else 1  # xargs: one of those that it started found something


@pytest.mark.parametrize("block", COMMANDS, ids=lambda block: f"{block.page}: {block.text.splitlines()[0]}")
def test_commands(block: Block, project: Path) -> None:
    fixed = False
    for line in block.text.splitlines():
        for command in commands(line):
            for args in arguments(command):
                known(args)
            if command.startswith("python tests/proof/"):
                program, *options = command.split()[1:]
                told = subprocess.run([sys.executable, ROOT / program, "--help"], capture_output=True, encoding="utf-8")
                assert told.returncode == 0
                assert [option for option in options if option[0] == "-" and option not in told.stdout] == []
            if reason(command) is not None:
                continue
            bash = ["bash", "-o", "pipefail", "-c", command]
            done = subprocess.run(bash, cwd=project, stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8")
            assert done.returncode == expected(command, fixed=fixed), (command, done.stdout, done.stderr)
            assert "Traceback" not in done.stderr
            if command.startswith("sessionize fix"):
                assert fixed or ("session = requests.Session()" in done.stdout) == ("--diff" in command)
                fixed = fixed or "--diff" not in command
                assert fixed == ("session.get" in (project / "first.py").read_text())


def known(args: list[str]) -> None:
    """Raises click.UsageError for what sessionize does not know."""
    name, *rest = args
    command = cli.commands[name]
    command.make_parser(click.Context(command, info_name=name)).parse_args(rest)


def test_unknown_options_are_seen() -> None:
    (args,) = arguments("multi-gitter run 'sessionize fix --exit-nought' --org X")
    with pytest.raises(click.NoSuchOption):
        known(args)


def test_exceptions_are_needed() -> None:
    """What is excepted is there, and there is no language but those read here and those excepted."""
    every = [command for block in COMMANDS for line in block.text.splitlines() for command in commands(line)]
    assert [start for start in NOT_RUN if not any(command.startswith(start) for command in every)] == []
    languages = {block.language for block in BLOCKS}
    assert languages - {"", "sh", "console", "toml", "json", "yaml", "python"} == set(NO_READER)
    run_by_test_docs = ["README.md", "usage.md"]
    assert [block.page for block in BLOCKS if block.language == "python"] == run_by_test_docs


def test_data_parses(tmp_path: Path) -> None:
    toml = import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")
    readers = {"toml": toml.loads, "json": json.loads, "yaml": yaml.safe_load}
    data = {block: readers[block.language](block.text) for block in BLOCKS if block.language in readers}
    assert {block.language for block in data} == set(readers)
    assert all(data.values())
    for block in data:
        if "[tool.sessionize]" in block.text:
            (tmp_path / "pyproject.toml").write_text(block.text, encoding="utf-8")
            assert load(tmp_path).file == tmp_path / "pyproject.toml"


def test_commands_in_data_are_known() -> None:
    told = [args for block in BLOCKS if block.language == "yaml" for args in arguments(block.text.replace("\n", " | "))]
    assert told
    for args in told:
        known(args)


@pytest.mark.parametrize("page", RULES, ids=lambda page: page.stem)
def test_examples_of_rules_parse(page: Path) -> None:
    for block in blocks(page):
        if block.language == "python" and page.stem != "syntax-error":
            compile(block.text, page.name, "exec")


def test_extras() -> None:
    toml = import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")
    extras = toml.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    told = {extra for block in COMMANDS for extra in re.findall(r"pip install .*\[(\w+)\]", block.text)}
    assert told
    assert told <= set(extras)


def test_links() -> None:
    for page in [*PAGES, *RULES]:
        text = page.read_text(encoding="utf-8")
        for target, anchor in re.findall(r"\]\((?!https?:)([^)#]*)(?:#([\w-]+))?\)", text):
            there = page.parent / target if target else page
            assert there.is_file(), (page.name, target)
            titles = re.findall(r"^#+ (.*)", there.read_text(encoding="utf-8"), re.MULTILINE)
            assert not anchor or anchor in {re.sub(r"[^\w -]", "", t.lower()).replace(" ", "-") for t in titles}
