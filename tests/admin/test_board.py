"""What staff may do on a board, from its page in the admin: a real Redis has the people."""

import json
import re
from typing import Any
from uuid import UUID

import pytest
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.test import Client

from presence import api
from presence_site.models import Board
from tests.admin.test_admin import Fill, boards, fill, picky, staff

pytestmark = pytest.mark.django_db(transaction=True)
__all__ = ["fill", "picky"]

ACTIONS = ("remove_person", "close_board", "reconnect_board")
KNOWN = ("view_board", *ACTIONS)
SAID = re.compile(r'<script id="presence-feed" type="application/json">(.*?)</script>')


def page(board: UUID) -> str:
    return f"/admin/presence_site/board/{board}/change/"


def act(client: Client, board: UUID, action: str, person: str = "") -> Any:
    """Do something as the page's script does."""
    return client.post(
        f"/admin/presence_site/board/{board}/presence/",
        {"action": action, "person": person},
        headers={"accept": "application/json"},
    )


def said(client: Client, board: UUID) -> Any:
    """Return what the board's page says to its script."""
    found = SAID.search(client.get(page(board)).content.decode())
    return None if found is None else json.loads(found[1])


@pytest.fixture
def board() -> UUID:
    return boards(1)[0]


def test_the_page_says_what_is_watched_and_what_may_be_done(client: Client, board: UUID) -> None:
    told = said(staff(client, *KNOWN, "view_user"), board)
    assert told["watch"] == {"site": "admin", "model": "presence_site.board", "board": str(board)}
    assert told["act"] == f"/admin/presence_site/board/{board}/presence/"
    assert told["may"] == ["remove", "close", "reopen", "reconnect"]
    assert told["account"] == "/admin/auth/user/__pk__/change/"
    assert told["feed"] == "/admin/presence_site/board/presence/feed/"
    assert told["texts"]["off board"] == "off board"


def test_accounts_that_may_not_be_viewed_have_no_link(client: Client, board: UUID) -> None:
    assert said(staff(client, *KNOWN), board)["account"] is None


def test_a_new_board_and_a_popup_have_no_panel(client: Client, board: UUID) -> None:
    signed_in = staff(client, *KNOWN, "add_board")
    for address in ("/admin/presence_site/board/add/", page(board) + "?_popup=1"):
        response = signed_in.get(address)
        assert response.status_code == 200
        assert SAID.search(response.content.decode()) is None


def test_a_form_with_errors_still_has_it(client: Client, board: UUID) -> None:
    response = staff(client, *KNOWN, "change_board").post(page(board), {"title": ""})
    assert b"errornote" in response.content
    assert SAID.search(response.content.decode()) is not None


def test_remove(client: Client, fill: Fill, board: UUID) -> None:
    fill({board: 2})
    answer = act(staff(client, *KNOWN), board, "remove", "guest:1").json()
    assert answer == {"message": "Removed Guest 1 (guest:1): 1 tab closed.", "level": "success"}
    assert [person.key for person in api.people(board)] == ["guest:0"]
    entry = LogEntry.objects.get()
    assert (entry.object_id, entry.user.get_username()) == (str(board), "stan")
    assert "Guest 1" in entry.get_change_message()


def test_close_and_reopen(client: Client, fill: Fill, board: UUID) -> None:
    signed_in = staff(client, *KNOWN)
    assert act(signed_in, board, "close").json()["level"] == "success"
    assert api.is_closed(board)
    act(signed_in, board, "reopen")
    assert not api.is_closed(board)
    act(signed_in, board, "reconnect")
    assert LogEntry.objects.count() == 3


def test_what_is_no_action_does_nothing(client: Client, fill: Fill, board: UUID) -> None:
    signed_in = staff(client, *KNOWN)
    for person in ("", "x" * 201):
        assert act(signed_in, board, "remove", person).status_code == 400
    assert act(signed_in, board, "burn").status_code == 400
    assert signed_in.get(f"/admin/presence_site/board/{board}/presence/").status_code == 405
    assert not LogEntry.objects.exists()


def test_a_forged_post_does_nothing(fill: Fill, board: UUID) -> None:
    signed_in = staff(Client(enforce_csrf_checks=True), *KNOWN)
    assert act(signed_in, board, "close").status_code == 403
    assert not api.is_closed(board)


