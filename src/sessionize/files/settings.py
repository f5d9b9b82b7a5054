"""The settings: their values, their defaults, and which values are allowed.

`Settings` is the only list of the settings: keys, types and allowed values of a settings file are read off its fields,
and so is the JSON schema by which editors check it.
"""

import dataclasses
import keyword
import re
import reprlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from sessionize.files.baseline import Baseline
from sessionize.files.codes import DOUBTS, NAMES, no_such_rule, unknown_selectors

SessionStyle = Literal["assign", "with"]
Cookies = Literal["auto", "share", "isolate", "factory"]
Hoistable = Literal["headers", "auth", "cookies", "params"]

EXTEND = "extend"  # the one key that is no setting
PER_FILE = ("per-file-ignores", "per-file-accept")
DEFAULT_EXCLUDE = (
    ".bzr",
    ".direnv",
    ".eggs",
    ".git",
    ".git-rewrite",
    ".hg",
    ".ipynb_checkpoints",
    ".mypy_cache",
    ".nox",
    ".pants.d",
    ".pyenv",
    ".pytest_cache",
    ".pytype",
    ".ruff_cache",
    ".svn",
    ".tox",
    ".venv",
    ".vscode",
    "__pypackages__",
    "_build",
    "buck-out",
    "dist",
    "node_modules",
    "site-packages",
    "venv",
)


class ConfigError(ValueError):
    """A setting that cannot be used, told in one line. `origin`: the file that says so, or the command line."""

    def __init__(self, reason: str, origin: object = "") -> None:
        super().__init__(f"{origin}: {reason}" if origin else reason)
        self.reason = reason
        self.origin = str(origin)


@dataclasses.dataclass(frozen=True, slots=True)
class Settings:
    """The decisions of the user. A key of the settings file is the field's name with hyphens.

    select, ignore, extend_select: rules, each by its code (`RQS101`), the beginning of one (`RQS1`), its name
        (`request-in-loop`), or `ALL`.
    exclude, extend_exclude: patterns as in a `.gitignore`, of what to leave out of folders.
    force_exclude: True to leave it out even where it is named.
    per_file_ignores: pairs of a pattern and the rules to ignore there; also a dict, `{"scripts/*.py": ["RQS102"]}`.
    accept: the doubts, by name, that make no fix unsafe; per_file_accept: more of them, as for `per_file_ignores`.
    closed: True if only the project uses its modules, False if others may; None to look whether it is published.
    baseline: None, or what `sessionize.files.baseline.Baseline.read(path)` gives.
    session_name, session_attribute, session_global: what to call a session in a function or script, on an object, and
        in a module.
    session_style: `assign` or `with`.
    session_factory: the project's function that makes sessions, `package.module:name`; empty for `requests.Session`.
    session_factory_shared: True if it gives everybody the same session, on which the calls are made then.
    cookies: `auto` for a session that keeps them only where that is harmless, `share` or `isolate` for all;
        `factory` for `isolate` where the sessions of the factory keep none by themselves.
    hoist: what may be set once on the session: `headers`, `auth`, `cookies`, `params`.
    unsafe_fixes: True to make unsafe fixes too. rewrite_patches: True to move along what tests patch, with these, or
        where `patched` is accepted.
    root: the folder that patterns are relative to, a `Path`; it is no key.

    Lists become tuples. ConfigError, a ValueError, for a value that is not allowed: `Settings(cookies="no")`.
    """

    select: tuple[str, ...] = ("RQS",)
    ignore: tuple[str, ...] = ()
    extend_select: tuple[str, ...] = ()
    exclude: tuple[str, ...] = DEFAULT_EXCLUDE
    extend_exclude: tuple[str, ...] = ()
    force_exclude: bool = False
    per_file_ignores: tuple[tuple[str, tuple[str, ...]], ...] = ()
    accept: tuple[str, ...] = ()
    per_file_accept: tuple[tuple[str, tuple[str, ...]], ...] = ()
    closed: bool | None = None
    baseline: Baseline | None = None
    session_name: str = "session"
    session_attribute: str = "_session"
    session_global: str = "_session"
    session_style: SessionStyle = "assign"
    session_factory: str = ""
    session_factory_shared: bool = False
    cookies: Cookies = "auto"
    hoist: tuple[Hoistable, ...] = ("headers", "auth")
    unsafe_fixes: bool = False
    rewrite_patches: bool = False
    root: Path = Path()

    @property
    def moves_patches(self) -> bool:
        """True to move the patches of tests along with the calls, where fixes with the doubt `patched` are made."""
        made = self.unsafe_fixes or "patched" in self.accept
        return made and self.rewrite_patches

    def __post_init__(self) -> None:
        for key, field in KEYS.items():
            if key != "baseline":
                object.__setattr__(self, field.name, checked(field.name, getattr(self, field.name)))
        if not isinstance(self.baseline, Baseline | None):
            raise ConfigError(f"baseline: expected None or a Baseline, got {reprlib.repr(self.baseline)}")
        if not isinstance(self.root, Path):
            raise ConfigError(f"root: expected a Path, got {reprlib.repr(self.root)}")


# The settings by key.
KEYS = {field.name.replace("_", "-"): field for field in dataclasses.fields(Settings) if field.name != "root"}


