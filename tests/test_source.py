"""Bytes are given back as they were taken, files are replaced whole or not at all, and found as git would find them."""

import builtins
import os
import shutil
import stat
import subprocess
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from sessionize.files.gitignore import matches
from sessionize.files.settings import Settings
from sessionize.files.store import read, write
from sessionize.files.text import Source, SourceError, decode, encode
from sessionize.files.walk import Unreadable, discover
from sessionize.library.cheap_look import may_have_findings

BOM = b"\xef\xbb\xbf"
OLD, NEW = b"old\n", b"new\r\n"


# --- bytes and text ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "source"),
    [
        pytest.param(b"", Source("", "utf-8", False), id="empty"),
        pytest.param(b"a\nb", Source("a\nb", "utf-8", False), id="no final newline"),
        pytest.param(b"a\r\nb\rc\n\x0cd\x1c", Source("a\r\nb\rc\n\x0cd\x1c", "utf-8", False), id="mixed line ends"),
        pytest.param(b"'\xc3\xa9'", Source("'é'", "utf-8", False), id="utf-8"),
        pytest.param(BOM, Source("", "utf-8", True), id="byte order mark alone"),
        pytest.param(BOM + b"a\r\n", Source("a\r\n", "utf-8", True), id="byte order mark"),
        pytest.param(BOM + BOM + b"a", Source("\ufeffa", "utf-8", True), id="two byte order marks"),
        pytest.param(BOM + b"# coding: utf-8", Source("# coding: utf-8", "utf-8", True), id="mark and comment agree"),
        pytest.param(b"# coding: latin-1\n#\xe9", Source("# coding: latin-1\n#é", "iso-8859-1", False), id="latin-1"),
        pytest.param(
            b"# vim: fileencoding=cp1252 :\n#\x80", Source("# vim: fileencoding=cp1252 :\n#€", "cp1252", False)
        ),
        pytest.param(b"\n#coding=gbk\n#\xc4\xe3", Source("\n#coding=gbk\n#你", "gbk", False), id="second line"),
        pytest.param(
            b"#\r#coding=cp866\r#\x81", Source("#\r#coding=cp866\r#Б", "cp866", False), id="old Mac line ends"
        ),
        pytest.param(b"#\xe9\n#coding=l1\n", Source("#é\n#coding=l1\n", "l1", False), id="latin-1 before the comment"),
        pytest.param(b"#\n#\n#coding=gbk", Source("#\n#\n#coding=gbk", "utf-8", False), id="third line is too late"),
        pytest.param(b"a\n#coding=gbk", Source("a\n#coding=gbk", "utf-8", False), id="after code is too late"),
        pytest.param(
            b"#coding: utf-8-unix\n", Source("#coding: utf-8-unix\n", "utf-8", False), id="as Emacs writes it"
        ),
    ],
)
def test_decode_and_back(data: bytes, source: Source) -> None:
    assert decode(data) == source
    assert encode(source, source.text) == data


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"a\0b", "source code cannot contain null bytes"),
        (b"# coding: uft-8\n", "unknown encoding: uft-8"),
        (BOM + b"# coding: latin-1\n", "the byte order mark says utf-8, the coding comment iso-8859-1"),
        (b"a\r\nb\xe9\n", "byte 0xe9 on line 2 is not valid utf-8"),
        (b"a\n\n\xff", "byte 0xff on line 3 is not valid utf-8"),
        (BOM + b"\xff", "byte 0xff on line 1 is not valid utf-8"),
        (b"#coding: ascii\r\xc3\xa9", "byte 0xc3 on line 2 is not valid ascii"),
        (b"#coding: rot13\n", "cannot be decoded as rot13: 'rot13' is not a text encoding;"),
        (b"#coding: undefined\n", "cannot be decoded as undefined: "),
        (b"#coding: utf-7\n'+AGE-'", "cannot be written back byte for byte as utf-7"),
    ],
)
def test_what_cannot_be_decoded(data: bytes, message: str) -> None:
    with pytest.raises(SourceError) as error:
        decode(data)
    assert str(error.value).startswith(message)
    assert "\n" not in str(error.value)
    # the first is no error of decoding, the last one none of Python's
    if b"\0" not in data and b"utf-7" not in data:
        with pytest.raises(SyntaxError):
            compile(data, "file.py", "exec")


