"""The completion of the shell, by the commands that the documentation gives."""

import os
import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest
from click.shell_completion import ShellComplete

from sessionize.cli import cli
from sessionize.rules import RULES

PAGE = (Path(__file__).parent.parent / "docs/shell-completion.md").read_text(encoding="utf-8")
LINES = re.findall(r"^    (.*_SESSIONIZE_COMPLETE=(\w+)_source.*)$", PAGE, re.MULTILINE)
SETUP = {shell: command for command, shell in LINES}
CODES = [rule.code for rule in RULES]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Where `sessionize` is the program under test."""
    program = tmp_path / "sessionize"
    program.write_text(f"#!{sys.executable}\nimport sys\nfrom sessionize.cli import main\nsys.exit(main())\n")
    program.chmod(0o755)
    path = os.pathsep.join((str(tmp_path), os.environ["PATH"]))
    return {**os.environ, "PATH": path, "PYTHONPATH": os.pathsep.join(sys.path)}


def bash(script: str, environment: dict[str, str]) -> list[str]:
    done = subprocess.run(["bash", "--norc", "-c", script], env=environment, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return done.stdout.splitlines()


def completed(lines: Iterable[str], environment: dict[str, str]) -> list[str]:
    """What bash offers for the last word of each line, after what the documentation says to put into `~/.bashrc`."""
    script = f"{SETUP['bash']}\ncomplete=$(complete -p sessionize | sed 's/.*-F \\([^ ]*\\).*/\\1/')\n"
    for line in lines:
        words = [f"'{word}'" for word in line.split(" ")]
        script += f"COMP_WORDS=({' '.join(words)}); COMP_CWORD={len(words) - 1}; COMPREPLY=()\n"
        script += '$complete sessionize; echo "${COMPREPLY[*]}"\n'
    return bash(script, environment)


pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="has no bash")


def test_bash(environment: dict[str, str]) -> None:
    expected = {
        "sessionize fi": "fix",
        "sessionize fix --inter": "--interactive",
        "sessionize check --select RQS2": "RQS201 RQS202 RQS203",
        "sessionize check --ignore request-": "request-in-loop request-helper-in-loop",
        "sessionize fix --extend-select RQS101,rqs9": "RQS101,RQS901",
        "sessionize check --select ": " ".join(CODES),
        "sessionize rule sess": "session-not-reused session-call-without-timeout sessions-differ",
        "sessionize rule RQS101 RQS9": "RQS901",
        "sessionize rule a,R": "",
    }
    assert dict(zip(expected, completed(expected, environment), strict=True)) == expected


@pytest.mark.parametrize(
    ("args", "begun", "expected"),
    [
        (["rule"], "RQS10", [(rule.code, rule.name) for rule in RULES if rule.code.startswith("RQS10")]),
        (["rule"], "Request-In", [("request-in-loop", "RQS101")]),
        (["check", "--select"], "RQS101,", [(f"RQS101,{rule.code}", rule.name) for rule in RULES]),
        (["fix", "--ignore"], "none", []),
        (["rule"], "life", [("lifetime", "a doubt")]),
        (["check", "--accept"], "idle,f", [("idle,forks", "")]),
    ],
)
def test_what_stands_beside_a_completion(args: list[str], begun: str, expected: list[tuple[str, str]]) -> None:
    found = ShellComplete(cli, {}, "sessionize", "_SESSIONIZE_COMPLETE").get_completions(args, begun)
    assert [(item.value, item.help) for item in found] == expected


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells(environment: dict[str, str], shell: str) -> None:
    """They ask the program in the same way, and show what else a rule is called."""
    (command,) = re.findall(r"(_SESSIONIZE_\w+=\w+ sessionize)", SETUP[shell])
    assert "sessionize" in "".join(bash(command, environment))
    words = {"COMP_WORDS": "sessionize rule RQS10", "COMP_CWORD": {"zsh": "2", "fish": "RQS10"}[shell]}
    said = bash(f"_SESSIONIZE_COMPLETE={shell}_complete sessionize", {**environment, **words})
    assert "request-in-loop" in "\n".join(said)
    assert "RQS101" in "\n".join(said)
