"""The bytes of files: read, and replaced whole or not at all.

A file is never written in place: after a kill or on a full disk the old one is still there.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import zlib
from functools import partial
from typing import BinaryIO

from sessionize.files.text import SourceError


def read(path: str | os.PathLike[str]) -> bytes:
    """The bytes of a regular file. Nothing else is opened: a pipe would wait for its writer."""
    try:
        mode = os.stat(path).st_mode
        if stat.S_ISREG(mode):
            with open(path, "rb", buffering=0) as file:
                return file.read()
    except (OSError, ValueError) as error:
        raise SourceError(reason(error)) from error
    raise SourceError(os.strerror(errno.EISDIR) if stat.S_ISDIR(mode) else "Not a regular file")


def content(path: str | os.PathLike[str]) -> bytes:
    """The bytes of a file; none if it can't be read, which is told where it is checked."""
    try:
        return read(path)
    except SourceError:
        return b""


def write(path: str | os.PathLike[str], old: bytes, new: bytes) -> None:
    """Replaces `old` by `new`, whole or not at all. SourceError if it cannot, or if the file is no longer `old`.

    A symbolic link stays a link, and the file keeps its mode, and its owner where the system lets it. The other names
    of a file with several (hard links) keep the old content: a file that is written in place can end half written.
    """
    try:
        _replace(os.path.realpath(path), old, new)
    except OSError as error:
        raise SourceError(reason(error)) from error


def reason(error: OSError | ValueError) -> str:
    """The words of the system for an error, without the path."""
    return getattr(error, "strerror", None) or str(error)


def _replace(path: str, old: bytes, new: bytes) -> None:
    before = os.stat(path)
    if not os.access(path, os.W_OK):  # a rename would not ask
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    # Nobody tidies up after a process that is killed. So the new file has a name for no longer than from its link to
    # its rename, for which Linux has no single call.
    temporary = _free_name(path)
    try:
        try:
            with open(os.open(os.path.dirname(path), os.O_WRONLY | os.O_TMPFILE, 0o600), "wb") as file:
                nameless = f"/proc/self/fd/{file.fileno()}"
                _fill(file, nameless, new, before)
                _expect(path, old)
                # With a folder given, even one of no use, this is the system call that follows the link in /proc.
                os.link(nameless, temporary, src_dir_fd=0, follow_symlinks=True)
        except (OSError, AttributeError):  # not Linux, NFS, no /proc; what else there is wrong is met again
            with open(temporary, "xb", opener=partial(os.open, mode=0o600)) as file:
                _fill(file, temporary, new, before)
                _expect(path, old)
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise


def _free_name(path: str) -> str:
    """A name beside the file for its next content.

    It shows which file it is for. So content that a killed process left behind is taken away by the next fix.
    """
    folder, name = os.path.split(path)
    mark = f".sessionize-{zlib.crc32(os.fsencode(name)):08x}-"
    for left in os.listdir(folder):
        if left.startswith(mark):
            with contextlib.suppress(OSError):
                os.unlink(os.path.join(folder, left))
    return os.path.join(folder, mark + os.urandom(4).hex())


def _fill(file: BinaryIO, path: str, content: bytes, like: os.stat_result) -> None:
    file.write(content)
    file.flush()
    with contextlib.suppress(OSError, AttributeError):  # not permitted, or Windows
        os.chown(path, like.st_uid, like.st_gid)
    os.chmod(path, stat.S_IMODE(like.st_mode))


def _expect(path: str, content: bytes) -> None:
    if read(path) != content:
        raise SourceError("not written, as it changed meanwhile")
