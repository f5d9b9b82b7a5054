"""The rule by which a session may keep cookies: where it just holds, and where it just fails to."""

import ast

import pytest

from sessionize.files.settings import Settings
from sessionize.library.words import text_names_user
from sessionize.sharing.cookies import may_keep
from sessionize.sharing.facts import Facts
from sessionize.syntax.read_ast import read_ast

LOOP = "for x in y: "


def facts_of(source: str) -> Facts:
    source = f"import requests\n{source}\n"
    return Facts(read_ast(ast.parse(source), source)[0])


@pytest.mark.parametrize(
    ("source", "kept"),
    [
        # only reading, without credentials
        ("requests.get(a)\nrequests.head(b)", True),
        (LOOP + "requests.get(x)", True),
        (LOOP + "requests.get(f'{base}/{x}', headers={'Accept': 'text/csv'})", True),
        (LOOP + "requests.request('GET', x)", True),
        (LOOP + "requests.request(method, x)", False),
        (LOOP + "requests.post(x)", False),
        ("requests.get(a)\nrequests.post(b)", False),
        (LOOP + "requests.get(x, cookies=jar)", False),
        (LOOP + "requests.get(x, cookies=None, auth=None)", True),
        (LOOP + "requests.get(x, headers=headers)", False),  # they may hold anything
        (LOOP + "requests.get(x, **options)", False),
        (LOOP + "requests.get(x, params=params)", False),
        (LOOP + "requests.get(x, {'page': x})", True),
        (LOOP + "requests.get(x, params={**more})", False),
        # plain headers, and parameters of which every key is seen
        ("h = {'Accept': 'a', 'User-Agent': 'b'}\n" + LOOP + "requests.get(x, headers=h)", True),
        ("h = {'X-Kind': 'a'}\n" + LOOP + "requests.get(x, headers=h)", False),
        ("h = {}\n" + LOOP + "h['Range'] = x; requests.get(a, headers=h)", True),
        ("h = {}\n" + LOOP + "h['X-Kind'] = x; requests.get(a, headers=h)", False),
        ("q = {'page': 1}\n" + LOOP + "q['page'] = x; requests.get(a, params=q)", True),
        ("q = {'page': 1}\n" + LOOP + "q[x] = x; requests.get(a, params=q)", False),
        ("q = {'page': 1}\n" + LOOP + "q.update({'page': x}); requests.get(a, params=q)", True),
        ("q = {'page': 1}\n" + LOOP + "q.update(page=x); requests.get(a, params=q)", True),
        ("q = {'page': 1}\n" + LOOP + "q.update(x); requests.get(a, params=q)", False),
        ("q = {'page': 1}\n" + LOOP + "fill(q); requests.get(a, params=q)", False),
        ("q = {'page': 1}\nif a: q = {'from': 1}\n" + LOOP + "requests.get(x, params=q)", True),
        ("q = {'page': 1}\nif a: q = a\n" + LOOP + "requests.get(x, params=q)", False),
        # nothing in the file names a user, wherever it is
        ("def log_in(x): pass\n" + LOOP + "requests.get(x)", False),
        ("print('enter your password')\n" + LOOP + "requests.get(x)", False),
        ("print(f'enter your password, {a}')\n" + LOOP + "requests.get(x)", False),
        ("def f(): 'It needs no password.'\n" + LOOP + "requests.get(x)", True),  # of a docstring
        ("def f(): 'password'\nprint('password')\n" + LOOP + "requests.get(x)", False),
        ("print(b'password')\n" + LOOP + "requests.get(x)", False),
        ("make(owner=a)\n" + LOOP + "requests.get(x)", False),
        ("print((a + b).user)\n" + LOOP + "requests.get(x)", False),
        ("print((a + b).size)\n" + LOOP + "requests.get(x)", True),
        ("match a:\n case B(user=c): pass\n" + LOOP + "requests.get(x)", False),
        ("match a:\n case B(size=c): pass\n" + LOOP + "requests.get(x)", True),
        ("for utente in a: requests.get(utente)", False),
        ("from flask import session\n" + LOOP + "requests.get(x)", False),
        ("for session in y: requests.get(session)", False),
        ("with requests.Session() as session: session.get(a)\n" + LOOP + "requests.get(x)", True),
        ("from requests import Session\n" + LOOP + "requests.get(x)", True),
        # the same steady credentials
        (LOOP + "requests.post(x, auth=('a', 'b'))", True),
        (LOOP + "requests.post(x, auth=(user, 'b'))", False),  # of which nothing is known
        ("user = input()\n" + LOOP + "requests.post(x, auth=(user, 'b'))", True),
        ("user = input()\nuser = a\n" + LOOP + "requests.post(x, auth=(user, 'b'))", False),
        (LOOP + "requests.post(a, auth=(x, 'b'))", False),
        (LOOP + "requests.post(a, auth=make(x))", False),
        (LOOP + "requests.post(a, auth=requests.auth.HTTPBasicAuth('a', 'b'))", True),
        ("requests.get(a, auth=('a', 'b'))\nrequests.get(b)", False),  # an anonymous check beside it
        ("requests.get(a, auth=('a', 'b'))\nrequests.get(b, auth=('c', 'd'))", False),
        ("token = input()\n" + LOOP + "requests.put(x, headers={'Authorization': f'token {token}'})", True),
        ("token = input()\n" + LOOP + "requests.put(x, headers={'Authorization': 'token ' + token})", True),
        ("token = input()\n" + LOOP + "requests.put(x, headers={'Authorization': token.strip()})", False),
        (LOOP + "requests.put(x, headers={'Authorization': 'a', 'Cookie': 'b'})", False),
        ("h = {'Authorization': 'a'}\n" + LOOP + "requests.put(x, headers=h)", True),
        ("h = {'Authorization': 'a'}\n" + LOOP + "h['Authorization'] = x; requests.put(a, headers=h)", False),
        (LOOP + "requests.get(a, headers={'X-Api-Key': 'a', 'X-Kind': 'b'})", True),
        (LOOP + "requests.get(a, headers={'X-Api-Key': 'a', 'X-Kind': x})", False),
        (LOOP + "requests.get(a, headers={'X-Kind': 'a'})", False),  # of which nobody knows what it is
        (LOOP + "requests.get(a, headers={'X-Api-Key': 'a', 'Accept': f'{x}'})", True),
        (LOOP + "requests.get(a, headers={'X-Api-Key': 'a', 'Referer': f'/?user={x}'})", False),
        ("def f(token):\n " + LOOP + "requests.put(a, headers={'Authorization': f'{token}'})", True),
        ("def f(token):\n " + LOOP + "token.renew(); requests.put(a, headers={'Authorization': f'{token}'})", False),
        (LOOP + "requests.post(a, auth=('a', 'b'), json=x)", False),  # any key may be in it
        (LOOP + "requests.post(a, auth=('a', 'b'), json={**x})", False),
        (LOOP + "requests.post(f'{x}/login', auth=('a', 'b'))", False),
        ("def url(x): return x\n" + LOOP + "requests.post(url(x), auth=('a', 'b'))", False),
        (LOOP + "requests.post(quote(x), auth=('a', 'b'))", True),
        (LOOP + "requests.post(quote(x, user=x), auth=('a', 'b'))", False),
        ("u = a\nu = a or b\n" + LOOP + "requests.post(u, auth=('a', 'b'))", False),
        ("u = a\nu += '?sid=1'\n" + LOOP + "requests.post(u, auth=('a', 'b'))", False),
        ("class A: url = '/login'\n" + LOOP + "A.url = f'/login/{x}'; requests.post(A.url, auth=('a', 'b'))", False),
        # nothing else that names a user
        (LOOP + "requests.get(f'https://a.test/?token={x}')", False),
        (LOOP + "requests.get('https://a.test/bot' + x)", False),
        (LOOP + "requests.get(f'https://a.test/page/{x}')", True),
        ("for user in users: requests.get(f'https://a.test/{user}')", False),
        ("for row in rows: requests.get(row['api_key'])", False),
        ("for row in rows: requests.get(row.session_id)", False),
        (LOOP + "requests.post(a, auth=('a', 'b'), json={'name': x})", True),
        (LOOP + "requests.post(a, auth=('a', 'b'), json={'userName': x})", False),
        (LOOP + "body = {'pin': x}; requests.post(a, auth=('a', 'b'), data=body)", False),
        (LOOP + "requests.post(a, auth=('a', 'b'), data=[('sid', 1), encode(token=x)])", False),
        (LOOP + "requests.get(f'{base}/login?name={x}')", False),
        (LOOP + "requests.get(f'{base}/users/{x}/page/{x}')", False),
        (LOOP + "requests.get('https://a.test/?sid=%s' % x)", False),
        (LOOP + "requests.get('https://a.test/?page=%s' % x)", True),
        (LOOP + "requests.get('https://a.test/?sid={}'.format(x))", False),
        (LOOP + "requests.get('https://a.test/{}'.format(x))", True),
        (LOOP + "url = f'{base}?token={x}'; requests.get(url)", False),
        ("requests.get('https://a.test/?token=a')\nrequests.get('https://a.test/?token=b')", False),
        ("requests.get('https://a.test/?token=a')\nrequests.get('https://a.test/more?token=a')", False),
        ("requests.get('https://ann:a@a.test/')\nrequests.get('https://bob:b@a.test/')", False),
        ("requests.get('https://a.test/bot12:a/me')\nrequests.get('https://a.test/bot34:b/me')", False),
        ("requests.get('https://a.test/user/a')\nrequests.get('https://a.test/user/b')", False),
        ("requests.get(a, params={'user': 1})\nrequests.get(b, params={'user': 2})", False),
        ("requests.get(a, params={'user': 1})\nrequests.get(b, params={'user': 1})", False),
        ("requests.get(a, params={'user': 1})\nrequests.get(b)", False),
        ("requests.put('http://a/bot1:a/?sid=1&p=2', auth=('a', 'b'))", True),
        (
            "requests.put('http://a/bot1:a', auth=('a', 'b'))\nrequests.put('http://a/bot2:b', auth=('a', 'b'))",
            False,
        ),
        (
            "requests.put('http://a?sid=1', auth=('a', 'b'))\nrequests.put('http://a?sid=2', auth=('a', 'b'))",
            False,
        ),
        ("requests.put(a, {'user': 1}, auth=('a', 'b'))\nrequests.put(b, {'user': 1}, auth=('a', 'b'))", True),
        ("for x in tokens: requests.get(x)", False),
        ("while True: requests.get(f'https://a.test/{next(users)}')", False),
        ("URL = 'https://a.test/login?name={}'\n" + LOOP + "requests.get(URL.format(x))", False),
        ("def log_in(x):\n global T\n T = x\n" + LOOP + "log_in(x); requests.put(a, auth=('a', T))", False),
        ("session = requests.Session()\n" + LOOP + "requests.get(x); session.close()", True),
        ("f.__globals__\ntoken = 1\n" + LOOP + "requests.post(x, auth=('a', token))", False),
        ("import __main__\ntoken = 1\n" + LOOP + "requests.post(x, auth=('a', token))", False),
        ("token = ['a']\n" + LOOP + "requests.post(x, auth=('a', f'{token}'))", False),
        ("class A: pass\ntoken = A()\n" + LOOP + "requests.post(x, auth=('a', f'{token}'))", False),
        (LOOP + "requests.post(x, headers={'X-Api-Key': 'a'})", False),  # a key of the program: it may log users in
        (LOOP + "requests.get(x, headers={'X-Api-Key': 'a'})", True),
        ("eval(a)\ntoken = 1\n" + LOOP + "requests.post(x, auth=('a', token))", False),
    ],
)
def test_rule(source: str, *, kept: bool) -> None:
    facts = facts_of(source)
    assert may_keep(facts, Settings(), facts.bare.calls, None) is kept
    assert may_keep(facts, Settings(cookies="share"), facts.bare.calls, None)
    assert not may_keep(facts, Settings(cookies="isolate"), facts.bare.calls, None)


