"""What names stand for, which calls are bare, which hosts they reach, and what has run where a session is made."""

import libcst as cst
import pytest

from sessionize.sharing.facts import Facts
from sessionize.syntax import values as v
from sessionize.syntax.outline import CallSite
from sessionize.syntax.read_cst import read_cst

IMPORT = "import requests\n"


def read(source: str) -> Facts:
    return Facts(read_cst(cst.parse_module(source))[0])


def last_call(facts: Facts) -> CallSite:
    return max(facts.outline.calls, key=lambda call: call.tick)


# --- what names stand for ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "path"),
    [
        ("print()", "builtins.print"),
        ("import requests\nrequests.get()", "requests.get"),
        ("import requests.api\nrequests.api.get()", "requests.get"),
        ("import requests.api as a\na.post()", "requests.post"),
        ("from requests import api\napi.request()", "requests.request"),
        ("from requests import api\napi.sessions.Session()", "requests.Session"),
        ("from requests.api import get\nget()", "requests.get"),
        ("import requests as r\nr.get()", "requests.get"),
        ("import requests.api\nrequests.get()", "requests.get"),
        ("import a.b\na.b.c.d()", "a.b.c.d"),
        ("import a.b as c\nc.d()", "a.b.d"),
        ("from requests import get\nget()", "requests.get"),
        ("from requests import get as load\nload()", "requests.get"),
        ("from . import requests\nrequests.get()", ".requests.get"),
        ("from a import requests\nrequests.get()", "a.requests.get"),
        ("import requests\nrequests.session()", "requests.Session"),
        ("from requests.sessions import Session\nSession()", "requests.Session"),
        ("import requests\ndef f(): return lambda: requests.get()", "requests.get"),
        ("import requests\nimport requests\nrequests.get()", "requests.get"),
        ("import requests\nrequests: object\nrequests.get()", "requests.get"),
        # neither imported nor builtin
        ("def get(): pass\nget()", None),
        ("get = print\nget()", None),
        ("a().b()", None),
        ("import a\na[0]()", None),
        ("(lambda: 0)()", None),
        ("import requests\nfor requests in a: requests.get()", None),
        ("import requests\ndel requests\nrequests.get()", None),
        ("import requests\ndef f(requests): requests.get()", None),
        ("import requests\ndef f():\n global requests\n requests = a\nrequests.get()", None),
        ("import requests\nif a: import b as requests\nrequests.get()", None),
        ("import requests\nrequests = wrapped(requests)\nrequests.get()", None),
        ("if a: import requests\nelse: requests = b\nrequests.get()", None),
        # bound in place of a module that may be missing
        ("try: import requests\nexcept ImportError: requests = None\nrequests.get()", "requests.get"),
        ("requests = None\ndef f():\n global requests\n import requests\nrequests.get()", "requests.get"),
        ("try: import requests\nexcept ImportError: import b as requests\nrequests.get()", "requests.get"),
        ("try: import b as requests\nexcept ImportError: import requests\nrequests.get()", "b.get"),
        ("try: import requests\nexcept ImportError: from pip._vendor import requests\nrequests.get()", "requests.get"),
        ("try: from b.vendored import requests\nexcept ImportError: import requests\nrequests.get()", "requests.get"),
        ("try: from b import requests\nexcept ImportError: import requests\nrequests.get()", "b.requests.get"),
        ("from b.vendored import requests\nrequests.get()", "b.vendored.requests.get"),
        ("try: pass\nexcept E: import requests\nrequests.get()", "requests.get"),
        ("try: import requests\nexcept ImportError:\n def requests(): pass\nrequests.get()", None),
        # https://docs.python.org/3/library/typing.html#typing.TYPE_CHECKING
        ("if TYPE_CHECKING: import requests\nrequests.get()", None),
        ("if a:\n if typing.TYPE_CHECKING: import requests\nrequests.get()", None),
        ("import requests\nif TYPE_CHECKING: import b as requests\nrequests.get()", "requests.get"),
        ("if TYPE_CHECKING: import requests\nelse: import b as requests\nrequests.get()", "b.get"),
        ("if not TYPE_CHECKING: import requests\nrequests.get()", "requests.get"),
        ("while TYPE_CHECKING: import requests\nrequests.get()", "requests.get"),
    ],
)
def test_origin(source: str, path: str | None) -> None:
    facts = read(source)
    call = last_call(facts)
    assert facts.origins.path_of(call.value.func, call.scope) == path


