"""What starts threads or processes, and which calls make threads run a function."""

from typing import Any

import libcst as cst
import pytest

from sessionize import Settings, fix_source
from sessionize.sharing.facts import Facts
from sessionize.syntax.read_cst import read_cst

POOL = "from concurrent.futures import ThreadPoolExecutor\n"


def facts_of(source: str) -> Facts:
    return Facts(read_cst(cst.parse_module(f"import requests\n{source}"))[0])


@pytest.mark.parametrize(
    ("source", "cause"),
    [
        ("", ""),
        # only what runs something in threads or processes counts, and whatever comes with these packages
        ("import threading", ""),
        ("import threading\nthreading.Lock()\nthreading.current_thread()\nthreading.Event().wait()", ""),
        ("from threading import Event, local", ""),
        ("from concurrent.futures import Future, TimeoutError", ""),
        ("import asyncio\nasyncio.run(f())", ""),
        ("from queue import Queue", ""),
        ("from multiprocessing import cpu_count, Queue", ""),
        ("import threading\nthreading.Thread(target=f)", "threading"),
        ("import threading as t\nt.Timer(5, f)", "threading"),
        ("import threading\ndef f(thread: threading.Thread): thread.start()", "threading"),
        ("from threading import *\nLock()", "threading"),
        ("from a import *", ""),
        (POOL, "concurrent"),
        ("from concurrent import futures\nfutures.wait(a)", "concurrent"),
        ("import concurrent.futures\nconcurrent.futures.ThreadPoolExecutor()", "concurrent"),
        ("from multiprocessing.dummy import Pool as P\nP()", "multiprocessing"),
        ("from multiprocessing import pool\npool.ThreadPool()", "multiprocessing"),
        ("import joblib\njoblib.dump(a)", ""),
        ("import joblib\njoblib.Parallel(2)(a)", "joblib"),
        ("import gevent.monkey", "gevent"),
        ("from celery import shared_task", "celery"),
        ("asyncio.to_thread(f)", "to_thread"),
        ("os.fork()", "fork"),
    ],
)
def test_started_by(source: str, cause: str) -> None:
    assert facts_of(source).threads.started_by == cause


@pytest.mark.parametrize(
    ("source", "cause"),
    [
        ("import threading\nthreading.Thread(target=f)", ""),
        (POOL, ""),
        ("from threading import *", ""),
        ("import gevent", ""),
        ("from multiprocessing import Queue", ""),
        ("from multiprocessing.dummy import Pool", ""),
        ("from multiprocessing.pool import ThreadPool as Pool", ""),
        ("import multiprocessing\nmultiprocessing.dummy.Pool()", ""),
        ("from multiprocessing.pool import Pool", "multiprocessing"),
        ("import multiprocessing as m\nm.Process(target=f)", "multiprocessing"),
        ("from multiprocessing import *", "multiprocessing"),
        ("from concurrent.futures import ThreadPoolExecutor, ProcessPoolExecutor", "concurrent"),
        ("from concurrent import futures\nfutures.ProcessPoolExecutor()", "concurrent"),
        ("from joblib import Parallel", "joblib"),
        ("from pathos.multiprocessing import ProcessingPool", "pathos"),
        ("import pebble", "pebble"),
        ("from celery import shared_task", "celery"),
    ],
)
def test_forked_by(source: str, cause: str) -> None:
    assert facts_of(source).threads.forked_by == cause


@pytest.mark.parametrize(
    ("source", "handed"),
    [
        (POOL + "with ThreadPoolExecutor() as pool: pool.map(requests.get, urls)", ["get"]),
        (POOL + "pool = ThreadPoolExecutor(4)\ndef f(): pool.submit(requests.post, url, json=a)", ["post"]),
        (POOL + "ThreadPoolExecutor().map(requests.head, urls, timeout=5)", ["head"]),
        (POOL + "ThreadPoolExecutor().submit(requests.request, 'GET', url)", ["request"]),
        ("from multiprocessing.pool import ThreadPool as P\nP(2).imap_unordered(requests.get, urls)", ["get"]),
        ("from multiprocessing.dummy import Pool\nPool(2).map(requests.get, urls)", ["get"]),
        (POOL + "ThreadPoolExecutor().map(requests.get, urls())", ["get"]),
        # what a session's method may take otherwise, or what waits between two calls
        (POOL + "ThreadPoolExecutor().submit(requests.get, url, params)", []),
        (POOL + "ThreadPoolExecutor().map(requests.get, urls, params)", []),
        (POOL + "ThreadPoolExecutor().map(requests.request, urls)", []),
        (POOL + "ThreadPoolExecutor().map(requests.get, *urls)", []),
        (POOL + "ThreadPoolExecutor().map(requests.post, urls())", []),
        # other pools, other methods, other functions
        ("from multiprocessing.dummy import Pool\nPool(2).starmap(requests.get, urls)", []),
        ("from multiprocessing.dummy import Pool\nPool(2).apply(requests.get, [url])", []),
        ("from multiprocessing import Pool\nPool(2).map(requests.get, urls)", []),
        (POOL + "pool = ThreadPoolExecutor()\npool = a\npool.map(requests.get, urls)", []),
        (POOL + "pool = ThreadPoolExecutor\npool.map(requests.get, urls)", []),
        (POOL + "def f(pool): pool.map(requests.get, urls)", []),
        (POOL + "a.pool.map(requests.get, urls)", []),
        (POOL + "ThreadPoolExecutor().submit(retry, requests.get, url)", []),
    ],
)
def test_functions_that_a_pool_calls(source: str, handed: list[str]) -> None:
    assert [call.verb for call in facts_of(source).bare.mapped if call.pooled] == handed


