"""A board's page in the admin: its panel, what staff may do, and the topic of its people."""

import asyncio
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Event, current_thread
from typing import Any
from uuid import UUID, uuid4

import pytest
from asgiref.sync import async_to_sync
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.test import Client

from presence import api
from presence.admin import board as page
from presence.admin.board import BOARD, FETCHES_AT_ONCE, NAME_LIFETIME, AccountNames, ArrivalTimes
from presence.admin.poller import poll
from presence.admin.threads import in_request
from presence.server.people import Person, Scene
from presence_site.models import Board
from tests.support.admin import Fill, Log, Patch, Replace, fill, make_staff, page_config
from tests.support.waiting import DEADLINE

pytestmark = pytest.mark.django_db(transaction=True)
__all__ = ["fill"]

SignIn = Callable[..., Client]

ACTIONS = ("remove_person", "close_board", "reconnect_board")
ALL = ("view_board", *ACTIONS)
FEED = "/admin/presence_site/board/presence/feed/"
UNKNOWN = "It is not known whether this was done: look, or try again."


def url(board: UUID) -> str:
    return f"/admin/presence_site/board/{board}/change/"


def act(client: Client, board: UUID, action: str, person: str = "") -> Any:
    """Post an action as the page's script does."""
    posted = {"action": action, "person": person}
    return client.post(f"/admin/presence_site/board/{board}/presence/", posted)


def history() -> str:
    """Return the one entry in the history of boards."""
    return LogEntry.objects.get().get_change_message()


@pytest.fixture
def sign_in(client: Client) -> SignIn:
    """Signs in as staff with permissions, by their codenames."""

    def sign_in(*codenames: str, client: Client = client) -> Client:
        client.force_login(make_staff("stan", *codenames))
        return client

    return sign_in


@pytest.fixture
def staff(sign_in: SignIn) -> Client:
    """A client of staff who may take every action on the boards that they may view."""
    return sign_in(*ALL)


@pytest.fixture
def board() -> UUID:
    return Board.objects.create(title="Plans").pk


class TestPanel:
    @pytest.mark.parametrize("permission", ["view_user", ""])
    def test_its_script_knows_what_to_subscribe_to_and_what_may_be_done(
        self, sign_in: SignIn, board: UUID, permission: str
    ) -> None:
        config = page_config(sign_in(*ALL, permission).get(url(board)))
        watch = {"site": "admin", "model": "presence_site.board", "board": str(board)}
        assert config["watch"] == watch
        assert config["act"] == f"/admin/presence_site/board/{board}/presence/"
        assert config["may"] == ["remove", "close", "reopen", "reconnect"]
        assert config["account"] == ("/admin/auth/user/__pk__/change/" if permission else None)
        assert config["feed"] == FEED
        assert config["texts"].keys() > {"off board", "stale"}

    def test_a_new_board_and_a_popup_have_none(self, sign_in: SignIn, board: UUID) -> None:
        client = sign_in(*ALL, "add_board")
        for address in ("/admin/presence_site/board/add/", f"{url(board)}?_popup=1"):
            response = client.get(address)
            assert response.status_code == 200
            assert page_config(response) is None

    def test_a_form_with_errors_has_it(self, sign_in: SignIn, board: UUID) -> None:
        response = sign_in(*ALL, "change_board").post(url(board), {"title": ""})
        assert b"errornote" in response.content
        assert page_config(response) is not None

    def test_the_page_has_none_while_presence_is_switched_off(
        self, staff: Client, settings: Any, board: UUID
    ) -> None:
        settings.PRESENCE = {**settings.PRESENCE, "ENABLED": False}
        assert page_config(staff.get(url(board))) is None


