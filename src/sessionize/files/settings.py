"""The settings: their values, their defaults, and the files they are read from.

`Settings` is the only list of the settings: keys, types and allowed values of the file are read off its fields, and so
is the JSON schema by which editors check it.
"""

import dataclasses
import keyword
import os
import re
import reprlib
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, get_args, get_origin

from sessionize.files.baseline import Baseline, BaselineError
from sessionize.files.codes import no_such_rule, unknown_selectors

SessionStyle = Literal["assign", "with"]
Cookies = Literal["share", "isolate"]
Hoistable = Literal["headers", "auth", "cookies", "params"]

FILES = ("sessionize.toml", "pyproject.toml")  # in the order in which they count
EXTEND = "extend"  # the one key that is no setting
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
    """What the user decides. A key of the settings file is the field's name with hyphens.

    select, ignore, extend_select: rules, each by its code (`RQS101`), the beginning of one (`RQS1`), its name
        (`request-in-loop`), or `ALL`.
    exclude, extend_exclude: patterns as in a `.gitignore`, of what to leave out of folders.
    force_exclude: True to leave it out even where it is named.
    per_file_ignores: pairs of a pattern and the rules to ignore there; also a dict, `{"scripts/*.py": ["RQS102"]}`.
    baseline: None, or what `sessionize.files.baseline.Baseline.read(path)` gives.
    session_name, session_attribute, session_global: what to call a session in a function or script, on an object, and
        in a module.
    session_style: `assign` or `with`.
    cookies: `share`, or `isolate` for a session that keeps none.
    hoist: what may be set once on the session: `headers`, `auth`, `cookies`, `params`.
    unsafe_fixes: True to make unsafe fixes too. rewrite_patches: True to move along what tests patch, with these.
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
    baseline: Baseline | None = None
    session_name: str = "session"
    session_attribute: str = "_session"
    session_global: str = "_session"
    session_style: SessionStyle = "assign"
    cookies: Cookies = "share"
    hoist: tuple[Hoistable, ...] = ("headers", "auth")
    unsafe_fixes: bool = False
    rewrite_patches: bool = False
    root: Path = Path()

    @property
    def moves_patches(self) -> bool:
        """Whether what tests replace by name moves along with the calls, of which all fixes are unsafe."""
        return self.unsafe_fixes and self.rewrite_patches

    def __post_init__(self) -> None:
        for name in (field.name for key, field in KEYS.items() if key != "baseline"):
            object.__setattr__(self, name, _checked(name, getattr(self, name)))
        if not isinstance(self.baseline, Baseline | None):
            raise ConfigError(f"baseline: expected None or a Baseline, got {reprlib.repr(self.baseline)}")
        if not isinstance(self.root, Path):
            raise ConfigError(f"root: expected a Path, got {reprlib.repr(self.root)}")


# The settings by key.
KEYS = {field.name.replace("_", "-"): field for field in dataclasses.fields(Settings) if field.name != "root"}


@dataclasses.dataclass(frozen=True, slots=True)
class Loaded:
    """Settings, the file that was found (None: no file), and by key what says something about it."""

    settings: Settings
    file: Path | None
    origins: Mapping[str, Sequence[str]]


def load(start: Path, *, config: Path | None, isolated: bool) -> tuple[Settings, Path | None]:
    """The settings in force at `start`, and the file they are from (None: the defaults).

    That is `config` if given, else the nearest `sessionize.toml`, or `pyproject.toml` with a `[tool.sessionize]`,
    from `start` upwards; none if `isolated`. ConfigError if a file cannot be used.
    """
    loaded = explain(start, config=config, isolated=isolated)
    return loaded.settings, loaded.file


def explain(
    start: Path,
    *,
    config: Path | None,
    isolated: bool,
    overrides: Mapping[str, Any] = MappingProxyType({}),
    baseline: bool = True,
) -> Loaded:
    """`load`, with where each setting is from.

    `overrides`: what the command line says, by key and in the types of the fields; its paths are those of the current
    folder. `baseline`: whether a baseline counts; if not, it is not read.
    """
    sources = [] if isolated else _found(start, config)
    file = sources[0].file if sources else None
    if overrides:
        said = {key: value if key == "baseline" else _checked(key, value) for key, value in overrides.items()}
        sources = [_Source(None, said, Path()), *sources]
    root = _root(sources)
    values: dict[str, Any] = {}
    origins: dict[str, tuple[str, ...]] = {}
    for source in reversed(sources):
        for key in source.says.keys() - {EXTEND}:
            value = source.value(key, root, own=source.file == file)
            adds = key in _ADDING and key in values
            values[key] = values[key] + value if adds else value
            origins[key] = (*origins[key], source.name) if adds else (source.name,)
    path = values.pop("baseline", None)
    if path is not None and baseline:
        values["baseline"] = _baseline(path, origins["baseline"][0])
    return Loaded(Settings(**{KEYS[key].name: value for key, value in values.items()}, root=root), file, origins)


def described(settings: Settings) -> dict[str, Any]:
    """The settings by key, as a settings file would say them."""
    values: dict[str, Any] = {}
    for key, field in KEYS.items():
        value = getattr(settings, field.name)
        values[key] = list(value) if isinstance(value, tuple) else value
    ignores: dict[str, list[str]] = {}
    for pattern, codes in settings.per_file_ignores:
        ignores.setdefault(pattern, []).extend(codes)
    baseline = settings.baseline and str(settings.baseline.path)
    return values | {"baseline": baseline, "per-file-ignores": ignores}


def schema() -> dict[str, Any]:
    """A JSON schema of `sessionize.toml`, or of the table in `pyproject.toml`."""
    defaults = {key: {"default": value} for key, value in described(Settings()).items() if value is not None}
    keys = {key: {**_schema(field.type), **defaults.get(key, {})} for key, field in KEYS.items()}
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Settings of sessionize",
        "type": "object",
        "properties": {EXTEND: _NAME_SCHEMA, **keys},
        "additionalProperties": False,
    }


# --- one file, and those that it extends ------------------------------------------------------------------------------

_NAMING = ("session-name", "session-attribute", "session-global")
_SELECTING = ("select", "ignore", "extend-select")
_ADDING = ("extend-select", "extend-exclude", "per-file-ignores")
_EXCLUDING = ("exclude", "extend-exclude")


@dataclasses.dataclass(frozen=True, slots=True)
class _Source:
    """What one file says, or the command line (None), and the folder that it speaks of."""

    file: Path | None
    says: Mapping[str, Any]
    folder: Path

    @property
    def name(self) -> str:
        return "the command line" if self.file is None else str(self.file)

    def value(self, key: str, root: Path, *, own: bool) -> Any:
        """A value with its paths as they read in `root`. `own`: whether it speaks of nothing outside of its folder."""
        value = self.says[key]
        if key == "baseline":
            return Path(value) if self.file is None else self.file.parent / value
        inside = "." if self.folder == root else os.path.relpath(os.path.realpath(self.folder), root)
        if inside != ".":
            inside = inside.replace(os.sep, "/")
            if key in _EXCLUDING:
                return tuple(_pattern(pattern, inside, own=own) for pattern in value)
            if key == "per-file-ignores":
                return tuple((_pattern(pattern, inside, own=own), codes) for pattern, codes in value)
        return value


def _found(start: Path, config: Path | None) -> list[_Source]:
    """The file that counts and those that it extends, the most general one last."""
    if config is not None:
        return _chain(_Source(config, _said(config), Path()))  # it holds for any file, so it speaks from here
    start = start.resolve()
    for folder in (start, *start.parents):
        for file in (folder / name for name in FILES):
            # `Path.exists` raises where a folder must not be searched.
            if not os.path.exists(file):  # noqa: PTH110
                continue
            _open_to_all(file)
            if (said := _read(file)) is not None:
                return _chain(_Source(file, said, folder))
    return []


def _open_to_all(file: Path) -> None:
    """ConfigError for what is a pipe, say: it would wait for its writer."""
    if not (file.is_file() or file.is_dir()):
        raise ConfigError("Not a regular file", file)


def _chain(source: _Source) -> list[_Source]:
    chain, seen = [source], {os.path.realpath(source.name)}
    while (name := chain[-1].says.get(EXTEND)) is not None:
        before = chain[-1].name
        file = Path(os.path.realpath(Path(before).parent / name))
        if str(file) in seen:
            raise ConfigError(f"{EXTEND}: {name!r} leads in a circle", before)
        try:
            if file.exists():
                _open_to_all(file)
            chain.append(_Source(file, _said(file), file.parent))
        except ConfigError as error:
            raise ConfigError(f"{EXTEND}: {error}", before) from error
        seen.add(str(file))
    return chain


def _root(sources: Sequence[_Source]) -> Path:
    """The folder that holds all those that patterns are relative to."""
    speaking = [source for source in sources if source.file is not None or source.says.keys() & set(_EXCLUDING)]
    if len({source.folder for source in speaking}) < 2:
        return speaking[0].folder if speaking else Path()
    return Path(os.path.commonpath([os.path.realpath(source.folder) for source in speaking]))


def _pattern(pattern: str, inside: str, *, own: bool) -> str:
    """A pattern of gitignore's that reads in the folder around `inside` as it read there.

    One for a name, which holds at any depth, goes on to hold everywhere unless it is `own`.
    """
    negation, body = ("!", pattern[1:]) if pattern.startswith("!") else ("", pattern)
    anchored = "/" in body.rstrip("/")
    if not anchored and not own:
        return pattern
    folder = re.sub(r"([\\*?\[])", r"\\\1", inside)
    return f"{negation}/{folder}/{'' if anchored else '**/'}{body.removeprefix('/')}"


def _baseline(path: Path, origin: str) -> Baseline:
    try:
        if os.path.exists(path):  # noqa: PTH110  # as above
            _open_to_all(path)
        return Baseline.read(path)
    except (BaselineError, ConfigError) as error:
        raise ConfigError(f"baseline: {error}", origin) from error


def _read(file: Path) -> dict[str, Any] | None:
    """What one file says, by key, in the types of the fields; None for a `pyproject.toml` without settings."""
    try:
        table = _table(file)
        return None if table is None else _values(table)
    except OSError as error:
        raise ConfigError(error.strerror or str(error), file) from error
    except ValueError as error:
        raise ConfigError(str(error), file) from error
    except RecursionError:
        raise ConfigError("it nests too deeply", file) from None


def _said(file: Path) -> dict[str, Any]:
    if (said := _read(file)) is None:
        raise ConfigError("there is no [tool.sessionize] in it", file)
    return said


def _table(file: Path) -> object:
    data = file.read_bytes()
    pyproject = file.name == "pyproject.toml"
    if pyproject and b"sessionize" not in data:  # not ours to parse, nor to complain about
        return None
    toml = import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")
    document: dict[str, Any] = toml.loads(data.decode())
    if not pyproject:
        return document
    match document:
        case {"tool": {"sessionize": table}}:
            return table
        case _:
            return None


# --- one table --------------------------------------------------------------------------------------------------------


def _values(table: object) -> dict[str, Any]:
    if not isinstance(table, dict):
        raise ConfigError(f"tool.sessionize: expected a table, got {reprlib.repr(table)}")
    values: dict[str, Any] = {}
    for key, value in table.items():
        if key not in KEYS and key != EXTEND:
            raise ConfigError(f"unknown key {key!r}, {nearest(key, [*KEYS, EXTEND])}")
        values[key] = _checked(key, value)
    return values


def _checked(key: str, value: object) -> Any:
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
    checked: Any = _value(KEYS[key].type, value)
    if key in _NAMING and (not checked.isidentifier() or keyword.iskeyword(checked) or checked.startswith("__")):
        raise ConfigError(f"{checked!r} cannot name a variable")
    selectors = checked if key in _SELECTING else ()
    if key == "per-file-ignores":
        selectors = [code for _, codes in checked for code in codes]
    if unknown := unknown_selectors(selectors):
        raise ConfigError(no_such_rule(unknown))
    return checked


def nearest(word: str, known: Sequence[str]) -> str:
    """What to say to someone who wrote `word` for one of the known ones."""
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
        expected = " or ".join(map(repr, args))
    else:
        if isinstance(value, kind):
            return value
        expected = "true or false" if kind is bool else "a string"
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
    return {"type": "boolean" if kind is bool else "string"}
