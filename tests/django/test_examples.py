"""The Python of docs/embedding.md, as it is written there."""

import sys
from types import SimpleNamespace
from uuid import uuid4

import pytest
from channels.routing import ProtocolTypeRouter
from django.template.backends.jinja2 import Jinja2

from presence.conf import get_settings
from presence.guests import embedded_person
from presence.tokens import read
from tests.django.conftest import boards
from tests.support.examples import example

pytestmark = pytest.mark.django_db(transaction=True)

ELSEWHERE = "Pages of another origin"


def run(section, containing, **names):
    """Run an example after which names exist, and return those and the ones that it makes."""
    exec(
        compile(example("docs/embedding.md", section, "python", containing), section, "exec"), names
    )
    return names


def test_the_socket():
    names = run(
        "2. The socket", "ProtocolTypeRouter", application=None, YourMiddleware=lambda app: app
    )
    assert isinstance(names["application"], ProtocolTypeRouter)


def test_the_tags_in_jinja2(fill, monkeypatch, rf):
    """They ask the store once for a list, as in Django's templates."""
    some, none = boards(2)
    requests = fill({some: 3})
    module = SimpleNamespace(**run("Jinja2", "environment"))
    monkeypatch.setitem(sys.modules, "mysite_jinja2", module)
    options = {"environment": "mysite_jinja2.environment"}
    engine = Jinja2({"NAME": "jinja2", "DIRS": [], "APP_DIRS": False, "OPTIONS": options})
    template = engine.from_string(example("docs/embedding.md", "Jinja2", "jinja"))
    page = template.render({"post": some, "posts": [some, none]}, rf.get("/"))
    assert page.startswith('<script type="module" src="/static/presence/overlay.js"></script>')
    assert f'<presence-overlay board="{some}" ' in page
    assert page.count("/static/presence/count.js") == 1
    assert (page.count('count="3"'), page.count('count="0"')) == (1, 1)
    assert len(requests) == 1
    without_request = template.render({"post": some, "posts": [some]})
    assert 'endpoint="/presence/counts/"></presence-count>' in without_request


def test_the_origins(settings):
    settings.PRESENCE = run(ELSEWHERE, "EMBED_ORIGINS")["PRESENCE"]
    assert get_settings().EMBED_ORIGINS == ("https://www.example.com",)


def test_a_token_of_another_system():
    board = uuid4()
    token = run(ELSEWHERE, "issue")["token_for"](board, SimpleNamespace(pk=7, name="Ada"))
    grant = read(token, board, "https://www.example.com")
    assert (grant.person, grant.name) == (embedded_person("customer-7"), "Ada")
