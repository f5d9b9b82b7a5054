"""The words of the generated programs: the plainest of a kind first.

`ITEM` stands for a value at hand, `D` for a dict of options, `CALL` for a call of one of requests' functions, and `USED`
for one with what is made of its answer.
"""

VERBS = ("get", "get", "get", "get", "post", "head", "put", "patch", "delete", "options", "request")
IMPORTS = (
    ("import requests", "requests."),
    ("import requests", "requests."),
    ("import requests as rq", "rq."),
    ("from requests import delete, get, head, options, patch, post, put, request", ""),
    ("import json, requests", "requests."),
    ("import requests.exceptions", "requests."),
    ("from requests import (  # why\n    get, post, head,\n    put, patch, delete, options, request)", ""),
    (
        "from requests import (\n    delete,\n    get,  # why\n    head,\n    options, patch, post,\n    put,\n    request,\n)",
        "",
    ),
    ("import requests\nimport requests as rq", "rq."),
    ("try:\n    import requests\nexcept ImportError:\n    requests = None", "requests."),
    ("import requests; from http.cookiejar import DefaultCookiePolicy", "requests."),
    ("import requests\nfrom requests import Session\nsession = 'taken'", "requests."),
    ("if TYPE_CHECKING:\n    import requests", "requests."),
    ("from requests import *", ""),
    (
        "from requests import get as fetch, post as send, request as options\nget = put = patch = delete = head = post = fetch",
        "",
    ),
)
HEADERS = (
    "HEADERS", "headers", '{"X-Client": "sync"}', '{"Authorization": "Bearer " + TOKEN}', '{"Authorization": TOKEN}',
    '{"X-Client": "sync", "X-Team": TEAM}', '{"X-Run": f"run-{TOKEN}"}', "None", '{"X-Item": str(ITEM)}',
    '{"X-Client": None}', "{}", '{"X-Turn": token()}', '{**HEADERS, "X-More": "1"}', "dict(HEADERS)",
    '{\n    "X-Client": "sync",  # why\n    "X-Team": "data",\n}', '{"X-Bad": fail()}', '{"X-Late": late}', "lazy()",
    '(headers := {"X-Client": "new"})', '{"X-Count": 1}', '{"User-Agent": "sync/1"}', '[("X-Client", "sync")]',
    '{KEY: "sync"}', '{"Cookie": "own=1"}', '{"X-Turns": f"{turns!s:.9}"}', '{"X-Client": "sync", "x-client": "twice"}',
    "HEADERS if ITEM else None", "CaseInsensitiveDict(HEADERS)", '{"X-Env": os.environ["TOKEN"]}', "ITEM",
    '{"X-Get": os.getenv("TEAM")}', '{"Authorization": "NTLM " + TOKEN}', '{"X-Upper": TOKEN.upper()}',
    '{"X-Index": TEAMS[0]}', '{"X-Client": "a" + ITEM}', '{"X-Item": ITEM}', '{"X-Answer": f"{answer}"}',
    'HEADERS | {"X-Or": "1"}', "HEADERS or None", '{"X-Nested": USED}', '{"X-Text": "%s" % TOKEN}',
    '{"X-Item": str(ITEM), "X-Client": "sync"}', '{"X-Client": "sync", "X-Item": str(ITEM), "User-Agent": "sync/2"}',
    '{"X-Text": "%s" % TOKEN, "X-Item": str(ITEM)}', '{"Accept": "text/csv", **HEADERS}',
)  # fmt: skip
# What a method passes of its object.
OWN = (
    '{"X-Key": self.token}', '{"X-Key": self.token, "X-Item": str(ITEM)}', '{"X-Key": f"key {self.token}"}',
    '{"X-Key": self.token, "X-Client": "sync"}', '{\n    "X-Key": self.token,  # why\n    "X-Team": TEAM,\n}',
    '{"X-Key": "%s" % self.token, **HEADERS}', '{"X-Key": self.token, "X-Turn": token()}',
)  # fmt: skip
AUTH = (
    "AUTH", "auth", '("reader", "secret")', '("reader", TOKEN)', 'HTTPBasicAuth("reader", "secret")', "None",
    '("reader", token())', '("reader", fail())', "(ITEM, TOKEN)", "pair()", '["reader", "secret"]', "sign", "()",
    '("reader", f"{TOKEN}")', 'HTTPDigestAuth("reader", "secret")', "HTTPBasicAuth(TEAM, TOKEN)",
)  # fmt: skip
COOKIES = ('{"own": "1"}', "COOKIES", '{"own": TOKEN}', "None", '{"own": ITEM}', '{"own": None}')
PARAMS = ('{"page": 1}', "PARAMS", '{"page": ITEM}', "None", '"page=1"', '[("page", 1)]', '{"page": next(turns)}')
OTHERS = (
    ("timeout", ("5", "TIMEOUT", "(1, 2)", "None")),
    ("data", ('{"a": "1"}', 'b"raw"', '"text"', "next(turns)")),
    ("json", ('{"a": 1}', '{"a": ITEM}', "[token()]", "None")),
    ("verify", ("False", "True", '"/ca.pem"', "VERIFY")),
    ("allow_redirects", ("False", "True")),
    ("stream", ("True",)),
    ("cert", ('"/client.pem"', "CERT")),
    ("proxies", ("None", '{"http": "http://proxy.test:3128"}', "HEADERS")),
    ("hooks", ('{"response": seen}',)),
    ("", ("**EXTRA", '**{"timeout": 3}', "*()")),
)
PARAMETERS = (("name", '"x"'), ("headers", "HEADERS"), ("token=TOKEN", ""), ("headers=None", ""), ("session", "1"))
CLASSES = ("class {}:", "class {}(object):", "@dataclass\nclass {}:", "class {}(dict):")
BASES = ("BASE", "BASE", "OTHER", "FROM_ENV")
WORDS = ("items", "page", "moved", "status/503", "again", "down", "flaky", "slow", "empty")
URLS = (
    'f"{BASE}/WORD/{ITEM}"', 'f"{BASE}/WORD"', 'BASE + "/WORD"', '"http://a.test/WORD"', '"{}/WORD".format(BASE)',
    '"%s/WORD" % BASE', "ITEM", "CALL.url", "BASE", '"http://user:pw@a.test/WORD"',
)  # fmt: skip
TESTS = ("ITEM", "TEAM", "rows", "len(NAMES) > 2", "True", "ITEM != 'x'", "not rows", "CALL.ok", "(later := ITEM)")
# What may happen to a dict that calls pass.
CHANGES = (
    'D["X-Client"] = "changed"', 'D["X-More"] = "1"', 'D.update({"X-More": "1"})', 'D = {"X-Client": "other"}',
    'alias = D\nalias["X-Alias"] = "1"', "change(D)", 'D |= {"X-Or": "1"}', 'D.pop("X-Client", None)', "D.clear()",
    'del D["X-Client"]', 'D.setdefault("X-Default", "1")', "keep.append(D)\nkeep[0]['X-Kept'] = '1'", "D = dict(D)",
    'D, extra = {"X-Client": "pair"}, 1', '[D][0]["X-List"] = "1"', 'def touch():\n    D["X-Touched"] = "1"\ntouch()',
    '(lambda value: value.update(X="1"))(D)', "print(sorted(D))", "D = None", "del D", 'D["X-Client"] += "+"',
    'for D["X-Loop"] in ("1", "2"):\n    pass', "for D in ({'X-Of': 'loop'},):\n    pass", 'D["X-Item"] = ITEM',
    'with nullcontext({"X-With": "1"}) as D:\n    pass', "print([D for D in 'ab'])", 'D: dict = {"X-Typed": "1"}',
    "try:\n    fail()\nexcept ValueError as D:\n    pass", 'match {"X-Matched": "1"}:\n    case D:\n        pass',
    'alias = D or {}\nalias["X-Or"] = "1"', 'alias = {} if not D else D\nalias["X-If"] = ITEM', "print(len(D), str(D))",
    'with nullcontext(D) as alias:\n    alias["X-With"] = "1"', 'for alias in (D,):\n    alias["X-Of"] = "1"',
    'match D:\n    case alias:\n        alias["X-Match"] = "1"', 'print(alias := D)\nalias["X-Walrus"] = "1"',
    'extra = dict(headers=D)\nextra["headers"]["X-In"] = "1"', 'extra = dict(D)\nextra["X-Copy"] = "1"', "D.items()",
    'D["X-Pair"], extra = "1", 2', '[0 for D["X-Turned"] in "12"]', 'extra = D.update\nextra(X="1")', "D = D.copy()",
    'def touch(value=D):\n    value["X-Default"] = "1"\ntouch()', "class Held:\n    value = D\nHeld.value['X-Held'] = '1'",
    'dict.update(D, X="1")', 'D.__setitem__("X-Set", "1")', 'alias = D\nTOKEN = "other"', '(D)["X-Round"] = "1"',
    'extra = [*[D]]\nextra[0]["X-Star"] = "1"', "extra = {**D, 'in': D}\nextra['in']['X-In'] = '1'", 'D["X-Turn"] = token()',
    'globals()["HEADERS"]["X-Global"] = "1"', 'exec("HEADERS[\'X-Exec\'] = \'1\'")', "import os as D",
    'sys.modules["__main__"].HEADERS = {}', 'vars()["D"] = {"X-Vars": "1"}', "def D(): pass", 'sorted("X", key=D.pop)',
    'max(D, {}, key=len)["X-Max"] = "1"', 'D.get("none", D)["X-Got"] = "1"', "D = D", "print({**D}, *D)", "AUTH = ('x', 'y')",
)  # fmt: skip
# Expressions that make a call.
USES = (
    "CALL.status_code", "CALL.text", "CALL.url", "CALL.json()", "CALL.headers.get('Location')", "CALL.history",
    "[CALL_OF_x.status_code for x in NAMES]", "[CALL_OF_x.text for x in range(2) if x]", "list(CALL_OF_x.url for x in NAMES)",
    "(CALL if TEST else CALL).status_code", "(CALL.ok and CALL.text)", "[a.text for a in map(FUNCget, URLS)]",
    "{x: CALL_OF_x.ok for x in NAMES}", "(lambda: CALL)().text", "sum(CALL_OF_x.status_code for x in NAMES)",
    "any(CALL_OF_x.ok for x in NAMES)", "requests.Session().get(BASE).text", "(answer := CALL).text", "(CALL).ok",
    "CALL.request.headers.get('X-Client')", "[CALL_OF_x.ok for x in NAMES for _ in range(2)]", "[CALL, CALL][0].text",
    "list(map(lambda x: CALL_OF_x.text, NAMES))", "(not CALL or None)", "{CALL.text: CALL.url}", "', '.join(CALL_OF_x.text for x in NAMES)",
    "[x for x in NAMES if CALL_OF_x.ok]", "[x for x in CALL.text if x in 'ab']", "(x for x in [CALL]).__next__().url",
)  # fmt: skip
# Statements; the first are met most.
STATEMENTS = (
    "print(USED)", "response = CALL\nprint(response.text)", "response = CALL\nresponse.raise_for_status()", "CALL",
    "rows.append(USED)", "answer = \\\n    CALL\nprint(answer.ok)", "time.sleep(1)", "TOKEN = 'other'", "print(len(locals()) > 99)",
    "if TEST: print(USED)", "session = 'taken'", "assert USED != 1", "fetch = FUNCget\nprint(fetch(BASE).text)", "CALL; CALL",
    "print(FUNCget(BASE).text, FUNCget(BASE + '/2').text)", "import requests", "print('a', (later := USED), later)",
    "raise SystemExit(2)", "del rows[:]", "print([(USED, x) for x in NAMES])", "x = lambda: CALL\nprint(x().text, x().url)",
    "later = (CALL_OF_x.text for x in NAMES)\nprint(list(later))", "def late(x=USED):\n    return x\nprint(late())",
    "class Box:\n    value = USED\n    other = USED\nprint(Box.value)", "@print\n@(lambda f: USED)\ndef late(): pass",
    "raise ValueError(USED)", "print(*CALL.text)", "requests = None", "del requests", "x, y = USED, USED\nprint(x, y)",
    "if TEST:\n    import requests", "for x in NAMES: CALL_OF_x", "while rows: rows.pop(); CALL", "requests.get = requests.head",
    "def requests(): pass", "from requests import get", "with CALL as one, CALL as two:\n    print(one.text, two.text)",
    "if (answer := CALL).ok and CALL.ok:\n    print(answer.url)", "print(sorted(vars()))", "get = print", "print(USED);",
    "for requests in (requests, requests):\n    CALL", "x = [CALL, CALL]; print(x[0].text)", "print(eval('rows'), USED)",
)  # fmt: skip
# What the text needs, if it names it; each may use those above it.
PRELUDE = {
    "late": ('late = "late"',),
    "KEY": ('KEY = "X-Key"', "KEY = 1"),
    "TEAM": ('TEAM = "data"', 'TEAM = os.environ.get("TEAM")', 'TEAM = input if False else "x"'),
    "TEAMS": ('TEAMS = ["data"]', "TEAMS = []"),
    "TIMEOUT": ("TIMEOUT = 5",),
    "VERIFY": ("VERIFY = False", 'VERIFY = os.path.join("/", "ca.pem")'),
    "CERT": ('CERT = "/client.pem"',),
    "turns": ("turns = itertools.count(1)",),
    "TOKEN": ('TOKEN = "t0ken"', 'TOKEN = os.environ["TOKEN"]', "TOKEN = str(next(turns))", "TOKEN = None"),
    "HEADERS": ('HEADERS = {"X-Client": "sync"}', 'HEADERS = {"X-Client": "sync", "Authorization": TOKEN}',
                'HEADERS = {\n    "X-Client": "sync",  # why\n    "Accept": "text/csv",\n}',
                'HEADERS = dict(X="1")', 'HEADERS = {"X-Client": None}', "HEADERS = {}",
                'HEADERS = {"X-Client": "sync"}\nHEADERS["X-Added"] = TOKEN',
                'if TOKEN:\n    HEADERS = {"X-Client": "sync"}\nelse:\n    HEADERS = {"X-Client": "none"}'),
    "AUTH": ('AUTH = ("reader", "secret")', 'AUTH = "reader", TOKEN', "AUTH = None", 'AUTH = HTTPBasicAuth("a", "b")'),
    "COOKIES": ('COOKIES = {"own": "1"}',),
    "PARAMS": ('PARAMS = {"page": 1}',),
    "EXTRA": ('EXTRA = {"timeout": 5}', 'EXTRA = {"headers": {"X-Extra": "1"}}'),
    "BASE": ('BASE = "http://a.test"', 'BASE = "https://a.test"', 'BASE = os.environ["BASE"]'),
    "OTHER": ('OTHER = "http://b.test"', 'OTHER = "http://user:pass@b.test"'),
    "FROM_ENV": ('FROM_ENV = os.environ["BASE"]',),
    "NAMES": ('NAMES = ["x", "y"]', "NAMES = []", 'NAMES = ("x", "y", "z")'),
    "URLS": ('URLS = ["http://a.test/u", "http://b.test/u"]', 'URLS = [BASE + "/u", BASE + "/v"]'),
    "rows": ("rows = []",),
    "keep": ("keep = []",),
    "token": ('def token():\n    return f"t{next(turns)}"',),
    "fail": ('def fail():\n    raise ValueError("nothing there")',),
    "lazy": ('def lazy():\n    return {"X-Lazy": str(next(turns))}', "def lazy():\n    return HEADERS"),
    "pair": ('def pair():\n    return ("reader", "secret")',),
    "sign": ('def sign(request):\n    request.headers["X-Signed"] = "1"\n    return request',),
    "seen": ("def seen(response, **options):\n    rows.append(response.status_code)",),
    "change": ('def change(value):\n    value["X-Changed"] = "yes"', "def change(value):\n    print(len(value))"),
    "drive": ("def drive(coroutine):\n    try:\n        coroutine.send(None)\n    except StopIteration as end:\n"
              "        return end.value",),
}  # fmt: skip
MODULES = {
    "os": "import os", "time": "import time", "itertools": "import itertools", "sys": "import sys",
    "suppress": "from contextlib import suppress", "nullcontext": "from contextlib import nullcontext",
    "HTTPBasicAuth": "from requests.auth import HTTPBasicAuth", "TYPE_CHECKING": "from typing import TYPE_CHECKING",
    "HTTPDigestAuth": "from requests.auth import HTTPDigestAuth", "dataclass": "from dataclasses import dataclass",
    "CaseInsensitiveDict": "from requests.structures import CaseInsensitiveDict",
}  # fmt: skip
