"""A process that puts files back as they were if another ends before it has said that it keeps what it wrote.

Its standard input is a pickled dict of contents by path, and behind it the byte `k` if the files are kept. It outlives
whatever ends its parent: Ctrl-C, a closed terminal, a kill.
"""

from __future__ import annotations

import pickle
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress

from sessionize.files import store
from sessionize.files.text import SourceError

_KEPT = b"k"


class Guard:
    def __init__(self, contents: Mapping[str, bytes]) -> None:
        """contents: of the files that are watched, by absolute path."""
        # With this path it looks for no module in the current folder.
        code = f"import sys; sys.path[:] = {sys.path!r}; from sessionize.run.guard import main; main()"
        command = [sys.executable, "-c", code]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True)  # noqa: S603  # our own
        assert self.process.stdin is not None
        self.stdin = self.process.stdin
        pickle.dump(dict(contents), self.stdin)
        self.stdin.flush()

    def close(self, *, keep: bool) -> None:
        """Ends the guard; without `keep` the files are as they were when this returns."""
        with suppress(BrokenPipeError):
            self.stdin.write(_KEPT if keep else b"")
            self.stdin.close()
        self.process.wait()


def put_back(contents: Mapping[str, bytes]) -> None:
    """Gives files their contents, where they have others."""
    for path, content in contents.items():
        with suppress(SourceError):  # it is gone, or no longer to be written: nobody is left to be told
            now = store.read(path)
            if now != content:
                store.write(path, now, content)


def main() -> None:
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    contents = pickle.load(sys.stdin.buffer)  # noqa: S301  # of our own
    if sys.stdin.buffer.read(1) != _KEPT:
        put_back(contents)
