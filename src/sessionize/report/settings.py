"""The settings in force, as a settings file that says where each is from; or as JSON. And the schema of such files."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sessionize.files.settings import described, schema as settings_schema
from sessionize.report.terminal import printable

if TYPE_CHECKING:
    from sessionize.files.settings_files import Loaded


def schema() -> str:
    return json.dumps(settings_schema(), indent=2) + "\n"


def render(style: str, loaded: Loaded) -> str:
    values = described(loaded.settings)
    if style == "json":
        told = {key: {"value": value, "from": loaded.origins.get(key, ())} for key, value in values.items()}
        return json.dumps(told, indent=2) + "\n"
    return "".join(f"{printable(_line(key, value, loaded))}\n" for key, value in values.items())


def _line(key: str, value: Any, loaded: Loaded) -> str:
    if value is None:
        return f"# {key} is not set"
    return f"{key} = {_toml(value)}  # {', '.join(loaded.origins.get(key, ['default']))}"


def _toml(value: Any) -> str:
    """JSON writes strings, lists, true and false as TOML does; a table it does not."""
    if isinstance(value, dict):
        pairs = ", ".join(f"{_toml(key)} = {_toml(item)}" for key, item in value.items())
        return f"{{ {pairs} }}" if pairs else "{}"
    return json.dumps(value, ensure_ascii=False)
