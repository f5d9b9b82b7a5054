"""Files: which ones, the bytes of them, and the text in those bytes.

The only module that touches the disk. What it reads it can write back byte for byte, or it says why not.
"""

from __future__ import annotations

import codecs
import contextlib
import errno
import os
import re
import stat
import tokenize
import unicodedata
import zlib
from functools import partial
from itertools import chain, takewhile
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Sequence

    from sessionize.files.settings import Settings

NOTEBOOK = ".ipynb"
SUFFIXES = (".py", ".pyi", NOTEBOOK)
MARKERS = ("pyproject.toml", "sessionize.toml", "setup.py", "setup.cfg", ".git", ".hg")  # in the folder of a project


class SourceError(Exception):
    """Why one file cannot be read or written: one line, without its path; and the place in it, if there is one."""

    def __init__(self, message: str, row: int = 1, column: int = 1) -> None:
        super().__init__(message)
        self.row = row
        self.column = column


class Source(NamedTuple):
    """The text of a file, line ends untouched, and what turns it back into bytes."""

    text: str
    encoding: str
    bom: bool


class Unreadable(NamedTuple):
    """A path where `discover` could not look."""

    path: str
    reason: str


# --- bytes and text ---------------------------------------------------------------------------------------------------


def may_have_findings(data: bytes, filename: str = "") -> bool:
    """The cheap look that spares most files the parse; where it says no, requests is not imported: no finding."""
    if filename.endswith(NOTEBOOK):  # JSON, in which a name may be an escape
        return b"requests" in data or b"\\u" in data or not data.isascii()
    if _is_plain(data):
        return _imports_requests(data)
    try:
        return may_have_findings_in(decode(data).text)
    except SourceError:
        return b"requests" in data


def may_have_findings_in(text: str) -> bool:
    """The cheap look at a text."""
    data = text.encode(errors="surrogatepass")
    if _has_lookalikes(data):
        data = unicodedata.normalize("NFKC", text).encode(errors="surrogatepass")
    return _imports_requests(data)


def _is_plain(data: bytes) -> bool:
    """Whether names stand in the bytes as Python reads them."""
    end = data.find(b"\n", data.find(b"\n") + 1)
    head = data[:end] if end != -1 else data  # where a coding comment may stand
    if b"coding" in head and head.count(b"coding") != len(re.findall(_UTF_8, head)):
        return False
    return not _has_lookalikes(data)


def _has_lookalikes(data: bytes) -> bool:
    return not data.isascii() and re.search(_LOOKALIKE, data.translate(None, _ASCII)) is not None


def _imports_requests(data: bytes) -> bool:
    return b"requests" in data and any(_imported(data, found.start()) for found in re.finditer(_NAME, data))


def _imported(data: bytes, at: int) -> bool:
    """Whether it may be in an import that a module is named at a place."""
    *lines, line = re.split(_LINE_END, re.sub(_CONTINUED, b" ", data[max(at - _FAR, 0) : at]))
    if len(lines) < 2 and at > _FAR:
        return True
    before = re.search(_BEFORE, line)
    if before is None or before[0].startswith(b"import"):
        return before is not None
    return re.match(_AFTER_FROM, data[at : at + 2 * _FAR]) is not None


_FAR = 1000  # bytes: a longer line is not worth a closer look
_ASCII = bytes(range(128))
# Most runs need few of these, so they are compiled where they are used.
_UTF_8 = rb"(?i)coding[:=][ \t]*utf-?8"
_NAME = rb"requests(?<=[\s,\\]requests)(?!\w)"
_LINE_END = rb"\r\n?|\n"
_CONTINUED = rb"\\(?:\r\n?|\n)"
_BEFORE = rb"import\s(?:[^;]*,)?\s*$|from\s+$"
_AFTER_FROM = rb"[\w.\s\\\x80-\xff]{%d}|[\w.\s\\\x80-\xff]*\bimport\b" % _FAR
# The characters that Python reads as one of the letters of `requests` in a name (NFKC), at least these, in UTF-8.
_LOOKALIKE = (
    rb"\xc5\xbf|\xca\xb3|\xcb\xa2|\xe1\xb5|\xe2(?:\x82[\x91-\x9c]|\x84\xaf|\x85\x87)"
    rb"|\xef(?:\xac[\x85\x86]|\xbd[\x80-\xbf])|\xf0(?:\x90\x9e|\x9d)"
)