@pytest.mark.parametrize(
    ("data", "row", "column"),
    [
        (b"a\0b", 1, 2),
        (b"a\r\nb\xe9\n", 2, 2),
        (b"a\n\n\xff", 3, 1),
        (BOM + b"\xff", 1, 1),
        ("\n# é\r# é".encode() + b"\xff", 3, 4),
        (b"#coding: ascii\r'\xc3\xa9'", 2, 2),
        (b"\n# coding: uft-8\n", 1, 1),
    ],
)
def test_where_it_cannot_be_decoded(data: bytes, row: int, column: int) -> None:
    with pytest.raises(SourceError) as error:
        decode(data)
    assert (error.value.row, error.value.column) == (row, column)


def test_text_that_the_encoding_does_not_have() -> None:
    with pytest.raises(SourceError, match=r"^'é' cannot be written as ascii$"):
        encode(Source("", "ascii", False), "é")


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"import requests\n", True),
        (b"import requests \xff", True),
        (b"import os\n", False),
        (b"", False),
        (b"# coding: utf-8\nimport os\n", False),
        (b"# coding: utf-7\nimport +/1I-equests\n", True),
        (b"# coding: utf-7\nimport +AHI-equests\n", False),  # cannot be written back, so is not checked
        ("import ｒequests\n".encode(), True),  # noqa: RUF001
        ("# coding: utf-8\nimport reque\N{LATIN SMALL LIGATURE ST}s\n".encode(), True),
        ("# café\n".encode(), False),
        (b"# caf\xe9\n", False),
    ],
)
def test_cheap_look(data: bytes, expected: bool) -> None:
    assert may_have_findings(data) is expected


# --- reading and writing ----------------------------------------------------------------------------------------------


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "file.py"
    file.write_bytes(OLD)
    return file


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def fails(error: BaseException) -> Callable[..., None]:
    def fail(*_: object, **__: object) -> None:
        raise error

    return fail


DENIED = PermissionError(13, "Permission denied")


def test_read(file: Path) -> None:
    assert read(file) == read(str(file)) == OLD


def test_only_regular_files_are_read(tmp_path: Path, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(tmp_path / "pipe.py")
    for path, message in (
        (tmp_path / "none.py", "No such file or directory"),
        (tmp_path, "Is a directory"),
        (tmp_path / "pipe.py", "Not a regular file"),
        (Path(os.devnull), "Not a regular file"),
        (Path("a\0b"), "embedded null"),
    ):
        with pytest.raises(SourceError, match=message):
            read(path)
    monkeypatch.setattr(builtins, "open", fails(DENIED))
    with pytest.raises(SourceError, match=r"^Permission denied$"):
        read(file)


@pytest.mark.parametrize("mode", [0o644, 0o755, 0o600])
def test_write_keeps_mode_and_owner(file: Path, mode: int, monkeypatch: pytest.MonkeyPatch) -> None:
    file.chmod(mode)
    owners: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "chown", lambda _, *owner: owners.append(owner))
    write(file, OLD, NEW)
    assert file.read_bytes() == NEW
    assert stat.S_IMODE(file.stat().st_mode) == mode
    assert owners == [(file.stat().st_uid, file.stat().st_gid)]
    assert names(file.parent) == ["file.py"]


def test_write_without_the_right_to_keep_the_owner(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "chown", fails(DENIED))
    write(file, OLD, NEW)
    assert file.read_bytes() == NEW


