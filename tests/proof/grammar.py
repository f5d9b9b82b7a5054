"""Programs as people write them with requests, at random: a Hypothesis strategy of sources.

The text is built directly, a list of lines per statement. Choices put the plainest first, so that failures shrink to
plain programs. Every loop is bounded, and nothing depends on time, addresses or threads, so two runs are alike.
"""

import itertools
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from hypothesis import strategies as st

Lines = list[str]

# --- words ------------------------------------------------------------------------------------------------------------

VERBS = ("get", "get", "get", "get", "post", "head", "put", "patch", "delete", "options", "request")
IMPORTS = (
    ("import requests", "requests."),
    ("import requests", "requests."),
    ("import requests as rq", "rq."),
    ("from requests import delete, get, head, options, patch, post, put, request", ""),
    ("import json, requests", "requests."),
    ("import requests.exceptions", "requests."),
    ("from requests import (  # note 0\n    get, post, head,\n    put, patch, delete, options, request)", ""),
    ("import requests\nimport requests as rq", "rq."),
    ("try:\n    import requests\nexcept ImportError:\n    requests = None", "requests."),
    ("import requests; from http.cookiejar import DefaultCookiePolicy", "requests."),
    ("import requests\nfrom requests import Session\nsession = 'taken'", "requests."),
    ("if TYPE_CHECKING:\n    import requests", "requests."),
    ("from requests import *", ""),
)
HEADERS = (
    "HEADERS", "headers", '{"X-Client": "sync"}', '{"Authorization": "Bearer " + TOKEN}', '{"Authorization": TOKEN}',
    '{"X-Client": "sync", "X-Team": TEAM}', '{"X-Run": f"run-{TOKEN}"}', "None", '{"X-Item": str(ITEM)}',
    '{"X-Client": None}', "{}", '{"X-Turn": token()}', '{**HEADERS, "X-More": "1"}', "dict(HEADERS)",
    '{"X-Bad": fail()}', '{"X-Late": late}', "lazy()", '(headers := {"X-Client": "new"})', '{"X-Count": 1}',
    '{"User-Agent": "sync/1"}', '[("X-Client", "sync")]', '{KEY: "sync"}', '{"Cookie": "own=1"}', '{"X-Turns": f"{turns!s:.9}"}',
    '{"X-Client": "sync", "x-client": "twice"}', "HEADERS if ITEM else None", "CaseInsensitiveDict(HEADERS)",
    '{"X-Env": os.environ["TOKEN"]}', '{"X-Get": os.getenv("TEAM")}', '{"Authorization": "NTLM " + TOKEN}',
    '{"X-Upper": TOKEN.upper()}', '{"X-Index": TEAMS[0]}', '{"X-Client": "a" + ITEM}', "ITEM",
)  # fmt: skip
AUTH = (
    "AUTH", "auth", '("reader", "secret")', '("reader", TOKEN)', 'HTTPBasicAuth("reader", "secret")', "None",
    '("reader", token())', '("reader", fail())', "(ITEM, TOKEN)", "pair()", '["reader", "secret"]', '("reader", f"{TOKEN}")',
    'HTTPDigestAuth("reader", "secret")', "sign", "()",
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
    ("proxies", ("None", '{"http": "http://proxy.test:3128"}')),
    ("hooks", ('{"response": seen}',)),
)
PARAMETERS = (("name", '"x"'), ("headers", "HEADERS"), ("token=TOKEN", ""), ("headers=None", ""), ("session", "1"))
BASES = ("BASE", "BASE", "OTHER", "FROM_ENV")
WORDS = ("items", "page", "moved", "status/503", "again", "down", "flaky", "slow", "empty")
CHANGES = (
    'D["X-Client"] = "changed"', 'D["X-More"] = "1"', 'D.update({"X-More": "1"})', 'D = {"X-Client": "other"}',
    'alias = D\nalias["X-Alias"] = "1"', "change(D)", 'D |= {"X-Or": "1"}', 'D.pop("X-Client", None)', "D.clear()",
    'del D["X-Client"]', 'D.setdefault("X-Default", "1")', "keep.append(D)\nkeep[0]['X-Kept'] = '1'", "D = dict(D)",
    'D, extra = {"X-Client": "pair"}, 1', '[D][0]["X-List"] = "1"', 'def touch():\n    D["X-Touched"] = "1"\ntouch()',
    '(lambda value: value.update(X="1"))(D)', "print(sorted(D))", "D = None", 'for D["X-Loop"] in ("1", "2"):\n    pass',
    "for D in ({'X-Of': 'loop'},):\n    pass", 'D["X-Client"] += "+"', 'D["X-Item"] = ITEM', 'D["X-Turn"] = token()',
    'with nullcontext({"X-With": "1"}) as D:\n    pass', "print([D for D in 'ab'])", "del D", 'D: dict = {"X-Typed": "1"}',
    "try:\n    fail()\nexcept ValueError as D:\n    pass", 'match {"X-Matched": "1"}:\n    case D:\n        pass',
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
                'HEADERS = {\n    "X-Client": "sync",  # note 1\n    "Accept": "text/csv",\n}',
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
_AT_ALL = {word: re.compile(rf"\b{word}\b") for word in (*PRELUDE, *MODULES)}
_UP_TO = [st.integers(0, n) for n in range(100)]


@dataclass(frozen=True)
class Scope:
    """Where a statement stands. options: what its calls usually pass; dicts: names whose values may be changed."""

    kind: str  # script | function | generator | coroutine
    options: dict[str, str] = field(default_factory=dict)
    dicts: tuple[str, ...] = ("HEADERS",)
    item: str = '"1"'
    loop: bool = False
    depth: int = 0


class Writer:
    """Writes one program."""

    def __init__(self, draw: Callable[[st.SearchStrategy[int]], int]) -> None:
        self.draw = draw
        self.left = 6  # statements that may still be written
        self.number = itertools.count(2)
        self.requests = "requests."

    def pick(self, options: tuple[str, ...] | list[str]) -> str:
        return options[self.draw(_UP_TO[len(options) - 1])]

    def chance(self, percent: int) -> bool:
        return self.draw(_UP_TO[99]) >= 100 - percent

    # --- calls --------------------------------------------------------------------------------------------------------

    def value(self, values: tuple[str, ...]) -> str:
        """One of the first values half of the time."""
        return self.pick(values[:3]) if self.chance(50) else self.pick(values)

    def usual(self, *more: str) -> dict[str, str]:
        """The options that most calls of a scope pass."""
        usual = {}
        if not self.chance(25):
            usual["headers"] = self.pick(more) if more and self.chance(60) else self.value(HEADERS)
        for option, values, percent in (("auth", AUTH, 20), ("cookies", COOKIES, 8), ("params", PARAMS, 8)):
            if self.chance(percent):
                usual[option] = self.value(values)
        return usual

    def url(self, scope: Scope) -> str:
        base, word = self.pick(BASES), self.pick(WORDS[:2]) if not self.chance(25) else self.pick(WORDS)
        match self.draw(_UP_TO[5]):
            case 0:
                return f'f"{{{base}}}/{word}/{{ITEM}}"' if '"' not in scope.item else f'f"{{{base}}}/{word}"'
            case 1:
                return f'f"{{{base}}}/{word}"'
            case 2:
                return f'{base} + "/{word}"'
            case 3:
                return f'"http://a.test/{word}"'
            case 4:
                return f'"{{}}/{word}".format({base})'
            case _:
                return f'"%s/{word}" % {base}'

    def call(self, scope: Scope) -> str:
        verb = self.pick(VERBS)
        args = [self.url(scope)]
        options = dict(scope.options)
        if self.chance(12):
            options.pop("headers", None)
        if self.chance(8):
            options["headers"] = self.value(HEADERS)
        if self.chance(30):
            option, values = OTHERS[self.draw(_UP_TO[len(OTHERS) - 1])] if self.chance(50) else OTHERS[0]
            options[option] = self.value(values)
        if self.chance(6):
            options[""] = self.pick(("**EXTRA", '**{"timeout": 3}', "*()"))
        if verb == "request":
            args = [self.pick(('"GET"', '"POST"', "ITEM")), *args]
        elif "params" in options and verb == "get" and self.chance(30):
            args.append(options.pop("params"))
        elif self.chance(5):
            args[0] = f"url={args[0]}"
        named = [value if not option else f"{option}={value}" for option, value in options.items()]
        if self.chance(10):
            named.reverse()
        text = self.layout(f"{self.requests}{verb}", [*args, *named])
        return text.replace("ITEM", scope.item)

    def layout(self, func: str, args: Lines) -> str:
        """A call on one line, or on several."""
        match self.draw(_UP_TO[19]):
            case 17:
                lines = [f"    {arg},{self.comment(30)}" for arg in args]
                return "\n".join([f"{func}({self.comment(20)}", *lines, ")"])
            case 18:
                return f"{func}({(',' + chr(10) + '    ').join(args)})"
            case 19:
                return f"{func.replace('.', ' . ')} ( {' , '.join(args)} )"
            case _:
                return f"{func}({', '.join(args)})"

    def comment(self, percent: int = 100) -> str:
        return f"  # note {next(self.number)}" if self.chance(percent) else ""

    def used(self, scope: Scope) -> str:
        """An expression that makes a call, and shows some of its answer."""
        call = self.call(scope)
        turn = replace(scope, item="x")
        match self.draw(_UP_TO[15]):
            case 10:
                return f"[{self.call(turn)}.status_code for x in {self.pick(('NAMES', 'range(2)'))}]"
            case 11:
                return f"list({self.call(turn)}.url for x in NAMES if x)"
            case 12:
                return f"({call} if {self.test(scope)} else {self.call(scope)}).status_code"
            case 13:
                return f"({call}.ok and {self.call(scope)}.text)"
            case 14:
                return self.pick(
                    (f"[a.text for a in map({self.requests}get, URLS)]", f"{{x: {self.call(turn)}.ok for x in NAMES}}",
                     f"(lambda: {call})().text", f"sum({self.call(turn)}.status_code for x in NAMES)")
                )  # fmt: skip
            case 15:
                return self.pick(
                    (
                        "requests.Session().get(BASE).text",
                        f"(answer := {call}).text",
                        f"{call}.request.headers.get('X-Client')",
                    )
                )
            case _:
                return f"{call}{self.pick(('.status_code', '.text', '.url', '.json()'))}"

    def test(self, scope: Scope) -> str:
        return self.pick((scope.item, "TEAM", "rows", "len(NAMES) > 2", "True", f"{scope.item} != 'x'"))

    # --- statements ---------------------------------------------------------------------------------------------------

    def block(self, scope: Scope, least: int = 1) -> Lines:
        """Some statements."""
        lines: Lines = []
        for _ in range(least + self.draw(_UP_TO[2 if scope.depth < 2 else 1])):
            if self.left <= 0:
                break
            self.left -= 1
            statement = self.statement(scope)
            if lines and self.chance(6) and _is_simple(lines[-1:]) and _is_simple(statement):
                lines[-1] += f"; {statement[0]}"
            else:
                lines += [f"# note {next(self.number)}"] if self.chance(6) else []
                lines += statement
                if self.chance(6) and "\\" not in lines[-1] and "#" not in lines[-1]:
                    lines[-1] += self.comment()
        return lines or ["pass"]

    def statement(self, scope: Scope) -> Lines:
        inner = replace(scope, depth=scope.depth + 1)
        kind = self.draw(_UP_TO[27 if scope.depth < 3 else 13])
        if kind < 5:
            return _lines(f"print({self.used(scope)})")
        if kind < 7:
            return [
                *_lines(f"response = {self.call(scope)}"),
                self.pick(("print(response.text)", "response.raise_for_status()")),
            ]
        if kind == 7:
            return _lines(
                self.pick((self.call(scope), f"rows.append({self.used(scope)})", f"rows.extend([{self.used(scope)}])"))
            )
        if kind < 11 and scope.dicts:
            change = self.pick(CHANGES[:4]) if self.chance(40) else self.pick(CHANGES)
            return _lines(re.sub(r"\bD\b", self.pick(scope.dicts), change).replace("ITEM", scope.item))
        if kind == 11 and (scope.loop or scope.kind != "script"):
            jumps = [
                *(("break", "continue") if scope.loop else ()),
                *(("return", "return 1") if scope.kind == "function" else ()),
            ]
            jumps += [f"raise ValueError({scope.item})"]
            return [f"if {self.test(scope)}:", f"    {self.pick(jumps)}"]
        if kind < 14:
            return self.rare(scope)
        if kind < 19:
            return self.loop(inner)
        if kind < 22:
            return self.branch(inner)
        if kind < 24:
            return self.attempt(inner)
        if kind == 24:
            return self.retry(inner)
        if kind == 25:
            head = self.pick(("nullcontext()", "suppress(Exception)", f"{self.call(scope)} as response"))
            return [*_lines(f"with {head}:"), *_indented(self.block(inner))]
        if kind == 26:
            name = f"inner{next(self.number)}"
            body = self.block(replace(inner, kind="function", loop=False, item="name"))
            return [
                f"def {name}(name):",
                *_indented(body),
                self.pick((f"{name}('x')", f"print({name}('x'), {name}('y'))")),
            ]
        return self.shared(inner)

    def rare(self, scope: Scope) -> Lines:
        """What is seldom, but has its own rules."""
        own = scope.kind != "script"
        return _lines(
            self.pick((
                f"answer = \\\n    {self.call(scope)}\nprint(answer.ok)", "time.sleep(1)", "TOKEN = 'other'", "print(len(locals()) > 99)",
                f"if {self.test(scope)}: print({self.used(scope)})", "session = 'taken'", f"assert {self.used(scope)} != 1",
                "global TOKEN\nTOKEN = 'other'" if own else "TOKEN = 'other'", f"fetch = {self.requests}get\nprint(fetch(BASE).text)",
                f"{self.call(scope)}; {self.call(scope)}", f"yield {self.used(scope)}" if scope.kind == "generator" else "pass",
                f"print({self.requests}get(BASE).text, {self.requests}get(BASE + '/2').text)", "import requests",
                f"print('a', (later := {self.used(scope)}), later)", "raise SystemExit(2)", "del rows[:]",
                f"print([({self.used(scope)}, x) for x in NAMES])", f"x = lambda: {self.call(scope)}\nprint(x().text, x().url)",
            ))
        )  # fmt: skip

    def loop(self, scope: Scope) -> Lines:
        item = f"n{next(self.number)}" if self.chance(50) else "name"
        inner = replace(scope, loop=True, item=item)
        if self.chance(75):
            over = self.pick(("NAMES", "range(2)", "('x', 'y')", "[]", "enumerate(NAMES)", f"({self.used(scope)}, 2)"))
            lines = [*_lines(f"for {item} in {over}:"), *_indented(self.block(inner))]
        else:
            head = [f"{item} = 0", f"while {item} < 2:"] if self.chance(60) else [f"{item} = 0", "while True:"]
            stop = [f"    if {item} > 1: break"] if head[1].endswith("True:") else []
            lines = [*head, *stop, f"    {item} += 1", *_indented(self.block(inner))]
        return [*lines, "else:", *_indented(self.block(scope))] if self.chance(8) else lines

    def branch(self, scope: Scope) -> Lines:
        if self.chance(20):
            body, other = self.block(scope), self.block(scope)
            last = self.pick(("_", "{}", "str()"))
            lines = [f"    case {scope.item if scope.item.startswith(chr(34)) else 0}:", *_indented(_indented(body))]
            return [f"match {scope.item}:", *lines, f"    case {last}:", *_indented(_indented(other))]
        lines = [f"if {self.test(scope)}:", *_indented(self.block(scope))]
        if self.chance(20):
            lines += [f"elif {self.test(scope)}:", *_indented(self.block(scope))]
        return [*lines, "else:", *_indented(self.block(scope))] if self.chance(60) else lines

    def attempt(self, scope: Scope) -> Lines:
        lines = ["try:", *_indented(self.block(scope))]
        caught = self.pick(("Exception", "Exception as error", "ValueError", "(KeyError, OSError)", "OSError as error"))
        if handled := not self.chance(15):
            lines += [f"except {caught}:", *_indented(self.block(scope))]
            lines += ["else:", *_indented(self.block(scope))] if self.chance(15) else []
        return [*lines, "finally:", *_indented(self.block(scope))] if not handled or self.chance(20) else lines

    def retry(self, scope: Scope) -> Lines:
        leave = self.pick(("break", "return response.text" if scope.kind == "function" else "break"))
        good = self.pick(("response.ok", "response.status_code == 200", "True"))
        call = self.call(scope)
        return [
            "for attempt in range(3):", "    try:", *_indented(_indented(_lines(f"response = {call}"))),
            f"        if {good}:", f"            {leave}", "    except OSError:", f"        {self.pick(('pass', 'continue', 'print(attempt)'))}",
        ]  # fmt: skip

    def shared(self, scope: Scope) -> Lines:
        """Sessions that are there already."""
        name = self.pick(("session", "client"))
        more = self.pick(("pass", f"{name}.headers['X-Own'] = '1'", f"{name}.close()", f"print({name}.get(BASE).text)"))
        lines = [f"{name} = requests.Session()", f"print({name}.get(BASE + '/own').text)", more]
        if self.chance(30):
            lines = [f"with requests.Session() as {name}:", *_indented(lines[1:])]
        return ["for turn in range(2):", *_indented(lines)] if self.chance(40) else lines

    # --- functions, classes, the module -------------------------------------------------------------------------------

    def body(self, scope: Scope, *more: str) -> Lines:
        """The body of a scope, with the variables that its calls pass."""
        usual = self.usual(*more)
        first: Lines = []
        if "headers" in usual.values() and not self.chance(15):
            first += _lines(f"headers = {self.value(HEADERS[2:])}".replace("ITEM", scope.item))
        if "auth" in usual.values() and not self.chance(15):
            first.append(f"auth = {self.value(AUTH[2:])}".replace("ITEM", scope.item))
        named = {value for value in (*usual.values(), *more) if re.fullmatch(r"[\w.]+", value)}
        dicts = tuple(sorted(named - {"None", "ITEM"})) or ("HEADERS",)
        inside = self.block(replace(scope, options=usual, dicts=dicts), 1)
        if first and self.chance(8):
            first = [f"if {self.test(scope)}:", *_indented(first)]
        return first + inside

    def function(self, name: str) -> tuple[Lines, str]:
        """A function, and an expression that calls it."""
        kind = self.pick(("function",) * 6 + ("generator", "coroutine"))
        params: Lines = []
        given: Lines = []
        for param, value in PARAMETERS:
            if self.chance(35 if param == "name" else 8) and param.partition("=")[0] not in " ".join(params):
                params.append(param)
                given += [f"{param}={value}"] if value else []
        params.sort(key=lambda param: "=" in param)
        item = "name" if "name" in params else '"1"'
        body = self.body(Scope(kind, item=item))
        if self.chance(12):
            body = ['"""Fetches."""', *body]
        if kind == "generator":
            body.append("yield 0")
        elif self.chance(30):
            body += _lines(f"return {self.used(Scope(kind, item=item))}")
        asynchronous = "async " if kind == "coroutine" else ""
        call = f"{name}({', '.join(given)})"
        call = {"generator": f"list({call})", "coroutine": f"drive({call})"}.get(kind, call)
        if len(body) == 1 and _is_simple(body) and self.chance(30):
            return [f"{asynchronous}def {name}({', '.join(params)}): {body[0]}"], call
        return [f"{asynchronous}def {name}({', '.join(params)}):", *_indented(body)], call

    def client(self, name: str) -> tuple[Lines, str]:
        """A class, and an expression that uses it."""
        lines = [self.pick((f"class {name}:", f"class {name}(object):", f"@dataclass\nclass {name}:"))]
        lines += ["    headers = {'X-Class': '1'}"] if self.chance(15) and "@" not in lines[0] else []
        if self.chance(80):
            lines += ["    def __init__(self, token='t'):", "        self.token = token"]
            lines += [
                f"        self.headers = {self.pick(('{}', 'HEADERS')) if self.chance(20) else '{' + repr('X-Client') + ': token}'}"
            ]
            lines += ["        self.auth = (token, 'secret')"] if self.chance(30) else []
            lines += _indented(_indented(self.block(Scope("function", item="token")))) if self.chance(15) else []
        uses = []
        for method in ("one", "two", "three")[: 1 + self.draw(_UP_TO[2])]:
            decorator = self.pick(("", "", "", "", "", "property", "staticmethod", "classmethod"))
            lines += [f"    @{decorator}"] if decorator else []
            own = {"staticmethod": [], "classmethod": ["cls"]}.get(decorator, ["self"])
            lines += [f"    def {method}({', '.join([*own, *(['name=1'] if decorator != 'property' else [])])}):"]
            more = ("self.headers", "HEADERS") if own == ["self"] else ("HEADERS",)
            item = "name" if decorator != "property" else '"1"'
            lines += _indented(_indented(self.body(Scope("function", item=item), *more)))
            uses.append(f"thing.{method}{'()' if decorator != 'property' else ''}")
        if self.chance(15):
            lines += [f"class Sub({name}):", f"    def one(self): return {self.call(Scope('function', item='1'))}"]
            name = "Sub" if self.chance(50) else name
        return _lines("\n".join(lines)), f"[{', '.join(uses)} for thing in ({name}(),)]".replace("[", "[(", 1).replace(
            " for", ") for", 1
        )

    def program(self) -> str:
        statement, self.requests = IMPORTS[0] if self.chance(40) else IMPORTS[self.draw(_UP_TO[len(IMPORTS) - 1])]
        definitions: list[Lines] = []
        entry: Lines = []
        late_import = self.chance(6)
        for number in range(self.draw(_UP_TO[2])):
            if self.left <= 0:
                break
            lines, call = self.client(f"Client{number}") if self.chance(25) else self.function(f"sync{number}")
            definitions.append(lines)
            use = self.pick(
                (f"print({call})", call, f"for turn in range(2):\n    print({call})", f"print({call}, {call})")
            )
            use = (
                f"try:\n{chr(10).join(_indented(_lines(use)))}\nexcept Exception as error:\n    print(error)"
                if self.chance(50)
                else use
            )
            entry += _lines(use)
            entry += [f"HEADERS['X-Between'] = '{number}'"] if self.chance(8) else []
        if not definitions or self.chance(25):
            entry += self.body(Scope("script"))
        if self.chance(15):
            entry = ["if __name__ == '__main__':", *_indented(entry)]
        parts = ["\n".join(lines) for lines in definitions]
        text = "\n".join([*parts, *entry])
        above, below = self.prelude(text + statement)
        source = [
            *([statement] if not late_import else []),
            *above,
            *([statement] if late_import else []),
            *parts,
            *below,
            *entry,
        ]
        text = "\n".join(source) + "\n"
        modules = [line for word, line in MODULES.items() if _AT_ALL[word].search(text)]
        text = "\n".join(modules) + "\n" * bool(modules) + text
        if "requests." in text and not re.search(r"^\s*(import|from) .*requests( |$|;)", text, re.MULTILINE):
            text = "import requests\n" + text
        return (
            re.sub(r"^(?:    )+", lambda found: "\t" * (len(found[0]) // 4), text, flags=re.MULTILINE)
            if self.chance(4)
            else text
        )

    def prelude(self, text: str) -> tuple[Lines, Lines]:
        """What the text needs: most of it above the functions, some of it below them."""
        above: Lines = []
        below: Lines = []
        for name in reversed(PRELUDE):
            if _AT_ALL[name].search(text):
                lines = self.pick(PRELUDE[name][:1]) if self.chance(40) else self.pick(PRELUDE[name])
                text += lines
                (below if (below and self.chance(50)) or self.chance(4) else above).insert(0, lines)
        return above, below


def _lines(text: str) -> Lines:
    return text.split("\n")


def _indented(lines: Lines) -> Lines:
    return [f"    {line}" if line else line for line in lines]


def _is_simple(statement: Lines) -> bool:
    """Whether it can share a line with others."""
    compound = re.match(
        r"\s*(if|for|while|try|with|match|def|class|else|elif|except|finally|case|async|@|\)|#)", statement[0]
    )
    return len(statement) == 1 and not compound and "#" not in statement[0] and not statement[0].startswith(" ")


@st.composite
def programs(draw: st.DrawFn) -> str:
    """Sources of programs; nearly all of them compile."""
    return Writer(draw).program()