@pytest.mark.parametrize(
    ("source", "run"),
    [
        ("from threading import Thread\nThread(None, fetch)", "fetch"),
        ("import threading\nthreading.Thread(name='a', target=self.fetch, args=[1])", "fetch"),
        ("import threading\nthreading.Thread(None)", ""),
        ("import threading\nthreading.Thread(*args, target=fetch)", ""),
        ("import threading\nthreading.Thread(target=make())", ""),
        ("import threading\nthreading.Timer(5, fetch)", ""),  # which waits before
        ("import _thread\n_thread.start_new_thread(fetch, ())", "fetch"),
        ("import asyncio\nasyncio.to_thread(fetch, 1)", "fetch"),
        (POOL + "ThreadPoolExecutor().submit(fetch, 1)", "fetch"),
        ("a.submit(fetch, 1)", ""),
    ],
)
def test_what_a_thread_runs(source: str, run: str) -> None:
    assert ("fetch" in (named for _, named in facts_of(source).graph.named)) is bool(run)


@pytest.mark.parametrize(
    ("source", "width"),
    [
        ("", 0),
        (POOL + "ThreadPoolExecutor()", 32),
        (POOL + "ThreadPoolExecutor(max_workers=None)", 32),
        (POOL + "ThreadPoolExecutor(n)", 100),
        (POOL + "WORKERS = 24\nThreadPoolExecutor(max_workers=WORKERS)", 24),
        (POOL + "ThreadPoolExecutor(16)", 16),
        (POOL + "ThreadPoolExecutor(initializer=4, max_workers=16)\nThreadPoolExecutor(8)", 16),
        ("from multiprocessing.pool import ThreadPool\nThreadPool(processes=12)", 12),
        ("from concurrent.futures import ProcessPoolExecutor\nProcessPoolExecutor(16)", 0),
        (POOL + "ThreadPoolExecutor(True)", 100),
    ],
)
def test_width(source: str, width: int) -> None:
    assert facts_of(source).threads.width == width


@pytest.mark.parametrize(
    ("options", "each"),
    [
        ({"cookies": "share"}, True),
        ({"cookies": "share", "accept": ("threads",)}, False),
        ({"cookies": "isolate"}, False),
    ],
)
def test_sessions_of_threads_that_keep_cookies(options: dict[str, Any], each: bool) -> None:
    source = "import requests, threading\nfrom app import BASE\n"
    source += "".join(f"def {name}():\n    return requests.get(BASE + '/{name}')\n" for name in "ab")
    source += "threading.Thread(target=a).start()\n"
    after = fix_source(source, settings=Settings(unsafe_fixes=True, **options)).after or ""
    assert after.count("_session().get(") == (2 if each else 0)
    assert ("_local = threading.local()" in after) == each


def test_methods_that_are_handed_to_a_pool_share_a_session() -> None:
    """`pool.map(_session().get, urls)` would hand all threads the session of the one that calls it."""
    source = POOL + "import requests\n"
    for name in "ab":
        source += f"def {name}(urls):\n    with ThreadPoolExecutor(4) as pool:\n        pool.map(requests.get, urls)\n"
        source += f"def {name}{name}(url):\n    return requests.get(url)\n"
    fixed = fix_source(source, settings=Settings(unsafe_fixes=True, cookies="share"))
    after = fixed.after or ""
    assert after.count("_session().get(url)") == 2
    assert after.count("_session().get") == 2
    assert after.count(".get, urls)") == 2
