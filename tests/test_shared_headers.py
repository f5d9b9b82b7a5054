"""Headers that come first in the displays of all calls: which of them a session can send, and which stay."""

from textwrap import dedent

import pytest

from sessionize.engine.fix import fix_source
from sessionize.files.settings import Settings
from sessionize.homes.home import Home
from sessionize.homes.module_home import module_home
from sessionize.homes.object_home import object_home
from sessionize.library.surroundings import Around
from sessionize.sharing.facts import Facts
from sessionize.syntax.parse import parse_ast
from sessionize.syntax.read_ast import read_ast


def shared(source: str) -> str:
    """The keys that the session of a module, or of the objects of a class, can send."""
    text = f"import requests\nU = V = 'https://a.example'\n{dedent(source)}"
    facts = Facts(read_ast(parse_ast(text), text)[0], Around(filename="sync.py"))
    ((owner, calls),) = facts.groups.lasting.items()
    home = object_home(facts, owner, calls) if owner else module_home(facts, calls)
    assert isinstance(home, Home)
    return " ".join(home.shared.keys) if home.shared is not None else ""


def functions(first: str, second: str) -> str:
    """The source of two functions that end with a call, each behind these lines."""
    source = ""
    for name, lines in (("one", first), ("two", second)):
        body = "\n    ".join(lines.split("\n"))
        source += f"def {name}(n):\n    {body}\n"
    return source


def passing(display: str) -> str:
    return f"return requests.get(U, headers={display})"


@pytest.mark.parametrize(
    ("first", "second", "keys"),
    [
        ("{'A': '1', 'N': n}", "{'A': '1'}", "A"),
        ("{'A': '1', 'N': n}", "{'A': '2'}", ""),
        ("{'A': '1', 'N': n}", "{'N': n, 'A': '1'}", ""),
        ("{'A': '1', 'B': V, 'N': n}", "{'A': '1', 'B': V}", "A B"),
        ("{'B': V, 'A': '1', 'N': n}", "{'A': '1', 'B': V}", ""),
        ("{'N': n, 'User-Agent': '1'}", "{'User-Agent': '1', 'A': V}", "User-Agent"),
        ("{'A': f'{V} %s' % V, 'N': n}", "{'A': f'{V} %s' % V}", ""),  # of an f-string nothing more is known
        ("{'A': '%s' % V, 'N': n}", "{'A': '%s' % V}", "A"),
        ("{'A': '%s %s' % (V, U), 'N': n}", "{'A': '%s %s' % (V, U)}", "A"),
        ("{'A': '{}'.format(V), 'N': n}", "{'A': '{}'.format(V)}", "A"),
        ("{'A': '{}'.format(*V), 'N': n}", "{'A': '{}'.format(*V)}", ""),
        ("{'A': f'{V!r}', 'N': n}", "{'A': f'{V!r}'}", ""),
        ("{'A': settings.V, 'N': n}", "{'A': settings.V}", ""),
        ("{'A': token(), 'N': n}", "{'A': token()}", ""),
        ("{'A': None, 'N': n}", "{'A': None}", ""),
        ("{'A': n, 'N': n}", "{'A': n}", ""),
        ("{'A': '1', **n}", "{'A': '1'}", "A"),
        ("{**n, 'A': '1'}", "{'A': '1'}", ""),
        ("{'A': '1', V: n}", "{'A': '1'}", "A"),
        ("{'A': '1', 'N': n, 'a': '2'}", "{'A': '1'}", ""),
        ("n", "{'A': '1'}", ""),
    ],
)
def test_displays_in_calls(first: str, second: str, keys: str) -> None:
    assert shared(functions(passing(first), passing(second))) == keys


