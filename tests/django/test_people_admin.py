"""The admin's page with the people of a board: a real Redis has them."""

from typing import Any
from uuid import UUID

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.test import Client

from presence import api
from presence_site.models import Board
from tests.django.test_admin import Fill, boards, fill, picky, staff

pytestmark = pytest.mark.django_db(transaction=True)
__all__ = ["fill", "picky"]

KNOWN = ("view_board", "change_board")


def page(board: UUID, query: str = "") -> str:
    return f"/admin/presence_site/board/{board}/presence/{query}"


@pytest.fixture
def board() -> UUID:
    return boards(1)[0]


def told(client: Client, board: UUID) -> Any:
    return client.get(page(board, "?format=json")).json()


def test_who_is_there(client: Client, fill: Fill, board: UUID) -> None:
    ada = User.objects.create(username="ada")
    fill({board: 1})
    fill({board: 1}, f"user:{ada.pk}")
    signed_in = staff(client, *KNOWN)
    guest, account = told(signed_in, board)["people"]
    assert (guest["key"], guest["account"], guest["url"]) == ("guest:0", "guest", "")
    assert (account["account"], account["url"]) == ("ada", f"/admin/auth/user/{ada.pk}/change/")
    assert (guest["tabs"], guest["state"], guest["processes"]) == ("1", "–", "here")
    shown = signed_in.get(page(board)).content.decode()
    assert ">Guest 0</th>" in shown
    assert 'value="remove"' in shown
    assert (
        page(board) in signed_in.get(f"/admin/presence_site/board/{board}/change/").content.decode()
    )


def test_remove(client: Client, fill: Fill, board: UUID) -> None:
    fill({board: 2})
    asked = {"action": "remove", "person": "guest:1"}
    answer = staff(client, *KNOWN).post(page(board), asked, follow=True)
    assert "Removed Guest 1 (guest:1): 1 tab closed." in answer.content.decode()
    assert [person.key for person in api.people(board)] == ["guest:0"]
    entry = LogEntry.objects.get()
    assert (entry.object_id, entry.user.get_username()) == (str(board), "stan")
    assert "Guest 1" in entry.get_change_message()


def test_close_and_reopen(client: Client, fill: Fill, board: UUID) -> None:
    signed_in = staff(client, *KNOWN)
    signed_in.post(page(board), {"action": "close"})
    assert api.is_closed(board)
    assert told(signed_in, board)["closed"]
    signed_in.post(page(board), {"action": "reopen"})
    assert not api.is_closed(board)
    signed_in.post(page(board), {"action": "reconnect"})
    assert LogEntry.objects.count() == 3


def test_what_is_no_action_does_nothing(client: Client, fill: Fill, board: UUID) -> None:
    signed_in = staff(client, *KNOWN)
    for person in ("", "x" * 201):
        asked = {"action": "remove", "person": person}
        assert signed_in.post(page(board), asked).status_code == 400
    assert signed_in.post(page(board), {"action": "burn"}).status_code == 400
    assert not LogEntry.objects.exists()


def test_a_forged_post_does_nothing(fill: Fill, board: UUID) -> None:
    signed_in = staff(Client(enforce_csrf_checks=True), *KNOWN)
    assert signed_in.post(page(board), {"action": "close"}).status_code == 403
    assert not api.is_closed(board)


def test_who_may_only_view_sees_no_actions_and_may_not_act(
    client: Client, fill: Fill, board: UUID
) -> None:
    fill({board: 1})
    signed_in = staff(client, "view_board")
    assert b'name="action"' not in signed_in.get(page(board)).content
    assert signed_in.post(page(board), {"action": "close"}).status_code == 403
    assert not api.is_closed(board)


def test_others_get_nothing(client: Client, fill: Fill, board: UUID, picky: None) -> None:
    for query in ("", "?format=json"):
        assert client.get(page(board, query)).status_code == 302
    client.force_login(User.objects.create(username="visitor"))
    assert client.get(page(board, "?format=json")).status_code == 302
    signed_in = staff(client, *KNOWN)
    secret, hidden = (Board.objects.create(title=title).pk for title in ("Secret", "Hidden"))
    assert signed_in.get(page(secret)).status_code == 403
    assert signed_in.get(page(hidden)).status_code == 404
    assert signed_in.post(page(hidden), {"action": "close"}).status_code == 404


def test_the_page_is_there_when_the_store_is_not(
    client: Client, settings: Any, board: UUID
) -> None:
    settings.PRESENCE = {**settings.PRESENCE, "REDIS_URL": "redis://127.0.0.1:1/0"}
    signed_in = staff(client, *KNOWN)
    assert signed_in.get(page(board)).status_code == 200
    assert signed_in.get(page(board, "?format=json")).status_code == 503
    answer = signed_in.post(page(board), {"action": "close"}, follow=True)
    assert "Not done: try again later." in answer.content.decode()
    assert not LogEntry.objects.exists()
