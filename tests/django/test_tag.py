"""`{% presence_overlay %}`: what it renders, and that it never breaks a page."""

import logging
import re
from typing import Any
from uuid import UUID

import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.template import Context, Template
from django.test import RequestFactory

from presence.guests import guest_person, sign_guest
from presence.protocol.identity import anonymous_name

BOARD = UUID("00000000-0000-4000-8000-000000000001")


def render(tag: str = "{% presence_overlay board %}", user: Any = None, **context: Any) -> str:
    request = RequestFactory().get("/")
    request.user = user or AnonymousUser()
    request.COOKIES["presence_guest"] = sign_guest("a")
    context = {"request": request, "board": BOARD, **context}
    return Template("{% load presence %}" + tag).render(Context(context))


def attributes(html: str) -> dict[str, str]:
    element = re.search(r"<presence-overlay(.*?)></presence-overlay>", html)
    assert element
    return dict(re.findall(r' ([a-z]+)="([^"]*)"', element[1]))


def test_a_script_and_an_element() -> None:
    html = render()
    assert html.startswith('<script type="module" src="/static/presence/overlay.js"></script>')
    assert attributes(html) == {
        "board": str(BOARD),
        "endpoint": f"/ws/presence/{BOARD}/",
        "name": anonymous_name(guest_person("a")),
        "stylesheet": "/static/presence/overlay.css",
    }


def test_a_board_a_uuid_or_text() -> None:
    class Board:
        pk = BOARD

    assert render(board=Board()) == render(board=BOARD) == render(board=str(BOARD))


def test_surface_and_name_are_escaped() -> None:
    html = render("{% presence_overlay board surface='#a > \"b\"' name='<Ada>' %}")
    assert attributes(html)["surface"] == "#a &gt; &quot;b&quot;"
    assert attributes(html)["name"] == "&lt;Ada&gt;"


def test_what_it_looks_like() -> None:
    given = attributes(render("{% presence_overlay board theme='dark' bar='top-start' %}"))
    assert (given["theme"], given["bar"]) == ("dark", "top-start")


def test_a_signed_in_user_goes_by_the_accounts_name() -> None:
    html = render("{% presence_overlay board name='Mallory' %}", user=User(pk=1, username="ada"))
    assert attributes(html)["name"] == "ada"


def test_an_account_nobody_could_see_leaves_the_name_to_the_server() -> None:
    assert "name" not in attributes(render(user=User(pk=1, username="\u200b")))


def test_without_a_request() -> None:
    assert "name" not in attributes(render(request=None))


def test_a_nonce_is_put_on_the_script() -> None:
    assert ' nonce="abc"></script>' in render(csp_nonce="abc")
    request = RequestFactory().get("/")
    request.csp_nonce = "def"
    assert ' nonce="def"></script>' in render(request=request)


def test_a_lazy_nonce_is_read() -> None:
    class Lazy:
        """As Django's and django-csp's: false until it is read."""

        read = False

        def __bool__(self) -> bool:
            return self.read

        def __str__(self) -> str:
            self.read = True
            return "lazy"

    assert ' nonce="lazy"></script>' in render(csp_nonce=Lazy())


def test_switched_off_it_renders_nothing(settings: Any) -> None:
    settings.PRESENCE = {**settings.PRESENCE, "ENABLED": False}
    assert render() == ""


@pytest.mark.parametrize("board", [None, "nonsense", 7])
def test_what_goes_wrong_is_logged_and_breaks_no_page(
    board: Any, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        assert render(board=board) == ""
    assert "presence_overlay: failed" in caplog.text


def test_even_wrong_settings_break_no_page(settings: Any, caplog: pytest.LogCaptureFixture) -> None:
    settings.PRESENCE = {"NOPE": 1}
    assert render() == ""
    assert "presence_overlay: failed" in caplog.text
