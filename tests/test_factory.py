"""`session-factory`: sessions are made by a function of the project, which is imported as its files import things."""

from pathlib import Path

import pytest
from command import Run, write

from sessionize.files.settings import ConfigError, Settings

SETTINGS = '[tool.sessionize]\nsession-factory = "shop.http:make_session"\n'
FACTORY = "import requests\n\n\ndef make_session():\n    return requests.Session()\n"
LOOP = '{imports}\n\nfor name in NAMES:\n    requests.get(f"https://shop.example/{{name}}")\n'
FIXED = '{imports}\n\nsession = make_session()\nfor name in NAMES:\n    session.get(f"https://shop.example/{{name}}")\n'


@pytest.fixture
def project(run: Run) -> Run:
    write({"pyproject.toml": SETTINGS, "shop/__init__.py": "", "shop/http.py": FACTORY})
    return run


def fixed(run: Run, text: str, name: str = "shop/sync.py") -> str:
    write({name: text})
    result = run("fix", "--unsafe-fixes", "--quiet", name)
    assert "error" not in result.err
    after = Path(name).read_text(encoding="utf-8")
    assert run("fix", "--unsafe-fixes", "--diff", name).out == "", "a second fix changes nothing"
    return after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("import requests", "from shop.http import make_session"),
        ("import os\nimport requests", "import os\nfrom shop.http import make_session"),
        (
            "import requests\n\nfrom shop.config import NAMES",
            "from shop.config import NAMES\nfrom shop.http import make_session",
        ),
        ("import requests\n\nimport shop.z", "import shop.z\nfrom shop.http import make_session"),
        ("import requests\n\nfrom shop.z import a", "from shop.http import make_session\nfrom shop.z import a"),
        (
            "import requests\n\nfrom shop.http import other",
            "from shop.http import make_session, other",
        ),
        (
            "import requests\n\nfrom shop.http import make_session",
            "from shop.http import make_session",
        ),
        (
            "import requests\nrequests.codes",
            "import requests\n\nfrom shop.http import make_session\nrequests.codes",
        ),
    ],
)
def test_factory_is_imported(project: Run, before: str, after: str) -> None:
    assert fixed(project, LOOP.format(imports=before)) == FIXED.format(imports=after)


def test_import_in_the_middle_comes_before_the_session(project: Run) -> None:
    after = fixed(project, LOOP.format(imports="import requests") + "import late\n")
    assert after == FIXED.format(imports="from shop.http import make_session") + "import late\n"


LOOPED = "for name in NAMES:\n    {}.get(name)\n"


def test_import_inside_of_a_function(project: Run) -> None:
    text = "def load():\n    import requests\n    for name in NAMES:\n        requests.get(name)\n"
    assert fixed(project, text) == (
        "def load():\n    from shop.http import make_session\n    session = make_session()\n"
        "    for name in NAMES:\n        session.get(name)\n"
    )


def test_session_of_the_factory_is_joined(project: Run) -> None:
    made = "from shop.http import make_session\nsession = make_session()\n"
    after = fixed(project, f"import requests\n{made}{LOOPED.format('requests')}")
    assert after == f"{made}{LOOPED.format('session')}"


def test_session_of_the_factory_that_a_loop_makes_anew(project: Run) -> None:
    imports = "import requests\nfrom shop.http import make_session\nrequests.codes\n"
    made = "session = make_session()\n"
    after = fixed(project, imports + LOOPED.format("session").replace("    ", f"    {made}    "))
    assert after == f"{imports}{made}{LOOPED.format('session')}"


def test_session_that_is_given_something_is_not_joined(project: Run) -> None:
    text = "import requests\nfrom shop.http import make_session\ntheirs = make_session(TOKEN)\n"
    after = fixed(project, f"{text}for name in NAMES:\n    requests.get(name)\n")
    assert "\nsession = make_session()\n" in after


def test_module_of_the_factory_uses_none(project: Run) -> None:
    write({"shop/http.py": ""})
    functions = "".join(f"\n\ndef {name}():\n    return requests.get(BASE)\n" for name in ("one", "two"))
    after = fixed(project, FACTORY + functions, "shop/http.py")
    assert "_session = requests.Session()\n" in after
    assert after.count("make_session()") == 1


def test_field_of_a_dataclass_is_of_requests(project: Run) -> None:
    text = (
        "import requests\nfrom dataclasses import dataclass\n\n\n@dataclass\nclass Client:\n    url: str\n\n"
        "    def one(self):\n        return requests.get(self.url, headers={'Accept': 'text/csv'})\n"
    )
    assert "_session: requests.Session = field(\n        default_factory=requests.Session, " in fixed(project, text)


