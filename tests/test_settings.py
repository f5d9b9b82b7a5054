"""Settings are found, read and checked; whatever is wrong is told in one line with the file and the key."""

import os
import re
import sys
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from sessionize.files.gitignore import matches
from sessionize.files.settings import DEFAULT_EXCLUDE, ConfigError, Settings, described, schema
from sessionize.files.settings_files import load
from sessionize.files.walk import is_excluded

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

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


def settings_and_file(start: Path, **options: Any) -> tuple[Settings, Path | None]:
    loaded = load(start, **options)
    return loaded.settings, loaded.file


def found(start: Path) -> tuple[str, Path | None]:
    """The session's name, by which the files are told apart, and the file it is from."""
    settings, file = settings_and_file(start)
    return settings.session_name, file


def valid(table: dict[str, Any]) -> bool:
    """Whether the schema accepts what a file says."""
    return bool(Draft7Validator(schema()).is_valid(table))


def test_defaults(tmp_path: Path) -> None:
    assert settings_and_file(tmp_path) == (Settings(), None)
    assert hash(Settings()) == hash(Settings(exclude=DEFAULT_EXCLUDE))


def test_every_key_of_a_file(tmp_path: Path) -> None:
    file = tmp_path / "sessionize.toml"
    file.write_text(EVERY_KEY)
    assert settings_and_file(tmp_path) == (replace(EVERY_SETTING, root=tmp_path), file)
    file = tmp_path / "pyproject.toml"
    file.write_text("[tool.other]\na = 1\n[tool.sessionize]\n" + EVERY_KEY)
    assert settings_and_file(tmp_path, config=file) == (EVERY_SETTING, file)
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
    assert settings_and_file(tmp_path, config=named) == (Settings(session_name="named"), named)
    assert settings_and_file(tmp_path, isolated=True) == (Settings(), None)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sesion-name = 'x'", "unknown key 'sesion-name', did you mean 'session-name'?"),
        ("session_name = 'x'", "unknown key 'session_name', did you mean 'session-name'?"),
        (
            "[tool.sessionize]",
            "unknown key 'tool', expected one of "
            + "select, ignore, extend-select, exclude, extend-exclude, force-exclude, per-file-ignores, accept, "
            "per-file-accept, closed, baseline, "
            + "session-name, session-attribute, session-global, session-style, session-factory, "
            "session-factory-shared, cookies, hoist, unsafe-fixes, rewrite-patches, extend",
        ),
        ("select = 'RQS'", "select: expected a list, got 'RQS'"),
        ("ignore = [1]", "ignore: expected a string, got 1"),
        ("ignore = ['']", "ignore: expected a string that is not empty"),
        ("exclude = ['a', '']", "exclude: expected a string that is not empty"),
        ("baseline = ''", "baseline: expected a string that is not empty"),
        ("baseline = 1", "baseline: expected a string, got 1"),
        ("extend = ''", "extend: expected a string that is not empty"),
        ("extend = ['a']", "extend: expected a string, got ['a']"),
        ("extends = 'a'", "unknown key 'extends', did you mean 'extend'?"),
        ("root = 'a'", "unknown key 'root', expected one of "),
        ("force-exclude = 'yes'", "force-exclude: expected true or false, got 'yes'"),
        ("per-file-ignores = { '' = ['RQS'] }", "per-file-ignores: expected a string that is not empty"),
        ("per-file-ignores = { a = [''] }", "per-file-ignores: expected a string that is not empty"),
        ("per-file-ignores = ['a']", "per-file-ignores: expected a table, got ['a']"),
        ("per-file-ignores = { a = 'RQS' }", "per-file-ignores: expected a list, got 'RQS'"),
        ("per-file-ignores = { a = [true] }", "per-file-ignores: expected a string, got True"),
        ("session-style = 'as'", "session-style: expected 'assign' or 'with', got 'as'"),
        ("cookies = false", "cookies: expected 'auto', 'share', 'isolate' or 'factory', got False"),
        ("hoist = 'headers'", "hoist: expected a list, got 'headers'"),
        ("hoist = ['timeout']", "hoist: expected 'headers', 'auth', 'cookies' or 'params', got 'timeout'"),
        ("hoist = [['auth']]", "hoist: expected 'headers', 'auth', 'cookies' or 'params', got ['auth']"),
        ("unsafe-fixes = 1", "unsafe-fixes: expected true or false, got 1"),
        ("session-name = 1", "session-name: expected a string, got 1"),
        ("session-name = 'my session'", "session-name: 'my session' is not a valid variable name"),
        ("session-name = 'class'", "session-name: 'class' is not a valid variable name"),
        ("session-name = ''", "session-name: '' is not a valid variable name"),
    ],
)
def test_what_a_file_must_not_say(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "sessionize.toml"
    file.write_text(text)
    with pytest.raises(ConfigError) as error:
        load(tmp_path)
    if message.endswith("expected one of "):
        assert str(error.value).startswith(f"{file}: {message}")
    else:
        assert str(error.value) == f"{file}: {message}"
    # A schema does not know Python's keywords.
    assert valid(tomllib.loads(text)) is message.endswith("is not a valid variable name")


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
        load(tmp_path)
    assert str(error.value).startswith(f"{file}: ")
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    for file, message in ((tmp_path / "none.toml", "No such file or directory"), (tmp_path, "Is a directory")):
        with pytest.raises(ConfigError) as error:
            load(tmp_path, config=file)
        assert str(error.value) == f"{file}: {message}"
    (tmp_path / "sessionize.toml").mkdir()
    with pytest.raises(ConfigError, match=r"sessionize\.toml: Is a directory$"):
        load(tmp_path)


@pytest.mark.parametrize("text", ["", "tool = 1  # not of sessionize\n", "[tool.other]\nsessionize = {}\n"])
def test_a_named_pyproject_without_settings(tmp_path: Path, text: str) -> None:
    file = tmp_path / "pyproject.toml"
    file.write_text(text)
    with pytest.raises(ConfigError) as error:
        load(tmp_path, config=file)
    assert str(error.value) == f"{file}: there is no [tool.sessionize] in it"


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"select": "RQS101"}, "select: expected a list, got 'RQS101'"),
        ({"select": ("RQS999",)}, "select: there is no rule 'RQS999'"),
        ({"select": ("RQS", "request-in-lop")}, "there is no rule 'request-in-lop', did you mean 'request-in-loop'?"),
        ({"ignore": [1]}, "ignore: expected a string, got 1"),
        ({"extend_select": ("S113",)}, "extend_select: there is no rule 'S113'"),
        ({"exclude": None}, "exclude: expected a list, got None"),
        ({"extend_exclude": ("",)}, "extend_exclude: expected a string that is not empty"),
        ({"force_exclude": "no"}, "force_exclude: expected true or false, got 'no'"),
        ({"per_file_ignores": ("a.py", "RQS")}, "per_file_ignores: expected a table, got ('a.py', 'RQS')"),
        ({"per_file_ignores": {"a.py": ["RQS8"]}}, "per_file_ignores: there is no rule 'RQS8'"),
        ({"baseline": "baseline.json"}, "baseline: expected None or a Baseline, got 'baseline.json'"),
        ({"session_name": "a b"}, "session_name: 'a b' is not a valid variable name"),
        ({"session_attribute": "__session"}, "session_attribute: '__session' is not a valid variable name"),
        ({"session_global": 1}, "session_global: expected a string, got 1"),
        ({"session_style": "block"}, "session_style: expected 'assign' or 'with', got 'block'"),
        ({"cookies": "no"}, "cookies: expected 'auto', 'share', 'isolate' or 'factory', got 'no'"),
        ({"hoist": ("timeout",)}, "hoist: expected 'headers', 'auth', 'cookies' or 'params', got 'timeout'"),
        ({"unsafe_fixes": 1}, "unsafe_fixes: expected true or false, got 1"),
        ({"rewrite_patches": None}, "rewrite_patches: expected true or false, got None"),
        ({"root": "src"}, "root: expected a Path, got 'src'"),
    ],
)
def test_settings_are_checked_when_they_are_made(values: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as error:
        Settings(**values)
    assert message in str(error.value)
    assert isinstance(error.value, ValueError)


def test_each_setting_is_checked_and_described() -> None:
    for field in fields(Settings):
        with pytest.raises(ConfigError, match=f"^{field.name}: expected "):
            Settings(**{field.name: 1j})  # type: ignore[arg-type]
        assert re.search(rf"\b{field.name}\b", Settings.__doc__ or "")


def test_lists_and_dicts_become_tuples() -> None:
    listed: Any = {"select": ["RQS1"], "hoist": ["auth"], "per_file_ignores": {"a.py": ["RQS102"]}}
    made = Settings(**listed)
    assert made == Settings(select=("RQS1",), hoist=("auth",), per_file_ignores=(("a.py", ("RQS102",)),))
    assert hash(made)


def test_unknown_rule_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "sessionize.toml"
    file.write_text("select = ['RQS101', 'RQS999']")
    with pytest.raises(ConfigError) as error:
        load(tmp_path)
    assert str(error.value).startswith(f"{file}: select: there is no rule 'RQS999'")


def test_the_name_is_checked_wherever_it_comes_from() -> None:
    with pytest.raises(ConfigError, match="session_name: 'import' is not a valid variable name"):
        replace(Settings(), session_name="import")


# --- files that extend others -----------------------------------------------------------------------------------------


def say(files: dict[str, str]) -> None:
    for name, text in files.items():
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text(text)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_what_a_file_says_goes_before_what_it_extends(here: Path) -> None:
    say(
        {
            "pyproject.toml": """
                [tool.sessionize]
                select = ["RQS1"]
                ignore = ["RQS102"]
                extend-select = ["RQS201"]
                extend-exclude = ["old"]
                per-file-ignores = { "*.pyi" = ["RQS"] }
                session-name = "http"
            """,
            "team/sessionize.toml": "extend = '../pyproject.toml'\ncookies = 'isolate'\nignore = []\n",
            "team/api/sessionize.toml": """
                extend = "../sessionize.toml"
                select = ["RQS2"]
                extend-select = ["RQS103"]
                extend-exclude = ["gen"]
                per-file-ignores = { "x.py" = ["RQS1"] }
            """,
        }
    )
    loaded = load(here / "team/api")
    assert loaded.file == here / "team/api/sessionize.toml"
    assert loaded.settings == Settings(
        select=("RQS2",),
        ignore=(),
        extend_select=("RQS201", "RQS103"),
        extend_exclude=("old", "/team/api/**/gen"),
        per_file_ignores=(("*.pyi", ("RQS",)), ("/team/api/**/x.py", ("RQS1",))),
        session_name="http",
        cookies="isolate",
        root=here,
    )
    top, team, api = (
        str(here / name) for name in ("pyproject.toml", "team/sessionize.toml", "team/api/sessionize.toml")
    )
    assert loaded.origins == {
        "select": (api,),
        "ignore": (team,),
        "extend-select": (top, api),
        "extend-exclude": (top, api),
        "per-file-ignores": (top, api),
        "session-name": (top,),
        "cookies": (team,),
    }


@pytest.mark.parametrize("start", ["a/b", "a", "."])
def test_patterns_are_relative_to_their_file(here: Path, start: str) -> None:
    say(
        {
            "pyproject.toml": """
                [tool.sessionize]
                exclude = ["/a/*/one.py", "two.py"]
            """,
            "a/[x]/none": "",
            "a/[x]/sessionize.toml": """
                extend = "../../pyproject.toml"
                extend-exclude = ["four.py", "/five.py", "sub/six*", "!seven.py"]
                per-file-ignores = { "eight.py" = ["RQS"], "sub/nine.py" = ["RQS"] }
            """,
        }
    )
    os.chdir(start if Path(start).is_dir() else ".")
    settings = load(here / "a/[x]").settings

    def left_out(name: str) -> bool:
        return is_excluded(str(here / name), settings)

    assert left_out("a/[x]/one.py")
    assert left_out("a/[x]/deep/two.py")
    assert left_out("a/[x]/deep/four.py")
    assert left_out("a/[x]/five.py")
    assert left_out("a/[x]/sub/six.py")
    assert not left_out("a/x/four.py")
    assert not left_out("a/[x]/deep/five.py")
    assert not left_out("sub/six.py")
    assert not left_out("five.py")
    (eight, _), (nine, _) = settings.per_file_ignores
    assert matches(str(here / "a/[x]/deep/eight.py"), eight, root=settings.root)
    assert matches(str(here / "a/[x]/sub/nine.py"), nine, root=settings.root)
    assert not matches(str(here / "sub/nine.py"), nine, root=settings.root)
    assert not matches(str(here / "eight.py"), eight, root=settings.root)


def test_patterns_of_a_file_beside(here: Path) -> None:
    """Names hold everywhere; what has a slash means that other folder."""
    say(
        {
            "shared/base.toml": "extend-exclude = ['old.py', 'gen/a.py']\n",
            "app/sessionize.toml": "extend = '../shared/base.toml'\nexclude = ['gen/b.py']\n",
        }
    )
    settings = load(here / "app").settings
    assert settings.root == here
    names = ("app/old.py", "app/gen/a.py", "app/gen/b.py", "shared/gen/a.py", "shared/gen/b.py")
    assert [name for name in names if is_excluded(name, settings)] == ["app/old.py", "app/gen/b.py", "shared/gen/a.py"]


def test_patterns_of_the_command_line_and_of_a_named_file_count_from_here(here: Path) -> None:
    say({"app/sessionize.toml": "exclude = ['gen/a.py']\n", "base.toml": "exclude = ['gen/a.py']\n"})
    overrides = {"extend-exclude": ("app/gen/b.py", "c.py")}
    loaded = load(here / "app", overrides=overrides)
    names = ("app/gen/a.py", "app/gen/b.py", "app/c.py", "gen/a.py")
    assert [name for name in names if is_excluded(name, loaded.settings)] == [
        "app/gen/a.py",
        "app/gen/b.py",
        "app/c.py",
    ]
    assert loaded.origins["extend-exclude"] == ("the command line",)
    loaded = load(here / "app", config=here / "base.toml")
    assert [name for name in names if is_excluded(name, loaded.settings)] == ["gen/a.py"]
    os.chdir("app")
    loaded = load(here / "app", config=Path("../base.toml"), isolated=False, overrides=overrides)
    assert [name for name in names if is_excluded(f"../{name}", loaded.settings)] == ["app/gen/a.py", "app/c.py"]


def test_a_baseline_is_beside_the_file_that_names_it(here: Path) -> None:
    say(
        {
            "pyproject.toml": "[tool.sessionize]\nbaseline = 'ci/known.json'\n",
            "ci/known.json": '{"files": {"a.py": {"RQS101": {"get()": 2}}}}',
            "app/sessionize.toml": "extend = '../pyproject.toml'\n",
        }
    )
    settings = load(here / "app").settings
    assert settings.baseline is not None
    assert settings.baseline.path == here / "ci/known.json"
    assert settings.baseline.count("ci/a.py") == 2
    assert hash(settings) == hash(replace(settings))
    assert load(here, baseline=False).settings.baseline is None


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"sessionize.toml": "extend = 'gone.toml'"}, "extend: {here}/gone.toml: No such file or directory"),
        ({"sessionize.toml": "extend = 'sessionize.toml'"}, "extend: 'sessionize.toml' leads in a circle"),
        (
            {"sessionize.toml": "extend = 'pyproject.toml'", "pyproject.toml": "[tool.other]"},
            "extend: {here}/pyproject.toml: there is no [tool.sessionize] in it",
        ),
        (
            {"sessionize.toml": "extend = 'a.toml'", "a.toml": "selct = []"},
            "extend: {here}/a.toml: unknown key 'selct', did you mean 'select'?",
        ),
        (
            {"sessionize.toml": "extend = 'a.toml'", "a.toml": "session-name = '1'"},
            "extend: {here}/a.toml: session-name: '1' is not a valid variable name",
        ),
    ],
)
def test_a_file_that_cannot_be_extended(here: Path, files: dict[str, str], message: str) -> None:
    say(files)
    with pytest.raises(ConfigError) as error:
        load(here)
    assert str(error.value) == f"{here}/sessionize.toml: {message.format(here=here)}"