@pytest.mark.parametrize(
    ("source", "calls"),
    [
        ("requests.get(a)", "requests.get"),
        ("requests.request('GET', a); requests.head(a)", "requests.request requests.head"),
        ("import requests as http\nhttp.post(a)", "http.post"),
        ("from requests import put\nput(a)", "put"),
        ("from requests import patch as change\nchange(a)", "change"),
        ("requests.delete(requests.options(a))", "requests.delete requests.options"),
        ("requests.api.get(a)\nfrom requests import api\napi.put(a)", "requests.api.get api.put"),
        ("getattr(requests, 'get')(a)\ngetattr(requests.api, 'put', None)(a)", "requests.get requests.api.put"),
        ("getattr(requests, b)(a)\ngetattr(requests, f'{b}')(*a)", "getattr(requests, ...) getattr(requests, ...)"),
        ("getattr(requests, 'Session')(a); getattr(requests, b)(); getattr(requests)(a); getattr(c, b)(a); b()(a)", ""),
        ("def getattr(*a): pass\ngetattr(requests, b)(a)", ""),
        ("requests.Session(); requests.codes.ok; requests.get; requests.exceptions.get()", ""),
        ("session.get(a); get(a); self.requests.get(a)", ""),
    ],
)
def test_bare_calls(source: str, calls: str) -> None:
    assert " ".join(call.shown for call in read(IMPORT + source).bare.calls) == calls


@pytest.mark.parametrize(
    ("arguments", "data"),
    [("a, b", "b"), ("a, data=b", "b"), ("data=b, url=a", "b"), ("a", None), ("a, json=b", None), ("a, *b", "b")],
)
def test_argument(arguments: str, data: str | None) -> None:
    (call,) = read(f"{IMPORT}requests.post({arguments})").bare.calls
    assert call.argument("data", 1) == (v.Name(data) if data is not None else None)


# --- hosts ------------------------------------------------------------------------------------------------------------

A = "https://a.example"
BASE = f"BASE = '{A}'\n"