CLIENT = """\
class Client:
    def __init__(self, token):
        {made}
    def get(self): return requests.get(a, headers={{"Authorization": f"token {{self.token}}"}})
    def put(self): return requests.put(b, headers={{"Authorization": f"token {{self.token}}"}})
{other}
"""


@pytest.mark.parametrize(
    ("made", "other", "kept"),
    [
        ("self.token = token", "", True),
        ("self.token = token", "    def log_in(self): self.token = a", False),
        ("self.token = token", "client.token = a", False),
        ("self.token = token", "setattr(client, a, b)", False),
        ("self.token = token", "class Other(Client):\n    token = a", False),
        ("self.log_in(token)", "    def log_in(self, token): self.token = token", False),
        ("pass", "", False),
        ("self.token = token", "    def log_in(self, token): self.__init__(token)", False),
        ("self.token = token", "class Other(Client):\n    def __init__(self): super().__init__(a)", True),
        ("self.token = token", "class Other(Client):\n    def __init__(self): Client.__init__(self, a)", True),
    ],
)
def test_token_of_an_object(made: str, other: str, *, kept: bool) -> None:
    facts = facts_of(CLIENT.format(made=made, other=other))
    (owner,) = [scope for scope in facts.tables.classes if facts.outline.scopes[scope].name == "Client"]
    assert may_keep(facts, Settings(), facts.bare.calls, owner) is kept
    assert not may_keep(facts, Settings(), facts.bare.calls, 0)  # of the module, for all objects