@pytest.mark.parametrize("permission", ACTIONS)
def test_each_action_has_a_permission_of_its_own(
    client: Client, fill: Fill, board: UUID, permission: str
) -> None:
    fill({board: 1})
    signed_in = staff(client, "view_board", "change_board", permission)
    allowed = {
        "remove_person": ["remove"],
        "close_board": ["close", "reopen"],
        "reconnect_board": ["reconnect"],
    }[permission]
    assert said(signed_in, board)["may"] == allowed
    for action in ("remove", "close", "reopen", "reconnect"):
        status = act(signed_in, board, action, "guest:0").status_code
        assert status == (200 if action in allowed else 403)


def test_who_may_not_view_a_board_may_not_act_on_it(
    client: Client, fill: Fill, picky: None
) -> None:
    signed_in = staff(client, *KNOWN)
    secret, hidden = (Board.objects.create(title=title).pk for title in ("Secret", "Hidden"))
    assert act(signed_in, secret, "close").status_code == 403
    assert act(signed_in, hidden, "close").status_code == 404
    assert not api.is_closed(secret)
    assert not api.is_closed(hidden)


def test_others_may_do_nothing(client: Client, fill: Fill, board: UUID) -> None:
    assert act(client, board, "close").status_code == 302
    client.force_login(User.objects.create(username="visitor"))
    assert act(client, board, "close").status_code == 302
    assert not api.is_closed(board)


UNKNOWN = "It is not known whether this was done: look, or try again."


def test_the_page_is_there_when_the_store_is_not(
    client: Client, settings: Any, board: UUID
) -> None:
    settings.PRESENCE = {**settings.PRESENCE, "REDIS_URL": "redis://127.0.0.1:1/0"}
    signed_in = staff(client, *KNOWN)
    assert signed_in.get(page(board)).status_code == 200
    assert act(signed_in, board, "close").json() == {"message": UNKNOWN, "level": "error"}
    assert "Tried to close it" in LogEntry.objects.get().get_change_message()


def test_what_may_have_been_done_is_written_down(
    client: Client, fill: Fill, board: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such as where only the answer was lost."""
    remove = api.remove

    def remove_and_lose_the_answer(*asked: Any) -> int:
        remove(*asked)
        raise api.TryLater("the answer was lost")

    fill({board: 1})
    monkeypatch.setattr(api, "remove", remove_and_lose_the_answer)
    assert act(staff(client, *KNOWN), board, "remove", "guest:0").json()["message"] == UNKNOWN
    assert "Tried to remove somebody: guest:0" in LogEntry.objects.get().get_change_message()


def test_a_process_that_can_do_nothing_says_why_in_its_log(
    client: Client, board: UUID, caplog: pytest.LogCaptureFixture
) -> None:
    answer = act(staff(client, *KNOWN), board, "close").json()
    assert answer == {"message": "Not done.", "level": "error"}
    assert "Without PRESENCE['REDIS_URL']" in caplog.text
    assert not LogEntry.objects.exists()


def test_where_presence_is_off_the_page_is_the_admins_own(
    client: Client, settings: Any, board: UUID
) -> None:
    settings.PRESENCE = {**settings.PRESENCE, "ENABLED": False}
    assert said(staff(client, *KNOWN), board) is None


def test_who_may_view_this_very_board_is_told_of_it(
    client: Client, fill: Fill, board: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As admins have it that know permissions for objects only."""
    fill({board: 1})
    other = boards(1)[0]
    kind = type(admin.site.get_model_admin(Board))
    may = lambda self, request, obj=None: obj is not None and obj.pk == board  # noqa: E731
    monkeypatch.setattr(kind, "has_view_permission", may)
    signed_in = staff(client, *ACTIONS)
    feed = "/admin/presence_site/board/presence/feed/"
    told = signed_in.get(feed, {"board": str(board)}).json()["board"]
    assert [person["name"] for person in told["people"].values()] == ["Guest 0"]
    assert signed_in.get(feed, {"board": str(other)}).status_code == 403
    plot = "/admin/presence/overview/history/"
    assert signed_in.get(plot, {"board": str(board)}).status_code == 200
    assert signed_in.get(plot, {"board": str(other)}).status_code == 404


@pytest.mark.parametrize("permission", ["view_user", ""])
def test_what_accounts_are_called_is_for_who_may_view_them(
    client: Client, fill: Fill, board: UUID, permission: str
) -> None:
    ada = User.objects.create(username="ada@example.com")
    fill({board: 1}, f"user:{ada.pk}")
    signed_in = staff(client, "view_board", permission)
    answer = signed_in.get("/admin/presence_site/board/presence/feed/", {"board": str(board)})
    (person,) = answer.json()["board"]["people"].values()
    known = {"pk": str(ada.pk), "name": "ada@example.com"}
    assert person["account"] == (known if permission else dict.fromkeys(known))
    assert ("ada@" in answer.content.decode()) == bool(permission)