class TestActions:
    def test_remove(self, staff: Client, fill: Fill, board: UUID) -> None:
        fill({board: 2})
        answer = act(staff, board, "remove", "guest:1").json()
        assert answer == {"message": "Removed Guest 1 (guest:1): 1 tab closed.", "level": "success"}
        assert [person.key for person in api.people(board)] == ["guest:0"]
        entry = LogEntry.objects.get()
        assert (entry.object_id, entry.user.get_username()) == (str(board), "stan")
        assert "Guest 1" in history()

    def test_close_reopen_and_reconnect(self, staff: Client, fill: Fill, board: UUID) -> None:
        for action, is_closed in (("close", True), ("reopen", False), ("reconnect", False)):
            assert act(staff, board, action).json()["level"] == "success"
            assert api.is_closed(board) == is_closed
        assert LogEntry.objects.count() == 3

    def test_malformed_requests_do_nothing(self, staff: Client, fill: Fill, board: UUID) -> None:
        for action, person in (("remove", ""), ("remove", "x" * 201), ("burn", "")):
            assert act(staff, board, action, person).status_code == 400
        assert staff.get(f"/admin/presence_site/board/{board}/presence/").status_code == 405
        assert not LogEntry.objects.exists()

    def test_a_forged_request_does_nothing(self, sign_in: SignIn, fill: Fill, board: UUID) -> None:
        client = sign_in(*ALL, client=Client(enforce_csrf_checks=True))
        assert act(client, board, "close").status_code == 403
        assert not api.is_closed(board)

    @pytest.mark.parametrize(
        ("permission", "allowed"),
        [
            ("remove_person", ["remove"]),
            ("close_board", ["close", "reopen"]),
            ("reconnect_board", ["reconnect"]),
        ],
    )
    def test_each_needs_its_own_permission(
        self, sign_in: SignIn, fill: Fill, board: UUID, permission: str, allowed: list[str]
    ) -> None:
        fill({board: 1})
        client = sign_in("view_board", "change_board", permission)
        assert page_config(client.get(url(board)))["may"] == allowed
        for action in ("remove", "close", "reopen", "reconnect"):
            status = act(client, board, action, "guest:0").status_code
            assert status == (200 if action in allowed else 403)

    def test_they_need_the_permission_to_view_this_board(
        self, staff: Client, fill: Fill, board: UUID, board_admin: Replace
    ) -> None:
        board_admin(has_view_permission=lambda self, request, obj=None: obj is None)
        assert act(staff, board, "close").status_code == 403
        board_admin(get_queryset=lambda self, request: Board.objects.none())
        assert act(staff, board, "close").status_code == 404
        assert not api.is_closed(board)

    def test_they_are_for_staff_only(self, client: Client, fill: Fill, board: UUID) -> None:
        assert act(client, board, "close").status_code == 302
        client.force_login(User.objects.create(username="visitor"))
        assert act(client, board, "close").status_code == 302
        assert not api.is_closed(board)

    def test_the_store_is_out_of_reach(self, staff: Client, settings: Any, board: UUID) -> None:
        settings.PRESENCE = {**settings.PRESENCE, "REDIS_URL": "redis://127.0.0.1:1/0"}
        assert staff.get(url(board)).status_code == 200
        assert act(staff, board, "close").json() == {"message": UNKNOWN, "level": "error"}
        assert "Tried to close it" in history()

    def test_an_answer_is_lost(
        self, staff: Client, fill: Fill, board: UUID, monkeypatch: Patch
    ) -> None:
        """What may have been done is in the history, too."""
        remove = api.remove

        def remove_and_lose_the_answer(*args: Any) -> int:
            remove(*args)
            raise api.TryLater("the answer was lost")

        fill({board: 1})
        monkeypatch.setattr(api, "remove", remove_and_lose_the_answer)
        assert act(staff, board, "remove", "guest:0").json()["message"] == UNKNOWN
        assert "Tried to remove somebody: guest:0" in history()

    def test_a_process_that_cannot_act_logs_why(
        self, staff: Client, board: UUID, caplog: Log
    ) -> None:
        answer = act(staff, board, "close").json()
        assert answer == {"message": "Not done.", "level": "error"}
        assert "this process cannot act on boards (action=close)" in caplog.text
        assert "PRESENCE['REDIS_URL']" in caplog.text
        assert not LogEntry.objects.exists()


class TestTopic:
    def test_it_needs_the_permission_for_this_board_only(
        self, sign_in: SignIn, fill: Fill, board: UUID, board_admin: Replace
    ) -> None:
        """Some sites have permissions for objects only."""
        fill({board: 1})
        other = Board.objects.create().pk
        board_admin(
            has_view_permission=lambda self, request, obj=None: obj is not None and obj.pk == board
        )
        client = sign_in(*ACTIONS)
        people = client.get(FEED, {"board": str(board)}).json()["board"]["people"]
        assert [person["name"] for person in people.values()] == ["Guest 0"]
        assert client.get(FEED, {"board": str(other)}).status_code == 403
        plot = "/admin/presence/overview/history/"
        assert client.get(plot, {"board": str(board)}).status_code == 200
        assert client.get(plot, {"board": str(other)}).status_code == 404

    @pytest.mark.parametrize("permission", ["view_user", ""])
    def test_names_of_accounts_need_the_permission_to_view_accounts(
        self, sign_in: SignIn, fill: Fill, board: UUID, permission: str, monkeypatch: Patch
    ) -> None:
        ada, threads = User.objects.create(username="ada@example.com"), []
        look_up = page._user_names
        monkeypatch.setattr(
            page, "_user_names", lambda keys: threads.append(current_thread()) or look_up(keys)
        )
        fill({board: 1}, f"user:{ada.pk}")
        answer = sign_in("view_board", permission).get(FEED, {"board": str(board)})
        (person,) = answer.json()["board"]["people"].values()
        account = {"pk": str(ada.pk), "name": "ada@example.com"}
        assert person["account"] == (account if permission else dict.fromkeys(account))
        assert ("ada@" in answer.content.decode()) == bool(permission)
        assert threads == ([current_thread()] if permission else []), "the request's own thread"

    async def test_one_failing_board_leaves_the_others(
        self, monkeypatch: Patch, caplog: Log
    ) -> None:
        async def fetch(query: str) -> str:
            if query == "broken":
                raise ValueError("on purpose")
            return query.upper()

        monkeypatch.setattr(page, "_fetch_board", fetch)
        for _ in range(2):
            values = await poll(BOARD, ["a", "broken", "c"])
            assert values == {"a": "A", "broken": None, "c": "C"}
        assert await poll(BOARD, ["broken"]) == {"broken": None}
        assert caplog.text.count("failed (error=on purpose)") == 1

    async def test_some_boards_are_fetched_at_the_same_time(self, monkeypatch: Patch) -> None:
        running, most = 0, 0

        async def fetch(query: int) -> int:
            nonlocal running, most
            running += 1
            most = max(most, running)
            await asyncio.sleep(0)
            running -= 1
            return query

        monkeypatch.setattr(page, "_fetch_board", fetch)
        assert await BOARD.fetch(range(100)) == {n: n for n in range(100)}
        assert most == FETCHES_AT_ONCE


