"""The files that settings are read from: located, read, and merged with those that they extend.

What cannot be used is a ConfigError that names its file. No file is skipped, and no key is ignored.
"""

import os
import re
import reprlib
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from sessionize.files.baseline import Baseline, BaselineError
from sessionize.files.settings import EXTEND, KEYS, PER_FILE, ConfigError, Settings, checked, nearest
from sessionize.files.store import content, reason

FILES = ("sessionize.toml", "pyproject.toml")  # in the order in which they count
_ADDING = ("extend-select", "extend-exclude", "accept", *PER_FILE)
_EXCLUDING = ("exclude", "extend-exclude")


class Loaded(NamedTuple):
    """Settings, the file that was located (None: no file), and by key the names of all that say something about it."""

    settings: Settings
    file: Path | None
    origins: Mapping[str, Sequence[str]]


class _Layer(NamedTuple):
    """The values of one file, or of the command line (None), and the folder that its patterns are relative to."""

    file: Path | None
    values: Mapping[str, Any]
    folder: Path

    @property
    def name(self) -> str:
        return "the command line" if self.file is None else str(self.file)


def load(
    start: Path,
    *,
    config: Path | None = None,
    isolated: bool = False,
    overrides: Mapping[str, Any] = MappingProxyType({}),
    baseline: bool = True,
) -> Loaded:
    """The settings in force at `start`. ConfigError if a file cannot be used.

    They are those of `config` if given, else of the nearest `sessionize.toml`, or `pyproject.toml` with a
    `[tool.sessionize]`, from `start` upwards; the defaults if `isolated`.

    overrides: values of the command line, by key and in the types of the fields; its paths are those of the current
        folder.
    baseline: False if baselines do not count; then none is read.
    """
    layers: list[_Layer] = []
    if not isolated:
        # `config` holds for any file, so it speaks from the current folder.
        located = _locate(start.resolve()) if config is None else _Layer(config, _read_named(config), Path())
        layers = _extended(located) if located is not None else []
    file = layers[0].file if layers else None
    if overrides:
        values = {key: value if key == "baseline" else checked(key, value) for key, value in overrides.items()}
        layers.insert(0, _Layer(None, values, Path()))
    root = _common_folder(layers)
    values, origins = _merge(layers, root, file)
    path = values.pop("baseline", None)
    if path is not None and baseline:
        values["baseline"] = _read_baseline(path, origins["baseline"][0])
    settings = Settings(**{KEYS[key].name: value for key, value in values.items()}, root=root)
    if factory := settings.session_factory:
        (origin, *_) = origins["session-factory"]
        if not any(_has_factory(folder, factory) for folder in (root, Path(origin).parent)):
            raise ConfigError(f"session-factory: {factory!r} is not in the project", origin)
    elif settings.session_factory_shared:
        raise ConfigError("session-factory-shared needs a session-factory", origins["session-factory-shared"][0])
    elif settings.cookies == "factory":
        raise ConfigError("cookies: 'factory' needs a session-factory", origins["cookies"][0])
    return Loaded(settings, file, origins)


def _has_factory(root: Path, factory: str) -> bool:
    """Tell whether a module below a folder, or below its `src`, binds the name in `package.module:name`."""
    module, _, name = factory.partition(":")
    bound = re.compile(
        rf"^(?:(?:async )?def {name}\b|{name}\b.*=|(?:from|import) .*\b{name}\b|    {name},?$)", re.MULTILINE
    )
    for folder in (root, root / "src"):
        inside = folder.joinpath(*module.split("."))
        for file in (inside.with_suffix(".py"), inside / "__init__.py"):
            if bound.search(content(file).decode(errors="replace")):
                return True
    return False


# --- locate -----------------------------------------------------------------------------------------------------------


def _locate(start: Path) -> _Layer | None:
    """The nearest file with settings, from `start` upwards."""
    for folder in (start, *start.parents):
        for name in FILES:
            file = folder / name
            if _exists(file):
                _expect_file(file)
                if (values := _read(file)) is not None:
                    return _Layer(file, values, folder)
    return None


def _extended(layer: _Layer) -> list[_Layer]:
    """The layer and those of the files that it extends, the most general one last."""
    layers, seen = [layer], {os.path.realpath(layer.name)}
    while (name := layers[-1].values.get(EXTEND)) is not None:
        before = layers[-1].name
        file = Path(os.path.realpath(Path(before).parent / name))
        if str(file) in seen:
            raise ConfigError(f"{EXTEND}: {name!r} leads in a circle", before)
        try:
            _expect_file(file)
            layers.append(_Layer(file, _read_named(file), file.parent))
        except ConfigError as error:
            raise ConfigError(f"{EXTEND}: {error}", before) from error
        seen.add(str(file))
    return layers


