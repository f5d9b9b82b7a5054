"""Which calls other threads or processes may make."""

import libcst as cst
import pytest

from sessionize.library.threads import Threads
from sessionize.sharing.facts import Facts
from sessionize.syntax.read_cst import read_cst

TIMER = "from threading import Timer\n"
CLASS = "import threading\nclass C:\n def f(self): requests.get(a)\n"


@pytest.mark.parametrize(
    ("source", "owner", "cause"),
    [
        ("", 0, ""),
        # only what runs something in threads or processes counts, and whatever comes with these packages
        ("import threading", 0, ""),
        ("import threading\nthreading.Lock()\nthreading.current_thread()\nthreading.Event().wait()", 0, ""),
        ("from threading import Event, local", 0, ""),
        ("from concurrent.futures import Future, TimeoutError", 0, ""),
        ("import asyncio\nasyncio.run(f())", 0, ""),
        ("from queue import Queue", 0, ""),
        ("from multiprocessing import cpu_count, Queue", 0, ""),
        ("import threading\nthreading.Thread(target=f)", 0, "`threading`"),
        ("import threading as t\nt.Timer(5, f)", 0, "`threading`"),
        ("import threading\ndef f(thread: threading.Thread): thread.start()", 0, "`threading`"),
        ("from threading import *\nLock()", 0, "`threading`"),
        ("from a import *", 0, ""),
        ("from concurrent.futures import ThreadPoolExecutor", 0, "`concurrent`"),
        ("from concurrent import futures\nfutures.wait(a)", 0, "`concurrent`"),
        ("import concurrent.futures\nconcurrent.futures.ThreadPoolExecutor()", 0, "`concurrent`"),
        ("from multiprocessing.dummy import Pool as P\nP()", 0, "`multiprocessing`"),
        ("from multiprocessing import pool\npool.ThreadPool()", 0, "`multiprocessing`"),
        ("import joblib\njoblib.dump(a)", 0, ""),
        ("import joblib\njoblib.Parallel(2)(a)", 0, "`joblib`"),
        ("import gevent.monkey", 0, "`gevent`"),
        ("from celery import shared_task", 0, "`celery`"),
        ("asyncio.to_thread(f)", 0, "`to_thread`"),
        # a function that leads to no request
        (TIMER + "def f(): g()\ndef g(): print(1)\nTimer(5, f)", 0, ""),
        (TIMER + "def f(): pass\nTimer(5, f)\nTimer(6, f, args=(), kwargs=None)", 0, ""),
        (TIMER + "def f(): pass\nTimer(interval=5, function=f)", 0, ""),
        (TIMER + "def f(): g()\ndef g(): requests.get(a)\nTimer(5, f)", 0, "`threading`"),
        (TIMER + "def f(): g()\ndef g(): return map(requests.get, a)\nTimer(5, f)", 0, "`threading`"),
        (TIMER + "def f():\n def g(): requests.get(a)\n g()\nTimer(5, f)", 0, "`threading`"),
        (TIMER + "def f(): h()\ndef g(): requests.get(a)\nh = g\nTimer(5, f)", 0, "`threading`"),
        (TIMER + "def f(): a.h()\ndef g(): requests.get(a)\na.h = g\nTimer(5, f)", 0, "`threading`"),
        (
            TIMER + "class C:\n def __enter__(self): requests.get(a)\ndef f():\n with C(): pass\nTimer(5, f)",
            0,
            "`threading`",
        ),
        (TIMER + "class C:\n def a(self): requests.get(a)\nc = C()\ndef f(): b(c)\nTimer(5, f)", 0, "`threading`"),
        (TIMER + "def f(): g().h()\ndef h(): requests.get(a)\nTimer(5, f)", 0, "`threading`"),
        (TIMER + "def f(): globals()[a]()\nTimer(5, f)", 0, "`threading`"),
        (TIMER + "def f(a=b): a()\nTimer(5, f)", 0, "`threading`"),
        # what is not known to lead to none
        (TIMER + "def f(a): pass\nTimer(5, f, [a])", 0, "`threading`"),
        (TIMER + "def f(a): pass\nTimer(5, f, args=a)", 0, "`threading`"),
        (TIMER + "def f(a): pass\nTimer(5, f, *a)", 0, "`threading`"),
        (TIMER + "def f(): pass\nf = g(f)\nTimer(5, f)", 0, "`threading`"),
        (TIMER + "Timer(5, lambda: 1)", 0, "`threading`"),
        (TIMER + "Timer(5, a.f)", 0, "`threading`"),
        (TIMER + "Timer()", 0, "`threading`"),
        (TIMER + "def f(): pass\nTimer(5, f)\na(Timer)", 0, "`threading`"),
        # objects
        ("import threading\nclass C:\n def f(self): requests.get(a)\nC().f()", 1, ""),
        (CLASS + "threading.Thread(target=c.f)", 1, "handed to threads"),
        (CLASS + "threading.Thread(target=C().f)", 1, "handed to threads"),
        ("import threading\nclass C: pass\nc = C()\nthreading.Thread(target=f, args=(c,))", 1, "handed to threads"),
        ("import threading\nclass C:\n def f(self): threading.Thread(target=g, args=(self,))", 1, "handed to threads"),
        ("import threading\nclass C:\n def f(self): threading.Thread(target=g)", 1, ""),
        (CLASS + "def g(): c.f()\nthreading.Thread(target=g)", 1, "handed to threads"),
        ("class C:\n def f(self): loop.run_in_executor(None, self.f)\n def g(self): self.a()", 1, ""),
        ("class C:\n def f(self): loop.run_in_executor(None, self.g)\n def g(self): self.a()", 1, "handed to threads"),
        ("class C:\n def f(self): loop.run_in_executor(None, self.g)\n def g(self): b(self)", 1, "handed to threads"),
        ("class C:\n def f(self): loop.run_in_executor(None, self.g)\n def g(self): self.f()", 1, ""),
        ("class C:\n def f(self): loop.run_in_executor(None, self.f); requests.get(a)", 1, "handed to threads"),
        ("class C:\n def f(self): loop.run_in_executor(None, self.a)", 1, "handed to threads"),
        (
            "class C:\n def f(self): loop.to_thread(self.g).to_thread(self.h)\n def g(self): pass\n"
            " def h(self): requests.get(a)",
            1,
            "handed to threads",
        ),
        ("import threading\nclass C(threading.Thread):\n def run(self): pass", 1, "handed to threads"),
        ("class C(Thread):\n def run(self): pass\nc.run", 1, ""),
    ],
)
def test_about(source: str, owner: int, cause: str) -> None:
    facts = Facts(read_cst(cst.parse_module(f"import requests\n{source}"))[0])
    found = Threads(facts).about(owner)
    assert cause in found
    assert bool(found) is bool(cause)
