"""IPython's own syntax in the cells of a notebook: stood in for by Python on the same rows, and put back.

What stands in does at least as much as the line may do, so that no decision leans on what the line hides. The text of a
line is never changed.
"""

from __future__ import annotations

import ast
import keyword
import re
from itertools import filterfalse

from sessionize.syntax.parse import UnreadableError, parse_ast

CELL = "__cell__"  # called between two cells
LINE = "__ipython__"  # called for a line; with a string as its second argument if it may run any code

# They run no code of the notebook, and bind and change none of its variables.
_MAGICS = frozenset(
    (
        *("alias", "autoreload", "bookmark", "cat", "cd", "colors", "conda", "config", "cp", "dirs", "doctest_mode"),
        *("env", "gui", "history", "less", "ll", "load_ext", "logstart", "logstop", "ls", "lsmagic", "magic", "mamba"),
        *("man", "matplotlib", "micromamba", "mkdir", "more", "mv", "notebook", "page", "pdb", "pdef", "pdoc", "pfile"),
        *("pinfo", "pinfo2", "pip", "popd", "pprint", "precision", "psource", "pushd", "pwd", "pycat", "quickref"),
        *("rehashx", "reload_ext", "rm", "rmdir", "save", "set_env", "sx", "system", "tb", "unload_ext", "uv", "xmode"),
    )
)
# Their cells hold another language, or a program of its own.
_FOREIGN = frozenset(
    (
        *("HTML", "SVG", "bash", "cmd", "file", "html", "javascript", "js", "latex", "markdown", "perl", "pypy"),
        *("python", "python2", "python3", "ruby", "script", "sh", "svg", "sx", "system", "writefile", "!"),
    )
)
# Their cells hold Python that runs among the other cells; `%%timeit` keeps its variables to itself.
_PYTHON = frozenset({"capture", "debug", "prun", "time", "timeit"})

# They run an expression, which binds nothing if it is plain.
_TIMED = frozenset({"prun", "time", "timeit"})
_REFLECTING = frozenset({"dir", "eval", "exec", "globals", "locals", "vars"})

_CELL_MAGIC = re.compile(r"(?:[ \t]*\r?\n)*%%(?P<name>!|\w+\b)(?P<rest>(?!\?)[^\n]*)")
_ASSIGNED = r"""(?:[^\n=#'"({]|'[^'\n]*'|"[^"\n]*")*(?<![-+*/%&|^<>:@=!])=[ \t]*(?=!(?!=)|%[^\W\d])"""
_LINE = re.compile(
    rf"(?P<before>[ \t]*(?=[%!?/;,])|{_ASSIGNED})(?P<line>(?:\\\r?\n|[^\n])*?(?=\r?\n|\Z))"
    r"|(?P<indent>[ \t]*)(?P<help>[^\n#]*\?[ \t]*)(?=\r?\n|$)"
)
_TOKEN = re.compile(
    r"""\#[^\n]* | \\\r?\n | (?P<end>\n) | (?P<open>[(\[{]) | (?P<close>[)\]}])
    | (?P<quotes>\"{3}|'{3}) (?:\\.|(?!(?P=quotes)).)* (?P=quotes)
    | "(?:\\.|[^"\\\n])*" | '(?:\\.|[^'\\\n])*' | .""",
    re.DOTALL | re.VERBOSE,
)
_AUTOMATIC = re.compile(r"\s*(?P<name>\w+)[ \t]+[^\n]*\s*")  # a magic without its `%`, alone in its cell
_STAND_IN = re.compile(rf"{LINE}\((\d+)[^)]*\)\.wait\(\)")


