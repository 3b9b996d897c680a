"""What others are told when a page is loaded again, changes, or leaves: PROTOCOL.md, "Leaving".

Pages whose content is swapped are in test_swaps.py.
"""

from pathlib import Path
from uuid import uuid4

import pytest

from presence.protocol.messages import States, UserJoined, UserLeft
from tests.support.browser import Tap
from tests.support.clients import Guest, Invite, inviting
from tests.support.server import Server, serve, with_settings
from tests.support.waiting import DEADLINE

ELEMENT = "document.querySelector('presence-overlay')"
OPEN = "presence-overlay [data-status=open]"

MOVE = f"document.body.prepend({ELEMENT})"
TAKE_OFF_AND_PUT_BACK = f"{{ const one = {ELEMENT}; one.remove(); document.body.append(one); }}"

RENAME = f"{ELEMENT}.setAttribute('name', 'Robert')"


class Watched:
    """A guest's page on a board, and what Ada is told of its user."""

    def __init__(self, tap: Tap, ada: Guest, url: str) -> None:
        self.tap = tap
        self.page = tap.page
        self.client = ada.client
        self.until = ada.until
        self.page.goto(url)
        self.until(lambda: self.client.others, "the page's user")
        (self.user,) = self.client.others
        _, self._color = self.client.view.users[self.user]
        self._seen = len(self.client.messages)

    @property
    def told(self) -> list[str]:
        """The comings and goings of anybody, and the states of the page's user."""
        found = []
        for message in self.client.messages[self._seen :]:
            if isinstance(message, UserJoined):
                found.append(f"joined: {message.name}")
            elif isinstance(message, UserLeft):
                found.append("left")
            elif isinstance(message, States):
                found += [state.name for user, state in message.states if user == self.user]
        return found

    def until_told(self, *what: str) -> None:
        """Wait until Ada was told this and nothing else."""
        self.until(lambda: self.told == [*what], f"{what} and not {self.told}")

    def is_the_same(self) -> bool:
        """Whether the page has the user id and the colour that it began with."""
        self.page.locator(OPEN).wait_for(state="attached")
        own = self.page.evaluate(f"{ELEMENT}.client.self")
        return (own["user"], tuple(own["color"])) == (self.user, self._color)


@pytest.fixture(scope="module")
def site(environment: dict[str, str]) -> dict[str, str]:
    """A site that lets a slow machine load its pages again before the grace ends."""
    return with_settings(environment, PRESENCE={"RELOAD_GRACE": DEADLINE})


@pytest.fixture
def watched(tap: Tap, server: Server, board: str, invite: Invite) -> Watched:
    """A page beside Ada."""
    return Watched(tap, invite("Ada"), server.page(board))


def test_a_page_that_is_loaded_again_is_away_for_a_moment(watched: Watched) -> None:
    watched.page.reload()
    watched.until_told("AWAY", "ACTIVE")
    assert watched.is_the_same()
    assert (watched.told, watched.client.count) == (["AWAY", "ACTIVE"], 2)


def test_a_tab_that_is_closed_is_away_and_then_left(
    tap: Tap, environment: dict[str, str], board: str, tmp_path: Path
) -> None:
    with serve(tmp_path, environment) as server, inviting(server, board) as invite:
        watched = Watched(tap, invite("Ada"), server.page(board))
        watched.page.close()
        watched.until_told("AWAY")
        assert watched.client.count == 2, "the person still counts"
        watched.until_told("AWAY", "left")


@pytest.mark.parametrize("how", [f"{ELEMENT}.remove()", f"{ELEMENT}.client.destroy()"])
def test_who_leaves_for_good_leaves_at_once(watched: Watched, how: str) -> None:
    watched.page.evaluate(how)
    watched.until_told("left")


@pytest.mark.parametrize("how", [MOVE, TAKE_OFF_AND_PUT_BACK])
def test_an_element_that_is_moved_keeps_its_session(watched: Watched, how: str) -> None:
    client = watched.page.evaluate_handle(f"{ELEMENT}.client")
    watched.page.evaluate(f"async () => {{ {how}; await Promise.resolve(); }}")
    assert watched.page.evaluate(f"client => client === {ELEMENT}.client", client)
    assert watched.is_the_same()
    assert (len(watched.tap.sockets), watched.told) == (1, [])


def test_another_name_is_all_that_changes(watched: Watched) -> None:
    watched.page.evaluate(RENAME)
    watched.until(lambda: watched.client.others == {watched.user: "Robert"}, "the new name")
    assert watched.is_the_same()
    assert "left" not in watched.told


def test_another_board_is_a_leave(watched: Watched) -> None:
    watched.page.evaluate(f"{ELEMENT}.setAttribute('endpoint', '/ws/presence/{uuid4()}/')")
    watched.until_told("left")


def test_without_the_grace_a_reload_is_a_leave(
    tap: Tap, environment: dict[str, str], board: str, tmp_path: Path
) -> None:
    site = with_settings(environment, PRESENCE={"RELOAD_GRACE": 0})
    with serve(tmp_path, site) as server, inviting(server, board) as invite:
        watched = Watched(tap, invite("Ada"), server.page(board))
        watched.page.reload()
        watched.until(lambda: len(watched.told) == 2, "a leave and a join")
        left, joined = watched.told
        assert (left, joined[:6]) == ("left", "joined")
