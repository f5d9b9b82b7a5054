"""What makes a fix of httpx's calls unsafe beyond one file, and what is the same for both libraries in one file."""

import json
from pathlib import Path

import pytest
from around import answering
from command import Run

from sessionize import check_source, fix_source
from sessionize.files.settings import Settings
from sessionize.library.surroundings import Alone, Surroundings

PAGES = "import httpx\n\n\ndef load():\n    for n in range(3):\n        httpx.get(f'https://a.test/{n}')\n"
FROM_IMPORT = PAGES.replace("import httpx\n", "from httpx import get\n").replace("httpx.get", "get")


def fix_of(run: Run, files: dict[str, str]) -> dict[str, str]:
    """The fix of the one finding in `pages.py`, as it is told."""
    for name, text in {"sessionize.toml": "", **files}.items():
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_text(text, encoding="utf-8")
    (found,) = json.loads(run("check", "--output-format=json", "pages.py").out)
    fix: dict[str, str] = found["fix"]
    return fix


@pytest.mark.parametrize(
    ("name", "text", "safe"),
    [
        ("other.py", "import httpx\nprint(httpx.get('https://a.test/').text)\n", True),
        ("other.py", "import httpx\nclient = httpx.Client(timeout=httpx.Timeout(3))\n", True),
        ("other.py", "import httpx\ntry:\n    pass\nexcept (OSError, httpx.HTTPError) as error:\n    pass\n", True),
        ("other.py", "import requests\nrequests.patch('https://a.test/')\n", True),
        ("test_other.py", "def test_sum():\n    assert sum([1]) == 1\n", True),
        ("test_pages.py", "import httpx, pages\ndef test_load():\n    assert pages.load() is None\n", True),
        ("test_pages.py", "import pages\ndef test_load(httpx_mock):\n    assert pages.load() is None\n", False),
        ("test_pages.py", "import pages, respx\n@respx.mock\ndef test_load():\n    pages.load()\n", False),
        ("tests/support.py", "from unittest import mock\nfake = mock.patch('httpx.get')\n", False),
        ("other.py", "import httpx\nhttpx.get = print\n", False),
        ("other.py", "import httpx\nhttpx._client.Client = print\n", False),
        ("other.py", "import httpx as h\nh.get = print\n", False),
        ("other.py", "from httpx import Client as C\nC.get = print\n", False),
        ("other.py", "from httpx import Client\nClient.get = print\n", False),
        ("other.py", "import httpx\nsetattr(httpx, 'get', print)\n", False),
        ("other.py", "import httpx\nwrap(httpx)\n", False),
        ("other.py", "import pages\npages.httpx = print\n", False),
    ],
)
def test_other_files_that_may_replace_a_call(run: Run, name: str, text: str, safe: bool) -> None:
    fix = fix_of(run, {"pages.py": PAGES, name: text})
    assert (fix["applicability"] == "safe") == safe
    assert safe or "[patched]" in fix["message"]


@pytest.mark.parametrize(("line", "safe"), [("pages.net = print", False), ("pages.other = print", True)])
def test_another_file_may_set_the_name_that_the_library_has_here(run: Run, line: str, safe: bool) -> None:
    text = PAGES.replace("import httpx", "import httpx as net").replace("httpx.get", "net.get")
    fix = fix_of(run, {"pages.py": text, "other.py": f"import pages\n{line}\n"})
    assert (fix["applicability"] == "safe") == safe
    assert safe or "other.py:2 may replace `net.get` by name" in fix["message"]


def test_a_file_does_not_replace_its_own_calls(run: Run) -> None:
    text = PAGES.replace("import httpx", "import httpx as net").replace("httpx.get", "net.get")
    assert fix_of(run, {"pages.py": text})["applicability"] == "safe"


@pytest.mark.parametrize(
    ("test", "safe"),
    [
        ("from unittest import mock\n@mock.patch('pages.get')\ndef test_load(get): ...\n", False),
        ("from unittest import mock\n@mock.patch('other.get')\ndef test_load(get): ...\n", True),
        ("from unittest import mock\n@mock.patch('pages.load')\ndef test_load(load): ...\n", True),
        ("from unittest import mock\n@mock.patch('requests.get')\ndef test_load(get): ...\n", True),
    ],
)
def test_patches_of_the_name_that_is_called(run: Run, test: str, safe: bool) -> None:
    fix = fix_of(run, {"pages.py": FROM_IMPORT, "test_it.py": f"import pages\n{test}"})
    assert (fix["applicability"] == "safe") == safe
    assert safe or "test_it.py:3 may replace `get` by name, which is not looked for" in fix["message"]


