"""Which loops repeat a call and which only retry it, and which calls exclude each other."""

import pytest
from test_facts import IMPORT, read

RETRIES = [
    # a good answer leaves the loop
    "for n in range(3):\n r = requests.get(u)\n if r.ok: return r",
    "for n in range(3):\n r = requests.get(u)\n if r: return r",
    "for n in range(3):\n r = requests.get(u)\n if not r: continue\n return r",
    "for n in range(3):\n r = requests.get(u)\n if r is None: continue\n return r",
    "for n in range(3):\n r = requests.get(u)\n if r != None: break",
    "for n in range(3):\n if requests.get(u).ok: break",
    "for n in range(3):\n if requests.get(u): break",
    "for n in range(3):\n if (r := requests.get(u)): break",
    "for n in range(3):\n with requests.get(u) as r:\n  if r: break",
    "while True:\n r = requests.get(u)\n if r.status_code == 200: break",
    "while True:\n r = requests.get(u)\n if 200 == r.status_code: break",
    "while True:\n r = requests.get(u)\n if r.status_code == requests.codes.ok: break",
    "while True:\n r = requests.get(u)\n if r.status_code == codes.ok: break",
    "while True:\n r = requests.get(u)\n if r.status_code == HTTPStatus.OK: break",
    "while True:\n r = requests.get(u)\n if r.status_code in (200, 201): break",
    "while True:\n r = requests.get(u)\n if 200 <= r.status_code < 300: break",
    "while True:\n r = requests.get(u)\n if r.status_code not in BAD: break\nBAD = [502, 503]",
    "while True:\n code = requests.get(u).status_code\n if code == 200: break",
    "while True:\n r = requests.get(u)\n good = r.ok\n if good: break",
    "while True:\n r = requests.get(u)\n good = r.ok\n if not good: continue\n if good: break",
    "while True:\n r = requests.get(u)\n if r.status_code >= 500: continue\n return r",
    "while True:\n r = requests.get(u)\n if r.status_code == 502: continue\n raise E",
    "while True:\n r = requests.get(u)\n if r.status_code == 401 or not r.ok: continue\n break",
    "while True:\n r = requests.get(u)\n if r.ok: break\n elif r.status_code == 502: continue\n else: raise E",
    "while True:\n r = requests.get(u, headers=h)\n if r.status_code != 401: return r\n h = login()",
    "r = None\nwhile True:\n try: r = requests.get(u)\n except E: pass\n if r is not None and r.ok: break",
    "while True:\n try:\n  r = requests.get(u)\n  if r.status_code == 404: return\n  if r.ok: return r\n except E: a",
    # also one over servers
    "for s in servers:\n r = requests.get(s)\n if r.ok: break",
    "for s in servers:\n r = requests.get(f'{s}/x')\n if r.status_code != 200: continue\n return r",
    "for s in servers:\n try: r = requests.get(s)\n except E: continue\n if r.ok: break",
    "r = None\nwhile servers and r is None: r = requests.get(servers.pop())",
    "r = None\nwhile servers and r is None:\n s = servers.pop()\n try: r = requests.get(s)\n except E: pass",
    # the test of the loop
    "while requests.get(u).status_code != 200: sleep(1)",
    "while n and requests.get(u).status_code != 200: n -= 1",
    "while requests.get(u).status_code != 200 and n: n -= 1",
    "while n < 3 and x and requests.get(u).json()['state'] != 'done': n += 1",
    "while not (r := requests.get(u)).ok: sleep(1)",
    "while requests.get(u).json()['state'] != 'done': sleep(1)",
    "r = requests.get(u)\nwhile r.status_code == 503: r = requests.head(u)",
    "while r.status_code == 503 and n < 3:\n n += 1\n r = requests.get(u)",
    "out = None\nwhile out is None:\n try: out = requests.get(u)\n except E: pass",
    "out = None\nwhile out is None:\n try: out = requests.get(u).json()\n except E: pass",
    "done = False\nwhile not done:\n try:\n  requests.get(u)\n  done = True\n except E: pass",
    "ok, n = False, 0\nwhile not ok and n < 3:\n r = requests.get(u)\n ok = r.ok\n n += 1",
    "state = ''\nwhile state != 'done': state = requests.get(u).json()['state']",
    # what is asked for stays the same, and the loop may be left
    "for n in range(3):\n r = requests.get(u)\n if r.json()['code'] == 0: return r",
    "for n in range(3):\n r = requests.get(u)\n if 'captcha' in r.text: continue\n break",
    "while True:\n url = f'{base}/x'\n r = requests.get(url, params={'q': q})\n if check(r): break",
    "while True:\n r = requests.get(quote(u), timeout=n)\n n = n * 2\n if check(r): break",
    "while True:\n r = requests.get(u)\n if check(r): break\nu = x",
    "while True:\n self.tries += 1\n r = requests.get(self.url)\n if check(r): break",
    "while True:\n r = requests.get(u, headers={'User-Agent': choice(agents)})\n if check(r): break",
]
NAMES = "".join(f" a{n + 1} = a{n}\n" for n in range(9))
LOOPS = [
    "for n in range(3): requests.get(u)",
    "while True:\n r = requests.get(u)\n print(r.text)\n sleep(60)",
    "n = 0\nwhile n < 3:\n r = requests.get(u)\n n += 1",
    "n = 0\nwhile n < 3:\n r = requests.get(u)\n n = n + 1",
    # a good answer does not leave the loop
    "while True:\n r = requests.get(u)\n if not r.ok: break",
    "while True:\n r = requests.get(u)\n if r is None: break",
    "while True:\n r = requests.get(u)\n if r.status_code != 200: return\n print(r.text)",
    "while True:\n r = requests.get(u)\n if r.status_code == 404: break\n sleep(1)",
    "while True:\n r = requests.get(u)\n if check(r): raise E",
    "while True:\n r = requests.get(u)\n if check(r): exit()",
    "for s in servers:\n r = requests.get(s)\n if r.status_code >= 400: break",
    "for s in servers:\n r = requests.get(s)\n if r.status_code < '400': break",
    "a = b\nb = a\nfor s in servers:\n requests.get(s)\n if a: break",
    f"for s in servers:\n a0 = requests.get(s)\n{NAMES} if a9: break",  # so far, no one follows it
    "while requests.get(u).ok: sleep(1)",
    "while True:\n while not done: requests.get(u)",
    "r = requests.get(u)\nwhile r.status_code == 200: r = requests.head(r.links['next'])",
    "done = True\nwhile not done:\n requests.get(u)\n done = False",
    "while not done:\n requests.get(u)\n check(done)",
    "while not done:\n requests.get(u)\n for done in x: pass",
    "while n and requests.get(u).ok: n -= 1",
    # what is asked for changes
    "for n in names:\n r = requests.get(n)\n if check(r): break",
    "page = 1\nwhile True:\n r = requests.get(u, params={'page': page})\n if not r.json(): break\n page += 1",
    "while True:\n r = requests.get(u, params=params)\n if not r.json(): break\n params['page'] += 1",
    "while True:\n r = requests.get(u, params=params)\n if not r.json(): break\n params.update(page=2)",
    "while u:\n r = requests.get(u)\n u = r.json()['next']",
    "while True:\n r = requests.get(u)\n u = r.json()['next']\n if not u: break",
    "while True:\n r = requests.get(self.url)\n if check(r): break\n self.url = r.json()['next']",
    "while True:\n r = requests.get(queue.get())\n if check(r): break",
    "while True:\n r = requests.get(next(urls))\n if check(r): break",
    "while True:\n r = requests.get(urls.pop(0))\n if check(r): break",
    "while True:\n r = requests.get(u[a:b])\n if check(r): break",
    "while True:\n page = page + 1\n r = requests.get(u + page)\n if check(r): break",
    "while True:\n if a: page = b\n else: page = c\n r = requests.get(page)\n if check(r): break",
    "for u in urls:\n for n in range(3):\n  r = requests.get(u)\n  if r.ok: break",
    "for n in range(3):\n for u in urls:\n  r = requests.get(u)\n  if check(r): return",
]


