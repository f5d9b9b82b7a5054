"""The calls of a file's functions in other files of its project, where they make a bare call a finding."""

from pathlib import Path

import pytest
from command import Run, write

from sessionize.editor.checked import read_surroundings
from sessionize.engine.check import check_source
from sessionize.project.projects import Projects

API = """\
import requests


def fetch(name):
    return requests.get(f"https://example.com/{name}", timeout=5)


class Client:
    def fetch(self, name):
        return requests.get(f"https://example.com/{name}", timeout=5)
"""
FUNCTION, METHOD = 5, 10  # the rows of their calls


def found(run: Run, **options: str) -> dict[int, str]:
    """What the last word of each finding's message says, by row."""
    out = run("check", "shop/api.py", "--output-format=concise", **options).out
    rows = [line.split(":", 3) for line in out.splitlines()]
    return {int(row): text.split("is called, ")[1] for _, row, _, text in rows if "RQS103" in text}


def project(**files: str) -> None:
    write({"pyproject.toml": "", "shop/__init__.py": "", "shop/api.py": API})
    write({f"{name.replace('_in_', '/')}.py": text for name, text in files.items()})


@pytest.mark.parametrize(
    ("importer", "row"),
    [
        ("from shop.api import fetch\nfor x in xs:\n    fetch(x)\n", 3),
        ("from shop.api import fetch as f\nfor x in xs:\n    f(x)\n", 3),
        ("from shop import (  # :)\n    api,\n)\nwhile xs:\n    api.fetch(xs.pop())\n", 5),
        ("import shop.api\n[shop.api.fetch(x) for x in xs]\n", 2),
        ("import shop.api as api\n[api.fetch(x) for x in xs]\n", 2),
        ("from shop.api import \\\n    fetch\nlist(map(fetch, xs))\n", 3),
        ("from shop.api import fetch\nfor x in xs:\n    pool.submit(fetch, x)\n", 3),
        ("from shop.api import fetch\ndef load(x):\n    return fetch(x)\nfor x in xs:\n    load(x)\n", 3),
        ("def main():\n    from shop.api import fetch\n    for x in xs:\n        fetch(x)\n", 4),
    ],
)
def test_function_that_another_file_repeats(run: Run, importer: str, row: int) -> None:
    project(jobs=importer)
    assert found(run) == {FUNCTION: f"and jobs.py:{row} calls it repeatedly"}


@pytest.mark.parametrize(
    ("importer", "row"),
    [
        ("from shop.api import Client\nclient = Client()\nfor x in xs:\n    client.fetch(x)\n", 4),
        ("from shop.api import Client\nfor x in xs:\n    Client().fetch(x)\n", 3),
        ("import shop.api\nfor x in xs:\n    shop.api.Client().fetch(x)\n", 3),
        (
            "from shop.api import Client\nclass App:\n    def __init__(self):\n        self.api = Client()\n"
            "    def run(self):\n        for x in xs:\n            self.api.fetch(x)\n            self.api.fetch(x)\n",
            7,
        ),
        ("from shop.api import Client\nwith Client() as client:\n    for x in xs:\n        client.fetch(x)\n", 4),
    ],
)
def test_method_that_another_file_repeats(run: Run, importer: str, row: int) -> None:
    project(jobs=importer)
    assert found(run) == {METHOD: f"and jobs.py:{row} calls it repeatedly"}


@pytest.mark.parametrize(
    "importer",
    [
        "from shop.api import fetch\nfetch(x)\n",
        "from shop.api import other as fetch\nfor x in xs:\n    fetch(x)\n",
        "from shop.api import fetch\nfor x in xs:\n    other.fetch(x)\n",
        "from shop.api import *\nfor x in xs:\n    fetch(x)\n",
        "from shop.store import fetch\nfor x in xs:\n    fetch(x)\n",
        "from elsewhere.api import fetch\nfor x in xs:\n    fetch(x)\n",
        "from shop.api import fetch\nfetch = print\nfor x in xs:\n    fetch(x)\n",
        "from shop.api import fetch\nfor x in xs:\n    run(fetch, x)\n",
        "from shop.api import Client\nclient = Client() if a else b\nfor x in xs:\n    client.fetch(x)\n",
        "from shop.api import Client\nclient = Client()\nclient = other\nfor x in xs:\n    client.fetch(x)\n",
        "from shop.api import Client\ndef f(self):\n self.api = Client()\n self.api = other\n"
        "def g(self):\n for x in xs:\n  self.api.fetch(x)\n",
        "from shop.api import Client\ndef f(self):\n self.api = Client()\n for x in xs:\n  self.app.api.run.fetch(x)\n",
        "from shop.api import fetch\nfor x in xs:\n    fetch(x\n",
        "# coding: nonsense\nfrom shop.api import fetch\nfor x in xs:\n    fetch(x)\n",
        "for url in urls:\n    # a retry leaves the loop\n    from shop.api import fetch\n    fetch(url)\n    break\n",
    ],
)
def test_what_is_not_known_to_repeat_it(run: Run, importer: str) -> None:
    project(jobs=importer, shop_in_store="def fetch(x): ...\n")
    assert found(run) == {}


