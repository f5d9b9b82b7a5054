"""Doubts that a project accepts: what is fixed then, what is said, and what is no doubt."""

import json
from pathlib import Path
from typing import Any

import pytest
from command import FIXED, SAFE, Run, write

from sessionize.doubts import KINDS
from sessionize.doubts.doubt import Kind
from sessionize.engine.check import check_source
from sessionize.engine.fix import fix_source
from sessionize.files.codes import DOUBTS
from sessionize.files.settings import ConfigError, Settings

PROXIES = SAFE.replace('")', '", proxies=PROXIES)')
CLIENT = """\
import requests


class Client:
    def __init__(self, url):
        self.url = url

    def get(self, name):
        return requests.get(f"{self.url}/{name}", proxies=PROXIES)

    def head(self, name):
        return requests.head(f"{self.url}/{name}", proxies=PROXIES)
"""


def test_names_are_those_of_the_kinds() -> None:
    assert tuple(kind.name for kind in KINDS) == DOUBTS


@pytest.mark.parametrize("kind", KINDS, ids=DOUBTS)
def test_page(kind: type[Kind], run: Run) -> None:
    """Each page says what it is, why it matters, how to find out and what to do; `rule` prints it."""
    page = run("rule", kind.name).out
    headings = [line for line in page.splitlines() if line.startswith("#")]
    assert headings == [f"# {kind.name}", "## Why it matters", "## How to find out", "## What to do"]
    assert f"--accept {kind.name}" in " ".join(page.split())


def test_all_doubts_are_told_and_each_must_be_accepted() -> None:
    (finding, _) = check_source(CLIENT)
    assert finding.doubts == ("proxies", "lifetime")
    assert "unsafe because `requests.get` passes `proxies=`" in finding.help
    assert (
        "; unsafe because `requests.get` passes `proxies=`, and a shared connection keeps its proxy [proxies]; the "
        in (finding.help)
    )
    assert finding.help.endswith("tests that patch requests [lifetime]")
    for accept in (("proxies",), ("lifetime",), ("idle", "proxies")):
        assert fix_source(CLIENT, settings=Settings(accept=accept)).after is None
    (finding, _) = check_source(CLIENT, settings=Settings(accept=("proxies",)))
    assert (finding.doubts, finding.applicability) == (("lifetime",), "unsafe")
    assert "unsafe because the session lives as long as the object" in finding.help
    assert finding.help.endswith("[lifetime]")
    accepted = Settings(accept=("lifetime", "proxies"))
    (finding, _) = check_source(CLIENT, settings=accepted)
    assert (finding.doubts, finding.applicability) == ((), "safe")
    assert finding.help.endswith("safe (proxies, lifetime accepted)")
    assert "self._session = requests.Session()" in (fix_source(CLIENT, settings=accepted).after or "")


def test_acceptance_by_the_command_line_adds_to_the_settings(run: Run) -> None:
    write({"pyproject.toml": '[tool.sessionize]\naccept = ["lifetime"]\n'})
    write({"client.py": CLIENT})
    assert run("fix", "client.py").status == 1
    done = run("fix", "--accept", "proxies", "client.py")
    assert (done.status, Path("client.py").read_text().count("self._session.")) == (0, 2)


def test_acceptance_for_some_files(run: Run) -> None:
    write({"sessionize.toml": 'per-file-accept = {"scripts/*" = ["proxies"]}\n'})
    write({"scripts/a.py": PROXIES})
    write({"a.py": PROXIES})
    run("fix")
    assert Path("scripts/a.py").read_text() == FIXED.replace('")', '", proxies=PROXIES)')
    assert Path("a.py").read_text() == PROXIES


@pytest.mark.parametrize("key", ["accept", "per_file_accept"])
def test_unknown_doubt(key: str) -> None:
    value: Any = ("lifetimes",) if key == "accept" else {"*": ["lifetimes"]}
    with pytest.raises(ConfigError, match=f"{key}: there is no doubt 'lifetimes': did you mean 'lifetime'\\?"):
        Settings(**{key: value})


def test_acceptance_for_some_files_of_a_source() -> None:
    settings = Settings(per_file_accept=(("scripts/*", ("proxies",)),))
    assert check_source(PROXIES, "scripts/a.py", settings)[0].applicability == "safe"
    assert check_source(PROXIES, "a.py", settings)[0].applicability == "unsafe"


def test_unknown_doubt_on_the_command_line(run: Run) -> None:
    assert "there is no doubt 'speed': expected one of patched, " in run("check", "--accept", "speed").err
    for rule in ("RQS104", "rqs104", "client-without-session"):
        assert (
            f"'{rule}' is a rule, not a doubt: `--select` and `--ignore` take rules"
            in run("check", "--accept", rule).err
        )
    for option in ("--select", "--ignore"):
        assert "'idle' is a doubt, not a rule: `--accept idle` accepts it" in run("check", option, "RQS101,idle").err


def test_unknown_page(run: Run) -> None:
    assert "there is no rule or doubt 'lifetim', did you mean 'lifetime'?" in run("rule", "lifetim").err
    assert "did you mean" not in run("check", "--select", "lifetim").err


def test_json_names_the_doubts(run: Run) -> None:
    write({"client.py": CLIENT})
    told = json.loads(run("check", "--output-format", "json", "client.py").out)
    assert [found["fix"]["doubts"] for found in told] == [["proxies", "lifetime"]] * 2


def test_statistics_tell_what_acceptance_would_fix(run: Run) -> None:
    write({"client.py": CLIENT})
    write({"two.py": CLIENT.replace(", proxies=PROXIES", "")})
    write({"a.py": PROXIES})
    write({"safe.py": SAFE})
    told = run("check", "--statistics").out.splitlines()[-2:]
    assert told == [
        "`sessionize fix --accept lifetime` fixes 2 more calls",
        "`sessionize fix --accept lifetime,proxies` fixes 5 more calls",
    ]
    told = run("check", "--statistics", "--accept", "lifetime").out.splitlines()[-1:]
    assert told == ["`sessionize fix --accept proxies` fixes 3 more calls"]
    write({"a.py": SAFE})
    assert run("check", "--statistics", "a.py").out.splitlines()[-1].startswith("[*] all have a safe fix")


def test_summary_of_many_unsafe_fixes_names_the_doubt_of_most(run: Run) -> None:
    write({f"client{number}.py": CLIENT.replace(", proxies=PROXIES", "") for number in range(6)})
    write({"a.py": PROXIES})
    told = "With `--accept lifetime`, `fix` makes 12 of these; `sessionize rule lifetime` says what to check."
    assert told in run("check", "-q").err + run("check").err
    assert told not in run("check", "client1.py", "a.py").err
    assert "--accept" not in run("check", "--statistics").err, "the table says it"
    write({f"client{number}.py": CLIENT for number in range(6)} | {"a.py": SAFE})  # none has one doubt alone
    assert "--accept" not in run("check").err


@pytest.mark.parametrize(("accept", "joins"), [(("proxies",), True), ((), False)])
def test_what_is_accepted_keeps_no_call_from_a_session_that_is_there(accept: tuple[str, ...], *, joins: bool) -> None:
    text = (
        "import requests\nsession = requests.Session()\nsession.get(a)\nfor x in y:\n    requests.get(x, proxies=z)\n"
    )
    (found,) = check_source(text, settings=Settings(accept=accept))
    assert found.help.startswith("Make the call on `session`") is joins
