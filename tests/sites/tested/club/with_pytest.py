"""The site's own tests for pytest: those that must pass, and some that must fail."""

import pytest
from django.contrib.auth.models import User

from club.models import Room, Visit
from presence import api
from presence.testing import Removed

pytestmark = pytest.mark.django_db


@pytest.fixture
def room():
    return Room.objects.create(title="Chess")


def test_people_come_and_go(presence, room, client):
    ada = User.objects.create_user("ada", first_name="Ada")
    assert not presence.may_join(ada, room)
    room.members.add(ada)
    assert presence.may_join(ada, room)
    tab = presence.join(room, ada)
    assert api.where(ada) == [api.board_id(room)]
    client.force_login(ada)
    assert ' count="1">1</presence-count>' in client.get(f"/room/{room.pk}/").content.decode()
    assert api.disconnect(ada) == 1
    assert tab.close_code == 4409
    kinds = Visit.objects.order_by("pk").values_list("what", flat=True)
    assert [*kinds] == ["joined", "left", "emptied"]


@pytest.mark.parametrize("time", [1, 2])
def test_each_test_starts_with_nobody(presence, time):
    assert api.census() == {}
    tab = presence.join("lobby", 7)
    api.remove("lobby", tab.key)
    with pytest.raises(Removed):
        presence.join("lobby", 7)


@pytest.mark.django_db(transaction=True)
async def test_async(presence):
    ada = await User.objects.acreate(username="ada")
    room = await Room.objects.acreate(title="Chess")
    assert not await presence.amay_join(ada, room)
    tab = await presence.ajoin(room, ada, name="A.")
    assert [person.name for person in await api.apeople(room)] == ["A."]
    await tab.aleave()
    assert await Visit.objects.acount() == 3


def test_fails_a_wrong_count(presence):
    presence.join("lobby")
    assert api.online("lobby") == 2


def test_fails_a_rule_that_forbids(presence, room):
    assert presence.may_join(None, room)


async def test_fails_a_sync_call_in_an_async_test(presence):
    presence.join("lobby")