def decode(data: bytes) -> Source:
    """Text as Python decodes it. SourceError if Python would not, or if `encode` would not give the same bytes."""
    body = data.removeprefix(codecs.BOM_UTF8)
    if (null := body.find(b"\0")) != -1:
        raise SourceError("source code cannot contain null bytes", *_place(body[:null]))
    bom = body != data
    encoding = _declared_encoding(body)
    if bom and encoding != "utf-8":
        raise SourceError(f"the byte order mark says utf-8, the coding comment {encoding}")
    try:
        text = body.decode(encoding)
        same = text.encode(encoding) == body
    except UnicodeDecodeError as error:
        row, column = _place(error.object[: error.start])
        wrong = f"byte 0x{error.object[error.start]:02x} on line {row} is not valid {encoding}"
        raise SourceError(wrong, row, column) from error
    except (UnicodeError, LookupError) as error:  # idna gives no position; rot13 is no text encoding
        raise SourceError(f"cannot be decoded as {encoding}: {error}") from error
    if not same:
        raise SourceError(f"cannot be written back byte for byte as {encoding}")
    return Source(text, encoding, bom)


def _place(before: bytes) -> tuple[int, int]:
    """The row and column of what stands behind some bytes; in an encoding other than UTF-8 about that column."""
    lines = (before + b"|").splitlines()
    return len(lines), len(lines[-1].decode(errors="replace"))


def encode(source: Source, text: str) -> bytes:
    """Another text in the encoding of `source`."""
    try:
        body = text.encode(source.encoding)
    except UnicodeEncodeError as error:
        raise SourceError(f"{text[error.start]!r} cannot be written as {source.encoding}") from error
    return codecs.BOM_UTF8 + body if source.bom else body


def _declared_encoding(body: bytes) -> str:
    # Python reads the coding comment before it knows the encoding; `detect_encoding` insists on UTF-8 around it.
    lines = [line.decode("ascii", "replace").encode() + b"\n" for line in _first_lines(body)]
    try:
        return tokenize.detect_encoding(iter(lines).__next__)[0]
    except SyntaxError as error:  # "unknown encoding: ..."
        raise SourceError(str(error)) from error


def _first_lines(data: bytes) -> list[bytes]:
    """The lines where a coding comment may stand."""
    return re.split(rb"\r\n?|\n", data, maxsplit=2)[:2]


# --- reading and writing ----------------------------------------------------------------------------------------------


def read(path: str | os.PathLike[str]) -> bytes:
    """The bytes of a regular file. Nothing else is opened: a pipe would wait for its writer."""
    try:
        mode = os.stat(path).st_mode
        if stat.S_ISREG(mode):
            with open(path, "rb", buffering=0) as file:
                return file.read()
    except (OSError, ValueError) as error:
        raise SourceError(_reason(error)) from error
    raise SourceError(os.strerror(errno.EISDIR) if stat.S_ISDIR(mode) else "Not a regular file")


def write(path: str | os.PathLike[str], old: bytes, new: bytes) -> None:
    """Replaces `old` by `new`, whole or not at all. SourceError if it cannot, or if the file is no longer `old`.

    A symbolic link stays a link, and the file keeps its mode, and its owner where the system lets it. The other names
    of a file with several (hard links) keep the old content: a file that is written in place can end half written.
    """
    try:
        _replace(os.path.realpath(path), old, new)
    except OSError as error:
        raise SourceError(_reason(error)) from error