@pytest.mark.parametrize(
    ("url", "host"),
    [
        (f"'{A}'", "a.example"),
        (f"'{A}/path'", "a.example"),
        (f"'{A}?query'", "a.example"),
        (f"'{A}#fragment'", "a.example"),
        ("'HTTP://A.Example/'", "a.example"),
        ("'http://a.example:8080/'", "a.example:8080"),
        ("'http://user:word@a.example/'", "a.example"),
        (f"url='{A}'", "a.example"),
        (f"timeout=1, url='{A}'", "a.example"),
        (f"('{A}' '/x')", "a.example"),
        ("'/path'", None),
        ("'ftp://a.example/'", None),
        ("b'https://a.example/'", None),
        ("", None),
        ("timeout=1", None),
        ("other", None),
        ("os.environ['BASE']", None),
        # f-strings
        (f"f'{A}/{{x}}'", "a.example"),
        (f"f'{A}{{x}}'", None),
        ("f'https://{x}/'", None),
        ("f'{BASE}/{x}'", "a.example"),
        ("f'{BASE}'", "a.example"),
        ("f'{BASE}{x}'", None),
        ("f'{BASE!s}/'", None),
        ("f'{BASE:>9}/'", None),
        # +
        ("BASE + '/x'", "a.example"),
        ("BASE + '/' + x", "a.example"),
        ("BASE + x", None),
        ("x + BASE", None),
        ("BASE * 2", None),
        ("BASE - x", None),
        # https://docs.python.org/3/library/stdtypes.html#printf-style-string-formatting
        ("'%s/x' % BASE", "a.example"),
        ("'%s%s' % (BASE, '/x')", "a.example"),
        ("'%s%s' % (BASE, x)", None),
        (f"'{A}/%d/%s' % (1, 2)", "a.example"),
        (f"'{A}%d' % x", None),
        (f"'{A}/%%/' % x", "a.example"),
        ("'%(base)s/' % {'base': BASE}", None),
        ("'%s/%s' % BASE", "a.example"),  # no Python
        ("x % BASE", None),
        # https://docs.python.org/3/library/string.html#format-string-syntax
        ("'{}/x'.format(BASE)", "a.example"),
        ("'{0}/x'.format(BASE)", "a.example"),
        ("'{1}{0}'.format('/x', BASE)", "a.example"),
        ("'{base}/x'.format(base=BASE)", "a.example"),
        ("'{}{}'.format(BASE, '/x')", "a.example"),
        ("'{x}{}/'.format(BASE, 'https://b.example', x='')", "a.example"),
        (f"'{A}/{{}}'.format(x)", "a.example"),
        (f"'{A}/{{{{}}}}'.format()", "a.example"),
        ("'{!s}/'.format(BASE)", None),
        ("'{:>9}/'.format(BASE)", None),
        ("'{base.real}/'.format(base=BASE)", None),
        ("'{}/'.format(*BASE)", None),
        ("'{}/'.format()", None),
        ("'{other}/'.format(base=BASE)", None),
        ("'{/'.format(BASE)", None),
        ("x.format(BASE)", None),
        ("(x + '{}/').format(BASE)", None),
        (f"('{A}/' + x).format(y)", "a.example"),
        (f"('{A}' + x).format('/')", None),
        ("BASE.strip()", None),
    ],
)
def test_host_of_a_url(url: str, host: str | None) -> None:
    facts = read(f"{IMPORT}{BASE}requests.get({url})")
    assert facts.hosts.host(facts.bare.calls[0]) == host


@pytest.mark.parametrize(
    ("source", "host"),
    [
        (f"requests.request('GET', '{A}')", "a.example"),
        (f"requests.request('GET', url='{A}')", "a.example"),
        (f"requests.request('{A}')", None),
        (f"a = b = '{A}'\nrequests.get(b)", "a.example"),
        (f"a = '{A}'\nb = a\nc = f'{{b}}/'\nrequests.get(c)", "a.example"),
        (f"a: str = '{A}'\ndef f(): requests.get(a)", "a.example"),
        (f"a = 'x'\ndef f():\n a = '{A}'\n requests.get(a)", "a.example"),
        (f"a = '{A}'\ndef f(a): requests.get(a)", None),
        (f"def f(a='{A}'): requests.get(a)", None),
        (f"a = '{A}'\na = b\nrequests.get(a)", None),
        (f"a = '{A}'\na += b\nrequests.get(a)", None),
        (f"a, b = '{A}', c\nrequests.get(a)", None),
        ("a = a + '/'\nrequests.get(a)", None),
        ("a0 = 'https://a.example/'\n" + "".join(f"a{n + 1} = a{n}\n" for n in range(9)) + "requests.get(a9)", None),
    ],
)
def test_host_of_a_call(source: str, host: str | None) -> None:
    facts = read(IMPORT + source)
    assert facts.hosts.host(facts.bare.calls[0]) == host


HOSTS = "['https://a.example/', 'https://b.example/']"
SITES = "{'a': 'https://a.example/', 'b': 'https://b.example/'}"