@pytest.mark.parametrize(
    ("module", "file", "text"),
    [
        ("shop.http", "shop/http.py", "make_session = requests.Session\n"),
        ("shop.http", "src/shop/http/__init__.py", "from .sessions import make_session\n"),
        ("sessions", "sessions.py", "from x import (\n    make_session,\n)\n"),
    ],
)
def test_factory_is_found(run: Run, module: str, file: str, text: str) -> None:
    write({"pyproject.toml": SETTINGS.replace("shop.http", module), file: text})
    write({"sync.py": LOOP.format(imports="import requests")})
    assert run("fix", "-q", "sync.py").status == 0


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("shop.http:session", "'shop.http:session' is not in the project"),
        ("shop.https:make_session", "'shop.https:make_session' is not in the project"),
        ("make_session", "expected a function, as 'package.module:name', got 'make_session'"),
        ("shop.http:", "expected a function, as 'package.module:name', got 'shop.http:'"),
    ],
)
def test_factory_that_is_not_there(project: Run, value: str, told: str) -> None:
    write({"pyproject.toml": SETTINGS.replace("shop.http:make_session", value), "sync.py": ""})
    result = project("check", ".")
    assert (result.status, result.err.splitlines()[0]) == (2, f"pyproject.toml: error: session-factory: {told}")


def test_setting_by_itself() -> None:
    assert Settings(session_factory="a:b").session_factory == "a:b"
    with pytest.raises(ConfigError, match="session_factory: expected a function"):
        Settings(session_factory="a.b")


def test_cookies_are_handed_on_to_the_session_of_the_factory(project: Run) -> None:
    """It may keep none by itself."""
    text = (
        "import requests\n\n\ndef pages():\n    first = requests.get(f'{BASE}/1')\n"
        "    second = requests.get(f'{BASE}/2', cookies=first.cookies)\n    return first.text, second.text\n"
    )
    after = fixed(project, text)
    assert "from shop.http import make_session\n" in after
    assert "cookies=first.cookies" in after


# --- a factory that gives everybody the same session ------------------------------------------------------------------

SHARED = SETTINGS.replace("make_session", "get_session") + "session-factory-shared = true\n"
GIVEN = "import requests\n\n_session = requests.Session()\n\n\ndef get_session():\n    return _session\n"


@pytest.fixture
def shared(run: Run) -> Run:
    write({"pyproject.toml": SHARED, "shop/__init__.py": "", "shop/http.py": GIVEN})
    return run


def test_calls_are_made_on_the_session_of_the_project(shared: Run) -> None:
    functions = (
        "\n\ndef one():\n    return requests.get(f'{BASE}/one').text\n\n\ndef two():\n"
        "    return [requests.get(f'{BASE}/{number}').text for number in NUMBERS]\n"
    )
    client = (
        "\n\nclass Client:\n    def three(self):\n        return requests.get(f'{BASE}/{self.three}').text\n\n"
        "    def four(self):\n        return requests.get(f'{BASE}/{self.four}').text\n"
    )
    after = fixed(shared, f"import requests\n{functions}{client}")
    expected = f"{functions}{client}".replace("requests.get(", "get_session().get(")
    assert after == f"from shop.http import get_session\n{expected}"


def test_what_may_be_for_several_users_stays(shared: Run) -> None:
    text = "import requests\n\nfor user in USERS:\n    requests.get(BASE, headers={'X-Token': user.token})\n"
    assert fixed(shared, text) == text
    told = shared("check", "--output-format=full", "shop/sync.py").out
    assert "Not fixed: the session of `shop.http.get_session` may keep cookies, and its calls may be" in told


def test_what_can_share_no_session_stays(shared: Run) -> None:
    write({"pyproject.toml": f'{SHARED}cookies = "share"\n'})
    text = "import requests\n"
    for name in ("one", "two"):
        text += f"\n\ndef {name}():\n    return requests.get(BASE, cert='{name}.pem')\n"
    assert fixed(shared, text) == text
    assert "Not fixed: the calls differ in `cert=`" in shared("check", "shop/sync.py").out


def test_what_repeats_stays_at_the_calls(shared: Run) -> None:
    text = "import requests\n\nfor name in NAMES:\n    requests.get(name, headers={'Accept': 'text/csv'})\n"
    assert fixed(shared, text) == (
        "from shop.http import get_session\n\nfor name in NAMES:\n"
        "    get_session().get(name, headers={'Accept': 'text/csv'})\n"
    )


def test_module_of_the_shared_session_uses_none(shared: Run) -> None:
    functions = "".join(f"\n\ndef {name}():\n    return requests.get(BASE)\n" for name in ("one", "two"))
    assert "get_session().get" not in fixed(shared, GIVEN + functions, "shop/http.py")


