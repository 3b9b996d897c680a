"""`{% presence_count %}`: a number for those who may see it, and a page that comes in any case."""

import asyncio
import re
import time
from uuid import uuid4

import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.db import connection
from django.template import Context, Template
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext

from presence import api, auth, page_counts
from presence.auth import Decision
from presence.page_counts import PagePresence
from presence.protocol.errors import TryLater
from tests.django.conftest import boards

pytestmark = pytest.mark.django_db(transaction=True)

LOAD = "{% load presence %}"
TAG = "{% presence_count board %}"
EACH = "{% for board in boards %}{% presence_count board %}{% endfor %}"
LIST = "{% for board in boards %}{% presence_count board among=boards %}{% endfor %}"
SCRIPT = '<script type="module" src="/static/presence/count.js"></script>'


def render(text=TAG, user=None, **context):
    request = RequestFactory().get("/")
    request.user = user or AnonymousUser()
    return Template(LOAD + text).render(Context({"request": request, **context}))


def element(board, people=None, more=""):
    count = "" if people is None else f' count="{people}"'
    return (
        f'<presence-count board="{board}" endpoint="/presence/counts/"{count}{more}>'
        f"{'' if people is None else people}</presence-count>"
    )


def test_a_script_and_an_element(fill):
    some, none = boards(2)
    fill({some: 3})
    assert render(board=some) == render(board=str(some)) == SCRIPT + element(some, 3)
    assert render(board=none) == SCRIPT + element(none, 0)
    every = render("{% presence_count board every=2 %}", board=some)
    assert every == SCRIPT + element(some, 3, ' every="2"')
    assert ' nonce="abc"></script>' in render(board=some, csp_nonce="abc")


def test_only_who_may_join_sees_a_number(fill):
    (closed,), gone = boards(open_to_guests=False), uuid4()
    fill({closed: 2, gone: 1})
    assert render(board=closed) == SCRIPT + element(closed)
    assert render(board=closed, request=None) == SCRIPT + element(closed)
    assert render(board=gone) == SCRIPT + element(gone)
    ada = User.objects.create(username="ada")
    assert render(board=closed, user=ada) == SCRIPT + element(closed, 2)


def test_each_page_has_the_script_once_also_with_parts(fill):
    made = boards(3)
    fill({made[1]: 1})
    page = Template(
        LOAD + "{% for board in boards %}{% include part with board=board only %}"
        "{% include part %}{% endfor %}"
    )
    for _ in range(2):
        html = page.render(Context({"boards": made, "part": Template(LOAD + TAG)}))
        assert html.startswith(SCRIPT + "<presence-count")
        assert (html.count("<script"), html.count("<presence-count")) == (1, 6)


def test_a_list_is_asked_for_by_the_hundred(fill):
    made = boards(250)
    requests = fill({made[249]: 1, made[0]: 2})
    with CaptureQueriesContext(connection) as queries:
        html = render(LIST, boards=made)
    assert html.startswith(SCRIPT + element(made[0], 2))
    assert html.endswith(element(made[249], 1))
    assert len(re.findall(">0<", html)) == 248
    assert (len(queries), [*map(len, requests)]) == (3, [100, 100, 50])


async def test_on_an_event_loop_the_number_is_left_to_the_script(fill, board):
    fill({board: 1})
    assert render(board=board) == SCRIPT + element(board)


class TestThePageComesFirst:
    def test_switched_off(self, fill, configure):
        (board,) = boards()
        fill({board: 1})
        configure(ENABLED=False)
        assert render(board=board) == element(board)

    def test_after_a_failure_pages_do_not_ask_for_a_while(self, fill, monkeypatch, caplog):
        asked = []

        def out(boards, within):
            asked.append(within)
            raise TryLater("the store is out of reach")

        made = boards(3)
        fill({made[0]: 1})
        with monkeypatch.context() as patch:
            patch.setattr(api, "counts", out)
            for _ in range(2):
                assert render(EACH, boards=made) == SCRIPT + "".join(map(element, made))
        assert len(asked) == 1
        assert caplog.text.count("page counts: not available") == 1
        assert render(board=made[0]) == SCRIPT + element(made[0])
        monkeypatch.setattr(page_counts.breaker, "_open_until", time.monotonic())
        assert render(board=made[0]) == SCRIPT + element(made[0], 1)

    def test_a_rule_that_hangs_hides_its_board_only(self, fill, monkeypatch):
        shown, hanging = boards(2)

        async def hangs(user, board):
            await asyncio.sleep(60 if board.pk == hanging else 0)
            return Decision.ALLOW

        fill({shown: 2, hanging: 3})
        monkeypatch.setattr(auth, "_authorize", lambda: hangs)
        html = render(LIST, boards=[shown, hanging])
        assert html == SCRIPT + element(shown, 2) + element(hanging)
        assert not page_counts.breaker.is_open, "one visitor's rule takes nobody else's numbers"

    def test_rules_leave_the_store_its_time(self, monkeypatch):
        now, for_rules, for_store = 0.0, [], []
        durations = iter([0.16, 0.16, 0.9])

        async def permitted(user, boards, deadline):
            nonlocal now
            for_rules.append(deadline - now)
            now += next(durations)
            return boards

        def counts(boards, within):
            for_store.append(within)
            return {}

        monkeypatch.setattr(page_counts, "monotonic", lambda: now)
        monkeypatch.setattr(page_counts, "permitted", permitted)
        monkeypatch.setattr(api, "counts", counts)
        page = PagePresence(AnonymousUser())
        assert [page.count(uuid4()) for _ in range(20)] == [None] * 20
        assert for_rules == pytest.approx([0.6, 0.44, 0.28]), "then the page has no time left"
        assert for_store == pytest.approx([0.84, 0.68, 0.2])

    def test_a_database_that_fails(self, fill, monkeypatch):
        """A transaction that is broken already, for example: it is this page's own."""

        def fail(boards):
            raise RuntimeError("on purpose")

        (board,) = boards()
        monkeypatch.setattr(auth, "find_boards", fail)
        assert PagePresence(AnonymousUser()).count(board) is None
        assert not page_counts.breaker.is_open

    def test_a_process_that_does_not_serve(self, caplog):
        (board,) = boards()
        assert render(board=board) == SCRIPT + element(board)
        assert "Without PRESENCE['REDIS_URL']" in caplog.text

    @pytest.mark.parametrize(
        ("board", "settings_"),
        [
            (uuid4(), {"PRESENCE": {"NOPE": 1}}),
            (uuid4(), {"ROOT_URLCONF": "presence_site.models"}),
        ],
        ids=["wrong settings", "a site without the view"],
    )
    def test_an_error_is_logged_and_renders_nothing(self, settings, board, settings_, caplog):
        for name, value in settings_.items():
            setattr(settings, name, value)
        assert render(board=board) == ""
        assert "presence_count: failed" in caplog.text
