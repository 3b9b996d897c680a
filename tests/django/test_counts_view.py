"""`/presence/counts/`: who gets which counts, and what a request costs."""

import logging
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.test.utils import CaptureQueriesContext

from presence.page_counts import MAX_BOARDS
from presence.protocol.errors import TryLater
from presence.runtime import current_hub
from tests.django.conftest import boards

pytestmark = pytest.mark.django_db(transaction=True)

URL = "/presence/counts/"


def ask(client, *asked):
    return client.get(URL, {"board": asked})


def test_how_many_are_there(client, fill):
    some, none = boards(2)
    fill({some: 3})
    answer = ask(client, some, none, some)
    assert answer.json() == {"counts": {str(some): 3, str(none): 0}}
    assert "no-store" in answer["Cache-Control"]
    assert "Access-Control-Allow-Origin" not in answer


def test_a_board_that_one_may_not_join_looks_like_none(client, fill):
    (seen,), (closed,) = boards(), boards(open_to_guests=False)
    fill({seen: 1, closed: 2})
    assert ask(client, seen, closed, uuid4()).json() == {"counts": {str(seen): 1}}
    assert ask(client, closed).content == ask(client, uuid4()).content == b'{"counts": {}}'
    client.force_login(User.objects.create(username="ada"))
    assert ask(client, closed).json() == {"counts": {str(closed): 2}}


@pytest.mark.parametrize("board", ["", "7", "auth.user:7", "00000000-0000-4000-8000-00000000000g"])
def test_what_is_no_board_is_named_and_does_not_hide_the_others(client, fill, board):
    (some,) = boards()
    fill({some: 3})
    answer = ask(client, some, board)
    assert answer.json()["counts"] == {str(some): 3}
    (error,) = answer.json()["errors"]
    assert f"'{board}' is no board" in error


def test_more_than_a_hundred(client):
    answer = ask(client, *(uuid4() for _ in range(MAX_BOARDS + 1)))
    assert (answer.status_code, answer.json()) == (400, {"error": "100 boards at most"})


@pytest.mark.parametrize("method", ["post", "put", "delete"])
def test_other_methods(client, method):
    assert getattr(client, method)(URL).status_code == 405


@pytest.mark.parametrize(("number", "queries", "trips"), [(0, 2, 0), (1, 3, 1), (MAX_BOARDS, 3, 1)])
def test_what_a_request_costs(client, fill, number, queries, trips):
    client.force_login(User.objects.create(username="ada"))
    requests, made = fill({}), boards(number)
    with CaptureQueriesContext(connection) as captured:
        assert ask(client, *made).json() == {"counts": dict.fromkeys(map(str, made), 0)}
    # The session and the user, then the boards.
    assert (len(captured), len(requests)) == (queries, trips)


async def test_on_the_loop_that_serves(async_client, board):
    hub = current_hub()
    answer = await async_client.get(URL, {"board": board})
    assert answer.json() == {"counts": {str(board): 0}}
    await hub.close()


@pytest.mark.parametrize("error", [TryLater("out of reach"), ImproperlyConfigured("not here")])
def test_a_store_that_is_out_of_reach(client, monkeypatch, caplog, error):
    async def fail(boards):
        raise error

    monkeypatch.setattr("presence.api.acounts", fail)
    with caplog.at_level(logging.INFO):
        assert is_unavailable(ask(client, *boards()))
    (record,) = (record for record in caplog.records if str(error) in record.getMessage())
    assert record.levelno == logging.INFO, "open pages poll"
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


def test_boards_of_a_model_that_does_not_exist(client, configure):
    """Open pages ask about their boards every few seconds."""
    configure(BOARDS=["no.Such"], BOARD_MODEL="")
    assert is_unavailable(ask(client, "auth.group:1"))


def test_switched_off(client, configure):
    configure(ENABLED=False)
    assert is_unavailable(ask(client, *boards()))


def is_unavailable(answer):
    told = answer.json()["error"] and "no-store" in answer["Cache-Control"]
    return bool(told and (answer.status_code, answer["Retry-After"]) == (503, "5"))