def _replace(path: str, old: bytes, new: bytes) -> None:
    before = os.stat(path)
    if not os.access(path, os.W_OK):  # a rename would not ask
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    folder, name = os.path.split(path)
    # Nobody tidies up after a process that is killed. So the new file has a name for no longer than from its link to
    # its rename, for which Linux has no single call. What is left behind even so has a name of its own for each file:
    # the file is still the old one, and the next fix of it takes that away.
    mark = f".sessionize-{zlib.crc32(os.fsencode(name)):08x}-"
    for left in os.listdir(folder):
        if left.startswith(mark):
            with contextlib.suppress(OSError):
                os.unlink(os.path.join(folder, left))
    temporary = os.path.join(folder, mark + os.urandom(4).hex())
    private = partial(os.open, mode=0o600)
    try:
        try:
            with open(os.open(folder, os.O_WRONLY | os.O_TMPFILE, 0o600), "wb") as file:
                nameless = f"/proc/self/fd/{file.fileno()}"
                _fill(file, nameless, new, before)
                _expect(path, old)
                # With a folder given, even one of no use, this is the system call that follows the link in /proc.
                os.link(nameless, temporary, src_dir_fd=0, follow_symlinks=True)
        except (OSError, AttributeError):  # not Linux, NFS, no /proc; what else there is wrong is met again
            with open(temporary, "xb", opener=private) as file:
                _fill(file, temporary, new, before)
                _expect(path, old)
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise


def _fill(file: BinaryIO, path: str, content: bytes, like: os.stat_result) -> None:
    file.write(content)
    file.flush()
    with contextlib.suppress(OSError, AttributeError):  # not permitted, or Windows
        os.chown(path, like.st_uid, like.st_gid)
    os.chmod(path, stat.S_IMODE(like.st_mode))


def _expect(path: str, content: bytes) -> None:
    if read(path) != content:
        raise SourceError("changed since it was read, so left alone")


def _reason(error: OSError | ValueError) -> str:
    return getattr(error, "strerror", None) or str(error)


# --- discovery --------------------------------------------------------------------------------------------------------


def discover(
    paths: Sequence[str | Path], settings: Settings, *, seen: set[str] | None = None
) -> Iterator[str | Unreadable]:
    """The files to check, each once, named as the user would; Unreadable for a path that leads to none.

    `seen` holds the files that came before, and takes up those that come.

    A file or folder named outright is taken, unless `force_exclude` has it left out. Folders are walked in the order of
    names, links to folders are not followed. Left out is what `exclude` and the ignore files of git say. Links to files
    come last, and only for files that have not come under their own names.
    """
    excluded = _excluded(settings)
    seen = set() if seen is None else seen
    links: list[tuple[str, str | Unreadable]] = []
    for path in paths:
        if settings.force_exclude and excluded.hit(os.fspath(path)):
            continue
        for real, found, is_link in _found(os.fspath(path), excluded):
            if is_link:
                links.append((real, found))
            elif real not in seen:
                seen.add(real)
                yield found
    for real, found in links:
        if real not in seen:
            seen.add(real)
            yield found


def project_root(folder: str, known: dict[str, str | None]) -> str | None:
    """The folder itself, or the next one around it, that holds a project; `known` takes up what is found of folders."""
    if folder not in known:
        above = os.path.dirname(folder)
        here = any(os.path.lexists(os.path.join(folder, marker)) for marker in MARKERS)
        known[folder] = folder if here else project_root(above, known) if above != folder else None
    return known[folder]


def path_in_project(filename: str) -> PurePath:
    """The path of a file inside of its project, however it is named; in none, that of its folder and its name."""
    real = PurePath(real_path(filename))
    root = project_root(str(real.parent), {})
    return PurePath(*real.parts[-2:]) if root is None else real.relative_to(root)


def real_path(filename: str) -> str:
    """The one name of a file that has several by way of links; of what is no file, `<stdin>` say, the name."""
    if not filename.startswith("<"):
        with contextlib.suppress(OSError, ValueError):  # the current folder is gone; no file can have such a name
            return os.path.realpath(filename)
    return filename