@pytest.mark.parametrize("source", RETRIES)
def test_retry(source: str) -> None:
    facts = read(IMPORT + source)
    assert facts.groups.loops == {}


@pytest.mark.parametrize("source", LOOPS)
def test_loop(source: str) -> None:
    facts = read(IMPORT + source)
    assert facts.groups.loops.keys() == {facts.bare.calls[-1].id}


@pytest.mark.parametrize(
    ("source", "repeated"),
    [
        ("for u in urls: load(u)", True),
        ("for n in range(3): load(u)", True),
        ("for u in urls:\n try: return load(u)\n except E: pass", False),
        ("while True:\n r = load(u)\n if r.status_code == 200: break", False),
        ("for u in urls:\n r = load(u)\n if r.ok: return r", False),
        ("while True:\n data = load(u)\n if data: break", False),
        ("while True:\n data = load(u)\n if data is None: break", False),
        ("data = None\nwhile data is None: data = load(u)", False),
        ("while not load(u): sleep(1)", False),
        # what another function gives is not known, and may be asked for in turn
        ("for u in urls:\n data = load(u)\n if data: return data", True),
        ("while u:\n data = load(u)\n u = data['next']", True),
        ("page = 0\nwhile True:\n data = load(u, page)\n if not data: break\n page += 1", True),
    ],
)
def test_helper_in_a_retry_loop(source: str, *, repeated: bool) -> None:
    facts = read(f"{IMPORT}def load(u, page=0): return requests.get(u)\n{source}")
    assert bool(facts.groups.helpers) is repeated