def described(settings: Settings) -> dict[str, Any]:
    """The settings by key, as a settings file would say them."""
    values: dict[str, Any] = {}
    for key, field in KEYS.items():
        value = getattr(settings, field.name)
        values[key] = list(value) if isinstance(value, tuple) else value
    for key in PER_FILE:
        by_pattern: dict[str, list[str]] = {}
        for pattern, names in getattr(settings, KEYS[key].name):
            by_pattern.setdefault(pattern, []).extend(names)
        values[key] = by_pattern
    return values | {"baseline": settings.baseline and str(settings.baseline.path)}


def schema() -> dict[str, Any]:
    """A JSON schema of `sessionize.toml`, or of the table in `pyproject.toml`."""
    keys: dict[str, Any] = {}
    for key, value in described(Settings()).items():
        keys[key] = _schema(KEYS[key].type) | ({} if value is None else {"default": value})
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Settings of sessionize",
        "type": "object",
        "properties": {EXTEND: _NAME_SCHEMA, **keys},
        "additionalProperties": False,
    }


# --- checked values ---------------------------------------------------------------------------------------------------

_NAMING = ("session-name", "session-attribute", "session-global")
_FACTORY = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*")
_SELECTING = ("select", "ignore", "extend-select", "per-file-ignores")
_ACCEPTING = ("accept", "per-file-accept")


def checked(key: str, value: object) -> Any:
    """A value as the type of its field. ConfigError, which begins with the key, if it is not allowed.

    key: that of a settings file, or the name of the field.
    """
    try:
        return _allowed(key.replace("_", "-"), value)
    except ConfigError as error:
        raise ConfigError(f"{key}: {error}") from error


def _allowed(key: str, value: object) -> Any:
    if key == EXTEND:
        return _name(value)
    typed: Any = _value(KEYS[key].type, value)
    if key == "session-factory" and typed and not _FACTORY.fullmatch(typed):
        raise ConfigError(f"expected a function, as 'package.module:name', got {typed!r}")
    if key in _NAMING and (not typed.isidentifier() or keyword.iskeyword(typed) or typed.startswith("__")):
        raise ConfigError(f"{typed!r} is not a valid variable name")
    named = [name for _, names in typed for name in names] if key in PER_FILE else typed
    if key in _SELECTING and (unknown := unknown_selectors(named)):
        raise ConfigError(no_such_rule(unknown))
    if key in _ACCEPTING and (mistake := no_such_doubt(named)):
        raise ConfigError(mistake)
    return typed


def no_such_doubt(names: Iterable[str]) -> str:
    """A message about the first name that no doubt has; empty if there is none."""
    for name in names:
        if name.upper() in NAMES or name in NAMES.values():
            return f"{name!r} is a rule, not a doubt: `--select` and `--ignore` take rules"
        if name not in DOUBTS:
            return f"there is no doubt {name!r}: {nearest(name, DOUBTS)}"
    return ""


def nearest(word: str, known: Sequence[str]) -> str:
    """A hint for someone who wrote `word` for one of the known ones."""
    import difflib  # noqa: PLC0415  # only a mistake needs it

    near = difflib.get_close_matches(word, known, n=1)
    return f"did you mean {near[0]!r}?" if near else f"expected one of {', '.join(known)}"


def _value(kind: Any, value: object) -> object:
    """A value as the type of its field: TOML's lists and tables become tuples."""
    origin, args = get_origin(kind), get_args(kind)
    if kind == Baseline | None:
        return _name(value)
    if origin is tuple and get_origin(args[0]) is tuple:  # pairs
        pairs = tuple(value.items()) if isinstance(value, dict) else value
        if isinstance(pairs, tuple) and all(isinstance(pair, tuple) and len(pair) == 2 for pair in pairs):
            return tuple((_name(key), _value(get_args(args[0])[1], item)) for key, item in pairs)
        expected = "a table"
    elif origin is tuple:
        if isinstance(value, list | tuple):
            return tuple(_name(item) if args[0] is str else _value(args[0], item) for item in value)
        expected = "a list"
    elif origin is Literal:
        if value in args:
            return value
        expected = f"{', '.join(map(repr, args[:-1]))} or {args[-1]!r}"
    else:
        if isinstance(value, kind):
            return value
        expected = "a string" if kind is str else "true or false"
    raise ConfigError(f"expected {expected}, got {reprlib.repr(value)}")


def _name(value: object) -> object:
    """A string that stands for something: a rule, a pattern, a file."""
    if value == "":
        raise ConfigError("expected a string that is not empty")
    return _value(str, value)


_NAME_SCHEMA = {"type": "string", "minLength": 1}


def _schema(kind: Any) -> dict[str, Any]:
    """The type of a field in the words of JSON schema; `_value` accepts the same."""
    origin, args = get_origin(kind), get_args(kind)
    if kind == Baseline | None:
        return _NAME_SCHEMA
    if origin is tuple and get_origin(args[0]) is tuple:
        _, items = get_args(args[0])
        return {"type": "object", "propertyNames": {"minLength": 1}, "additionalProperties": _schema(items)}
    if origin is tuple:
        return {"type": "array", "items": _NAME_SCHEMA if args[0] is str else _schema(args[0])}
    if origin is Literal:
        return {"enum": list(args)}
    return {"type": "string" if kind is str else "boolean"}
