"""The settings: their values, their defaults, and the file they are read from.

`Settings` is the only list of the settings: keys, types and allowed values of the file are read off its fields.
"""

import dataclasses
import keyword
import os
import sys
from importlib import import_module
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

SessionStyle = Literal["assign", "with"]
Cookies = Literal["share", "isolate"]
Hoistable = Literal["headers", "auth", "cookies", "params"]

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
    """A setting that cannot be used, told in one line."""


@dataclasses.dataclass(frozen=True, slots=True)
class Settings:
    """What the user decides. A key of the settings file is the field's name with hyphens."""

    select: tuple[str, ...] = ("RQS",)
    ignore: tuple[str, ...] = ()
    extend_select: tuple[str, ...] = ()
    exclude: tuple[str, ...] = DEFAULT_EXCLUDE
    extend_exclude: tuple[str, ...] = ()
    per_file_ignores: tuple[tuple[str, tuple[str, ...]], ...] = ()
    session_name: str = "session"
    session_attribute: str = "_session"
    session_global: str = "_session"
    session_style: SessionStyle = "assign"
    cookies: Cookies = "share"
    hoist: tuple[Hoistable, ...] = ("headers", "auth")
    unsafe_fixes: bool = False

    def __post_init__(self) -> None:
        for key in ("session_name", "session_attribute", "session_global"):
            name = getattr(self, key)
            if not name.isidentifier() or keyword.iskeyword(name) or name.startswith("__"):
                raise ConfigError(f"{key.replace('_', '-')}: {name!r} cannot name a variable")


def load(start: Path, *, config: Path | None, isolated: bool) -> tuple[Settings, Path | None]:
    """The settings in force at `start`, and the file they are from (None: the defaults).

    That is `config` if given, else the nearest `sessionize.toml`, or `pyproject.toml` with a `[tool.sessionize]`,
    from `start` upwards. ConfigError if the file cannot be used.
    """
    if isolated:
        return Settings(), None
    if config is not None:
        settings = _read(config)
        if settings is None:
            raise ConfigError(f"{config}: there is no [tool.sessionize] in it")
        return settings, config
    start = start.resolve()
    for folder in (start, *start.parents):
        for file in (folder / "sessionize.toml", folder / "pyproject.toml"):
            # `Path.exists` raises where a folder must not be searched.
            if os.path.exists(file) and (settings := _read(file)) is not None:  # noqa: PTH110
                return settings, file
    return Settings(), None


def _read(file: Path) -> Settings | None:
    """The settings of one file; None for a `pyproject.toml` that has none."""
    try:
        table = _table(file)
        return None if table is None else _settings(table)
    except OSError as error:
        raise ConfigError(f"{file}: {error.strerror}") from error
    except ValueError as error:
        raise ConfigError(f"{file}: {error}") from error


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


def _settings(table: object) -> Settings:
    if not isinstance(table, dict):
        raise ConfigError(f"tool.sessionize: expected a table, got {table!r}")
    fields = {field.name.replace("_", "-"): field for field in dataclasses.fields(Settings)}
    values: dict[str, Any] = {}
    for key, value in table.items():
        if key not in fields:
            raise ConfigError(f"unknown key {key!r}, {_hint(key, list(fields))}")
        try:
            values[fields[key].name] = _value(fields[key].type, value)
        except ConfigError as error:
            raise ConfigError(f"{key}: {error}") from error
    return Settings(**values)


def _hint(key: str, keys: list[str]) -> str:
    import difflib  # noqa: PLC0415  # only a mistake needs it

    near = difflib.get_close_matches(key, keys, n=1)
    return f"did you mean {near[0]!r}?" if near else f"expected one of {', '.join(keys)}"


def _value(kind: Any, value: object) -> object:
    """A TOML value as the type of its field: lists and tables become tuples."""
    origin, args = get_origin(kind), get_args(kind)
    if origin is tuple and get_origin(args[0]) is tuple:  # pairs
        if isinstance(value, dict):
            return tuple((key, _value(get_args(args[0])[1], item)) for key, item in value.items())
        expected = "a table"
    elif origin is tuple:
        if isinstance(value, list):
            return tuple(_value(args[0], item) for item in value)
        expected = "a list"
    elif origin is Literal:
        if value in args:
            return value
        expected = " or ".join(map(repr, args))
    else:
        if isinstance(value, kind):
            return value
        expected = "true or false" if kind is bool else "a string"
    raise ConfigError(f"expected {expected}, got {value!r}")
