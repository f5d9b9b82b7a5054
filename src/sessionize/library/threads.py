"""Threads and processes: what of a file starts them, and which of its calls make threads run a function."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from sessionize.analysis.origins import Origins
from sessionize.syntax import outline as o, values as v

_PACKAGES = frozenset(("threading", "concurrent", "multiprocessing", "joblib", "_thread"))
# Of these any use starts processes.
_OF_PROCESSES = frozenset(("billiard", "multiprocess", "mpire", "loky", "pathos", "pebble", "ray", "parsl"))
# These run what they find of a program in threads, processes or the like of their own.
_RUNNING_ALL = frozenset(("gevent", "eventlet", "celery"))
# What of those packages makes others run something, or waits for them. Nothing else of them does: `Lock`, `Event`,
# `local`, `current_thread`, `Future`, `TimeoutError`, `Queue`.
_STARTERS = frozenset(
    (
        *("Thread", "Timer", "start_new_thread"),
        *("Executor", "ThreadPoolExecutor", "ProcessPoolExecutor", "InterpreterPoolExecutor", "as_completed", "wait"),
        *("Process", "Pool", "ThreadPool", "get_context", "Manager", "BaseManager", "SyncManager"),
        *("Parallel", "delayed", "thread_map", "process_map"),
    )
)
# Those that may fork this process, and the words by which others of such a name don't.
_FORKING = frozenset(("Process", "ProcessPoolExecutor", "Pool", "get_context", "Manager", "BaseManager")) | {
    *("SyncManager", "Parallel", "process_map", "celery")
}
_IN_THREADS = frozenset(("dummy", "ThreadPool"))
# Calls that make others run what they are handed; these show that without an import.
_SHOWING = frozenset(("run_in_executor", "to_thread", "fork", "forkpty"))

# What shows in a text that threads are started.
STARTERS = _SHOWING | {
    *("Thread", "Timer", "start_new_thread", "ThreadPoolExecutor", "ThreadPool", "thread_map", "celery")
}

_POOLS = frozenset(("concurrent.futures.ThreadPoolExecutor", "concurrent.futures.thread.ThreadPoolExecutor")) | {
    *("multiprocessing.pool.ThreadPool", "multiprocessing.dummy.Pool")
}
# The methods of a pool that call what they are handed for each item, or once.
EACH = frozenset(("map", "imap", "imap_unordered", "map_async"))
_HANDING = EACH | {"submit", "apply", "apply_async"}
# Where others take what a thread is to run: by position, and by keyword.
_RUNNERS = {
    "threading.Thread": (1, "target"),
    "_thread.start_new_thread": (0, "function"),
    "asyncio.to_thread": (0, "func"),
}

_DEFAULT_SIZE = 32  # of an executor: so many threads at most, one a processor and four more
_UNKNOWN_SIZE = 100


class Threads:
    """The threads and processes of one file."""

    def __init__(self, origins: Origins) -> None:
        self.origins = origins
        self.outline = origins.outline
        self.names = origins.names

    @cached_property
    def started_by(self) -> str:
        """The thing by which this file may start threads or processes; empty if there is none."""
        for package, words in self._mentions():
            if words & (_STARTERS | _RUNNING_ALL):
                return package
        called = (v.last_name(call.value.func) for call in self.outline.calls)
        return next((name for name in called if name in _SHOWING), "")

    @cached_property
    def forked_by(self) -> str:
        """The package by which this file may start processes, as forks of its own; empty if there is none."""
        for package, words in self._mentions():
            if words & _FORKING and not words & _IN_THREADS:
                return package
        return ""

    def _mentions(self) -> Iterator[tuple[str, set[str]]]:
        """The uses of packages that start threads or processes: each with the words of its import and of its steps."""
        for bind in (*self.origins.imports, *self.names.stars):
            path = bind.value.path if isinstance(bind.value, v.Imported) else ""
            package, *inner = path.split(".")
            words = {package, *inner}
            if package in _OF_PROCESSES:
                words |= _FORKING
            if not words & (_PACKAGES | _OF_PROCESSES | _RUNNING_ALL):
                continue
            if bind.form == "star":
                words |= {"Thread"} if package == "threading" else _FORKING
            yield package, words  # without a use a comment or a text may name it: `pool: "ThreadPoolExecutor"`
            for use in self.names.uses(self.names.owner(bind.name, bind.scope), bind.name):
                yield package, words.union(use.access.attributes)

    # --- pools of threads ---------------------------------------------------------------------------------------------

    def hands_to_pool(self, call: o.CallSite) -> bool:
        """Tell whether a call hands a function to a pool of threads: `executor.map(fetch, urls)`."""
        func = call.value.func
        return isinstance(func, v.Attribute) and func.attr in _HANDING and self.is_pool(func.value, call.scope)

    def is_pool(self, made: v.Value, scope: int) -> bool:
        """Tell whether a value is `ThreadPoolExecutor(8)`, or a name that is bound to such a pool alone."""
        if isinstance(made, v.Name):
            binds = self.names.seen(made.name, scope)
            made, scope = (binds[0].value, binds[0].scope) if len(binds) == 1 else (v.OPAQUE, scope)
        return self.origins.path_of(v.called(made), scope) in _POOLS

    def run_by(self, call: o.CallSite, path: str | None) -> v.Value | None:
        """The function that a call of a path makes threads of this process run: `fetch` in `Thread(target=fetch)`."""
        position, keyword = (0, "fn") if self.hands_to_pool(call) else _RUNNERS.get(path or "", (-1, ""))
        args = call.value.args
        for number, arg in enumerate(args):
            if position != -1 and (arg.keyword == keyword or (number == position and not arg.keyword)):
                return None if any(before.stars for before in args[: number + 1]) else arg.value
        return None

    @cached_property
    def width(self) -> int:
        """The number of threads in the largest pool of this file; 0 if there is none."""
        sizes = [self._size(call) for call, path in self.origins.called if path in _POOLS]
        return max(sizes, default=0)

    def _size(self, pool: o.CallSite) -> int:
        """The size of a pool: 8 of `ThreadPoolExecutor(8)`; the most that Python makes it, or so many as pools have."""
        for number, arg in enumerate(pool.value.args):
            if arg.keyword in ("max_workers", "processes") or (number == 0 and not arg.keyword):
                match self.origins.resolve_once(arg.value, pool.scope):
                    case v.Const(value=int(size), kind="int"):
                        return size
                    case given if given != v.NONE:
                        return _UNKNOWN_SIZE
        return _DEFAULT_SIZE
