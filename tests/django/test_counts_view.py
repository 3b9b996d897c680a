"""The view of counts: of which boards it tells whom, and what it costs."""

import logging
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.test import AsyncClient, Client
from django.test.utils import CaptureQueriesContext

from presence.auth import Decision
from presence.page_counts import MAX_BOARDS
from presence.runtime import current_hub
from presence_site.models import Board
from tests.support.admin import Fill, fill, link_trips

pytestmark = pytest.mark.django_db(transaction=True)
__all__ = ["fill"]

URL = "/presence/counts/"


def make(number: int = 1, **how: Any) -> list[UUID]:
    made = [Board(**{"title": "Plans", "open_to_guests": True, **how}) for _ in range(number)]
    return [board.pk for board in Board.objects.bulk_create(made)]


def ask(client: Client, *boards: object) -> Any:
    return client.get(URL, {"board": boards})


async def pick(user: Any, board: Any) -> Decision:
    """Decide by the title."""
    return Decision[board.title]


def test_how_many_are_there(client: Client, fill: Fill) -> None:
    some, none = make(2)
    fill({some: 3})
    answer = ask(client, some, none, some)
    assert answer.json() == {"counts": {str(some): 3, str(none): 0}}
    assert "no-store" in answer["Cache-Control"]
    assert "Access-Control-Allow-Origin" not in answer


def test_a_board_that_one_may_not_see_is_as_one_that_does_not_exist(
    client: Client, fill: Fill
) -> None:
    (seen,), (closed,) = make(), make(open_to_guests=False)
    fill({seen: 1, closed: 2})
    assert ask(client, seen, closed, uuid4()).json() == {"counts": {str(seen): 1}}
    assert ask(client, closed).content == ask(client, uuid4()).content == b'{"counts": {}}'
    client.force_login(User.objects.create(username="ada"))
    assert ask(client, closed).json() == {"counts": {str(closed): 2}}


def test_the_rule_is_that_of_the_socket(client: Client, fill: Fill, settings: Any) -> None:
    settings.PRESENCE = {**settings.PRESENCE, "AUTHORIZE": f"{__name__}.pick"}
    boards = {decision: make(title=decision.name)[0] for decision in Decision}
    fill(dict.fromkeys(boards.values(), 1))
    told = ask(client, *boards.values()).json()["counts"]
    assert told == {str(boards[Decision.ALLOW]): 1}


def test_a_rule_that_fails_for_a_board_hides_that_board_only(
    client: Client, fill: Fill, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.PRESENCE = {**settings.PRESENCE, "AUTHORIZE": f"{__name__}.pick"}
    (good,), (bad,) = make(title="ALLOW"), make(title="nonsense")
    fill({good: 1, bad: 1})
    assert ask(client, bad, good).json() == {"counts": {str(good): 1}}
    assert "auth: rule failed" in caplog.text


@pytest.mark.parametrize("asynchronous", [True, False])
def test_the_boards_own_word(
    client: Client, fill: Fill, monkeypatch: pytest.MonkeyPatch, asynchronous: bool
) -> None:
    def decide(board: Any, user: Any) -> Decision:
        return Decision[board.title]

    async def decide_asynchronously(board: Any, user: Any) -> Decision:
        return Decision[board.title]

    decision = decide_asynchronously if asynchronous else decide
    monkeypatch.setattr(Board, "presence_decision", decision)
    (good,), (hidden,), (bad,) = (
        make(title="ALLOW"),
        make(title="NOT_FOUND"),
        make(title="nonsense"),
    )
    fill({good: 1, hidden: 1, bad: 1})
    assert ask(client, bad, hidden, good).json() == {"counts": {str(good): 1}}


def test_a_rule_that_is_not_there(client: Client, fill: Fill, settings: Any) -> None:
    (board,) = make()
    fill({board: 1})
    settings.PRESENCE = {**settings.PRESENCE, "AUTHORIZE": "nowhere.to_be.found"}
    assert unavailable(ask(client, board))


def test_nothing_is_asked_for_nothing(client: Client, fill: Fill) -> None:
    fill({})
    with CaptureQueriesContext(connection) as queries:
        assert ask(client).json() == {"counts": {}}
    assert not queries


@pytest.mark.parametrize("board", ["seven", "", "7", "00000000-0000-4000-8000-00000000000g"])
def test_what_is_no_board(client: Client, fill: Fill, board: str) -> None:
    answer = ask(client, make()[0], board)
    assert answer.status_code == 400
    assert answer.json() == {"error": "board takes a UUID"}


def test_at_most_a_hundred(client: Client, fill: Fill) -> None:
    boards = make(MAX_BOARDS)
    fill({})
    assert ask(client, *boards).json() == {"counts": {str(board): 0 for board in boards}}
    answer = ask(client, *boards, uuid4())
    assert answer.status_code == 400
    assert answer.json() == {"error": "100 boards at most"}


@pytest.mark.parametrize("method", ["post", "put", "delete"])
def test_it_is_only_asked(client: Client, method: str) -> None:
    assert getattr(client, method)(URL).status_code == 405


def test_queries_and_trips_are_as_many_for_any_number_of_boards(
    client: Client, fill: Fill, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.force_login(User.objects.create(username="ada"))
    trips = link_trips(monkeypatch)
    fill({})
    ask(client, *make())  # the scripts are loaded
    for number in (1, MAX_BOARDS):
        boards = make(number)
        trips.clear()
        with CaptureQueriesContext(connection) as queries:
            assert len(ask(client, *boards).json()["counts"]) == number
        # The session, the user, the boards.
        assert (len(queries), len(trips)) == (3, 1)


async def test_the_store_in_this_process(async_client: AsyncClient) -> None:
    board = await Board.objects.acreate(title="Plans", open_to_guests=True)
    hub = current_hub()
    answer: Any = await async_client.get(URL, {"board": board.pk})
    assert answer.json() == {"counts": {str(board.pk): 0}}
    await hub.close()


def unavailable(answer: Any) -> bool:
    said = answer.json()["error"] and "no-store" in answer["Cache-Control"]
    return bool(said and (answer.status_code, answer["Retry-After"]) == (503, "5"))


def test_a_store_that_is_out_of_reach(
    client: Client, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.PRESENCE = {**settings.PRESENCE, "REDIS_URL": "redis://127.0.0.1:1/0"}
    with caplog.at_level(logging.INFO):
        assert unavailable(ask(client, *make()))
    levels = {record.levelno for record in caplog.records if "not available" in record.message}
    assert levels == {logging.INFO}
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


def test_a_process_that_does_not_know(
    client: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def not_here(boards: Any) -> Any:
        raise ImproperlyConfigured("ask elsewhere")

    monkeypatch.setattr("presence.api.acounts", not_here)
    assert unavailable(ask(client, *make()))
    assert "ask elsewhere" in caplog.text


def test_switched_off(client: Client, fill: Fill, settings: Any) -> None:
    (board,) = make()
    fill({board: 1})
    settings.PRESENCE = {**settings.PRESENCE, "ENABLED": False}
    assert unavailable(ask(client, board))
