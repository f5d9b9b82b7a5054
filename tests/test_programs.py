"""A small, always equal share of the proof by programs; `python tests/proof/programs.py` makes any number."""

import pytest
from faults import FAULTS, module_of
from programs import Tally, difference, search, shared
from transport import Transport

PROGRAM = """\
import requests
for name in ("x", "moved", "flaky", "flaky"):
    print(requests.get("http://a.test/" + name, headers={"X-Name": name}, auth=("reader", name)).status_code)
requests.get("http://a.test/down", timeout=3)
"""


@pytest.mark.slow
@pytest.mark.usefixtures("unmeasured")
def test_programs() -> None:
    tally = Tally()
    with Transport().connected() as transport:
        search(120, 1, transport, tally)
    programs = tally.counts["programs"]
    assert tally.counts["with a fix"] > 0.5 * programs
    assert tally.counts["hoists"] > 5
    assert tally.counts["unsafe"] > 20
    assert tally.counts["refused"] > 5
    assert tally.counts["requests"] > programs


def test_what_is_recorded() -> None:
    with Transport().connected() as transport:
        run = transport.run(PROGRAM)
        assert transport.run(PROGRAM) == run
        assert transport.run(PROGRAM, cookies=True) == run  # sent to redirects alone, and there is none to this host
    assert [(sent.host, sent.path) for sent in run.sent] == [
        ("a.test", "x"),
        ("a.test", "moved"),
        ("b.test", "arrived"),
        ("a.test", "flaky"),
        ("a.test", "flaky"),
        ("a.test", "down"),
    ]
    assert [("Authorization" in dict(sent.headers)) for sent in run.sent] == [True, True, False, True, True, False]
    assert dict(run.sent[-1].options)["timeout"] == "3"
    assert (run.output, run.error) == ("200\n200\n503\n200\n", "ConnectionError: Connection aborted.")


WRONG = {
    "a header": ('{"X-Name": name}', '{"X-Name": "x"}'),
    "an option": ("timeout=3", "timeout=4"),
    "the order": ('"x", "moved"', '"moved", "x"'),
    "what is printed": (".status_code", ".ok"),
    "the end": ("http://a.test/down", "http://a.test/slow"),
    "a call more": (
        'requests.get("http://a.test/down"',
        'requests.get("http://a.test/x"); requests.get("http://a.test/down"',
    ),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_differences_are_told(wrong: str) -> None:
    right, mistake = WRONG[wrong]
    assert right in PROGRAM
    with Transport().connected() as transport:
        before, after = transport.run(PROGRAM), transport.run(PROGRAM.replace(right, mistake))
    assert difference(before, after, without_cookies=False)


def test_leak_is_told() -> None:
    leaking = PROGRAM.replace("timeout=3", 'auth=("reader", "x")')
    with Transport().connected() as transport:
        leaked = shared(transport.run(leaking)) - shared(transport.run(PROGRAM))
    assert [(host, path, name) for host, path, name, _ in leaked] == [("a.test", "down", "Authorization")]


def test_faults_still_fit() -> None:
    """`python tests/proof/faults.py` shows that each is caught; the tool must not move away from under it."""
    stale = [fault.name for fault in FAULTS if module_of(fault) is None]
    assert stale == [], "give these in tests/proof/faults.py the text as it is now, in one place of src"