class TestAccountNames:
    @staticmethod
    def get(names: AccountNames, *keys: str) -> Mapping[str, str]:
        with in_request():
            return async_to_sync(names.get)(keys)

    def test_names_are_cached_for_a_while(
        self, django_assert_num_queries: Any, monkeypatch: Patch
    ) -> None:
        ada, names = User.objects.create(username="ada"), AccountNames()
        with django_assert_num_queries(1):
            for _ in range(3):
                assert self.get(names, str(ada.pk), "0") == {str(ada.pk): "ada", "0": ""}
        User.objects.update(username="lovelace")
        assert self.get(names, str(ada.pk)) == {str(ada.pk): "ada"}
        monkeypatch.setattr(page, "NAME_LIFETIME", -NAME_LIFETIME)
        assert self.get(names, str(ada.pk)) == {str(ada.pk): "lovelace"}

    def test_accounts_that_cannot_be_looked_up_have_no_name(self, caplog: Log) -> None:
        assert self.get(AccountNames(), "no primary key") == {"no primary key": ""}
        assert "looking up account names failed" in caplog.text

    async def test_a_slow_database_delays_nobody(self, monkeypatch: Patch) -> None:
        asked: list[set[str]] = []
        answer = Event()

        def look_up(keys: Collection[str]) -> dict[str, str]:
            asked.append({*keys})
            assert answer.wait(DEADLINE)
            return dict.fromkeys(keys, "ada")

        monkeypatch.setattr(page, "_user_names", look_up)
        names = AccountNames()
        assert await names.get(["7"]) == {}
        assert await names.get(["8"]) == {}
        answer.set()
        assert names._lookup is not None
        await names._lookup
        assert await names.get(["7", "8"]) == {"7": "ada", "8": "ada"}
        assert asked == [{"7"}, {"8"}], "one lookup at a time"


class TestArrivalTimes:
    NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
    ADA = Person("user:7", "Ada", (1, 2, 3), "7", NOON, 1, None, ("here",))

    def test_the_first_measurement_stays(self) -> None:
        plans, notes = uuid4(), uuid4()
        times, noon = ArrivalTimes(), int(self.NOON.timestamp())
        for milliseconds in (0, 600, -900, 1_400):
            since = self.NOON + timedelta(milliseconds=milliseconds)
            assert times.get(plans, replace(self.ADA, since=since)) == noon
        later = replace(self.ADA, since=self.NOON + timedelta(seconds=9))
        assert times.get(notes, later) == noon + 9
        assert times.get(plans, later) == noon + 9

    def test_the_cache_is_bounded(self, monkeypatch: Patch) -> None:
        monkeypatch.setattr(page, "MAX_CACHED", 3)
        times, board = ArrivalTimes(), uuid4()
        for n in range(10):
            times.get(board, replace(self.ADA, key=f"guest:{n}"))
        assert len(times._times) <= 3


async def test_a_board_that_shows_counts_only_has_no_rows(monkeypatch: Patch) -> None:
    nameless = Person("user:7", "", (1, 2, 3), "7", datetime.now(UTC), 1, None, ("here",))

    async def scene(board: UUID, within: float) -> Scene:
        return Scene([nameless, replace(nameless, key="guest:1", account=None)], {}, closed=False)

    monkeypatch.setattr(page.api, "ascene", scene)
    shown = await page._fetch_board(page.BoardQuery(uuid4(), accounts=True))
    assert shown == {"closed": False, "hidden": 2, "people": {}, "cursors": {}}