def test_sharing_needs_a_factory(run: Run) -> None:
    write({"pyproject.toml": "[tool.sessionize]\nsession-factory-shared = true\n", "sync.py": "import requests\n"})
    result = run("check", "sync.py")
    assert (result.status, "session-factory-shared needs a session-factory" in result.err) == (2, True)


@pytest.mark.parametrize(
    ("factory", "other", "used"),
    [
        ("from shop.api import BASE", "", False),
        ("from .config import BASE", "from shop.api import BASE", False),
        ("from shop import config", "from shop.api import BASE", False),
        ("from shop.config import BASE", "BASE = 1", True),
        ("import shop", "BASE = 1", True),
    ],
)
def test_what_the_module_of_the_factory_imports_uses_none(shared: Run, factory: str, other: str, used: bool) -> None:
    """Else the two would import each other."""
    write({"shop/http.py": f"{factory}\n{GIVEN}", "shop/config.py": f"{other}\n"})
    text = "import requests\n\n\ndef pages():\n    return [requests.get(f'{BASE}/{n}').text for n in NUMBERS]\n"
    assert ("get_session()" in fixed(shared, text, "shop/api.py")) is used


def test_standard_input_uses_the_factory(shared: Run) -> None:
    text = LOOP.format(imports="import requests")
    after = shared("fix", "--unsafe-fixes", "-", stdin=text.encode()).out
    assert "\nfrom shop.http import get_session\n" in after


def test_calls_on_the_shared_session_count_as_neighbours(run: Run) -> None:
    """What is found at the other calls stays, where one goes to the session of the project."""
    text = "import requests\nfrom shop.http import get_session\n\nBASE = 'https://a.test'\n"
    text += "def one(): return get_session().get(f'{BASE}/1')\ndef two(): return requests.get(f'{BASE}/2')\n"
    write({"pyproject.toml": SHARED, "shop/__init__.py": "", "shop/http.py": GIVEN, "shop/sync.py": text})
    assert ":6:19: RQS105 " in run("check", "--output-format=concise", "shop/sync.py").out


# --- `cookies = "factory"`: its sessions keep none by themselves ------------------------------------------------------

ISOLATING = f'{SETTINGS}cookies = "factory"\n'
USERS = """\
import requests


def load(user):
    for name in NAMES:
        requests.post(f"https://shop.example/{name}", json={"user": user})
"""


def test_sessions_of_the_factory_are_told_nothing(project: Run) -> None:
    assert ".set_policy(" in fixed(project, USERS)
    write({"pyproject.toml": ISOLATING})
    after = fixed(project, USERS)
    assert "session = make_session()\n    for" in after
    assert ".set_policy(" not in after


def test_session_of_the_factory_is_moved_before_its_loop(project: Run) -> None:
    write({"pyproject.toml": ISOLATING})
    text = "import requests\nfrom shop.http import make_session\n\nfor name in NAMES:\n"
    text += "    session = make_session()\n    session.post(name, json={'user': name})\nrequests.codes\n"
    assert "\nsession = make_session()\nfor name in NAMES:\n    session.post(" in fixed(project, text)


def test_other_sessions_are_told_to_keep_none(project: Run) -> None:
    """In its own module, and for the field of a dataclass, the session is of requests."""
    write({"pyproject.toml": ISOLATING})
    assert fixed(project, USERS.replace("NAMES", "OTHERS") + FACTORY[16:], "shop/http.py").count(".set_policy(") == 1


def test_shared_session_serves_several_users(project: Run) -> None:
    shared = "session-factory-shared = true\n"
    write({"pyproject.toml": SETTINGS + shared})
    assert "session.post(" not in fixed(project, USERS)
    write({"pyproject.toml": ISOLATING + shared})
    assert "        make_session().post(\n" in fixed(project, USERS)


def test_factory_that_keeps_no_cookies_is_needed(run: Run) -> None:
    write({"pyproject.toml": '[tool.sessionize]\ncookies = "factory"\n', "a.py": ""})
    result = run("check", ".")
    told = "pyproject.toml: error: cookies: 'factory' needs a session-factory"
    assert (result.status, result.err.splitlines()[0]) == (2, told)


def test_headers_are_no_finding_where_all_share_the_session_of_the_project(run: Run) -> None:
    calls = "import requests\n\nfor name in names:\n    requests.get(BASE + name, headers={'Accept': 'text/csv'})\n"
    shared = 'session-factory = "shop.http:get_session"\nsession-factory-shared = true\n'
    for more, found in (("", True), (shared, False)):
        write({"shop/__init__.py": "", "shop/http.py": "def get_session(): ...\n", "shop/sync.py": calls})
        write({"pyproject.toml": f"[tool.sessionize]\n{more}"})
        assert ("RQS201" in run("check").out) == found