def _expect_file(path: Path) -> None:
    """ConfigError for a pipe, say: it would wait for its writer. A folder, or nothing, is told when it is read."""
    if _exists(path) and not (path.is_file() or path.is_dir()):
        raise ConfigError("Not a regular file", path)


def _exists(path: Path) -> bool:
    return os.path.exists(path)  # noqa: PTH110  # `Path.exists` raises where a folder must not be searched


# --- read -------------------------------------------------------------------------------------------------------------


def _read(file: Path) -> dict[str, Any] | None:
    """The values of one file, by key, in the types of the fields; None for a `pyproject.toml` without settings."""
    try:
        table = _table(file)
        return None if table is None else _values(table)
    except (OSError, ValueError) as error:
        raise ConfigError(reason(error), file) from error
    except RecursionError:
        raise ConfigError("it is nested too deeply", file) from None


def _read_named(file: Path) -> dict[str, Any]:
    """The values of a file that is named outright, and so must have some."""
    if (values := _read(file)) is None:
        raise ConfigError("there is no [tool.sessionize] in it", file)
    return values


def _table(file: Path) -> object:
    data = file.read_bytes()
    pyproject = file.name == "pyproject.toml"
    if pyproject and b"sessionize" not in data:  # not ours to parse, nor to complain about
        return None
    toml = import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")
    document: dict[str, Any] = toml.loads(data.decode())
    tool = document.get("tool") if pyproject else {"sessionize": document}
    return tool.get("sessionize") if isinstance(tool, dict) else None


def _values(table: object) -> dict[str, Any]:
    if not isinstance(table, dict):
        raise ConfigError(f"tool.sessionize: expected a table, got {reprlib.repr(table)}")
    values: dict[str, Any] = {}
    for key, value in table.items():
        if key not in KEYS and key != EXTEND:
            raise ConfigError(f"unknown key {key!r}, {nearest(key, [*KEYS, EXTEND])}")
        values[key] = checked(key, value)
    return values


def _read_baseline(path: Path, origin: str) -> Baseline:
    try:
        _expect_file(path)
        return Baseline.read(path)
    except (BaselineError, ConfigError) as error:
        raise ConfigError(f"baseline: {error}", origin) from error


# --- merge ------------------------------------------------------------------------------------------------------------


def _merge(
    layers: Sequence[_Layer], root: Path, file: Path | None
) -> tuple[dict[str, Any], dict[str, tuple[str, ...]]]:
    """The values by key, and the names of the layers that they are from. The first layer counts most."""
    values: dict[str, Any] = {}
    origins: dict[str, tuple[str, ...]] = {}
    for layer in reversed(layers):
        for key in layer.values.keys() - {EXTEND}:
            value = _relocated(layer, key, root, own=layer.file == file)
            if key in _ADDING and key in values:
                values[key] += value
                origins[key] += (layer.name,)
            else:
                values[key] = value
                origins[key] = (layer.name,)
    return values, origins


def _common_folder(layers: Sequence[_Layer]) -> Path:
    """The folder that holds all those that patterns are relative to."""
    folders = [layer.folder for layer in layers if layer.file is not None or layer.values.keys() & set(_EXCLUDING)]
    if len(set(folders)) < 2:
        return folders[0] if folders else Path()
    return Path(os.path.commonpath(list(map(os.path.realpath, folders))))


def _relocated(layer: _Layer, key: str, root: Path, *, own: bool) -> Any:
    """A value of a layer with its patterns as they read in `root`. own: True if they hold nowhere else."""
    value = layer.values[key]
    if key == "baseline":
        return Path(value) if layer.file is None else layer.file.parent / value
    if layer.folder == root:
        return value
    inside = os.path.relpath(os.path.realpath(layer.folder), root).replace(os.sep, "/")
    if inside == ".":
        return value
    relocate = partial(_pattern, inside=inside, own=own)
    if key in _EXCLUDING:
        return tuple(map(relocate, value))
    if key in PER_FILE:
        return tuple((relocate(pattern), codes) for pattern, codes in value)
    return value


def _pattern(pattern: str, inside: str, *, own: bool) -> str:
    """A gitignore pattern of the folder `inside`, as it reads in the folder around that.

    `/build/` becomes `/inside/build/`. One for a name, as `build`, holds at any depth: it stays and holds everywhere,
    or if it is `own` it becomes `/inside/**/build`.
    """
    negation, body = ("!", pattern[1:]) if pattern.startswith("!") else ("", pattern)
    anchored = "/" in body.rstrip("/")
    if not anchored and not own:
        return pattern
    folder = re.sub(r"([\\*?\[])", r"\\\1", inside)
    return f"{negation}/{folder}/{'' if anchored else '**/'}{body.removeprefix('/')}"