E1, E2 = "requests.get(a)", "requests.post(b)"


@pytest.mark.parametrize(
    ("source", "together"),
    [
        (f"if m == 'a': {E1}\nif m == 'b': {E2}", ""),
        (f"m = m.lower()\nif m == 'a': {E1}\nprint(m)\nif m == 'b': {E2}", ""),
        (f"if m.upper() == 'A': {E1}\nif m.upper() == 'B': {E2}", ""),
        (f"if self.m == 'a': {E1}\nif self.m == 'b': {E2}", ""),
        (f"if m in ('a', 'b'): {E1}\nelif x: pass\nif m in ['c']: {E2}", ""),
        (f"if m == 'a': {E1}\nif m not in ('a', 'c'): {E2}", ""),
        (f"if m == 'a': {E1}\nif m != 'a' and x: {E2}", ""),
        (f"if m: {E1}\nif not m: {E2}", ""),
        (f"if m is None: {E1}\nif m is not None: {E2}", ""),
        (f"if m == 'a':\n if x: {E1}\nif x:\n if m == 'b': {E2}", ""),
        (f"if m == 'a': {E1}\nelif m == 'b': {E1}\nif m == 'c': {E2}", ""),
        (f"def f(m):\n if m == 1: {E1}\n if m == 2: {E2}\nm = 1\nm = 2", ""),
        (f"if m == 'a': {E1}\nif m == 'b': {E1}\nif m == 'a': {E2}", "get post"),
        (f"if m == 'a': {E1}\nif m == 'a': {E2}", "get post"),
        (f"if m == 'a': {E1}\nif n == 'b': {E2}", "get post"),
        (f"if m == 'a': {E1}\nelse: {E1}\nif m == 'b': {E2}", "get post"),
        (f"if m > 1: {E1}\nif m < 1: {E2}", "get post"),
        (f"if m == a: {E1}\nif m == b: {E2}", "get post"),
        (f"if m() == 'a': {E1}\nif m() == 'b': {E2}", "get post"),
        (f"if m == 'a' or x: {E1}\nif m == 'b': {E2}", "get post"),
        (f"if m == 'a': {E1}\nm = 'b'\nif m == 'b': {E2}", "get post"),
        (f"if m == 'a':\n {E1}\n m = 'b'\nif m == 'b': {E2}", "get post"),
        (f"if m: {E1}\nm.clear()\nif not m: {E2}", "get post"),
        (f"if self.m == 'a': {E1}\nself.m = 'b'\nif self.m == 'b': {E2}", "get post"),
        (f"if self.m: {E1}\nself.clear()\nif not self.m: {E2}", "get post"),
        (f"{E1}\nif m == 'a': {E1}\nif m == 'b': {E2}", "get get post"),
        (f"for m in x: pass\nif m == 'a': {E1}\nif m == 'b': {E2}", "get post"),
        ("".join(f"if m == {n}: {E1}\n" for n in range(9)), ""),
        ("".join(f"if m == {n}: {E1}\n" for n in range(33)), " ".join(33 * ["get"])),
    ],
)
def test_exclusive_calls(source: str, together: str) -> None:
    facts = read(IMPORT + source)
    assert " ".join(call.verb for call in facts.bare.calls if call.id in facts.groups.chained) == together