@pytest.mark.parametrize(
    ("url", "site"),
    [
        ("'https://a.example/x'", "a.example"),
        ("f'{BASE}/x'", "BASE"),
        ("BASE + '/x' + y", "BASE"),
        ("'{}/x'.format(y)", ""),
        ("BASE.format(y)", "BASE"),
        ("f'{self.base}/x'", "base"),
        ("urljoin(self.base, y)", "base"),
        ("urljoin()", "urljoin()"),
        ("self._url(y)", "_url()"),
        ("f'{self._url(y)}/x'", "_url()"),
        ("url", ""),
        ("self.url", ""),
        ("f'x{y}'", ""),
        ("y['url']", ""),
    ],
)
def test_site_of_a_call(url: str, site: str) -> None:
    facts = read(f"{IMPORT}def f(self, url, y): requests.get({url})")
    assert facts.hosts.site(facts.bare.calls[0]) == site


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("for url in urls: requests.get(url)", "for"),
        (f"for url in {HOSTS}: requests.get(url)", None),
        (f"urls = {HOSTS}\nfor url in urls: requests.get(url)", None),
        (f"urls = {HOSTS}\nurls.append(a)\nfor url in urls: requests.get(url)", "for"),
        (f"[requests.get(url) for url in {HOSTS}]", None),
        (f"for url in {HOSTS}: requests.get(f'{{url}}{{path}}')", None),
        (f"for url in {HOSTS}: requests.get(other)", "for"),
        (f"for url in {HOSTS}: requests.get('{A}')", "for"),
        ("for url in ['https://a.example/1', 'https://a.example/2']: requests.get(url)", "for"),
        ("for url in ['https://a.example/', other]: requests.get(url)", "for"),
        ("for url in ('https://a.example/', *others): requests.get(url)", "for"),
        (f"for url in {HOSTS}:\n url = a\n requests.get(url)", "for"),
        (f"for number, url in enumerate({HOSTS}): requests.get(url)", "for"),
        (f"while a:\n for url in {HOSTS}: requests.get(url)", "while"),
        (f"while a:\n url = {HOSTS}\n requests.get(url)", "while"),
        (f"[requests.get(url) for url in {HOSTS} for a in b]", "comp"),
        (f"[requests.get(url) for a in b for url in {HOSTS}]", "comp"),
        (f"urls = {SITES}\nfor url in urls.values(): requests.get(url)", None),
        (f"urls = {SITES}\nfor name, url in urls.items(): requests.get(url)", None),
        (f"urls = {SITES}\nfor name, url in urls.items(): requests.get(name)", "for"),
        (f"urls = {SITES}\nurls.update(a)\nfor name, url in urls.items(): requests.get(url)", "for"),
        (f"urls = {SITES}\nb.append(urls)\nfor url in urls.values(): requests.get(url)", "for"),
        (f"urls = {SITES}\nfor name, url in zip(a, urls.items()): requests.get(url)", "for"),
        ("for name, url in urls: requests.get(url)", "for"),
        ("for name, url in items(): requests.get(url)", "for"),
        ("for host in hosts: requests.get(f'https://{host}/x')", None),
        ("for host in hosts: requests.get('http://' + host.name + '/x')", None),
        ("for host in hosts: requests.get('https://%s/x' % host['name'])", None),
        ("for host in hosts: requests.get(f'https://{BASE}/{host}')", "for"),
        ("for host in hosts: requests.get(f'https://a.example/{host}')", "for"),
        ("for host in hosts: requests.get('https://a.example/')", "for"),
    ],
)
def test_loop_that_repeats_a_call(source: str, kind: str | None) -> None:
    facts = read(IMPORT + source)
    loops = [
        facts.outline.parts[facts.groups.loops[call.id]].kind
        for call in facts.bare.calls
        if call.id in facts.groups.loops
    ]
    assert loops == ([kind] if kind is not None else [])


@pytest.mark.parametrize(
    ("source", "repeated"),
    [
        ("requests.get(a)", ""),
        ("requests.get(a)\nrequests.head(b)", "get head"),
        (f"requests.get('{A}')\nrequests.head('https://b.example')", ""),
        (f"requests.get('{A}')\nrequests.head(b)", "get head"),
        (f"for a in b:\n requests.get('{A}')\n requests.head('https://b.example')\n break", ""),
        (f"for a in b: requests.get('{A}')\nrequests.head('https://b.example')", "get"),
        (f"for a in b: requests.get('{A}')\nrequests.head('{A}')", "get head"),
        ("def f(): requests.get(a)\nrequests.head(b)", ""),
        ("requests.get(a)\nimport sys\nsys.exit()\nrequests.head(b)", ""),
        ("requests.get(a)\nexit()\nrequests.head(b)", ""),
        ("requests.get(a)\nx = exit() if y else z\nrequests.head(b)", "get head"),
    ],
)
def test_repeated(source: str, repeated: str) -> None:
    facts = read(IMPORT + source)
    found = [call for home in facts.groups.by_frame for call in facts.groups.repeated[home]]
    assert " ".join(call.verb for call in found) == repeated
    assert facts.groups.repeated[-1] == []