def test_such_patches_do_not_move(run: Run) -> None:
    test = "import httpx\nimport pages\n\ndef test_load(httpx_mock):\n    pages.load()\n"
    Path("pages.py").write_text(PAGES, encoding="utf-8")
    Path("test_pages.py").write_text(test, encoding="utf-8")
    Path("sessionize.toml").write_text("", encoding="utf-8")
    assert run("fix", "--unsafe-fixes", "--rewrite-patches", ".").status == 1
    assert Path("pages.py").read_text(encoding="utf-8") == PAGES
    run("fix", "--unsafe-fixes", ".")
    assert "httpx.Client()" in Path("pages.py").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("line", "safe"),
    [
        ("print(httpx.Timeout(3), httpx.__version__)", True),
        ("socket.setdefaulttimeout(3)", True),
        ("sys.modules.get('httpx')", True),
        ("wrap(httpx)", False),
        ("http = httpx", False),
        ("httpx.Client.get = print", False),
        ("httpx.__dict__.update(get=print)", False),
        ("socket.getaddrinfo = print", False),
        ("sys.modules['httpx'] = print", False),
        ("mock.patch('httpx.post').start()", False),
    ],
)
def test_a_file_that_may_change_httpx(line: str, safe: bool) -> None:
    text = f"import mock, socket, sys\n{PAGES}\n\n{line}\n"
    (found,) = check_source(text, surroundings=answering(Alone, patches=Surroundings().patches))
    assert (found.applicability == "safe") == safe
    assert safe or "[patched]" in found.help


BOTH = """\
import httpx
import requests

for n in range(3):
    httpx.post(f"https://a.test/{n}")
    requests.post(f"https://a.test/{n}")
"""


def test_two_libraries_give_no_name_twice() -> None:
    after = fix_source(BOTH, settings=Settings(session_name="http", accept=("patched",))).after
    assert after is not None
    assert "with httpx.Client() as http_2:" in after
    assert "http = requests.Session()" in after
    assert after.count("import DefaultCookiePolicy") == 1


def test_a_factory_makes_sessions_of_requests() -> None:
    after = fix_source(BOTH, settings=Settings(session_factory="shop.http:make_session", accept=("patched",))).after
    assert after is not None
    assert "httpx.Client()" in after
    assert "session = make_session()" in after


@pytest.mark.parametrize(
    "text",
    [
        PAGES + "\n\nfor n in range(3):\n    load()\n",
        "import httpx\nfor n in range(3):\n    with httpx.Client() as client:\n        client.get('https://a.test/')\n",
        "import httpx\nclient = httpx.Client()\nclient.get('https://a.test/')\n",
        "import httpx\n\ndef a():\n    httpx.get('https://a.test/')\n\ndef b():\n    httpx.get('https://a.test/')\n",
    ],
)
def test_rules_that_do_not_know_httpx(text: str) -> None:
    assert {found.code for found in check_source(text, settings=Settings(select=("ALL",)))} <= {"RQS101"}


def test_all_codes_are_planned_for_each_library() -> None:
    """Where only RQS201 is in force, the calls of httpx have no finding, and are no reason for one."""
    text = BOTH.replace(")\n    requests", ', headers={"A": "b"})\n    requests')
    text = text.replace(
        'requests.post(f"https://a.test/{n}")', 'requests.post(f"https://a.test/{n}", headers={"A": "b"})'
    )
    (found,) = check_source(text, settings=Settings(select=("RQS201",)))
    assert found.start.row == 6
    assert found.help == "Fixed only together with request-in-loop (RQS101); select it too"


CATCHING = """\
import httpx

def load():
    for n in range(3):
        try:
            print(httpx.get(f"https://a.test/{n}").text)
        except %s:
            print("none")
"""