@pytest.mark.parametrize(
    ("lines", "keys"),
    [
        ("headers = {'A': '1', 'N': n}\nreturn requests.get(U, headers=headers)", "A"),
        ("headers: dict = {'A': '1', 'N': n}\nreturn requests.get(U, headers=headers)", "A"),
        ("headers = {'A': '1', 'N': n}\nheaders['B'] = n\nreturn requests.get(U, headers=headers)", "A"),
        ("headers = {'A': '1', 'N': n}\nheaders.update(n)\nreturn requests.get(U, headers=headers)", "A"),
        ("headers = {'A': '1'}\nheaders['B'] = n\nreturn requests.get(U, headers=headers)", ""),
        ("headers = {'A': '1', 'N': n}\ndel headers['A']\nreturn requests.get(U, headers=headers)", ""),
        ("headers = {'A': '1', 'N': n}\nheaders.pop('A')\nreturn requests.get(U, headers=headers)", ""),
        ("headers = {'A': '1', 'N': n}\nprint(headers)\nreturn requests.get(U, headers=headers)", ""),
        ("headers = {'A': '1', 'N': n}\nreturn requests.get(U, json=headers, headers=headers)", ""),
        ("headers = more = {'A': '1', 'N': n}\nreturn requests.get(U, headers=headers)", ""),
        ("headers = {'A': '1', 'N': n}; n = 1\nreturn requests.get(U, headers=headers)", ""),
        ("n = 1; headers = {'A': '1', 'N': n}\nreturn requests.get(U, headers=headers)", ""),
        ("try:\n    headers = {'A': '1', 'N': n}\nexcept E:\n    raise\nreturn requests.get(U, headers=headers)", ""),
        ("with n:\n    headers = {'A': '1', 'N': n}\nreturn requests.get(U, headers=headers)", ""),
        ("if n: headers = {'A': '1', 'N': n}\nreturn requests.get(U, headers=headers)", ""),
        ("headers = {'A': '1', 'N': n}\nif n:\n    headers = {}\nreturn requests.get(U, headers=headers)", ""),
        ("headers = {'A': '1', 'N': n}\ndef inner():\n    return requests.get(U, headers=headers)\nreturn inner", ""),
        ("headers = {'A': '1', 'N': n}\nreturn requests.get(U, headers=headers, **n)", ""),
        ("headers = {'A': '1', 'N': n}\nshow = lambda: headers\nreturn requests.get(U, headers=headers)", ""),
        ("headers = {'A': '1', 'N': n}\nlocals()\nreturn requests.get(U, headers=headers)", ""),
        ("global headers\nheaders = {'A': '1', 'N': n}\nreturn requests.get(U, headers=headers)", ""),
        ("for headers in n:\n    pass\nreturn requests.get(U, headers=headers)", ""),
    ],
)
def test_displays_with_a_name(lines: str, keys: str) -> None:
    assert shared(functions(lines, passing("{'A': '1'}"))) == keys


CLIENT = """
class Client:
    def __init__(self, key):
        self.key = key{init}

    def one(self, n):
        return requests.get(U, headers={{"A": {value}, "N": n}})

    def two(self):
        return requests.get(U, headers={{"A": {value}}})
{more}
"""


@pytest.mark.parametrize(
    ("value", "init", "more", "keys"),
    [
        ("self.key", "", "", "A"),
        ("f'key {self.key}'", "", "", "A"),
        ("'key %s' % self.key", "", "", "A"),
        ("self.key.strip()", "", "", ""),
        ("self.other", "", "", ""),
        ("self.key", "\n        self.key = key or ''", "", ""),
        ("self.key", "", "    def renew(self):\n        self.key = ''", ""),
        ("self.key", "", "    def name(self):\n        setattr(self, 'key', '')", ""),
        ("self.key", "", "class Other:\n    def __init__(self):\n        self.key = ''", "A"),
        ("self.key", "", "class Other:\n    def renew(self):\n        self.key = ''\nOther.renew(client)", ""),
        ("self.key", "", "class Other:\n    def renew(self):\n        self.key = ''\nO = Other", ""),
        ("self.key", "", "class Other:\n    def renew(self):\n        self.key = ''\ntype(other).renew(client)", ""),
        (
            "self.key",
            "",
            "class Other:\n    def renew(self):\n        self.key = ''\nother.__class__.renew(client)",
            "",
        ),
        ("self.key", "", "class Other:\n    def renew(self):\n        self.key = ''\nother = Other()", "A"),
        ("self.key", "", "class Other(Client):\n    def renew(self):\n        self.key = ''", ""),
        ("self.key", "", "def renew(client):\n    client.key = ''", ""),
    ],
)
def test_attributes(value: str, init: str, more: str, keys: str) -> None:
    assert shared(CLIENT.format(value=value, init=init, more=more)) == keys


def test_session_that_is_made_inside_of_a_line() -> None:
    """No display leaves the place where no comment, and no statement of several lines, can stand."""
    source = (
        "import requests\ndef f(u): requests.get(u, headers={'A': '1', 'U': u}); requests.get(u, headers={'A': '1'})\n"
    )
    after = fix_source(source, settings=Settings(unsafe_fixes=True)).after
    assert after is not None
    assert after.count("'A': '1'") == 2