@pytest.mark.parametrize("name", ["test_jobs", "tests_in_conftest", "jobs_test"])
def test_tests_do_not_count(run: Run, name: str) -> None:
    project(**{name: "from shop.api import fetch\nfor x in xs:\n    fetch(x)\n"})
    assert found(run) == {}


def test_packages_that_import_the_name_again(run: Run) -> None:
    project(
        **{
            "shop/__init__": "from .inner import fetch, Client\n",
            "shop/inner/__init__": "from ..api import fetch\nfrom ..api import Client as Client\n",
        },
        jobs="import shop\nfor x in xs:\n    shop.fetch(x)\n    shop.Client().fetch(x)\n",
    )
    assert found(run) == {FUNCTION: "and jobs.py:3 calls it repeatedly", METHOD: "and jobs.py:4 calls it repeatedly"}


def test_function_of_a_package(run: Run) -> None:
    write(
        {"pyproject.toml": "", "shop/__init__.py": API, "shop/jobs.py": "from . import fetch\n[fetch(x) for x in xs]\n"}
    )
    assert "and shop/jobs.py:2 calls it repeatedly" in run("check", "shop/__init__.py", "--output-format=concise").out


def test_packages_that_import_each_other(run: Run) -> None:
    project(
        **{"shop/__init__": "from .inner import fetch\n", "shop/inner/__init__": "from .. import fetch\n"},
        jobs="from shop import fetch\nfrom shop.api import fetch as once\nfor x in xs:\n    fetch(x)\nonce(1)\n",
    )
    assert found(run) == {}


def test_two_calls_in_the_project(run: Run) -> None:
    project(a="from shop.api import fetch\nfetch(1)\n", b="from shop.api import fetch\nfetch(2)\n")
    assert found(run) == {FUNCTION: "and it is called at a.py:2 and b.py:2"}


def test_one_call_here_and_one_elsewhere(run: Run) -> None:
    project(a="from shop.api import fetch\nfetch(1)\n", shop_in_api=f"{API}fetch(2)\n")
    assert found(run) == {FUNCTION: "and it is called at a.py:2"}


def test_only_caller_that_another_file_repeats(run: Run) -> None:
    text = API.replace("class", "def load(name):\n    return fetch(name)\n\n\nclass")
    project(shop_in_api=text, jobs="from shop.api import load\nfor x in xs:\n    load(x)\n")
    assert found(run) == {FUNCTION: "and jobs.py:3 calls it repeatedly"}


def test_function_inside_of_another_has_no_callers_elsewhere(run: Run) -> None:
    text = "import requests\ndef make():\n    def fetch(x):\n        return requests.get(x)\n    return fetch\n"
    project(shop_in_api=text, jobs="from shop.api import fetch\nfor x in xs:\n    fetch(x)\n")
    assert found(run) == {}


def test_what_the_file_repeats_itself_is_told_first(run: Run) -> None:
    project(
        shop_in_api=f"{API}\nfor x in xs:\n    fetch(x)\n", jobs="from shop.api import fetch\n[fetch(x) for x in xs]\n"
    )
    assert found(run) == {FUNCTION: "and this file calls it repeatedly"}


def test_fix_keeps_a_session(run: Run) -> None:
    project(jobs="from shop.api import fetch\nfor x in xs:\n    fetch(x)\n")
    run("fix", "shop/api.py", "--unsafe-fixes")
    assert "_session.get(" in Path("shop/api.py").read_text()
    assert found(run) == {}


def test_text_of_no_file_has_no_callers(run: Run) -> None:
    project(jobs="from shop.api import fetch\nfor x in xs:\n    fetch(x)\n")
    assert "RQS103" not in [each.code for each in check_source(API, "<stdin>")]


def test_workers_know_the_calls(run: Run) -> None:
    project(jobs="from shop.api import fetch\nfor x in xs:\n    fetch(x)\n")
    write({f"shop/more_{n}.py": "import requests\n" for n in range(40)})
    assert "and jobs.py:3 calls it repeatedly" in run("check", "--jobs=2", "--output-format=concise").out


def test_clusters_are_told_of_the_calls(run: Run) -> None:
    project(jobs="import shop.api\nfor x in xs:\n    shop.api.fetch(x)\n")
    projects = Projects()
    projects.read(["shop/api.py"], whole=True)
    Path("jobs.py").unlink()
    (call,) = projects.calls("shop/api.py", "fetch")
    assert (call.file, call.row, call.repeats) == ("jobs.py", 3, True)
    assert not projects.calls("shop/api.py", "Client.fetch")
    assert not projects.calls("shop/api.ipynb", "fetch")


def test_editors_know_the_calls(run: Run) -> None:
    project(jobs="from shop.api import fetch\nfor x in xs:\n    fetch(x)\n")
    told = check_source(API, "shop/api.py", surroundings=read_surroundings())
    assert "and jobs.py:3 calls it repeatedly" in told[0].message
