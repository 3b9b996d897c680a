"""Who counts as one person, and how they leave and come back, against a real Daphne."""

import json
import time
from pathlib import Path

from presence.protocol.messages import (
    UserJoined,
    UserLeft,
    Welcome,
)
from tests.support.cookies import guest_cookie, staff_cookie
from tests.support.wire import Clients

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "frames.json").read_text())


async def test_a_broken_socket_is_kept_for_the_grace(clients: Clients) -> None:
    ada, bob = await clients.join("Ada"), await clients.join("Bob")
    await ada.until(lambda: ada.count == 2, "Bob")
    await bob.snap()
    broke = time.monotonic()
    await ada.until(lambda: ada.count == 1, "Bob gone", within=8)
    assert 4.5 < time.monotonic() - broke < 7
    assert ada.last(UserLeft).user == bob.user


async def test_the_same_person_goes_on_within_the_grace(clients: Clients) -> None:
    cookies = guest_cookie(clients.server)
    ada, bob = await clients.join("Ada"), await clients.join("Bob", cookies=cookies)
    await ada.until(lambda: ada.count == 2, "Bob")
    await bob.snap()
    again = await clients.join("Bob", cookies=cookies)
    assert (again.user, again.last(Welcome).color) == (bob.user, bob.last(Welcome).color)
    await ada.settle()
    assert not ada.all(UserLeft)
    assert len(ada.all(UserJoined)) == 1


async def test_tabs_of_one_person_count_once(clients: Clients) -> None:
    cookies = guest_cookie(clients.server)
    tabs = [await clients.join("Ada", cookies=cookies) for _ in range(3)]
    assert [tab.count for tab in tabs] == [1, 1, 1]
    assert len({tab.user for tab in tabs}) == 3
    assert len({tab.last(Welcome).color for tab in tabs}) == 1


async def test_a_signed_in_users_name_is_the_accounts(clients: Clients) -> None:
    ada = await clients.join("Ada")
    staff = await clients.join("Mallory", cookies=staff_cookie(clients.server))
    await ada.until(lambda: ada.count == 2, "the staff member")
    assert ada.last(UserJoined).name == "Ada Admin"
    assert staff.last(Welcome).name_set