@pytest.mark.parametrize(
    ("other", "kept"),
    [
        ("", True),
        (" def g(self): h = self.headers; h['X-Auth-Key'] = b", False),
        (" def g(self): return self.headers", False),
        (" def g(self): sign(self.headers)", False),
    ],
)
def test_headers_of_an_object(other: str, *, kept: bool) -> None:
    facts = facts_of(
        "class A:\n def __init__(self): self.headers = {'X-Auth-Key': 'a'}\n"
        f" def f(self): requests.get(a, headers=self.headers); requests.head(b, headers=self.headers)\n{other}"
    )
    assert may_keep(facts, Settings(), facts.bare.calls, facts.tables.classes[0]) is kept


def test_names_of_two_functions_are_two_variables() -> None:
    facts = facts_of(
        "def f():\n a = 'x'; requests.get(b, auth=(a, a))\ndef g():\n a = 'y'; requests.get(b, auth=(a, a))"
    )
    assert not may_keep(facts, Settings(), facts.bare.calls, 0)


@pytest.mark.parametrize(("name", "kept"), [("TOKEN", True), ("_token", True), ("token", False)])
@pytest.mark.parametrize("value", ["input()", "'a'"])
def test_name_that_another_module_may_set(name: str, value: str, *, kept: bool) -> None:
    """A session of the module, or of an object, lives until it does; one of a function does not."""
    headers = f"headers={{'Authorization': {name}}}"
    facts = facts_of(
        f"{name} = {value}\ndef f(): requests.put(a, {headers})\ndef g(): requests.put(b, {headers})",
    )
    assert may_keep(facts, Settings(), facts.bare.calls, 0) is kept
    assert may_keep(facts, Settings(), facts.bare.calls, None)


@pytest.mark.parametrize(
    "word", ["api_key", "X-Auth-Key", "userName", "sid", "X-Tenant", "bot", "ownerId", "APIPin", "pw"]
)
def test_words_that_name_a_user(word: str) -> None:
    assert text_names_user(word)


@pytest.mark.parametrize(
    "word",
    [
        "page",
        "author",
        "keyword",
        "monkey",
        "Accept",
        "name",
        "item",
        "presidents",
        "pinned",
        "ownership",
        "roleplay",
        "KeyError",
    ],
)
def test_other_words(word: str) -> None:
    assert not text_names_user(word)
