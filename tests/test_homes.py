"""Where sessions live that outlive a function, where no program on the wire is needed to show it."""

import pytest

from sessionize.config import Settings
from sessionize.engine import check_source, fix_source

UNSAFE = Settings(unsafe_fixes=True)

CLIENT = """\
import requests
class {}:
    def a(self): return requests.get(self.x)
    def b(self): return requests.get(self.y)
"""


def test_a_function_that_calls_itself_is_a_helper() -> None:
    source = "import requests\ndef f(n):\n    requests.get(n)\n    if n: f(n - 1)\n"
    assert [finding.code for finding in check_source(source)] == ["RQS103"]


def test_a_function_that_only_a_helper_calls_is_one() -> None:
    source = "import requests\ndef f(): requests.get(a)\ndef g(): f()\nfor x in y: g()\n"
    assert [finding.code for finding in check_source(source)] == ["RQS103"]


def test_classes_that_have_nothing_to_do_with_each_other_use_one_name() -> None:
    after = fix_source(CLIENT.format("A") + CLIENT.format("B") + "A(), B()\n", settings=UNSAFE).after
    assert after is not None
    assert after.count("self._session = requests.Session()") == 2


def test_classes_of_one_family_share_that_of_the_base() -> None:
    after = fix_source(CLIENT.format("A") + CLIENT.format("B(A)"), settings=UNSAFE).after
    assert after is not None
    assert after.count("self._session.get") == 4
    assert after.count("requests.Session()") == 1


def test_classes_of_two_families_in_one_do_not() -> None:
    after = fix_source("".join(map(CLIENT.format, ("A", "B", "C(A, B)"))), settings=UNSAFE).after
    assert after is not None
    assert after.count("requests.Session()") == 3


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("def f():\n requests.get(a)\ndef g():\n requests.get(b)\nimport requests\n", "not imported at the top"),
        (
            "from dataclasses import dataclass\nimport requests\n@dataclass(frozen=True)\nclass A:\n x: int\n"
            " def __init__(self): pass\n def f(self): requests.post(self.x)\n",
            "takes no attributes",
        ),
        ("import requests\nclass A:\n __init__ = f\n def g(self): requests.post(self.x)\n", "no plain method"),
    ],
)
def test_refused(source: str, reason: str) -> None:
    findings = check_source(source)
    assert findings
    assert all(reason in finding.help and finding.applicability is None for finding in findings)