def test_files_that_extend_each_other(here: Path) -> None:
    say(
        {
            "sessionize.toml": "extend = 'a/b.toml'",
            "a/b.toml": "extend = '../a/c.toml'",
            "a/c.toml": "extend = 'd.toml'",
        }
    )
    Path("a/d.toml").symlink_to("b.toml")
    with pytest.raises(ConfigError) as error:
        load(here)
    assert str(error.value) == f"{here}/a/c.toml: extend: 'd.toml' leads in a circle"


# --- the schema -------------------------------------------------------------------------------------------------------


def test_schema_agrees_with_the_settings() -> None:
    """Every row of `test_what_a_file_must_not_say` is tried on it, too."""
    Draft7Validator.check_schema(schema())
    properties = schema()["properties"]
    assert set(properties) == {"extend"} | {field.name.replace("_", "-") for field in fields(Settings)} - {"root"}
    defaults = {key: properties[key].get("default") for key in properties if key != "extend"}
    assert defaults == described(Settings())
    assert valid({key: value for key, value in defaults.items() if value is not None})
    assert valid({})
    assert valid({"extend": "../pyproject.toml", "baseline": "known.json", "session-attribute": "_http"})


def test_schema_accepts_every_key() -> None:
    table = tomllib.loads(EVERY_KEY)
    assert valid(table)
    assert described(EVERY_SETTING) == {**described(Settings()), **table}


def test_a_file_that_nests_too_deeply(tmp_path: Path) -> None:
    file = tmp_path / "sessionize.toml"
    file.write_text("exclude = " + "[" * 100_000)
    with pytest.raises(ConfigError, match=r"it is nested too deeply$"):
        load(tmp_path)


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.toml")
    (tmp_path / "sessionize.toml").write_text("extend = 'pipe.toml'")
    with pytest.raises(ConfigError, match=r"extend: .*pipe\.toml: Not a regular file$"):
        load(tmp_path)
    (tmp_path / "pipe.toml").rename(tmp_path / "sessionize.toml")
    with pytest.raises(ConfigError, match=r"sessionize\.toml: Not a regular file$"):
        load(tmp_path)
