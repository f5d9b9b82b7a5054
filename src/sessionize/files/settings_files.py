"""The files that settings are read from: found, read, and merged."""

import dataclasses
import os
import re
import reprlib
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import Any

from sessionize.files.baseline import Baseline, BaselineError
from sessionize.files.settings import EXTEND, KEYS, ConfigError, Settings, checked, nearest

FILES = ("sessionize.toml", "pyproject.toml")  # in the order in which they count


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
        said = {key: value if key == "baseline" else checked(key, value) for key, value in overrides.items()}
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


def _values(table: object) -> dict[str, Any]:
    if not isinstance(table, dict):
        raise ConfigError(f"tool.sessionize: expected a table, got {reprlib.repr(table)}")
    values: dict[str, Any] = {}
    for key, value in table.items():
        if key not in KEYS and key != EXTEND:
            raise ConfigError(f"unknown key {key!r}, {nearest(key, [*KEYS, EXTEND])}")
        values[key] = checked(key, value)
    return values
