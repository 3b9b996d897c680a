"""`{% presence_count %}`: a number for those who may see it, and a page that comes in any case."""

import asyncio
import re
import time
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.db import connection
from django.template import Context, Template
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext

from presence import api, auth, page_counts
from presence.auth import Decision
from presence_site.models import Board
from tests.support.admin import Fill, fill, link_trips
from tests.support.own import close_own
from tests.support.redis import run_redis

pytestmark = pytest.mark.django_db(transaction=True)
__all__ = ["fill"]

LOAD = "{% load presence %}"
TAG = "{% presence_count board %}"
SCRIPT = '<script type="module" src="/static/presence/count.js"></script>'
LIST = "{% for board in boards %}{% presence_count board among=boards %}{% endfor %}"


@pytest.fixture(autouse=True)
def rested(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have no trouble of an earlier test to rest from."""
    monkeypatch.setattr(page_counts, "breaker", page_counts.Breaker())


def board(**how: Any) -> Board:
    return Board.objects.create(**{"title": "Plans", "open_to_guests": True, **how})


def render(text: str = TAG, user: Any = None, **context: Any) -> str:
    request = RequestFactory().get("/")
    request.user = user or AnonymousUser()
    return Template(LOAD + text).render(Context({"request": request, **context}))


def element(of: Board | UUID | str, people: int | None = None, more: str = "") -> str:
    uuid = getattr(of, "pk", of)
    count = "" if people is None else f' count="{people}"'
    shown = "" if people is None else people
    return (
        f'<presence-count board="{uuid}" endpoint="/presence/counts/"{count}{more}>'
        f"{shown}</presence-count>"
    )


def test_a_script_and_an_element(fill: Fill) -> None:
    shown = board()
    fill({shown.pk: 3})
    expected = SCRIPT + element(shown, 3)
    assert render(board=shown) == render(board=shown.pk) == render(board=str(shown.pk)) == expected


def test_nobody_is_a_number_too(fill: Fill) -> None:
    shown = board()
    fill({})
    assert render(board=shown) == SCRIPT + element(shown, 0)


def test_how_often(fill: Fill) -> None:
    shown = board()
    fill({})
    html = render("{% presence_count board every=2 %}", board=shown)
    assert html == SCRIPT + element(shown, 0, ' every="2"')


def test_a_board_that_one_may_not_come_onto_has_no_number(fill: Fill) -> None:
    closed, gone = board(open_to_guests=False), uuid4()
    fill({closed.pk: 2, gone: 1})
    assert render(board=closed) == SCRIPT + element(closed)
    assert render(board=gone) == SCRIPT + element(gone)
    ada = User.objects.create(username="ada")
    assert render(board=closed, user=ada) == SCRIPT + element(closed, 2)


def test_nobody_whom_it_is_for_sees_no_number(fill: Fill) -> None:
    shown = board()
    fill({shown.pk: 2})
    assert render(board=shown, request=None) == SCRIPT + element(shown)


def test_the_script_comes_once_also_with_parts_of_the_page(fill: Fill) -> None:
    boards = [board() for _ in range(3)]
    fill({boards[1].pk: 1})
    part = Template(LOAD + TAG)
    text = (
        "{% for board in boards %}{% include part with board=board only %}{% endfor %}"
        "{% for board in boards %}{% include part %}{% endfor %}"
    )
    html = render(text, boards=boards, part=part)
    assert html.count("<script") == 1
    assert html.startswith(SCRIPT + "<presence-count")
    assert html.count("<presence-count") == 6


def test_each_page_has_its_script(fill: Fill) -> None:
    shown = board()
    fill({})
    page = Template(LOAD + TAG)
    for _ in range(2):
        assert page.render(Context({"board": shown})).count("<script") == 1


def test_the_numbers_of_a_list_are_asked_for_once(
    fill: Fill, monkeypatch: pytest.MonkeyPatch
) -> None:
    trips = link_trips(monkeypatch)
    boards = [board() for _ in range(30)]
    fill({each.pk: n % 3 for n, each in enumerate(boards)})
    render(boards=boards, board=boards[0])  # the scripts are loaded
    trips.clear()
    with CaptureQueriesContext(connection) as queries:
        html = render(LIST, boards=boards)
    assert html == SCRIPT + "".join(element(each, n % 3) for n, each in enumerate(boards))
    assert (len(queries), len(trips)) == (1, 1)


def test_a_list_of_hundreds_is_asked_for_by_the_hundred(fill: Fill) -> None:
    made = Board.objects.bulk_create(Board(title="x", open_to_guests=True) for _ in range(250))
    fill({made[249].pk: 1})
    with CaptureQueriesContext(connection) as queries:
        html = render(LIST, boards=made)
    assert html.endswith(element(made[249], 1))
    assert len(re.findall(">0<", html)) == 249
    assert len(queries) == 3


def test_a_nonce_is_put_on_the_script(fill: Fill) -> None:
    fill({})
    assert ' nonce="abc"></script>' in render(board=board(), csp_nonce="abc")


async def test_on_an_event_loop_the_number_is_left_to_the_script(fill: Fill) -> None:
    shown = await Board.objects.acreate(title="Plans", open_to_guests=True)
    assert render(board=shown) == SCRIPT + element(shown)


async def slow(user: Any, board: Any) -> Decision:
    await asyncio.sleep(60 if board.title == "Slow" else 0)
    return Decision.ALLOW


asked: list[UUID] = []


async def blocks(user: Any, board: Any) -> Decision:
    """It is async, and waits all the same."""
    asked.append(board.pk)
    time.sleep(0.1)  # noqa: ASYNC251 (what a site should not do, and may)
    return Decision.ALLOW


async def leisurely(user: Any, board: Any) -> Decision:
    await asyncio.sleep(0.15)
    return Decision.ALLOW


class TestThePageComesFirst:
    def test_switched_off(self, fill: Fill, settings: Any) -> None:
        shown = board()
        fill({shown.pk: 1})
        settings.PRESENCE = {**settings.PRESENCE, "ENABLED": False}
        assert render(board=shown) == element(shown)

    def test_a_store_that_is_out_of_reach(
        self, settings: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        settings.PRESENCE = {**settings.PRESENCE, "REDIS_URL": "redis://127.0.0.1:1/0"}
        boards = [board() for _ in range(3)]
        assert render("{% for board in boards %}" + TAG + "{% endfor %}", boards=boards) == (
            SCRIPT + "".join(map(element, boards))
        )
        assert caplog.text.count("pages show none") == 1

    def test_a_store_that_hangs(
        self, settings: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(page_counts, "PAGE_TIMEOUT", 0.2)
        monkeypatch.setattr(page_counts, "STORE_TIMEOUT", 0.04)
        boards = [board() for _ in range(50)]
        each = "{% for board in boards %}" + TAG + "{% endfor %}"
        with run_redis(tmp_path) as redis:
            settings.PRESENCE = {**settings.PRESENCE, "REDIS_URL": redis.url}
            assert render(board=boards[0]) == SCRIPT + element(boards[0], 0)
            redis.pause()
            begin = time.monotonic()
            for _ in range(3):
                assert render(each, boards=boards) == SCRIPT + "".join(map(element, boards))
            # What one page waited for the next ones don't. The store's own patience is 2 s.
            assert time.monotonic() - begin < 1.5
            redis.resume()
            page_counts.breaker.works()
            assert render(board=boards[0]) == SCRIPT + element(boards[0], 0)
            close_own()

    def test_a_rule_that_hangs(
        self, fill: Fill, settings: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        shown, hanging = board(), board(title="Slow")
        fill({shown.pk: 2, hanging.pk: 3})
        settings.PRESENCE = {**settings.PRESENCE, "AUTHORIZE": f"{__name__}.slow"}
        html = render(LIST, boards=[shown, hanging])
        assert html == SCRIPT + element(shown, 2) + element(hanging), "what was said in time"
        assert not page_counts.breaker.is_open, "one visitor's rule takes nobody else's numbers"

    def test_a_rule_that_is_async_and_waits_all_the_same(self, fill: Fill, settings: Any) -> None:
        boards = [board() for _ in range(40)]
        fill({})
        settings.PRESENCE = {**settings.PRESENCE, "AUTHORIZE": f"{__name__}.blocks"}
        asked.clear()
        html = render(LIST, boards=boards)
        assert 1 <= len(asked) <= 10
        counts = [element(each, 0 if each.pk in asked else None) for each in boards]
        assert html == SCRIPT + "".join(counts)
        assert not page_counts.breaker.is_open

    def test_one_who_cannot_be_asked_about(
        self, fill: Fill, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A transaction that is broken already, for example: it is this page's own."""

        def fail() -> None:
            raise RuntimeError("on purpose")

        shown = board()
        fill({})
        monkeypatch.setattr(auth, "board_model", fail)
        assert render(board=shown) == SCRIPT + element(shown)
        assert not page_counts.breaker.is_open

    def test_a_rule_that_is_slow_and_not_async(
        self, fill: Fill, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        asked: list[Any] = []

        def slowly(board: Any, user: Any) -> Decision:
            asked.append(board.pk)
            time.sleep(0.1)
            return Decision.ALLOW

        monkeypatch.setattr(page_counts, "PAGE_TIMEOUT", 0.25)
        monkeypatch.setattr(page_counts, "STORE_TIMEOUT", 0.05)
        monkeypatch.setattr(Board, "presence_decision", slowly)
        boards = [board() for _ in range(20)]
        fill({})
        html = render("{% for board in boards %}" + TAG + "{% endfor %}", boards=boards)
        assert len(asked) <= 4
        assert html.count("presence-count") >= 20
        assert not page_counts.breaker.is_open

    def test_what_a_slow_rule_said_in_time_is_shown(
        self, fill: Fill, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def slowly(board: Any, user: Any) -> Decision:
            time.sleep(0.1)
            return Decision.ALLOW

        monkeypatch.setattr(Board, "presence_decision", slowly)
        boards = [board() for _ in range(40)]
        fill({each.pk: 1 for each in boards})
        began = time.monotonic()
        html = render(LIST, boards=boards)
        assert time.monotonic() - began < 2, "40 rules take 4 s"
        assert 1 <= html.count('count="1"') <= 10

    def test_rules_leave_the_store_its_time(
        self, fill: Fill, settings: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        given: list[float] = []

        def out_of_time(boards: Any, within: float) -> dict[UUID, int]:
            given.append(within)
            return {}

        monkeypatch.setattr(api, "counts", out_of_time)
        shown = [board() for _ in range(20)]
        settings.PRESENCE = {**settings.PRESENCE, "AUTHORIZE": f"{__name__}.leisurely"}
        render("{% for board in boards %}" + TAG + "{% endfor %}", boards=shown)
        assert 2 <= len(given) < 10
        assert min(given) >= page_counts.STORE_TIMEOUT

    def test_a_process_that_does_not_know(self, caplog: pytest.LogCaptureFixture) -> None:
        shown = board()
        assert render(board=shown) == SCRIPT + element(shown)
        assert "Without PRESENCE['REDIS_URL']" in caplog.text

    @pytest.mark.parametrize("wrong", [None, "nonsense", 7])
    def test_what_is_no_board(self, wrong: Any, caplog: pytest.LogCaptureFixture) -> None:
        assert render(board=wrong) == ""
        assert "presence_count: failed" in caplog.text

    def test_even_wrong_settings(self, settings: Any, caplog: pytest.LogCaptureFixture) -> None:
        shown = board()
        settings.PRESENCE = {"NOPE": 1}
        assert render(board=shown) == ""
        assert "presence_count: failed" in caplog.text

    def test_a_site_without_the_view(self, settings: Any, caplog: pytest.LogCaptureFixture) -> None:
        shown = board()
        settings.ROOT_URLCONF = "tests.django.test_count_tag"
        assert render(board=shown) == ""
        assert "presence_count: failed" in caplog.text


urlpatterns: list[Any] = []