# --- imports and places -----------------------------------------------------------------------------------------------

HANDLED = "try: import requests\nexcept ImportError: "


@pytest.mark.parametrize(
    ("source", "when"),
    [
        ("import requests\nhere()", "surely"),
        ("import requests\nif a:\n for b in c: here()", "surely"),
        ("import requests\ndef f():\n def g(): here()", "surely"),
        ("import requests\nclass C:\n def f(self): here()", "surely"),
        ("def f():\n import requests\n here()", "surely"),
        ("if a:\n import requests\n here()", "surely"),
        ("here()\nimport requests", "never"),
        ("if a: import requests\nhere()", "never"),
        ("def f():\n here()\n import requests", "never"),
        ("for a in b:\n import requests\n here()", "never"),
        ("class C:\n import requests\n here()", "never"),  # a session is made before the class
        ("def f(): here()\nimport requests", "maybe"),
        ("def f():\n def g(): here()\n import requests", "maybe"),
        # what may stand in for it
        (HANDLED + "requests = None\nhere()", "maybe"),
        (HANDLED + "import b as requests\nhere()", "maybe"),
        (HANDLED + "raise\nhere()", "surely"),
        (HANDLED + "import sys; sys.exit(1)\nhere()", "surely"),
        (HANDLED + "\n requests = None\n raise\nhere()", "surely"),
        ("requests = None\nimport requests\nhere()", "maybe"),
        # a copy, with which it is as good
        (HANDLED + "from pip._vendor import requests\nhere()", "surely"),
        ("try: from .vendor import requests\nexcept ImportError: import requests\nhere()", "surely"),
        (HANDLED + "from pip._vendor import requests\nexcept E: pass\nhere()", "maybe"),
        (HANDLED + "\n if a: from pip._vendor import requests\nhere()", "maybe"),
        # what may replace it
        ("import requests\nfrom a import *\nhere()", "surely"),
        ("from a import *\nimport requests\nhere()", "surely"),
        ("def f():\n import requests\n here()\nfrom a import *", "surely"),
    ],
)
def test_bound(source: str, when: str) -> None:
    facts = read(source)
    (call,) = [call for call in facts.outline.calls if call.value.func == v.Name("here")]
    home = facts.outline.parts[facts.flow.frame[call.part]].scope
    place = facts.flow.place([call.part], home)
    assert place is not None
    assert facts.imports.bound("requests", call.scope, place) == when


@pytest.mark.parametrize(
    ("source", "sessions"),
    [
        ("a = requests.Session()", "a"),
        ("a = requests.session(); b = requests.get(x)", "a"),
        ("with requests.Session() as a: pass", "a"),
        ("a = Session()", ""),
        ("a.b = requests.Session()", ""),
    ],
)
def test_sessions(source: str, sessions: str) -> None:
    assert " ".join(bind.name for bind in read(IMPORT + source).sessions.bound.get(0, ())) == sessions


@pytest.mark.parametrize(
    ("value", "basic"),
    [
        ("HTTPBasicAuth(a, b)", True),
        ("HTTPBasicAuth(a)", False),
        ("HTTPBasicAuth(a, *b)", False),
        ("HTTPDigestAuth(a, b)", False),
        ("a", False),
    ],
)
def test_basic_auth(value: str, *, basic: bool) -> None:
    facts = read(f"from requests.auth import HTTPBasicAuth, HTTPDigestAuth\nx = {value}")
    assert facts.bare.is_basic_auth(facts.outline.binds[-1].value, 0) is basic


AGAIN = "for x in y: f()\ndef f():\n"


