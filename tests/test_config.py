"""Settings are found, read and checked; whatever is wrong is told in one line with the file and the key."""

from dataclasses import replace
from pathlib import Path

import pytest

from sessionize.config import DEFAULT_EXCLUDE, ConfigError, Settings, load

EVERY_KEY = """\
select = ["RQS1", "RQS2"]
ignore = ["RQS102"]
extend-select = ["RQS9"]
exclude = ["old"]
extend-exclude = ["gen/*.py"]
per-file-ignores = { "tests/*" = ["RQS"], "x.py" = [] }
session-name = "http"
session-style = "with"
cookies = "isolate"
hoist = ["headers", "cookies", "params"]
unsafe-fixes = true
"""
EVERY_SETTING = Settings(
    select=("RQS1", "RQS2"),
    ignore=("RQS102",),
    extend_select=("RQS9",),
    exclude=("old",),
    extend_exclude=("gen/*.py",),
    per_file_ignores=(("tests/*", ("RQS",)), ("x.py", ())),
    session_name="http",
    session_style="with",
    cookies="isolate",
    hoist=("headers", "cookies", "params"),
    unsafe_fixes=True,
)


def found(start: Path) -> tuple[str, Path | None]:
    """The session's name, by which the files are told apart, and the file it is from."""
    settings, file = load(start, config=None, isolated=False)
    return settings.session_name, file


def test_defaults(tmp_path: Path) -> None:
    assert load(tmp_path, config=None, isolated=False) == (Settings(), None)
    assert hash(Settings()) == hash(Settings(exclude=DEFAULT_EXCLUDE))


def test_every_key_of_a_file(tmp_path: Path) -> None:
    file = tmp_path / "sessionize.toml"
    file.write_text(EVERY_KEY)
    assert load(tmp_path, config=None, isolated=False) == (EVERY_SETTING, file)
    file = tmp_path / "pyproject.toml"
    file.write_text("[tool.other]\na = 1\n[tool.sessionize]\n" + EVERY_KEY)
    assert load(tmp_path, config=file, isolated=False) == (EVERY_SETTING, file)
    assert hash(EVERY_SETTING)


def test_the_nearest_file_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    top = tmp_path / "pyproject.toml"
    top.write_text("[tool.sessionize]\nsession-name = 'top'\n")
    # none of these has settings, not even the broken one
    (tmp_path / "a/pyproject.toml").write_text(
        "[tool]\nsessionize-not = 1\n[dependency-groups]\ndev = ['sessionize']\n"
    )
    (inner / "pyproject.toml").write_text("[broken\n")
    assert found(inner) == ("top", top)
    monkeypatch.chdir(inner)
    assert found(Path()) == ("top", top)
    assert found(Path("module.py")) == ("top", top)
    inner.with_name("sessionize.toml").write_text("session-name = 'a'\n")
    assert found(inner) == ("a", tmp_path / "a/sessionize.toml")


def test_sessionize_toml_wins_in_one_folder(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.sessionize]\nsession-name = 'project'\n")
    (tmp_path / "sessionize.toml").write_text("")
    assert found(tmp_path) == ("session", tmp_path / "sessionize.toml")


def test_a_file_that_is_named(tmp_path: Path) -> None:
    (tmp_path / "sessionize.toml").write_text("session-name = 'near'\n")
    named = tmp_path / "other.toml"
    named.write_text("session-name = 'named'\n")
    assert load(tmp_path, config=named, isolated=False) == (Settings(session_name="named"), named)
    assert load(tmp_path, config=None, isolated=True) == (Settings(), None)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sesion-name = 'x'", "unknown key 'sesion-name', did you mean 'session-name'?"),
        ("session_name = 'x'", "unknown key 'session_name', did you mean 'session-name'?"),
        (
            "[tool.sessionize]",
            "unknown key 'tool', expected one of "
            + "select, ignore, extend-select, exclude, extend-exclude, per-file-ignores, "
            + "session-name, session-attribute, session-global, session-style, cookies, hoist, unsafe-fixes",
        ),
        ("select = 'RQS'", "select: expected a list, got 'RQS'"),
        ("ignore = [1]", "ignore: expected a string, got 1"),
        ("per-file-ignores = ['a']", "per-file-ignores: expected a table, got ['a']"),
        ("per-file-ignores = { a = 'RQS' }", "per-file-ignores: expected a list, got 'RQS'"),
        ("per-file-ignores = { a = [true] }", "per-file-ignores: expected a string, got True"),
        ("session-style = 'as'", "session-style: expected 'assign' or 'with', got 'as'"),
        ("cookies = false", "cookies: expected 'share' or 'isolate', got False"),
        ("hoist = 'headers'", "hoist: expected a list, got 'headers'"),
        ("hoist = ['timeout']", "hoist: expected 'headers' or 'auth' or 'cookies' or 'params', got 'timeout'"),
        ("hoist = [['auth']]", "hoist: expected 'headers' or 'auth' or 'cookies' or 'params', got ['auth']"),
        ("unsafe-fixes = 1", "unsafe-fixes: expected true or false, got 1"),
        ("session-name = 1", "session-name: expected a string, got 1"),
        ("session-name = 'my session'", "session-name: 'my session' cannot name a variable"),
        ("session-name = 'class'", "session-name: 'class' cannot name a variable"),
        ("session-name = ''", "session-name: '' cannot name a variable"),
    ],
)
def test_what_a_file_must_not_say(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "sessionize.toml"
    file.write_text(text)
    with pytest.raises(ConfigError) as error:
        load(tmp_path, config=None, isolated=False)
    assert str(error.value) == f"{file}: {message}"


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("sessionize.toml", b"select = [ # ]", "end of document"),
        ("sessionize.toml", b"select = ['\xff']", "can't decode byte 0xff"),
        ("pyproject.toml", b"[tool.sessionize\n", "line 1"),
        ("pyproject.toml", b"[tool]\nsessionize = 1\n", "tool.sessionize: expected a table, got 1"),
    ],
)
def test_a_file_that_is_broken(tmp_path: Path, name: str, data: bytes, message: str) -> None:
    file = tmp_path / name
    file.write_bytes(data)
    with pytest.raises(ConfigError) as error:
        load(tmp_path, config=None, isolated=False)
    assert str(error.value).startswith(f"{file}: ")
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    for file, message in ((tmp_path / "none.toml", "No such file or directory"), (tmp_path, "Is a directory")):
        with pytest.raises(ConfigError) as error:
            load(tmp_path, config=file, isolated=False)
        assert str(error.value) == f"{file}: {message}"
    (tmp_path / "sessionize.toml").mkdir()
    with pytest.raises(ConfigError, match=r"sessionize\.toml: Is a directory$"):
        load(tmp_path, config=None, isolated=False)


@pytest.mark.parametrize("text", ["", "tool = 1  # not of sessionize\n", "[tool.other]\nsessionize = {}\n"])
def test_a_named_pyproject_without_settings(tmp_path: Path, text: str) -> None:
    file = tmp_path / "pyproject.toml"
    file.write_text(text)
    with pytest.raises(ConfigError) as error:
        load(tmp_path, config=file, isolated=False)
    assert str(error.value) == f"{file}: there is no [tool.sessionize] in it"


def test_the_name_is_checked_wherever_it_comes_from() -> None:
    with pytest.raises(ConfigError, match="session-name: 'import' cannot name a variable"):
        replace(Settings(), session_name="import")
