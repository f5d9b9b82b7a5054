"""Web handlers: what lives for one visit, and what passes on a visitor's credentials, shares no lasting session."""

from dataclasses import replace

import pytest

from sessionize.engine.check import check_source
from sessionize.engine.fix import fix_source
from sessionize.files.settings import Settings

UNSAFE = replace(Settings(), unsafe_fixes=True)
CLIENT = """
class Client:
    def __init__(self, token):
        self.token = token

    def me(self):
        return requests.get(f"{BASE}/me", headers={"X-Token": self.token})

    def items(self):
        return requests.get(f"{BASE}/items", headers={"X-Token": self.token})

"""


def codes(source: str) -> list[str]:
    return [found.code for found in check_source(f"import requests\n{source}")]


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("from flask import Flask\n{CLIENT}@app.route('/me')\ndef me():\n    return Client(key()).me()", False),
        ("from fastapi import FastAPI\n{CLIENT}@app.get('')\nasync def me(key):\n    return Client(key).me()", False),
        ("from django.http import X\n{CLIENT}def me(request):\n    return Client(request.user.key).me()", False),
        ("from rest_framework import x\n{CLIENT}class Me(APIView):\n    def get(self):\n        Client(1).me()", False),
        ("from flask import Flask\n{CLIENT}@app.route('/')\ndef me():\n    return [Client(k) for k in keys()]", False),
        # not in a handler
        ("{CLIENT}@app.route('/me')\ndef me():\n    return Client(key()).me()", True),
        ("from flask import Flask\n{CLIENT}client = Client(key())\n", True),
        ("from flask import Flask\n{CLIENT}@app.cli('me')\ndef me():\n    return Client(key()).me()", True),
        ("from flask import Flask\n{CLIENT}@app.cache(name='/me')\ndef me():\n    return Client(key()).me()", True),
        ("from flask import Flask\n{CLIENT}@cached\ndef me():\n    return Client(key()).me()", True),
        ("from django.db import x\n{CLIENT}def me(user):\n    return Client(user).me()", True),
        ("from flask import x\n{CLIENT}@app.get('/')\ndef me():\n    Client(1).me()\nclient = Client(2)", True),
        ("from flask import Flask\n{CLIENT}", True),
    ],
)
def test_objects_that_only_handlers_make_share_no_session(source: str, found: bool) -> None:
    assert ("RQS104" in codes(source.replace("{CLIENT}", CLIENT))) is found


@pytest.mark.parametrize(
    ("before", "base", "found"),
    [
        ("from flask_restful import Resource", "(Resource)", False),
        ("from django.views import View", "(View)", False),
        ("from tornado.web import RequestHandler", "(RequestHandler)", False),
        ("from flask_restful import Resource", "(Api)", True),
        ("from resources import Resource", "(Resource)", True),  # no web framework
    ],
)
def test_objects_that_a_framework_makes_share_no_session(before: str, base: str, found: bool) -> None:
    assert ("RQS104" in codes(f"{before}\n{CLIENT.replace('Client', f'Client{base}')}")) is found


@pytest.mark.parametrize(
    ("option", "before", "found"),
    [
        ("cookies=request.cookies", "from flask import request", False),
        ("headers={'Authorization': request.headers['Authorization']}", "from flask import request", False),
        ("headers=headers", "from flask import request", False),  # a name for it
        ("auth=(session['name'], session['password'])", "from flask import session", False),
        ("cookies={'sid': flask.session['sid']}", "import flask", False),
        ("params={'page': request.args['page']}", "from flask import request", True),
        ("headers={'X-Token': TOKEN}", "from flask import request", True),
        ("headers={'X-Token': request.token}", "from api import request", True),  # no web framework
        ("auth=(session['name'], session['password'])", "from bottle import x\nfrom config import session", True),
    ],
)
def test_calls_with_what_a_visitor_sent_share_no_session(option: str, before: str, found: bool) -> None:
    source = f"{before}\n"
    for name in ("a", "b"):
        source += f"def {name}():\n    token = request.headers['X-Token']\n    headers = {{'X-Token': token}}\n"
        source += f"    return requests.get(BASE + '/{name}', {option})\n"
    assert codes(source) == ["RQS105", "RQS105"] * found


def test_local_calls_with_what_a_visitor_sent_join_no_session_of_the_module() -> None:
    source = "from flask import request\n\nimport requests\n\n"
    for name in ("a", "b"):
        source += f"\ndef {name}():\n    return requests.get(BASE + '/{name}').text\n\n"
    view = "\ndef view():\n    a = requests.get(BASE, cookies={})\n    return a, requests.get(BASE, cookies={})\n"
    joined = fix_source(source + view.replace("{}", "JAR"), settings=UNSAFE).after
    apart = fix_source(source + view.replace("{}", "request.cookies"), settings=UNSAFE).after
    assert joined is not None
    assert apart is not None
    assert joined.count("Session()") == 1
    assert apart.count("Session()") == 2