@pytest.mark.parametrize(
    ("source", "calls"),
    [
        ("requests.Session().get(a)", ["get"]),
        ("s = requests.Session()\ns.get(a)", ["get"]),
        ("with requests.Session() as s: s.post(a)", ["post"]),
        ("for x in y:\n s = requests.Session()\n s.get(x)\n s.head(x)", ["get head"]),
        ("for x in y: requests.Session().get(x)", ["get"]),
        (f"for url in {HOSTS}: requests.Session().get(url)", []),
        ("requests.Session().mount(a, b)", []),
        ("requests.Session(a).get(b)", []),
        ("s = requests.Session()\ns.get(a)\ns.get(b)", []),
        ("s = requests.Session()\nfor x in y: s.get(x)", []),
        ("a.s = requests.Session()", []),
        ("requests.Session", []),
        ("s = requests.Session()\nif a: s.get(b)\nelse: s.post(b)", ["get post"]),
        ("s = requests.Session()\nif a: s.get(b)\ns.post(b)", []),
        # told something first: where it is made again and again
        ("s = requests.Session()\ns.auth = a\ns.get(b)", []),
        (AGAIN + " s = requests.Session()\n s.auth = a; s.headers['b'] = c; s.mount(d, e)\n s.get(b)", ["get"]),
        (
            AGAIN + " s = requests.Session()\n s.cookies.set(a, b); s.headers.pop(c); del s.headers[d]\n s.get(b)",
            ["get"],
        ),
        (AGAIN + " with requests.Session() as s:\n  s.proxies.update(a)\n  s.get(b)", ["get"]),
        (AGAIN + " s = requests.Session()\n s.get(b)\n s.auth = a", []),
        (AGAIN + " s = requests.Session()\n s.auth = a\n s.send(b)\n s.get(c)", []),
        (AGAIN + " s = requests.Session()\n s.auth = a\n for x in y: s.get(x)", []),
        (AGAIN + " s = requests.Session()\n s.auth = a\n return s", []),
        (AGAIN + " s = requests.Session()\n s.auth = a\n return lambda: s.get(a)", []),
        ("class C:\n def f(self):\n  s = requests.Session()\n  s.auth = self.a\n  s.get(b)", ["get"]),
        ("class C:\n def f(self):\n  s = requests.Session()\n  s.auth = a\n  s.get(b)", []),
        ("class C:\n def __init__(self):\n  s = requests.Session()\n  s.auth = self.a\n  s.get(b)", []),
    ],
)
def test_idle_sessions(source: str, calls: list[str]) -> None:
    assert [" ".join(call.verb for call in idle.calls) for idle in read(IMPORT + source).underused.sessions] == calls


@pytest.mark.parametrize(
    ("source", "references"),
    [
        ("a = requests.get", "requests.get"),
        ("from requests import api\na(api.get)", "api.get"),
        ("a = getattr(requests, 'get')\na(b)", "requests.get"),
        ("def f(a):\n b = getattr(requests, a, None)\n if b: b(c)", "getattr(requests, ...)"),
        ("a = getattr(requests, b)\nraise a", ""),
        ("a = getattr(requests, 'codes')\na(b)", ""),
        ("a(getattr(requests, b))", ""),
        ("a = setattr(requests, b, c)\na(b)", ""),
    ],
)
def test_references(source: str, references: str) -> None:
    assert " ".join(reference.shown for reference in read(IMPORT + source).bare.references) == references


@pytest.mark.parametrize(
    ("shown", "reached"),
    [
        ("parser.parse_args()", False),
        ("parser.parse_args(argv)", False),
        ("parser.parse_args(argv, client)", True),
        ("parser.parse_args(namespace=client)", True),
        ("parser.parse_args(*argv)", True),
        ("parse_args()", True),
        ("client", True),
    ],
)
def test_names_that_vars_may_reach(shown: str, *, reached: bool) -> None:
    assert read(f"vars({shown})").mutations.reachable_by_string("fetch") is reached


def test_function_that_no_call_takes() -> None:
    facts = read("import requests\nrequests.get = requests.head")
    assert [reference.taker for reference in facts.bare.references] == [-1]
    assert facts.bare.mapped == []


def test_looking_for_what_is_not_there_adds_nothing() -> None:
    stores = read("client.token = 1").tables.stores_of
    assert stores["key"] == []
    assert "key" not in stores
