"""`{% presence_overlay %}`: what it renders, in which language, and that it never breaks a page."""

import html
import json
import re
from uuid import UUID

import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.template import Context, Template
from django.test import RequestFactory
from django.utils import translation

from presence.guests import guest_person, sign_guest
from presence.protocol.identity import anonymous_name
from presence.templatetags.overlay_texts import EXAMPLES, overlay_strings
from presence_site.models import Board

BOARD = UUID("00000000-0000-4000-8000-000000000001")


def render(options="", user=None, nonce=None, **context):
    request = RequestFactory().get("/")
    request.user = user or AnonymousUser()
    request.COOKIES["presence_guest"] = sign_guest("a")
    if nonce is not None:
        request.csp_nonce = nonce
    page = Template(f"{{% load presence %}}{{% presence_overlay board {options} %}}")
    return page.render(Context({"request": request, "board": BOARD, **context}))


def attributes(page):
    element = re.search(r"<presence-overlay(.*?)></presence-overlay>", page)
    assert element
    return dict(re.findall(r' ([a-z]+)="([^"]*)"', element[1]))


def test_a_script_and_an_element():
    page = render()
    assert page.startswith('<script type="module" src="/static/presence/overlay.js"></script>')
    assert attributes(page) == {
        "board": str(BOARD),
        "endpoint": f"/ws/presence/{BOARD}/",
        "name": anonymous_name(guest_person("a")),
        "stylesheet": "/static/presence/overlay.css",
    }
    assert page == render(board=Board(pk=BOARD)) == render(board=str(BOARD))


def test_a_template_can_write_the_reference(caplog):
    template = Template("{% load presence %}{{ board|presence_board }}")
    for board, reference in [(Board(pk=BOARD), str(BOARD)), ("lobby", "lobby"), (User(pk=7), "")]:
        assert template.render(Context({"board": board})) == reference
    assert "auth.User object (7) is no board" in caplog.text


def test_its_options_are_escaped():
    given = attributes(render("surface='#a > \"b\"' name='<Ada>' theme='dark' bar='top-start'"))
    assert given["surface"] == "#a &gt; &quot;b&quot;"
    assert given["name"] == "&lt;Ada&gt;"
    assert (given["theme"], given["bar"]) == ("dark", "top-start")


def test_the_name_of_an_account():
    assert attributes(render("name='Mallory'", user=User(pk=1, username="ada")))["name"] == "ada"
    nameless = attributes(render(user=User(pk=1, username="\u200b")))
    assert nameless["name"] == anonymous_name("user:1")
    assert "name" not in attributes(render(request=None))


class LazyNonce:
    """As Django's and django-csp's: false until it is read."""

    read = False

    def __bool__(self):
        return self.read

    def __str__(self):
        self.read = True
        return "lazy"


def test_a_nonce_is_put_on_the_script():
    assert ' nonce="abc"></script>' in render(csp_nonce="abc")
    assert ' nonce="def"></script>' in render(nonce="def")
    assert ' nonce="lazy"></script>' in render(csp_nonce=LazyNonce())


def test_switched_off_it_renders_nothing(configure):
    configure(ENABLED=False)
    assert render() == ""


@pytest.mark.parametrize(
    ("board", "said"),
    [
        (None, "None (NoneType) is no board"),
        ("", "'' is no board. The name of a room has"),
        (7, "7 (int) is no board"),
        (User(pk=7), "auth.User object (7) is no board: name its model in PRESENCE['BOARDS']"),
        ("auth.user:7", "names no model 'auth.user'"),
    ],
)
def test_a_wrong_argument_is_named_in_one_line(board, said, caplog):
    assert render(board=board) == ""
    (record,) = caplog.records
    assert said in record.getMessage()
    assert record.exc_info is None


def test_an_error_is_logged_and_renders_nothing(configure, caplog):
    configure(NOPE=1)
    assert render() == ""
    assert "presence_overlay: failed" in caplog.text


@pytest.mark.parametrize("language", ["en", "en-gb", "tlh"])
def test_english_is_left_to_the_script(language):
    with translation.override(language):
        assert overlay_strings() == {}
        assert "strings" not in attributes(render())


def test_the_active_language():
    with translation.override("de"):
        strings = json.loads(html.unescape(attributes(render())["strings"]))
    assert (strings["locale"], strings["hide"]) == ("de", "Zeiger ausblenden")
    assert strings["people"]["1"] == "{count} Person hier"
    assert strings["people"]["5"] == "{count} Personen hier"


def test_the_six_forms_of_arabic_come_under_examples():
    with translation.override("ar"):
        forms = overlay_strings()["people"]
    assert tuple(forms) == EXAMPLES
    assert len(set(forms.values())) == 6