@pytest.mark.parametrize(
    ("caught", "safe"),
    [("Exception", False), ("OSError", False), ("httpx.HTTPError", True), ("(httpx.HTTPError, ValueError)", False)],
)
def test_errors_in_making_a_client_stay_in_their_try(run: Run, caught: str, safe: bool) -> None:
    assert (fix_of(run, {"pages.py": CATCHING % caught})["applicability"] == "safe") == safe
    inside = "import httpx\n\ntry:\n    for n in range(3):\n        print(httpx.get(f'https://a.test/{n}'))\n"
    assert fix_of(run, {"pages.py": f"{inside}except {caught}:\n    pass\n"})["applicability"] == "safe"


@pytest.mark.parametrize(
    ("other", "safe"),
    [
        ("import os\n\ndef switch(n):\n    os.environ['HTTP_PROXY'] = n\n", False),
        ("import os\n\ndef switch(n):\n    os.environ[n] = n\n", False),
        ("import os\n\ndef switch(n):\n    os.environ['DEBUG'] = n\n", True),
        ("import os\nprint(os.environ['HTTP_PROXY'], os.environ.get('A'), dict(os.environ))\n", True),
        ("from dotenv import load_dotenv\nload_dotenv()\n", False),
    ],
)
def test_environment_that_another_file_changes(run: Run, other: str, safe: bool) -> None:
    files = {"pages.py": PAGES, "main.py": "import pages, other\npages.load()\n", "other.py": other}
    assert (fix_of(run, files)["applicability"] == "safe") == safe


@pytest.mark.parametrize(
    ("code", "safe"),
    [
        ("import os\nENV = os.environ\n", False),
        ("import os\nENV = dict(os.environ)\n", True),
        ("import dotenv\n\ndef f():\n    dotenv.load_dotenv()\n", False),
    ],
)
def test_environment_by_another_name(run: Run, code: str, safe: bool) -> None:
    assert (fix_of(run, {"pages.py": f"{code}{PAGES}"})["applicability"] == "safe") == safe


@pytest.mark.parametrize(("verb", "safe"), [("post", False), ("get", True)])
@pytest.mark.parametrize("elsewhere", [True, False])
def test_next_request_of_a_response(run: Run, verb: str, safe: bool, elsewhere: bool) -> None:
    """A client that keeps no cookies leaves them out of it, too; one that only reads keeps them."""
    reading = "def after(reply):\n    print(reply.next_request)\n"
    code = f"import httpx\n\ndef load():\n    for n in range(3):\n        httpx.{verb}(f'https://a.test/{{n}}')\n"
    files = {"pages.py": code if elsewhere else f"{code}\n{reading}"}
    files |= {"main.py": "import pages, replies\n", "replies.py": reading if elsewhere else ""}
    assert (fix_of(run, files)["applicability"] == "safe") == safe


@pytest.mark.parametrize(("library", "safe"), [("httpx", False), ("requests", True)])
def test_requests_reads_the_environment_for_each_call(run: Run, library: str, safe: bool) -> None:
    other = "import os\n\ndef switch(n):\n    os.environ['HTTP_PROXY'] = n\n"
    files = {"pages.py": PAGES.replace("httpx", library), "main.py": "import pages, other\n", "other.py": other}
    assert (fix_of(run, files)["applicability"] == "safe") == safe


@pytest.mark.parametrize(("step", "safe"), [("yield {}", False), ("print({})", True)])
def test_environment_that_changes_while_a_generator_pauses(run: Run, step: str, safe: bool) -> None:
    call = step.format("httpx.get(f'https://a.test/{n}')")
    code = f"import os, httpx\n\ndef pages():\n    for n in range(3):\n        {call}\n\n"
    code += "for page in pages() or ():\n    os.environ['HTTP_PROXY'] = 'x'\n"
    assert (fix_of(run, {"pages.py": code})["applicability"] == "safe") == safe


@pytest.mark.parametrize(("depth", "fixed"), [(18, True), (20, False)])
def test_block_that_python_has_no_room_for(depth: int, fixed: bool) -> None:
    """A `with` around 20 nested blocks is one too many."""
    lines = ["import httpx", *(f"{' ' * level}for n{level} in range(1):" for level in range(depth))]
    source = "\n".join((*lines, f"{' ' * depth}httpx.get('https://a.test/')\n"))
    report = fix_source(source, settings=Settings(unsafe_fixes=True))
    assert ("Client()" in (report.after or "")) == fixed
    assert ("Python would refuse it: too many statically nested blocks" in (report.error or "")) != fixed
