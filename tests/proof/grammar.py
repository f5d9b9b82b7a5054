"""Programs as people write them with requests, at random: a Hypothesis strategy of sources.

The text is built directly, a list of lines per statement. Choices put the plainest first, so that failures shrink to
plain programs. Every loop is bounded, and nothing depends on time, addresses or threads, so two runs are alike.
"""

import itertools
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import words as w
from hypothesis import strategies as st

Lines = list[str]

_HOLES = re.compile(r"\b(ITEM|TEST|WORD|BASE|D|CALL_OF_x|CALL|USED)\b|FUNC")
_IN_TEXT = {word: re.compile(rf"\b{word}\b") for word in (*w.PRELUDE, *w.MODULES)}
_UP_TO = [st.integers(0, n) for n in range(100)]


@dataclass(frozen=True)
class Scope:
    """Where a statement stands. options: what its calls usually pass; dicts: names whose values may be changed; item: a
    value at hand."""

    kind: str  # script | function | generator | coroutine
    options: dict[str, str] = field(default_factory=dict)
    dicts: tuple[str, ...] = ("HEADERS",)
    item: str = "'1'"
    loop: bool = False
    depth: int = 0


class Writer:
    """Writes one program."""

    def __init__(self, draw: Callable[[st.SearchStrategy[int]], int]) -> None:
        self.draw = draw
        self.left = 8  # statements that may still be written
        self.nested = 0  # calls around the one that is being written
        self.number = itertools.count(1)
        self.requests = "requests."

    def pick(self, options: tuple[str, ...] | Lines, first: int = 0, percent: int = 50) -> str:
        """One of the options; one of the `first` in so many of a hundred cases."""
        if first and not self.chance(100 - percent):
            options = options[:first]
        return options[self.draw(_UP_TO[len(options) - 1])]

    def chance(self, percent: int) -> bool:
        return self.draw(_UP_TO[99]) >= 100 - percent

    # --- expressions --------------------------------------------------------------------------------------------------

    def fill(self, text: str, scope: Scope) -> str:
        """The text with its words in capitals replaced."""

        def chosen(found: re.Match[str]) -> str:
            match found[0]:
                case "ITEM":
                    return scope.item
                case "FUNC":
                    return self.requests
                case "TEST":
                    return self.fill(self.pick(w.TESTS, 5, 80), scope)
                case "WORD":
                    return self.pick(w.WORDS, 2, 75)
                case "BASE":
                    return self.pick(w.BASES)
                case "D":
                    return self.pick(scope.dicts)
                case "CALL_OF_x":
                    return self.call(replace(scope, item="x"))
                case "USED" if self.nested < 2:
                    return self.fill(self.pick(w.USES, 4, 60), scope)
            return self.call(scope)

        return _HOLES.sub(chosen, text)

    def usual(self, *more: str) -> dict[str, str]:
        """The options that most calls of a scope pass."""
        usual = {}
        if not self.chance(25):
            usual["headers"] = self.pick(more) if more and self.chance(60) else self.pick(w.HEADERS, 3)
        for option, values, percent in (("auth", w.AUTH, 20), ("cookies", w.COOKIES, 8), ("params", w.PARAMS, 8)):
            if self.chance(percent):
                usual[option] = self.pick(values, 3)
        return usual

    def call(self, scope: Scope) -> str:
        """A call of one of requests' functions."""
        if self.nested > 2:
            return f'{self.requests}get("http://a.test/deep")'
        self.nested += 1
        verb = self.pick(w.VERBS)
        args = [self.fill(self.pick(w.URLS, 4, 80), scope)]
        options = dict(scope.options)
        if self.chance(12):
            options.pop("headers", None)
        if self.chance(8):
            options["headers"] = self.pick(w.HEADERS, 3)
        if self.chance(25):
            option, values = w.OTHERS[self.draw(_UP_TO[len(w.OTHERS) - 1]) if self.chance(50) else 0]
            options[option] = self.pick(values)
        if verb == "request":
            args.insert(0, self.pick(('"GET"', '"POST"', scope.item)))
        elif "params" in options and verb == "get" and self.chance(30):
            args.append(self.fill(options.pop("params"), scope))
        elif self.chance(5):
            args[0] = f"url={args[0]}"
        named = [f"{option}={value}" if option else value for option, value in options.items()]
        if self.chance(10):
            named.reverse()
        args += [self.fill(text, scope) for text in named]
        self.nested -= 1
        return self.layout(f"{self.requests}{verb}", args)

    def layout(self, func: str, args: Lines) -> str:
        """A call on one line, or on several."""
        match self.draw(_UP_TO[19]):
            case 16:
                return f"{func}({args[0]}, {', '.join(args[1:])}{self.comment(60)}\n)"
            case 17:
                lines = [f"    {arg},{self.comment(30)}" for arg in args]
                return "\n".join([f"{func}({self.comment(20)}", *lines, ")"])
            case 18:
                return ",\n    ".join([f"{func}({args[0]}", *args[1:]]) + ")"
            case 19:
                return f"{func.replace('.', ' . ')} ( {' , '.join(args)} )"
        return f"{func}({', '.join(args)})"

    def comment(self, percent: int) -> str:
        return f"  # why {next(self.number)}" if self.chance(percent) else ""

    # --- statements ---------------------------------------------------------------------------------------------------

    def block(self, scope: Scope) -> Lines:
        """Some statements."""
        lines: Lines = []
        for _ in range((1 if scope.depth else 2) + self.draw(_UP_TO[2 if scope.depth < 2 else 1])):
            if self.left <= 0:
                break
            self.left -= 1
            statement = self.statement(scope)
            if lines and _is_simple(lines[-1:]) and _is_simple(statement) and self.chance(8):
                lines[-1] += f"; {statement[0]}"
                continue
            if self.chance(6):
                lines.append(self.comment(100).strip())
            lines += statement
            if "\\" not in lines[-1] and "#" not in lines[-1]:
                lines[-1] += self.comment(6)
        return lines or ["pass"]

    def statement(self, scope: Scope) -> Lines:
        """A statement, or some that belong together."""
        kind = self.draw(_UP_TO[23 if scope.depth < 3 else 12])
        if kind < 7:
            return self.lines(self.pick(w.STATEMENTS[:4]), scope)
        if kind < 10:
            return self.lines(self.pick(w.CHANGES, 4, 40), scope)
        if kind == 10 and (scope.loop or scope.kind != "script"):
            jumps = ["raise ValueError(ITEM)", *(["break", "continue"] if scope.loop else [])]
            jumps += {"function": ["return", "return USED"], "generator": ["yield USED"]}.get(scope.kind, [])
            return self.lines(f"if TEST:\n    {self.pick(jumps)}", scope)
        if kind < 13:
            return self.lines(self.pick(w.STATEMENTS), scope)
        inner = replace(scope, depth=scope.depth + 1)
        if kind < 16:
            return self.loop(inner)
        if kind < 18:
            return self.branch(inner)
        if kind < 20:
            return self.attempt(inner)
        if kind == 20:
            return self.retry(inner)
        if kind == 21:
            head = self.pick(("nullcontext()", "suppress(Exception)", "CALL as response"))
            return [*self.lines(f"with {head}:", scope), *_indented(self.block(inner))]
        if kind == 22:
            name = f"inner{next(self.number)}"
            body = self.block(replace(inner, kind="function", loop=False, item="name"))
            use = self.pick((f"print({name}('x'))", f"print({name}('x'), {name}('y'))"))
            return [f"def {name}(name):", *_indented(body), use]
        return self.shared(inner)

    def lines(self, text: str, scope: Scope) -> Lines:
        return self.fill(text, scope).split("\n")

    def loop(self, scope: Scope) -> Lines:
        item = f"n{next(self.number)}"
        inner = replace(scope, loop=True, item=item)
        if self.chance(75):
            if self.chance(50):
                item, inner = "name", replace(inner, item="name")
            over = self.pick(
                ("NAMES", "range(2)", "('x', 'y')", "[]", "enumerate(NAMES)", "(USED, 2)", "CALL.text[:2]")
            )
            lines = [*self.lines(f"for {item} in {over}:", scope), *_indented(self.block(inner))]
        else:
            test, stop = self.pick((f"{item} < 2:", f"CALL and {item} < 2:", "True:")), f"    if {item} > 1: break"
            lines = [f"{item} = 0", *self.lines(f"while {test}", replace(scope, item=item)), f"    {item} += 1"]
            lines += [*([stop] if test == "True:" else []), *_indented(self.block(inner))]
        return [*lines, "else:", *_indented(self.block(scope))] if self.chance(8) else lines

    def branch(self, scope: Scope) -> Lines:
        if self.chance(20):
            cases = [self.pick((scope.item if "'" in scope.item else "0", "str()")), self.pick(("_", "{}", "str()"))]
            arms = [[f"    case {case}:", *_indented(_indented(self.block(scope)))] for case in cases]
            return [f"match {scope.item}:", *itertools.chain(*arms)]
        lines = [*self.lines("if TEST:", scope), *_indented(self.block(scope))]
        if self.chance(20):
            lines += [*self.lines("elif TEST:", scope), *_indented(self.block(scope))]
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
        failed = self.pick(("pass", "continue", "print(attempt)"))
        body = f"response = CALL\nif {good}:\n    {leave}"
        tried = ["try:", *_indented(self.lines(body, scope)), "except OSError:", f"    {failed}"]
        return ["for attempt in range(3):", *_indented(tried)]

    def shared(self, scope: Scope) -> Lines:
        """Sessions that are there already."""
        name = self.pick(("session", "client"))
        more = self.pick((f"print({name}.get(BASE).text)", f"{name}.headers['X-Own'] = '1'", f"{name}.close()", "CALL"))
        lines = self.lines(f"{name} = requests.Session()\nprint({name}.get(BASE + '/own').text)\n{more}", scope)
        if self.chance(30):
            lines = [f"with requests.Session() as {name}:", *_indented(lines[1:])]
        return ["for turn in range(2):", *_indented(lines)] if self.chance(40) else lines

    # --- functions, classes, the module -------------------------------------------------------------------------------

    def body(self, scope: Scope, *more: str) -> Lines:
        """The body of a scope, with the variables that its calls pass."""
        usual = self.usual(*more)
        first: Lines = []
        of_object = w.OWN * 4 if "self.headers" in more else ()
        for name, values in (("headers", (*w.HEADERS[2:], *of_object)), ("auth", w.AUTH[2:])):
            if name in usual.values() and not self.chance(12):
                first += self.lines(f"{name} = {self.pick(values, 4)}", scope)
        named = {value for value in (*usual.values(), *more) if re.fullmatch(r"[\w.]+", value)}
        dicts = tuple(sorted(named - {"None", "ITEM"})) or ("HEADERS",)
        if first and self.chance(8):
            first = ["if NAMES:", *_indented(first)]
        return first + self.block(replace(scope, options=usual, dicts=dicts))

    def function(self, name: str) -> tuple[Lines, str]:
        """A function, and an expression that calls it."""
        kind = self.pick(("function",) * 6 + ("generator", "coroutine"))
        params: Lines = []
        given: Lines = []
        for param, value in w.PARAMETERS:
            if self.chance(35 if param == "name" else 8) and param.partition("=")[0] not in " ".join(params):
                params.append(param)
                given += [f"{param}={value}"] if value else []
        params.sort(key=lambda param: "=" in param)
        scope = Scope(kind, item="name" if "name" in params else "'1'")
        body = ['"""Fetches."""'] if self.chance(12) else []
        body += self.body(scope)
        if kind == "generator":
            body.append("yield 0")
        elif self.chance(30):
            body += self.lines("return USED", scope)
        head = f"{'async ' if kind == 'coroutine' else ''}def {name}({', '.join(params)}):"
        call = f"{name}({', '.join(given)})"
        call = {"generator": f"list({call})", "coroutine": f"drive({call})"}.get(kind, call)
        if _is_simple(body) and self.chance(30):
            return [f"{head} {body[0]}"], call
        return [head, *_indented(body)], call

    def client(self, name: str) -> tuple[Lines, str]:
        """A class, and an expression that uses it."""
        head = self.pick(w.CLASSES).format(name)
        lines = ["headers = {'X-Class': '1'}"] if self.chance(15) and "@" not in head else []
        if self.chance(80):
            own = self.pick(('{"X-Client": token}', "{}", "HEADERS"), 1, 80)
            init = ["self.token = token", f"self.headers = {own}", "self.auth = (token, 'secret')"]
            init += self.block(Scope("function", item="token")) if self.chance(15) else []
            lines += ["def __init__(self, token='t'):", *_indented(init)]
        uses = []
        for method in ("one", "two", "three")[: 1 + self.draw(_UP_TO[2])]:
            decorator = self.pick(("", "property", "staticmethod", "classmethod"), 1, 70)
            first = {"staticmethod": [], "classmethod": ["cls"]}.get(decorator, ["self"])
            plain = decorator == "property"
            more = ("self.headers", "self.auth", "HEADERS", "headers", *w.OWN) if first == ["self"] else ("HEADERS",)
            body = self.body(Scope("function", item="'1'" if plain else "name"), *more)
            lines += [f"@{decorator}"] if decorator else []
            lines += [f"def {method}({', '.join([*first, *([] if plain else ['name=1'])])}):", *_indented(body)]
            uses.append(f"thing.{method}{'' if plain else '()'}")
        lines = [*head.split("\n"), *_indented(lines)]
        if self.chance(15):
            lines += self.lines(f"class Sub({name}):\n    def one(self): return CALL", Scope("function"))
            name = "Sub" if self.chance(50) else name
        return lines, f"[({', '.join(uses)}) for thing in ({name}(),)]"

    def program(self) -> str:
        """The import, what the rest needs, functions and classes, and what runs them."""
        statement, self.requests = w.IMPORTS[self.draw(_UP_TO[len(w.IMPORTS) - 1]) if self.chance(60) else 0]
        definitions: Lines = []
        entry: Lines = []
        for number in range(self.draw(_UP_TO[2])):
            lines, call = self.client(f"Client{number}") if self.chance(25) else self.function(f"sync{number}")
            definitions += lines
            use = self.pick((f"print({call})", f"for turn in range(2):\n    print({call})", f"print({call}, {call})"))
            tried = ["try:", *_indented(use.split("\n")), "except Exception as error:", "    print(error)"]
            entry += tried if self.chance(50) else use.split("\n")
            entry += ["HEADERS['X-Between'] = '1'"] if self.chance(8) else []
        if not definitions or self.chance(25):
            entry += self.body(Scope("script"))
        if self.chance(15):
            entry = ["if __name__ == '__main__':", *_indented(entry)]
        above, below = self.prelude("\n".join([statement, *definitions, *entry]))
        imports = [above, [statement]] if self.chance(6) else [[statement], above]
        return self.finished("\n".join([*itertools.chain(*imports), *definitions, *below, *entry]) + "\n")

    def prelude(self, text: str) -> tuple[Lines, Lines]:
        """What the text needs: most of it above the functions, some of it below them."""
        above: Lines = []
        below: Lines = []
        for name, forms in reversed(w.PRELUDE.items()):
            if _IN_TEXT[name].search(text):
                text += (form := self.pick(forms, 1))
                (below if self.chance(50 if below else 4) else above).insert(0, form)
        return above, below

    def finished(self, text: str) -> str:
        """The text with the imports that it needs, in one of the layouts of whole files."""
        modules = [line for word, line in w.MODULES.items() if _IN_TEXT[word].search(text)]
        if "requests." in text and not re.search(r"^\s*(import|from) .*requests( |$|;)", text, re.MULTILINE):
            modules.append("import requests")
        text = "\n".join([*modules, text])
        match self.draw(_UP_TO[29]):
            case 29:
                return re.sub(r"^(?:    )+", lambda found: "\t" * (len(found[0]) // 4), text, flags=re.MULTILINE)
            case 28:
                return text.replace("\n", "\r\n")
            case 27:
                return text.rstrip("\n")
            case 26:
                return f'#!/usr/bin/env python3\n"""Sync."""\nfrom __future__ import annotations\n\n\f\n{text}'
        return text


def _indented(lines: Lines) -> Lines:
    return [f"    {line}" if line else line for line in lines]


def _is_simple(statement: Lines) -> bool:
    """Whether it can share a line with others."""
    compound = (
        r"\s|(if|for|while|try|with|match|def|class|else|elif|except|finally|case|async|global|import|from)\b|[@)#]"
    )
    return len(statement) == 1 and not re.match(compound, statement[0]) and "#" not in statement[0]


@st.composite
def programs(draw: st.DrawFn) -> str:
    """Sources of programs; nearly all of them compile."""
    return Writer(draw).program()