def test_write_goes_through_links(file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    first, second = folder / "first.py", tmp_path / "second.py"
    first.symlink_to("../file.py")
    second.symlink_to(first)
    monkeypatch.chdir(tmp_path)
    write("second.py", OLD, NEW)
    assert file.read_bytes() == NEW
    assert (second.readlink(), first.readlink()) == (first, Path("../file.py"))
    assert names(folder) == ["first.py"]


def test_write_leaves_a_changed_file_alone(file: Path) -> None:
    file.write_bytes(b"edited meanwhile")
    with pytest.raises(SourceError, match=r"^not written, as it changed meanwhile$"):
        write(file, OLD, NEW)
    assert file.read_bytes() == b"edited meanwhile"
    assert names(file.parent) == ["file.py"]


@pytest.mark.parametrize("function", ["open", "chmod", "replace"])
def test_write_fails_without_a_trace(file: Path, function: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for error, raised in ((DENIED, SourceError), (KeyboardInterrupt(), KeyboardInterrupt)):
        monkeypatch.setattr(os, function, fails(error))
        with pytest.raises(raised):
            write(file, OLD, NEW)
        assert file.read_bytes() == OLD
        assert names(file.parent) == ["file.py"]


def test_write_takes_away_what_a_killed_one_left(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as killed:
        killed.setattr(os, "replace", fails(KeyboardInterrupt()))
        killed.setattr(os, "unlink", fails(DENIED))
        with pytest.raises(KeyboardInterrupt):
            write(file, OLD, NEW)
    assert len(names(file.parent)) == 2
    write(file, OLD, NEW)
    assert names(file.parent) == ["file.py"]


def test_write_where_a_new_file_needs_a_name(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "link", fails(OSError(18, "Invalid cross-device link")))
    file.chmod(0o604)
    write(file, OLD, NEW)
    assert file.read_bytes() == NEW
    assert stat.S_IMODE(file.stat().st_mode) == 0o604
    assert names(file.parent) == ["file.py"]


def test_write_fails_and_so_does_the_cleaning(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "replace", fails(OSError(28, "No space left on device")))
    monkeypatch.setattr(os, "unlink", fails(DENIED))
    with pytest.raises(SourceError, match=r"^No space left on device$"):
        write(file, OLD, NEW)


def test_write_respects_write_protection(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: (path, mode) != (str(file), os.W_OK))
    with pytest.raises(SourceError, match=r"^Permission denied$"):
        write(file, OLD, NEW)
    assert file.read_bytes() == OLD


def test_write_needs_the_file(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"^No such file or directory$"):
        write(tmp_path / "none.py", OLD, NEW)


# --- discovery --------------------------------------------------------------------------------------------------------


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to work in; no repository is around it."""
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    return here


def make(*files: str) -> None:
    for file in map(Path, files):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()


def ignore(rules: dict[str, str]) -> None:
    """Writes ignore files; `.` is the one of this folder."""
    for folder, lines in rules.items():
        file = Path(".git/info/exclude" if folder == ".git" else f"{folder}/.gitignore")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(os.fsencode(lines))


def found(*paths: str, settings: Settings = Settings()) -> list[str | Unreadable]:
    return list(discover([Path(path) for path in paths or (".",)], settings))


def test_a_folder_is_walked_in_order(here: Path) -> None:
    make("b.py", "a/z.py", "a/b/c.pyi", "a.py", "a-b.py", "README.md", "a.pyc", "b.PY", "x.py/in.py", "empty.txt")
    expected = ["a-b.py", "a.py", "a/b/c.pyi", "a/z.py", "b.py", "x.py/in.py"]
    assert found() == expected == sorted(expected)
    assert found("./a", "./a.py") == ["a/b/c.pyi", "a/z.py", "a.py"]
    assert found("../here/a/b") == ["../here/a/b/c.pyi"]
    assert found(str(here / "a")) == [str(here / "a/b/c.pyi"), str(here / "a/z.py")]
    assert found("a", ".", "a/z.py") == ["a/b/c.pyi", "a/z.py", "a-b.py", "a.py", "b.py", "x.py/in.py"]


def test_what_is_named_is_taken(here: Path) -> None:
    make("venv/a.py", "script", "build/b.py")
    ignore({".": "build/"})
    os.mkfifo("pipe")
    assert found() == []
    assert found("venv/a.py", "script", "venv", "build", "pipe") == ["venv/a.py", "script", "build/b.py", "pipe"]
    assert found(str(here / "script"), "script") == [str(here / "script")]


def test_links(here: Path) -> None:
    make("folder/a.py", "real.py", "../elsewhere/b.py")
    for link, target in {
        "folder/loop": "..",
        "linked": "../elsewhere",
        "other.py": "../elsewhere/b.py",
        "second.py": "real.py",
        "nowhere.py": "none.py",
        "itself.py": "itself.py",
        "folder.py": "folder",
    }.items():
        Path(link).symlink_to(target)
    os.mkfifo("pipe.py")
    assert found() == ["folder/a.py", "real.py", "other.py"]
    assert found("second.py", "real.py") == found("real.py", "second.py") == ["real.py"]
    assert found("second.py") == ["second.py"]
    assert found("linked", ".") == ["linked/b.py", "folder/a.py", "real.py"]
    assert found("nowhere.py", "itself.py") == [
        Unreadable("nowhere.py", "No such file or directory"),
        Unreadable("itself.py", "Too many levels of symbolic links"),
    ]


def test_what_cannot_be_looked_at(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make("a.py", "locked/b.py", "z.py")
    scandir = os.scandir

    def guarded(path: str) -> object:
        return fails(DENIED)() if path == str(here / "locked") else scandir(path)

    monkeypatch.setattr(os, "scandir", guarded)
    locked, none = Unreadable("locked", "Permission denied"), Unreadable("none", "No such file or directory")
    assert found("none", ".", "none", "locked") == [none, "a.py", locked, "z.py"]
    assert [type(entry) for entry in found("a\0b")] == [Unreadable]


@pytest.mark.parametrize(
    ("pattern", "left_out"),
    [
        ("gen", ["gen/a.py", "gen/sub/b.py", "src/gen/c.py"]),
        ("gen/", ["gen/a.py", "gen/sub/b.py", "src/gen/c.py"]),
        ("./gen", []),
        ("/gen", ["gen/a.py", "gen/sub/b.py"]),
        ("src/gen", ["src/gen/c.py"]),
        ("src/*/c.py", ["src/gen/c.py"]),
        ("src/**", ["src/c_pb2.py", "src/gen/c.py"]),
        ("*_pb2.py", ["src/c_pb2.py"]),
        ("b.py", ["gen/sub/b.py"]),
        ("none", []),
    ],
)
def test_exclude(here: Path, pattern: str, left_out: list[str]) -> None:
    make("a.py", "gen/a.py", "gen/sub/b.py", "src/gen/c.py", "src/c_pb2.py", "dist/a.py")
    assert left_out_of(found(settings=Settings(exclude=(pattern,)))) == left_out
    assert left_out_of(found(settings=Settings(extend_exclude=(pattern,)))) == sorted({*left_out, "dist/a.py"})


def test_exclude_is_relative_to_the_root(here: Path) -> None:
    make("project/a.py", "project/src/a.py", "other/a.py")
    settings = Settings(exclude=("/a.py", "src/*", "other/a.py"))
    assert found(settings=replace(settings, root=Path("project"))) == ["other/a.py"]
    assert found("project/src", settings=replace(settings, root=here / "project")) == []
    assert found(settings=Settings(exclude=("a.py",), root=Path("project"))) == []


def test_exclude_is_stronger_than_git(here: Path) -> None:
    make("a.py", "b.py")
    ignore({".": "!a.py"})
    assert found(settings=Settings(exclude=("a.py",))) == ["b.py"]


TREE = [
    *("!a.py", "#a.py", "[a].py", "a b.py", "a.py", "b.py"),
    *("data/a.py", "data/b.py", "data/sub/a.py", "src/build/a.py", "src/data/a.py"),
]
DATA = ["data/a.py", "data/b.py", "data/sub/a.py"]
IGNORED: dict[str, tuple[dict[str, str], Iterable[str]]] = {
    "nothing": ({".": "\n# a.py\n!\n/\n \n"}, []),
    "a name": ({".": "data"}, [*DATA, "src/data/a.py"]),
    "a name of a folder": ({".": "data/\na.py/"}, [*DATA, "src/data/a.py"]),
    "a name that is kept in a folder that is not": ({".": "data/\n!data/b.py"}, [*DATA, "src/data/a.py"]),
    "a name in a folder that is kept": ({".": "data/\n!src/"}, [*DATA, "src/data/a.py"]),
    "a name at the root": ({".": "/data"}, DATA),
    "a path": ({".": "data/sub"}, ["data/sub/a.py"]),
    "a path with two final slashes": ({".": "data//"}, []),
    "all in a folder but one": ({".": "data/*\n!data/b.py"}, ["data/a.py", "data/sub/a.py"]),
    "all below a folder but one": ({".": "data/**\n!data/b.py"}, ["data/a.py", "data/sub/a.py"]),
    "all but one name": ({".": "*\n!*/\n!b.py"}, set(TREE) - {"b.py", "data/b.py"}),
    "everything": ({".": "**"}, TREE),
    "the last pattern": ({".": "a.py\n!a.py\n/a.py"}, ["a.py"]),
    "any folders": ({".": "**/data/a.py"}, ["data/a.py", "src/data/a.py"]),
    "any folders between": ({".": "src/**/a.py\ndata/**/a.py"}, [*DATA[::2], "src/build/a.py", "src/data/a.py"]),
    "a star within a name": ({".": "src/b*d\ns*a.py"}, ["src/build/a.py"]),
    "one letter": ({".": "?.py"}, TREE[4:]),
    "a set": ({".": "/[abc].py"}, ["a.py", "b.py"]),
    "a range": ({".": "/[b-z].py"}, ["b.py"]),
    "not a set": ({".": "/[!a].py\ndata/[^a].py"}, ["b.py", "data/b.py"]),
    "a set with special members": ({".": "/[]!#]a.py\n/[\\[]?].py\n/[a-]b.py"}, ["!a.py", "#a.py", "[a].py"]),
    "a range that is none": ({".": "/[z-ab].py"}, ["b.py"]),
    "a set is no slash": ({".": "data[!a]a.py\ndata[/]b.py\ndata?sub"}, []),
    "a set that is not closed": ({".": "[a.py\n[]\n[!]"}, []),
    "a quoted letter": ({".": "\\#a.py\n\\!a.py\n\\[a].py\n/\\b.py"}, ["!a.py", "#a.py", "[a].py", "b.py"]),
    "a final backslash": ({".": "a.py\\"}, []),
    "spaces at the end": ({".": "a\\ b.py  \n/b.py\\ "}, ["a b.py"]),
    "line ends of Windows": ({".": "/a.py\r\n/b.py\r\n"}, ["a.py", "b.py"]),
    "a byte order mark": ({".": "\ufeff/a.py\n"}, ["a.py"]),
    "bytes that are no text": ({".": "\udcff\n/a.py"}, ["a.py"]),
    "files in folders": (
        {".": "a.py", "data": "!a.py\n/b.py", "data/sub": "a.py"},
        [*TREE[4:5], *DATA[1:], *TREE[-2:]],
    ),
    "the file of the repository": ({".git": "a.py\nb.py", ".": "!a.py"}, ["b.py", "data/b.py"]),
    "a folder in its place": ({"./.gitignore/sub": "a.py"}, []),
}


def left_out_of(result: list[str | Unreadable]) -> list[str]:
    return sorted({path.as_posix() for path in Path().rglob("*.py")} - {str(path) for path in result})


@pytest.mark.parametrize(("rules", "left_out"), IGNORED.values(), ids=IGNORED)
def test_ignored(here: Path, rules: dict[str, str], left_out: Iterable[str]) -> None:
    make(".git/config", *TREE)
    ignore(rules)
    assert left_out_of(found()) == sorted(left_out)


@pytest.mark.skipif(not shutil.which("git"), reason="git is not installed")
@pytest.mark.parametrize(("rules", "left_out"), IGNORED.values(), ids=IGNORED)
def test_git_ignores_the_same(here: Path, rules: dict[str, str], left_out: Iterable[str]) -> None:
    outside = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}  # set within a hook
    environment = {**outside, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    git = ["git", "init", "--quiet"], ["git", "ls-files", "-z", "--others", "--exclude-standard", "*.py"]
    make(*TREE)
    ignore(rules)
    _, files = (subprocess.run(command, env=environment, check=True, capture_output=True) for command in git)
    assert left_out_of([*os.fsdecode(files.stdout).split("\0")]) == sorted(left_out)


def test_ignore_files_hold_up_to_the_root_of_the_repository(here: Path) -> None:
    make("repo/.git/config", "repo/src/deep/a.py", "repo/src/deep/b.py", "repo/src/deep/c.py", "repo/src/deep/d.py")
    ignore({".": "d.py", "repo": "/src/deep/a.py\nb.py", "repo/src": "!b.py\nc.py"})
    assert found("repo/src/deep") == ["repo/src/deep/b.py", "repo/src/deep/d.py"]
    assert found("repo") == ["repo/src/deep/b.py", "repo/src/deep/d.py"]


def test_a_repository_in_a_repository_has_rules_of_its_own(here: Path) -> None:
    make(".git/config", "sub/.git", "sub/a.py", "sub/b.py", "a.py", "b.py")
    ignore({".": "a.py", "sub": "b.py"})
    assert found() == found(".", "sub") == ["b.py", "sub/a.py"]


def test_ignore_files_hold_without_a_repository(here: Path) -> None:
    make("a.py", "b.py", "sub/a.py", "sub/c.py")
    ignore({".": "a.py", "sub": "c.py"})
    assert found() == ["b.py"]
    assert found("sub") == ["sub/a.py"]


@pytest.mark.parametrize(
    ("path", "pattern", "expected"),
    [
        ("tests/unit/a.py", "tests", True),
        ("tests/unit/a.py", "tests/", True),
        ("tests/unit/a.py", "tests/*", True),
        ("tests/unit/a.py", "unit/*", False),
        ("tests/unit/a.py", "a.py", True),
        ("tests/unit/a.py", "a.py/", False),
        ("tests/unit/a.py", "*.pyi", False),
        ("<stdin>", "<stdin>", True),
        ("../outside/a.py", "a.py", True),
        ("../outside/a.py", "outside", False),
        ("../outside/a.py", "/a.py", False),
        ("tests/a.py", "here", False),
    ],
)
def test_matches(here: Path, path: str, pattern: str, expected: bool) -> None:
    assert matches(path, pattern) is matches(str(here / path), pattern) is expected
    assert matches(f"../{path}", pattern, root=Path("..")) is expected