def matches(path: str, pattern: str, *, root: Path = Path()) -> bool:
    """Whether a pattern, relative to `root`, names a path or a folder around it."""
    return _Patterns(os.path.realpath(root), [pattern]).hit(path)


def ignored_codes(path: str, settings: Settings) -> list[str]:
    """What `per_file_ignores` says about a path."""
    ignores = settings.per_file_ignores
    return [code for pattern, codes in ignores if matches(path, pattern, root=settings.root) for code in codes]


def is_excluded(path: str, settings: Settings) -> bool:
    """Whether `exclude` names a path or a folder around it."""
    return _excluded(settings).hit(path)


def _excluded(settings: Settings) -> _Patterns:
    return _Patterns(os.path.realpath(settings.root), chain(settings.exclude, settings.extend_exclude))


def _found(path: str, excluded: _Patterns) -> Iterator[tuple[str, str | Unreadable, bool]]:
    """What one path stands for, each with its real path, and whether it is a link to a file."""
    try:
        is_folder = stat.S_ISDIR(os.stat(path).st_mode)
    except (OSError, ValueError) as error:
        yield path, Unreadable(path, _reason(error)), False
        return
    real = os.path.realpath(path)
    # With a folder go the rules around it, the nearest first; with a file none.
    pending: list[tuple[str, str, tuple[_Patterns, ...] | None, bool]] = [
        (real, path, _rules_above(real) if is_folder else None, os.path.islink(path))
    ]
    while pending:
        folder, shown, rules, is_link = pending.pop()
        if rules is None:
            yield folder, shown, is_link
            continue
        try:
            with os.scandir(folder) as scan:
                entries = {entry.name: entry for entry in scan}
        except OSError as error:
            yield folder, Unreadable(shown, _reason(error)), False
            continue
        rules = _rules_inside(folder, rules, entries)
        within = "" if shown == os.curdir else os.path.join(shown, "")
        for name, real, is_folder in sorted(_taken(entries.values(), (excluded, *rules)), reverse=True):
            is_link = not is_folder and real != os.path.join(folder, name)
            pending.append((real, within + name.rstrip("/"), rules if is_folder else None, is_link))


def _taken(entries: Iterable[os.DirEntry[str]], rules: Iterable[_Patterns]) -> Iterator[tuple[str, str, bool]]:
    """The subfolders and source files that are not left out: name, real path, whether it is a folder.

    The name of a folder ends in a slash, and so a folder is sorted as its files are.
    """
    for entry in entries:
        is_folder = entry.is_dir(follow_symlinks=False)
        if not is_folder and not (entry.name.endswith(SUFFIXES) and _is_file(entry)):
            continue
        slash = "/" if is_folder else ""
        name, path = entry.name + slash, entry.path
        for patterns in rules:
            left_out = patterns.verdict(name, path + slash)
            if left_out is not None:
                break
        if not left_out:
            yield name, os.path.realpath(path) if entry.is_symlink() else path, is_folder


def _is_file(entry: os.DirEntry[str]) -> bool:
    # A link is left to `isfile`, for which one to nowhere or to itself is just no file.
    return entry.is_file(follow_symlinks=False) or os.path.isfile(entry.path)


def _rules_above(folder: str) -> tuple[_Patterns, ...]:
    """What the ignore files from the root of the repository down to `folder` say; nothing outside of a repository."""
    above = []
    while not os.path.lexists(os.path.join(folder, ".git")):
        below, folder = folder, os.path.dirname(folder)
        if folder == below:
            return ()
        above.append(folder)
    rules: tuple[_Patterns, ...] = ()
    for outer in reversed(above):
        here = [name for name in (".git", ".gitignore") if os.path.lexists(os.path.join(outer, name))]
        rules = _rules_inside(outer, rules, here)
    return rules