class Cells:
    """Cells as Python; remembers what it replaced."""

    def __init__(self) -> None:
        self._replaced: list[str] = []

    def python(self, source: str, number: int) -> tuple[str, UnreadableError | None]:
        """The source of a cell as Python with as many rows, and what is wrong with it, if it has to be left out."""
        if CELL in source or LINE in source:
            error = UnreadableError(f"`{CELL}` and `{LINE}` mean something to sessionize")
            return self._left_out(source, number), error
        head, body = "", source
        if magic := _CELL_MAGIC.match(source):
            name = magic["name"]
            harmless = name in _FOREIGN and "--" not in magic["rest"]
            if name not in _PYTHON:
                text = self._stand_in(source, "" if harmless else f"%%{name}", magic["rest"] if harmless else source)
                return text, None
            head = self._stand_in(magic[0], "%%timeit" if name == "timeit" else "", magic["rest"])
            body = source[magic.end() :]
        wrong = _mistake(body)
        if wrong is None:
            return head + body, None
        kept = len(self._replaced)
        automatic = _AUTOMATIC.fullmatch(body)
        if automatic and automatic["name"] in _MAGICS:
            return head + self._stand_in(body, "", body), None
        masked = self._masked(body)
        again = _mistake(masked)
        if again is None:
            return head + masked, None
        del self._replaced[kept:]
        again.row += head.count("\n")
        return self._left_out(source, number), again

    def restored(self, text: str) -> str:
        """A text with all that was replaced put back."""
        return _STAND_IN.sub(lambda found: self._replaced[int(found[1])], text)

    def _left_out(self, source: str, number: int) -> str:
        return self._stand_in(source, f"cell {number}", source)

    def _masked(self, source: str) -> str:
        """The source with its lines of IPython replaced."""
        done: list[str] = []
        at, depth, fresh = 0, 0, True
        while at < len(source):
            found = _LINE.match(source, at) if fresh else None
            if found:
                line = found["line"] if found["help"] is None else found["help"]
                done += [found["before"] or found["indent"] or "", self._line(line)]
            else:
                found = _TOKEN.match(source, at)
                assert found is not None
                depth += (found.lastgroup == "open") - (found.lastgroup == "close")
                done.append(found[0])
            fresh = found.lastgroup == "end" and depth <= 0
            at = found.end()
        return "".join(done)

    def _line(self, line: str) -> str:
        magic = re.match(r"%(?P<name>\w*)[ \t]*(?P<rest>.*)", line, re.DOTALL)
        if line.startswith(("!", "?")) or line.rstrip().endswith("?") or (magic and magic["name"] in _MAGICS):
            return self._stand_in(line, "", line)
        if magic and magic["name"] in _TIMED and _only_computes(magic["rest"]):
            return self._stand_in(line, "%", magic["rest"])
        return self._stand_in(line, f"%{magic['name']}" if magic else f"% {line[0]}", line)

    def _stand_in(self, original: str, runs: str, said: str) -> str:
        """An expression with as many rows as `original`, which may use the names in `said`.

        runs: the magic that may run any code; `%` if it only computes with its names; empty if it only reads them.
        """
        self._replaced.append(original)
        names = list(filterfalse(keyword.iskeyword, dict.fromkeys(re.findall(r"[^\W\d]\w*", said))))
        if runs:
            given = ", ".join((repr(runs) if runs != "%" else "...", *names))
        else:
            given = 'f"' + "".join(f"{{{name}}}" for name in names) + '"' if names else "None"
        rows = "\n" * len(re.findall(r"\r\n|\r|\n", original))
        return f"{LINE}({len(self._replaced) - 1}, {given}{rows}).wait()"


def _only_computes(source: str) -> bool:
    """Tell whether a source is an expression that binds no name."""
    try:
        body = parse_ast(source.strip()).body
    except UnreadableError:
        return False
    plain = all(isinstance(statement, ast.Expr) for statement in body) and ":=" not in source
    return plain and _REFLECTING.isdisjoint(re.findall(r"\w+", source))


def _mistake(source: str) -> UnreadableError | None:
    """The error of a source that is not Python."""
    try:
        parse_ast(source)
    except UnreadableError as error:
        return error
    return None