def _rules_inside(folder: str, rules: tuple[_Patterns, ...], names: Container[str]) -> tuple[_Patterns, ...]:
    """The rules for what is in a folder, given those around it, which end where another repository begins."""
    files = [".gitignore"] if ".gitignore" in names else []
    if ".git" in names:
        rules, files = (), [".git/info/exclude", *files]
    for name in files:
        with contextlib.suppress(SourceError):  # git, too, goes on without a file that it cannot read
            lines = read(os.path.join(folder, name)).removeprefix(codecs.BOM_UTF8).splitlines()
            rules = (_Patterns(folder, (line.decode(errors="surrogateescape") for line in lines)), *rules)
    return rules


class _Patterns:
    """The patterns of one gitignore file, for what is inside `folder`.

    A walk asks about folders, too, and git's answer is the last pattern that hits the folder itself. So `pathspec` is
    asked for its patterns only: its own walk would not enter `data` for `data/**` with `!data/*.py`.
    """

    def __init__(self, folder: str, lines: Iterable[str]) -> None:
        self._base = os.path.join(folder, "").replace(os.sep, "/")
        stripped = (re.sub(r"(?<!\\) +$", "", line) for line in lines if not line.startswith("#"))
        patterns = [line for line in stripped if line]
        names = list(takewhile(re.compile(r"[\w.-]+/?").fullmatch, patterns))
        others = patterns[len(names) :][::-1]
        self._names = {*names, *(f"{name}/" for name in names)}
        self._verdicts = [None, *(not line.startswith("!") for line in others)]
        expression = "|".join(f"({_expression(line)})" for line in others)
        self._match = re.compile(expression, re.DOTALL).fullmatch if others else None

    def verdict(self, name: str, path: str) -> bool | None:
        """Left out (True), kept by a `!` (False), or not spoken of. A folder's name and path end in a slash.

        A path outside of `folder` stays absolute, so that only patterns for names can hit it.
        """
        if self._match and (match := self._match(path.replace(os.sep, "/").removeprefix(self._base))):
            return self._verdicts[match.lastindex or 0]
        return True if name in self._names else None

    def hit(self, path: str) -> bool:
        """Whether a path is left out, or a folder around it that is inside of `folder`."""
        entries = []
        if os.path.isdir(path):
            folder = os.path.realpath(path)
        else:
            folder, name = os.path.realpath(os.path.dirname(path)), os.path.basename(path)
            entries.append((name, os.path.join(folder, name)))
        while (inside := os.path.join(folder, "").replace(os.sep, "/")).startswith(self._base) and inside != self._base:
            entries.append((f"{os.path.basename(folder)}/", inside))
            folder = os.path.dirname(folder)
        return any(self.verdict(*entry) for entry in entries)


def _expression(line: str) -> str:
    """A gitignore pattern as a regular expression for the whole path of an entry.

    What `pathspec` has to be helped with: it takes a final `**` for the folder itself, too, and `*` alone for a search
    for any letter. A set it hands on to `re` as it stands, where that may hit a slash or be an error.
    """
    from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern  # noqa: PLC0415  # most trees need none

    sets = map(_set, _SET.finditer(line))
    line = re.sub(r"(^!?|/)(\*?)\*(/?)$", lambda end: f"{end[1]}{end[2] and '**/'}?*{end[3]}", line)
    expression = None
    with contextlib.suppress(ValueError):  # not a pattern: git goes on without it
        expression, _ = GitIgnoreSpecPattern.pattern_to_regex(_SET.sub(r"\1\0", line))
    expression = re.sub(r"\(\?P<\w+>", "(?:", expression or "(?!)")
    return re.sub("\0", lambda _: next(sets, ""), expression)


_SET = re.compile(r"(?<!\\)((?:\\\\)*)\[([!^]|(?![!^]))((?:\\.|[^\\/])(?:\\.|[^]\\/])*)\]", re.DOTALL)


def _set(found: re.Match[str]) -> str:
    ranges = re.findall(r"\\?(.)(?:-\\?(.))?", found[3], re.DOTALL)
    plain = "".join(re.escape(low) + (f"-{re.escape(high)}" if low <= high else "") for low, high in ranges)
    return f"(?!/)[{'^' * len(found[2])}/{plain}]"
